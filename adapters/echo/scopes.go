package corsecho

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Scope gives groups and routes of one server their policies. Make one with
// [Scopes]; the zero value is of no use. Set it up before the server serves; then
// it is safe for concurrent use.
type Scope struct {
	middleware
	engine *echo.Echo
	routes map[route]cors.Decider
	groups []group // the first that covers a request governs it
}

// Scopes mounts middleware on e, with [echo.Echo.Use], that asks echo's router
// which route a request would reach, and lets the policy of that route decide. A
// CORS-preflight request is decided by the policy of the route that the requested
// method would reach, even where echo has a route for OPTIONS, or answers OPTIONS
// itself. Requests outside of every group and route pass through untouched.
//
// Call it before other middleware is mounted, such as authentication. Routes and
// groups may be there already. It panics if e is nil.
func Scopes(e *echo.Echo, all ...Option) *Scope {
	if e == nil {
		panic("corsecho: Scopes: the Echo is nil: make one with echo.New")
	}
	s := &Scope{middleware: middleware{options: apply(all)}, engine: e, routes: map[route]cors.Decider{}}
	s.scope = s
	e.Use(scoped(s))
	return s
}

// scoped is apart from Scopes, and not inlined, so that [Verify] knows the
// middleware by its code.
//
//go:noinline
func scoped(s *Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if d := s.decider(c); d != nil {
				return s.carry(c, d, next)
			}
			if p := corshttp.ProbeIn(c.Request()); p != nil {
				return meet(c, p, nil, next)
			}
			return next(c)
		}
	}
}

// Group lets d decide about the requests at and below g's prefix: those to routes
// whose paths begin with it, segment by segment, and those to paths below it that
// lead to no route, and end in 404 or 405. "/api" covers "/api", "/api/" and
// "/api/items", but not "/apix". If prefixes contain each other, the longest
// governs; the empty one is all. A group of [echo.Echo.Host] covers requests to
// its host.
//
// g needs no middleware, and routes need not be made through it: the prefix is
// what counts. Group panics if d is nil, if g is of another server, and if the
// prefix has a policy already.
func (s *Scope) Group(g *echo.Group, d cors.Decider) {
	if d == nil {
		panic("corsecho: Scope.Group: the Decider is nil: make one with cors.New")
	}
	host, prefix := s.read(g)
	added := group{host, segmentsOf(prefix), d}
	for _, have := range s.groups {
		if have.host == added.host && slices.Equal(have.segments, added.segments) {
			panic("corsecho: Scope.Group: the prefix " + host + prefix + " has a policy already: give each prefix one")
		}
	}
	s.groups = append(s.groups, added)
	slices.SortStableFunc(s.groups, innermostFirst)
}

// read returns the host and the prefix of a group, which echo does not tell.
// Routes would tell, but a group may have none yet, and to add one would replace
// another. The names of the fields have been the same since the first version of
// v4; if they change, this fails when the server is set up, not when it serves.
func (s *Scope) read(g *echo.Group) (host, prefix string) {
	if g == nil {
		panic("corsecho: Scope.Group: the group is nil: make one with Echo.Group")
	}
	v := reflect.ValueOf(g).Elem()
	h, p, e := v.FieldByName("host"), v.FieldByName("prefix"), v.FieldByName("echo")
	if kinds := [...]reflect.Kind{h.Kind(), p.Kind(), e.Kind()}; kinds != [...]reflect.Kind{reflect.String, reflect.String, reflect.Pointer} {
		panic("corsecho: Scope.Group: this version of echo keeps the prefix of a group elsewhere: use a version of corsecho that was made for it")
	}
	if e.Pointer() != reflect.ValueOf(s.engine).Pointer() {
		panic("corsecho: Scope.Group: the group " + p.String() + " is of another Echo: call Scopes with the one that made it")
	}
	return h.String(), p.String()
}

// Route lets d decide about requests with one method to one route. The path is
// the whole one of the route, as echo has it, with the prefixes of groups and the
// names of parameters: "/api/items/:id". It goes before groups. For routes of
// [echo.Echo.Host] there are only groups. Route panics if d is nil, and if the
// route has a policy already.
func (s *Scope) Route(method, path string, d cors.Decider) {
	if d == nil {
		panic("corsecho: Scope.Route: the Decider is nil: make one with cors.New")
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // as echo does
	}
	r := route{method, path}
	if s.routes[r] != nil {
		panic("corsecho: Scope.Route: " + method + " " + path + " has a policy already: give each route one")
	}
	s.routes[r] = d
}

// decider returns the Decider that governs a request, or nil.
func (s *Scope) decider(c echo.Context) cors.Decider {
	r := c.Request()
	router, host := routerFor(s.engine, r.Host)
	to := route{r.Method, c.Path()}
	if r.Method == http.MethodOptions {
		// Even if echo has a route for OPTIONS: the policy that decides the
		// request to come has to decide about asking for it.
		if q := corshttp.Describe(r, nil); q.IsPreflight() {
			to.method = q.RequestMethod.First
			to.path = find(s.engine, router, to.method, r)
		}
	}
	return s.governor(host, to, s.finder.has(router, to), r)
}

// governor returns the Decider that governs what a request reaches, or nil: a route,
// or what answers where there is none.
func (s *Scope) governor(host string, to route, routed bool, r *http.Request) cors.Decider {
	if routed && host == "" {
		if d := s.routes[to]; d != nil {
			return d
		}
	}
	requested := echo.GetPath(r)
	for i := range s.groups {
		g := &s.groups[i]
		if g.host == host && (routed && g.hasRoute(to.path, requested) || !routed && g.hasPath(requested)) {
			return g.decider
		}
	}
	return nil
}

// group is what [Scope.Group] was given.
type group struct {
	host     string // empty for those without
	segments []segment
	decider  cors.Decider
}

// segment is one segment of a route's path: literal text, then perhaps a parameter.
type segment struct {
	literal string
	wild    byte // ':' one segment, '*' all that follow, 0 nothing
}

// segmentsOf returns the segments of a prefix. A slash at its end makes none.
func segmentsOf(prefix string) (all []segment) {
	rest := strings.Trim(prefix, "/")
	for rest != "" {
		var s segment
		s, rest = cutSegment(rest)
		all = append(all, s)
	}
	return all
}

// cutSegment returns the first segment of a path that begins without a slash, and
// what follows the slash after it. The names of parameters are left out.
func cutSegment(path string) (first segment, rest string) {
	text, rest, _ := strings.Cut(path, "/")
	for i := range len(text) {
		if text[i] == '*' || text[i] == ':' && (i == 0 || text[i-1] != '\\') {
			return segment{unescape(text[:i]), text[i]}, rest
		}
	}
	return segment{literal: unescape(text)}, rest
}

// unescape undoes what echo needs to tell a colon from a parameter.
func unescape(path string) string { return strings.ReplaceAll(path, `\:`, ":") }

// innermostFirst sorts longer prefixes first, and as echo does, text before
// parameters.
func innermostFirst(a, b group) int {
	order := cmp.Compare(len(b.segments), len(a.segments))
	for i := 0; order == 0 && i < len(a.segments); i++ {
		x, y := a.segments[i], b.segments[i]
		order = cmp.Or(cmp.Compare(x.wild, y.wild), cmp.Compare(len(y.literal), len(x.literal)))
	}
	return order
}

// hasRoute reports whether the route with the given path, which serves a request,
// is at or below the prefix. echo's Static makes routes such as "/assets*", of which
// "/assets" and what is below are a part: there the requested path decides.
func (g *group) hasRoute(path, requested string) bool {
	rest := strings.TrimPrefix(path, "/")
	for i, want := range g.segments {
		var have segment
		if have, rest = cutSegment(rest); have != want {
			return i == len(g.segments)-1 && have == segment{literal: want.literal, wild: '*'} && want.wild == 0 && g.hasPath(requested)
		}
	}
	return true
}

// hasPath reports whether a path that leads to no route is at or below the
// prefix. A parameter takes an empty segment only if another follows, as in echo.
func (g *group) hasPath(path string) bool {
	for _, want := range g.segments {
		rest, ok := strings.CutPrefix(path, "/")
		if !ok {
			return false
		}
		have, _, _ := strings.Cut(rest, "/")
		switch want.wild {
		case '*':
			return strings.HasPrefix(rest, want.literal)
		case ':':
			ok = strings.HasPrefix(have, want.literal) && len(rest) > len(want.literal)
		default:
			ok = have == want.literal
		}
		if !ok {
			return false
		}
		path = rest[len(have):]
	}
	return true
}
