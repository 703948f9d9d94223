package adapters

import (
	"cmp"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	corschi "github.com/corskit/corskit/adapters/chi"
	"github.com/corskit/corskit/conformance"
)

// Chi builds the site with chi. Panics are recovered outside of the policy,
// and nothing is logged.
func Chi(s conformance.Site) conformance.App {
	top := chi.NewRouter()
	top.Use(quietly, middleware.Recoverer)
	covered := func(r chi.Router) {
		r.Use(corschi.New(s.Policy))
		for _, route := range s.Inside() {
			// chi has no empty path: "/" in a subrouter stands for it.
			r.Method(route.Method, cmp.Or(route.Path, "/"), route.Handler)
		}
	}
	if s.Mount == conformance.Group {
		top.Route(conformance.Prefix, covered)
	} else {
		covered(top)
	}
	for _, route := range s.Outside() {
		top.Method(route.Method, route.Path, route.Handler)
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
