package corsfiber

import (
	"strings"

	"github.com/gofiber/fiber/v2"
)

// covers reports whether the path of the request is, or is below, the prefix
// that the middleware is mounted on. Fiber compares prefixes byte by byte, not
// segment by segment.
//
// A prefix with a wildcard or a constraint covers whatever fiber matches it
// with.
func covers(c *fiber.Ctx) bool {
	route, path := c.Route(), c.Path() // the route that the middleware runs for
	prefix := strings.TrimRight(route.Path, "/")
	if prefix == "" {
		return true
	}
	// Fiber has found that path begins with prefix, up to the case of letters
	// and the values of parameters. Where it ends is a matter of counting.
	end := len(prefix) - strings.Count(prefix, `\`) // `\:` stands for a colon
	if len(route.Params) > 0 {
		if strings.ContainsAny(prefix, "*+<") {
			return true
		}
		end -= strings.Count(prefix, "?") // marks an optional parameter
		for _, name := range route.Params {
			end += len(c.Params(name)) - len(":"+name)
		}
	}
	return end >= len(path) || path[end] == '/'
}
