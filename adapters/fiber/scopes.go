package corsfiber

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
)

// Scope gives groups and routes of one app their policies. Make one with
// [Scopes]; the zero value is of no use. Set it up before the app serves; then it
// is safe for concurrent use.
type Scope struct {
	middleware
	app    *fiber.App
	before []fiber.Route           // routes that were there first, which the middleware does not see
	routes map[string]cors.Decider // by method and path, as in "PUT /items"
	groups []group                 // the first that covers a request governs it
}

// Scopes mounts middleware on app that asks fiber's router which route a request
// would reach, and lets the policy of that route decide. Call it before
// registering routes: those that are there by then do without. A CORS-preflight
// request is decided by the policy of the route that the requested method would
// reach, even where there is a route for OPTIONS. Requests outside of every group
// and route pass through untouched.
//
// The route that counts is the first that fiber runs. What app.Use has registered
// is no route to fiber; requests that it answers are decided by their path.
// If app is mounted on another, the policies apply below its mount path. Scopes
// panics if app is nil.
func Scopes(app *fiber.App, all ...Option) *Scope {
	if app == nil {
		panic("corsfiber: Scopes: the App is nil: make one with fiber.New")
	}
	s := &Scope{middleware: middleware{options: apply(all)}, app: app, routes: map[string]cors.Decider{}}
	s.make = s.router
	s.before = app.GetRoutes(true)
	for _, r := range app.GetRoutes() {
		if len(r.Handlers) == 0 { // a mounted app
			s.before = append(s.before, r)
		}
	}
	app.Use(s.serve)
	return s
}

// Group lets d decide about the requests at and below a group's prefix: those to
// routes whose paths begin with it, segment by segment and whatever parameters
// are called, and those that end in 404 or 405. "/api" covers "/api", "/api/" and
// "/api/items", but not "/apix". If prefixes contain each other, the longest
// governs. In the place of a group there may be the app that Scopes was given,
// for everything, or an app that is mounted on it already.
//
// Group panics if d is nil, if g is no group of the app's, if a route of the group
// was registered before Scopes was called, and if the prefix has a policy already.
func (s *Scope) Group(g fiber.Router, d cors.Decider) {
	if d == nil {
		panic("corsfiber: Scope.Group: the Decider is nil: make one with cors.New")
	}
	added := s.newGroup(s.prefixOf(g), d)
	for _, have := range s.groups {
		if have.prefix == added.prefix {
			panic("corsfiber: Scope.Group: the prefix " + added.pattern + " has a policy already: give each prefix one")
		}
	}
	for _, r := range s.before {
		if added.has(s.canonical(r.Path)) || len(r.Handlers) == 0 && s.newGroup(r.Path, nil).has(added.prefix) {
			panic(late("Group", r))
		}
	}
	s.groups = append(s.groups, added)
	slices.SortStableFunc(s.groups, innermostFirst)
}

// late says that a route does without the middleware.
func late(method string, r fiber.Route) string {
	what := "the route " + r.Method + " " + r.Path + " was registered"
	if len(r.Handlers) == 0 {
		what = "the app at " + r.Path + " was mounted"
	}
	return "corsfiber: Scope." + method + ": " + what + " before Scopes was called, and would have no policy: call Scopes first"
}

// Route lets d decide about requests with one method to one route. The path is the
// full path that the route was registered with, its group's prefix included. A
// policy for GET is also that of HEAD, unless that has one of its own. Route goes
// before Group. It panics if d is nil, if the route was registered before Scopes
// was called, and if it has a policy already.
func (s *Scope) Route(method, path string, d cors.Decider) {
	if d == nil {
		panic("corsfiber: Scope.Route: the Decider is nil: make one with cors.New")
	}
	key := s.key(method, path)
	if s.routes[key] != nil {
		panic("corsfiber: Scope.Route: " + method + " " + path + " has a policy already: give each route one")
	}
	for _, r := range s.before {
		if s.key(r.Method, r.Path) == key {
			panic(late("Route", r))
		}
	}
	s.routes[key] = d
}

// prefixOf returns the prefix of what Group was given.
func (s *Scope) prefixOf(g fiber.Router) string {
	switch g := g.(type) {
	case *fiber.Group:
		// A group does not tell whose it is, and its prefix says nothing elsewhere.
		if of := reflect.ValueOf(g).Elem().FieldByName("app"); of.Kind() != reflect.Pointer || of.Pointer() == reflect.ValueOf(s.app).Pointer() {
			return g.Prefix
		}
		panic("corsfiber: Scope.Group: the group " + g.Prefix + " is another app's: make one of the same full path with the Group method of the app that Scopes was given")
	case *fiber.App:
		if g == s.app {
			return ""
		}
		if at := g.MountPath(); at != "" {
			return at
		}
		panic("corsfiber: Scope.Group: the app is not mounted yet: mount it first")
	}
	panic(fmt.Sprintf("corsfiber: Scope.Group: a %T is no group: pass what app.Group has returned", g))
}

// serve lets the Decider that governs a request decide.
func (s *Scope) serve(c *fiber.Ctx) error {
	r := cors.Request{Method: c.Method(), Borrowed: true}
	describe(&r, c, nil)
	method := r.Method
	if r.IsPreflight() {
		method = r.RequestMethod.First
	}
	if d := s.of(c.App()).find(c, method).decider; d != nil {
		return s.carry(c, d, &r)
	}
	if probe, _ := heldIn(c); probe != nil && probe.Meet(nil) {
		return answer(c, fiber.StatusNoContent)
	}
	return c.Next()
}

// router returns the router of the app that serves, with what decides at each
// place. That app is another than s.app if s.app is mounted on it.
func (s *Scope) router(app *fiber.App) *router {
	at := s.newGroup(s.app.MountPath(), nil)
	routes := map[string]cors.Decider{}
	for key, d := range s.routes {
		method, path, _ := strings.Cut(key, " ")
		routes[method+" "+at.prefix+path] = d
	}
	groups := make([]group, len(s.groups))
	for i, g := range s.groups {
		groups[i] = group{at.pattern + g.pattern, at.prefix + g.prefix, g.decider}
	}
	return newRouter(app, func(r *fiber.Route) cors.Decider {
		path := s.canonical(r.Path)
		d := routes[r.Method+" "+path]
		if d == nil && r.Method == fiber.MethodHead {
			d = routes[fiber.MethodGet+" "+path]
		}
		if i := slices.IndexFunc(groups, func(g group) bool { return g.has(path) }); d == nil && i >= 0 {
			d = groups[i].decider
		}
		return d
	}, groups)
}

// key is the key of a route in s.routes.
func (s *Scope) key(method, path string) string { return method + " " + s.canonical(path) }

// canonical returns what is the same for all paths that are one to fiber, and for
// those whose parameters have other names.
func (s *Scope) canonical(path string) string {
	config := s.app.Config()
	if !config.CaseSensitive {
		path = utils.ToLower(path)
	}
	if !config.StrictRouting {
		path = strings.TrimRight(path, "/")
	}
	return anonymous(rooted(path))
}

// rooted returns a path as fiber registers it.
func rooted(path string) string {
	if path != "" && path[0] != '/' {
		return "/" + path
	}
	return path
}

// anonymous takes the names out of the parameters of a path, which begins with a
// slash.
func anonymous(path string) string {
	var b strings.Builder
	named := false
	for i := range len(path) {
		if named = named && !strings.ContainsRune(`/-.:?<*+\`, rune(path[i])); !named {
			b.WriteByte(path[i])
		}
		named = named || path[i] == ':' && path[i-1] != '\\'
	}
	return b.String()
}

// A group is what [Scope.Group] was given.
type group struct {
	pattern string // as fiber takes it, without a slash at the end
	prefix  string // the same in its canonical form
	decider cors.Decider
}

func (s *Scope) newGroup(prefix string, d cors.Decider) group {
	prefix = rooted(strings.TrimRight(prefix, "/"))
	return group{prefix, s.canonical(prefix), d}
}

// has reports whether a route, of which the canonical path is given, is at or
// below the prefix.
func (g group) has(path string) bool {
	rest, ok := strings.CutPrefix(path, g.prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// innermostFirst sorts longer prefixes first and, among those of one length, those
// with fewer parameters.
func innermostFirst(a, b group) int {
	return cmp.Or(
		strings.Count(b.prefix, "/")-strings.Count(a.prefix, "/"),
		strings.Count(a.prefix, ":")-strings.Count(b.prefix, ":"),
	)
}
