package corsecho_test

import (
	"context"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	corsecho "github.com/corskit/corskit/adapters/echo"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// never is a handler that must not run.
func never(t *testing.T) echo.HandlerFunc {
	return func(c echo.Context) error {
		t.Errorf("the handler of %s %s runs", c.Request().Method, c.Path())
		return nil
	}
}

func authentication(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Header.Get("Authorization") == "" {
			return echo.ErrUnauthorized
		}
		return next(c)
	}
}

// checkFindings checks what Verify finds: each finding begins as one of want.
func checkFindings(t *testing.T, e *echo.Echo, without []string, want ...string) {
	t.Helper()
	findings, err := corsecho.Verify(e, without...)
	if err != nil {
		t.Errorf("Verify fails: %v", err)
	}
	for i, f := range findings {
		if i >= len(want) || !strings.HasPrefix(f.String(), want[i]) {
			t.Errorf("Verify finds %q, which is not expected here", f)
		}
		if f.Fix == "" {
			t.Errorf("Verify finds %q, and says no way to mend it", f)
		}
	}
	if len(findings) < len(want) {
		t.Errorf("Verify finds %d faults, want %d, beginning with %q", len(findings), len(want), want)
	}
}

const opaque = "it cannot be told, without running its handler, whether a policy covers it: mount the policy with e.Use"

func TestVerify(t *testing.T) {
	policy, other := cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, AllowMethods: []string{"PUT"}}), policyFor("other")
	for _, tt := range []struct {
		name    string
		build   func(*echo.Echo, echo.HandlerFunc)
		without []string
		want    []string
	}{
		{"Use", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy))
			e.PUT("/items", h)
			e.GET("/items/:id/of/*", h)
			e.GET("/page:number/items", h)
			e.OPTIONS("/items", h)
			e.GET("/", h)
			e.GET("/slash/", h)
			e.GET(`/v\:1/a b`, h)
			e.RouteNotFound("/*", h)
		}, nil, nil},
		{"Use, sealed, and after the routes, which makes no difference", func(e *echo.Echo, h echo.HandlerFunc) {
			e.PUT("/items", h)
			e.Use(corsecho.New(policy, corsecho.Seal()))
		}, nil, nil},
		{"Pre", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Pre(corsecho.New(policy))
			e.PUT("/items", h)
		}, nil, nil},
		{"Scopes", func(e *echo.Echo, h echo.HandlerFunc) {
			s := corsecho.Scopes(e)
			s.Group(e.Group("/api"), policy)
			s.Route("PUT", "/one", policy)
			e.PUT("/api/items", h)
			e.OPTIONS("/api/items", h)
			e.PUT("/one", h)
			e.GET("/health", h)
		}, []string{"GET /health"}, nil},
		{"parameters that other routes hide in part", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy))
			e.PUT("/:id", h)
			e.PUT("/x", h)
			e.PUT("/1", h)
		}, nil, nil},

		{"outside of every scope", func(e *echo.Echo, h echo.HandlerFunc) {
			corsecho.Scopes(e).Group(e.Group("/api"), policy)
			e.PUT("/api/items", h)
			e.GET("/other", h)
			e.OPTIONS("/other", h)
		}, nil, []string{
			"high: GET /other: no policy covers it: mount the policy with e.Use",
			"high: OPTIONS /other: no policy covers it: mount the policy with e.Use",
		}},
		{"no policy at all", func(e *echo.Echo, h echo.HandlerFunc) {
			e.PUT("/items", h)
		}, nil, []string{
			"high: PUT /items: CORS-preflight requests get 204 from something else, and reach no policy: ",
			"low: PUT /items: " + opaque,
		}},
		{"a route of the application's for OPTIONS, and no policy that can be seen", func(e *echo.Echo, h echo.HandlerFunc) {
			e.PUT("/items", h)
			e.OPTIONS("/items", h)
		}, nil, []string{"low: OPTIONS /items: " + opaque, "low: PUT /items: " + opaque}},
		{"mistake: on a single route, which CORS-preflight requests do not reach", func(e *echo.Echo, h echo.HandlerFunc) {
			e.PUT("/items", h, corsecho.New(policy))
		}, nil, []string{"high: PUT /items: CORS-preflight requests get 204 from something else, and reach no policy: mount the policy with e.Use(corsecho.New(policy))", "low: PUT /items: " + opaque}},
		{"mistake: on a group after its routes", func(e *echo.Echo, h echo.HandlerFunc) {
			g := e.Group("/api")
			g.PUT("/items", h)
			g.Use(corsecho.New(policy))
		}, nil, []string{"low: PUT /api/items: " + opaque}},
		{"mistake: authentication outside", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(authentication, corsecho.New(policy))
			e.PUT("/items", h)
		}, nil, []string{
			"high: PUT /items: CORS-preflight requests get 401 from authentication or the like, and reach no policy: call e.Use(corsecho.New(policy)), or corsecho.Scopes(e), before",
			"high: PUT /items: the request itself gets 401 from authentication or the like, and reaches no policy: call e.Use",
		}},
		{"mistake: authentication outside that lets OPTIONS through", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					if c.Request().Method == "OPTIONS" {
						return next(c)
					}
					return authentication(next)(c)
				}
			}, corsecho.New(policy))
			e.PUT("/items", h)
		}, nil, []string{"high: PUT /items: the request itself gets 401 from authentication or the like, and reaches no policy: call e.Use"}},
		{"authentication inside", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy), authentication)
			e.PUT("/items", h)
		}, nil, nil},
		{"a redirect in Pre", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Pre(middleware.AddTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: 301}))
			e.Use(corsecho.New(policy))
			e.PUT("/items", h)
		}, nil, []string{
			`high: PUT /items: CORS-preflight requests get 301, a redirect to "/items/", and reach`,
			`high: PUT /items: the request itself gets 301, a redirect to "/items/", and reach`,
		}},
		{"twice", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy), authenticated, corsecho.New(policy))
			e.PUT("/items", h)
		}, nil, []string{"low: PUT /items: 2 policies decide one after another, of which the last prevails: take one"}},
		{"two policies", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Pre(corsecho.New(policy))
			corsecho.Scopes(e).Group(e.Group(""), other)
			e.PUT("/items", h)
			e.DELETE("/items", h)
		}, nil, []string{
			"high: DELETE /items: another policy decides the request itself than answers its CORS-preflight request: take one",
			"high: PUT /items: another policy decides the request itself than answers its CORS-preflight request: take one",
		}},
		{"a route that no request reaches", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy))
			e.PUT("/items/:id", h)
			e.PUT("/items/:item", h)
		}, nil, []string{"low: PUT /items/:id: " + opaque}},
		{"middleware that loses the context", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					c.SetRequest(c.Request().WithContext(context.Background()))
					return next(c)
				}
			}, corsecho.New(policy))
			e.PUT("/items", h)
		}, nil, []string{"high: PUT /items: CORS-preflight requests get 403", "low: PUT /items: " + opaque}},
		{"slashes that Pre adds", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy))
			e.Pre(middleware.AddTrailingSlash())
			for _, path := range []string{"/items", "/items/", "/items/:id", "/items/:id/", "/files/*"} {
				e.GET(path, h)
				e.PUT(path, h)
			}
		}, nil, nil},
		{"slashes that Pre removes", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy))
			e.Pre(middleware.RemoveTrailingSlash())
			g := e.Group("/api")
			g.PUT("", h)
			g.PUT("/", h)
			g.GET("", h)
			g.GET("/", h)
		}, nil, nil},
		{"static files of a group", func(e *echo.Echo, h echo.HandlerFunc) {
			s := corsecho.Scopes(e)
			s.Group(e.Group("/assets"), policy)
			e.GET("/assets*", h)
			e.PUT("/assets/upload", h)
		}, nil, nil},
		{"New outside of scopes without a policy", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy))
			corsecho.Scopes(e)
			e.PUT("/items", h)
		}, nil, nil},
		{"a group with a policy, where the scopes have none", func(e *echo.Echo, h echo.HandlerFunc) {
			corsecho.Scopes(e)
			e.Group("/v2", corsecho.New(policy)).PUT("/items", h)
		}, nil, []string{"low: PUT /v2/items: " + opaque}},
		{"a single route with a policy, where the scopes have none", func(e *echo.Echo, h echo.HandlerFunc) {
			corsecho.Scopes(e)
			e.PUT("/items", h, corsecho.New(policy))
		}, nil, []string{"high: PUT /items: no policy covers it"}},
		{"a method that no route serves", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy))
			e.GET("/items", h)
		}, nil, []string{"low: PUT: a policy allows the method, and no route that it covers serves it"}},
		{"listed as without a policy", func(e *echo.Echo, h echo.HandlerFunc) {
			e.Use(corsecho.New(policy))
			e.PUT("/items", h)
		}, []string{"/items", "GET /gone"}, []string{
			"low: PUT /items: is listed as a route without a policy, and has one: ",
			"low: GET /gone: is listed as a route without a policy, and there is no such route: ",
		}},
		{"a group with the application's own answer to what has no route", func(e *echo.Echo, h echo.HandlerFunc) {
			g := e.Group("/api", authenticated)
			g.PUT("/items", h)
			g.RouteNotFound("/*", h)
		}, nil, []string{"low: PUT /api/items: " + opaque}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newServer()
			tt.build(e, never(t))
			checkFindings(t, e, tt.without, tt.want...)
		})
	}
}

// authenticated is middleware that lets everything through.
func authenticated(next echo.HandlerFunc) echo.HandlerFunc { return next }

// Verify must not run what an application has put in the place of echo's answers.
func TestVerifyRunsNoAnswers(t *testing.T) {
	defer func(old echo.HandlerFunc) { echo.NotFoundHandler = old }(echo.NotFoundHandler)
	defer func(old echo.HandlerFunc) { echo.MethodNotAllowedHandler = old }(echo.MethodNotAllowedHandler)
	echo.NotFoundHandler, echo.MethodNotAllowedHandler = never(t), never(t)
	e := newServer()
	e.Group("/api", authenticated).PUT("/items", never(t))
	checkFindings(t, e, nil, "low: PUT /api/items: "+opaque)
}

// What asks within the process must not be taken for what comes from a client.
func TestProbesAreNotServed(t *testing.T) {
	policy := cors.MustNew(config)
	e := newServer()
	e.Use(corsecho.New(policy))
	e.GET("/items", ran)
	checkResponse(t, serve(e, "GET", "/items", allowed, ""), 200, granted)
	o, err := corshttp.SendProbe(e, false, "GET", "/items", 1)
	if err != nil || o.Status != 204 || len(o.Met) != 1 || o.Met[0] != policy {
		t.Errorf("a probe meets %v, %v, want the policy alone", o, err)
	}
}
