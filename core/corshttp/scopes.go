package corshttp

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	cors "github.com/corskit/corskit/core"
)

// Scope gives parts of one [http.ServeMux] their policies. It is a handler: serve
// it in the place of the mux. Make one with [Scopes]; the zero value is of no use.
// Set it up before it serves; then it is safe for concurrent use.
type Scope struct {
	options
	mux    *http.ServeMux
	routes map[route]cors.Decider
	groups []group // the first that covers a request governs it
}

// route is a route by its method and its pattern's path.
type route struct{ method, path string }

// Scopes returns a handler that asks mux which route a request would reach, lets
// the policy of that route decide, and passes on to mux. A CORS-preflight request
// is decided by the policy of the route that the requested method would reach,
// even where mux has a route for OPTIONS. Requests outside of every group and
// route pass through untouched. It panics if mux is nil.
func Scopes(mux *http.ServeMux, all ...Option) *Scope {
	if mux == nil {
		panic("corshttp: Scopes: the ServeMux is nil: make one with http.NewServeMux")
	}
	s := &Scope{options: apply(all), mux: mux, routes: map[route]cors.Decider{}}
	if s.routeMethods == nil {
		s.routeMethods = s.methodsFor
	}
	return s
}

// Group lets d decide about the requests at and below prefix: those to routes
// whose patterns begin with it, segment by segment, and those to paths below it
// that lead to no route. "/api" covers "/api", "/api/" and "/api/items", but not
// "/apix". It may hold wildcards for one segment each, as in "/t/{tenant}", whose
// names do not matter, and "/" is all. If prefixes cover a request both, the
// longer governs, and of two that are as long the one with text where the other
// has a wildcard.
//
// Routes are those of the mux that [Scopes] was given. What an inner mux serves is
// all of the one route that leads there.
//
// Group panics if d is nil, and if the prefix is not one or has a policy already.
func (s *Scope) Group(prefix string, d cors.Decider) {
	if d == nil {
		panic("corshttp: Scope.Group: the Decider is nil: make one with cors.New")
	}
	segments, ok := prefixSegments(prefix)
	if !ok {
		panic("corshttp: Scope.Group: the prefix " + prefix + " is none: write a clean path, such as /api or /t/{tenant}, without method and host")
	}
	g := group{segments, d}
	for _, have := range s.groups {
		if slices.Equal(have.segments, g.segments) {
			panic("corshttp: Scope.Group: the prefix " + prefix + " has a policy already: give each prefix one")
		}
	}
	s.groups = append(s.groups, g)
	slices.SortStableFunc(s.groups, innermostFirst)
}

// Route lets d decide about requests with one method to one route. The path is
// that of the pattern given to the mux, with its wildcards as they are spelled
// there. It goes before groups. Route panics if d is nil, and if the route has a
// policy already.
func (s *Scope) Route(method, path string, d cors.Decider) {
	if d == nil {
		panic("corshttp: Scope.Route: the Decider is nil: make one with cors.New")
	}
	key := route{method, path}
	if s.routes[key] != nil {
		panic("corshttp: Scope.Route: " + method + " " + path + " has a policy already: give each route one")
	}
	s.routes[key] = d
}

// ServeHTTP serves a request as [Scopes] says.
func (s *Scope) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := s.decider(r)
	switch p := ProbeIn(r); {
	case p != nil:
		meet(p, w, r, d, s.mux)
	case d == nil:
		s.mux.ServeHTTP(w, r)
	default:
		s.carry(w, r, d, s.mux)
	}
}

// methodsFor returns the methods that the mux serves at the path of a request,
// but for those that another Decider governs: browsers keep the list, and would
// send what is on it without asking that one.
func (s *Scope) methodsFor(r *http.Request) []string {
	d := s.decider(r)
	return methodsOf(s.mux, r, func(q *http.Request) bool { return !cors.SameDecider(d, s.governor(q)) })
}

// decider returns the Decider that governs a request, or nil.
func (s *Scope) decider(r *http.Request) cors.Decider {
	method := r.Method
	if q := Describe(r, nil); q.IsPreflight() {
		method = q.RequestMethod.First
	}
	return s.governor(&http.Request{Method: method, URL: r.URL, Host: r.Host})
}

// governor is decider for a request that asks for nothing else.
func (s *Scope) governor(r *http.Request) cors.Decider {
	_, pattern := s.mux.Handler(r)
	if pattern == "" {
		return s.group(pathSegments(r.URL), true)
	}
	of, _, path := cutPattern(pattern)
	for _, method := range [...]string{r.Method, of} { // GET's route may serve HEAD
		if d := s.routes[route{method, path}]; d != nil {
			return d
		}
	}
	return s.group(patternSegments(path), false)
}

// cutPattern returns the method of a ServeMux's pattern, which may be empty, as
// may be its host, and its path.
func cutPattern(pattern string) (method, host, path string) {
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		method, pattern = pattern[:i], strings.TrimLeft(pattern[i:], " \t")
	}
	i := max(strings.IndexByte(pattern, '/'), 0)
	return method, pattern[:i], pattern[i:]
}

// group is what [Scope.Group] was given.
type group struct {
	segments []string // without escapes; wild is a wildcard
	decider  cors.Decider
}

// wild stands for a wildcard of one segment. No segment of text has a slash.
const wild = "/"

// innermostFirst sorts longer prefixes first, and text before wildcards.
func innermostFirst(a, b group) int {
	if len(a.segments) != len(b.segments) {
		return len(b.segments) - len(a.segments)
	}
	return slices.CompareFunc(a.segments, b.segments, func(x, y string) int { return isWild(x) - isWild(y) })
}

func isWild(segment string) int {
	if segment == wild {
		return 1
	}
	return 0
}

// group returns the Decider of the innermost group of a route's pattern, or of a
// path that leads to no route, where any text stands for a wildcard. It is nil if
// there is none.
func (s *Scope) group(segments []string, isPath bool) cors.Decider {
	for _, g := range s.groups {
		if len(segments) < len(g.segments) {
			continue
		}
		same := func(want, have string) bool { return want == have || isPath && want == wild && have != "" }
		if slices.EqualFunc(g.segments, segments[:len(g.segments)], same) {
			return g.decider
		}
	}
	return nil
}

// pathSegments returns the segments of a request's path, cleaned as the mux does
// it.
func pathSegments(u *url.URL) (segments []string) {
	for segment := range strings.SplitSeq(path.Clean("/" + u.EscapedPath())[1:], "/") {
		segments = append(segments, unescape(segment))
	}
	return segments
}

// patternSegments returns the segments of a pattern's path. Wildcards for the rest
// of a path, and "{$}", are no segments that a prefix can have.
func patternSegments(path string) (segments []string) {
	for segment := range strings.SplitSeq(path[1:], "/") {
		switch {
		case segment == "{$}" || strings.HasSuffix(segment, "...}"):
			segment = ""
		case strings.HasPrefix(segment, "{"):
			segment = wild
		default:
			segment = unescape(segment)
		}
		segments = append(segments, segment)
	}
	return segments
}

// prefixSegments returns the segments of a group's prefix; false if it is none.
func prefixSegments(prefix string) (segments []string, ok bool) {
	if prefix == "/" {
		return nil, true
	}
	if !strings.HasPrefix(prefix, "/") {
		return nil, false
	}
	for i, segment := range patternSegments(strings.TrimSuffix(prefix, "/")) {
		raw := strings.Split(prefix, "/")[i+1]
		if braces := strings.ContainsAny(raw, "{}"); segment == "" || segment == "." || segment == ".." || braces && (segment != wild || !strings.HasSuffix(raw, "}")) {
			return nil, false
		}
		segments = append(segments, segment)
	}
	return segments, true
}

// unescape undoes percent-encoding, where it is any.
func unescape(segment string) string {
	if text, err := url.PathUnescape(segment); err == nil {
		return text
	}
	return segment
}
