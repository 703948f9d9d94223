//go:build browser

package browser

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/browser/engine"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// listenTLS has a handler answer the requests to a port of 127.0.0.1, by any name,
// for as long as the test runs.
func listenTLS(t *testing.T, n *network, h http.Handler) (port int) {
	server := httptest.NewUnstartedServer(h)
	server.TLS = n.tls.Clone()
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().(*net.TCPAddr).Port
}

// TestLocalNetworkAccess: whether a page from a public address may reach a server on
// this machine or in the local network is between the browser and its user
// (https://wicg.github.io/local-network-access/). Unlike Private Network Access, which
// it has replaced, it asks the server nothing: without the permission there is no
// request at all, with it CORS is as ever, and no request has the header
// Access-Control-Request-Private-Network. Hence no policy has an option for it.
//
// Of the engines only Chromium has it. It knows addresses of its own connections only,
// so that this one has no proxy.
func TestLocalNetworkAccess(t *testing.T) {
	n := theBench(t, "chromium").network // or skip
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<!DOCTYPE html><title>page</title><link rel="icon" href="data:,">`)
	})
	public, loopback := listenTLS(t, n, page), listenTLS(t, n, page)
	origin := func(name string, port int) string { return fmt.Sprintf("https://lna-%s.example.com:%d", name, port) }
	app, evil, local := origin("app", public), origin("evil", public), origin("app", loopback)

	var mu sync.Mutex
	requests := map[string][]http.Header{} // by URL
	list := cors.Config{AllowOrigins: []string{app, local}, AllowMethods: []string{"PUT"}}
	star := cors.Config{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}}
	text := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isHandshake(r) {
			c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
			if assert.NoError(t, err) {
				defer c.CloseNow()
				c.Read(context.Background())
			}
			return
		}
		io.WriteString(w, "text")
	})
	sites := http.NewServeMux()
	sites.Handle("/list", corshttp.New(cors.MustNew(list))(text))
	sites.Handle("/star", corshttp.New(cors.MustNew(star))(text))
	api := ""
	api = origin("api", listenTLS(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		url := api + r.URL.String()
		requests[url] = append(requests[url], r.Header.Clone())
		mu.Unlock()
		sites.ServeHTTP(w, r)
	})))

	e, err := engine.Start(t.Context(), "chromium", engine.Options{Certificate: n.Certificate, Flags: []string{
		"--host-resolver-rules=MAP *.example.com 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		fmt.Sprintf("--ip-address-space-overrides=127.0.0.1:%d=public", public),
	}})
	require.NoError(t, err)
	defer func() { assert.NoError(t, e.Close()) }()
	tabs := map[string]engine.Tab{}
	for _, o := range []string{app, evil, local} {
		tabs[o], err = e.Open(t.Context(), o+"/")
		require.NoError(t, err)
	}

	const (
		denied           = "LocalNetworkAccessPermissionDenied"
		preflightMissing = "PreflightMissingAllowOriginHeader"
	)
	// A page's permission, and what comes of what its script does: what it gets,
	// "nothing", "opaque", "open" or "text", the browser's code, and the number of
	// requests that the server gets, with CORS-preflight requests.
	tests := []struct {
		name, permission, page string
		path, how              string
		want, code             string
		requests               int
	}{
		{"a public page", "prompt", app, "/list", "GET", "nothing", denied, 0},
		{"a public page", "denied", app, "/list", "GET", "nothing", denied, 0},
		{"a public page", "denied", app, "/list", "PUT", "nothing", denied, 0},
		{"a public page", "denied", app, "/list", "no-cors", "nothing", denied, 0},
		{"a public page", "denied", app, "/list", "WebSocket", "nothing", "", 0},
		{"a public page", "denied", app, "/star", "GET", "nothing", denied, 0},
		{"a public page", "denied", app, "/star", "PUT", "nothing", denied, 0},

		{"a public page", "granted", app, "/list", "GET", "text", "", 1},
		{"a public page", "granted", app, "/list", "PUT", "text", "", 2},
		{"a public page", "granted", app, "/list", "no-cors", "opaque", "", 1},
		{"a public page", "granted", app, "/list", "WebSocket", "open", "", 1},

		// The origin is refused, be the page public or not.
		{"another public page", "denied", evil, "/list", "GET", "nothing", denied, 0},
		{"another public page", "granted", evil, "/list", "GET", "nothing", missing, 1},
		{"another public page", "granted", evil, "/list", "PUT", "nothing", preflightMissing, 1},
		{"another public page", "granted", evil, "/list", "no-cors", "opaque", "", 1},
		{"another public page", "granted", evil, "/star", "GET", "text", "", 1},

		// It is the address of the page that counts: this one has that of the server.
		{"a page of this machine", "denied", local, "/list", "GET", "text", "", 1},
		{"a page of this machine", "denied", local, "/list", "PUT", "text", "", 2},
	}
	for n, tt := range tests {
		t.Run(fmt.Sprintf("%s/%s/%s%s", tt.name, tt.permission, tt.how, tt.path), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			require.NoError(t, e.(engine.Permitter).SetPermission(ctx, "loopback-network", tt.permission, tt.page))
			asked := fmt.Sprintf("%s%s?n=%d", api, tt.path, n)
			url := asked
			if tt.how == "WebSocket" {
				url = "wss" + strings.TrimPrefix(asked, "https")
			}
			var got string
			require.NoError(t, tabs[tt.page].Run(ctx, fmt.Sprintf("const url = %q, how = %q\n%s", url, tt.how, reachScript), &got))
			assert.Equal(t, tt.want, got, "what the script gets")
			if tt.want == "nothing" {
				complaint, _ := tabs[tt.page].Complaint(ctx, url)
				assert.Equal(t, tt.code, complaint.Code, "the browser's code")
				if tt.how == "WebSocket" {
					assert.Contains(t, complaint.Text, "ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS")
				}
			}
			mu.Lock()
			defer mu.Unlock()
			assert.Len(t, requests[asked], tt.requests, "requests that the server gets")
			for _, header := range requests[asked] {
				for name := range header {
					assert.NotContains(t, name, "Network", "a header that asks the server")
				}
			}
		})
	}
}

// reachScript makes one request to a URL.
const reachScript = `
	if (how === 'WebSocket') {
		return new Promise((done) => {
			const socket = new WebSocket(url)
			socket.onopen = () => { done('open'); socket.close() }
			socket.onerror = () => done('nothing')
		})
	}
	const init = how === 'no-cors' ? { mode: how } : { method: how }
	return fetch(url, init).then(async (r) => await r.text() || r.type, () => 'nothing')`
