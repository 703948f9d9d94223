package corsgin_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	corsgin "github.com/corskit/corskit/adapters/gin"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

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
	mount        func(*gin.Engine, cors.Decider) gin.IRoutes
}{
	{"New", "", func(e *gin.Engine, d cors.Decider) gin.IRoutes { return e.Use(corsgin.New(d)) }},
	{"group", "/api", scoped("/api")},
	{"group with a slash", "/api", scoped("/api/")},
	{"group with a parameter", "/t/acme", scoped("/t/:tenant")},
	{"group with a parameter after text", "/v1", scoped("/v:version")},
	{"group with an escaped colon", "/a:b", scoped(`/a\:b`)},
	{"group of everything", "", scoped("/")},
	{"New with Seal", "", func(e *gin.Engine, d cors.Decider) gin.IRoutes { return e.Use(corsgin.New(d, corsgin.Seal())) }},
	{"the engine's own group", "", func(e *gin.Engine, d cors.Decider) gin.IRoutes {
		corsgin.Scopes(e, corsgin.Seal()).Group(&e.RouterGroup, d)
		return e
	}},
}

func scoped(path string) func(*gin.Engine, cors.Decider) gin.IRoutes {
	return func(e *gin.Engine, d cors.Decider) gin.IRoutes {
		scopes := corsgin.Scopes(e)
		g := e.Group(path)
		scopes.Group(g, d)
		return g
	}
}

// newEngine returns an engine without routes that recovers from panics.
func newEngine() *gin.Engine {
	e := gin.New()
	e.Use(gin.RecoveryWithWriter(io.Discard))
	return e
}

// addRoutes adds the tests' routes. Each handler says in X-Handler that it ran.
func addRoutes(to gin.IRoutes) {
	for _, r := range []struct {
		method, path string
		answer       gin.HandlerFunc
	}{
		{"GET", "/items", func(c *gin.Context) { c.String(200, "items") }},
		{"PUT", "/items/:id", ok},
		{"PUT", "/put-only", ok},
		{"OPTIONS", "/opt", ok},
		{"GET", "/files/*path", ok},
		{"GET", "/e401", func(c *gin.Context) { c.AbortWithStatus(401) }},
		{"GET", "/e500", func(c *gin.Context) { c.AbortWithStatusJSON(500, "no reason") }},
		{"GET", "/panic", func(*gin.Context) { panic("the handler of /panic panics") }},
	} {
		to.Handle(r.method, r.path, func(c *gin.Context) {
			c.Header("X-Handler", "1")
			r.answer(c)
		})
	}
}

func ok(c *gin.Context) { c.Status(200) }

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
		status        int // 405 is 404 where gin is not asked to tell the difference
		handlerRuns   bool
		headers       headers
	}{
		{"preflight to a routed path", "OPTIONS", "/items", allowed, "GET", 204, false, preflightGranted},
		{"preflight to a path with a parameter", "OPTIONS", "/items/1", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to a PUT-only path", "OPTIONS", "/put-only", allowed, "PUT", 204, false, preflightGranted},
		{"preflight for a method without a route", "OPTIONS", "/put-only", allowed, "DELETE", 204, false, preflightGranted},
		{"preflight for an unknown method", "OPTIONS", "/put-only", allowed, "frob", 204, false, preflightGranted},
		{"preflight to an unrouted path", "OPTIONS", "/nowhere", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to a path with an OPTIONS route", "OPTIONS", "/opt", allowed, "PUT", 204, false, preflightGranted},
		{"preflight for OPTIONS", "OPTIONS", "/opt", allowed, "OPTIONS", 204, false, preflightGranted},
		{"preflight to a catch-all", "OPTIONS", "/files/a/b", allowed, "GET", 204, false, preflightGranted},
		{"preflight to the mount itself", "OPTIONS", "", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to the mount's slash", "OPTIONS", "/", allowed, "PUT", 204, false, preflightGranted},
		{"refused preflight to a routed path", "OPTIONS", "/items", refused, "GET", 403, false, preflightRefused},
		{"refused preflight to a PUT-only path", "OPTIONS", "/put-only", refused, "PUT", 403, false, preflightRefused},
		{"refused preflight to an unrouted path", "OPTIONS", "/nowhere", refused, "PUT", 403, false, preflightRefused},

		{"OPTIONS without a requested method", "OPTIONS", "/opt", allowed, "", 200, true, granted},
		{"OPTIONS without an origin", "OPTIONS", "/opt", "", "PUT", 200, true, nothing},
		{"OPTIONS without a route", "OPTIONS", "/items", allowed, "", 405, false, granted},

		{"routed request", "GET", "/items", allowed, "", 200, true, granted},
		{"routed request from a refused origin", "GET", "/items", refused, "", 200, true, nothing},
		{"routed request without an origin", "GET", "/items", "", "", 200, true, nothing},
		{"routed request for PUT", "PUT", "/items/1", allowed, "", 200, true, granted},
		{"request to a catch-all", "GET", "/files/a/b", allowed, "", 200, true, granted},
		{"unrouted path", "GET", "/nowhere", allowed, "", 404, false, granted},
		{"unrouted method", "DELETE", "/items", allowed, "", 405, false, granted},
		{"unknown method", "FROB", "/items", allowed, "", 405, false, granted},
		{"the mount itself", "GET", "", allowed, "", 404, false, granted},
		{"the mount's slash", "GET", "/", allowed, "", 404, false, granted},
		{"handler that answers 401", "GET", "/e401", allowed, "", 401, true, granted},
		{"handler that answers 500", "GET", "/e500", allowed, "", 500, true, granted},
		{"handler that panics", "GET", "/panic", allowed, "", 500, true, granted},
	} {
		for _, m := range mounts {
			for _, with405 := range []bool{true, false} {
				name := m.name + "/"
				if with405 {
					name = m.name + " with 405/"
				}
				t.Run(name+tt.name, func(t *testing.T) {
					decider := &spy{Decider: cors.MustNew(config)}
					e := newEngine()
					e.HandleMethodNotAllowed = with405
					if tt.path == "/" {
						// gin would redirect some of these before any middleware runs.
						e.RedirectTrailingSlash = false
					}
					addRoutes(m.mount(e, decider))

					w := serve(e, tt.method, m.prefix+tt.path, tt.origin, tt.requestMethod)

					status := tt.status
					if status == 405 && !with405 {
						status = 404
					}
					checkResponse(t, w, status, tt.headers)
					if ran := w.Header().Get("X-Handler") != ""; ran != tt.handlerRuns {
						t.Errorf("the handler ran: %t, want %t", ran, tt.handlerRuns)
					}
					if decider.asked != 1 {
						t.Errorf("the Decider was asked %d times, want once", decider.asked)
					}
					if tt.requestMethod != "" && tt.origin != "" {
						checkOwnAnswer(t, w)
					}
				})
			}
		}
	}
}

func TestRejectDisallowed(t *testing.T) {
	c := config
	c.RejectDisallowed = true
	for _, m := range mounts {
		for _, method := range []string{"GET", "DELETE"} {
			t.Run(m.name+"/"+method, func(t *testing.T) {
				e := newEngine()
				e.HandleMethodNotAllowed = true
				addRoutes(m.mount(e, cors.MustNew(c)))

				w := serve(e, method, m.prefix+"/items", refused, "")

				checkResponse(t, w, 403, nothing)
				checkOwnAnswer(t, w)
			})
		}
	}
}

// checkOwnAnswer checks that neither a handler nor gin has added to the answer.
func checkOwnAnswer(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Header().Get("X-Handler") != "" {
		t.Error("the handler ran, and must not")
	}
	if w.Body.Len() != 0 {
		t.Errorf("the answer has the body %q, want none", w.Body)
	}
	if allow := w.Header().Get("Allow"); allow != "" {
		t.Errorf("the answer tells the methods %q, want none", allow)
	}
}

func TestVaryIsMerged(t *testing.T) {
	for _, tt := range []struct{ name, before, want string }{
		{"another member", "Accept-Encoding", "Accept-Encoding, Origin"},
		{"the same member", "Accept-Encoding, origin", "Accept-Encoding, origin"},
		{"every member", "*", "*"},
	} {
		for _, m := range mounts {
			t.Run(m.name+"/"+tt.name, func(t *testing.T) {
				e := newEngine()
				e.Use(func(c *gin.Context) { c.Header("Vary", tt.before) })
				addRoutes(m.mount(e, cors.MustNew(config)))

				want := maps.Clone(granted)
				want["Vary"] = tt.want
				checkResponse(t, serve(e, "GET", m.prefix+"/items", allowed, ""), 200, want)
			})
		}
	}
}

func TestResponsesShareNoSlices(t *testing.T) {
	c := config
	c.AllowOrigins = []string{allowed, "https://two.example.com"}
	for _, m := range mounts {
		t.Run(m.name, func(t *testing.T) {
			e := newEngine()
			e.Use(func(c *gin.Context) {
				c.Next()
				for _, values := range c.Writer.Header() {
					values[0] = "spoiled"
				}
			})
			addRoutes(m.mount(e, cors.MustNew(c)))
			for _, origin := range c.AllowOrigins {
				want := maps.Clone(granted)
				want["Access-Control-Allow-Origin"] = origin
				checkResponse(t, serve(e, "GET", m.prefix+"/items", origin, ""), 200, want)
				want = maps.Clone(preflightGranted)
				want["Access-Control-Allow-Origin"] = origin
				checkResponse(t, serve(e, "OPTIONS", m.prefix+"/items", origin, "PUT"), 204, want)
			}
		})
	}
}

// The package comment and the README warn of these.
func TestMistakes(t *testing.T) {
	policy := cors.MustNew(config)

	t.Run("a group's own middleware sees no preflight", func(t *testing.T) {
		e := newEngine()
		e.Group("/api", corsgin.New(policy)).PUT("/items", ok)
		checkResponse(t, serve(e, "OPTIONS", "/api/items", allowed, "PUT"), 404, nil)
		checkResponse(t, serve(e, "PUT", "/api/items", allowed, ""), 200, granted)
	})
	t.Run("New after the routes leaves them out", func(t *testing.T) {
		e := newEngine()
		e.PUT("/items", ok)
		e.Use(corsgin.New(policy))
		checkResponse(t, serve(e, "OPTIONS", "/items", allowed, "PUT"), 204, preflightGranted)
		checkResponse(t, serve(e, "PUT", "/items", allowed, ""), 200, nil)
	})
	t.Run("Scopes after the routes leaves them out", func(t *testing.T) {
		e := newEngine()
		e.PUT("/api/items", ok)
		scopes := corsgin.Scopes(e)
		scopes.Group(e.Group("/api"), policy)
		checkResponse(t, serve(e, "OPTIONS", "/api/items", allowed, "PUT"), 204, preflightGranted)
		checkResponse(t, serve(e, "PUT", "/api/items", allowed, ""), 200, nil)
	})
	t.Run("gin redirects before any middleware", func(t *testing.T) {
		e := newEngine()
		e.Use(corsgin.New(policy))
		e.GET("/items", ok)
		checkResponse(t, serve(e, "GET", "/items/", allowed, ""), 301, nil)

		e = newEngine()
		e.GET("/items", ok)
		whole := corshttp.New(policy)(e)
		checkResponse(t, serve(whole, "GET", "/items/", allowed, ""), 301, granted)
		checkResponse(t, serve(whole, "OPTIONS", "/items/", allowed, "PUT"), 204, preflightGranted)
	})
}

func TestNewPanics(t *testing.T) {
	checkPanic(t, "corsgin: New: the Decider is nil: make one with cors.New", func() { corsgin.New(nil) })
	checkPanic(t, "corsgin: New: the policy has MethodsFromRoutes, and gin's middleware cannot ask the router: write corsgin.Scopes(e).Group(&e.RouterGroup, policy), or list AllowMethods",
		func() { corsgin.New(fromRoutes(nil)) })
}

func checkPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("the panic is %v, want %q", got, want)
		}
	}()
	f()
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
