package corsfiber

import (
	"slices"
	"sync"
	"sync/atomic"

	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"
)

// A router tells which route of an app a request would reach, by fiber's own
// rules: it is an app with copies of the routes and none of their handlers.
// Middleware is no route. A router is safe for concurrent use.
type router struct {
	app     *fiber.App // whose routes it has
	seen    []seen     // by method: what routes those were
	methods []string   // that app serves
	copies  *fiber.App
	places  map[*fiber.Route]place // what each of the copies stands for
	room    sync.Pool              // of *fasthttp.RequestCtx
}

// seen tells whether a stack of routes has changed.
type seen struct {
	routes int
	last   *fiber.Route
}

// A place is where a request goes.
type place struct {
	routed  bool
	decider cors.Decider // whatever the router was told
}

// unrouted is a method for which there are no routes, only what leads to none.
const unrouted = "-"

// newRouter copies the routes of an app that has started. What decides about
// a route, decide tells. What decides about paths without a route is at the
// patterns in below, of which the first to match governs.
func newRouter(app *fiber.App, decide func(*fiber.Route) cors.Decider, below []group) *router {
	r := &router{app: app, seen: look(app), methods: app.Config().RequestMethods, places: map[*fiber.Route]place{}}
	r.copies = emptied(app, append(slices.Clip(r.methods), unrouted))
	nothing := func(fiber.Ctx) error { return nil }
	// These come after the routes, the last of them for all that is left.
	deciders := map[string]cors.Decider{}
	for _, g := range append(slices.Clip(below), group{}) {
		pattern := g.pattern + "/*"
		if _, ok := deciders[pattern]; !ok {
			deciders[pattern] = g.decider
			r.copies.All(pattern, nothing)
		}
	}
	stacks := r.copies.Stack()
	for _, stack := range stacks {
		for _, last := range stack {
			r.places[last] = place{decider: deciders[last.Path]}
		}
	}
	routes := make([][]*fiber.Route, len(stacks))
	for _, route := range app.GetRoutes(true) {
		p := place{routed: true, decider: decide(&route)}
		route.Handlers = []fiber.Handler{nothing}
		m := slices.Index(r.methods, route.Method)
		routes[m] = append(routes[m], &route)
		r.places[&route] = p
	}
	for m := range stacks {
		stacks[m] = append(routes[m], stacks[m]...)
	}
	r.copies.Handler() // which makes fiber see them
	r.room.New = func() any { return new(fasthttp.RequestCtx) }
	return r
}

// emptied returns an app that finds routes as app does, and has none.
func emptied(app *fiber.App, methods []string) *fiber.App {
	config := app.Config()
	return fiber.New(fiber.Config{
		CaseSensitive:           config.CaseSensitive,
		StrictRouting:           config.StrictRouting,
		UnescapePath:            config.UnescapePath,
		RequestMethods:          methods,
		DisableHeadAutoRegister: true, // app has added its own
	})
}

func look(app *fiber.App) []seen {
	all := make([]seen, len(app.Stack()))
	for m, stack := range app.Stack() {
		all[m] = see(stack)
	}
	return all
}

func see(stack []*fiber.Route) (s seen) {
	if s.routes = len(stack); s.routes > 0 {
		s.last = stack[s.routes-1]
	}
	return s
}

// isFor reports whether r has the routes that app has now.
func (r *router) isFor(app *fiber.App) bool {
	if r == nil || r.app != app {
		return false
	}
	for m, stack := range app.Stack() {
		if see(stack) != r.seen[m] {
			return false
		}
	}
	return true
}

// find returns the place that a request with the given method, and the path of c,
// would reach. It keeps neither.
func (r *router) find(c fiber.Ctx, method string) place {
	known := unrouted
	if m := slices.Index(r.methods, method); m >= 0 {
		known = r.methods[m]
	}
	// A request of its own, as the router changes it.
	room := r.room.Get().(*fasthttp.RequestCtx)
	defer r.room.Put(room)
	room.Request.Header.SetMethod(known)
	room.Request.URI().SetPathBytes(c.Request().URI().PathOriginal())
	copied := r.copies.AcquireCtx(room)
	defer r.copies.ReleaseCtx(copied)
	_ = copied.RestartRouting()
	return r.places[copied.Route()]
}

// routers holds the router of the app that serves, and has none at first.
type routers struct {
	make    func(*fiber.App) *router
	current atomic.Pointer[router]
}

// of returns the router of an app, which it makes if need be.
func (rs *routers) of(app *fiber.App) *router {
	r := rs.current.Load()
	if !r.isFor(app) {
		r = rs.make(app)
		rs.current.Store(r)
	}
	return r
}

// under makes routers of apps whose routes d governs all.
func under(d cors.Decider) func(*fiber.App) *router {
	return func(app *fiber.App) *router {
		return newRouter(app, func(*fiber.Route) cors.Decider { return d }, nil)
	}
}

// methodsUnder returns the methods that are served at the path of a request, but
// for those that another Decider governs: browsers keep the list, and would send
// what is on it without asking that one.
func (m *middleware) methodsUnder(d cors.Decider, c fiber.Ctx) []string {
	r := m.of(c.App())
	serves := func(method string) bool {
		at := r.find(c, method)
		return at.routed && cors.SameDecider(d, at.decider)
	}
	return cors.ServedMethods(serves, r.methods...)
}
