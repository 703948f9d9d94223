//go:build browser

package browser

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// recovering answers 500 where h panics, as middleware of all frameworks does.
func recovering(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "recovered", http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	})
}

// authenticating answers 401 to who has no token, and CORS-preflight requests have
// none: https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
func authenticating(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "token" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// resetting has the headers of responses go if the handler panics, as servers do
// that write an error page from scratch.
func resetting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				clear(w.Header())
				http.Error(w, "recovered", http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	})
}

// TestErrorPages: what has gone wrong can be read by scripts like any other response
// if it has passed the policy, and not if it has been written outside, because the
// CORS check does not look at the status:
// https://fetch.spec.whatwg.org/#concept-cors-check
func TestErrorPages(t *testing.T) {
	const app = "https://errors-app.example.com"
	policy := corshttp.New(cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowHeaders: []string{"Authorization"}}))
	sealed := corshttp.New(cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowHeaders: []string{"Authorization"}}), corshttp.Seal())
	status := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, body, status) })
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "welcome") })
	panics := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	// It must not return at the limit: http.TimeoutHandler may then take its answer.
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	hangs := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over })
	empty := http.NewServeMux()
	routes := http.NewServeMux()
	routes.Handle("GET /policy/", policy(ok))

	tests := []struct {
		name    string
		handler http.Handler
		header  http.Header
		want    answer // none if it is blocked
		code    string // Chromium's then
	}{
		{"401", policy(authenticating(ok)), nil, answer{Status: 401, Body: "who are you?\n"}, ""},
		{"401 for a token", policy(authenticating(ok)), http.Header{"Authorization": {"old"}}, answer{Status: 401, Body: "who are you?\n"}, ""},
		{"200 for a token", policy(authenticating(ok)), http.Header{"Authorization": {"token"}}, answer{Status: 200, Body: "welcome"}, ""},
		{"403", policy(status(403, "no")), nil, answer{Status: 403, Body: "no\n"}, ""},
		{"404 of a mux", policy(empty), nil, answer{Status: 404, Body: "404 page not found\n"}, ""},
		{"500", policy(status(500, "broken")), nil, answer{Status: 500, Body: "broken\n"}, ""},
		{"503 of http.TimeoutHandler", policy(http.TimeoutHandler(hangs, time.Millisecond, "late")), nil, answer{Status: 503, Body: "late"}, ""},
		{"a panic, recovered inside", policy(recovering(panics)), nil, answer{Status: 500, Body: "recovered\n"}, ""},
		{"a panic, recovered outside", recovering(policy(panics)), nil, answer{Status: 500, Body: "recovered\n"}, ""},
		{"a panic, recovered outside of a seal", recovering(sealed(panics)), nil, answer{Status: 500, Body: "recovered\n"}, ""},

		{"outside: 401", authenticating(policy(ok)), nil, answer{}, "MissingAllowOriginHeader"},
		{"outside: 401 for a CORS-preflight request", authenticating(policy(ok)), http.Header{"Authorization": {"token"}}, answer{}, "PreflightMissingAllowOriginHeader"},
		{"outside: 404 of a mux", routes, nil, answer{}, "MissingAllowOriginHeader"},
		{"outside: 503 of http.TimeoutHandler", http.TimeoutHandler(policy(hangs), time.Millisecond, "late"), nil, answer{}, "MissingAllowOriginHeader"},
		{"outside: a page from scratch for a panic", resetting(policy(panics)), nil, answer{}, "MissingAllowOriginHeader"},
	}
	inEach(t, func(t *testing.T, b *bench) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				api := anew("https://errors-api.example.com")
				serve(t, b, api, tt.handler)
				got := ask(t, b, app, api+"/items", map[string]any{"headers": headerPairs(tt.header)})
				if tt.code == "" {
					assert.Equal(t, tt.want, got, "what the script reads")
					return
				}
				assert.NotEmpty(t, got.Error, "the script reads %d %q, though the page was written outside of the middleware", got.Status, got.Body)
				if b.hasCodes() {
					complaint, _ := b.tabs[app].Complaint(t.Context(), api+"/items")
					assert.Equal(t, tt.code, complaint.Code, "Chromium's code")
				}
			})
		}
	})
}

// TestAbortedResponses: a response that breaks off is a network error
// (https://fetch.spec.whatwg.org/#concept-network-error), which the policy has
// nothing to do with; one whose beginning has come can be read so far.
func TestAbortedResponses(t *testing.T) {
	const app = "https://abort-app.example.com"
	policy := corshttp.New(cors.MustNew(cors.Config{AllowOrigins: []string{app}}))
	inEach(t, func(t *testing.T, b *bench) {
		t.Run("before it begins", func(t *testing.T) {
			api := anew("https://abort-api.example.com")
			var v visits
			serve(t, b, api, v.to(policy(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))))
			got := ask(t, b, app, api+"/", nil)
			assert.Contains(t, got.Error, "TypeError", "what the script catches")
			// How often it is tried is up to the engine.
			t.Logf("%s has tried %d times", b.engine.Name(), len(v.all()))
			if b.hasCodes() {
				complaint, ok := b.tabs[app].Complaint(t.Context(), api+"/")
				assert.True(t, ok, "Chromium says nothing")
				assert.Empty(t, complaint.Code, "Chromium's code: this is no matter of CORS")
			}
		})
		t.Run("after it has begun", func(t *testing.T) {
			api := anew("https://abort-api.example.com")
			read := make(chan struct{})
			mux := http.NewServeMux()
			mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/octet-stream")
				io.WriteString(w, "so far")
				http.NewResponseController(w).Flush()
				select {
				case <-read:
				case <-r.Context().Done():
				}
				panic(http.ErrAbortHandler)
			})
			mux.HandleFunc("GET /read", func(http.ResponseWriter, *http.Request) { close(read) })
			serve(t, b, api, policy(mux))
			got := run[answer](t, b, app, fmt.Sprintf(`
				const response = await fetch(%[1]q)
				const reader = response.body.getReader()
				const { value } = await reader.read()
				const answer = { status: response.status, body: new TextDecoder().decode(value) }
				await fetch(%[2]q)
				try {
					while (!(await reader.read()).done);
					answer.error = 'none: this is all'
				} catch (e) {
					answer.error = String(e)
				}
				return answer`, api+"/", api+"/read"))
			assert.Equal(t, 200, got.Status, "the status")
			assert.Equal(t, "so far", got.Body, "what the script reads")
			want := "TypeError"
			if b.engine.Name() == "webkit" {
				want = "none: this is all" // scripts have to know the length themselves
			}
			assert.Contains(t, got.Error, want, "what the script catches at the end")
		})
	})
}
