package live

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// A Target is the endpoint of a server that is asked.
type Target struct {
	// URL is the endpoint's, absolute, of the scheme http or https.
	URL string

	// Method is the method that the endpoint serves. "" stands for GET. It is the
	// only one that actual requests to the endpoint are sent with, so that nothing
	// happens on the server that the caller has not named. A path that does not
	// exist is asked for with GET, and OPTIONS may be sent to both.
	Method string

	// Header is added to every request, under canonical names. CORS-preflight
	// requests get those of its fields alone that a browser or a proxy sends with
	// them too: Host, User-Agent, Forwarded and X-Forwarded-*. With the others,
	// such as Authorization, a server would pass that no page can use.
	Header http.Header

	// Insecure accepts any certificate.
	Insecure bool

	// Timeout is the time that one request may take. 0 stands for 10 seconds.
	Timeout time.Duration
}

// An UnreachableError says that a target gave no response at all.
type UnreachableError struct {
	URL string // the target's
	Err error  // what happened instead
}

// Error says so on one line.
func (e *UnreachableError) Error() string {
	fix := "start the server, or name another URL"
	if errors.As(e.Err, new(*tls.CertificateVerificationError)) {
		fix = "name a host that its certificate is for, or accept any certificate with -insecure"
	}
	return fmt.Sprintf("%s cannot be reached: %s: %s", e.URL, e.Err, fix)
}

// Unwrap returns Err.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Limits on what is read of a response.
const (
	maxHeaderBytes = 256 << 10
	maxBodyBytes   = 64 << 10 // longer bodies are not read
)

// A client sends requests to a target.
type client struct {
	target    Target
	url       *url.URL
	transport *http.Transport
}

// open checks a target and returns a client of it.
func (t Target) open() (*client, error) {
	u, err := url.Parse(t.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, fmt.Errorf("%q is not the URL of an endpoint: write one such as https://api.example.com/items", withoutUser(t.URL))
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.Fragment, u.RawFragment = "", ""
	if t.Method == "" {
		t.Method = http.MethodGet
	}
	if !isToken(t.Method) {
		return nil, fmt.Errorf("%q is not a method: write a token such as PUT", t.Method)
	}
	switch strings.ToUpper(t.Method) {
	case http.MethodConnect, http.MethodTrace, "TRACK":
		return nil, fmt.Errorf("%s is a method that no page can use: name another", t.Method)
	}
	for name, values := range t.Header {
		switch {
		case !isToken(name) || strings.ContainsAny(strings.Join(values, ""), "\x00\r\n"):
			return nil, fmt.Errorf("%q is not a header: write a name and a value such as Authorization: Bearer abc", name)
		case name == "Origin" || strings.HasPrefix(name, "Access-Control-"):
			return nil, fmt.Errorf("the header %s is set by each case: leave it out", name)
		}
	}
	if t.Timeout == 0 {
		t.Timeout = 10 * time.Second
	}
	return &client{target: t, url: u, transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: t.Insecure},
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    64,
	}}, nil
}

// withoutUser replaces what may be a password in what should be a URL.
func withoutUser(url string) string {
	end := strings.LastIndexByte(url, '@')
	if end < 0 {
		return url
	}
	start := 0
	if i := strings.Index(url[:end], "//"); i >= 0 {
		start = i + len("//")
	}
	return url[:start] + "…" + url[end:]
}

// checkOrigin reports what no request can have for an Origin.
func checkOrigin(origin string) error {
	if origin == "" || strings.ContainsFunc(origin, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%q is not an origin: write one such as https://app.example.com", origin)
	}
	return nil
}

// origin returns the serialized origin of the endpoint.
func (c *client) origin() string {
	defaultPort := map[string]string{"http": ":80", "https": ":443"}[c.url.Scheme]
	return c.url.Scheme + "://" + strings.TrimSuffix(strings.ToLower(c.url.Host), defaultPort)
}

// missing returns the URL of a path at the endpoint, or below it, that hardly any
// server has.
func (c *client) missing() string {
	u := *c.url
	u.Path, u.RawPath, u.RawQuery = path.Join(u.Path, "corskit-no-such-path"), "", ""
	return u.String()
}

// dress adds the target's header to r.
func (c *client) dress(r *http.Request) {
	preflight := isPreflight(r)
	for name, values := range c.target.Header {
		switch {
		case preflight && !isOfPreflights(name):
		case name == "Host":
			if r.Host == r.URL.Host && len(values) > 0 {
				r.Host = values[0]
			}
		case r.Header[name] == nil, name == "Cookie" && r.Header.Get(name) == ownCookie:
			r.Header[name] = values
		}
	}
}

// isOfPreflights reports whether browsers, or proxies in front of a server, add
// a header of that name to CORS-preflight requests.
func isOfPreflights(name string) bool {
	switch name {
	case "Host", "User-Agent", "Forwarded":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

// send sends r, dressed, and returns what came back, without its body. Redirects
// are not followed.
func (c *client) send(ctx context.Context, r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.target.Timeout)
	defer cancel()
	c.dress(r)
	response, err := c.transport.RoundTrip(r.WithContext(ctx))
	switch {
	case err != nil && ctx.Err() == context.DeadlineExceeded:
		return nil, fmt.Errorf("there was none within %s", c.target.Timeout)
	case err != nil:
		return nil, plain(err)
	}
	if 0 < response.ContentLength && response.ContentLength <= maxBodyBytes {
		io.Copy(io.Discard, response.Body) // so that the connection can be used again
	}
	response.Body.Close()
	response.Body = http.NoBody
	return response, nil
}

// plain returns the innermost of what the packages of the standard library wrap
// around the cause that a connection failed.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the server closed the connection")
	}
	return err
}

// isPreflight reports whether r is a CORS-preflight request, or so much like one
// that servers may take it for one.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && len(r.Header["Access-Control-Request-Method"]) > 0
}

// isToken reports whether s is a token, as methods and header names are:
// https://www.rfc-editor.org/rfc/rfc9110#name-tokens
func isToken(s string) bool {
	const bytes = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return s != "" && strings.Trim(s, bytes) == ""
}

// A message is a request as any client can send it, well-formed or not.
type message struct {
	method string // "" is the target's
	url    string // "" is the target's
	host   string // "" is the URL's

	// Field lines.
	origin, requestMethod, requestHeaders []string

	more http.Header
}

// preflight makes m the CORS-preflight request of its method.
func (m message) preflight(method string) message {
	m.method, m.requestMethod = http.MethodOptions, []string{method}
	return m
}

// request returns m as it is sent, but for the target's header.
func (c *client) request(m message) *http.Request {
	u := c.url.String()
	if m.url != "" {
		u = m.url
	}
	method := m.method
	if method == "" {
		method = c.target.Method
	}
	r, err := http.NewRequest(method, u, nil)
	if err != nil {
		panic("live: " + err.Error()) // open has checked both
	}
	if m.host != "" {
		r.Host = m.host
	}
	for name, lines := range map[string][]string{
		"Origin":                         m.origin,
		"Access-Control-Request-Method":  m.requestMethod,
		"Access-Control-Request-Headers": m.requestHeaders,
	} {
		if len(lines) > 0 {
			r.Header[name] = lines
		}
	}
	for name, lines := range m.more {
		r.Header[name] = lines
	}
	return r
}
