package corsecho_test

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v5"

	corsecho "github.com/corskit/corskit/adapters/echov5"
	cors "github.com/corskit/corskit/core"
)

// What the versions of echo call by different names.

// responseOf returns echo's own response.
func responseOf(c *echo.Context) *echo.Response {
	r, err := echo.UnwrapResponse(c.Response())
	if err != nil {
		panic(err)
	}
	return r
}

// writerOf returns the writer below echo's own response.
func writerOf(c *echo.Context) http.ResponseWriter { return responseOf(c).ResponseWriter }

func hijackerOf(c *echo.Context) http.Hijacker { return responseOf(c) }

func beforeWriting(c *echo.Context, do func()) { responseOf(c).Before(do) }

// failNow answers as echo answers errors.
func failNow(c *echo.Context, err error) { c.Echo().HTTPErrorHandler(c, err) }

// With AutoHandleHEAD a route for GET serves HEAD, and decides about it.
func TestScopesAutoHandleHEAD(t *testing.T) {
	e := echo.NewWithConfig(echo.Config{
		Logger: slog.New(slog.DiscardHandler),
		Router: echo.NewRouter(echo.RouterConfig{AutoHandleHEAD: true}),
	})
	for _, options := range [][]corsecho.Option{nil, {corsecho.Seal()}} {
		s := corsecho.Scopes(e, options...)
		s.Route("GET", "/one", cors.MustNew(config))
	}
	e.GET("/one", ran)
	checkResponse(t, serve(e, "HEAD", "/one", allowed, ""), 200, granted)
	checkResponse(t, serve(e, "OPTIONS", "/one", allowed, "HEAD"), 204, preflightGranted)
}

// The headers of HEAD are kept back until the handler of GET is done.
func TestSealOfAutoHandleHEAD(t *testing.T) {
	for _, m := range mounts {
		e := echo.NewWithConfig(echo.Config{
			Logger: slog.New(slog.DiscardHandler),
			Router: echo.NewRouter(echo.RouterConfig{AutoHandleHEAD: true}),
		})
		m.mount(e, corsecho.New(cors.MustNew(config), corsecho.Seal())).Add("GET", "/spoiled", func(c *echo.Context) error {
			spoil(c.Response().Header())
			err := c.String(200, "body")
			spoil(c.Response().Header())
			return err
		})
		w := serve(e, "HEAD", m.prefix+"/spoiled", allowed, "")
		checkResponse(t, w, 200, sealed)
		if w.Header().Get("Content-Length") != "4" {
			t.Errorf("%s: the answer to HEAD has the length %q, want that of GET", m.name, w.Header().Get("Content-Length"))
		}
	}
}

// A route for any method is one for each.
func TestScopesOfAny(t *testing.T) {
	e := newServer()
	s := corsecho.Scopes(e)
	s.Route(echo.RouteAny, "/any", cors.MustNew(config))
	s.Route("PUT", "/any", policyFor("put"))
	s.Group(e.Group("/api"), policyFor("api"))
	e.Any("/any", ran)
	e.Any("/api/any", ran)
	checkResponse(t, serve(e, "FROB", "/any", allowed, ""), 200, granted)
	checkResponse(t, serve(e, "OPTIONS", "/any", allowed, "FROB"), 204, preflightGranted)
	checkResponse(t, serve(e, "PUT", "/any", allowed, ""), 200, nothing)
	checkResponse(t, serve(e, "OPTIONS", "/any", allowed, "PUT"), 403, preflightRefused)
	if got := serve(e, "OPTIONS", "/api/any", "https://api.example", "DELETE").Code; got != 204 {
		t.Errorf("the CORS-preflight request for a route for any method gets %d, want 204", got)
	}
}

// The router takes the names of these for methods; nothing is served for them.
func TestMethodsOfEchosOwn(t *testing.T) {
	e := newServer()
	corsecho.Scopes(e).Group(e.Group("/api"), policyFor("api"))
	g := e.Group("/api/x", func(next echo.HandlerFunc) echo.HandlerFunc { return next })
	g.PUT("/items", ran)
	for _, method := range []string{echo.RouteNotFound, echo.RouteAny} {
		if got := serve(e, "OPTIONS", "/api/x/items", "https://api.example", method).Code; got != 204 {
			t.Errorf("the CORS-preflight request for %s gets %d, want 204", method, got)
		}
	}
}

func TestScopesWithVerbs(t *testing.T) {
	groups := []struct{ path, policy string }{{`/items/:id\:cancel`, "one"}, {"/items/:id", "api"}}
	for range 2 { // in both orders, as the longer one governs either way
		slices.Reverse(groups)
		e := newServer()
		s := corsecho.Scopes(e)
		for _, g := range groups {
			s.Group(e.Group(g.path), policyFor(g.policy))
		}
		e.PUT(`/items/:id\:cancel`, ran)
		e.PUT("/items/:id", ran)
		for _, tt := range []struct{ method, path, policy string }{
			{"PUT", "/items/7:cancel", "one"},
			{"PUT", "/items/7", "api"},
			{"PUT", "/items/:cancel", "api"},
			{"PUT", "/items/7:cancel/now", "api"}, // echo takes all of it for the parameter
			{"GET", "/items/7:cancel", "one"},
			{"GET", "/items/7:cancel/now", "one"},
			{"GET", "/items/7", "api"},
			{"GET", "/items/:cancel", "api"},
		} {
			origin := "https://" + tt.policy + ".example"
			for _, method := range []string{tt.method, "OPTIONS"} {
				if got := serve(e, method, tt.path, origin, tt.method).Header().Get("Access-Control-Allow-Origin"); got != origin {
					t.Errorf("%s %s is granted to %q, want %q", method, tt.path, got, origin)
				}
			}
		}
	}
}

// Methods of routes for any are those that echo is asked for.
func TestMethodsFromRoutesForAny(t *testing.T) {
	e := newServer()
	e.Use(corsecho.New(cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, MethodsFromRoutes: true})))
	e.Any("/any", ran)
	long := "P" + strings.Repeat("A", 64)
	for asked, want := range map[string]string{
		"PUT":         "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS",
		"FROB":        "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS,FROB",
		long[:64]:     "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS," + long[:64],
		long:          "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS",
		echo.RouteAny: "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS," + echo.RouteAny, // as the router takes it for a method
	} {
		if got := serve(e, "OPTIONS", "/any", allowed, asked).Header().Get("Access-Control-Allow-Methods"); got != want {
			t.Errorf("asked for %s, the methods are %q, want %q", asked, got, want)
		}
	}
}

// Of groups and routes Verify sees what their middleware begins with.
func TestVerifyGroups(t *testing.T) {
	policy, other := cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, AllowMethods: []string{"PUT"}}), policyFor("other")
	for _, tt := range []struct {
		name  string
		build func(*echo.Echo, echo.HandlerFunc)
		want  []string
	}{
		{"on a group", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Group("/api", corsecho.New(policy), authentication).PUT("/items", h)
		}, nil},
		{"on a group, with a route for OPTIONS", func(e *echo.Echo, h echo.HandlerFunc) {
			g := e.Group("/api", corsecho.New(policy))
			g.PUT("/items", h)
			g.OPTIONS("/items", h)
		}, nil},
		{"on a route for any method", func(e *echo.Echo, h echo.HandlerFunc) { e.Any("/items", h, corsecho.New(policy)) }, nil},
		{"on the server and on a group", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(other))
			e.Group("/api", corsecho.New(policy)).PUT("/items", h)
			e.DELETE("/other", h)
		}, []string{"high: PUT /api/items: another policy decides the request itself than answers its CORS-preflight request: "}},
		{"on a group in a group", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Group("/api", corsecho.New(other)).Group("/public", corsecho.New(policy)).PUT("/items", h)
		}, []string{
			"high: PUT /api/public/items: another policy decides the request itself than answers its CORS-preflight request: ",
			"low: DELETE: a policy allows the method, and no route that it covers serves it: ",
		}},
		{"on a group, behind authentication", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Group("/api", authentication, corsecho.New(policy)).PUT("/items", h)
		}, []string{"low: PUT /api/items: " + opaque}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newServer()
			tt.build(e, never(t))
			checkFindings(t, e, nil, tt.want...)
		})
	}
}

// A writer that hides echo's response is sealed from outside.
func TestSealAroundWhatHidesTheResponse(t *testing.T) {
	e := newServer()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.SetResponse(struct{ http.ResponseWriter }{c.Response()})
			return next(c)
		}
	})
	e.Use(corsecho.New(cors.MustNew(config), corsecho.Seal()))
	e.GET("/", func(c *echo.Context) error {
		spoil(c.Response().Header())
		return c.String(200, "body")
	})
	checkResponse(t, serve(e, "GET", "/", allowed, ""), 200, sealed)
}
