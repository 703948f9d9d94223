package corsgin_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	corsgin "github.com/corskit/corskit/adapters/gin"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// never returns a handler that must not run once asleep is false.
func never(t *testing.T, asleep *bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !*asleep {
			t.Errorf("%s %s runs a handler", c.Request.Method, c.Request.URL.Path)
		}
	}
}

// authenticate turns away what carries no credentials.
func authenticate(c *gin.Context) {
	if c.GetHeader("Authorization") == "" {
		c.AbortWithStatus(401)
	}
}

const (
	fixMount     = "call e.Use(corsgin.New(policy)) before the route is registered, or corsgin.Scopes(e) and then Scope.Group or Scope.Route"
	fixPreflight = "gin runs a group's or a route's own middleware for its routes only: write corsgin.Scopes(e).Group(g, policy) in the place of g.Use(corsgin.New(policy))"
	fixOrder     = "call e.Use(corsgin.New(policy)), or corsgin.Scopes(e), before routes, groups and authentication"
	fixOnce      = "take one of the two away, or use corsgin.Scopes, where the innermost policy decides both"
	fixOpaque    = "give e.Use what corsgin.New returns, in the place of a function that calls it"
)

func TestVerify(t *testing.T) {
	put := config
	put.AllowMethods = []string{"PUT"}
	policy, other := cors.MustNew(put), cors.MustNew(put)
	for _, tt := range []struct {
		name    string
		mount   func(e *gin.Engine, h gin.HandlerFunc)
		without []string
		want    []string
	}{
		{name: "no routes", mount: func(*gin.Engine, gin.HandlerFunc) {}},
		{name: "New", mount: func(e *gin.Engine, h gin.HandlerFunc) {
			e.Use(corsgin.New(policy))
			for _, path := range []string{"/", "/items", "/items/", "/items/:id", "/v:version/x", `/a\:b`, `/a\:b/:c`, "/files/*path", "/with space/é"} {
				e.Any(path, h)
			}
			e.NoRoute(h)
			e.NoMethod(h)
		}},
		{name: "escaped paths", mount: func(e *gin.Engine, h gin.HandlerFunc) {
			e.UseEscapedPath = true
			e.Use(corsgin.New(policy))
			for _, path := range []string{"/caf%C3%A9", "/a%20b", "/x%2Fy", "/:id"} {
				e.PUT(path, h)
			}
		}},
		{name: "middleware that writes the target of the request", mount: func(e *gin.Engine, h gin.HandlerFunc) {
			e.Use(func(c *gin.Context) { c.Request.RequestURI = c.Request.URL.RequestURI() }, corsgin.New(policy))
			e.PUT("/items", h)
		}},
		{name: "middleware that loses the context", mount: func(e *gin.Engine, h gin.HandlerFunc) {
			e.Use(func(c *gin.Context) { c.Request = c.Request.WithContext(context.Background()) }, corsgin.New(policy))
			e.PUT("/items", h)
		}, want: []string{
			"high: PUT /items: CORS-preflight requests get 403 from authentication or the like, and reach no policy: call e.Use(corsgin.New(policy)), or corsgin.Scopes(e), before routes, groups and authentication",
			"low: PUT /items: it cannot be told, without running its handler, whether a policy covers it: give e.Use what corsgin.New returns, in the place of a function that calls it",
		}},
		{name: "New with Seal, authentication after it", mount: func(e *gin.Engine, h gin.HandlerFunc) {
			e.Use(corsgin.New(policy, corsgin.Seal()), authenticate)
			e.PUT("/items", h)
			e.DELETE("/items", h)
		}},
		{name: "a whole server as a group", mount: func(e *gin.Engine, h gin.HandlerFunc) {
			corsgin.Scopes(e).Group(&e.RouterGroup, fromRoutes(nil))
			e.PUT("/items", h)
		}},
		{
			name: "groups in groups and single routes",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				scopes := corsgin.Scopes(e)
				outer := e.Group("/api")
				scopes.Group(outer, policy)
				outer.PUT("/items", h)
				inner := outer.Group("/:tenant/v1")
				scopes.Group(inner, other)
				inner.DELETE("/items", h)
				inner.PUT("/items", h)
				scopes.Route("PUT", "/one", policy)
				scopes.Route("DELETE", "/one", other)
				e.PUT("/one", h)
				e.DELETE("/one", h)
				outer.DELETE("/one", h)
				e.GET("/health", h)
				e.GET("/static/*path", h)
				e.OPTIONS("/one", h)
			},
			without: []string{"/health", "GET /static/*", "OPTIONS /one"},
		},
		{
			name: "a group's own middleware never sees a preflight",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				g := e.Group("/api", corsgin.New(policy))
				g.PUT("/items", h)
			},
			want: []string{"high: PUT /api/items: CORS-preflight requests get 404 from the router, and reach no policy: " + fixPreflight},
		},
		{
			name: "a route's own middleware never sees a preflight",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.HandleMethodNotAllowed = true
				e.PUT("/items", corsgin.New(policy), h)
			},
			want: []string{"high: PUT /items: CORS-preflight requests get 405 from the router, and reach no policy: " + fixPreflight},
		},
		{
			name: "New after the routes",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.PUT("/items", h)
				e.Use(corsgin.New(policy))
			},
			want: []string{"high: PUT /items: CORS-preflight requests are answered, but no policy covers the request itself: " + fixOrder},
		},
		{
			name: "Scopes after the routes",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.PUT("/items", h)
				corsgin.Scopes(e).Route("PUT", "/items", policy)
			},
			want: []string{"high: PUT /items: CORS-preflight requests are answered, but no policy covers the request itself: " + fixOrder},
		},
		{
			name: "authentication before",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.Use(authenticate, corsgin.New(policy))
				e.PUT("/items", h)
			},
			want: []string{
				"high: PUT /items: CORS-preflight requests get 401 from authentication or the like, and reach no policy: " + fixOrder,
				"high: PUT /items: the request itself gets 401 from authentication or the like, and reaches no policy: " + fixOrder,
			},
		},
		{
			name: "nothing",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.GET("/items", h)
			},
			want: []string{
				"high: GET /items: no policy covers it: " + fixMount,
			},
		},
		{
			name: "a route outside of all scopes",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				scopes := corsgin.Scopes(e)
				scopes.Group(e.Group("/api"), policy)
				e.GET("/other", h)
				e.NoRoute(h)
			},
			want: []string{"high: GET /other: no policy covers it: " + fixMount},
		},
		{
			name: "a handler for OPTIONS beside a group's own middleware",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.OPTIONS("/api/items", h)
				e.Group("/api", corsgin.New(policy)).PUT("/items", h)
			},
			without: []string{"OPTIONS /api/items"},
			want:    []string{"high: PUT /api/items: CORS-preflight requests run the application's own handler for OPTIONS: " + fixPreflight},
		},
		{
			name: "a handler for 404 without a policy",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.NoRoute(h)
				e.Group("/api", corsgin.New(policy)).PUT("/items", h)
			},
			want: []string{"high: PUT /api/items: CORS-preflight requests run the application's own handler for OPTIONS: " + fixPreflight},
		},
		{
			name: "a handler for 405 without a policy",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.HandleMethodNotAllowed = true
				e.NoMethod(h)
				e.Group("/api", corsgin.New(policy)).PUT("/items", h)
			},
			want: []string{"high: PUT /api/items: CORS-preflight requests run the application's own handler for OPTIONS: " + fixPreflight},
		},
		{
			name: "a handler for 405 that gin does not run",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.NoMethod(h)
				e.Group("/api", corsgin.New(policy)).PUT("/items", h)
			},
			want: []string{"high: PUT /api/items: CORS-preflight requests get 404 from the router, and reach no policy: " + fixPreflight},
		},
		{
			name: "two policies",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.Use(corsgin.New(policy))
				e.PUT("/items", corsgin.New(other), h)
			},
			want: []string{"high: PUT /items: another policy decides the request itself than answers its CORS-preflight request: " + fixOnce},
		},
		{
			name: "two policies for the whole server",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.Use(corsgin.New(policy), corsgin.New(other))
				e.PUT("/items", h)
			},
			want: []string{"high: PUT /items: another policy decides the request itself than answers its CORS-preflight request: " + fixOnce},
		},
		{
			name: "two policies behind a Scope without one",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				corsgin.Scopes(e)
				e.Use(corsgin.New(policy))
				e.PUT("/items", corsgin.New(other), h)
			},
			want: []string{"high: PUT /items: another policy decides the request itself than answers its CORS-preflight request: " + fixOnce},
		},
		{
			name: "one policy twice",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.Use(corsgin.New(policy), corsgin.New(policy))
				e.PUT("/items", h)
			},
			want: []string{"low: PUT /items: 2 policies decide one after another, of which the last prevails: " + fixOnce},
		},
		{name: "Scopes without a policy for it, then New", mount: func(e *gin.Engine, h gin.HandlerFunc) {
			corsgin.Scopes(e)
			corsgin.Scopes(e)
			e.Use(corsgin.New(policy))
			e.PUT("/items", h)
		}},
		{name: "New, then Scopes without a policy for it", mount: func(e *gin.Engine, h gin.HandlerFunc) {
			e.Use(corsgin.New(policy))
			corsgin.Scopes(e)
			e.PUT("/items", h)
		}},
		{
			name: "middleware that calls ours",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				m := corsgin.New(policy)
				e.Use(func(c *gin.Context) { m(c) })
				e.PUT("/items", h)
			},
			want: []string{"low: PUT /items: it cannot be told, without running its handler, whether a policy covers it: " + fixOpaque},
		},
		{
			name: "a route that another takes all examples from",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.Use(corsgin.New(policy))
				e.PUT("/:any", h)
				e.PUT("/corskit-example", h)
			},
			want: []string{"low: PUT /:any: it cannot be told, without running its handler, whether a policy covers it: " + fixOpaque},
		},
		{
			name: "a route that is listed and covered, and one that is not there",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.Use(corsgin.New(policy))
				e.PUT("/items", h)
			},
			without: []string{"PUT /items", "/gone"},
			want: []string{
				"low: PUT /items: is listed as a route without a policy, and has one: take it off the list",
				"low: /gone: is listed as a route without a policy, and there is no such route: take it off the list",
			},
		},
		{
			name: "methods that no route serves",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.Use(corsgin.New(policy))
				e.DELETE("/items", h)
				e.GET("/items", h)
			},
			want: []string{"low: PUT: a policy allows the method, and no route that it covers serves it: take it out of AllowMethods"},
		},
		{
			name: "escaped colons, and a parameter in their place",
			mount: func(e *gin.Engine, h gin.HandlerFunc) {
				e.PUT(`/a\:b`, h)
				e.Use(corsgin.New(policy))
				e.PUT("/a:b", h)
				e.NoRoute(h)
			},
			want: []string{"high: PUT /a:b: CORS-preflight requests are answered, but no policy covers the request itself: " + fixOrder},
		},
	} {
		for _, served := range []bool{false, true} {
			name := tt.name
			if served {
				name += ", in an engine that has served"
			}
			t.Run(name, func(t *testing.T) {
				e := newEngine()
				asleep := true
				tt.mount(e, never(t, &asleep))
				if served { // gin then takes out what tells colons from parameters
					serve(e, "GET", "/first", "", "")
				}
				asleep = false

				got, err := corsgin.Verify(e, tt.without...)

				if err != nil {
					t.Fatal(err)
				}
				checkFindings(t, got, tt.want)
			})
		}
	}
}

func TestVerifyFindsRedirects(t *testing.T) {
	asleep := false
	e := newEngine()
	e.Use(corsgin.New(cors.MustNew(cors.Config{AllowOrigins: []string{allowed}})))
	e.PUT("/items", never(t, &asleep))
	e.OPTIONS("/items/", never(t, &asleep))

	found, err := corsgin.Verify(e)

	if err != nil || len(found) != 1 {
		t.Fatalf("Verify finds %v, %v; want one finding", found, err)
	}
	if want := `CORS-preflight requests get 307, a redirect to "/items/",`; found[0].Route != "/items" || !strings.HasPrefix(found[0].Problem, want) {
		t.Errorf("the finding is %q, want it to say %s", found[0], want)
	}
	if want := "set e.RedirectTrailingSlash and e.RedirectFixedPath to false, or wrap the engine, as in corshttp.New(policy)(e)"; found[0].Fix != want {
		t.Errorf("the fix is %q, want %q", found[0].Fix, want)
	}
}

func checkFindings(t *testing.T, got []cors.Finding, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("there is no finding %q", want[i])
		case i >= len(want):
			t.Errorf("there is the finding %q, want none", got[i])
		case got[i].String() != want[i]:
			t.Errorf("the finding is\n%q, want\n%q", got[i], want[i])
		}
	}
}

// What is not in the engine's own chains is for corshttp.Verify.
func TestVerifyOutside(t *testing.T) {
	asleep := false
	e := newEngine()
	e.PUT("/items", never(t, &asleep))
	e.DELETE("/items", never(t, &asleep))
	findings, err := corshttp.Verify(corshttp.New(cors.MustNew(config))(e), []string{"PUT /items", "DELETE /items"})
	if err != nil {
		t.Fatal(err)
	}
	checkFindings(t, findings, nil)
}

// Middleware sees probes as requests of no client, and policies are not asked.
func TestVerifyAsksNoPolicy(t *testing.T) {
	asleep, seen := false, 0
	d := &spy{Decider: cors.MustNew(config)}
	e := newEngine()
	e.Use(func(*gin.Context) { seen++ })
	scopes := corsgin.Scopes(e)
	scopes.Group(e.Group("/api"), d)
	for _, method := range []string{"PUT", "DELETE"} {
		e.Handle(method, "/api/items", never(t, &asleep))
		e.Handle(method, "/other", never(t, &asleep))
	}
	if _, err := corsgin.Verify(e); err != nil {
		t.Fatal(err)
	}
	if seen != 8 || d.asked != 0 {
		t.Errorf("the middleware before ran %d times, and the policy was asked %d times; want 8, two for each route, and never", seen, d.asked)
	}
}

// No client can pass for Verify.
func TestProbesOffTheWire(t *testing.T) {
	var stolen context.Context
	e := newEngine()
	e.Use(func(c *gin.Context) {
		// A context is all that a probe has: here is one that was sent before.
		if stolen != nil {
			c.Request = c.Request.WithContext(stolen)
		}
		stolen = c.Request.Context()
	}, corsgin.New(cors.MustNew(config)))
	e.PUT("/items", func(c *gin.Context) { c.Status(200) })
	if _, err := corsgin.Verify(e); err != nil {
		t.Fatal(err)
	}
	checkResponse(t, serve(e, "PUT", "/items", allowed, ""), 200, granted)
}

func TestVerifyLeavesGinAlone(t *testing.T) {
	mode, writer := gin.Mode(), gin.DefaultWriter
	defer func() {
		gin.SetMode(mode)
		gin.DefaultWriter = writer
	}()
	gin.DefaultWriter = io.Discard
	gin.SetMode(gin.DebugMode)
	if _, err := corsgin.Verify(gin.New()); err != nil {
		t.Fatal(err)
	}
	if gin.Mode() != gin.DebugMode {
		t.Errorf("after Verify gin is in %s mode, want it left in debug mode", gin.Mode())
	}
}
