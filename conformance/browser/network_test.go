package browser

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
)

// through returns a client that goes through the network's proxy, as browsers do.
func through(t *testing.T, n *network) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(n.Certificate)
	transport := &http.Transport{
		Proxy:           http.ProxyURL(mustParse(t, "socks5h://"+n.Proxy)),
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func newTestNetwork(t *testing.T) *network {
	t.Helper()
	n, err := newNetwork()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })
	return n
}

func TestNetworkLeadsOriginsToServers(t *testing.T) {
	n := newTestNetwork(t)
	client := through(t, n)
	get := func(url string) string {
		r, err := client.Get(url)
		if err != nil {
			return err.Error()
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		return string(body)
	}
	answer := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text+" "+r.Host) })
	}
	require.NoError(t, n.page("https://app.example.com"))
	assert.Contains(t, get("https://app.example.com/any"), "<title>page</title>")
	assert.Contains(t, get("https://app.example.com:8443/"), "connection refused", "the port is another")
	assert.Contains(t, get("https://nowhere.example/"), "connection refused", "nothing leaves the machine")

	stop, err := n.handle("http://localhost:3000", answer("plain"))
	require.NoError(t, err)
	assert.Equal(t, "plain localhost:3000", get("http://localhost:3000/"))
	require.NoError(t, stop())
	assert.Contains(t, get("http://localhost:3000/"), "connection refused", "its server has stopped")

	app := conformance.HTTP(answer("app"))
	_, stop, err = n.serve("https://app.example.com", app)
	require.NoError(t, err)
	assert.Equal(t, "app app.example.com", get("https://app.example.com/"), "a server takes the place of a page")
	require.NoError(t, stop())
	assert.Contains(t, get("https://app.example.com/"), "<title>page</title>", "and gives it back")
}

func TestWireKeepsExchangesInTheirOrder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{Listener: l}
	app := conformance.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Path", r.URL.Path)
		io.Copy(w, r.Body)
	}))
	go app.Serve(w)
	defer app.Close()

	conns := map[string]net.Conn{}
	for _, step := range []struct{ conn, request string }{
		{"one", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"two", "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"},
		{"one", "HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"two", "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n"},
	} {
		c := conns[step.conn]
		if c == nil {
			c, err = net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			defer c.Close()
			conns[step.conn] = c
		}
		io.WriteString(c, step.request)
		method, _, _ := bufio.ScanWords([]byte(step.request), true)
		r, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: step.request[:method-1]})
		require.NoError(t, err)
		io.Copy(io.Discard, r.Body)
	}
	all, err := w.exchanges()
	require.NoError(t, err)
	var paths []string
	for _, x := range all {
		paths = append(paths, x.Request.URL.Path+" "+x.Response.Header.Get("X-Path"))
	}
	assert.Equal(t, []string{"/1 /1", "/2 /2", "/3 /3", "/4 /4"}, paths)
	body, err := io.ReadAll(all[1].Response.Body)
	require.NoError(t, err)
	assert.Equal(t, "body", string(body))

	partly := &tapped{wire: w}
	partly.in.WriteString("GET /5 HTTP/1.1\r\nHo")
	w.conns = append(w.conns, partly)
	all, err = w.exchanges()
	require.NoError(t, err)
	assert.Len(t, all, 4, "requests that have come to their end")
}
