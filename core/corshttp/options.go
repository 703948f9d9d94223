package corshttp

import (
	"net/http"

	cors "github.com/corskit/corskit/core"
)

// An Option changes how middleware carries decisions.
type Option func(*options)

type options struct {
	seal         bool
	routeMethods func(*http.Request) []string // nil if the router cannot be asked
}

func apply(all []Option) (o options) {
	for _, option := range all {
		option(&o)
	}
	return o
}

// RouteMethods tells middleware how to ask a router which methods it serves at
// the path of a request, which is a CORS-preflight request, so that policies can
// have [cors.Config.MethodsFromRoutes]. The function must be safe for concurrent
// use; [cors.ServedMethods] puts what it finds in order. An [http.ServeMux] needs
// no such option.
func RouteMethods(ask func(*http.Request) []string) Option {
	return func(o *options) { o.routeMethods = ask }
}

// longestMethod is the longest method, in bytes, that a router is asked for
// because a request names it.
const longestMethod = 64

// methodsOf returns the methods that a mux serves at the path of a request, of
// those that are not left out. A mux does not tell which methods it knows beyond
// the usual ones, so that of others it is asked for the one that the request asks
// for.
func methodsOf(mux *http.ServeMux, r *http.Request, leaveOut func(*http.Request) bool) []string {
	serves := func(method string) bool {
		q := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		return isServed(mux, q) && (leaveOut == nil || !leaveOut(q))
	}
	asked := r.Header.Get("Access-Control-Request-Method")
	if len(asked) > longestMethod {
		return cors.ServedMethods(serves)
	}
	return cors.ServedMethods(serves, asked)
}

// isServed reports whether a handler is reached through muxes inside each other.
func isServed(h http.Handler, r *http.Request) bool {
	for {
		switch to := h.(type) {
		case *http.ServeMux:
			inner, pattern := to.Handler(r)
			if pattern == "" {
				return false
			}
			h = inner
		case *middleware:
			h = to.next
		default:
			return true
		}
	}
}
