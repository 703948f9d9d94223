package adapters

import (
	"net/http"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core/corshttp"
)

// NetHTTP builds the site with the http.ServeMux of the standard library.
// Panics are recovered outside of the policy, and nothing is logged.
func NetHTTP(s conformance.Site) conformance.App {
	var seal []corshttp.Option
	if s.Seal {
		seal = append(seal, corshttp.Seal())
	}
	mux, prefix := http.NewServeMux(), ""
	if s.Mount == conformance.Group {
		prefix = conformance.Prefix
	}
	for _, r := range s.Inside() {
		h := onHTTP(s, r.Handler)
		if s.Auth == conformance.AuthInside {
			h = authentication(h)
		}
		mux.Handle(r.Method+" "+prefix+r.Path, h)
	}
	outside := recoverer
	if s.Auth == conformance.AuthOutside {
		outside = func(h http.Handler) http.Handler { return recoverer(authentication(h)) }
	}
	switch s.Mount {
	case conformance.Scopes:
		scopes := corshttp.Scopes(mux, seal...)
		for _, scope := range s.Scopes {
			if scope.Prefix != "" {
				scopes.Group(scope.Prefix, scope.Policy)
			} else {
				scopes.Route(scope.Method, scope.Path, scope.Policy)
			}
		}
		return conformance.HTTP(outside(scopes))
	case conformance.Outside:
		return conformance.HTTP(corshttp.New(s.Policy, seal...)(recoverer(mux)))
	}
	h := corshttp.New(s.Policy, seal...)(mux)
	if s.Mount == conformance.Group {
		top := http.NewServeMux()
		top.Handle(prefix, h)
		top.Handle(prefix+"/", h)
		for _, r := range s.Outside() {
			top.Handle(r.Method+" "+r.Path, onHTTP(s, r.Handler))
		}
		h = top
	}
	return conformance.HTTP(outside(h))
}

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
