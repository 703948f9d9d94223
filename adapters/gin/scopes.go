package corsgin

import (
	"cmp"
	"net/http"
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

// Scope gives groups of one engine their policies. Make one with [Scopes]; the
// zero value is of no use. Set it up before the engine serves: Group must not
// be called concurrently with anything else.
type Scope struct {
	engine  *gin.Engine
	handler gin.HandlerFunc
	groups  []group // the first that covers a request governs it
	shadow  atomic.Pointer[shadow]
}

// Scopes mounts middleware on e that finds the group each request belongs to,
// routed or not, and lets the policy of that group decide. Call it before
// registering routes and making groups: gin gives them only the middleware that
// is there by then. Requests outside of every group pass through untouched.
func Scopes(e *gin.Engine) *Scope {
	s := &Scope{engine: e}
	s.handler = func(c *gin.Context) {
		r := corshttp.Describe(c.Request)
		if d := s.decider(c, &r); d != nil {
			decide(c, d, r)
		}
	}
	e.Use(s.handler)
	return s
}

// Group lets d decide about the requests at and below g's base path: those to
// routes there, and those that end in 404 or 405. If base paths contain each
// other, the longest governs. It panics if d is nil, if g was made before Scopes
// was called, and if the base path has a policy already.
func (s *Scope) Group(g *gin.RouterGroup, d cors.Decider) {
	if d == nil {
		panic("corsgin: Scope.Group: the Decider is nil: make one with cors.New")
	}
	if !contains(g.Handlers, s.handler) {
		panic("corsgin: Scope.Group: the group " + g.BasePath() + " was made before Scopes was called, its routes would have no policy: call Scopes first")
	}
	added := newGroup(g.BasePath(), d)
	for _, have := range s.groups {
		if have.prefix == added.prefix {
			panic("corsgin: Scope.Group: the base path " + g.BasePath() + " has a policy already: give each base path one")
		}
	}
	s.groups = append(s.groups, added)
	slices.SortStableFunc(s.groups, innermostFirst)
}

// contains reports whether a chain has a handler. Functions do not compare: it
// takes what Scopes has mounted elsewhere for the same.
func contains(chain gin.HandlersChain, handler gin.HandlerFunc) bool {
	want := reflect.ValueOf(handler).Pointer()
	return slices.ContainsFunc(chain, func(h gin.HandlerFunc) bool { return reflect.ValueOf(h).Pointer() == want })
}

// decider returns the Decider that governs a request, or nil.
func (s *Scope) decider(c *gin.Context, r *cors.Request) cors.Decider {
	route := c.FullPath()
	if r.IsPreflight() {
		// Even if gin has a route for OPTIONS: the policy that decides the
		// request to come has to decide about asking for it.
		route = s.routeFor(r.RequestMethod.First, c.Request.URL)
	}
	requested := c.Request.URL.Path
	if s.engine.RemoveExtraSlash {
		requested = path.Clean("/" + requested)
	}
	for i := range s.groups {
		g := &s.groups[i]
		if route != "" && g.hasRoute(route) || route == "" && g.hasPath(requested) {
			return g.decider
		}
	}
	return nil
}

// routeFor returns the full path of the route that a request with the given
// method would reach, or "" if there is none.
func (s *Scope) routeFor(method string, u *url.URL) string {
	sh := s.shadow.Load()
	if sh == nil {
		sh = s.renewShadow(nil)
	}
	route := sh.route(method, u)
	if route == "" && sh.outdated(s.engine) {
		route = s.renewShadow(sh).route(method, u)
	}
	return route
}

// building guards gin's mode, which is global, while a shadow is built.
var building sync.Mutex

// renewShadow replaces the shadow that was found wanting, unless another
// goroutine has done so already.
func (s *Scope) renewShadow(old *shadow) *shadow {
	building.Lock()
	defer building.Unlock()
	if current := s.shadow.Load(); current != old {
		return current
	}
	renewed := newShadow(s.engine)
	s.shadow.Store(renewed)
	return renewed
}

// shadow is an engine with the routes of another and none of its handlers. It
// tells which route a request would reach, by gin's own rules.
type shadow struct {
	engine *gin.Engine
	routes int
	misses atomic.Int64
}

func newShadow(e *gin.Engine) *shadow {
	if mode := gin.Mode(); mode == gin.DebugMode {
		// Or else gin prints every route once more.
		gin.SetMode(gin.ReleaseMode)
		defer gin.SetMode(mode)
	}
	routes := e.Routes()
	sh := &shadow{engine: gin.New(), routes: len(routes)}
	sh.engine.RedirectTrailingSlash = false // it would change the request's URL
	sh.engine.RemoveExtraSlash = e.RemoveExtraSlash
	sh.engine.UseRawPath = e.UseRawPath
	sh.engine.UseEscapedPath = e.UseEscapedPath
	for _, r := range routes {
		sh.add(r.Method, r.Path)
	}
	return sh
}

// add adds a route, except where gin refuses: once it serves, gin no longer
// tells "\:", a colon, from ":", a parameter, so that two routes may seem to
// contradict each other. Requests to the missing one are found by their path.
func (sh *shadow) add(method, path string) {
	defer func() { _ = recover() }()
	sh.engine.Match([]string{method}, path, func(c *gin.Context) {
		c.Header(routeField, c.FullPath())
	})
}

// outdated reports whether e has got routes since the shadow was built. As
// counting costs as much as there are routes, only one miss in as many counts.
func (sh *shadow) outdated(e *gin.Engine) bool {
	n := int64(max(sh.routes, 1))
	return (sh.misses.Add(1)-1)%n == 0 && len(e.Routes()) != sh.routes
}

// route returns the full path of the route for a request, or "".
func (sh *shadow) route(method string, u *url.URL) string {
	w := make(answer, 1)
	sh.engine.ServeHTTP(w, &http.Request{Method: method, URL: u})
	return http.Header(w).Get(routeField)
}

// routeField is the header field in which a shadow answers.
const routeField = "Route"

// answer is a ResponseWriter that keeps the header and nothing else.
type answer http.Header

func (a answer) Header() http.Header       { return http.Header(a) }
func (answer) WriteHeader(int)             {}
func (answer) Write(p []byte) (int, error) { return len(p), nil }

// group is a group of routes, by its base path.
type group struct {
	prefix   string // without escapes and trailing slash, as full paths have it
	segments []segment
	decider  cors.Decider
}

// segment is one segment of a base path: literal text, then perhaps a parameter.
type segment struct {
	literal string
	wild    byte // ':' one segment, '*' all that follow, 0 nothing
}

func newGroup(basePath string, d cors.Decider) group {
	basePath = strings.TrimRight(basePath, "/")
	g := group{prefix: unescape(basePath), decider: d}
	for s := range strings.SplitSeq(basePath, "/") {
		if s != "" {
			g.segments = append(g.segments, newSegment(s))
		}
	}
	return g
}

func newSegment(s string) segment {
	for i := range len(s) {
		if s[i] == '*' || s[i] == ':' && (i == 0 || s[i-1] != '\\') {
			return segment{unescape(s[:i]), s[i]}
		}
	}
	return segment{literal: unescape(s)}
}

// unescape undoes what gin needs to tell a colon from a parameter.
func unescape(path string) string { return strings.ReplaceAll(path, `\:`, ":") }

// innermostFirst sorts longer base paths first, and as gin does, text before
// parameters.
func innermostFirst(a, b group) int {
	order := cmp.Compare(len(b.segments), len(a.segments))
	for i := 0; order == 0 && i < len(a.segments); i++ {
		x, y := a.segments[i], b.segments[i]
		order = cmp.Or(cmp.Compare(x.wild, y.wild), cmp.Compare(len(y.literal), len(x.literal)))
	}
	return order
}

// hasRoute reports whether the route with the given full path is at or below
// the base path.
func (g *group) hasRoute(fullPath string) bool {
	rest, ok := strings.CutPrefix(fullPath, g.prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// hasPath reports whether a path that leads to no route is at or below the base
// path. A parameter takes an empty segment only if another follows, as in gin.
func (g *group) hasPath(path string) bool {
	for _, want := range g.segments {
		rest, ok := strings.CutPrefix(path, "/")
		if !ok {
			return false
		}
		have, _, _ := strings.Cut(rest, "/")
		switch want.wild {
		case '*':
			return true
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
