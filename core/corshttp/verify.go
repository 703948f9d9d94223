package corshttp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	cors "github.com/corskit/corskit/core"
)

// Verify finds what is wrong with the way policies are mounted on h: routes whose
// CORS-preflight requests reach no policy, or another than the request itself,
// and so on. In a test of your server:
//
//	findings, err := corshttp.Verify(handler, []string{"GET /items", "PUT /items/{id}"})
//
// The routes are patterns of an [http.ServeMux], with a method each: net/http
// cannot list them. Those that match without are meant to have no policy, as
// [cors.Findings] says.
//
// Each route is asked in process, with requests that middleware of this package
// answers without asking its policy and before any handler. Verify looks first
// whether such middleware is on the way, through the handlers of [New] and
// [Scopes] and through ServeMuxes, and asks nothing where it is not: no handler
// runs. Through other middleware it cannot look. Give it the handler that New has
// returned, not one around it.
//
// The error is that of a route that cannot be read, or that h does not have. Verify must not be called
// concurrently with changes to the handlers.
func Verify(h http.Handler, routes []string, without ...string) ([]cors.Finding, error) {
	var checks []cors.RouteCheck
	for _, route := range routes {
		c, err := checkRoute(h, route)
		if err != nil {
			return nil, fmt.Errorf("corshttp: Verify: %q: %w", route, err)
		}
		checks = append(checks, c)
	}
	return cors.Findings(checks, remedies, without...), nil
}

var remedies = cors.Remedies{
	Mount:     "wrap the mux that serves it, as in corshttp.New(policy)(mux), or give it a policy with Scope.Group or Scope.Route",
	Preflight: "wrap the mux, as in corshttp.New(policy)(mux), in the place of the one handler",
	Order:     "wrap with corshttp.New(policy) outside of authentication and all else that answers by itself",
	Once:      "take one of the two away, or use corshttp.Scopes, where the innermost policy decides both",
	Redirect:  "wrap what redirects with corshttp.New(policy), and use the path that it redirects to",
	Opaque:    "give Verify the handler that corshttp.New or corshttp.Scopes has returned, without other middleware around it",
}

func checkRoute(h http.Handler, pattern string) (c cors.RouteCheck, err error) {
	method, host, path := cutPattern(pattern)
	if method == "" || !strings.HasPrefix(path, "/") {
		return c, errors.New("is no route: write a method and a path, such as PUT /items")
	}
	c = cors.RouteCheck{Method: method, Route: host + path}
	u, err := url.ParseRequestURI(examplePath(path))
	if err != nil {
		return c, err
	}
	preflight, actual := probeRequest(true, method, u, host), probeRequest(false, method, u, host)
	there, asked := wayOf(h, actual), wayOf(h, preflight)
	if there.end {
		return c, errors.New("is no route of the handler: write it as it was given to the ServeMux")
	}
	covered := there.mounts > 0
	switch {
	case asked.mounts > 0 || asked.end:
		c.Preflight = send(h, preflight, asked.mounts)
	case asked.options || covered && asked.routed:
		c.OwnOptions = true
	}
	if covered {
		c.Chain = cors.Covered
		c.Actual = send(h, actual, there.mounts)
	}
	return c, nil
}

// A way is what a request meets, as far as one can see.
type way struct {
	mounts  int  // middlewares of ours
	routed  bool // a ServeMux has a route for it
	options bool // which is for OPTIONS alone
	end     bool // it ends in a ServeMux that has no route for it
}

func wayOf(h http.Handler, r *http.Request) (w way) {
	for {
		switch to := h.(type) {
		case *middleware:
			w.mounts++
			h = to.next
		case *Scope:
			w.mounts++
			h = to.mux
		case *http.ServeMux:
			inner, pattern := to.Handler(r)
			if w.end = pattern == ""; w.end {
				return w
			}
			method, _, _ := cutPattern(pattern)
			w.routed, w.options = true, method == http.MethodOptions
			h = inner
		default:
			return w
		}
	}
}

// examplePath returns a path that a ServeMux's pattern matches.
func examplePath(pattern string) string {
	segments := strings.Split(pattern, "/")
	for i, s := range segments {
		switch {
		case s == "{$}":
			segments[i] = ""
		case strings.HasPrefix(s, "{"):
			segments[i] = "corskit-example"
		}
	}
	return strings.Join(segments, "/")
}

// Mounts counts the middlewares that [New] has returned among others, for
// adapters to routers that tell which middlewares a route has.
func Mounts(all ...func(http.Handler) http.Handler) (n int) {
	ours := reflect.ValueOf(New((*cors.Policy)(nil))).Pointer()
	for _, m := range all {
		if reflect.ValueOf(m).Pointer() == ours {
			n++
		}
	}
	return n
}
