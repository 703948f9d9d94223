package corsecho_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	corsecho "github.com/corskit/corskit/adapters/echo"
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

// mounts are the places where the policy works. Each returns where to add the
// routes that it covers.
var mounts = []struct {
	name, prefix string
	mount        func(*echo.Echo, echo.MiddlewareFunc) adder
}{
	{"Use", "", func(e *echo.Echo, m echo.MiddlewareFunc) adder { e.Use(m); return e }},
	{"Pre", "", func(e *echo.Echo, m echo.MiddlewareFunc) adder { e.Pre(m); return e }},
	{"Group", "/api", func(e *echo.Echo, m echo.MiddlewareFunc) adder { return e.Group("/api", m) }},
}

type adder interface {
	Add(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
}

// newServer returns a server without routes that recovers from panics.
func newServer() *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(middleware.Recover())
	return e
}

// addRoutes adds the tests' routes. Each handler says in X-Handler that it ran.
func addRoutes(to adder) {
	for _, r := range []struct {
		method, path string
		answer       func(echo.Context) error
	}{
		{"GET", "/items", func(c echo.Context) error { return c.String(200, "items") }},
		{"PUT", "/put-only", func(c echo.Context) error { return c.NoContent(200) }},
		{"OPTIONS", "/opt", func(c echo.Context) error { return c.NoContent(200) }},
		{"GET", "/e401", func(echo.Context) error { return echo.ErrUnauthorized }},
		{"GET", "/e500", func(echo.Context) error { return errors.New("no reason") }},
		{"GET", "/panic", func(echo.Context) error { panic("the handler of /panic panics") }},
	} {
		to.Add(r.method, r.path, func(c echo.Context) error {
			c.Response().Header().Set("X-Handler", "1")
			return r.answer(c)
		})
	}
}

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
		{"refused preflight to a routed path", "OPTIONS", "/items", refused, "GET", 403, false, preflightRefused},
		{"refused preflight to a PUT-only path", "OPTIONS", "/put-only", refused, "PUT", 403, false, preflightRefused},
		{"refused preflight to an unrouted path", "OPTIONS", "/nowhere", refused, "PUT", 403, false, preflightRefused},

		{"OPTIONS without a requested method", "OPTIONS", "/opt", allowed, "", 200, true, granted},
		{"OPTIONS without an origin", "OPTIONS", "/opt", "", "PUT", 200, true, nothing},

		{"routed request", "GET", "/items", allowed, "", 200, true, granted},
		{"routed request from a refused origin", "GET", "/items", refused, "", 200, true, nothing},
		{"routed request without an origin", "GET", "/items", "", "", 200, true, nothing},
		{"unrouted path", "GET", "/nowhere", allowed, "", 404, false, granted},
		{"the mount itself", "GET", "", allowed, "", 404, false, granted},
		{"the mount's slash", "GET", "/", allowed, "", 404, false, granted},
		{"handler that fails with 401", "GET", "/e401", allowed, "", 401, true, granted},
		{"handler that fails with any error", "GET", "/e500", allowed, "", 500, true, granted},
		{"handler that panics", "GET", "/panic", allowed, "", 500, true, granted},
	} {
		for _, m := range mounts {
			t.Run(m.name+"/"+tt.name, func(t *testing.T) {
				decider := &spy{Decider: cors.MustNew(config)}
				e := newServer()
				addRoutes(m.mount(e, corsecho.New(decider)))

				w := serve(e, tt.method, m.prefix+tt.path, tt.origin, tt.requestMethod)

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

// In a group with middleware, the not-found routes that echo registers for it
// take precedence over echo's own answers to methods that have no route. What
// matters here is that the policy covers either.
func TestMethodsWithoutRoute(t *testing.T) {
	for _, tt := range []struct {
		method string
		status map[string]int // by mount
	}{
		{"DELETE", map[string]int{"Use": 405, "Pre": 405, "Group": 404}},
		{"FROB", map[string]int{"Use": 405, "Pre": 405, "Group": 404}},
		{"OPTIONS", map[string]int{"Use": 204, "Pre": 204, "Group": 404}},
	} {
		for _, m := range mounts {
			t.Run(m.name+"/"+tt.method, func(t *testing.T) {
				e := newServer()
				addRoutes(m.mount(e, corsecho.New(cors.MustNew(config))))
				w := serve(e, tt.method, m.prefix+"/items", allowed, "")
				checkResponse(t, w, tt.status[m.name], granted)
			})
		}
	}
}

func TestGroupLeavesOtherPathsAlone(t *testing.T) {
	for _, tt := range []struct {
		method, path, requestMethod string
		status                      int
	}{
		{"GET", "/apix", "", 200},
		{"OPTIONS", "/apix", "GET", 204}, // the router's own answer
		{"GET", "/apixyz", "", 404},
		{"OPTIONS", "/ap", "GET", 404},
		{"GET", "/", "", 404},
		{"OPTIONS", "/other/api/items", "GET", 404},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			decider := &spy{Decider: cors.MustNew(config)}
			e := newServer()
			addRoutes(e.Group("/api", corsecho.New(decider)))
			e.GET("/apix", func(c echo.Context) error { return c.NoContent(200) })

			w := serve(e, tt.method, tt.path, allowed, tt.requestMethod)

			checkResponse(t, w, tt.status, nil)
			if decider.asked != 0 {
				t.Errorf("the Decider was asked %d times, want never", decider.asked)
			}
		})
	}
}

func TestRejectDisallowed(t *testing.T) {
	c := config
	c.RejectDisallowed = true
	for _, m := range mounts {
		t.Run(m.name, func(t *testing.T) {
			e := newServer()
			addRoutes(m.mount(e, corsecho.New(cors.MustNew(c))))

			w := serve(e, "GET", m.prefix+"/items", refused, "")

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
			e := newServer()
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					c.Response().Header().Set("Vary", tt.before)
					return next(c)
				}
			})
			e.Use(corsecho.New(cors.MustNew(config)))
			addRoutes(e)

			want := maps.Clone(granted)
			want["Vary"] = tt.want
			checkResponse(t, serve(e, "GET", "/items", allowed, ""), 200, want)
		})
	}
}

func TestResponsesShareNoSlices(t *testing.T) {
	e := newServer()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			defer func() {
				for _, values := range c.Response().Header() {
					values[0] = "spoiled"
				}
			}()
			return next(c)
		}
	})
	e.Use(corsecho.New(cors.MustNew(config)))
	addRoutes(e)
	for range 2 {
		checkResponse(t, serve(e, "GET", "/items", allowed, ""), 200, granted)
		checkResponse(t, serve(e, "OPTIONS", "/items", allowed, "PUT"), 204, preflightGranted)
	}
}

// The package comment and the README warn of these.
func TestMistakes(t *testing.T) {
	ok := func(c echo.Context) error { return c.NoContent(200) }
	policy := corsecho.New(cors.MustNew(config))

	t.Run("on a route, the preflight does not get there", func(t *testing.T) {
		e := newServer()
		e.PUT("/items", ok, policy)
		checkResponse(t, serve(e, "OPTIONS", "/items", allowed, "PUT"), 204, nil)
		checkResponse(t, serve(e, "PUT", "/items", allowed, ""), 200, granted)
	})
	t.Run("Use after the group's routes leaves them out", func(t *testing.T) {
		e := newServer()
		g := e.Group("/api")
		g.PUT("/items", ok)
		g.Use(policy)
		checkResponse(t, serve(e, "OPTIONS", "/api/items", allowed, "PUT"), 204, preflightGranted)
		checkResponse(t, serve(e, "PUT", "/api/items", allowed, ""), 200, nil)
	})
	t.Run("a group without a prefix answers for the whole server", func(t *testing.T) {
		e := newServer()
		e.Group("", policy).PUT("/items", ok)
		e.GET("/other", ok)
		checkResponse(t, serve(e, "OPTIONS", "/other", allowed, "GET"), 204, preflightGranted)
		checkResponse(t, serve(e, "GET", "/other", allowed, ""), 200, nil)
	})
	t.Run("of two groups with one prefix the later answers preflights", func(t *testing.T) {
		e := newServer()
		e.Group("/api", policy).PUT("/a", ok)
		e.Group("/api", corsecho.New(cors.MustNew(cors.Config{AllowOrigins: []string{refused}}))).GET("/b", ok)
		checkResponse(t, serve(e, "OPTIONS", "/api/a", allowed, "PUT"), 403, preflightRefused)
		checkResponse(t, serve(e, "PUT", "/api/a", allowed, ""), 200, granted)
	})
	t.Run("a redirect in Pre goes out before Use", func(t *testing.T) {
		redirect := middleware.AddTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: 301})
		e := newServer()
		e.Pre(redirect)
		e.Use(policy)
		checkResponse(t, serve(e, "GET", "/items", allowed, ""), 301, nil)

		e = newServer()
		e.Pre(policy, redirect)
		checkResponse(t, serve(e, "GET", "/items", allowed, ""), 301, granted)
	})
	t.Run("an error handler that clears the headers clears these", func(t *testing.T) {
		e := newServer()
		e.Use(policy)
		e.HTTPErrorHandler = func(_ error, c echo.Context) {
			clear(c.Response().Header())
			c.NoContent(500)
		}
		checkResponse(t, serve(e, "GET", "/items", allowed, ""), 500, nil)
	})
}

func TestNilDecider(t *testing.T) {
	defer func() {
		const want = "corsecho: New: the Decider is nil: make one with cors.New"
		if got := recover(); got != want {
			t.Errorf("New(nil) panicked with %v, want %q", got, want)
		}
	}()
	corsecho.New(nil)
}

func serve(h http.Handler, method, path, origin, requestMethod string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://api.example.com"+path, nil)
	r.Header.Set("Accept-Encoding", "gzip") // as browsers do
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
