package cors

import (
	"slices"

	"github.com/corskit/corskit/core/internal/fetch"
)

// standardMethods are those that RFC 9110 and RFC 5789 define and that scripts
// may use, in the order in which answers list them.
var standardMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// ServedMethods returns the methods that serves says a path is served for, as
// adapters give them in [Request.RouteMethods]: GET, HEAD, POST, PUT, PATCH,
// DELETE, OPTIONS and then others, which are methods that the router has routes
// for, in the order of the bytes. It leaves out those that scripts cannot use,
// such as TRACE. It is nil if the path is not served at all, so that the browser
// is let through to the 404 that tells so.
//
// See https://fetch.spec.whatwg.org/#forbidden-method
func ServedMethods(serves func(method string) bool, others ...string) []string {
	var served []string
	for _, method := range standardMethods {
		if serves(method) {
			served = append(served, method)
		}
	}
	n := len(served)
	for _, method := range others {
		if !slices.Contains(standardMethods, method) && fetch.IsToken(method) && !fetch.IsForbiddenMethod(method) && serves(method) {
			served = append(served, method)
		}
	}
	slices.Sort(served[n:])
	return slices.Compact(served)
}
