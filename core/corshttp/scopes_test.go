package corshttp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// allowing returns a policy that is told by its one origin.
func allowing(host string) *cors.Policy {
	return cors.MustNew(cors.Config{AllowOrigins: []string{"https://" + host + ".example"}, AllowMethods: []string{"PUT", "DELETE"}})
}

// TestScopes checks which policy governs a request: the one whose origin is
// granted, of all that are there.
func TestScopes(t *testing.T) {
	hosts := []string{"api", "inner", "tenant", "root", "route", "head"}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) })
	mux := http.NewServeMux()
	for _, pattern := range []string{
		"GET /api/items", "PUT /api/items", "/api/any", "OPTIONS /api/own", "PUT /api/own", "GET /api/{id}/x", "GET example.com/api/host",
		"PUT /api/inner/items", "PUT /apix", "GET /t/{tenant}/items", "PUT /{any}/foo", "GET /one", "PUT /one", "/two", "GET /tree/",
		"PUT /t/{id}/other", "GET\t/tab", "GET /u/{$}", "GET /u/{tenant}/rest/{rest...}", "GET /caf%C3%A9/items", "GET /v/admin/y",
	} {
		mux.Handle(pattern, handler)
	}
	scopes := func() *corshttp.Scope {
		s := corshttp.Scopes(mux)
		s.Group("/api", allowing("api"))
		s.Group("/t/{tenant}/", allowing("tenant"))
		s.Group("/api/inner", allowing("inner"))
		s.Route("PUT", "/one", allowing("route"))
		s.Route("DELETE", "/two", allowing("route"))
		s.Route("GET", "/one", allowing("head"))
		s.Route("GET", "/tab", allowing("route"))
		s.Group("/u/{tenant}", allowing("tenant"))
		s.Group("/caf\u00e9", allowing("api"))
		s.Group("/{x}/inner", allowing("tenant")) // as long as /api/inner
		s.Group("/w/{x}", allowing("tenant"))
		s.Group("/w/text", allowing("inner"))
		s.Group("/{x}/text", allowing("api"))
		s.Group("/v/{tenant}", allowing("tenant"))
		return s
	}
	root := scopes()
	root.Group("/", allowing("root"))
	tests := []struct {
		name         string
		method, path string
		want         string // a host of hosts, or none
		wantAll      string // the same where "/" is a group too
	}{
		{"a route", "GET", "/api/items", "api", "api"},
		{"a route without a method", "PATCH", "/api/any", "api", "api"},
		{"a route with a wildcard", "GET", "/api/5/x", "api", "api"},
		{"a route of a host", "GET", "/api/host", "api", "api"},
		{"a method without a route", "DELETE", "/api/items", "api", "api"},
		{"a path without a route", "PUT", "/api/nowhere", "api", "api"},
		{"the prefix itself", "GET", "/api", "api", "api"},
		{"the prefix with a slash", "GET", "/api/", "api", "api"},
		{"where the application answers OPTIONS", "PUT", "/api/own", "api", "api"},
		{"a path that begins alike", "PUT", "/apix", "", "root"},
		{"a path that begins alike, without a route", "GET", "/apix", "", "root"},
		{"an inner group", "PUT", "/api/inner/items", "inner", "inner"},
		{"a path of an inner group without a route", "GET", "/api/inner/nowhere", "inner", "inner"},
		{"a path that begins like an inner group", "GET", "/api/inner2", "api", "api"},
		{"a wildcard in the prefix", "GET", "/t/acme/items", "tenant", "tenant"},
		{"a wildcard of another name", "PUT", "/t/acme/other", "tenant", "tenant"},
		{"a wildcard in the prefix, without a route", "GET", "/t/acme/nowhere", "tenant", "tenant"},
		{"a wildcard that is missing", "GET", "/t", "", "root"},
		{"a route that is in no group, though its path is", "PUT", "/api/foo", "", "root"},
		{"the same path for a method without a route", "GET", "/api/foo", "api", "api"},
		{"a single route", "PUT", "/one", "route", "route"},
		{"another method of its path", "GET", "/one", "head", "head"},
		{"HEAD, which GET's route serves", "HEAD", "/one", "head", "head"},
		{"a single method of a route for all", "DELETE", "/two", "route", "route"},
		{"another method of a route for all", "PUT", "/two", "", "root"},
		{"a pattern with other blanks", "GET", "/tab", "route", "route"},
		{"a path that is redirected", "GET", "/tree", "", "root"},
		{"HEAD, with a tab in the pattern", "HEAD", "/tab", "route", "route"},
		{"a pattern that ends where a wildcard would begin", "GET", "/u/", "", "root"},
		{"a path that ends where a wildcard would begin", "PUT", "/u/", "", "root"},
		{"a pattern for the rest of a path", "GET", "/u/a/rest/b/c", "tenant", "tenant"},
		{"a pattern with escapes", "GET", "/caf%C3%A9/items", "api", "api"},
		{"a path with escapes, without a route", "GET", "/caf%C3%A9/nowhere", "api", "api"},
		{"a slash that is escaped", "GET", "/api%2Fx", "", "root"},
		{"text before a wildcard, of prefixes as long", "GET", "/api/inner/z", "inner", "inner"},
		{"text before a wildcard that was there before", "GET", "/w/text/z", "inner", "inner"},
		{"text before a wildcard, in the first place that differs", "GET", "/w/texts", "tenant", "tenant"},
		{"a wildcard in the first place", "GET", "/v2/text", "api", "api"},
		{"a wildcard where no text fits", "GET", "/b/inner/x", "tenant", "tenant"},
		{"a pattern with text where the prefix has a wildcard", "GET", "/v/admin/y", "", "root"},
		{"a path without a route, with text where the prefix has a wildcard", "GET", "/v/admin/z", "tenant", "tenant"},
		{"slashes to clean away, with a route", "GET", "//api//items", "api", "api"},
		{"slashes to clean away, without a route", "PATCH", "//api//nowhere", "api", "api"},
		{"dots to clean away, without a route", "PUT", "/x/../api/./nowhere", "api", "api"},
		{"outside of all", "GET", "/nowhere", "", "root"},
	}
	for _, test := range tests {
		for what, s := range map[string]*corshttp.Scope{"": scopes(), ", with a group of all": root} {
			want := test.want
			if what != "" {
				want = test.wantAll
			}
			for _, preflight := range []bool{false, true} {
				name := test.name + what
				if preflight {
					name += ", preflight"
				}
				t.Run(name, func(t *testing.T) {
					granted, varies := "", false
					for _, host := range hosts {
						r := httptest.NewRequest(test.method, "http://example.com"+test.path, nil)
						r.Header.Set("Origin", "https://"+host+".example")
						if preflight {
							r.Header.Set("Access-Control-Request-Method", test.method)
							r.Method = "OPTIONS"
						}
						w := httptest.NewRecorder()
						s.ServeHTTP(w, r)
						varies = varies || w.Header().Get("Vary") != ""
						if w.Header().Get("Access-Control-Allow-Origin") != "" {
							granted += host
						}
					}
					if granted != want || varies != (want != "") {
						t.Errorf("%s %s is governed by %q and varies: %v, want %q", test.method, test.path, granted, varies, want)
					}
				})
			}
		}
	}
}

func TestScopesPanics(t *testing.T) {
	policy := allowing("a")
	tests := []struct {
		name string
		do   func(s *corshttp.Scope)
		want string
	}{
		{"no mux", func(*corshttp.Scope) { corshttp.Scopes(nil) }, "the ServeMux is nil"},
		{"a group without a Decider", func(s *corshttp.Scope) { s.Group("/api", nil) }, "Scope.Group: the Decider is nil"},
		{"a route without a Decider", func(s *corshttp.Scope) { s.Route("GET", "/", nil) }, "Scope.Route: the Decider is nil"},
		{"a prefix that is no path", func(s *corshttp.Scope) { s.Group("GET /api", policy) }, "is none"},
		{"a prefix without a slash", func(s *corshttp.Scope) { s.Group("api", policy) }, "is none"},
		{"a prefix that is empty", func(s *corshttp.Scope) { s.Group("", policy) }, "is none"},
		{"a prefix of slashes", func(s *corshttp.Scope) { s.Group("//", policy) }, "is none"},
		{"a prefix with an empty segment", func(s *corshttp.Scope) { s.Group("/api//x", policy) }, "is none"},
		{"a prefix that leads up", func(s *corshttp.Scope) { s.Group("/api/..", policy) }, "is none"},
		{"a prefix that leads nowhere", func(s *corshttp.Scope) { s.Group("/api/./x", policy) }, "is none"},
		{"a prefix with all the rest", func(s *corshttp.Scope) { s.Group("/api/{rest...}", policy) }, "is none"},
		{"a prefix with an end", func(s *corshttp.Scope) { s.Group("/api/{$}", policy) }, "is none"},
		{"a prefix with half a wildcard", func(s *corshttp.Scope) { s.Group("/api/{id", policy) }, "is none"},
		{"a prefix with a wildcard in part", func(s *corshttp.Scope) { s.Group("/api/v{id}", policy) }, "is none"},
		{"a prefix twice", func(s *corshttp.Scope) { s.Group("/api", policy); s.Group("/api/", policy) }, "has a policy already"},
		{"a prefix twice but for a wildcard's name", func(s *corshttp.Scope) { s.Group("/t/{a}", policy); s.Group("/t/{b}", policy) }, "has a policy already"},
		{"a route twice", func(s *corshttp.Scope) { s.Route("GET", "/a", policy); s.Route("GET", "/a", policy) }, "GET /a has a policy already"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if v, _ := recover().(string); !strings.HasPrefix(v, "corshttp: Scope") || !strings.Contains(v, test.want) {
					t.Errorf("it panics with %q, want %q", v, test.want)
				}
			}()
			test.do(corshttp.Scopes(http.NewServeMux()))
		})
	}
}

// TestRouteMethods checks what the answer to a CORS-preflight request lists.
func TestRouteMethods(t *testing.T) {
	from := cors.MustNew(cors.Config{AllowOrigins: []string{app}, MethodsFromRoutes: true, AllowMethods: []string{"PATCH"}})
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /items", "PUT /items", "PURGE /items", "DELETE /items/{id}", "/all", "GET api.example/host"} {
		mux.Handle(pattern, ok)
	}
	scopes := corshttp.Scopes(mux)
	scopes.Group("/", from)
	told := corshttp.RouteMethods(func(*http.Request) []string { return []string{"LINK"} })
	toldScopes := corshttp.Scopes(mux, told)
	toldScopes.Group("/", from)
	outer := http.NewServeMux()
	outer.Handle("/items", corshttp.New(new(cors.Policy))(mux))
	admin := cors.MustNew(cors.Config{AllowOrigins: []string{"https://admin.example"}, AllowMethods: []string{"PUT"}})
	divided := corshttp.Scopes(mux)
	divided.Group("/", from)
	divided.Route("PUT", "/items", admin)
	long := "P" + strings.Repeat("A", 64)
	tests := []struct {
		name, method, path, want string
	}{
		{"two methods, and what GET implies", "PUT", "/items", "GET,HEAD,PUT"},
		{"another method that is asked for", "PURGE", "/items", "GET,HEAD,PUT,PURGE"},
		{"another method that is not served", "LINK", "/items", "GET,HEAD,PUT"},
		{"a path with a wildcard", "DELETE", "/items/5", "DELETE"},
		{"a route for all methods", "LINK", "/all", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS,LINK"},
		{"the longest method", long[:64], "/all", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS," + long[:64]},
		{"a longer one", long, "/all", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS"},
		{"a host", "GET", "/host", "GET,HEAD"},
		{"no route", "PUT", "/nowhere", "PATCH"},
	}
	for _, test := range tests {
		for name, h := range map[string]http.Handler{"New": corshttp.New(from)(mux), "Scopes": scopes} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				if got := methodsListed(h, test.method, test.path); got != test.want {
					t.Errorf("the answer lists %q, want %q", got, test.want)
				}
			})
		}
	}
	for name, h := range map[string]http.Handler{"New": corshttp.New(from, told)(mux), "New around no mux": corshttp.New(from, told)(ok), "Scopes": toldScopes} {
		t.Run("as told, "+name, func(t *testing.T) {
			if got := methodsListed(h, "PUT", "/items"); got != "LINK" {
				t.Errorf("the answer lists %q, want LINK", got)
			}
		})
	}
	t.Run("a mux inside of a mux", func(t *testing.T) {
		if got := methodsListed(corshttp.New(from)(outer), "PUT", "/items"); got != "GET,HEAD,PUT" {
			t.Errorf("the answer lists %q, want those of the inner mux", got)
		}
	})
	t.Run("a method that another policy governs", func(t *testing.T) {
		if got := methodsListed(divided, "GET", "/items"); got != "GET,HEAD" {
			t.Errorf("the answer lists %q, and the browser would send a PUT without asking the policy that governs it", got)
		}
	})
	t.Run("a router that cannot be asked", func(t *testing.T) {
		defer func() {
			if v, _ := recover().(string); !strings.Contains(v, "MethodsFromRoutes") || !strings.Contains(v, "corshttp.RouteMethods") {
				t.Errorf("New panics with %q", v)
			}
		}()
		corshttp.New(from)(ok)
	})
	t.Run("a type with a mux in it", func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("New asks a mux that need not be the one that serves")
			}
		}()
		corshttp.New(from)(struct{ *http.ServeMux }{mux})
	})
	t.Run("no CORS-preflight request", func(t *testing.T) {
		h := corshttp.New(from, corshttp.RouteMethods(func(*http.Request) []string { t.Error("the router is asked"); return nil }))(ok)
		for _, origin := range []string{"", "https://app.example.com/", "https://" + strings.Repeat("a", 1000)} {
			r := httptest.NewRequest("OPTIONS", "/items", nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "PUT")
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}

func methodsListed(h http.Handler, method, path string) string {
	r := httptest.NewRequest("OPTIONS", "http://api.example"+path, nil)
	r.Header.Set("Origin", app)
	r.Header.Set("Access-Control-Request-Method", method)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Header().Get("Access-Control-Allow-Methods")
}
