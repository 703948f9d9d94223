package cors

import (
	"iter"
	"slices"

	"github.com/corskit/corskit/core/internal/fetch"
)

// UsesRouteMethods reports whether any policy that d decides by at this moment
// has [Config.MethodsFromRoutes] set, for adapters to routers that cannot be
// asked: they must refuse it. Of a Decider that is not ours, and has no method Unwrap, it is false.
func UsesRouteMethods(d Decider) bool {
	for p := range policies(d) {
		if p.methodsFromRoutes {
			return true
		}
	}
	return false
}

// WantsRouteMethods reports whether d looks at [Request.RouteMethods] to decide
// r, so that adapters ask the router only where somebody wants to know. It
// allocates nothing. Of a Decider that is not ours, and has no method Unwrap, it is false.
func (r *Request) WantsRouteMethods(d Decider) bool {
	if !r.asksPermission() {
		return false
	}
	for {
		switch outer := d.(type) {
		case *Policy:
			// The origin is parsed for those who want to know alone.
			return outer != nil && outer.methodsFromRoutes && r.hasOrigin()
		case *Live:
			d = held(outer.current.Load())
		case *observer:
			d = outer.decider
		case *HostDecider:
			d = outer.find(r.Host)
		case interface{ Unwrap() Decider }:
			d = outer.Unwrap()
		case *shadow:
			if r.WantsRouteMethods(outer.candidate) {
				return true
			}
			d = outer.current
		default:
			return false
		}
	}
}

// policies yields the policies that d decides by at this moment: the current one
// of a [Live], both of a [Shadow], one for each host of a [HostDecider], and none
// of a Decider that is not ours and has no method Unwrap.
func policies(d Decider) iter.Seq[*Policy] {
	return func(yield func(*Policy) bool) { walk(d, yield) }
}

func walk(d Decider, yield func(*Policy) bool) bool {
	switch d := d.(type) {
	case *Policy:
		return d == nil || yield(d)
	case *Live:
		return walk(held(d.current.Load()), yield)
	case *observer:
		return walk(d.decider, yield)
	case *shadow:
		return walk(d.current, yield) && walk(d.candidate, yield)
	case interface{ Unwrap() Decider }:
		return walk(d.Unwrap(), yield)
	case *HostDecider:
		if d == nil {
			return true
		}
		for _, hosts := range []map[string]Decider{d.exact, d.below} {
			for _, tenant := range hosts {
				if !walk(tenant, yield) {
					return false
				}
			}
		}
	}
	return true
}

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
