package adapters

import (
	"net/http"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core/corshttp"
)

// NetHTTP builds the site with the http.ServeMux of the standard library.
// Panics are recovered outside of the policy, and nothing is logged.
func NetHTTP(s conformance.Site) conformance.App {
	covered, prefix := http.NewServeMux(), ""
	if s.Mount == conformance.Group {
		prefix = conformance.Prefix
	}
	for _, r := range s.Inside() {
		covered.Handle(r.Method+" "+prefix+r.Path, r.Handler)
	}
	h := corshttp.New(s.Policy)(covered)
	if s.Mount == conformance.Group {
		top := http.NewServeMux()
		top.Handle(prefix, h)
		top.Handle(prefix+"/", h)
		for _, r := range s.Outside() {
			top.Handle(r.Method+" "+r.Path, r.Handler)
		}
		h = top
	}
	return conformance.HTTP(recoverer(h))
}

// recoverer answers 500 where h panics, as the frameworks' recovery does.
func recoverer(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	})
}
