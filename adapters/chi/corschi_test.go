package corschi_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	corschi "github.com/corskit/corskit/adapters/chi"
	cors "github.com/corskit/corskit/core"
)

var config = cors.Config{
	AllowOrigins:  []string{"https://app.example.com"},
	AllowMethods:  []string{"PUT", "DELETE"},
	AllowHeaders:  []string{"Content-Type"},
	ExposeHeaders: []string{"X-Total"},
}

// spy is a Decider that counts how often it is asked.
type spy struct {
	cors.Decider
	asked int
}

func (s *spy) Decide(ctx context.Context, r cors.Request) cors.Decision {
	s.asked++
	return s.Decider.Decide(ctx, r)
}

// mounts are the places where the policy works. Each adds the tests' routes
// where it covers them.
var mounts = []struct {
	name, prefix string
	mount        func(chi.Router, func(http.Handler) http.Handler)
}{
	{"Use", "", func(r chi.Router, m func(http.Handler) http.Handler) {
		r.Use(m)
		addRoutes(r)
	}},
	{"Route", "/api", func(r chi.Router, m func(http.Handler) http.Handler) {
		r.Route("/api", func(r chi.Router) {
			r.Use(m)
			addRoutes(r)
		})
	}},
	{"Mount", "/api", func(r chi.Router, m func(http.Handler) http.Handler) {
		sub := chi.NewRouter()
		sub.Use(m)
		addRoutes(sub)
		r.Mount("/api", sub)
	}},
}

// newRouter returns a router without routes that recovers from panics.
func newRouter() chi.Router {
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, middleware.WithLogEntry(r, quiet{}))
		})
	})
	r.Use(middleware.Recoverer)
	return r
}

// quiet keeps Recoverer from printing stack traces.
type quiet struct{ middleware.LogEntry }

func (quiet) Panic(any, []byte) {}

// addRoutes adds the tests' routes. Each handler says in X-Handler that it ran.
func addRoutes(to chi.Router) {
	for _, r := range []struct {
		method, path string
		answer       http.HandlerFunc
	}{
		{"GET", "/items", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("items")) }},
		{"PUT", "/put-only", ok},
		{"OPTIONS", "/opt", ok},
		{"GET", "/e401", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who is it?", 401) }},
		{"GET", "/e500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no reason", 500) }},
		{"GET", "/panic", func(http.ResponseWriter, *http.Request) { panic("the handler of /panic panics") }},
	} {
		to.MethodFunc(r.method, r.path, func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("X-Handler", "1")
			r.answer(w, req)
		})
	}
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }

// What responses have of Access-Control-* and Vary.
type headers = map[string]string

var (
	granted = headers{
		"Access-Control-Allow-Origin":   "https://app.example.com",
		"Access-Control-Expose-Headers": "X-Total",
		"Vary":                          "Origin",
	}
	nothing          = headers{"Vary": "Origin"}
	preflightGranted = headers{
		"Access-Control-Allow-Origin":  "https://app.example.com",
		"Access-Control-Allow-Methods": "PUT,DELETE",
		"Access-Control-Allow-Headers": "Content-Type",
		"Vary":                         "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
	}
	preflightRefused = headers{"Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
)

const (
	allowed = "https://app.example.com"
	refused = "https://evil.example"
)

func TestMounts(t *testing.T) {
	for _, tt := range []struct {
		name          string
		method, path  string // the path is below the mount's prefix
		origin        string
		requestMethod string
		status        int
		handlerRuns   bool
		headers       headers
	}{
		{"preflight to a routed path", "OPTIONS", "/items", allowed, "GET", 204, false, preflightGranted},
		{"preflight to a PUT-only path", "OPTIONS", "/put-only", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to an unrouted path", "OPTIONS", "/nowhere", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to a path with an OPTIONS route", "OPTIONS", "/opt", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to the mount itself", "OPTIONS", "", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to the mount's slash", "OPTIONS", "/", allowed, "PUT", 204, false, preflightGranted},
		{"preflight for a method that chi does not know", "OPTIONS", "/items", allowed, "FROB", 204, false, preflightGranted},
		{"refused preflight to a routed path", "OPTIONS", "/items", refused, "GET", 403, false, preflightRefused},
		{"refused preflight to a PUT-only path", "OPTIONS", "/put-only", refused, "PUT", 403, false, preflightRefused},
		{"refused preflight to an unrouted path", "OPTIONS", "/nowhere", refused, "PUT", 403, false, preflightRefused},

		{"OPTIONS without a requested method", "OPTIONS", "/opt", allowed, "", 200, true, granted},
		{"OPTIONS without an origin", "OPTIONS", "/opt", "", "PUT", 200, true, nothing},
		{"OPTIONS that no route answers", "OPTIONS", "/items", allowed, "", 405, false, granted},

		{"routed request", "GET", "/items", allowed, "", 200, true, granted},
		{"routed request from a refused origin", "GET", "/items", refused, "", 200, true, nothing},
		{"routed request without an origin", "GET", "/items", "", "", 200, true, nothing},
		{"unrouted path", "GET", "/nowhere", allowed, "", 404, false, granted},
		{"the mount itself", "GET", "", allowed, "", 404, false, granted},
		{"the mount's slash", "GET", "/", allowed, "", 404, false, granted},
		{"method that has no route", "DELETE", "/items", allowed, "", 405, false, granted},
		{"handler that answers 401", "GET", "/e401", allowed, "", 401, true, granted},
		{"handler that answers 500", "GET", "/e500", allowed, "", 500, true, granted},
		{"handler that panics", "GET", "/panic", allowed, "", 500, true, granted},
	} {
		for _, m := range mounts {
			t.Run(m.name+"/"+tt.name, func(t *testing.T) {
				decider := &spy{Decider: cors.MustNew(config)}
				r := newRouter()
				m.mount(r, corschi.New(decider))

				w := serve(r, tt.method, m.prefix+tt.path, tt.origin, tt.requestMethod)

				checkResponse(t, w, tt.status, tt.headers)
				if ran := w.Header().Get("X-Handler") != ""; ran != tt.handlerRuns {
					t.Errorf("the handler ran: %t, want %t", ran, tt.handlerRuns)
				}
				if decider.asked != 1 {
					t.Errorf("the Decider was asked %d times, want once", decider.asked)
				}
				if tt.requestMethod != "" && tt.origin != "" && w.Body.Len() != 0 {
					t.Errorf("the preflight's answer has the body %q, want none", w.Body)
				}
			})
		}
	}
}

func TestSubroutersLeaveOtherPathsAlone(t *testing.T) {
	for _, m := range mounts {
		if m.prefix == "" {
			continue
		}
		for _, tt := range []struct {
			method, path, requestMethod string
			status                      int
		}{
			{"GET", "/apix", "", 200},
			{"OPTIONS", "/apix", "GET", 405},
			{"GET", "/apixyz", "", 404},
			{"OPTIONS", "/ap", "GET", 404},
			{"GET", "/", "", 404},
			{"OPTIONS", "/other/api/items", "GET", 404},
		} {
			t.Run(m.name+" "+tt.method+" "+tt.path, func(t *testing.T) {
				decider := &spy{Decider: cors.MustNew(config)}
				r := newRouter()
				m.mount(r, corschi.New(decider))
				r.Get("/apix", ok)

				w := serve(r, tt.method, tt.path, allowed, tt.requestMethod)

				checkResponse(t, w, tt.status, nil)
				if decider.asked != 0 {
					t.Errorf("the Decider was asked %d times, want never", decider.asked)
				}
			})
		}
	}
}

func TestRejectDisallowed(t *testing.T) {
	c := config
	c.RejectDisallowed = true
	for _, m := range mounts {
		t.Run(m.name, func(t *testing.T) {
			r := newRouter()
			m.mount(r, corschi.New(cors.MustNew(c)))

			w := serve(r, "GET", m.prefix+"/items", refused, "")

			checkResponse(t, w, 403, nothing)
			if w.Header().Get("X-Handler") != "" || w.Body.Len() != 0 {
				t.Errorf("the handler ran, or there is a body: %q", w.Body)
			}
		})
	}
}

func TestVaryIsMerged(t *testing.T) {
	for _, tt := range []struct{ name, before, want string }{
		{"another member", "Accept-Encoding", "Accept-Encoding, Origin"},
		{"the same member", "Accept-Encoding, origin", "Accept-Encoding, origin"},
		{"every member", "*", "*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRouter()
			r.Use(middleware.SetHeader("Vary", tt.before))
			r.Use(corschi.New(cors.MustNew(config)))
			addRoutes(r)

			want := maps.Clone(granted)
			want["Vary"] = tt.want
			checkResponse(t, serve(r, "GET", "/items", allowed, ""), 200, want)
		})
	}
}

func TestResponsesShareNoSlices(t *testing.T) {
	r := newRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			for _, values := range w.Header() {
				values[0] = "spoiled"
			}
		})
	})
	r.Use(corschi.New(cors.MustNew(config)))
	addRoutes(r)
	for range 2 {
		checkResponse(t, serve(r, "GET", "/items", allowed, ""), 200, granted)
		checkResponse(t, serve(r, "OPTIONS", "/items", allowed, "PUT"), 204, preflightGranted)
	}
}

// The package comment and the README warn of these.
func TestMistakes(t *testing.T) {
	policy := corschi.New(cors.MustNew(config))

	t.Run("behind With, the preflight does not get there", func(t *testing.T) {
		r := newRouter()
		r.With(policy).Put("/items", ok)
		checkResponse(t, serve(r, "OPTIONS", "/items", allowed, "PUT"), 405, nil)
		checkResponse(t, serve(r, "PUT", "/items", allowed, ""), 200, granted)
	})
	t.Run("in an inline Group, the preflight does not get there", func(t *testing.T) {
		r := newRouter()
		r.Group(func(r chi.Router) {
			r.Use(policy)
			r.Put("/items", ok)
		})
		checkResponse(t, serve(r, "OPTIONS", "/items", allowed, "PUT"), 405, nil)
		checkResponse(t, serve(r, "PUT", "/items", allowed, ""), 200, granted)
	})
	t.Run("a router without routes runs no middleware", func(t *testing.T) {
		r := newRouter()
		r.Use(policy)
		checkResponse(t, serve(r, "OPTIONS", "/items", allowed, "PUT"), 404, nil)
	})
	t.Run("a method unknown to chi does not get to a subrouter", func(t *testing.T) {
		r := newRouter()
		r.Route("/api", func(r chi.Router) {
			r.Use(policy)
			r.Put("/items", ok)
		})
		checkResponse(t, serve(r, "FROB", "/api/items", allowed, ""), 405, nil)

		r = newRouter()
		r.Use(policy)
		r.Put("/items", ok)
		checkResponse(t, serve(r, "FROB", "/items", allowed, ""), 405, granted)
	})
	t.Run("a redirect on the top router goes out before a subrouter", func(t *testing.T) {
		r := newRouter()
		r.Use(middleware.RedirectSlashes)
		r.Route("/api", func(r chi.Router) {
			r.Use(policy)
			r.Put("/items", ok)
		})
		checkResponse(t, serve(r, "PUT", "/api/items/", allowed, ""), 301, nil)

		r = newRouter()
		r.Use(policy, middleware.RedirectSlashes)
		r.Put("/items", ok)
		checkResponse(t, serve(r, "PUT", "/items/", allowed, ""), 301, granted)
	})
}

func TestNilDecider(t *testing.T) {
	defer func() {
		const want = "corschi: New: the Decider is nil: make one with cors.New"
		if got := recover(); got != want {
			t.Errorf("New(nil) panicked with %v, want %q", got, want)
		}
	}()
	corschi.New(nil)
}

func serve(h http.Handler, method, path, origin, requestMethod string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://api.example.com"+path, nil)
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	if requestMethod != "" {
		r.Header.Set("Access-Control-Request-Method", requestMethod)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// checkResponse checks the status, and the Access-Control-* and Vary headers,
// of which there must be no others.
func checkResponse(t *testing.T, w *httptest.ResponseRecorder, status int, want headers) {
	t.Helper()
	if w.Code != status {
		t.Errorf("the status is %d, want %d", w.Code, status)
	}
	got := headers{}
	for name, values := range w.Result().Header {
		if name == "Vary" || strings.HasPrefix(name, "Access-Control-") {
			got[name] = strings.Join(values, ", ")
			if name != "Vary" && len(values) != 1 {
				t.Errorf("the response has %d %s headers, want one", len(values), name)
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the response's CORS headers are %v, want %v", got, want)
	}
}
