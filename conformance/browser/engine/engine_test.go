//go:build browser

package engine_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/things-go/go-socks5"

	"github.com/corskit/corskit/conformance/browser/engine"
)

// each runs a test with every engine that the environment variable BROWSERS
// lists, separated by commas, or with all.
func each(t *testing.T, test func(t *testing.T, name string)) {
	wanted := strings.Split(os.Getenv("BROWSERS"), ",")
	if slices.Contains(wanted, "all") {
		wanted = engine.Names()
	}
	for _, name := range wanted {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, engine.Find(name), "of BROWSERS")
			test(t, name)
		})
	}
}

// A network is the network that the browsers see.
type network struct {
	proxy       string
	secure      string // the address behind port 443
	certificate *x509.Certificate

	mu     sync.Mutex
	dialed map[string]bool // by the addresses that the browser has given
}

// addresses returns what has been dialed.
func (n *network) addresses() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Keys(n.dialed))
}

func newNetwork(t *testing.T) *network {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"app.example.com", "api.example.com", "*.example.org"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	n := &network{dialed: map[string]bool{}}
	n.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)

	plain, secure := listen(t), listen(t)
	// Of two listeners that share a server, one may miss HTTP/2.
	for l, serve := range map[net.Listener]func(*http.Server, net.Listener) error{
		plain:  (*http.Server).Serve,
		secure: func(s *http.Server, l net.Listener) error { return s.ServeTLS(l, "", "") },
	} {
		server := &http.Server{
			Handler:   http.HandlerFunc(answer),
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		}
		t.Cleanup(func() { server.Close() })
		go serve(server, l)
	}

	proxy := listen(t)
	n.secure = secure.Addr().String()
	n.proxy = proxy.Addr().String()
	go socks5.NewServer(socks5.WithResolver(nobody{}), socks5.WithDial(func(ctx context.Context, _, address string) (net.Conn, error) {
		n.mu.Lock()
		n.dialed[address] = true
		n.mu.Unlock()
		if strings.HasPrefix(address, "down.") {
			return nil, errors.New("refused")
		}
		to := plain
		if _, port, _ := net.SplitHostPort(address); port == "443" {
			to = secure
		}
		return new(net.Dialer).DialContext(ctx, "tcp", to.Addr().String())
	})).Serve(proxy)
	return n
}

func listen(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// nobody resolves no names, so that they are dialed.
type nobody struct{}

func (nobody) Resolve(ctx context.Context, name string) (context.Context, net.IP, error) {
	return ctx, nil, nil
}

func answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<!doctype html><title>page</title>")
	case "/allowed":
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		json.NewEncoder(w).Encode(r.Header.Get("Cookie"))
	case "/cookie":
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Set-Cookie", "third=party; SameSite=None; Secure; Path=/")
	case "/redirect":
		w.Header().Set("Access-Control-Allow-Origin", "*")
		http.Redirect(w, r, "/refused?redirected", http.StatusFound)
	case "/methods":
		w.Header().Set("Access-Control-Allow-Origin", "*")
	case "/refused":
		io.WriteString(w, "not to be read")
	default:
		http.NotFound(w, r)
	}
}

func TestEngine(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		n := newNetwork(t)
		e, err := engine.Start(t.Context(), name, engine.Options{Proxy: n.proxy, Certificate: n.certificate})
		require.NoError(t, err)
		defer func() { assert.NoError(t, e.Close()) }()
		assert.Equal(t, name, e.Name())
		assert.Regexp(t, `^\d+(\.\d+)+`, e.Version())

		t.Run("pages", func(t *testing.T) { testPages(t, e, n) })
		t.Run("run", func(t *testing.T) { testRun(t, e) })
		t.Run("complaint", func(t *testing.T) { testComplaint(t, e) })
		t.Run("cookies", func(t *testing.T) { testCookies(t, e) })
		t.Run("permissions", func(t *testing.T) { testPermissions(t, e) })
		t.Run("tabs", func(t *testing.T) { testTabs(t, e) })
		t.Run("many", func(t *testing.T) { testMany(t, e) })
		for _, address := range n.addresses() {
			host, _, _ := net.SplitHostPort(address)
			assert.Contains(t, []string{
				"app.example.com", "api.example.com", "down.example.com", "api.example.org", "www.example.org",
				"localhost", "::1", "127.0.0.1",
			}, host, "the browser phones home")
		}
	})
}

func open(t *testing.T, e engine.Engine, url string) engine.Tab {
	tab, err := e.Open(t.Context(), url)
	require.NoError(t, err)
	return tab
}

// evaluate returns what the script returns.
func evaluate[T any](t *testing.T, tab engine.Tab, script string, arguments ...any) (result T) {
	require.NoError(t, tab.Run(t.Context(), fmt.Sprintf(script, arguments...), &result))
	return result
}

func testPages(t *testing.T, e engine.Engine, n *network) {
	for origin, address := range map[string]string{
		"https://app.example.com": "app.example.com:443",
		"http://app.example.com":  "app.example.com:80",
		"http://localhost:3000":   "localhost:3000",
		"http://[::1]:8080":       "[::1]:8080",
		"http://127.0.0.1:5173":   "127.0.0.1:5173",
	} {
		tab := open(t, e, origin+"/")
		assert.Equal(t, origin, evaluate[string](t, tab, `return location.origin`))
		assert.Equal(t, "page", evaluate[string](t, tab, `return document.title`))
		assert.Contains(t, n.addresses(), address)
		assert.NoError(t, tab.Close())
		assert.NoError(t, tab.Close(), "twice")
	}
	for _, url := range []string{"https://app.example.com:1/", "https://down.example.com/", "nothing"} {
		_, err := e.Open(t.Context(), url)
		assert.ErrorContains(t, err, "open "+url+": ")
	}
}

func testRun(t *testing.T, e engine.Engine) {
	tab := open(t, e, "https://app.example.com/")
	ctx := t.Context()

	type answer struct {
		Text string
		List []int
	}
	assert.Equal(t, answer{"ü\n\u2028", []int{1, 2}}, evaluate[answer](t, tab, `return {text: "ü\n\u2028", list: [1, 2]}`))
	assert.Equal(t, 3, evaluate[int](t, tab, `return await new Promise(f => setTimeout(f, 10, 3)) // comment`))
	assert.Nil(t, evaluate[*int](t, tab, `return null`))
	assert.NoError(t, tab.Run(ctx, `window.kept = 7`, nil))
	assert.Equal(t, 7, evaluate[int](t, tab, `return kept`))

	assert.ErrorContains(t, tab.Run(ctx, `throw new TypeError("no")`, nil), "TypeError: no")
	assert.ErrorContains(t, tab.Run(ctx, `await Promise.reject("why")`, nil), "why")
	assert.ErrorContains(t, tab.Run(ctx, `return undefined.x`, nil), "TypeError")
	assert.Error(t, tab.Run(ctx, `a b`, nil), "a syntax error")
	assert.Error(t, tab.Run(ctx, `const a = []; a[0] = a; return a`, nil), "no JSON")
	var number int
	assert.ErrorContains(t, tab.Run(ctx, `return "one"`, &number), "does not fit")
	assert.ErrorContains(t, tab.Run(ctx, `1`, &number), "undefined")

	ctx, cancel := context.WithCancel(ctx)
	cancel()
	assert.ErrorIs(t, tab.Run(ctx, `return 1`, nil), context.Canceled)
	assert.Equal(t, 1, evaluate[int](t, tab, `return 1`), "it still works")
}

func testComplaint(t *testing.T, e engine.Engine) {
	const prefix = "Access to fetch at '%s' from origin 'https://app.example.com' has been blocked by CORS policy: "
	tab := open(t, e, "https://app.example.com/")
	ctx := t.Context()
	for _, c := range []struct {
		url, init       string
		code, parameter string
		chromium        string
		firefox         string
	}{
		{
			"https://api.example.com/refused", `{}`, "MissingAllowOriginHeader", "",
			prefix + "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
			"CORS header ‘Access-Control-Allow-Origin’ missing",
		},
		{
			"https://api.example.com/methods?a=1&b=%20", `{method: "PUT"}`, "MethodDisallowedByPreflightResponse", "PUT",
			prefix + "Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.",
			"Did not find method in CORS header ‘Access-Control-Allow-Methods’",
		},
		{
			"https://api.example.com/none", `{method: "PUT"}`, "PreflightMissingAllowOriginHeader", "",
			prefix + "Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
			"CORS header ‘Access-Control-Allow-Origin’ missing",
		},
		{
			"https://api.example.com:1/", `{}`, "", "",
			"Failed to load resource: net::ERR_UNSAFE_PORT",
			"",
		},
	} {
		err := tab.Run(ctx, fmt.Sprintf(`await fetch(%q, %s)`, c.url, c.init), nil)
		assert.ErrorContains(t, err, "TypeError", c.url)
		got, ok := tab.Complaint(ctx, c.url)
		switch e.Name() {
		case "chromium":
			text := c.chromium
			if strings.Contains(text, "%s") {
				text = fmt.Sprintf(text, c.url)
			}
			assert.True(t, ok, c.url)
			assert.Equal(t, engine.Complaint{Code: c.code, Parameter: c.parameter, Text: text}, got)
		case "firefox":
			if c.firefox != "" {
				assert.True(t, ok, c.url)
				assert.Contains(t, got.Text, c.firefox)
				assert.Contains(t, got.Text, c.url)
			}
			assert.Empty(t, got.Code)
		default:
			assert.False(t, ok)
		}
	}
	assert.Error(t, tab.Run(ctx, `await fetch("https://api.example.com/redirect")`, nil))
	if e.Name() == "chromium" {
		for _, url := range []string{"https://api.example.com/redirect", "https://api.example.com/refused?redirected"} {
			got, ok := tab.Complaint(ctx, url)
			assert.True(t, ok)
			assert.Equal(t, "MissingAllowOriginHeader", got.Code)
			assert.Contains(t, got.Text, "Access to fetch at 'https://api.example.com/refused?redirected' (redirected from 'https://api.example.com/redirect')")
		}
	}
	evaluate[string](t, tab, `return await (await fetch("https://api.example.com/allowed")).json()`)
	for _, url := range []string{"https://api.example.com/allowed", "https://api.example.com/", "https://api.example.com/refus"} {
		got, ok := tab.Complaint(ctx, url)
		assert.False(t, ok, "%s: %v", url, got)
	}
}

func testCookies(t *testing.T, e engine.Engine) {
	tab := open(t, e, "https://app.example.com/")
	got := evaluate[string](t, tab, `
		await fetch("https://api.example.org/cookie", {credentials: "include"});
		return await (await fetch("https://api.example.org/allowed", {credentials: "include"})).json()`)
	assert.Equal(t, "third=party", got)
}

func testPermissions(t *testing.T, e engine.Engine) {
	p, ok := e.(engine.Permitter)
	assert.Equal(t, e.Name() == "chromium", ok)
	if !ok {
		return
	}
	tab := open(t, e, "https://app.example.com/")
	for _, setting := range []string{"granted", "denied", "prompt"} {
		require.NoError(t, p.SetPermission(t.Context(), "loopback-network", setting, "https://app.example.com"))
		assert.Equal(t, setting, evaluate[string](t, tab, `return (await navigator.permissions.query({name: "loopback-network"})).state`))
	}
	assert.ErrorContains(t, p.SetPermission(t.Context(), "no-such", "granted", ""), "no-such")
}

func testTabs(t *testing.T, e engine.Engine) {
	origins := []string{"https://app.example.com", "http://localhost:3000", "https://www.example.org"}
	var tabs []engine.Tab
	for _, origin := range origins {
		tabs = append(tabs, open(t, e, origin+"/"))
	}
	var wg sync.WaitGroup
	for i, tab := range tabs {
		wg.Go(func() {
			for range 10 {
				var got []string
				err := tab.Run(t.Context(), `return [location.origin, (await fetch("https://api.example.com/allowed")).headers.get("x") ?? ""]`, &got)
				assert.NoError(t, err, origins[i])
				assert.Equal(t, []string{origins[i], ""}, got)
			}
		})
	}
	wg.Wait()
	assert.NoError(t, tabs[0].Close())
	assert.Equal(t, origins[1], evaluate[string](t, tabs[1], `return location.origin`), "the others stay")
	assert.Error(t, tabs[0].Run(t.Context(), `return 1`, nil))
}

func testMany(t *testing.T, e engine.Engine) {
	tab := open(t, e, "https://app.example.com/")
	start := time.Now()
	const most = 100
	for i := range most {
		url := fmt.Sprintf("https://api.example.com/allowed?%d", i)
		require.Equal(t, 200, evaluate[int](t, tab, `return (await fetch(%q)).status`, url), url)
	}
	t.Logf("%v per fetch", time.Since(start)/most)
	start = time.Now()
	for i := range most {
		url := fmt.Sprintf("https://api.example.com/refused?%d", i)
		require.ErrorContains(t, tab.Run(t.Context(), fmt.Sprintf(`await fetch(%q)`, url), nil), "TypeError", url)
		if e.Name() != "webkit" {
			got, ok := tab.Complaint(t.Context(), url)
			require.True(t, ok, url)
			require.Contains(t, got.Text, "Access-Control-Allow-Origin")
		}
	}
	t.Logf("%v per refused fetch", time.Since(start)/most)
}

func TestFlags(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		if name != "chromium" {
			_, err := engine.Start(t.Context(), name, engine.Options{Flags: []string{"--flag"}})
			assert.ErrorContains(t, err, "takes no flags")
			return
		}
		n := newNetwork(t)
		e, err := engine.Start(t.Context(), name, engine.Options{Certificate: n.certificate, Flags: []string{
			"--host-resolver-rules=MAP *:443 " + n.secure + ", MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
			"--disable-features=LocalNetworkAccessChecks",
		}})
		require.NoError(t, err)
		defer func() { assert.NoError(t, e.Close()) }()
		tab := open(t, e, "https://app.example.com/")
		assert.Equal(t, 200, evaluate[int](t, tab, `return (await fetch("https://api.example.com/allowed")).status`))
		assert.Empty(t, n.addresses(), "no proxy")
	})
}

func TestClose(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		n := newNetwork(t)
		t.Setenv("TMPDIR", temporary(t))
		start := time.Now()
		e, err := engine.Start(t.Context(), name, engine.Options{Proxy: n.proxy, Certificate: n.certificate})
		require.NoError(t, err)
		t.Logf("%v to start", time.Since(start))
		open(t, e, "https://app.example.com/")
		assert.NotEmpty(t, processesNaming(t, os.TempDir()))
		start = time.Now()
		require.NoError(t, e.Close())
		t.Logf("%v to close", time.Since(start))
		assertNothingLeft(t)
		assert.NoError(t, e.Close(), "twice")
		_, err = e.Open(t.Context(), "https://app.example.com/")
		assert.Error(t, err)
	})
}

func TestStartInVain(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		t.Setenv("TMPDIR", temporary(t))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := engine.Start(ctx, name, engine.Options{})
		require.ErrorContains(t, err, "start "+name)
		require.ErrorIs(t, err, context.Canceled)
		assertNothingLeft(t)
		if name != "chromium" {
			return
		}
		long := filepath.Join(os.TempDir(), strings.Repeat("long", 20))
		require.NoError(t, os.Mkdir(long, 0o700))
		t.Setenv("TMPDIR", long)
		_, err = engine.Start(t.Context(), name, engine.Options{})
		require.ErrorContains(t, err, "start chromium: chrome failed to start; ")
		assert.Contains(t, err.Error(), "Socket path too long", "what it printed")
		assert.NotContains(t, err.Error(), "\n")
		assertNothingLeft(t)
	})
}

// assertNothingLeft asserts that an engine has left neither files nor processes.
func assertNothingLeft(t *testing.T) {
	assert.Empty(t, processesNaming(t, os.TempDir()))
	left, err := os.ReadDir(os.TempDir())
	assert.NoError(t, err)
	assert.Empty(t, left)
}

// processesNaming returns the command lines of the processes that name dir there
// or in their environment, but not those of this process and of the dead.
func processesNaming(t *testing.T, dir string) (lines []string) {
	files, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, f := range files {
		if filepath.Base(f) == fmt.Sprint(os.Getpid()) {
			continue
		}
		line, _ := os.ReadFile(f + "/cmdline")
		environ, _ := os.ReadFile(f + "/environ")
		if strings.Contains(string(line)+string(environ), dir) {
			lines = append(lines, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
}

func TestUnknownEngine(t *testing.T) {
	assert.ErrorContains(t, engine.Find("netscape"), `no engine "netscape", only chromium, `)
	_, err := engine.Start(t.Context(), "netscape", engine.Options{})
	assert.ErrorContains(t, err, `no engine "netscape"`)
}

// temporary returns a new directory whose path is short enough for the sockets
// that browsers make in it.
func temporary(t *testing.T) string {
	dir, err := os.MkdirTemp("", "")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}
