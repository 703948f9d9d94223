package corsgin

import (
	"cmp"
	"strings"

	cors "github.com/corskit/corskit/core"
)

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
