package broken

import (
	"net/http"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core/corshttp"
)

// Right is a complete adapter, for [http.ServeMux], which passes every case.
func Right(s conformance.Site) conformance.App {
	var options []corshttp.Option
	if s.Seal {
		options = append(options, corshttp.Seal())
	}
	prefix := ""
	if s.Mount == conformance.Group {
		prefix = conformance.Prefix
	}
	covered := http.NewServeMux()
	for _, r := range s.Inside() {
		var h http.Handler = r.Handler
		if behind := s.Behind(r.Handler); behind != nil {
			h = behind
		}
		if s.Auth == conformance.AuthInside {
			h = authenticating(h)
		}
		covered.Handle(r.Method+" "+prefix+r.Path, h)
	}
	outside := recovering
	if s.Auth == conformance.AuthOutside {
		outside = func(h http.Handler) http.Handler { return recovering(authenticating(h)) }
	}
	switch s.Mount {
	case conformance.Scopes:
		scopes := corshttp.Scopes(covered, options...)
		for _, scope := range s.Scopes {
			if scope.Prefix != "" {
				scopes.Group(scope.Prefix, scope.Policy)
			} else {
				scopes.Route(scope.Method, scope.Path, scope.Policy)
			}
		}
		return conformance.HTTP(outside(scopes))
	case conformance.Outside:
		return conformance.HTTP(corshttp.New(s.Policy, options...)(recovering(covered)))
	}
	policed := corshttp.New(s.Policy, options...)(covered)
	site := http.NewServeMux()
	site.Handle(prefix+"/", policed)
	if prefix != "" {
		site.Handle(prefix, policed)
	}
	for _, r := range s.Outside() {
		site.Handle(r.Method+" "+r.Path, r.Handler)
	}
	return conformance.HTTP(outside(site))
}

// authenticating is middleware that the site asks for.
func authenticating(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recovering is the recovery that frameworks bring along.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
