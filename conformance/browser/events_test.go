//go:build browser

package browser

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// TestEventSource: an EventSource makes requests of the mode "cors", with credentials
// if it is told so, and is closed for good when one is blocked:
// https://html.spec.whatwg.org/#the-eventsource-interface. It sets Last-Event-ID by
// itself when it connects again, and not as a script would, so that no CORS-preflight
// request comes before and no policy has to list the header.
func TestEventSource(t *testing.T) {
	const (
		app, refused = "https://events-app.example.com", "https://events-evil.example.com"
		received     = "one two, readyState 1"
		closed       = ", readyState 2"
	)
	list := cors.Config{AllowOrigins: []string{app}, AllowCredentials: true}
	anonymous := cors.Config{AllowOrigins: []string{app}}
	star := cors.Config{AllowOrigins: []string{"*"}}
	tests := []struct {
		name        string
		config      cors.Config
		page        string
		credentials bool
		want        string
		code        string // Chromium's
	}{
		{"allowed", list, app, false, received, ""},
		{"allowed with credentials", list, app, true, received, ""},
		{"refused", list, refused, false, closed, "MissingAllowOriginHeader"},
		{"refused with credentials", list, refused, true, closed, "MissingAllowOriginHeader"},
		{"allowed without credentials only", anonymous, app, true, closed, "InvalidAllowCredentials"},
		{"any origin", star, refused, false, received, ""},
		{"any origin, with credentials", star, refused, true, closed, "WildcardOriginNotAllowed"},
	}
	inEach(t, func(t *testing.T, b *bench) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				api := anew("https://events-api.example.com")
				var v visits
				serve(t, b, api, withLogin(v.to(corshttp.New(cors.MustNew(tt.config))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					if r.Header.Get("Last-Event-ID") == "" {
						io.WriteString(w, "retry: 1\nid: 7\ndata: one\n\n") // and then ends, so that it is asked again
						return
					}
					io.WriteString(w, "data: two\n\n")
					http.NewResponseController(w).Flush()
					<-r.Context().Done()
				})))))
				login(t, b, tt.page, api)
				got := run[string](t, b, tt.page, fmt.Sprintf(`
					return new Promise((done) => {
						const source = new EventSource(%q, { withCredentials: %t })
						const messages = []
						const end = () => { done(messages.join(' ') + ', readyState ' + source.readyState); source.close() }
						source.onmessage = (e) => { messages.push(e.data); if (messages.length === 2) end() }
						source.onerror = () => { if (source.readyState === EventSource.CLOSED) end() }
					})`, api+"/events", tt.credentials))
				assert.Equal(t, tt.want, got, "the messages, and the state at the end")
				if b.hasCodes() && tt.code != "" {
					complaint, _ := b.tabs[tt.page].Complaint(t.Context(), api+"/events")
					assert.Equal(t, tt.code, complaint.Code, "Chromium's code")
				}
				ids := []string{""}
				if tt.want == received {
					ids = append(ids, "7")
				}
				var gotIDs []string
				for _, r := range v.all() {
					assert.Equal(t, "GET", r.Method, "no CORS-preflight request is made")
					assert.Equal(t, tt.page, r.Header.Get("Origin"))
					want := ""
					if tt.credentials {
						want = cookie
					}
					assert.Equal(t, want, r.Header.Get("Cookie"), "the request's cookies")
					gotIDs = append(gotIDs, r.Header.Get("Last-Event-ID"))
				}
				assert.Equal(t, ids, gotIDs, "the Last-Event-ID of each request")
			})
		}
	})
}
