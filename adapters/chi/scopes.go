package corschi

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Scope gives parts of one router their policies. Make one with [Scopes]; the
// zero value is of no use. Set it up before the router serves: Group and Route
// must not be called concurrently with anything else.
type Scope struct {
	router  chi.Router
	options []Option
	trees   trees
	next    http.Handler
	routes  map[route]*carrier
	groups  []group             // the first that covers a route governs it
	paths   *chi.Mux            // the groups again, for paths that lead to no route
	byPath  map[string]*carrier // by the patterns of paths
}

// carrier is a handler that lets a Decider decide.
type carrier struct {
	http.Handler
	decider cors.Decider
}

// group is what [Scope.Group] was given.
type group struct {
	prefix string // without a slash at the end
	carry  *carrier
}

// Scopes mounts middleware on r that asks chi which route a request would reach,
// and lets the policy of that route decide. A CORS-preflight request is decided
// by the policy of the route that the requested method would reach, even where
// there is a route for OPTIONS. Requests outside of every group and route pass
// through untouched.
//
// Give it the top router, before its routes and before authentication, but after
// middleware that changes the path, such as [github.com/go-chi/chi/v5/middleware.StripSlashes]. It panics
// if r is nil, and so does chi if r has routes already.
func Scopes(r chi.Router, options ...Option) *Scope {
	if r == nil || reflect.ValueOf(r).IsZero() {
		panic("corschi: Scopes: the router is nil: make one with chi.NewRouter")
	}
	s := &Scope{router: r, options: options, routes: map[route]*carrier{}, paths: chi.NewRouter(), byPath: map[string]*carrier{}}
	r.Use(mount(s))
	return s
}

// mount returns the middleware of s. [Verify] knows it by its code, of which
// inlining would make several.
//
//go:noinline
func mount(s *Scope) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if s.next != nil {
			panic("corschi: Scopes: the router is one of With or Group, which CORS-preflight requests do not get to: give Scopes the router itself")
		}
		s.next = next
		return http.HandlerFunc(s.serve)
	}
}

// carry returns a handler that lets d decide about a request.
func (s *Scope) carry(d cors.Decider) *carrier {
	ask := corshttp.RouteMethods(func(r *http.Request) []string { return s.methodsUnder(d, r) })
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.next.ServeHTTP(w, r) })
	return &carrier{corshttp.New(d, append([]Option{ask}, s.options...)...)(next), d}
}

// methodsUnder returns the methods that a request's path is served for, but for
// those that another Decider governs: browsers keep the list, and would send what
// is on it without asking that one.
func (s *Scope) methodsUnder(d cors.Decider, r *http.Request) []string {
	t, path := s.trees.of(r, s.router), pathOf(r)
	return t.served(path, func(method string) bool {
		carry := s.governor(t, method, path)
		return carry != nil && cors.SameDecider(d, carry.decider)
	})
}

// Group lets d decide about the requests at and below prefix, as seen from the
// top router: those to routes whose patterns begin with it, segment by segment,
// and those to paths below it that lead to no route. "/api" covers "/api",
// "/api/" and "/api/items", but not "/apix"; "/" is all. It may hold parameters,
// as in "/t/{tenant}", which covers the routes that have a parameter there,
// whatever its name. If prefixes contain each other, the longest governs.
//
// Group panics if d is nil, and if the prefix is not one or has a policy already.
func (s *Scope) Group(prefix string, d cors.Decider) {
	if d == nil {
		panic("corschi: Scope.Group: the Decider is nil: make one with cors.New")
	}
	if !strings.HasPrefix(prefix, "/") || strings.HasSuffix(prefix, "*") {
		panic("corschi: Scope.Group: the prefix " + prefix + ` is no prefix: write it as in "/api", with a slash first and no "*"`)
	}
	g := group{strings.TrimRight(prefix, "/"), s.carry(d)}
	for _, pattern := range []string{g.prefix, g.prefix + "/*"} {
		if pattern != "" {
			// chi panics if it is none, so this comes first.
			s.paths.Get(pattern, func(http.ResponseWriter, *http.Request) {})
			s.byPath[pattern] = g.carry
		}
	}
	for _, have := range s.groups {
		if covers(have.prefix, g.prefix) && covers(g.prefix, have.prefix) {
			panic("corschi: Scope.Group: the prefix " + prefix + " has a policy already: give each prefix one")
		}
	}
	s.groups = append(s.groups, g)
	slices.SortStableFunc(s.groups, innermostFirst)
}

// Route lets d decide about requests with one method to one route. The path is
// the pattern of the route, as seen from the top router, with parameters as they
// are spelled there. It goes before groups. Route panics if d is nil, and if the
// route has a policy already.
func (s *Scope) Route(method, path string, d cors.Decider) {
	if d == nil {
		panic("corschi: Scope.Route: the Decider is nil: make one with cors.New")
	}
	key := route{strings.ToUpper(method), path} // as chi does
	if s.routes[key] != nil {
		panic("corschi: Scope.Route: " + key.method + " " + path + " has a policy already: give each route one")
	}
	s.routes[key] = s.carry(d)
}

func (s *Scope) serve(w http.ResponseWriter, r *http.Request) {
	carry := s.find(r)
	switch p := corshttp.ProbeIn(r); {
	case carry != nil:
		carry.ServeHTTP(w, r)
	case p != nil && p.Meet(nil):
		w.WriteHeader(http.StatusNoContent)
	default:
		s.next.ServeHTTP(w, r)
	}
}

// find returns the handler that lets the right Decider decide, or nil.
func (s *Scope) find(r *http.Request) *carrier {
	method := r.Method
	if q := corshttp.Describe(r, nil); q.IsPreflight() {
		method = q.RequestMethod.First
	}
	return s.governor(s.trees.of(r, s.router), method, pathOf(r))
}

// governor is find for a method at a path, as t has routes.
func (s *Scope) governor(t *tree, method, path string) *carrier {
	as := method
	pattern := t.find(method, path)
	if pattern == "" && method == http.MethodHead { // middleware.GetHead
		as = http.MethodGet
		pattern = t.find(as, path)
	}
	if pattern == "" {
		c := contexts.Get().(*chi.Context)
		defer contexts.Put(c)
		c.Reset()
		return s.byPath[s.paths.Find(c, http.MethodGet, path)]
	}
	names := [...]string{pattern, pattern}
	if t.mounted[pattern] != nil { // "/api/" is what "/" is inside of Route("/api", ...)
		names[1] = strings.TrimSuffix(pattern, "/")
	}
	for _, name := range names {
		for _, method := range [...]string{method, as} {
			if carry := s.routes[route{method, name}]; carry != nil {
				return carry
			}
		}
	}
	for i := range s.groups {
		if covers(s.groups[i].prefix, pattern) {
			return s.groups[i].carry
		}
	}
	return nil
}

// innermostFirst sorts longer prefixes first, and among those of one length the
// ones that say more of the route.
func innermostFirst(a, b group) int {
	return cmp.Or(segmentsIn(b.prefix)-segmentsIn(a.prefix), plainIn(a.prefix)-plainIn(b.prefix))
}

func segmentsIn(prefix string) (n int) {
	for prefix != "" {
		_, prefix = cutSegment(prefix)
		n++
	}
	return n
}

// plainIn counts the parameters that have no regular expression.
func plainIn(prefix string) (n int) {
	for prefix != "" {
		var p piece
		if p, prefix = cutPiece(prefix); p.kind == param && p.text == "" {
			n++
		}
	}
	return n
}
