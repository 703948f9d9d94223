//go:build browser

package browser

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// TestCookies: responses to requests whose credentials mode is "include" set
// cookies, which requests of that mode then have, as far as the cookies' SameSite
// attribute lets them: https://fetch.spec.whatwg.org/#concept-http-network-fetch and
// https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-the-samesite-attribute-2
func TestCookies(t *testing.T) {
	const (
		app     = "https://cookies-app.example.com" // of the same site as the server
		refused = "https://cookies-evil.example.com"
		foreign = "https://cookies-app.example.org" // of another site
	)
	allow := cors.Config{AllowOrigins: []string{app, foreign}, AllowCredentials: true}
	reject := allow
	reject.RejectDisallowed = true
	// A difference is what the second request has in an engine, and why.
	type difference struct{ why, want string }
	tests := []struct {
		name string

		// The first request is made by a page, with a credentials mode, and is
		// answered with a cookie that has attributes.
		page, login, attributes string
		config                  cors.Config
		blocked                 bool // the script cannot read the answer

		// The second request is made by a page that may read the answer, with a
		// credentials mode, and has the cookie or none.
		reader, me, want string

		differs map[string]difference
	}{
		{name: "same site", page: app, login: "include", config: allow, reader: app, me: "include", want: cookie},
		{name: "same site, Strict", page: app, login: "include", attributes: "; SameSite=Strict", config: allow, reader: app, me: "include", want: cookie},
		{name: "not sent with same-origin", page: app, login: "include", config: allow, reader: app, me: "same-origin"},
		{name: "not sent with omit", page: app, login: "include", config: allow, reader: app, me: "omit"},
		{name: "not stored with same-origin", page: app, login: "same-origin", config: allow, reader: app, me: "include"},
		{name: "not stored with omit", page: app, login: "omit", config: allow, reader: app, me: "include"},
		{name: "another site, None", page: foreign, login: "include", attributes: "; SameSite=None; Secure", config: allow, reader: foreign, me: "include", want: cookie},
		{name: "another site, None, Partitioned", page: foreign, login: "include", attributes: "; SameSite=None; Secure; Partitioned", config: allow, reader: foreign, me: "include", want: cookie},
		{
			name: "another site, by default", page: foreign, login: "include", config: allow, reader: foreign, me: "include",
			differs: map[string]difference{
				"firefox": {"The attribute is None by default, as it always was; in Chromium it is Lax.", cookie},
				"webkit":  {"The attribute is None by default, as it always was; in Chromium it is Lax.", cookie},
			},
		},
		{name: "another site, Lax", page: foreign, login: "include", attributes: "; SameSite=Lax", config: allow, reader: foreign, me: "include"},
		{name: "set by the same site, Lax, not sent from another", page: app, login: "include", attributes: "; SameSite=Lax", config: allow, reader: foreign, me: "include"},
		{name: "set by the same site, None, sent from another", page: app, login: "include", attributes: "; SameSite=None; Secure", config: allow, reader: foreign, me: "include", want: cookie},

		// What the policy hides has happened all the same.
		{name: "a blocked response, same site", page: refused, login: "include", config: allow, blocked: true, reader: app, me: "include", want: cookie},
		{name: "a blocked response to a request without credentials", page: refused, login: "same-origin", config: allow, blocked: true, reader: app, me: "include"},
		{name: "a rejected request", page: refused, login: "include", config: reject, blocked: true, reader: app, me: "include"},
	}
	inEach(t, func(t *testing.T, b *bench) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				api := anew("https://cookies-api.example.com")
				mux := http.NewServeMux()
				mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Set-Cookie", cookie+"; Path=/"+tt.attributes)
				})
				mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
					io.WriteString(w, r.Header.Get("Cookie"))
				})
				serve(t, b, api, corshttp.New(cors.MustNew(tt.config))(mux))
				login := ask(t, b, tt.page, api+"/login", map[string]any{"credentials": tt.login})
				assert.Equal(t, tt.blocked, login.Error != "", "whether the first response is blocked (%s)", login.Error)
				me := ask(t, b, tt.reader, api+"/me", map[string]any{"credentials": tt.me})
				assert.Empty(t, me.Error, "the second response")
				want := tt.want
				if d, ok := tt.differs[b.engine.Name()]; ok {
					assert.NotEqual(t, want, d.want, "what differs")
					t.Log(d.why)
					want = d.want
				}
				assert.Equal(t, want, me.Body, "the cookies of the second request")
			})
		}
	})
}

// TestCookiesWithoutCredentials: a policy without AllowCredentials hides responses
// from requests with credentials, and their cookies are stored all the same.
func TestCookiesWithoutCredentials(t *testing.T) {
	const app = "https://cookies-app.example.com"
	for _, tt := range []struct {
		name   string
		config cors.Config
		code   string
	}{
		{"a list", cors.Config{AllowOrigins: []string{app}}, "InvalidAllowCredentials"},
		{"any origin", cors.Config{AllowOrigins: []string{"*"}}, "WildcardOriginNotAllowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inEach(t, func(t *testing.T, b *bench) {
				api := anew("https://cookies-api.example.com")
				var v visits
				serve(t, b, api, v.to(corshttp.New(cors.MustNew(tt.config))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Set-Cookie", cookie)
				}))))
				for i, want := range []string{"", cookie} {
					url := fmt.Sprintf("%s/%d", api, i)
					got := ask(t, b, app, url, map[string]any{"credentials": "include"})
					assert.Contains(t, got.Error, "TypeError", "what the script catches")
					if b.hasCodes() {
						complaint, _ := b.tabs[app].Complaint(t.Context(), url)
						assert.Equal(t, tt.code, complaint.Code, "Chromium's code")
					}
					assert.Equal(t, want, strings.Join(v.all()[i].Header["Cookie"], "; "), "the cookies of request %d", i)
				}
			})
		})
	}
}
