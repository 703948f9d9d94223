package corsecho

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	cors "github.com/corskit/corskit/core"
)

// A route is a route as echo knows it.
type route struct{ method, path string }

// A finder tells which route a request would reach, by asking echo's routers.
// The zero value is ready. It is safe for concurrent use, as far as routers are.
type finder struct {
	tables sync.Map // of *echo.Router: *table
}

// A table holds the routes of a router. Routers tell the path of what a request
// reaches, but not whether that is the route of its method, or an answer that
// there is none.
type table struct {
	routes  map[route]struct{}
	methods []string // of the routes, each once
	size    int      // of the router, when the table was made
}

// routerFor returns the router that serves a host, and the host, which is empty
// if it has no router of its own.
func routerFor(e *echo.Echo, host string) (*echo.Router, string) {
	if r, ok := e.Routers()[host]; ok {
		return r, host
	}
	return e.Router(), ""
}

// find returns the path of the route that r would reach with the given method.
// What it returns is not a route's if the router has none for the method.
func find(e *echo.Echo, router *echo.Router, method string, r *http.Request) (path string) {
	c := e.AcquireContext()
	c.Reset(r, nil)
	router.Find(method, echo.GetPath(r), c)
	path = c.Path()
	e.ReleaseContext(c)
	return path
}

// has reports whether a router has a route. echo allows no new ones once it
// serves; tests do not always keep to that, so that what is missing may be new.
func (f *finder) has(router *echo.Router, r route) bool {
	if known, ok := f.tables.Load(router); ok {
		if _, ok := known.(*table).routes[r]; ok {
			return true
		}
	}
	_, ok := f.table(router).routes[r]
	return ok
}

// table returns the table of a router as it is now.
func (f *finder) table(router *echo.Router) *table {
	size := sizeOf(router)
	if known, ok := f.tables.Load(router); ok && known.(*table).size == size {
		return known.(*table)
	}
	t := &table{routes: map[route]struct{}{}, size: size}
	methods := map[string]struct{}{}
	for _, r := range router.Routes() {
		if r.Method != echo.RouteNotFound { // which answers where there is no route
			t.routes[route{r.Method, r.Path}] = struct{}{}
			methods[r.Method] = struct{}{}
		}
	}
	t.methods = slices.Collect(maps.Keys(methods))
	f.tables.Store(router, t)
	return t
}

// sizeOf returns how many routes a router has, without listing them: that takes
// an allocation as large as they are many, and hostile requests would ask for it.
func sizeOf(router *echo.Router) int {
	if routes := reflect.ValueOf(router).Elem().FieldByName("routes"); routes.Kind() == reflect.Map {
		return routes.Len()
	}
	return len(router.Routes())
}

// methods returns the methods for which echo has routes at the path of a request,
// or nil. Those that another Decider than d governs are left out: browsers keep the
// list, and would send what is on it without asking that one.
func (m *middleware) methods(e *echo.Echo, r *http.Request, d cors.Decider) []string {
	router, host := routerFor(e, r.Host)
	t := m.finder.table(router)
	serves := func(method string) bool {
		to := route{method, find(e, router, method, r)}
		_, ok := t.routes[to]
		return ok && (m.scope == nil || cors.SameDecider(d, m.scope.governor(host, to, true, r)))
	}
	return cors.ServedMethods(serves, t.methods...)
}
