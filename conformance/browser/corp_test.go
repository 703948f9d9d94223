//go:build browser

package browser

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// TestCrossOriginResourcePolicy: what pages may embed without reading it has nothing
// to do with CORS. A no-cors request gets an opaque response whatever the policy
// decides, unless Cross-Origin-Resource-Policy forbids it, which in turn is checked of
// no other requests: https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check
func TestCrossOriginResourcePolicy(t *testing.T) {
	const (
		app, evil = "https://corp-app.example.com", "https://corp-evil.example.org"
		api       = "https://corp-api.example.com"
	)
	list := cors.Config{AllowOrigins: []string{app}}
	reject := list
	reject.RejectDisallowed = true
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if policy := r.URL.Query().Get("corp"); policy != "" {
			w.Header().Set("Cross-Origin-Resource-Policy", policy)
		}
		io.WriteString(w, "text")
	})
	sites := http.NewServeMux()
	sites.Handle("/list", corshttp.New(cors.MustNew(list))(answer))
	sites.Handle("/reject", corshttp.New(cors.MustNew(reject))(answer))

	// What a script gets is "text", "opaque" or "nothing". The pages are one of the
	// server's site, which is allowed, and one of another, which is not.
	tests := []struct {
		corp, path, mode string
		allowed, refused string
		refusedCode      string // Chromium's
	}{
		{"", "/list", "cors", "text", "nothing", missing},
		{"", "/list", "no-cors", "opaque", "opaque", ""},
		// Such a request has no Origin header, so that there is nothing to refuse.
		{"", "/reject", "no-cors", "opaque", "opaque", ""},
		{"same-origin", "/list", "cors", "text", "nothing", missing},
		{"same-origin", "/list", "no-cors", "nothing", "nothing", ""},
		{"same-site", "/list", "cors", "text", "nothing", missing},
		{"same-site", "/list", "no-cors", "opaque", "nothing", ""},
		{"cross-origin", "/list", "cors", "text", "nothing", missing},
		{"cross-origin", "/list", "no-cors", "opaque", "opaque", ""},
	}
	inEach(t, func(t *testing.T, b *bench) {
		for _, page := range []string{app, evil} {
			_, err := b.tab(t.Context(), page)
			require.NoError(t, err)
		}
		var mu sync.Mutex
		hits := map[string]int{} // by URL
		serve(t, b, api, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			hits[api+r.URL.String()]++
			mu.Unlock()
			sites.ServeHTTP(w, r)
		}))
		for _, tt := range tests {
			for page, want := range map[string]string{app: tt.allowed, evil: tt.refused} {
				t.Run(fmt.Sprintf("%s%s from %s, policy %q", tt.mode, tt.path, page[len("https://"):], tt.corp), func(t *testing.T) {
					b.last++
					url := fmt.Sprintf("%s%s?corp=%s&n=%d", api, tt.path, tt.corp, b.last)
					got := run[string](t, b, page, fmt.Sprintf(
						`return fetch(%q, { mode: %q }).then(async (r) => await r.text() || r.type, () => 'nothing')`, url, tt.mode))
					assert.Equal(t, want, got, "what the script gets")
					if b.hasCodes() && want == "nothing" {
						complaint, _ := b.tabs[page].Complaint(t.Context(), url)
						assert.Equal(t, tt.refusedCode, complaint.Code, "Chromium's code")
					}
					mu.Lock()
					defer mu.Unlock()
					assert.Equal(t, 1, hits[url], "requests, whatever becomes of the response")
				})
			}
		}
	})
}
