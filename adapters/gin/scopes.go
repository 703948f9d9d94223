package corsgin

import (
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Scope gives groups and single routes of one engine their policies. Make one
// with [Scopes]; the zero value is of no use. Set it up before the engine serves:
// Group and Route must not be called concurrently with anything else.
type Scope struct {
	options
	engine *gin.Engine
	routes map[routeKey]cors.Decider
	groups []group // the first that covers a request governs it
	shadow atomic.Pointer[shadow]

	renewing sync.Mutex
}

// routeKey names a route by its method and full path, without escapes.
type routeKey struct{ method, path string }

// Scopes mounts middleware on e that finds the route or group each request
// belongs to, and lets its policy decide. A CORS-preflight request belongs where
// the request that it asks about would go, even if there is a route for OPTIONS.
// Call Scopes before registering routes and making groups: gin gives them only the
// middleware that is there by then. Requests outside of every group and route pass
// through untouched. It panics if e is nil.
func Scopes(e *gin.Engine, all ...Option) *Scope {
	if e == nil {
		panic("corsgin: Scopes: the Engine is nil: make one with gin.New")
	}
	s := &Scope{options: apply(all), engine: e, routes: map[routeKey]cors.Decider{}}
	e.Use(s.serve)
	return s
}

func (s *Scope) serve(c *gin.Context) {
	q := corshttp.Describe(c.Request, nil)
	d := s.decider(c, q)
	if d != nil && q.WantsRouteMethods(d) {
		q.RouteMethods = s.methodsUnder(d, c.Request.URL)
	}
	s.carry(c, d, q)
}

// Group lets d decide about the requests at and below g's base path: those to
// routes there, and those that end in 404 or 405. If base paths contain each
// other, the longest governs. It panics if d is nil, if g was made before Scopes
// was called, and if the base path has a policy already.
func (s *Scope) Group(g *gin.RouterGroup, d cors.Decider) {
	if d == nil {
		panic("corsgin: Scope.Group: the Decider is nil: make one with cors.New")
	}
	if !slices.ContainsFunc(g.Handlers, isScope) {
		panic("corsgin: Scope.Group: the group " + g.BasePath() + " was made before Scopes was called, its routes would have no policy: call Scopes first")
	}
	added := newGroup(g.BasePath(), d)
	for _, have := range s.groups {
		if have.prefix == added.prefix {
			panic("corsgin: Scope.Group: the base path " + g.BasePath() + " has a policy already: give each base path one")
		}
	}
	s.shadow.Store(nil) // there may be new routes too
	s.groups = append(s.groups, added)
	slices.SortStableFunc(s.groups, innermostFirst)
}

// isScope reports whether a handler is what Scopes mounts, be it of another Scope:
// functions do not compare.
func isScope(h gin.HandlerFunc) bool { return reflect.ValueOf(h).Pointer() == scopeCode }

var scopeCode = reflect.ValueOf((*Scope)(nil).serve).Pointer()

// Route lets d decide about requests with one method to one route. The path is
// the full one, with the groups' base paths and its parameters as they are
// spelled there. It goes before groups. Route panics if d is nil, if the path is
// none, and if the route has a policy already.
func (s *Scope) Route(method, path string, d cors.Decider) {
	if d == nil {
		panic("corsgin: Scope.Route: the Decider is nil: make one with cors.New")
	}
	if !strings.HasPrefix(path, "/") {
		panic("corsgin: Scope.Route: the path " + path + " is not a full one: begin it with a slash, and with the base path of its group")
	}
	key := routeKey{method, unescape(path)}
	if s.routes[key] != nil {
		panic("corsgin: Scope.Route: " + method + " " + path + " has a policy already: give each route one")
	}
	s.shadow.Store(nil)
	s.routes[key] = d
}

// decider returns the Decider that governs a request, or nil.
func (s *Scope) decider(c *gin.Context, q *cors.Request) cors.Decider {
	method, route := q.Method, c.FullPath()
	if q.IsPreflight() {
		// Even if gin has a route for OPTIONS: the policy that decides the
		// request to come has to decide about asking for it.
		method = q.RequestMethod.First
		route = s.routeFor(method, c.Request.URL)
	}
	if route == "" {
		return s.deciderBelow(c.Request.URL.Path)
	}
	return s.deciderOf(method, route)
}

// deciderOf returns the Decider that governs a route, by its full path, or nil.
func (s *Scope) deciderOf(method, route string) cors.Decider {
	if d := s.routes[routeKey{method, route}]; d != nil {
		return d
	}
	for i := range s.groups {
		if g := &s.groups[i]; g.hasRoute(route) {
			return g.decider
		}
	}
	return nil
}

// deciderBelow returns the Decider that governs a path that leads to no route, or
// nil.
func (s *Scope) deciderBelow(requested string) cors.Decider {
	if s.engine.RemoveExtraSlash {
		requested = path.Clean("/" + requested)
	}
	for i := range s.groups {
		if g := &s.groups[i]; g.hasPath(requested) {
			return g.decider
		}
	}
	return nil
}

// methodsUnder returns the methods that the engine has routes for at a path, but
// for those that another Decider governs: browsers keep the list, and would send
// what is on it without asking that one.
func (s *Scope) methodsUnder(d cors.Decider, u *url.URL) []string {
	serves := func(method string) bool {
		route := s.routeFor(method, u)
		return route != "" && cors.SameDecider(d, s.deciderOf(method, route))
	}
	return cors.ServedMethods(serves, s.current().methods...)
}

// routeFor returns the full path of the route that a request with the given
// method would reach, or "" if there is none.
func (s *Scope) routeFor(method string, u *url.URL) string {
	sh := s.current()
	route := sh.route(method, u)
	if route == "" && sh.outdated(s.engine) {
		route = s.renewShadow(sh).route(method, u)
	}
	return unescape(route)
}

// current returns the shadow that there is, or the first.
func (s *Scope) current() *shadow {
	if sh := s.shadow.Load(); sh != nil {
		return sh
	}
	return s.renewShadow(nil)
}

// renewShadow replaces the shadow that was found wanting, unless another
// goroutine has done so already.
func (s *Scope) renewShadow(old *shadow) *shadow {
	s.renewing.Lock()
	defer s.renewing.Unlock()
	if current := s.shadow.Load(); current != old {
		return current
	}
	renewed := newShadow(s.engine, registered(s.engine))
	s.shadow.Store(renewed)
	return renewed
}
