package corshttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// muxOf returns a ServeMux with handlers for patterns that must never run.
func muxOf(t *testing.T, patterns ...string) *http.ServeMux {
	mux := http.NewServeMux()
	for _, pattern := range patterns {
		mux.Handle(pattern, never(t, pattern))
	}
	return mux
}

func never(t *testing.T, name string) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Errorf("the handler of %s runs", name) })
}

func authentication(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestVerify(t *testing.T) {
	put := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}})
	other := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}})
	tests := []struct {
		name    string
		handler func(t *testing.T) http.Handler
		routes  []string
		without []string
		want    []string // what the findings contain
	}{
		{"around a mux", func(t *testing.T) http.Handler {
			return corshttp.New(put)(muxOf(t, "GET /items", "PUT /items/{id}", "OPTIONS /items", "GET /end/{$}", "GET /rest/{rest...}"))
		}, []string{"GET /items", "PUT /items/{id}", "OPTIONS /items", "GET /end/{$}", "GET /rest/{rest...}"}, nil, nil},
		{"around a mux, sealed", func(t *testing.T) http.Handler { return corshttp.New(put, corshttp.Seal())(muxOf(t, "PUT /items")) }, []string{"PUT /items"}, nil, nil},
		{"on a subtree", func(t *testing.T) http.Handler {
			top := http.NewServeMux()
			top.Handle("/api/", corshttp.New(put)(muxOf(t, "PUT /api/items")))
			return top
		}, []string{"PUT /api/items"}, nil, nil},
		{"by scopes", func(t *testing.T) http.Handler {
			s := corshttp.Scopes(muxOf(t, "PUT /api/items", "GET /other"))
			s.Group("/api", put)
			return s
		}, []string{"PUT /api/items", "GET /other"}, []string{"/other"}, nil},
		{"outside of scopes", func(t *testing.T) http.Handler {
			s := corshttp.Scopes(muxOf(t, "PUT /api/items", "GET /other"))
			s.Group("/api", put)
			return s
		}, []string{"PUT /api/items", "GET /other"}, nil, []string{"high: GET /other: no policy covers it: wrap the mux"}},
		{"on one handler alone", func(t *testing.T) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("PUT /items", corshttp.New(put)(never(t, "PUT /items")))
			return mux
		}, []string{"PUT /items"}, nil, []string{"high: PUT /items: CORS-preflight requests get 405 from the router, and reach no policy: wrap the mux"}},
		{"on one handler, with one for OPTIONS beside it", func(t *testing.T) http.Handler {
			mux := muxOf(t, "OPTIONS /items")
			mux.Handle("PUT /items", corshttp.New(put)(never(t, "PUT /items")))
			return mux
		}, []string{"PUT /items"}, nil, []string{"high: PUT /items: CORS-preflight requests run the application's own handler for OPTIONS"}},
		{"authentication outside", func(t *testing.T) http.Handler {
			top := http.NewServeMux()
			top.Handle("/", authentication(corshttp.New(put)(muxOf(t, "PUT /items"))))
			return top
		}, []string{"PUT /items"}, nil, []string{"low: PUT /items: it cannot be told"}},
		{"authentication inside", func(t *testing.T) http.Handler { return corshttp.New(put)(authentication(muxOf(t, "PUT /items"))) }, []string{"PUT /items"}, nil, nil},
		{"no policy at all", func(t *testing.T) http.Handler { return muxOf(t, "PUT /items") }, []string{"PUT /items"}, nil,
			[]string{"high: PUT /items: CORS-preflight requests get 405", "low: PUT /items: it cannot be told"}},
		{"no mux", func(t *testing.T) http.Handler { return never(t, "all") }, []string{"PUT /items"}, nil, []string{"low: PUT /items: it cannot be told"}},
		{"a handler for all methods", func(t *testing.T) http.Handler { return muxOf(t, "/items") }, []string{"PUT /items"}, nil, []string{"low: PUT /items: it cannot be told"}},
		{"on one handler, with one for all paths beside it", func(t *testing.T) http.Handler {
			mux := muxOf(t, "/")
			mux.Handle("PUT /items", corshttp.New(put)(never(t, "PUT /items")))
			return mux
		}, []string{"PUT /items"}, nil, []string{"high: PUT /items: CORS-preflight requests run the application's own handler"}},
		{"a type with a mux in it", func(t *testing.T) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("PUT /items", corshttp.New(put)(never(t, "PUT /items")))
			return embedding{mux, never(t, "all")}
		}, []string{"PUT /items"}, nil, []string{"low: PUT /items: it cannot be told"}},
		{"paths that are read in two ways", func(t *testing.T) http.Handler {
			mux := muxOf(t, "/")
			mux.Handle("GET /a", corshttp.New(put)(never(t, "GET /a")))
			return mux
		}, []string{"GET /a#b", "CONNECT //h/a"}, nil, []string{"low: GET /a#b: it cannot be told", "low: CONNECT //h/a: it cannot be told"}},
		{"a pattern with a host", func(t *testing.T) http.Handler {
			s := corshttp.Scopes(muxOf(t, "PUT api.example.com/items", "GET /items"))
			s.Route("PUT", "/items", put)
			return s
		}, []string{"PUT api.example.com/items"}, nil, nil},
		{"a pattern with a host, and text beside a wildcard", func(t *testing.T) http.Handler {
			s := corshttp.Scopes(muxOf(t, "PUT /items/{id}", "PUT /items/x"))
			s.Route("PUT", "/items/{id}", put)
			return s
		}, []string{"PUT /items/{id}"}, nil, nil},
		{"a Decider that is a function", func(t *testing.T) http.Handler {
			return corshttp.New(decides(func() { t.Error("a Decider is asked") }))(muxOf(t, "PUT /items"))
		}, []string{"PUT /items"}, nil, nil},
		{"two Deciders that are functions", func(t *testing.T) http.Handler {
			d := decides(func() { t.Error("a Decider is asked") })
			return corshttp.New(d)(corshttp.New(d, corshttp.Seal())(muxOf(t, "PUT /items")))
		}, []string{"PUT /items"}, nil, []string{"low: PUT /items: 2 policies decide"}},
		{"outside of scopes, around a handler", func(t *testing.T) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/items", corshttp.New(put)(never(t, "/items")))
			return corshttp.Scopes(mux)
		}, []string{"PUT /items"}, nil, nil},
		{"outside of scopes, on one handler alone", func(t *testing.T) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("PUT /items", corshttp.New(put)(never(t, "PUT /items")))
			return corshttp.Scopes(mux)
		}, []string{"PUT /items"}, nil, []string{"high: PUT /items: CORS-preflight requests reach no policy, though"}},
		{"another policy inside", func(t *testing.T) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("PUT /items", corshttp.New(other)(never(t, "PUT /items")))
			return corshttp.New(put)(mux)
		}, []string{"PUT /items"}, nil, []string{"high: PUT /items: another policy decides the request itself"}},
		{"the same policy inside", func(t *testing.T) http.Handler {
			return corshttp.New(put)(corshttp.New(put)(muxOf(t, "PUT /items")))
		}, []string{"PUT /items"}, nil, []string{"low: PUT /items: 2 policies decide"}},
		{"a method that no route serves", func(t *testing.T) http.Handler { return corshttp.New(put)(muxOf(t, "GET /items")) }, []string{"GET /items"}, nil,
			[]string{"low: PUT: a policy allows the method"}},
		{"a pattern for a subtree", func(t *testing.T) http.Handler { return corshttp.New(put)(muxOf(t, "PUT /items/")) }, []string{"PUT /items/"}, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, err := corshttp.Verify(test.handler(t), test.routes, test.without...)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != len(test.want) {
				t.Fatalf("there are %d findings, want %d: %v", len(found), len(test.want), found)
			}
			for i, f := range found {
				if !strings.Contains(f.String(), test.want[i]) {
					t.Errorf("finding %d is %q, want %q", i, f, test.want[i])
				}
			}
		})
	}
}

// embedding serves with something else than its mux.
type embedding struct {
	*http.ServeMux
	serves http.Handler
}

func (e embedding) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.serves.ServeHTTP(w, r) }

type decides func()

func (d decides) Decide(context.Context, cors.Request) cors.Decision { d(); return cors.Decision{} }

func TestVerifyErrors(t *testing.T) {
	const malformed, missing = "write a method and a path", "is no route of the handler"
	for route, want := range map[string]string{
		"/items": malformed, "GET": malformed, "": malformed, "GET items": malformed, "GET a.example": malformed,
		"GET /a\x7fb": "invalid control character", "GET /%zz": "invalid URL escape",
		"PUT /itemz": missing, "GE(T /items": missing, "GET /items": missing,
	} {
		t.Run(route, func(t *testing.T) {
			found, err := corshttp.Verify(corshttp.New(policy())(muxOf(t, "PUT /items")), []string{route})
			if err == nil || found != nil || !strings.HasPrefix(err.Error(), "corshttp: Verify: ") || !strings.Contains(err.Error(), want) {
				t.Errorf("Verify returns %v, %v, want the error %q", found, err, want)
			}
		})
	}
}

// TestProbeOverTheWire checks that no client can make middleware believe that it
// is being verified.
func TestProbeOverTheWire(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if corshttp.ProbeIn(r) != nil {
		t.Error("a request of a client carries a probe")
	}
	var carried *cors.Probe
	look := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RequestURI = "/" // as middleware does that rewrites paths
		carried = corshttp.ProbeIn(r)
		w.Header().Set("Location", "/x")
		w.WriteHeader(103)
		w.WriteHeader(301)
		_, _ = w.Write(nil)
		w.WriteHeader(500)
	})
	o, err := corshttp.SendProbe(look, true, "PUT", "/a?b", 3)
	if err != nil || carried == nil || carried.Mounts != 3 || o.Status != 301 || o.Location != "/x" {
		t.Errorf("SendProbe returns %+v, %v and sends %+v", o, err, carried)
	}
	if o, err := corshttp.SendProbe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(nil)
		w.WriteHeader(500)
	}), false, "GET", "/", 1); err != nil || o.Status != 200 {
		t.Errorf("SendProbe returns %+v, %v, want the status 200 of a handler that writes", o, err)
	}
	if o, err := corshttp.SendProbe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.WriteHeader(500)
	}), false, "GET", "/", 1); err != nil || o.Status != 200 {
		t.Errorf("SendProbe returns %+v, %v, want the first status", o, err)
	}
	if _, err := corshttp.SendProbe(look, false, "GET", "no path", 1); err == nil {
		t.Error("SendProbe takes what is no path")
	}
}

func TestMounts(t *testing.T) {
	ours, other := corshttp.New(policy()), func(h http.Handler) http.Handler { return h }
	if n := corshttp.Mounts(other, ours, corshttp.New(policy(), corshttp.Seal()), other); n != 2 {
		t.Errorf("there are %d of our middlewares, want 2", n)
	}
	if n := corshttp.Mounts(); n != 0 {
		t.Errorf("there are %d of our middlewares among none", n)
	}
}
