package browser

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/things-go/go-socks5"

	"github.com/corskit/corskit/conformance"
)

// A network is the world as the browsers see it. It is reached through a SOCKS
// proxy, which they ask for host names and ports as they are in URLs: so pages
// and servers have any origin, default ports included, and nothing leaves the
// machine. It is safe for concurrent use.
type network struct {
	// Proxy is the address of the SOCKS proxy.
	Proxy string

	// Certificate is what servers at https show, whatever their name.
	Certificate *x509.Certificate

	tls   *tls.Config
	proxy net.Listener

	mu      sync.Mutex
	servers map[string]*named // by host and port as they are in requests to the proxy
	closers []func() error
}

// newNetwork returns a network without any server.
func newNetwork() (*network, error) {
	certificate, err := selfSigned()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &network{
		Proxy:       l.Addr().String(),
		Certificate: certificate.Leaf,
		tls:         &tls.Config{Certificates: []tls.Certificate{certificate}},
		proxy:       l,
		servers:     map[string]*named{},
	}
	proxy := socks5.NewServer(socks5.WithDial(n.dial), socks5.WithResolver(unresolved{}))
	go proxy.Serve(l)
	return n, nil
}

// Close stops the proxy and the pages.
func (n *network) Close() error {
	n.mu.Lock()
	closers := n.closers // whose listeners give back their names
	n.closers = nil
	n.mu.Unlock()
	errs := []error{n.proxy.Close()}
	for _, close := range closers {
		errs = append(errs, close())
	}
	return errors.Join(errs...)
}

// unresolved leaves names to dial.
type unresolved struct{}

func (unresolved) Resolve(ctx context.Context, name string) (context.Context, net.IP, error) {
	return ctx, nil, nil
}

// dial connects the proxy with a server.
func (n *network) dial(_ context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	to, ok := n.servers[addr]
	n.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("connection to %s refused: no server has that name", addr)
	}
	return net.Dial(to.Addr().Network(), to.Addr().String())
}

// listen returns a listener for connections to an origin. Another one for the same
// host and port loses its connections, as browsers would go on using them, and gets
// no new ones until this one is closed.
func (n *network) listen(origin string) (net.Listener, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	is := &named{Listener: l, network: n, addr: net.JoinHostPort(u.Hostname(), port)}
	n.mu.Lock()
	defer n.mu.Unlock()
	is.before = n.servers[is.addr]
	n.servers[is.addr] = is
	if is.before != nil {
		is.before.hangUp()
	}
	return is, nil
}

// A named listener is what a host and port lead to, until it is closed.
type named struct {
	net.Listener
	network *network
	addr    string
	before  *named // what they led to before; may be nil
	conns   []net.Conn
	once    sync.Once
	err     error
}

func (l *named) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.network.mu.Lock()
		l.conns = append(l.conns, c)
		l.network.mu.Unlock()
	}
	return c, err
}

// hangUp closes the connections. The network is locked.
func (l *named) hangUp() {
	for _, c := range l.conns {
		c.Close()
	}
	l.conns = nil
}

func (l *named) Close() error {
	l.once.Do(func() {
		n := l.network
		n.mu.Lock()
		l.hangUp()
		if l.before != nil {
			n.servers[l.addr] = l.before
		} else {
			delete(n.servers, l.addr)
		}
		n.mu.Unlock()
		l.err = l.Listener.Close()
	})
	return l.err
}

// isTLS reports whether connections to an origin are encrypted.
func isTLS(origin string) bool { return strings.HasPrefix(origin, "https:") }

// serve has an application answer the connections to an origin, and returns what
// passes over the wire. The function stops it.
func (n *network) serve(origin string, app conformance.App) (*wire, func() error, error) {
	l, err := n.listen(origin)
	if err != nil {
		return nil, nil, err
	}
	w := &wire{Listener: l}
	if isTLS(origin) {
		// HTTP/1.1 alone: what is below encryption can be read by all frameworks
		// alike, and be written down.
		w.Listener = tls.NewListener(l, n.tls)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		app.Serve(w)
		w.Close()
	}()
	return w, func() error {
		w.Close()
		err := app.Close()
		select {
		case <-served:
			return err
		case <-time.After(10 * time.Second):
			return errors.Join(err, fmt.Errorf("the server of %s does not stop", origin))
		}
	}, nil
}

// setCookie is the name of a query parameter of pages: see page.
const setCookie = "set-cookie"

// page has an empty page at every path of an origin, until the network is closed. It
// sets the cookies that the query asks for.
func (n *network) page(origin string) error {
	stop, err := n.handle(origin, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header()["Set-Cookie"] = r.URL.Query()[setCookie]
		io.WriteString(w, `<!DOCTYPE html><title>page</title><link rel="icon" href="data:,">`)
	}))
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closers = append(n.closers, stop)
	return nil
}

// handle has a handler answer the requests to an origin, with HTTP/2 where there is
// encryption. The function stops it.
func (n *network) handle(origin string, h http.Handler) (stop func() error, err error) {
	l, err := n.listen(origin)
	if err != nil {
		return nil, err
	}
	// The server logs handshakes that browsers give up, which is their good right.
	server := &http.Server{Handler: h, TLSConfig: n.tls.Clone(), ErrorLog: log.New(io.Discard, "", 0)}
	if isTLS(origin) {
		go server.ServeTLS(l, "", "")
	} else {
		go server.Serve(l)
	}
	return server.Close, nil
}

// selfSigned makes a certificate that is good for nothing but these servers.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "corskit browser tests"},
		DNSNames:     []string{"*.example", "*.example.com", "*.example.org", "*.test", "localhost", "*.localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}
