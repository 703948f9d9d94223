package cors

import (
	"strings"

	"github.com/corskit/corskit/core/internal/origin"
)

// Request describes an HTTP request as far as the CORS protocol looks at it.
// Adapters fill it in; [Policy.Decide] takes it by value, so that a request
// costs no allocation on servers that reuse their buffers.
//
// The zero value describes a request without an Origin header.
type Request struct {
	// Method is the request's method, byte for byte.
	Method string

	// Host is the value of the Host header (or of the :authority
	// pseudo-header). [HostDecider] decides by it. A [Policy] compares it with
	// the origin, only when [Config.RejectDisallowed] is set and SecFetchSite
	// is empty.
	Host string

	// SecFetchSite is the value of the Sec-Fetch-Site header, "" if absent.
	// It is read only when [Config.RejectDisallowed] is set.
	SecFetchSite string

	// Origin holds the field lines of the Origin header.
	Origin Lines

	// RequestMethod holds the field lines of Access-Control-Request-Method.
	RequestMethod Lines

	// RequestHeaders holds the field lines of Access-Control-Request-Headers.
	RequestHeaders Lines

	// RouteMethods lists the methods that the router serves at the request's
	// path, as [ServedMethods] makes the list; nil means that there is no route,
	// or that the adapter does not know. It is read only when
	// [Config.MethodsFromRoutes] is set: see [Request.WantsRouteMethods].
	RouteMethods []string

	// Borrowed says that the strings above point into a buffer which the
	// server reuses after the call, as fasthttp does. A string that is handed
	// to a predicate or a hook, which may keep it, is then copied first.
	// The [Decision] itself may hold views of the request's strings.
	Borrowed bool
}

// Lines holds the field lines of one header field as they were received: not
// joined, and without the optional whitespace around each value. The zero
// value means that the header is absent.
type Lines struct {
	// First is the value of the first field line.
	First string

	// N is the number of field lines. An adapter that bounds what it collects
	// may stop counting at one more than it holds.
	N int

	// More holds the values of the second and later field lines. It may be
	// shorter than N-1 where an adapter bounds what it collects: lines that
	// are counted but not held are never granted anything.
	More []string
}

// NewLines returns the field lines in values, which it does not copy.
func NewLines(values []string) Lines {
	if len(values) == 0 {
		return Lines{}
	}
	return Lines{First: values[0], N: len(values), More: values[1:]}
}

// IsPreflight reports whether r is a CORS-preflight request, as [Preflight]
// defines it, for adapters that must find the policy before they ask it.
func (r *Request) IsPreflight() bool {
	return r.asksPermission() && r.hasOrigin()
}

// asksPermission is the part of [Request.IsPreflight] that is not about the
// Origin header. That the header is there once and not empty is ours to ask:
// what no browser sends gets no answer of its own, but goes where an OPTIONS
// request of any other kind goes.
func (r *Request) asksPermission() bool {
	return r.Method == "OPTIONS" && r.RequestMethod.N == 1 && r.RequestMethod.First != ""
}

// IsSameOrigin reports whether r comes from the server's own pages: whether
// SecFetchSite is "same-origin" or "none" or, where it is empty, whether the
// origin's host and port are those of Host. This is how net/http's
// CrossOriginProtection tells it, which does not know the server's scheme
// either. It is false unless the Origin header is well formed: one field line
// that holds "null" or a valid serialized origin.
//
// See https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
func (r *Request) IsSameOrigin() bool { return r.hasOrigin() && r.isFromItself() }

// isFromItself is [Request.IsSameOrigin] for a well-formed Origin header.
func (r *Request) isFromItself() bool {
	if r.SecFetchSite != "" {
		return r.SecFetchSite == "same-origin" || r.SecFetchSite == "none"
	}
	own, ok := origin.Parse(r.Origin.First)
	return ok && own.IsHost(r.Host)
}

// hasOrigin reports whether the Origin header is well formed.
func (r *Request) hasOrigin() bool {
	s := r.Origin.First
	if r.Origin.N != 1 || len(s) > origin.MaxLen {
		return false
	}
	_, ok := origin.Parse(s)
	return ok || s == nullOrigin
}

// clone returns a copy of s if the request's strings are borrowed, else s.
func (r *Request) clone(s string) string {
	if r.Borrowed {
		return strings.Clone(s)
	}
	return s
}
