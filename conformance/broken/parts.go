package broken

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Here are the parts of Right that a breakage replaces.

// A decideFunc is a Decider around another.
type decideFunc func(context.Context, cors.Request) cors.Decision

func (f decideFunc) Decide(ctx context.Context, r cors.Request) cors.Decision { return f(ctx, r) }

// unwrapping is one that says what is inside.
type unwrapping struct {
	inner cors.Decider
	decideFunc
}

func (u unwrapping) Unwrap() cors.Decider { return u.inner }

// fixed is the Decider that always decides d.
func fixed(d cors.Decision) cors.Decider {
	return decideFunc(func(context.Context, cors.Request) cors.Decision { return d })
}

// deciding is the right adapter with decide between it and the policy.
func deciding(decide func(context.Context, cors.Decider, cors.Request) cors.Decision) func(conformance.Site) conformance.App {
	return func(s conformance.Site) conformance.App {
		policy := s.Policy
		s.Policy = unwrapping{policy, func(ctx context.Context, r cors.Request) cors.Decision { return decide(ctx, policy, r) }}
		return Right(s)
	}
}

// unrouted is d for middleware around what is no router, which could not ask it
// what d might want to know.
func unrouted(d cors.Decider) cors.Decider { return decideFunc(d.Decide) }

// scoping is the right adapter, with other scopes where there are any.
func scoping(change func([]conformance.Scope)) func(conformance.Site) conformance.App {
	return func(s conformance.Site) conformance.App {
		if s.Mount == conformance.Scopes {
			s.Scopes = slices.Clone(s.Scopes)
			change(s.Scopes)
		}
		return Right(s)
	}
}

// unsealed is the right adapter without its option.
func unsealed(s conformance.Site) conformance.App {
	s.Seal = false
	return Right(s)
}

// asking changes what the policy is asked.
func asking(change func(*cors.Request)) func(conformance.Site) conformance.App {
	return deciding(func(ctx context.Context, d cors.Decider, r cors.Request) cors.Decision {
		change(&r)
		return d.Decide(ctx, r)
	})
}

// answering changes what the policy answers.
func answering(change func(*cors.Decision, cors.Request)) func(conformance.Site) conformance.App {
	return deciding(func(ctx context.Context, d cors.Decider, r cors.Request) cors.Decision {
		decision := d.Decide(ctx, r)
		change(&decision, r)
		return decision
	})
}

// remembering decides once, and answers so ever after.
func remembering(s conformance.Site) conformance.App {
	var mu sync.Mutex
	var first *cors.Decision
	return deciding(func(ctx context.Context, d cors.Decider, r cors.Request) cors.Decision {
		decision := d.Decide(ctx, r)
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = &decision
		}
		return *first
	})(s)
}

// grouping is an adapter whose routes are all on one mux, which cover wraps. It
// is the right adapter where there are scopes.
func grouping(cover func(s conformance.Site, routed http.Handler) http.Handler) func(conformance.Site) conformance.App {
	return func(s conformance.Site) conformance.App {
		if s.Mount == conformance.Scopes {
			return Right(s)
		}
		mux := http.NewServeMux()
		for _, r := range s.Routes {
			mux.Handle(r.Method+" "+r.Path, r.Handler)
		}
		return conformance.HTTP(recovering(cover(s, mux)))
	}
}

// middle is an adapter with other middleware, on the whole server.
func middle(middleware func(d cors.Decider, next http.Handler) http.Handler) func(conformance.Site) conformance.App {
	return grouping(func(s conformance.Site, routed http.Handler) http.Handler {
		return middleware(s.Policy, routed)
	})
}

// byRoute wraps each route that the policy covers apart, and is the right adapter
// where there are scopes.
func byRoute(s conformance.Site) conformance.App {
	if s.Mount == conformance.Scopes {
		return Right(s)
	}
	mux, prefix := http.NewServeMux(), ""
	if s.Mount == conformance.Group {
		prefix = conformance.Prefix
	}
	for _, r := range s.Inside() {
		mux.Handle(r.Method+" "+prefix+r.Path, corshttp.New(unrouted(s.Policy))(r.Handler))
	}
	for _, r := range s.Outside() {
		mux.Handle(r.Method+" "+r.Path, r.Handler)
	}
	return conformance.HTTP(recovering(mux))
}

// wrapping is the right adapter, with the header changed as it is written.
func wrapping(change func(h http.Header, status int, r *http.Request)) func(conformance.Site) conformance.App {
	return middle(func(d cors.Decider, next http.Handler) http.Handler {
		right := recovering(corshttp.New(d)(next))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			right.ServeHTTP(&changingWriter{w, r, change}, r)
		})
	})
}

type changingWriter struct {
	http.ResponseWriter
	request *http.Request
	change  func(h http.Header, status int, r *http.Request)
}

func (w *changingWriter) WriteHeader(status int) {
	w.change(w.Header(), status, w.request)
	w.ResponseWriter.WriteHeader(status)
}
