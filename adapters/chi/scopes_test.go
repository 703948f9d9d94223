package corschi_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	corschi "github.com/corskit/corskit/adapters/chi"
	cors "github.com/corskit/corskit/core"
)

// decider returns a Decider that calls f.
func decider(f func()) cors.Decider {
	c := config
	c.AllowOrigins = nil
	c.AllowOriginFunc = func(context.Context, string) (bool, error) { f(); return true, nil }
	return cors.MustNew(c)
}

// Where middleware of Scopes decides, it decides as that of New does.
func TestScopesDecide(t *testing.T) {
	for _, tt := range []struct {
		name                                string
		method, path, origin, requestMethod string
		status                              int
		handlerRuns                         bool
		headers                             headers
	}{
		{"preflight to a routed path", "OPTIONS", "/items", allowed, "GET", 204, false, preflightGranted},
		{"preflight to a PUT-only path", "OPTIONS", "/put-only", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to an unrouted path", "OPTIONS", "/nowhere", allowed, "PUT", 204, false, preflightGranted},
		{"preflight to a path with an OPTIONS route", "OPTIONS", "/opt", allowed, "PUT", 204, false, preflightGranted},
		{"preflight for OPTIONS", "OPTIONS", "/opt", allowed, "OPTIONS", 204, false, preflightGranted},
		{"preflight to the prefix itself", "OPTIONS", "", allowed, "PUT", 204, false, preflightGranted},
		{"preflight for a method that chi does not know", "OPTIONS", "/items", allowed, "FROB", 204, false, preflightGranted},
		{"refused preflight to a routed path", "OPTIONS", "/items", refused, "GET", 403, false, preflightRefused},
		{"refused preflight to a PUT-only path", "OPTIONS", "/put-only", refused, "PUT", 403, false, preflightRefused},
		{"refused preflight to an unrouted path", "OPTIONS", "/nowhere", refused, "PUT", 403, false, preflightRefused},
		{"OPTIONS without a requested method", "OPTIONS", "/opt", allowed, "", 200, true, granted},
		{"routed request", "GET", "/items", allowed, "", 200, true, granted},
		{"routed request from a refused origin", "GET", "/items", refused, "", 200, true, nothing},
		{"routed request without an origin", "GET", "/items", "", "", 200, true, nothing},
		{"unrouted path", "GET", "/nowhere", allowed, "", 404, false, granted},
		{"the prefix's slash", "GET", "/", allowed, "", 404, false, granted},
		{"method that has no route", "DELETE", "/items", allowed, "", 405, false, granted},
		{"method that chi does not know", "FROB", "/items", allowed, "", 405, false, granted},
		{"handler that answers 500", "GET", "/e500", allowed, "", 500, true, granted},
		{"handler that panics", "GET", "/panic", allowed, "", 500, true, granted},
	} {
		for _, prefix := range []string{"/api", "/t/{tenant}", "/n/{id:[0-9]+}"} {
			for _, how := range []string{"Route", "flat"} {
				t.Run(prefix+" "+how+"/"+tt.name, func(t *testing.T) {
					d := &spy{Decider: cors.MustNew(config)}
					r := newRouter()
					corschi.Scopes(r).Group(prefix, d)
					if how == "Route" {
						r.Route(prefix, func(r chi.Router) { addRoutes(r) })
					} else {
						flat := chi.NewRouter()
						addRoutes(flat)
						for _, at := range flat.Routes() {
							for method, h := range at.Handlers {
								r.Method(method, prefix+at.Pattern, h)
							}
						}
					}
					path := strings.NewReplacer("{tenant}", "acme", "{id:[0-9]+}", "7").Replace(prefix) + tt.path

					w := serve(r, tt.method, path, tt.origin, tt.requestMethod)

					checkResponse(t, w, tt.status, tt.headers)
					if ran := w.Header().Get("X-Handler") != ""; ran != tt.handlerRuns {
						t.Errorf("the handler ran: %t, want %t", ran, tt.handlerRuns)
					}
					if d.asked != 1 {
						t.Errorf("the Decider was asked %d times, want once", d.asked)
					}
				})
			}
		}
	}
}

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
		{"OPTIONS", "/opt", "", 200},
		{"OPTIONS", "/opt", "PUT", 200},
		{"GET", "/n/x", "", 404},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			d := &spy{Decider: cors.MustNew(config)}
			r := newRouter()
			scopes := corschi.Scopes(r)
			for _, prefix := range []string{"/api", "/t/{tenant}", "/n/{id:[0-9]+}"} {
				scopes.Group(prefix, d)
				r.Get(prefix+"/items", ok)
			}
			r.Get("/apix", ok)
			r.Options("/opt", ok)

			w := serve(r, tt.method, tt.path, allowed, tt.requestMethod)

			checkResponse(t, w, tt.status, nil)
			if d.asked != 0 {
				t.Errorf("the Decider was asked %d times, want never", d.asked)
			}
		})
	}
}

// Which policy governs is the same for an actual request and for the
// CORS-preflight request that precedes it, whatever routes there are.
func TestScopesFindThePolicy(t *testing.T) {
	prefixes := []string{
		"/api", "/api/v1/", "/t/{tenant}", "/t/admin", "/v{version}", "/v{version}/x", "/n/{id:[0-9]+}", "/n/{any}",
		"/r/{a:(x/)?[a-z]{2}}/deep", "/two/{a}/{b:[0-9]}", "/two/{a:[0-9]}/{b:[0-9]}",
	}
	routes := [][2]string{{"PUT", "/one"}, {"GET", "/one"}, {"put", "/t/{tenant}/own"}, {"GET", "/api/root"}, {"GET", "/api/slash/"}, {"HEAD", "/head"}, {"GET", "/head"}}
	for _, tt := range []struct {
		name   string
		routes [][2]string
		method string
		path   string
		want   string // the prefix or route that governs, or none
	}{
		{"routed", [][2]string{{"PUT", "/api/items"}}, "PUT", "/api/items", "/api"},
		{"unrouted", nil, "PUT", "/api/items", "/api"},
		{"empty segments", nil, "PUT", "/api//items", "/api"},
		{"longer prefix", nil, "PUT", "/api/v1/items", "/api/v1/"},
		{"longer prefix itself", nil, "PUT", "/api/v1", "/api/v1/"},
		{"longer prefix, routed", [][2]string{{"PUT", "/api/v1/items"}}, "PUT", "/api/v1/items", "/api/v1/"},
		{"longer prefix itself, routed", [][2]string{{"PUT", "/api/v1"}}, "PUT", "/api/v1", "/api/v1/"},
		{"longer prefix as a prefix of a segment", nil, "PUT", "/api/v12", "/api"},
		{"longer prefix as the text before a parameter, routed", [][2]string{{"PUT", "/api/v1{minor}"}}, "PUT", "/api/v12", "/api"},
		{"longer prefix as a prefix of a segment, routed", [][2]string{{"PUT", "/api/v12"}}, "PUT", "/api/v12", "/api"},
		{"parameter", nil, "PUT", "/t/acme/items", "/t/{tenant}"},
		{"parameter of another name, routed", [][2]string{{"PUT", "/t/{other}/items"}}, "PUT", "/t/acme/items", "/t/{tenant}"},
		{"parameter with a regular expression, routed", [][2]string{{"PUT", "/t/{other:[a-z]+}/items"}}, "PUT", "/t/acme/items", "/t/{tenant}"},
		{"parameter and more in a segment, routed", [][2]string{{"PUT", "/t/{other}.json"}}, "PUT", "/t/acme.json", ""},
		{"text before parameters", nil, "PUT", "/t/admin/items", "/t/admin"},
		{"text before parameters, routed", [][2]string{{"PUT", "/t/admin/items"}}, "PUT", "/t/admin/items", "/t/admin"},
		{"parameter after text", nil, "PUT", "/v2/items", "/v{version}"},
		{"parameter after text, routed", [][2]string{{"PUT", "/v{v}/items"}}, "PUT", "/v2/items", "/v{version}"},
		{"longer prefix with a parameter", nil, "PUT", "/v2/x/items", "/v{version}/x"},
		{"regular expression", nil, "PUT", "/n/12/items", "/n/{id:[0-9]+}"},
		{"regular expression, routed", [][2]string{{"PUT", "/n/{n:[0-9]+}/items"}}, "PUT", "/n/12/items", "/n/{id:[0-9]+}"},
		{"other regular expression, routed", [][2]string{{"PUT", "/n/{n:[0-9]*}/items"}}, "PUT", "/n/12/items", "/n/{any}"},
		{"regular expression that does not match", nil, "PUT", "/n/x/items", "/n/{any}"},
		{"regular expression with braces and a slash, routed", [][2]string{{"PUT", "/r/{b:(x/)?[a-z]{2}}/deep/items"}}, "PUT", "/r/ab/deep/items", "/r/{a:(x/)?[a-z]{2}}/deep"},
		{"above such a prefix", [][2]string{{"PUT", "/r/{b:(x/)?[a-z]{2}}"}}, "PUT", "/r/ab", ""},
		{"the prefix that says more", [][2]string{{"PUT", "/two/{a:[0-9]}/{b:[0-9]}/x"}}, "PUT", "/two/1/2/x", "/two/{a:[0-9]}/{b:[0-9]}"},
		{"another case", nil, "PUT", "/API/items", ""},

		{"route", [][2]string{{"PUT", "/one"}}, "PUT", "/one", "PUT /one"},
		{"route for another method", [][2]string{{"PUT", "/one"}, {"GET", "/one"}}, "GET", "/one", "GET /one"},
		{"route for a third method", [][2]string{{"PUT", "/one"}, {"POST", "/one"}}, "POST", "/one", ""},
		{"route for all methods", [][2]string{{"", "/one"}}, "PUT", "/one", "PUT /one"},
		{"route that does not exist", nil, "PUT", "/one", ""},
		{"route in a group", [][2]string{{"PUT", "/t/{tenant}/own"}}, "PUT", "/t/acme/own", "PUT /t/{tenant}/own"},
		{"route beside one that has a parameter of another name", [][2]string{{"PUT", "/t/{other}/own"}}, "PUT", "/t/acme/own", "/t/{tenant}"},

		{"HEAD by a route for GET", [][2]string{{"GET", "/one"}}, "HEAD", "/one", "GET /one"},
		{"HEAD by a route of its own", [][2]string{{"HEAD", "/head"}, {"GET", "/head"}}, "HEAD", "/head", "HEAD /head"},
		{"HEAD by a route for GET, with a policy of its own", [][2]string{{"GET", "/head"}}, "HEAD", "/head", "HEAD /head"},
		{"HEAD by a route for GET that takes the path", [][2]string{{"GET", "/{any}/foo"}}, "HEAD", "/api/foo", ""},

		{"a parameter before the group takes the path", [][2]string{{"PUT", "/{any}/foo"}}, "PUT", "/api/foo", ""},
		{"a parameter before the group, for another method", [][2]string{{"PUT", "/{any}/foo"}}, "GET", "/api/foo", "/api"},
		{
			"a route beside the group takes the path",
			[][2]string{{"PUT", "/t/{tenant}/items"}, {"PUT", "/t/special/items"}},
			"PUT", "/t/special/items", "",
		},
		{
			"a route beside the group takes the path for another method",
			[][2]string{{"PUT", "/t/{tenant}/items"}, {"GET", "/t/special/items"}},
			"PUT", "/t/special/items", "/t/{tenant}",
		},
		{
			"an OPTIONS route beside the group",
			[][2]string{{"PUT", "/t/{tenant}/items"}, {"OPTIONS", "/t/special/items"}},
			"PUT", "/t/special/items", "/t/{tenant}",
		},
		{
			"an OPTIONS route in the group, the route beside it",
			[][2]string{{"OPTIONS", "/t/{tenant}/items"}, {"PUT", "/t/special/items"}},
			"PUT", "/t/special/items", "",
		},
		{"a catch-all beside the group", [][2]string{{"PUT", "/api/items"}, {"GET", "/*"}}, "GET", "/api/items", ""},
		{"a catch-all in the group", [][2]string{{"GET", "/api/*"}}, "GET", "/api/items", "/api"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			r := newRouter()
			scopes := corschi.Scopes(r)
			for _, prefix := range prefixes {
				scopes.Group(prefix, decider(func() { asked = append(asked, prefix) }))
			}
			for _, at := range routes {
				scopes.Route(at[0], at[1], decider(func() { asked = append(asked, strings.ToUpper(at[0])+" "+at[1]) }))
			}
			r.Get("/", ok) // without any routes, chi runs no middleware
			for _, at := range tt.routes {
				if at[0] == "" {
					r.HandleFunc(at[1], ok)
				} else {
					r.MethodFunc(at[0], at[1], ok)
				}
			}
			checkAsked(t, r, &asked, tt.method, tt.path, tt.want)
		})
	}
}

// checkAsked checks which policy decides about a request and the CORS-preflight
// request for it.
func checkAsked(t *testing.T, r http.Handler, asked *[]string, method, path, want string) {
	t.Helper()
	for _, send := range [][2]string{{method, ""}, {"OPTIONS", method}} {
		*asked = nil
		serve(r, send[0], path, allowed, send[1])
		if want == "" && len(*asked) > 0 {
			t.Errorf("%s of %s asks %q, want none", send, path, *asked)
		}
		if want != "" && !slices.Equal(*asked, []string{want}) {
			t.Errorf("%s of %s asks %q, want %s alone", send, path, *asked, want)
		}
	}
}

// At the path of a mounted router, chi finds a route of its own making.
func TestScopesInMountedRouters(t *testing.T) {
	for _, tt := range []struct{ method, path, want string }{
		{"PUT", "/api/items", "PUT /api/items"},
		{"PUT", "/api/v1/items", "/api/v1"},
		{"GET", "/api/v1", "GET /api/v1/"},
		{"GET", "/api/v1/", "GET /api/v1/"},
		{"PUT", "/api/v1", "/api/v1"},
		{"GET", "/api", "GET /api"},
		{"GET", "/api/", "GET /api"},
		{"PUT", "/api", "PUT /api"}, // a route beside the mount
		{"PUT", "/api/", "all"},
		{"DELETE", "/api", "all"},
		{"PUT", "/slash/", ""},
		{"PUT", "/slash", "PUT /slash"},
		{"GET", "/file", ""},
		{"GET", "/file/x", ""},
		{"GET", "/root", "GET /root"},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			var asked []string
			note := func(name string) cors.Decider { return decider(func() { asked = append(asked, name) }) }
			r := newRouter()
			scopes := corschi.Scopes(r)
			scopes.Group("/api", note("all"))
			scopes.Group("/api/v1", note("/api/v1"))
			for _, at := range [][2]string{
				{"PUT", "/api/items"}, {"GET", "/api/v1/"}, {"GET", "/api"}, {"PUT", "/api"}, {"DELETE", "/api"}, {"PUT", "/slash"}, {"GET", "/root"},
			} {
				scopes.Route(at[0], at[1], note(at[0]+" "+at[1]))
			}
			r.Route("/api", func(r chi.Router) {
				r.Put("/items", ok)
				r.Get("/", ok)
				r.Route("/v1", func(r chi.Router) { r.Get("/", ok); r.Put("/items", ok) })
			})
			r.Put("/api", ok)
			r.Put("/slash", ok)
			r.Put("/slash/", ok)
			r.Mount("/file", http.HandlerFunc(ok))
			r.Route("/", func(r chi.Router) { r.Get("/root", ok) })

			checkAsked(t, r, &asked, tt.method, tt.path, tt.want)
		})
	}
}

// The path that counts is the one that chi routes by.
func TestScopesFollowThePath(t *testing.T) {
	for _, tt := range []struct {
		name         string
		before       func(http.Handler) http.Handler
		method, path string
		status       int
		want         string
	}{
		{"stripped slash", middleware.StripSlashes, "PUT", "/api/items/", 200, "route"},
		{"slash", log, "PUT", "/api/items/", 404, "group"},
		{"cleaned", middleware.CleanPath, "PUT", "//api//items", 200, "route"},
		{"HEAD by middleware.GetHead", middleware.GetHead, "HEAD", "/api/read", 200, "read"},
		{"HEAD without", log, "HEAD", "/api/read", 405, "read"},
		{"no path", log, "PUT", "", 200, "root"},
		{"escaped slash", log, "PUT", "/api%2Fitems", 404, ""},
		{"escaped letter, which chi does not take for itself", log, "PUT", "/%61pi/items", 404, ""},
		{"escaped sign, which chi takes for itself", log, "PUT", "/api/items/%21", 200, "escaped"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			note := func(name string) cors.Decider { return decider(func() { asked = append(asked, name) }) }
			r := newRouter()
			r.Use(tt.before)
			scopes := corschi.Scopes(r)
			scopes.Group("/api", note("group"))
			scopes.Route("PUT", "/api/items", note("route"))
			scopes.Route("GET", "/api/read", note("read"))
			scopes.Route("PUT", "/", note("root"))
			r.Put("/", ok)
			scopes.Route("PUT", "/api/items/!", note("escaped"))
			r.Put("/api/items", ok)
			r.Put("/api/items/!", ok)
			r.Get("/api/read", ok)

			checkAsked(t, r, &asked, tt.method, tt.path, tt.want)
			if w := serve(r, tt.method, tt.path, allowed, ""); w.Code != tt.status {
				t.Errorf("the status is %d, want %d", w.Code, tt.status)
			}
		})
	}
}

func TestScopesOfAMountedRouter(t *testing.T) {
	var asked []string
	note := func(name string) cors.Decider { return decider(func() { asked = append(asked, name) }) }
	top := newRouter()
	top.Put("/api/beside", ok)
	top.Route("/api", func(r chi.Router) {
		scopes := corschi.Scopes(r)
		scopes.Group("/api", note("/api"))
		scopes.Group("/", note("/"))
		r.Put("/items", ok)
	})
	checkAsked(t, top, &asked, "PUT", "/api/items", "/api")
	checkAsked(t, top, &asked, "PUT", "/api", "/api")
	checkAsked(t, top, &asked, "PUT", "/other", "")
}

// Tests of handlers put a routing context into the request, without its router.
func TestScopesWithAContextOfTheCallers(t *testing.T) {
	d := &spy{Decider: cors.MustNew(config)}
	r := newRouter()
	corschi.Scopes(r).Group("/api", d)
	r.Put("/api/items", ok)
	h := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.ServeHTTP(w, q.WithContext(context.WithValue(q.Context(), chi.RouteCtxKey, chi.NewRouteContext())))
	})
	checkResponse(t, serve(h, "PUT", "/api/items", allowed, ""), 200, granted)
	if d.asked != 1 {
		t.Errorf("the Decider was asked %d times, want once", d.asked)
	}
}

func TestMethodsFromRoutes(t *testing.T) {
	c := config
	c.AllowMethods, c.MethodsFromRoutes = []string{"PURGE"}, true
	chi.RegisterMethod("LINK")
	routes := func(r chi.Router) {
		r.Put("/items", ok)
		r.Get("/items", ok)
		r.Method("LINK", "/items", http.HandlerFunc(ok))
		r.Trace("/items", ok)
		r.Put("/", ok)
		r.Handle("/all", http.HandlerFunc(ok))
		r.Route("/sub", func(r chi.Router) { r.Delete("/", ok) })
	}
	mounts := map[string]func(r chi.Router, d cors.Decider){
		"Use": func(r chi.Router, d cors.Decider) { r.Use(corschi.New(d)); r.Route("/api", routes) },
		"Route": func(r chi.Router, d cors.Decider) {
			r.Route("/api", func(r chi.Router) { r.Use(corschi.New(d)); routes(r) })
		},
		"Scopes": func(r chi.Router, d cors.Decider) { corschi.Scopes(r).Group("/api", d); r.Route("/api", routes) },
	}
	for name, mount := range mounts {
		for _, tt := range []struct{ path, want string }{
			{"/api/items", "GET,PUT,LINK"},
			{"/api", "PUT"},
			{"/api/", "PUT"},
			{"/api/sub", "DELETE"},
			{"/api/all", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS,LINK,QUERY"},
			{"/api/nowhere", "PURGE"},
		} {
			t.Run(name+" "+tt.path, func(t *testing.T) {
				r := newRouter()
				mount(r, cors.MustNew(c))
				w := serve(r, "OPTIONS", tt.path, allowed, "PUT")
				if got := w.Header().Get("Access-Control-Allow-Methods"); got != tt.want {
					t.Errorf("the methods are %s, want %s", got, tt.want)
				}
			})
		}
	}
	t.Run("methods that another policy governs, or none", func(t *testing.T) {
		d, other := cors.MustNew(c), cors.MustNew(config)
		r := newRouter()
		s := corschi.Scopes(r)
		s.Group("/api", d)
		s.Route("DELETE", "/api/items", other)
		s.Route("LINK", "/api/items", d) // the same in another place
		s.Route("PUT", "/one", d)
		for _, method := range []string{"GET", "PUT", "DELETE", "LINK"} {
			r.Method(method, "/api/items", http.HandlerFunc(ok))
			r.Method(method, "/one", http.HandlerFunc(ok))
		}
		for path, want := range map[string]string{"/api/items": "GET,PUT,LINK", "/one": "PUT"} {
			if got := serve(r, "OPTIONS", path, allowed, "PUT").Header().Get("Access-Control-Allow-Methods"); got != want {
				t.Errorf("the methods of %s are %q, want those that the policy governs, %q", path, got, want)
			}
		}
	})
	t.Run("around the router, there is nothing to ask", func(t *testing.T) {
		r := newRouter()
		routes(r)
		w := serve(corschi.New(cors.MustNew(c))(r), "OPTIONS", "/items", allowed, "PUT")
		if got := w.Header().Get("Access-Control-Allow-Methods"); got != "PURGE" {
			t.Errorf("the methods are %s, want PURGE alone", got)
		}
	})
}

func TestScopesPanics(t *testing.T) {
	policy := cors.MustNew(config)
	for _, tt := range []struct {
		name string
		do   func(r *chi.Mux, s *corschi.Scope)
		want string
	}{
		{"no router", func(*chi.Mux, *corschi.Scope) { corschi.Scopes(nil) },
			"corschi: Scopes: the router is nil: make one with chi.NewRouter"},
		{"nil pointer to a router", func(*chi.Mux, *corschi.Scope) { corschi.Scopes((*chi.Mux)(nil)) },
			"corschi: Scopes: the router is nil: make one with chi.NewRouter"},
		{"after the routes", func(r *chi.Mux, _ *corschi.Scope) { r.Get("/", ok); corschi.Scopes(r) },
			"chi: all middlewares must be defined before routes on a mux"},
		{"inline router", func(r *chi.Mux, _ *corschi.Scope) {
			r.Group(func(r chi.Router) { corschi.Scopes(r); r.Get("/", ok); r.Put("/", ok) })
		}, "corschi: Scopes: the router is one of With or Group, which CORS-preflight requests do not get to: give Scopes the router itself"},
		{"group without Decider", func(_ *chi.Mux, s *corschi.Scope) { s.Group("/api", nil) },
			"corschi: Scope.Group: the Decider is nil: make one with cors.New"},
		{"prefix without a slash", func(_ *chi.Mux, s *corschi.Scope) { s.Group("api", policy) },
			`corschi: Scope.Group: the prefix api is no prefix: write it as in "/api", with a slash first and no "*"`},
		{"prefix with a catch-all", func(_ *chi.Mux, s *corschi.Scope) { s.Group("/api/*", policy) },
			`corschi: Scope.Group: the prefix /api/* is no prefix: write it as in "/api", with a slash first and no "*"`},
		{"prefix with a brace that is not closed", func(_ *chi.Mux, s *corschi.Scope) { s.Group("/{a}", policy); s.Group("/{b", policy) },
			"chi: route param closing delimiter '}' is missing"},
		{"the same prefix", func(_ *chi.Mux, s *corschi.Scope) { s.Group("/t/{a}", policy); s.Group("/t/{b}/", policy) },
			"corschi: Scope.Group: the prefix /t/{b}/ has a policy already: give each prefix one"},
		{"the root twice", func(_ *chi.Mux, s *corschi.Scope) { s.Group("/", policy); s.Group("/", policy) },
			"corschi: Scope.Group: the prefix / has a policy already: give each prefix one"},
		{"route without Decider", func(_ *chi.Mux, s *corschi.Scope) { s.Route("PUT", "/items", nil) },
			"corschi: Scope.Route: the Decider is nil: make one with cors.New"},
		{"the same route", func(_ *chi.Mux, s *corschi.Scope) { s.Route("PUT", "/items", policy); s.Route("put", "/items", policy) },
			"corschi: Scope.Route: PUT /items has a policy already: give each route one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := chi.NewRouter()
			s := corschi.Scopes(r)
			defer func() {
				if got := recover(); got != tt.want {
					t.Errorf("it panicked with %v, want %q", got, tt.want)
				}
			}()
			tt.do(r, s)
		})
	}
}

// Prefixes that overlap, and none contains the other, are no duplicates.
func TestScopesPrefixesThatOverlap(t *testing.T) {
	s := corschi.Scopes(chi.NewRouter())
	for _, prefix := range []string{"/", "/t/{a}", "/t/{a:[0-9]+}", "/t/x", "/t", "/{a}/x"} {
		s.Group(prefix, cors.MustNew(config))
	}
}
