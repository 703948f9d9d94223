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
	"github.com/corskit/corskit/core/corshttp"
)

// authenticate turns away what has no credentials.
func authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			http.Error(w, "who is it?", 401)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// log is middleware that Verify does not know.
func log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
}

// rewrite changes whatever tells chi where to go.
func rewrite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := chi.RouteContext(r.Context())
		c.RouteMethod, c.RoutePath = "GET", "/bare"
		r.Method, r.URL.Path = "GET", "/bare"
		next.ServeHTTP(w, r)
	})
}

func TestVerify(t *testing.T) {
	c := config
	c.AllowMethods = []string{"PUT"}
	policy, other := cors.MustNew(c), cors.MustNew(c)
	put := func(r chi.Router, path string, h http.HandlerFunc) { r.Put(path, h) }

	const (
		noPreflight = ": CORS-preflight requests get 405 from the router, and reach no policy: mount the policy with r.Use on the router itself, not with r.With nor in r.Group, and register no routes for OPTIONS"
		ownOptions  = ": CORS-preflight requests run the application's own handler for OPTIONS: mount the policy with r.Use on the router itself, not with r.With nor in r.Group, and register no routes for OPTIONS"
		noPolicy    = ": no policy covers it: call r.Use(corschi.New(policy)) on the top router before its routes, or give the route a policy with Scope.Group or Scope.Route of a Scope on the top router, by the path that is seen from there"
		halfCovered = ": CORS-preflight requests are answered, but no policy covers the request itself: call r.Use(corschi.New(policy)) on the top router, before authentication and all else that answers by itself"
		opaque      = ": it cannot be told, without running its handler, whether a policy covers it: mount what corschi.New has returned with r.Use on a router of chi's, by itself, or list the route as one without a policy"
		preflight   = ": CORS-preflight requests get 401 from authentication or the like, and reach no policy: call r.Use(corschi.New(policy)) on the top router, before authentication and all else that answers by itself"
		itself      = ": the request itself gets 401 from authentication or the like, and reaches no policy: call r.Use(corschi.New(policy)) on the top router, before authentication and all else that answers by itself"
		differ      = ": another policy decides the request itself than answers its CORS-preflight request: take one of the two away, or use corschi.Scopes, where the innermost policy decides both"
		twice       = ": 2 policies decide one after another, of which the last prevails: take one of the two away, or use corschi.Scopes, where the innermost policy decides both"
	)
	for _, tt := range []struct {
		name    string
		mount   func(r *chi.Mux, h http.HandlerFunc)
		without []string
		want    []string
	}{
		{"middleware that loses the context", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
					next.ServeHTTP(w, q.WithContext(context.WithValue(context.Background(), chi.RouteCtxKey, chi.RouteContext(q.Context()))))
				})
			}, corschi.New(policy))
			r.Put("/items", h)
		}, nil, []string{
			"high: PUT /items: CORS-preflight requests get 403 from authentication or the like, and reach no policy: call r.Use(corschi.New(policy)) on the top router, before authentication and all else that answers by itself",
			"low: PUT /items" + opaque,
		}},
		{"no policy, behind middleware that hides chi's context", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
					c := chi.NewRouteContext()
					c.Routes = chi.RouteContext(q.Context()).Routes
					next.ServeHTTP(w, q.WithContext(context.WithValue(q.Context(), chi.RouteCtxKey, c)))
				})
			})
			r.Get("/items", h)
		}, nil, []string{"high: GET /items" + noPolicy}},
		{"Use on the top router", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(log, corschi.New(policy), authenticate)
			r.Put("/items", h)
			r.Get("/items/{id}", h)
			r.Options("/opt", h)
			r.Handle("/all", h)
			r.Connect("/items", h)
			r.NotFound(h)
			r.MethodNotAllowed(h)
		}, nil, nil},
		{"Use inside of Route", func(r *chi.Mux, h http.HandlerFunc) {
			r.Route("/api", func(r chi.Router) {
				r.Use(corschi.New(policy))
				r.Put("/", h)
				r.Put("/{id:[0-9]+}/{name}.json", h)
				r.Options("/{id:[0-9]+}/{name}.json", h)
				r.Route("/v1", func(r chi.Router) { r.Put("/", h); r.Put("/files/*", h) })
			})
		}, nil, nil},
		{"Use inside of a mounted router, behind With", func(r *chi.Mux, h http.HandlerFunc) {
			sub := chi.NewRouter()
			sub.Put("/items", h)
			r.With(corschi.New(policy)).Mount("/api", sub)
		}, nil, nil},
		{"nested routers with policies of their own, under Scopes", func(r *chi.Mux, h http.HandlerFunc) {
			s := corschi.Scopes(r)
			s.Group("/api", policy)
			s.Group("/api/admin", other)
			s.Route("PUT", "/one", policy)
			s.Route("GET", "/one", other)
			r.Route("/api", func(r chi.Router) { r.Put("/items", h); r.Put("/admin/items", h) })
			r.Put("/one", h)
			r.Get("/one", h)
			r.Options("/one", h)
			s.Route("OPTIONS", "/one", other)
		}, nil, nil},
		{"With on a route for all methods", func(r *chi.Mux, h http.HandlerFunc) {
			r.With(corschi.New(policy)).Handle("/items", h)
		}, nil, nil},
		{"around the handler of a route for all methods", func(r *chi.Mux, h http.HandlerFunc) {
			r.Handle("/items", corschi.New(policy)(h))
		}, nil, nil},
		{"around the handler of a route for one method", func(r *chi.Mux, h http.HandlerFunc) {
			r.Method("PUT", "/items", corschi.New(policy)(h))
		}, nil, []string{"high: PUT /items" + noPreflight}},
		{"scopes of a ServeMux as the handler", func(r *chi.Mux, h http.HandlerFunc) {
			mux := http.NewServeMux()
			mux.HandleFunc("/items", h)
			s := corshttp.Scopes(mux)
			s.Group("/", policy)
			r.Handle("/items", s)
		}, nil, nil},
		{"inside of another middleware", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(middleware.Maybe(corschi.New(policy), func(*http.Request) bool { return true }))
			r.Put("/items", h)
			r.Options("/opt", h)
			r.NotFound(h)
		}, nil, nil},
		{"inside of another middleware, behind With", func(r *chi.Mux, h http.HandlerFunc) {
			r.With(middleware.Maybe(corschi.New(policy), func(*http.Request) bool { return true })).Put("/items", h)
		}, nil, []string{"high: PUT /items" + noPreflight, "low: PUT /items" + opaque}},

		{"no policy", func(r *chi.Mux, h http.HandlerFunc) { r.Put("/items", h) }, nil, []string{"high: PUT /items" + noPolicy}},
		{"no policy, and the application's own answers", func(r *chi.Mux, h http.HandlerFunc) {
			r.NotFound(h)
			r.MethodNotAllowed(h)
			r.Put("/items", h)
		}, nil, []string{"high: PUT /items" + noPolicy}},
		{"no policy, and other middleware", func(r *chi.Mux, h http.HandlerFunc) { r.Use(log); r.Put("/items", h) }, nil,
			[]string{"high: PUT /items" + noPolicy}},
		{"no policy, other middleware and a group without any", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(log)
			r.Group(func(r chi.Router) { r.Put("/items", h) })
		}, nil, []string{"high: PUT /items" + noPolicy}},
		{"no policy, other middleware and the application's own 404", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(log)
			r.NotFound(h)
			r.Put("/items", h)
		}, nil, []string{"high: PUT /items" + noPolicy}},
		{"no policy, other middleware and the application's own 405", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(log)
			r.MethodNotAllowed(h)
			r.Put("/items", h)
		}, nil, []string{"high: PUT /items" + noPreflight, "low: PUT /items" + opaque}},
		{"no policy for a route for all methods", func(r *chi.Mux, h http.HandlerFunc) { r.Handle("/items", h) }, nil,
			[]string{"high: * /items" + ownOptions, "high: * /items" + noPolicy}},
		{"no policy in the scope", func(r *chi.Mux, h http.HandlerFunc) {
			corschi.Scopes(r).Group("/api", policy)
			r.Put("/api/items", h)
			r.Put("/apix", h)
		}, nil, []string{"high: PUT /apix" + noPolicy}},

		{"the application's own handler for OPTIONS", func(r *chi.Mux, h http.HandlerFunc) {
			r.With(corschi.New(policy)).Put("/items", h)
			r.Options("/*", h)
		}, []string{"OPTIONS /*"}, []string{"high: PUT /items" + ownOptions}},
		{"the application's own handler for OPTIONS, with 405 of its own", func(r *chi.Mux, h http.HandlerFunc) {
			r.MethodNotAllowed(h)
			r.With(corschi.New(policy)).Put("/items", h)
			r.Options("/*", h)
		}, []string{"OPTIONS /*"}, []string{"high: PUT /items" + ownOptions}},
		{"a scope without a policy before one that has", func(r *chi.Mux, h http.HandlerFunc) {
			corschi.Scopes(r).Group("/other", other)
			r.Route("/api", func(r chi.Router) {
				r.Use(corschi.New(policy))
				r.Put("/items", h)
			})
		}, nil, nil},
		{"two policies", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			r.With(corschi.New(other)).Put("/items", h)
		}, nil, []string{"high: PUT /items" + differ}},
		{"one policy twice", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			r.With(corschi.New(policy)).Put("/items", h)
		}, nil, []string{"low: PUT /items" + twice}},
		{"a redirect", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(middleware.RedirectSlashes)
			r.Route("/api", func(r chi.Router) {
				r.Use(corschi.New(policy))
				put(r, "/items/", h)
			})
		}, nil, []string{
			`high: PUT /api/items/: CORS-preflight requests get 301, a redirect to "/api/items", and reach no policy: mount the policy before what redirects, as in r.Use(corschi.New(policy), middleware.RedirectSlashes), and use the path that it redirects to`,
			`high: PUT /api/items/: the request itself gets 301, a redirect to "/api/items", and reaches no policy: mount the policy before what redirects, as in r.Use(corschi.New(policy), middleware.RedirectSlashes), and use the path that it redirects to`,
		}},
		{"a method that no route serves", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			r.Get("/items", h)
		}, nil, []string{"low: PUT: a policy allows the method, and no route that it covers serves it: take it out of AllowMethods"}},
		{"methods that browsers do not send for scripts, without a policy", func(r *chi.Mux, h http.HandlerFunc) {
			r.Connect("/items", h)
			r.Trace("/items", h)
		}, nil, nil},
		{"routes without a policy, listed as such", func(r *chi.Mux, h http.HandlerFunc) {
			r.Get("/health", h)
			r.Handle("/internal/all", h)
			r.Route("/api", func(r chi.Router) { r.Use(corschi.New(policy)); put(r, "/items", h) })
		}, []string{"GET /health", "/internal/*"}, nil},
		{"listed, and not so", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			r.Put("/items", h)
		}, []string{"/items", "/nowhere"}, []string{
			"low: PUT /items: is listed as a route without a policy, and has one: take it off the list",
			"low: /nowhere: is listed as a route without a policy, and there is no such route: take it off the list",
		}},

		{"middleware that changes the path", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(rewrite)
			r.Get("/bare", h)
			r.Route("/api", func(r chi.Router) {
				r.Use(rewrite, corschi.New(policy), rewrite)
				r.Put("/items", h)
				r.With(rewrite).Get("/bare", h)
			})
			r.With(corschi.New(policy), rewrite).Put("/with", h)
		}, []string{"/bare"}, []string{"high: PUT /with" + noPreflight}},
		{"a route that others hide", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			r.Put("/{a:.*}", h)
			r.Put("/{b}", h)
		}, nil, []string{"low: PUT /{b}" + opaque}},
		{"a route beside one that takes its first example", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			r.Put("/{a}", h)
			r.Put("/x", h)
			r.Put("/{a}x", h)
		}, nil, nil},
		{"regular expressions", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			for _, e := range []string{`[0-9]{4}-[0-9]{2}`, `^(?:ab|cd)?e+$`, `.`, `[^a-z]+`, `\w+`, `a|b`, `(?i)go`, `[b-d]+`, `[/x]+`, ``} {
				r.Put("/"+strings.ReplaceAll(e, "|", "i")[:min(1, len(e))]+"/{e:"+e+"}", h)
			}
		}, nil, nil},
		{"a regular expression without an example", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			r.Put(`/{e:*}`, h)
			r.Put(`/{e:[^\x00-\x{10FFFF}]}`, h)
			r.Put(`/{e:\bx\B}`, h)
		}, nil, []string{`low: PUT /{e:*}` + opaque, `low: PUT /{e:[^\x00-\x{10FFFF}]}` + opaque, `low: PUT /{e:\bx\B}` + opaque}},
		{"a handler that is mounted", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(log)
			r.Mount("/files", h)
		}, nil, []string{"low: * /files/*" + opaque}},
		{"a mounted handler under a policy", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(corschi.New(policy))
			r.Mount("/files", h)
		}, nil, nil},
		{"routes that share the path of a mount", func(r *chi.Mux, h http.HandlerFunc) {
			r.Route("/api", func(r chi.Router) { r.Use(corschi.New(policy)); put(r, "/", h); put(r, "/items", h) })
			r.Get("/api", h)
			r.Get("/api/*", h)
		}, nil, []string{"high: GET /api" + halfCovered, "high: GET /api/*" + halfCovered}},
		{"a mounted router without routes", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(log)
			r.NotFound(h)
			sub := chi.NewRouter()
			sub.Use(corschi.New(policy)) // chi does not run it
			r.Mount("/api", sub)
			r.Put("/api/items", h)
		}, nil, []string{"high: PUT /api/items" + noPolicy}},

		{"mistake: the preflight never reaches the middleware, behind With", func(r *chi.Mux, h http.HandlerFunc) {
			r.With(corschi.New(policy)).Put("/items", h)
		}, nil, []string{"high: PUT /items" + noPreflight}},
		{"mistake: the preflight never reaches the middleware, in an inline Group", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(log)
			r.MethodNotAllowed(h)
			r.Group(func(r chi.Router) {
				r.Use(log, corschi.New(policy))
				r.Put("/items", h)
			})
		}, nil, []string{"high: PUT /items" + noPreflight}},
		{"mistake: scopes of an inline router", func(r *chi.Mux, h http.HandlerFunc) {
			r.Group(func(r chi.Router) {
				corschi.Scopes(r).Group("/", policy)
				r.Put("/items", h)
			})
		}, nil, []string{"high: PUT /items" + noPreflight}},
		{"mistake: the route is registered beside the policy", func(r *chi.Mux, h http.HandlerFunc) {
			r.Put("/api/foo", h)
			r.Route("/api", func(r chi.Router) { r.Use(corschi.New(policy)); put(r, "/items", h) })
		}, nil, []string{"high: PUT /api/foo" + halfCovered}},
		{"mistake: authentication is mounted before", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(authenticate, corschi.New(policy))
			r.Put("/items", h)
		}, nil, []string{"high: PUT /items" + preflight, "high: PUT /items" + itself}},
		{"mistake: authentication, and no policy", func(r *chi.Mux, h http.HandlerFunc) {
			r.Use(authenticate)
			r.Put("/items", h)
		}, nil, []string{"high: PUT /items" + preflight, "low: PUT /items" + opaque}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := chi.NewRouter()
			tt.mount(r, func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("Verify ran the handler of %s %s, want none to run", r.Method, r.URL)
			})
			for range 2 { // it must leave all as it is
				found, err := corschi.Verify(r, tt.without...)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, f := range found {
					got = append(got, strings.ReplaceAll(f.String(), ",,", ","))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("Verify finds\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
				}
			}
		})
	}
}

func TestVerifyWithoutRouter(t *testing.T) {
	const want = "corschi: Verify: the router is nil: give it the one that has the routes"
	for _, r := range []chi.Router{nil, (*chi.Mux)(nil)} {
		if _, err := corschi.Verify(r); err == nil || err.Error() != want {
			t.Errorf("Verify(%T) returns the error %v, want %q", r, err, want)
		}
	}
}

// The policy that decides for the clients is not asked.
func TestVerifyAsksNoDecider(t *testing.T) {
	d := &spy{Decider: cors.MustNew(config)}
	r := chi.NewRouter()
	corschi.Scopes(r).Group("/scope", d)
	r.Get("/scope/items", ok)
	r.Route("/route", func(r chi.Router) { r.Use(corschi.New(d)); r.Get("/items", ok) })
	if _, err := corschi.Verify(r); err != nil || d.asked != 0 {
		t.Errorf("Verify asked the Decider %d times, with the error %v, want never and none", d.asked, err)
	}
}

// No client can make the middleware take a request for one of Verify's.
func TestClientsSendNoProbes(t *testing.T) {
	r := chi.NewRouter()
	corschi.Scopes(r).Group("/api", cors.MustNew(config))
	r.Get("/other", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) })
	if w := serve(r, "GET", "/other", "https://probe.invalid", ""); w.Code != 418 {
		t.Errorf("the status is %d, want 418 from the handler", w.Code)
	}
}
