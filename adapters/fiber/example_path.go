package corsfiber

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// parameter matches a parameter in a route's path, or a character that stands for
// itself: `\:` is a colon.
var parameter = regexp.MustCompile(`\\.|[*+]|:[^/\-.:?<*+\\]+(<.*?>)?\??`)

// examplePath returns a path that a route matches or, if it has constraints that
// no example fits, one that it does not match.
func examplePath(pattern string) string {
	return cmp.Or(parameter.ReplaceAllStringFunc(pattern, exampleOf), "/")
}

func exampleOf(p string) string {
	switch {
	case p[0] == '\\':
		return p[1:]
	case !strings.Contains(p, "<"):
		return "x"
	}
	for _, example := range examples(p) {
		if fiber.RoutePatternMatch("/"+example, "/"+p) {
			return example
		}
	}
	return "x"
}

// numbers finds what lengths and ranges a constraint has.
var numbers = regexp.MustCompile(`\d+`)

// longestExample keeps examples short where a number is no length.
const longestExample = 1000

// examples returns what may fit the constraints of a parameter.
func examples(p string) []string {
	all := []string{"x", "1", "1.5", "true", "00000000-0000-4000-8000-000000000000"}
	if _, layout, ok := strings.Cut(p, "("); ok {
		layout, _, _ = strings.Cut(layout, ")")
		all = append(all, time.Unix(0, 0).UTC().Format(strings.ReplaceAll(layout, `\`, "")))
	}
	for _, number := range numbers.FindAllString(p, -1) {
		n, _ := strconv.Atoi(number) // which is the largest int if the number is larger
		n = min(n, longestExample)
		all = append(all, number, strings.Repeat("x", n), strings.Repeat("1", n))
	}
	return all
}
