//go:build browser

package browser

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// socketScript defines events, which opens a WebSocket and tells what a script sees:
// "open", where it is not to send anything, or all events until it is closed.
const socketScript = `
function events({ url, say }) {
  return new Promise((resolve) => {
    const seen = []
    const socket = new WebSocket(url)
    socket.onopen = () => {
      seen.push('open')
      if (say) return socket.send(say)
      resolve(seen) // nobody is there to close it properly
      socket.close()
    }
    socket.onmessage = ({ data }) => { seen.push('message ' + data); socket.close(1000) }
    socket.onerror = () => seen.push('error')
    socket.onclose = ({ code }) => { seen.push('close ' + code); resolve(seen) }
  })
}
`

// connect has a page of an origin open a WebSocket, and send something unless that
// is "", and returns the events that its script sees.
func connect(t *testing.T, b *bench, origin, url, say string) []string {
	return run[[]string](t, b, origin, fmt.Sprintf("%s\n%s\nreturn callIn(%t, events, {url: %q, say: %q})", script, socketScript, origin == "null", url, say))
}

// isHandshake reports whether a request opens a WebSocket:
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func isHandshake(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// TestWebSockets: WebSockets ignore CORS. The handshake has the origin and the
// user's cookies, and what comes back is checked for the protocol's own headers only
// (https://websockets.spec.whatwg.org/#concept-websocket-establish), so that it is
// the server which has to refuse origins:
// https://www.rfc-editor.org/rfc/rfc6455#section-10.2
func TestWebSockets(t *testing.T) {
	const (
		app, evil = "https://socket-app.example.com", "https://socket-evil.example.com"
		api       = "https://socket-api.example.com"
	)
	allow := cors.Config{AllowOrigins: []string{app}, AllowCredentials: true}
	reject := allow
	reject.RejectDisallowed = true
	var (
		opened  = []string{"open", "message hello", "close 1000"}
		refused = []string{"error", "close 1006"}
	)
	tests := []struct {
		name    string
		config  cors.Config
		check   bool // the handler asks corshttp.CheckOrigin
		origin  string
		want    []string
		handler bool // gets the handshake
		allowed string
	}{
		{"an allowed origin", allow, false, app, opened, true, app},
		{"a refused origin opens it all the same", allow, false, evil, opened, true, ""},
		{"an allowed origin, RejectDisallowed", reject, false, app, opened, true, app},
		{"a refused origin, RejectDisallowed", reject, false, evil, refused, false, ""},
		{"an allowed origin, CheckOrigin", allow, true, app, opened, true, app},
		{"a refused origin, CheckOrigin", allow, true, evil, refused, true, ""},
		{"the server's own page, RejectDisallowed", reject, false, api, opened, true, ""},
		{"the server's own page, CheckOrigin", allow, true, api, opened, true, ""},
	}
	inEach(t, func(t *testing.T, b *bench) {
		// Of the same site as the pages, so that no engine keeps the cookie back.
		forget, err := b.setCookies(t.Context(), fetch.Request{URL: api + "/", Cookie: "session=alice"})
		require.NoError(t, err)
		defer forget()
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				policy := cors.MustNew(tt.config)
				check := func(*http.Request) bool { return true }
				if tt.check {
					check = corshttp.CheckOrigin(policy)
				}
				var handled atomic.Int32
				echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					handled.Add(1)
					if !check(r) {
						w.WriteHeader(http.StatusForbidden)
						return
					}
					// The package would check the origin by itself.
					c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
					if !assert.NoError(t, err, "the handshake") {
						return
					}
					defer c.CloseNow()
					for {
						kind, message, err := c.Read(r.Context())
						if err != nil || c.Write(r.Context(), kind, message) != nil {
							return
						}
					}
				})
				w, stop, err := b.network.serve(api, conformance.HTTP(corshttp.New(policy)(echo)))
				require.NoError(t, err)
				b.last++
				url := fmt.Sprintf("wss%s/echo?n=%d", strings.TrimPrefix(api, "https"), b.last)
				got := connect(t, b, tt.origin, url, "hello")
				exchanges, err := w.exchanges()
				require.NoError(t, err)
				require.NoError(t, stop())

				assert.Equal(t, tt.want, got, "the events that the script sees")
				exchanges = slices.DeleteFunc(exchanges, func(x exchange) bool { return !isHandshake(x.Request) })
				require.Len(t, exchanges, 1, "handshakes that reach the server, of which no CORS-preflight request is one")
				x := exchanges[0]
				assert.Equal(t, "GET", x.Request.Method)
				assert.Equal(t, []string{tt.origin}, x.Request.Header["Origin"], "the handshake's origin")
				assert.Equal(t, "session=alice", x.Request.Header.Get("Cookie"), "the handshake's cookies, whatever the origin")
				status := http.StatusSwitchingProtocols
				if tt.want[0] == "error" {
					status = http.StatusForbidden
				}
				assert.Equal(t, status, x.Response.StatusCode)
				assert.Equal(t, tt.allowed, x.Response.Header.Get("Access-Control-Allow-Origin"), "the origin that is granted, which no browser looks at here")
				assert.Equal(t, tt.handler, handled.Load() == 1, "whether the handler gets the handshake")
				if b.hasCodes() && status == http.StatusForbidden {
					complaint, _ := b.tabs[tt.origin].Complaint(t.Context(), url)
					assert.Empty(t, complaint.Code, "no CORS check has failed")
					assert.Contains(t, complaint.Text, "Unexpected response code: 403")
				}
			})
		}
	})
}

// TestWebSocketsOfTable makes the handshakes of the table's cases: with one adapter
// in every engine, and with all in Chromium.
func TestWebSocketsOfTable(t *testing.T) {
	var cases []conformance.Case
	var names []string
	for _, c := range conformance.Cases() {
		if isHandshake(c.Request.HTTP()) {
			cases = append(cases, c)
			names = append(names, c.Name)
		}
	}
	require.Subset(t, names, []string{"actual/websocket", "actual/websocket-not-allowed", "reject/websocket", "reject/websocket-allowed"})
	inEach(t, func(t *testing.T, b *bench) {
		for _, a := range adapters.All {
			if !b.hasCodes() && a.Name != "nethttp" {
				continue
			}
			t.Run(a.Name, func(t *testing.T) {
				for _, c := range cases {
					t.Run(c.Name, func(t *testing.T) { tryHandshake(t, b, a, c) })
				}
			})
		}
	})
}

func tryHandshake(t *testing.T, b *bench, a conformance.Adapter, c conformance.Case) {
	site, err := c.Site()
	require.NoError(t, err)
	want := c.Request.HTTP()
	origin := want.Header.Get("Origin")
	require.True(t, isPageOrigin(origin), "no page has the origin %q", origin)
	_, err = b.tab(t.Context(), origin) // before its server's place may be taken
	require.NoError(t, err)
	scheme := "https://"
	if strings.HasPrefix(origin, "http:") {
		scheme = "http://"
	}
	w, stop, err := b.network.serve(scheme+want.Host, a.Mount(site))
	require.NoError(t, err)
	r := b.number(fetch.Request{URL: scheme + want.Host + c.Request.Path})
	got := connect(t, b, origin, "ws"+strings.TrimPrefix(r.URL, "http"), "")
	exchanges, err := w.exchanges()
	require.NoError(t, err)
	require.NoError(t, stop())

	events := []string{"error", "close 1006"}
	if slices.Equal(c.Response.Status, []int{http.StatusSwitchingProtocols}) {
		events = []string{"open"}
	}
	assert.Equal(t, events, got, "the events that the script sees")
	// The browser makes these up: the key anew each time, and Firefox adds keep-alive.
	c.Request.Headers = slices.DeleteFunc(slices.Clone(c.Request.Headers), func(f conformance.Field) bool {
		return f.Name == "Sec-WebSocket-Key" || f.Name == "Connection"
	})
	for _, problem := range judge(c, observation{Exchanges: exchanges}) {
		t.Errorf("%s\n  clause  %s (rule %d)", problem, c.Clause, c.Rule)
	}
}
