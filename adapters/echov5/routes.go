package corsecho

import (
	"net/http"
	"slices"
	"sync"

	"github.com/labstack/echo/v5"

	cors "github.com/corskit/corskit/core"
)

// A route is a route as echo knows it.
type route struct{ method, path string }

// reached returns the route that the router has found for c, and whether it is
// one: what answers where there is none also has a path. The method is that of
// the route, which may serve others: HEAD where it is GET, and all where it is
// [echo.RouteAny].
func reached(c *echo.Context) (r route, routed bool) {
	r = route{c.RouteInfo().Method, c.Path()}
	return r, r.method != "" && r.method != echo.RouteNotFound
}

// find returns what [reached] does about a request like r with another method.
func find(e *echo.Echo, method string, r *http.Request) (to route, routed bool) {
	to, routed, _ = lookUp(e, method, r)
	return to, routed
}

// lookUp is find, and returns the handler too.
func lookUp(e *echo.Echo, method string, r *http.Request) (to route, routed bool, h echo.HandlerFunc) {
	asking := r.WithContext(r.Context()) // a copy, which the router may change
	asking.Method = method
	c := e.AcquireContext()
	c.Reset(asking, nil)
	h = e.Router().Route(c)
	to, routed = reached(c)
	e.ReleaseContext(c)
	return to, routed, h
}

// A finder knows the methods that the routes of an echo have. The zero value is
// ready, and safe for concurrent use.
type finder struct {
	known sync.Map // of *echo.Echo: []string
}

// longestMethod is the longest method, in bytes, that the router is asked for
// because a request names it.
const longestMethod = 64

// methods returns the methods for which echo has routes at the path of a request,
// or nil. Those that another Decider than d governs are left out: browsers keep the
// list, and would send what is on it without asking that one.
func (m *middleware) methods(e *echo.Echo, r *http.Request, d cors.Decider) []string {
	serves := func(method string) bool {
		to, routed := find(e, method, r)
		return routed && (m.scope == nil || cors.SameDecider(d, m.scope.governor(method, to, true, r)))
	}
	others := m.finder.others(e)
	// Routes for any method serve what no list has.
	if asked := r.Header.Get("Access-Control-Request-Method"); len(asked) <= longestMethod {
		others = append(slices.Clip(others), asked)
	}
	return cors.ServedMethods(serves, others...)
}

// others returns the methods that e's routes have. Routes that are added later are
// not looked for: echo allows none once it serves.
func (f *finder) others(e *echo.Echo) []string {
	if known, ok := f.known.Load(e); ok {
		return known.([]string)
	}
	var all []string
	for _, r := range e.Router().Routes() {
		if r.Method != echo.RouteAny && r.Method != echo.RouteNotFound && !slices.Contains(all, r.Method) {
			all = append(all, r.Method)
		}
	}
	f.known.Store(e, all)
	return all
}
