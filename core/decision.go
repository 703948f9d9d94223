package cors

import (
	"context"
	"slices"
	"strings"
)

// A Decider decides what to do with a request. It is what adapters take.
// [Policy] is the Decider that holds rules; implementations must be safe for
// concurrent use and must not keep any string of a request that is Borrowed.
//
// One that is made around another should have a method Unwrap() Decider, by which
// adapters see what its policies want to know, as [UsesRouteMethods] does.
type Decider interface {
	Decide(context.Context, Request) Decision
}

// Ask has d decide about r. It is d.Decide for adapters: requests and decisions are
// large, so that handing on copies costs as much as deciding, and the Deciders of
// this package are not given any. The decision is made where the caller keeps it,
// without an allocation, as long as it does not outlive the call.
func Ask(ctx context.Context, d Decider, r *Request) *Decision {
	out := new(Decision)
	ask(ctx, d, r, out)
	return out
}

// ask is Ask, writing to out, which is empty.
func ask(ctx context.Context, d Decider, r *Request, out *Decision) {
	switch d := d.(type) {
	case *Policy:
		d.decide(ctx, r, out)
	case *Live:
		ask(ctx, held(d.current.Load()), r, out)
	case *observer:
		ask(ctx, d.decider, r, out)
		d.report(ctx, r, out)
	case *HostDecider:
		ask(ctx, d.find(r.Host), r, out)
	case *shadow:
		ask(ctx, d.current, r, out)
		d.compare(ctx, r, out)
	default:
		*out = d.Decide(ctx, *r)
	}
}

// Decision is the answer to a [Request]: which headers to set, and whether the
// handler runs. Header fields that are empty must not be set. The zero value
// lets a request that is not a CORS request through without any header.
//
// Its strings come from the policy, but AllowOrigin, AllowMethods,
// AllowHeaders and Header may be views of the request's own bytes: where the
// request was Borrowed they die with it.
type Decision struct {
	// Kind tells what the request is to the CORS protocol.
	Kind Kind

	// Status is the status to answer with, without a body, instead of running
	// the handler. 0 means that the handler runs.
	Status int

	// Reason tells why the decision is what it is.
	Reason Reason

	// AllowOrigin is the value of Access-Control-Allow-Origin.
	AllowOrigin string

	// AllowCredentials is the value of Access-Control-Allow-Credentials:
	// "true" or empty.
	AllowCredentials string

	// AllowMethods is the value of Access-Control-Allow-Methods.
	AllowMethods string

	// AllowHeaders is the value of Access-Control-Allow-Headers.
	AllowHeaders string

	// MaxAge is the value of Access-Control-Max-Age, in seconds.
	MaxAge string

	// ExposeHeaders is the value of Access-Control-Expose-Headers.
	ExposeHeaders string

	// Vary is the list of members that the response's Vary header must have.
	// It is merged into what is there, never written over it.
	Vary string

	// Header is the first name in Access-Control-Request-Headers that is not
	// allowed, when Reason is [HeaderNotAllowed]; empty if the list was refused
	// for its shape (too many empty members, blanks, names or bytes, or something
	// that is not a name). It is a token, whatever the client has sent:
	// https://www.rfc-editor.org/rfc/rfc9110#name-tokens
	Header string

	// Err is what [Config.AllowOriginFunc] returned, when Reason is
	// [PredicateFailed].
	Err error
}

// MissingVary returns the members of d.Vary that lines lack, the field lines of
// the Vary header that the response already has. Adapters add a field line with
// them, if there are any. Members are compared without regard to case, and "*"
// stands for all: https://www.rfc-editor.org/rfc/rfc9110#name-vary
func (d *Decision) MissingVary(lines []string) string {
	if len(lines) == 0 {
		return d.Vary
	}
	var missing []string
	for member := range strings.SplitSeq(d.Vary, ",") {
		member = strings.TrimSpace(member)
		if member != "" && !slices.ContainsFunc(lines, func(line string) bool { return hasMember(line, member) }) {
			missing = append(missing, member)
		}
	}
	return strings.Join(missing, ", ")
}

func hasMember(line, member string) bool {
	for m := range strings.SplitSeq(line, ",") {
		if m = strings.TrimSpace(m); m == "*" || strings.EqualFold(m, member) {
			return true
		}
	}
	return false
}

// MergeVary returns the value of one Vary header that has the members of own, a
// [Decision].Vary, and those of lines, the field lines that are there: each of them
// once, without regard to case. "*" stands for all. It is for adapters that set the
// header anew, as those do that have an option Seal; others add what
// [Decision.MissingVary] returns.
func MergeVary(own string, lines []string) string {
	var room [16]string
	members := room[:0]
	for _, line := range lines {
		members = appendMembers(members, line)
	}
	members = appendMembers(members, own)
	switch {
	case slices.Contains(members, "*"):
		return "*"
	case len(lines) == 0 && isJoined(own, members):
		return own // which takes no allocation
	case len(lines) == 1 && isJoined(lines[0], members):
		return lines[0]
	}
	return strings.Join(members, ", ")
}

// isJoined reports whether line is what joining the members would make.
func isJoined(line string, members []string) bool {
	for i, m := range members {
		if i > 0 {
			var ok bool
			if line, ok = strings.CutPrefix(line, ", "); !ok {
				return false
			}
		}
		rest, ok := strings.CutPrefix(line, m)
		if !ok {
			return false
		}
		line = rest
	}
	return line == ""
}

// appendMembers appends the members of a Vary header's line that are not in the list.
func appendMembers(list []string, line string) []string {
	for m := range strings.SplitSeq(line, ",") {
		m = strings.Trim(m, " \t")
		if m != "" && !slices.ContainsFunc(list, func(have string) bool { return strings.EqualFold(have, m) }) {
			list = append(list, m)
		}
	}
	return list
}

// Kind tells what a request is to the CORS protocol.
type Kind uint8

const (
	// NotCORS is a request without an Origin header.
	NotCORS Kind = iota

	// Actual is any request with an Origin header that is not a
	// CORS-preflight request. The Fetch standard has no word for it; "actual
	// request" is ours.
	Actual

	// Preflight is a CORS-preflight request: OPTIONS with exactly one Origin
	// field line that holds "null" or a valid serialized origin, and exactly
	// one Access-Control-Request-Method field line that is not empty.
	//
	// See https://fetch.spec.whatwg.org/#cors-preflight-request
	Preflight
)

var kindNames = [...]string{
	NotCORS:   "not-cors",
	Actual:    "actual",
	Preflight: "preflight",
}

// String returns "not-cors", "actual" or "preflight".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Reason tells why a [Decision] is what it is.
type Reason uint8

const (
	// NoOrigin: the request has no Origin header.
	NoOrigin Reason = iota

	// Allowed: the origin is allowed and, on a CORS-preflight request, so are
	// the requested method and headers.
	Allowed

	// MalformedOrigin: the Origin header is neither "null" nor a valid
	// serialized origin, or it is longer than any can be.
	MalformedOrigin

	// RepeatedOrigin: the Origin header has more than one field line.
	RepeatedOrigin

	// OriginNotAllowed: no pattern matches the origin, and the predicate, if
	// there is one, said no.
	OriginNotAllowed

	// PredicateFailed: no pattern matches the origin, and the predicate
	// returned an error, which counts as a no. See [Decision.Err].
	PredicateFailed

	// MalformedMethod: the Access-Control-Request-Method header is empty.
	MalformedMethod

	// RepeatedMethod: the Access-Control-Request-Method header has more than
	// one field line.
	RepeatedMethod

	// MethodNotAllowed: the origin is allowed, the requested method is not.
	// The answer is the same as for [Allowed]: the browser refuses by the list.
	MethodNotAllowed

	// HeaderNotAllowed: origin and method are allowed, a requested header is
	// not. See [Decision.Header]. The answer is the same as for [Allowed].
	HeaderNotAllowed
)

var reasonNames = [...]string{
	NoOrigin:         "no-origin",
	Allowed:          "allowed",
	MalformedOrigin:  "malformed-origin",
	RepeatedOrigin:   "repeated-origin",
	OriginNotAllowed: "origin-not-allowed",
	PredicateFailed:  "predicate-failed",
	MalformedMethod:  "malformed-method",
	RepeatedMethod:   "repeated-method",
	MethodNotAllowed: "method-not-allowed",
	HeaderNotAllowed: "header-not-allowed",
}

// String returns the reason's name in lower case with hyphens, such as
// "origin-not-allowed". The names are stable and fit for metric labels.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}
