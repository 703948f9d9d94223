package adapters

import (
	"cmp"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	corschi "github.com/corskit/corskit/adapters/chi"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core/corshttp"
)

// Chi builds the site with chi. Panics are recovered outside of the policy,
// unless that is around the router, and nothing is logged.
func Chi(s conformance.Site) conformance.App {
	var seal []corschi.Option
	if s.Seal {
		seal = append(seal, corschi.Seal())
	}
	top := chi.NewRouter()
	top.Use(quietly, middleware.Recoverer)
	if s.Auth == conformance.AuthOutside {
		top.Use(authentication)
	}
	switch s.Mount {
	case conformance.Global:
		top.Use(corschi.New(s.Policy, seal...))
	case conformance.Group:
		top.Route(conformance.Prefix, func(r chi.Router) {
			r.Use(corschi.New(s.Policy, seal...))
			for _, route := range s.Inside() {
				// chi has no empty path: "/" in a subrouter stands for it.
				r.Method(route.Method, cmp.Or(route.Path, "/"), onHTTP(s, route.Handler))
			}
		})
		for _, route := range s.Outside() {
			top.Method(route.Method, route.Path, onHTTP(s, route.Handler))
		}
		return conformance.HTTP(top)
	case conformance.Scopes:
		scopes := corschi.Scopes(top, seal...)
		for _, scope := range s.Scopes {
			if scope.Prefix != "" {
				scopes.Group(scope.Prefix, scope.Policy)
			} else {
				scopes.Route(scope.Method, scope.Path, scope.Policy)
			}
		}
	}
	if s.Auth == conformance.AuthInside {
		top.Use(authentication)
	}
	for _, route := range s.Inside() {
		top.Method(route.Method, route.Path, onHTTP(s, route.Handler))
	}
	if s.Mount == conformance.Outside {
		return conformance.HTTP(corshttp.New(s.Policy, seal...)(top))
	}
	return conformance.HTTP(top)
}

// quietly keeps Recoverer from printing stack traces.
func quietly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, middleware.WithLogEntry(r, noLog{}))
	})
}

type noLog struct{ middleware.LogEntry }

func (noLog) Panic(any, []byte) {}
