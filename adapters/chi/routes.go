package corschi

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	cors "github.com/corskit/corskit/core"
)

// A tree tells where requests go that a router gets, by the router's own rules.
// It is safe for concurrent use, once the router has its routes.
type tree struct {
	root chi.Routes

	// At the very path of a mounted router, chi's Find stops before asking it.
	// mounted holds such routers by the patterns that Find returns then, and own
	// the routes with such a pattern that are routes nevertheless.
	mounted map[string]chi.Routes
	own     map[route]bool

	methods []string // all that there are routes for
}

// A route is a method with the pattern of a path.
type route struct{ method, pattern string }

// anyMethod is the method that chi lists beside all others where a route has all.
const anyMethod = "*"

func newTree(root chi.Routes) *tree {
	t := &tree{root: root, mounted: map[string]chi.Routes{}, own: map[route]bool{}}
	walk(root, "", func(prefix string, at chi.Route) {
		for method := range at.Handlers {
			if method != anyMethod {
				t.own[route{method, prefix + at.Pattern}] = true
				t.methods = append(t.methods, method)
			}
		}
		if at.SubRoutes != nil {
			mount := prefix + strings.TrimSuffix(at.Pattern, "/*")
			t.mounted[mount], t.mounted[mount+"/"] = at.SubRoutes, at.SubRoutes
		}
	})
	slices.Sort(t.methods)
	t.methods = slices.Compact(t.methods)
	return t
}

// walk calls visit with what each router lists, and the pattern that it is
// mounted at. Unlike [chi.Walk] it shows mounts, and routes that share the
// pattern of one.
func walk(r chi.Routes, prefix string, visit func(prefix string, at chi.Route)) {
	for _, at := range r.Routes() {
		visit(prefix, at)
		if at.SubRoutes != nil {
			walk(at.SubRoutes, prefix+strings.TrimSuffix(at.Pattern, "/*"), visit)
		}
	}
}

// contexts keeps what it takes to ask a router. Most requests ask one.
var contexts = sync.Pool{New: func() any { return chi.NewRouteContext() }}

// find returns the pattern of the route that a request would reach, or "".
func (t *tree) find(method, path string) string {
	c := contexts.Get().(*chi.Context)
	defer contexts.Put(c)
	c.Reset()
	pattern := t.root.Find(c, method, path)
	sub := t.mounted[pattern]
	if sub == nil || t.own[route{method, pattern}] {
		return pattern
	}
	c.Reset()
	if below := sub.Find(c, method, "/"); below != "" {
		return strings.TrimSuffix(pattern, "/") + below
	}
	return ""
}

// served returns the methods that a path is served for, of those that are to be
// listed.
func (t *tree) served(path string, lists func(method string) bool) []string {
	return cors.ServedMethods(func(method string) bool { return t.find(method, path) != "" && lists(method) }, t.methods...)
}

// trees keeps the trees of the routers that requests come through.
type trees struct{ all sync.Map }

// of returns the tree of the top router that a request came through, or that of
// another where chi does not tell. It is nil without any.
func (t *trees) of(r *http.Request, other chi.Routes) *tree {
	root := other
	if c := chi.RouteContext(r.Context()); c != nil && c.Routes != nil {
		root = c.Routes
	}
	if root == nil {
		return nil
	}
	found, ok := t.all.Load(root)
	if !ok {
		found, _ = t.all.LoadOrStore(root, newTree(root))
	}
	return found.(*tree)
}

// methods returns the methods that a request's path is served for.
func (t *trees) methods(r *http.Request) []string {
	if to := t.of(r, nil); to != nil {
		return to.served(pathOf(r), func(string) bool { return true })
	}
	return nil
}

// pathOf returns the path that the top router routes a request by. Middleware may
// have changed it, as chi's StripSlashes does; but a router that is
// mounted in another sees no more than the rest.
func pathOf(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil && len(c.RoutePatterns) == 0 && c.RoutePath != "" {
		return c.RoutePath
	}
	switch {
	case r.URL.RawPath != "":
		return r.URL.RawPath
	case r.URL.Path != "":
		return r.URL.Path
	}
	return "/"
}

// cutSegment cuts the first segment off a pattern that begins with a slash.
// Slashes in regular expressions do not end it.
func cutSegment(pattern string) (segment, rest string) {
	depth := 0
	for i := 1; i < len(pattern); i++ {
		switch pattern[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '/':
			if depth == 0 {
				return pattern[1:i], pattern[i:]
			}
		}
	}
	return pattern[min(1, len(pattern)):], ""
}

// A piece is a part of a pattern.
type piece struct {
	kind kind
	text string // of a parameter its regular expression, which may be empty
}

type kind uint8

const (
	literal kind = iota
	param
	catchAll
)

// cutPiece cuts the first piece off a pattern, as chi does. The pattern is one that
// chi takes, whose braces match, and not empty.
func cutPiece(pattern string) (p piece, rest string) {
	switch pattern[0] {
	case '{':
	case '*':
		return piece{catchAll, ""}, pattern[1:]
	default:
		rest = strings.TrimLeftFunc(pattern, func(r rune) bool { return r != '{' && r != '*' })
		return piece{literal, strings.TrimSuffix(pattern, rest)}, rest
	}
	depth := 0
	end := strings.IndexFunc(pattern, func(r rune) bool {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
		}
		return depth == 0
	})
	_, expression, _ := strings.Cut(pattern[1:end], ":")
	return piece{param, expression}, pattern[end+1:]
}

// covers reports whether a route's pattern is at or below a prefix, segment by
// segment. The names of parameters do not matter, and a parameter without a
// regular expression stands for those with one.
func covers(prefix, pattern string) bool {
	for prefix != "" {
		if pattern == "" {
			return false
		}
		var want, have string
		want, prefix = cutSegment(prefix)
		have, pattern = cutSegment(pattern)
		if !coversSegment(want, have) {
			return false
		}
	}
	return true
}

func coversSegment(prefix, pattern string) bool {
	for prefix != "" && pattern != "" {
		var want, have piece
		want, prefix = cutPiece(prefix)
		have, pattern = cutPiece(pattern)
		if want.kind != have.kind || want.text != have.text && !(want.kind == param && want.text == "") {
			return false
		}
	}
	return prefix == pattern
}
