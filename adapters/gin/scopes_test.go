package corsgin_test

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"

	corsgin "github.com/corskit/corskit/adapters/gin"
	cors "github.com/corskit/corskit/core"
)

func TestScopesLeaveOtherPathsAlone(t *testing.T) {
	for _, tt := range []struct {
		method, path, requestMethod string
		status                      int
	}{
		{"GET", "/apix", "", 200},
		{"OPTIONS", "/apix", "GET", 405},
		{"DELETE", "/apix", "", 405},
		{"GET", "/apixyz", "", 404},
		{"OPTIONS", "/ap", "GET", 404},
		{"GET", "/", "", 404},
		{"OPTIONS", "/other/api/items", "GET", 404},
		{"OPTIONS", "/t", "GET", 404},
		{"OPTIONS", "/t/", "GET", 404},
		{"GET", "/opt", "", 405},
		{"OPTIONS", "/opt", "", 200},
		{"OPTIONS", "/opt", "PUT", 200},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			decider := &spy{Decider: cors.MustNew(config)}
			e := newEngine()
			e.HandleMethodNotAllowed = true
			scopes := corsgin.Scopes(e)
			for _, path := range []string{"/api", "/t/:tenant"} {
				g := e.Group(path)
				scopes.Group(g, decider)
				g.GET("/items", ok)
			}
			e.GET("/apix", ok)
			e.OPTIONS("/opt", ok)

			w := serve(e, tt.method, tt.path, allowed, tt.requestMethod)

			checkResponse(t, w, tt.status, nil)
			if decider.asked != 0 {
				t.Errorf("the Decider was asked %d times, want never", decider.asked)
			}
		})
	}
}

// Which policy governs is the same for an actual request and for the
// CORS-preflight request that precedes it, whatever routes there are.
func TestScopesFindTheGroup(t *testing.T) {
	groups := []string{"/api", "/api/v1", "/t/:tenant", "/t/admin", "/v:version", "/v:version/x", `/escaped\:colon`, "/files/*path"}
	for _, tt := range []struct {
		name   string
		routes [][2]string
		method string
		path   string
		want   string // the base path of the group that governs, or none
	}{
		{"routed", [][2]string{{"PUT", "/api/items"}}, "PUT", "/api/items", "/api"},
		{"unrouted", nil, "PUT", "/api/items", "/api"},
		{"empty segments", nil, "PUT", "/api//items", "/api"},
		{"longer base path", nil, "PUT", "/api/v1/items", "/api/v1"},
		{"longer base path itself", nil, "PUT", "/api/v1", "/api/v1"},
		{"longer base path as a prefix of a segment", nil, "PUT", "/api/v12", "/api"},
		{"parameter", nil, "PUT", "/t/acme/items", "/t/:tenant"},
		{"empty parameter", nil, "PUT", "/t//items", "/t/:tenant"},
		{"parameter left out", nil, "PUT", "/t/", ""},
		{"text before parameters", nil, "PUT", "/t/admin/items", "/t/admin"},
		{"parameter after text", nil, "PUT", "/v2/items", "/v:version"},
		{"longer base path with a parameter", nil, "PUT", "/v2/x/items", "/v:version/x"},
		{"escaped colon", nil, "PUT", "/escaped:colon/items", `/escaped\:colon`},
		{"escaped colon is no parameter", nil, "PUT", "/escaped2/items", ""},
		{"catch-all", nil, "PUT", "/files/a/b", "/files/*path"},
		{"another case", nil, "PUT", "/API/items", ""},

		{
			"a route beside the group takes the path",
			[][2]string{{"PUT", "/t/:tenant/items"}, {"PUT", "/t/special/items"}},
			"PUT", "/t/special/items", "",
		},
		{
			"a route beside the group takes the path for another method",
			[][2]string{{"PUT", "/t/:tenant/items"}, {"GET", "/t/special/items"}},
			"PUT", "/t/special/items", "/t/:tenant",
		},
		{
			"an OPTIONS route beside the group",
			[][2]string{{"PUT", "/t/:tenant/items"}, {"OPTIONS", "/t/special/items"}},
			"PUT", "/t/special/items", "/t/:tenant",
		},
		{
			"an OPTIONS route in the group, the route beside it",
			[][2]string{{"OPTIONS", "/t/:tenant/items"}, {"PUT", "/t/special/items"}},
			"PUT", "/t/special/items", "",
		},
		{
			"a catch-all beside the group",
			[][2]string{{"PUT", "/api/items"}, {"GET", "/*any"}},
			"GET", "/api/items", "",
		},
		{
			"a parameter takes what another group has as text",
			[][2]string{{"PUT", "/t/:tenant/items"}, {"GET", "/t/admin/items"}},
			"PUT", "/t/admin/items", "/t/:tenant",
		},
		{
			"colons that gin no longer tells from parameters",
			[][2]string{{"PUT", `/api/items\:copy`}, {"PUT", `/api/items\:move`}},
			"PUT", "/api/items:move", "/api",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			e := newEngine()
			e.RedirectTrailingSlash = false
			scopes := corsgin.Scopes(e)
			for _, path := range groups {
				scopes.Group(e.Group(path), decider(func() { asked = append(asked, path) }))
			}
			for _, r := range tt.routes {
				e.Handle(r[0], r[1], ok)
			}

			for _, r := range [][2]string{{tt.method, ""}, {"OPTIONS", tt.method}} {
				asked = nil
				serve(e, r[0], tt.path, allowed, r[1])
				if tt.want == "" && len(asked) > 0 {
					t.Errorf("%s asked %q, want none", r, asked)
				}
				if tt.want != "" && (len(asked) != 1 || asked[0] != tt.want) {
					t.Errorf("%s asked %q, want %s alone", r, asked, tt.want)
				}
			}
		})
	}
}

// Routes with policies of their own go before the groups that they are in.
func TestScopesFindTheRoute(t *testing.T) {
	for _, tt := range []struct{ name, method, path, want string }{
		{"one route", "PUT", "/one", "PUT /one"},
		{"another method of its path", "GET", "/one", ""},
		{"a method of its path without a route", "PATCH", "/one", ""},
		{"below it", "PUT", "/one/two", ""},
		{"its path with a slash", "PUT", "/one/", ""},
		{"another path that begins as it does", "PUT", "/oneself", ""},
		{"PUT of two methods", "PUT", "/two", "PUT /two"},
		{"DELETE of two methods", "DELETE", "/two", "DELETE /two"},
		{"a method in another case", "put", "/two", ""},
		{"a parameter", "PUT", "/p/1", "PUT /p/:id"},
		{"text beside a parameter", "PUT", "/p/text", ""},
		{"an escaped colon", "PUT", "/copy:all", `PUT /copy\:all`},
		{"a catch-all", "PUT", "/rest/a/b", "PUT /rest/*path"},
		{"in a group", "PUT", "/api/one", "PUT /api/one"},
		{"the group beside it", "PUT", "/api/two", "/api"},
		{"another method of its path, in the group", "GET", "/api/one", "/api"},
		{"a method without a route, in the group", "PATCH", "/api/one", "/api"},
		{"an inner group", "PUT", "/api/admin/items", "/api/admin"},
		{"nothing in an inner group", "PUT", "/api/admin/nowhere", "/api/admin"},
		{"nothing in the outer group", "PUT", "/api/nowhere", "/api"},
		{"a parameter in the place of a group", "PUT", "/api/foo", ""},
		{"one of two parameters with one place", "PUT", "/n/1/put", "/n/:first"},
		{"the other of two parameters with one place", "GET", "/n/1/get", "/n/:second"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			tell := func(name string) cors.Decider { return decider(func() { asked = append(asked, name) }) }
			e := newEngine()
			e.RedirectTrailingSlash = false
			scopes := corsgin.Scopes(e)
			for _, path := range []string{"/n/:first", "/n/:second", "/api", "/api/admin"} {
				scopes.Group(e.Group(path), tell(path))
			}
			for _, route := range []string{"PUT /one", "PUT /two", "DELETE /two", "PUT /p/:id", `PUT /copy\:all`, "PUT /rest/*path", "PUT /api/one"} {
				method, path, _ := strings.Cut(route, " ")
				scopes.Route(method, path, tell(route))
				e.Handle(method, path, ok)
			}
			for _, route := range []string{
				"GET /one", "PUT /oneself", "PUT /p/text", "OPTIONS /two", "PUT /api/two", "GET /api/one", "PUT /api/admin/items",
				"PUT /:any/foo", "PUT /n/:first/put", "GET /n/:second/get",
			} {
				method, path, _ := strings.Cut(route, " ")
				e.Handle(method, path, ok)
			}

			for _, r := range [][2]string{{tt.method, ""}, {"OPTIONS", tt.method}} {
				asked = nil
				w := serve(e, r[0], tt.path, allowed, r[1])
				if got := strings.Join(asked, ", "); got != tt.want {
					t.Errorf("%s asked %q, want %q", r, got, tt.want)
				}
				if tt.want == "" && w.Header()["Vary"] != nil {
					t.Errorf("%s has Vary %q, want none outside of all scopes", r, w.Header()["Vary"])
				}
			}
		})
	}
}

// fromRoutes returns a policy with MethodsFromRoutes.
func fromRoutes(methods []string) *cors.Policy {
	return cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, AllowMethods: methods, MethodsFromRoutes: true})
}

func TestMethodsFromRoutes(t *testing.T) {
	for _, tt := range []struct{ name, path, method, want string }{
		{"several", "/items", "PUT", "GET,PUT"},
		{"for a method without a route", "/items", "DELETE", "GET,PUT"},
		{"a route for OPTIONS", "/opt", "PUT", "PUT,OPTIONS"},
		{"all", "/any", "PUT", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS"},
		{"others", "/others", "LOCK", "PUT,LOCK,PURGE"},
		{"a parameter", "/p/1", "PUT", "PUT"},
		{"text for one method, a parameter for another", "/p/text", "PUT", "GET,PUT"},
		{"no route", "/nowhere", "PUT", ""},
		{"a method that another policy governs", "/divided", "GET", "GET"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine()
			e.RedirectTrailingSlash = false
			scopes := corsgin.Scopes(e)
			scopes.Group(&e.RouterGroup, fromRoutes(nil))
			scopes.Route("PUT", "/divided", cors.MustNew(config))
			for _, route := range []string{
				"GET /items", "PUT /items", "OPTIONS /opt", "PUT /opt", "PURGE /others", "PUT /others", "LOCK /others", "PUT /p/:id", "GET /p/text",
				"GET /divided", "PUT /divided",
			} {
				method, path, _ := strings.Cut(route, " ")
				e.Handle(method, path, ok)
			}
			e.Any("/any", ok)

			w := serve(e, "OPTIONS", tt.path, allowed, tt.method)

			want := headers{"Access-Control-Allow-Origin": allowed, "Vary": preflightGranted["Vary"]}
			if tt.want != "" {
				want["Access-Control-Allow-Methods"] = tt.want
			}
			checkResponse(t, w, 204, want)
		})
	}
}

func TestScopesAllocations(t *testing.T) {
	e := gin.New()
	scopes := corsgin.Scopes(e)
	g := e.Group("/api")
	scopes.Group(g, cors.MustNew(config))
	scopes.Route("PUT", "/one", cors.MustNew(config))
	g.GET("/items", func(c *gin.Context) { c.Writer.WriteHeaderNow() })
	r := httptest.NewRequest("GET", "/api/items", nil)
	r.Header.Set("Origin", allowed)
	w := discard{}
	if n := allocations(func() {
		clear(w)
		e.ServeHTTP(w, r)
	}); n > 1 {
		t.Errorf("a request takes %v allocations, want one", n)
	}
}

// decider returns a Decider that calls f.
func decider(f func()) cors.Decider {
	c := config
	c.AllowOrigins = nil
	c.AllowOriginFunc = func(context.Context, string) (bool, error) { f(); return true, nil }
	return cors.MustNew(c)
}

// What the engine takes for the path of a request depends on its fields.
func TestScopesFollowTheRouter(t *testing.T) {
	extra := func(e *gin.Engine) { e.RemoveExtraSlash = true }
	raw := func(e *gin.Engine) { e.UseRawPath = true }
	escaped := func(e *gin.Engine) { e.UseEscapedPath = true }
	for _, tt := range []struct {
		name                    string
		set                     func(*gin.Engine)
		basePath, route, path   string
		status, preflightStatus int
		headers, preflight      headers
	}{
		{"extra slashes, routed", extra, "/t/:tenant", "/t/:tenant/items", "//t//acme/items", 200, 204, granted, preflightGranted},
		{"extra slashes, unrouted", extra, "/t/:tenant", "/t/:tenant/items", "//t//acme/nowhere", 404, 204, granted, preflightGranted},
		{"extra slashes, beside the group", extra, "/t/:tenant", "/t/special", "//t//special", 200, 404, nil, nil},
		{"raw path", raw, "/t/:tenant/x", "/t/:tenant/x/items", "/t/a%2Fb/x/items", 200, 204, granted, preflightGranted},
		{"escaped path", escaped, "/t/:tenant/x", "/t/:tenant/x/items", "/t/a%2Fb/x/items", 200, 204, granted, preflightGranted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine()
			tt.set(e)
			scopes := corsgin.Scopes(e)
			scopes.Group(e.Group(tt.basePath), cors.MustNew(config))
			e.PUT(tt.route, ok)

			checkResponse(t, serve(e, "PUT", tt.path, allowed, ""), tt.status, tt.headers)
			checkResponse(t, serve(e, "OPTIONS", tt.path, allowed, "PUT"), tt.preflightStatus, tt.preflight)
		})
	}
}

// The request is no CORS-preflight request without an Origin header, whatever
// else it has: it is for the route that answers OPTIONS.
func TestScopesWithoutOrigin(t *testing.T) {
	e := newEngine()
	scopes := corsgin.Scopes(e)
	scopes.Group(e.Group("/t/:tenant"), cors.MustNew(config))
	e.OPTIONS("/t/:tenant", ok)
	e.PUT("/t/special", ok)
	checkResponse(t, serve(e, "OPTIONS", "/t/special", "", "PUT"), 200, nothing)
}

func TestScopesLeaveTheRequestAlone(t *testing.T) {
	e := newEngine()
	corsgin.Scopes(e)
	e.PUT("/items/", ok)
	var path string
	e.NoRoute(func(c *gin.Context) { path = c.Request.URL.Path })
	serve(e, "OPTIONS", "/items", allowed, "PUT")
	if path != "/items" {
		t.Errorf("the handler sees the path %q, want /items", path)
	}
}

func TestScopesWithRoutesAddedLater(t *testing.T) {
	e := newEngine()
	scopes := corsgin.Scopes(e)
	scopes.Group(e.Group("/t/:tenant"), cors.MustNew(config))
	e.GET("/", ok)
	checkResponse(t, serve(e, "OPTIONS", "/t/special", allowed, "PUT"), 204, preflightGranted)

	e.GET("/t/special", ok)
	e.PUT("/t/special", ok)
	checkResponse(t, serve(e, "OPTIONS", "/t/special", allowed, "PUT"), 404, nil)
}

func TestScopesAreConcurrent(t *testing.T) {
	e := newEngine()
	scopes := corsgin.Scopes(e)
	g := e.Group("/api")
	scopes.Group(g, cors.MustNew(config))
	g.PUT("/items", ok)

	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			checkResponse(t, serve(e, "OPTIONS", "/api/items", allowed, "PUT"), 204, preflightGranted)
			checkResponse(t, serve(e, "OPTIONS", "/api/nowhere", allowed, "PUT"), 204, preflightGranted)
			checkResponse(t, serve(e, "PUT", "/api/items", allowed, ""), 200, granted)
		})
	}
	group.Wait()
}

// gin prints each route as it is registered, which is enough.
func TestScopesPrintNothing(t *testing.T) {
	writer, mode := gin.DefaultWriter, gin.Mode()
	defer func() {
		gin.DefaultWriter = writer
		gin.SetMode(mode)
	}()
	var printed bytes.Buffer
	gin.DefaultWriter = &printed
	gin.SetMode(gin.DebugMode)
	e := newEngine()
	scopes := corsgin.Scopes(e)
	g := e.Group("/api")
	scopes.Group(g, cors.MustNew(config))
	g.PUT("/items", ok)
	printed.Reset()

	checkResponse(t, serve(e, "OPTIONS", "/api/items", allowed, "PUT"), 204, preflightGranted)

	if printed.Len() > 0 {
		t.Errorf("a preflight printed %q, want nothing", printed.String())
	}
	if gin.Mode() != gin.DebugMode {
		t.Errorf("after a preflight gin is in %s mode, want it left in debug mode", gin.Mode())
	}
}

func TestScopePanics(t *testing.T) {
	policy := cors.MustNew(config)
	for _, tt := range []struct {
		name, want string
		do         func(*gin.Engine)
	}{
		{
			"nil Decider", "corsgin: Scope.Group: the Decider is nil: make one with cors.New",
			func(e *gin.Engine) { corsgin.Scopes(e).Group(e.Group("/api"), nil) },
		},
		{
			"group made too early",
			"corsgin: Scope.Group: the group /api was made before Scopes was called, its routes would have no policy: call Scopes first",
			func(e *gin.Engine) {
				g := e.Group("/api", ok)
				corsgin.Scopes(e).Group(g, policy)
			},
		},
		{
			"two policies", "corsgin: Scope.Group: the base path /api/ has a policy already: give each base path one",
			func(e *gin.Engine) {
				scopes := corsgin.Scopes(e)
				scopes.Group(e.Group("/api"), policy)
				scopes.Group(e.Group("/api/"), policy)
			},
		},
		{
			"no engine", "corsgin: Scopes: the Engine is nil: make one with gin.New",
			func(*gin.Engine) { corsgin.Scopes(nil) },
		},
		{
			"nil Decider for a route", "corsgin: Scope.Route: the Decider is nil: make one with cors.New",
			func(e *gin.Engine) { corsgin.Scopes(e).Route("PUT", "/items", nil) },
		},
		{
			"no path", "corsgin: Scope.Route: the path items is not a full one: begin it with a slash, and with the base path of its group",
			func(e *gin.Engine) { corsgin.Scopes(e).Route("PUT", "items", policy) },
		},
		{
			"two policies for a route", `corsgin: Scope.Route: PUT /a\:b has a policy already: give each route one`,
			func(e *gin.Engine) {
				scopes := corsgin.Scopes(e)
				scopes.Route("GET", `/a\:b`, policy)
				scopes.Route("PUT", "/a:b", policy)
				scopes.Route("PUT", `/a\:b`, policy)
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkPanic(t, tt.want, func() { tt.do(newEngine()) })
		})
	}
}

// An OPTIONS request that no browser takes for a CORS-preflight request runs
// the handler of its own route, so that the policy there has to decide.
func TestScopesFollowTheRouteOfOtherOPTIONS(t *testing.T) {
	for name, header := range map[string][2]string{
		"malformed origin": {"garbage", "PUT"},
		"empty method":     {allowed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			outer, inner := &spy{Decider: cors.MustNew(config)}, &spy{Decider: cors.MustNew(config)}
			e := newEngine()
			scopes := corsgin.Scopes(e)
			any, api := e.Group("/:any"), e.Group("/api")
			scopes.Group(any, outer)
			scopes.Group(api, inner)
			any.OPTIONS("/opt", ok)
			api.PUT("/opt", ok)

			r := httptest.NewRequest("OPTIONS", "/api/opt", nil)
			r.Header["Origin"] = []string{header[0]}
			r.Header["Access-Control-Request-Method"] = []string{header[1]}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)

			if outer.asked != 1 || inner.asked != 0 {
				t.Errorf("the policy of the route that runs was asked %d times, that of the path %d times; want once, never", outer.asked, inner.asked)
			}
		})
	}
}

// gin no longer tells escaped colons from parameters once it serves.
func TestScopesFindEscapedColons(t *testing.T) {
	named := func(host string) *cors.Policy {
		return cors.MustNew(cors.Config{AllowOrigins: []string{"https://" + host + ".example"}, AllowMethods: []string{"PUT"}})
	}
	e := newEngine()
	scopes := corsgin.Scopes(e)
	g := e.Group("/v1")
	scopes.Group(g, named("group"))
	g.PUT("/:name", ok)
	for _, name := range []string{"batch", "get"} {
		g.PUT(`/models\:`+name, ok)
		scopes.Route("PUT", `/v1/models\:`+name, named(name))
	}
	for i := range 2 { // gin takes the escapes out as it serves
		for path, want := range map[string]string{"/v1/models:batch": "batch", "/v1/models:get": "get", "/v1/modelsX": "group", "/v1/x": "group", "/v1/x/y": "group"} {
			for _, host := range []string{"group", "batch", "get"} {
				for _, asked := range []string{"", "PUT"} {
					method := "PUT"
					if asked != "" {
						method = "OPTIONS"
					}
					w := serve(e, method, path, "https://"+host+".example", asked)
					if got := w.Header().Get("Access-Control-Allow-Origin") != ""; got != (host == want) {
						t.Errorf("round %d: %s %s from %s is granted something: %v, though %s decides", i, method, path, host, got, want)
					}
				}
			}
		}
	}
}
