package corsecho_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	corsecho "github.com/corskit/corskit/adapters/echov5"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// policyFor returns a policy that allows the one origin by which tests tell it.
func policyFor(name string) *cors.Policy {
	return cors.MustNew(cors.Config{AllowOrigins: []string{"https://" + name + ".example"}, AllowMethods: []string{"PUT", "DELETE"}})
}

// policies are those of scopedServer.
var policies = []string{"api", "admin", "files", "tenant", "acme", "one", "put", "delete"}

// ran is a handler that says which route it is of.
func ran(c *echo.Context) error {
	c.Response().Header().Set("X-Route", c.Path())
	return c.NoContent(200)
}

// scopedServer returns a server with groups of every kind.
func scopedServer(options ...corsecho.Option) *echo.Echo {
	e := newServer()
	early := e.Group("/api/early") // groups and routes may be there before
	early.PUT("/items", ran)
	s := corsecho.Scopes(e, options...)
	api := e.Group("/api")
	s.Group(api, policyFor("api"))
	s.Group(api.Group("/admin"), policyFor("admin"))
	s.Group(e.Group("/api/files/"), policyFor("files"))
	s.Group(e.Group("/t/:tenant"), policyFor("tenant"))
	s.Group(e.Group("/t/acme"), policyFor("acme"))
	s.Route("PUT", "/one", policyFor("one"))
	s.Route("PUT", "two/:id", policyFor("put"))
	s.Route("DELETE", "/two/:id", policyFor("delete"))
	s.Route("PUT", "/api/single", policyFor("one"))

	api.GET("/items", ran)
	api.PUT("/items", ran)
	api.PUT("/single", ran)
	api.GET("/all/*", ran) // which hides the not-found routes of groups
	api.GET("/own", ran)
	api.OPTIONS("/own", ran)
	api.GET("/fail", func(*echo.Context) error { return echo.NewHTTPError(418, "") })
	e.PUT("/api/flat", ran)
	e.PUT("/api/admin/users/:id", ran)
	e.GET("/api/files/*", ran)
	e.PUT("/:any/foo", ran)
	e.PUT("/t/:name/items", ran)
	e.PUT("/t/acme/items", ran)
	e.GET("/one", ran)
	e.PUT("/one", ran)
	e.PUT("/two/:id", ran)
	e.DELETE("/two/:id", ran)
	e.PUT("/apix", ran)
	e.GET("/other", ran)
	e.OPTIONS("/other", ran)
	withMiddleware := e.Group("/api/mw", func(next echo.HandlerFunc) echo.HandlerFunc { return next })
	withMiddleware.PUT("/items", ran)
	return e
}

func TestScopes(t *testing.T) {
	for _, tt := range []struct {
		name, method, path string
		policy             string // the one that decides, if any
		status             int    // of the request itself
	}{
		{"a route of a group", "GET", "/api/items", "api", 200},
		{"another method of it", "PUT", "/api/items", "api", 200},
		{"a route made from the server", "PUT", "/api/flat", "api", 200},
		{"a route of a group made before", "PUT", "/api/early/items", "api", 200},
		{"a method without a route", "DELETE", "/api/items", "api", 405},
		{"a method that nobody knows", "FROB", "/api/items", "api", 405},
		{"HEAD where there is GET alone", "HEAD", "/api/items", "api", 405},
		{"an unrouted path", "PUT", "/api/nowhere", "api", 404},
		{"the prefix itself", "PUT", "/api", "api", 404},
		{"the prefix with a slash", "PUT", "/api/", "api", 404},
		{"a route with a wildcard", "GET", "/api/all/x/y", "api", 200},
		{"another method below a wildcard", "PUT", "/api/all/x/y", "api", 405},
		{"a handler that fails", "GET", "/api/fail", "api", 418},
		{"a route for OPTIONS beside", "GET", "/api/own", "api", 200},
		{"a group with middleware, which answers 404", "PUT", "/api/mw/nowhere", "api", 404},
		{"a method without a route in it", "DELETE", "/api/mw/items", "api", 404},

		{"a group in a group", "PUT", "/api/admin/users/1", "admin", 200},
		{"an unrouted path in it", "PUT", "/api/admin/nowhere", "admin", 404},
		{"a method without a route in it", "GET", "/api/admin/users/1", "admin", 405},
		{"its prefix", "GET", "/api/admin", "admin", 404},
		{"no more than a name in common with it", "GET", "/api/administrator", "api", 404},
		{"a prefix with a slash at its end", "GET", "/api/files/x", "files", 200},
		{"another method below a wildcard there", "PUT", "/api/files/x", "files", 405},

		{"a prefix with a parameter, by another name", "PUT", "/t/any/items", "tenant", 200},
		{"an unrouted path in it", "PUT", "/t/any/nowhere", "tenant", 404},
		{"the prefix with the parameter alone", "PUT", "/t/any", "tenant", 404},
		{"an empty parameter", "PUT", "/t//items", "tenant", 200},
		{"an empty parameter, unrouted", "PUT", "/t//nowhere", "tenant", 404},
		{"a prefix with text in the parameter's place", "PUT", "/t/acme/items", "acme", 200},
		{"an unrouted path in it", "PUT", "/t/acme/nowhere", "acme", 404},
		{"no parameter", "PUT", "/t/", "", 404},
		{"nothing but the literal", "PUT", "/t", "", 404},

		{"one route", "PUT", "/one", "one", 200},
		{"another method of its path", "GET", "/one", "", 200},
		{"a method without a route of its path", "DELETE", "/one", "", 405},
		{"a path below it", "PUT", "/one/more", "", 404},
		{"one method of a path", "PUT", "/two/1", "put", 200},
		{"another method of a path", "DELETE", "/two/1", "delete", 200},
		{"a route in a group", "PUT", "/api/single", "one", 200},
		{"another method of a route in a group", "GET", "/api/single", "api", 405},

		{"a longer name", "PUT", "/apix", "", 200},
		{"a longer name, unrouted", "PUT", "/apix/items", "", 404},
		{"a shorter name", "PUT", "/ap", "", 404},
		{"a route that takes the prefix for a parameter", "PUT", "/api/foo", "", 200},
		{"the same where it has another method", "GET", "/api/foo", "api", 405},
		{"a route outside", "GET", "/other", "", 200},
		{"the root", "GET", "/", "", 404},
		{"an empty segment in front", "GET", "//api/items", "", 404},
	} {
		for _, asking := range policies {
			t.Run(tt.name+"/"+asking, func(t *testing.T) {
				e := scopedServer()
				origin := "https://" + asking + ".example"

				w := serve(e, tt.method, tt.path, origin, "")
				want, status := headers(nil), tt.status
				if tt.policy == asking {
					want = headers{"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
				} else if tt.policy != "" {
					want = nothing
				}
				checkResponse(t, w, status, want)

				w = serve(e, "OPTIONS", tt.path, origin, tt.method)
				if tt.policy == "" {
					for name := range w.Header() {
						if name == "Vary" || strings.HasPrefix(name, "Access-Control-") {
							t.Errorf("the answer to OPTIONS has %s, which comes from no policy here", name)
						}
					}
					return
				}
				want, status = preflightRefused, 403
				if tt.policy == asking {
					want, status = headers{"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": "PUT,DELETE", "Vary": preflightRefused["Vary"]}, 204
				}
				checkResponse(t, w, status, want)
				if route := w.Header().Get("X-Route"); route != "" {
					t.Errorf("the CORS-preflight request reached the handler of %s", route)
				}
			})
		}
	}
}

// An OPTIONS request that asks for nothing is one like any other.
func TestScopesLetOPTIONSThrough(t *testing.T) {
	for _, tt := range []struct {
		path, origin string
		status       int
		headers      headers
	}{
		{"/api/own", "https://api.example", 200, headers{"Access-Control-Allow-Origin": "https://api.example", "Vary": "Origin"}},
		{"/api/own", "https://admin.example", 200, nothing},
		{"/api/items", "https://api.example", 204, headers{"Access-Control-Allow-Origin": "https://api.example", "Vary": "Origin"}},
		{"/other", "https://api.example", 200, nil},
	} {
		t.Run(tt.path+" from "+tt.origin, func(t *testing.T) {
			checkResponse(t, serve(scopedServer(), "OPTIONS", tt.path, tt.origin, ""), tt.status, tt.headers)
		})
	}
}

func TestScopesOfEverything(t *testing.T) {
	for _, prefix := range []string{"", "/"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			e := newServer()
			corsecho.Scopes(e).Group(e.Group(prefix), cors.MustNew(config))
			addRoutes(e)
			checkResponse(t, serve(e, "OPTIONS", "/put-only", allowed, "PUT"), 204, preflightGranted)
			checkResponse(t, serve(e, "PUT", "/put-only", allowed, ""), 200, granted)
			checkResponse(t, serve(e, "GET", "/nowhere", allowed, ""), 404, granted)
			checkResponse(t, serve(e, "GET", "/panic", allowed, ""), 500, granted)
			checkResponse(t, serve(e, "OPTIONS", "*", allowed, "PUT"), 204, preflightGranted)
		})
	}
}

// Where a prefix has parameters after text, or colons that are none, routes and
// paths match it as echo has it.
func TestScopesWithOddPrefixes(t *testing.T) {
	for _, tt := range []struct{ prefix, inside, outside string }{
		{`/v\:1`, "/v:1/nowhere", "/v/nowhere"},
		{"/team-:id", "/team-7/nowhere", "/team/nowhere"},
		{"/team-:id", "/team-7", "/team-"},
		{"/files/*", "/files/any/thing", "/file/any"},
		{"/files/a*", "/files/any/thing", "/files/thing"},
		{"noslash", "/noslash/x", "/nos/x"},
	} {
		t.Run(tt.prefix, func(t *testing.T) {
			e := newServer()
			g := e.Group(tt.prefix)
			corsecho.Scopes(e).Group(g, cors.MustNew(config))
			g.PUT("/items", ran)
			for path, want := range map[string]headers{tt.inside: granted, tt.outside: nil} {
				w := serve(e, "GET", path, allowed, "")
				checkResponse(t, w, w.Code, want)
				if w.Code != 404 && w.Code != 405 {
					t.Errorf("%s leads to a route, and should not: %d", path, w.Code)
				}
			}
		})
	}
	e := newServer()
	g := e.Group(`/v\:1/:id`)
	corsecho.Scopes(e).Group(g, cors.MustNew(config))
	g.PUT("/items", ran)
	checkResponse(t, serve(e, "PUT", "/v:1/7/items", allowed, ""), 200, granted)
	checkResponse(t, serve(e, "OPTIONS", "/v:1/7/items", allowed, "PUT"), 204, preflightGranted)
}

// echo says not to add routes once it serves. Whoever does so in a test gets what
// they expect all the same.
func TestScopesSeeLaterRoutes(t *testing.T) {
	e := newServer()
	s := corsecho.Scopes(e)
	s.Group(e.Group("/api"), policyFor("api"))
	s.Group(e.Group("/api/:what"), policyFor("admin"))
	e.GET("/api/first", ran)
	for _, origin := range []string{"https://api.example", "https://admin.example"} {
		serve(e, "PUT", "/api/later", origin, "")
		serve(e, "OPTIONS", "/api/later", origin, "PUT")
	}
	e.PUT("/api/later", ran)
	want := headers{"Access-Control-Allow-Origin": "https://api.example", "Vary": "Origin"}
	checkResponse(t, serve(e, "PUT", "/api/later", "https://api.example", ""), 200, want)
	if w := serve(e, "OPTIONS", "/api/later", "https://api.example", "PUT"); w.Code != 204 {
		t.Errorf("the CORS-preflight request for a route that was added later gets %d, want 204", w.Code)
	}
}

func TestScopesAskOnce(t *testing.T) {
	e := newServer()
	decider := &spy{Decider: cors.MustNew(config)}
	corsecho.Scopes(e).Group(e.Group("/api"), decider)
	e.PUT("/api/items", ran)
	e.PUT("/other", ran)
	serve(e, "OPTIONS", "/api/items", allowed, "PUT")
	serve(e, "PUT", "/api/items", allowed, "")
	serve(e, "PUT", "/other", allowed, "")
	if decider.asked != 2 {
		t.Errorf("the Decider was asked %d times about two requests", decider.asked)
	}
}

func TestScopesBeforeAuthentication(t *testing.T) {
	authentication := func(echo.HandlerFunc) echo.HandlerFunc {
		return func(*echo.Context) error { return echo.ErrUnauthorized }
	}
	e := newServer()
	corsecho.Scopes(e).Group(e.Group("/api"), cors.MustNew(config))
	e.Use(authentication)
	e.PUT("/api/items", ran)
	checkResponse(t, serve(e, "OPTIONS", "/api/items", allowed, "PUT"), 204, preflightGranted)
	checkResponse(t, serve(e, "PUT", "/api/items", allowed, ""), 401, granted)
}

// Redirects of Pre go out before; what is around the server covers them.
func TestOutside(t *testing.T) {
	e := newServer()
	e.Pre(middleware.RemoveTrailingSlashWithConfig(middleware.RemoveTrailingSlashConfig{RedirectCode: 301}))
	addRoutes(e)
	around := corshttp.New(cors.MustNew(config))(e)
	checkResponse(t, serve(around, "GET", "/items/", allowed, ""), 301, granted)
	checkResponse(t, serve(around, "GET", "/items", allowed, ""), 200, granted)
	checkResponse(t, serve(around, "GET", "/nowhere", allowed, ""), 404, granted)
	checkResponse(t, serve(around, "OPTIONS", "/put-only/", allowed, "PUT"), 204, preflightGranted)
}

func TestScopesPanics(t *testing.T) {
	e := newServer()
	s := corsecho.Scopes(e)
	s.Group(e.Group("/api"), cors.MustNew(config))
	s.Group(e.Group("/t/:a"), cors.MustNew(config))
	s.Route("PUT", "/one", cors.MustNew(config))
	for _, tt := range []struct {
		name string
		call func()
		want string
	}{
		{"no Echo", func() { corsecho.Scopes(nil) }, "corsecho: Scopes: the Echo is nil: make one with echo.New"},
		{"no Decider for a group", func() { s.Group(e.Group("/x"), nil) }, "corsecho: Scope.Group: the Decider is nil: make one with cors.New"},
		{"no Decider for a route", func() { s.Route("GET", "/x", nil) }, "corsecho: Scope.Route: the Decider is nil: make one with cors.New"},
		{"no group", func() { s.Group(nil, cors.MustNew(config)) }, "corsecho: Scope.Group: the group is nil: make one with Echo.Group"},
		{"a prefix again", func() { s.Group(e.Group("/api/"), cors.MustNew(config)) }, "corsecho: Scope.Group: the prefix /api/ has a policy already: give each prefix one"},
		{"a prefix again, with another name", func() { s.Group(e.Group("/t/:b"), cors.MustNew(config)) }, "corsecho: Scope.Group: the prefix /t/:b has a policy already: give each prefix one"},
		{"a route again", func() { s.Route("PUT", "one", cors.MustNew(config)) }, "corsecho: Scope.Route: PUT /one has a policy already: give each route one"},
		{"a group of another server", func() { s.Group(newServer().Group("/x"), cors.MustNew(config)) }, "corsecho: Scope.Group: the group /x is of another Echo: call Scopes with the one that made it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != tt.want {
					t.Errorf("it panicked with %v, want %q", got, tt.want)
				}
			}()
			tt.call()
		})
	}
	s.Route("GET", "/one", cors.MustNew(config)) // another method is another route
}

func TestMethodsFromRoutes(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, AllowMethods: []string{"PATCH"}, MethodsFromRoutes: true})
	mounts := []struct {
		name  string
		mount func(*echo.Echo) adder
	}{
		{"Use", func(e *echo.Echo) adder { e.Use(corsecho.New(policy)); return e.Group("/api") }},
		{"Pre", func(e *echo.Echo) adder { e.Pre(corsecho.New(policy)); return e.Group("/api") }},
		{"Group", func(e *echo.Echo) adder { return e.Group("/api", corsecho.New(policy)) }},
		{"Scopes", func(e *echo.Echo) adder { corsecho.Scopes(e).Group(e.Group("/api"), policy); return e.Group("/api") }},
	}
	for _, tt := range []struct{ path, want string }{
		{"/api/items", "GET,PUT"},
		{"/api/purge", "DELETE,PURGE"},
		{"/api/own", "PUT,OPTIONS"},
		{"/api/users/7", "PUT,DELETE"},
		{"/api/users/me", "GET,PUT,DELETE"}, // two of them by the parameter
		{"/api/nowhere", "PATCH"},
		{"/api/nowhere/at/all", "PATCH"},
	} {
		for _, m := range mounts {
			t.Run(m.name+tt.path, func(t *testing.T) {
				e := newServer()
				to := m.mount(e)
				for _, r := range []string{
					"GET /items", "PUT /items", "DELETE /purge", "PURGE /purge", "TRACE /purge", "PUT /own", "OPTIONS /own",
					"PUT /users/:id", "DELETE /users/:user", "GET /users/me", "POST /elsewhere",
				} {
					method, path, _ := strings.Cut(r, " ")
					to.Add(method, path, ran)
				}
				for _, asked := range []string{"PUT", "PURGE"} {
					w := serve(e, "OPTIONS", tt.path, allowed, asked)
					if got := w.Header().Get("Access-Control-Allow-Methods"); w.Code != 204 || got != tt.want {
						t.Errorf("the answer to the CORS-preflight request for %s is %d with the methods %q, want 204 and %q", asked, w.Code, got, tt.want)
					}
				}
				w := serve(e, "PUT", "/api/items", allowed, "")
				if w.Code != 200 {
					t.Errorf("PUT gets %d, want 200", w.Code)
				}
			})
		}
	}
	t.Run("a route that is added later", func(t *testing.T) {
		e := newServer()
		e.Use(corsecho.New(policy))
		e.PUT("/items", ran)
		serve(e, "OPTIONS", "/items", allowed, "PUT")
		e.Add("PURGE", "/items", ran)
		if got := serve(e, "OPTIONS", "/items", allowed, "PURGE").Header().Get("Access-Control-Allow-Methods"); got != "PUT,PURGE" {
			t.Errorf("the methods are %q, want those with the new one", got)
		}
	})
}

// A browser keeps the list, and would send what is on it without asking the other.
func TestMethodsFromRoutesOfOthers(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, MethodsFromRoutes: true})
	e := newServer()
	s := corsecho.Scopes(e)
	s.Group(e.Group("/api"), policy)
	s.Route("DELETE", "/api/items", policyFor("delete"))
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		e.Add(method, "/api/items", ran)
	}
	if got := serve(e, "OPTIONS", "/api/items", allowed, "PUT").Header().Get("Access-Control-Allow-Methods"); got != "GET,PUT" {
		t.Errorf("the methods are %q, want those that the policy governs", got)
	}
}

func TestAllocations(t *testing.T) {
	policy := cors.MustNew(config)
	for _, tt := range []struct {
		name    string
		mount   func(*echo.Echo)
		method  string
		request string
		most    float64 // more than without the policy
	}{
		{"plain", func(e *echo.Echo) { e.Use(corsecho.New(policy)) }, "PUT", "", 1},
		{"sealed", func(e *echo.Echo) { e.Use(corsecho.New(policy, corsecho.Seal())) }, "PUT", "", 1},
		{"scoped", func(e *echo.Echo) { corsecho.Scopes(e).Group(e.Group("/items"), policy) }, "PUT", "", 1},
		{"scoped and sealed", func(e *echo.Echo) { corsecho.Scopes(e, corsecho.Seal()).Group(e.Group("/items"), policy) }, "PUT", "", 1},
		{"preflight", func(e *echo.Echo) { e.Use(corsecho.New(policy)) }, "OPTIONS", "PUT", 1},
		{"scoped preflight", func(e *echo.Echo) { corsecho.Scopes(e).Group(e.Group("/items"), policy) }, "OPTIONS", "PUT", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			count := func(mount func(*echo.Echo)) float64 {
				e := echo.New()
				mount(e)
				e.PUT("/items", func(c *echo.Context) error { return c.NoContent(200) })
				r, _ := http.NewRequest(tt.method, "/items", nil)
				r.Header.Set("Origin", allowed)
				if tt.request != "" {
					r.Header.Set("Access-Control-Request-Method", tt.request)
				}
				w := discard{}
				least := math.Inf(1)
				for range 50 { // the race detector empties echo's pool now and then
					least = min(least, testing.AllocsPerRun(1, func() {
						clear(w)
						e.ServeHTTP(w, r)
					}))
				}
				return least
			}
			without := count(func(*echo.Echo) {})
			if got := count(tt.mount) - without; got > tt.most {
				t.Errorf("it takes %v allocations more than a server without a policy, want at most %v", got, tt.most)
			}
		})
	}
}

// discard is a ResponseWriter that keeps the header.
type discard http.Header

func (d discard) Header() http.Header       { return http.Header(d) }
func (discard) WriteHeader(int)             {}
func (discard) Write(p []byte) (int, error) { return len(p), nil }

// echo's Static makes routes of which a group is a part: there the path decides.
func TestScopesOfStaticFiles(t *testing.T) {
	e := echo.New()
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	corsecho.Scopes(e).Group(e.Group("/assets"), policy)
	e.StaticFS("/assets", fstest.MapFS{"a.js": {Data: []byte("x")}})
	for path, want := range map[string]string{"/assets/a.js": "https://app.example.com", "/assets": "https://app.example.com", "/assetsx": ""} {
		for _, preflight := range []bool{false, true} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Origin", "https://app.example.com")
			if preflight {
				r.Method = http.MethodOptions
				r.Header.Set("Access-Control-Request-Method", http.MethodGet)
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s %s grants the origin %q, want %q", r.Method, path, got, want)
			}
		}
	}
}
