package adapters

import (
	"net/http"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/broken"
)

// NetHTTP builds the site with the http.ServeMux of the standard library, as the
// suite's own tests do.
func NetHTTP(s conformance.Site) conformance.App { return broken.Right(s) }

func onHTTP(s conformance.Site, h conformance.Handler) http.Handler {
	if behind := s.Behind(h); behind != nil {
		return behind
	}
	return h
}

// authentication answers 401 where there are no credentials.
func authentication(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Recoverer answers 500 where h panics, as the frameworks' recovery does.
func Recoverer(h http.Handler) http.Handler {
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
