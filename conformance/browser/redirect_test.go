//go:build browser

package browser

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// A redirectDifference is what an engine does otherwise, and why.
type redirectDifference struct {
	why     string
	want    []string
	blocked bool
}

// TestRedirects follows redirects between the page's server and two others, A and B,
// which have policies. The paths say what they do: "/303/B/end" redirects to /end of B.
func TestRedirects(t *testing.T) {
	const app = "https://redirect-app.example.com"
	// With the origin null, scripts of any site may read what redirects lead to.
	allow := func(origins ...string) cors.Config {
		return cors.Config{
			AllowOrigins: origins, DangerouslyAllowNullOrigin: slices.Contains(origins, "null"),
			AllowMethods: []string{"PUT"}, AllowHeaders: []string{"Authorization"},
		}
	}
	// Why engines do otherwise.
	const (
		asksAgain   = "It makes a CORS-preflight request at every redirect, once it has made one."
		keepsOrigin = "Its CORS-preflight requests keep the page's origin, and the requests have the origin null."
	)

	tests := []struct {
		name    string
		a, b    cors.Config
		outside bool   // A redirects outside of the middleware, CORS-preflight requests too
		at      string // what is fetched; paths say what servers do
		method  string
		header  http.Header

		// What servers get, with who they are: "B GET /end, Origin: null".
		want []string
		code string // Chromium's; "" if the response is readable

		differs map[string]redirectDifference
	}{
		{
			name: "to the same server", a: allow(app), at: "A/302/A/end",
			want: []string{"A GET /302/A/end, Origin: page", "A GET /end, Origin: page"},
		},
		{
			// Whoever redirects could have another server take the page's rights to it
			// for its own, so that the origin is hidden:
			// https://fetch.spec.whatwg.org/#concept-request-tainted-origin
			name: "to another server, which allows the page", a: allow(app), b: allow(app), at: "A/302/B/end",
			want: []string{"A GET /302/B/end, Origin: page", "B GET /end, Origin: null"}, code: "MissingAllowOriginHeader",
		},
		{
			name: "to another server, which allows null", a: allow(app), b: allow("null"), at: "A/302/B/end",
			want: []string{"A GET /302/B/end, Origin: page", "B GET /end, Origin: null"},
		},
		{
			name: "to another server, which allows any", a: allow(app), b: allow("*"), at: "A/302/B/end",
			want: []string{"A GET /302/B/end, Origin: page", "B GET /end, Origin: null"},
		},
		{
			name: "to another server and back", a: allow(app), b: allow("null"), at: "A/302/B/302/A/end",
			want: []string{"A GET /302/B/302/A/end, Origin: page", "B GET /302/A/end, Origin: null", "A GET /end, Origin: null"}, code: "MissingAllowOriginHeader",
		},
		{
			name: "from the page's server", a: allow(app), at: "page/302/A/end",
			want: []string{"page GET /302/A/end", "A GET /end, Origin: page"},
		},
		{
			name: "to the page's server, which has no policy", a: allow(app), at: "A/302/page/end",
			want: []string{"A GET /302/page/end, Origin: page", "page GET /end, Origin: null"}, code: "MissingAllowOriginHeader",
		},
		{
			name: "from a server that refuses the page", a: allow("https://redirect-other.example.com"), b: allow("null"), at: "A/302/B/end",
			want: []string{"A GET /302/B/end, Origin: page"}, code: "MissingAllowOriginHeader",
		},
		{
			name: "outside of the middleware", a: allow(app), outside: true, at: "A/302/A/end",
			want: []string{"A GET /302/A/end, Origin: page"}, code: "MissingAllowOriginHeader",
		},
		{
			name: "of a CORS-preflight request, outside of the middleware", a: allow(app), outside: true, at: "A/307/A/end", method: "PUT",
			want: []string{"A OPTIONS /307/A/end, Origin: page, Access-Control-Request-Method: PUT"}, code: "PreflightDisallowedRedirect",
		},
		{
			name: "after a CORS-preflight request, inside of the middleware", a: allow(app), at: "A/307/A/end", method: "PUT",
			want: []string{
				"A OPTIONS /307/A/end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /307/A/end, Origin: page",
				"A OPTIONS /end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /end, Origin: page",
			},
		},
		{
			name: "after a CORS-preflight request, with another method", a: allow(app), at: "A/303/A/end", method: "PUT",
			want: []string{"A OPTIONS /303/A/end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /303/A/end, Origin: page", "A GET /end, Origin: page"},
			differs: map[string]redirectDifference{
				"firefox": {why: asksAgain, want: []string{
					"A OPTIONS /303/A/end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /303/A/end, Origin: page",
					"A OPTIONS /end, Origin: page, Access-Control-Request-Method: GET", "A GET /end, Origin: page",
				}},
				"webkit": {why: asksAgain, want: []string{
					"A OPTIONS /303/A/end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /303/A/end, Origin: page",
					"A OPTIONS /end, Origin: page, Access-Control-Request-Method: GET", "A GET /end, Origin: page",
				}},
			},
		},
		{
			name: "after a CORS-preflight request, to another server, which allows null", a: allow(app), b: allow("null"), at: "A/307/B/end", method: "PUT",
			want: []string{
				"A OPTIONS /307/B/end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /307/B/end, Origin: page",
				"B OPTIONS /end, Origin: null, Access-Control-Request-Method: PUT", "B PUT /end, Origin: null",
			},
			differs: map[string]redirectDifference{
				"firefox": {why: keepsOrigin, blocked: true, want: []string{
					"A OPTIONS /307/B/end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /307/B/end, Origin: page",
					"B OPTIONS /end, Origin: page, Access-Control-Request-Method: PUT",
				}},
			},
		},
		{
			name: "after a CORS-preflight request, to another server, which allows the page and null", a: allow(app), b: allow(app, "null"), at: "A/307/B/end", method: "PUT",
			want: []string{
				"A OPTIONS /307/B/end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /307/B/end, Origin: page",
				"B OPTIONS /end, Origin: null, Access-Control-Request-Method: PUT", "B PUT /end, Origin: null",
			},
			differs: map[string]redirectDifference{
				"firefox": {why: keepsOrigin, want: []string{
					"A OPTIONS /307/B/end, Origin: page, Access-Control-Request-Method: PUT", "A PUT /307/B/end, Origin: page",
					"B OPTIONS /end, Origin: page, Access-Control-Request-Method: PUT", "B PUT /end, Origin: null",
				}},
			},
		},
		{
			// https://fetch.spec.whatwg.org/#concept-http-redirect-fetch, step 13
			name: "with a token, which stays behind", a: allow(app), b: allow("null"), at: "A/302/B/end", header: http.Header{"Authorization": {"token"}},
			want: []string{
				"A OPTIONS /302/B/end, Origin: page, Access-Control-Request-Method: GET, Access-Control-Request-Headers: authorization",
				"A GET /302/B/end, Origin: page, Authorization: token", "B GET /end, Origin: null",
			},
			differs: map[string]redirectDifference{
				"firefox": {why: asksAgain + " " + keepsOrigin, blocked: true, want: []string{
					"A OPTIONS /302/B/end, Origin: page, Access-Control-Request-Method: GET, Access-Control-Request-Headers: authorization", "A GET /302/B/end, Origin: page, Authorization: token",
					"B OPTIONS /end, Origin: page, Access-Control-Request-Method: GET",
				}},
				"webkit": {why: "It asks for the header that it then leaves out.", want: []string{
					"A OPTIONS /302/B/end, Origin: page, Access-Control-Request-Method: GET, Access-Control-Request-Headers: authorization", "A GET /302/B/end, Origin: page, Authorization: token",
					"B OPTIONS /end, Origin: null, Access-Control-Request-Method: GET, Access-Control-Request-Headers: authorization", "B GET /end, Origin: null",
				}},
			},
		},
		{
			name: "with a token, which stays behind, to a server that allows the page and null", a: allow(app), b: allow(app, "null"), at: "A/302/B/end", header: http.Header{"Authorization": {"token"}},
			want: []string{
				"A OPTIONS /302/B/end, Origin: page, Access-Control-Request-Method: GET, Access-Control-Request-Headers: authorization",
				"A GET /302/B/end, Origin: page, Authorization: token", "B GET /end, Origin: null",
			},
			differs: map[string]redirectDifference{
				"firefox": {why: asksAgain + " " + keepsOrigin, want: []string{
					"A OPTIONS /302/B/end, Origin: page, Access-Control-Request-Method: GET, Access-Control-Request-Headers: authorization", "A GET /302/B/end, Origin: page, Authorization: token",
					"B OPTIONS /end, Origin: page, Access-Control-Request-Method: GET", "B GET /end, Origin: null",
				}},
				"webkit": {why: "It asks for the header that it then leaves out.", want: []string{
					"A OPTIONS /302/B/end, Origin: page, Access-Control-Request-Method: GET, Access-Control-Request-Headers: authorization", "A GET /302/B/end, Origin: page, Authorization: token",
					"B OPTIONS /end, Origin: null, Access-Control-Request-Method: GET, Access-Control-Request-Headers: authorization", "B GET /end, Origin: null",
				}},
			},
		},
		{
			// Steps 9 and 10 of the same.
			name: "to a URL with a password", a: allow(app), b: allow("null"), at: "A/302/user:password@B/end",
			want: []string{"A GET /302/user:password@B/end, Origin: page"}, code: "RedirectContainsCredentials",
		},
	}
	inEach(t, func(t *testing.T, b *bench) {
		_, err := b.tab(t.Context(), app) // before its server's place is taken
		require.NoError(t, err)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				origins := map[string]string{
					"page": app,
					"A":    anew("https://redirect-a.example.com"),
					"B":    anew("https://redirect-b.example.com"),
				}
				var v visits
				servers := map[string]http.Handler{}
				follow := redirector(origins)
				for name, config := range map[string]cors.Config{"page": {}, "A": tt.a, "B": tt.b} {
					h := follow
					if config.AllowOrigins != nil {
						h = corshttp.New(cors.MustNew(config))(follow)
					}
					if tt.outside {
						inside := h
						h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							if r.URL.Path == "/end" {
								inside.ServeHTTP(w, r)
							} else {
								follow.ServeHTTP(w, r)
							}
						})
					}
					servers[origins[name]] = v.to(h)
				}
				server, path, _ := strings.Cut(tt.at, "/")
				request := fetch.Request{Origin: app, URL: origins[server] + "/" + path, Method: tt.method, Header: tt.header}

				// What the servers get, in the words of the table.
				lines := func(list []*http.Request) (lines []string) {
					for _, r := range list {
						line := describe(r)
						line = strings.ReplaceAll(line, "Origin: "+app, "Origin: page")
						for name, origin := range origins {
							if "https://"+r.Host == origin {
								line = name + " " + line
							}
						}
						lines = append(lines, line)
					}
					return lines
				}
				model := fetch.Fetch(t.Context(), request, inProcess(app, servers), nil)
				assert.Equal(t, tt.want, lines(v.all()), "requests of the model")
				assert.Equal(t, tt.code, model.Failure.CORSError(), "the model's verdict: %s", model.Failure.Text())

				want, blocked := tt.want, tt.code != ""
				if d, ok := tt.differs[b.engine.Name()]; ok {
					t.Log(d.why)
					want, blocked = d.want, d.blocked
				}
				for origin, h := range servers {
					serve(t, b, origin, h)
				}
				before := len(v.all())
				init := map[string]any{"headers": headerPairs(tt.header)}
				if tt.method != "" {
					init["method"] = tt.method
				}
				got := ask(t, b, app, request.URL, init)
				assert.Equal(t, want, lines(v.all()[before:]), "requests of the browser")
				assert.Equal(t, blocked, got.Error != "", "whether the response is blocked (%s)", got.Error)
				if !blocked {
					assert.Equal(t, "the end", got.Body, "what the script reads")
				} else if b.hasCodes() {
					complaint, _ := b.tabs[app].Complaint(t.Context(), request.URL)
					assert.Equal(t, tt.code, complaint.Code, "Chromium's code")
				}
			})
		}
	})
}

// redirector redirects as the path of a request says, or says that this is the end.
func redirector(origins map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
		if len(parts) < 3 {
			fmt.Fprint(w, "the end")
			return
		}
		var status int
		fmt.Sscan(parts[0], &status)
		user, name, found := strings.Cut(parts[1], "@")
		if !found {
			user, name = "", parts[1]
		} else {
			user += "@"
		}
		w.Header().Set("Location", "https://"+user+strings.TrimPrefix(origins[name], "https://")+"/"+parts[2])
		w.WriteHeader(status)
	})
}
