package cors

import (
	"context"
	"slices"
	"strings"

	"github.com/corskit/corskit/core/internal/fetch"
	"github.com/corskit/corskit/core/internal/namelist"
	"github.com/corskit/corskit/core/internal/origin"
)

// Policy is a compiled [Config]: the server's side of the CORS protocol. It is
// immutable and safe for concurrent use. A nil Policy and the zero value grant
// nothing. Make one with [New], [MustNew] or [ParsePolicy].
type Policy struct {
	origins          origin.Set
	anyOrigin        bool
	nullOrigin       bool
	predicate        func(context.Context, string) (bool, error)
	credentials      bool
	rejectDisallowed bool

	methods           []string // normalized
	anyMethod         bool
	methodsFromRoutes bool
	headers           namelist.Set // with "*" and Authorization, if configured
	anyHeader         bool

	// The answers to allowed requests, complete but for the origin and for
	// what must be spelled out request by request.
	preflight, actual Decision
}

// What the response depends on. Caches are free to keep the answers to OPTIONS
// requests (some can be told to), so that the answers to CORS-preflight
// requests name everything that they depend on:
// https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches
const (
	varyOrigin             = "Origin"
	varyPreflightAnyOrigin = "Access-Control-Request-Method, Access-Control-Request-Headers"
	varyPreflight          = varyOrigin + ", " + varyPreflightAnyOrigin
)

const (
	statusForbidden = 403
	nullOrigin      = "null"
)

// Decide answers a request. It is pure but for the call of
// [Config.AllowOriginFunc], keeps none of the request's strings, and does an
// amount of work that is bounded by the policy, not by the request. Unless the
// policy has a predicate or lists that depend on the request, it does not
// allocate.
func (p *Policy) Decide(ctx context.Context, r Request) (d Decision) {
	p.decide(ctx, &r, &d)
	return d
}

// decide is Decide, writing to d, which is empty.
func (p *Policy) decide(ctx context.Context, r *Request, d *Decision) {
	if p == nil {
		p = new(Policy)
	}
	o, err := p.judge(ctx, r)
	if o.wellFormed && r.asksPermission() {
		p.answerPreflight(d, r, o, err)
	} else {
		p.answerActual(d, r, o, err)
	}
}

// AllowsOrigin reports whether the policy grants origin anything, for servers
// that check it elsewhere. The origin may be borrowed: a predicate is given a
// copy. It does not say whether the origin may use the user's credentials, which
// the handshake of a WebSocket carries in any case: for that there is
// corshttp.CheckOrigin.
func (p *Policy) AllowsOrigin(ctx context.Context, origin string) bool {
	if p == nil {
		return false
	}
	r := Request{Origin: Lines{First: origin, N: 1}, Borrowed: true}
	o, _ := p.judge(ctx, &r)
	return o.reason == Allowed
}

// CredentialedOrigins returns the exact origins that may send credentials,
// sorted, for http.CrossOriginProtection and the like, which know no patterns.
// It is empty unless [Config.AllowCredentials] is set.
func (p *Policy) CredentialedOrigins() []string {
	if p == nil || !p.credentials {
		return nil
	}
	return slices.Sorted(p.origins.ExactOrigins)
}

// verdict is what a policy thinks of the Origin header of a request. It is small
// enough for registers: a larger one, written a word at a time and read by two, would
// be waited for on its way through memory.
type verdict struct {
	reason     Reason // Allowed, or why not
	wellFormed bool   // one field line: "null" or a valid serialized origin
	allow      string // the value of Access-Control-Allow-Origin, if Allowed
}

// judge decides about the origin, the list first, then the predicate. The error is the
// predicate's, with PredicateFailed.
func (p *Policy) judge(ctx context.Context, r *Request) (verdict, error) {
	s := r.Origin.First
	switch {
	case r.Origin.N == 0:
		return verdict{reason: NoOrigin}, nil
	case r.Origin.N > 1:
		return verdict{reason: RepeatedOrigin}, nil
	case len(s) > origin.MaxLen:
		return verdict{reason: MalformedOrigin}, nil
	case s == nullOrigin && p.anyOrigin:
		return verdict{reason: Allowed, wellFormed: true, allow: "*"}, nil
	case s == nullOrigin && p.nullOrigin:
		return verdict{reason: Allowed, wellFormed: true, allow: nullOrigin}, nil
	case s == nullOrigin:
		return verdict{reason: OriginNotAllowed, wellFormed: true}, nil
	}
	if p.origins.Exact(s) {
		return verdict{reason: Allowed, wellFormed: true, allow: s}, nil
	}
	o, ok := origin.Parse(s)
	switch {
	case !ok:
		return verdict{reason: MalformedOrigin}, nil
	case p.anyOrigin:
		return verdict{reason: Allowed, wellFormed: true, allow: "*"}, nil
	case p.origins.Match(o):
		return verdict{reason: Allowed, wellFormed: true, allow: s}, nil
	case p.predicate == nil:
		return verdict{reason: OriginNotAllowed, wellFormed: true}, nil
	}
	switch yes, err := p.predicate(ctx, r.clone(s)); {
	case err != nil:
		return verdict{reason: PredicateFailed, wellFormed: true}, err
	case !yes:
		return verdict{reason: OriginNotAllowed, wellFormed: true}, nil
	}
	return verdict{reason: Allowed, wellFormed: true, allow: s}, nil
}

// answerPreflight answers a CORS-preflight request. It writes to d, as
// answerActual does, because a Decision is too large to be copied for nothing:
// that alone would be a third of the time that a decision takes.
//
// What is granted does not depend on what is asked for: the browser compares the
// two itself (https://fetch.spec.whatwg.org/#cors-preflight-fetch-0, steps 7.5 to
// 7.7), names the real cause to its developer when it refuses, and can use the
// one answer in its cache for other methods and headers.
func (p *Policy) answerPreflight(d *Decision, r *Request, o verdict, err error) {
	if o.reason != Allowed {
		d.Kind, d.Status, d.Reason, d.Vary, d.Err = Preflight, statusForbidden, o.reason, varyPreflight, err
		return
	}
	*d = p.preflight
	d.AllowOrigin = o.allow
	var methodOK, headersOK bool
	d.AllowMethods, methodOK = p.grantMethods(r)
	d.AllowHeaders, d.Header, headersOK = p.grantHeaders(r)
	switch {
	case !methodOK:
		d.Reason, d.Header = MethodNotAllowed, ""
	case !headersOK:
		d.Reason = HeaderNotAllowed
	}
}

// maxEchoedMethod is the longest method that is spelled out for "*", in bytes.
const maxEchoedMethod = 4 << 10

// grantMethods returns the value of Access-Control-Allow-Methods, and whether
// it covers the requested method (step 7.5 of the CORS-preflight fetch).
func (p *Policy) grantMethods(r *Request) (list string, ok bool) {
	method, list := r.RequestMethod.First, p.preflight.AllowMethods
	safelisted := fetch.IsSafelistedMethod(method)
	switch {
	case p.methodsFromRoutes && r.RouteMethods != nil:
		return strings.Join(r.RouteMethods, ","), safelisted || slices.Contains(r.RouteMethods, method)
	case !p.anyMethod:
		return list, safelisted || slices.Contains(p.methods, method)
	case len(method) > maxEchoedMethod || !fetch.IsToken(method):
		return list, false
	case p.credentials:
		// With credentials "*" is a method's name and nothing else.
		return method, true
	}
	return list, true
}

// grantHeaders returns the value of Access-Control-Allow-Headers, and whether
// it covers the requested headers (steps 7.6 and 7.7). If it does not, unknown
// is the first that is not covered, if the list is fit to tell.
func (p *Policy) grantHeaders(r *Request) (list, unknown string, ok bool) {
	lines, list := &r.RequestHeaders, p.preflight.AllowHeaders
	switch {
	case lines.N == 0:
		return list, "", true
	case lines.N > 1+len(lines.More): // some are counted but not held
		return list, "", false
	case !p.anyHeader:
		unknown, ok = p.headers.Check(lines.First, lines.More)
	case !p.credentials:
		unknown, ok = p.headers.CheckAny(lines.First, lines.More)
	default:
		list, ok = namelist.Echo(lines.First, lines.More)
	}
	if !fetch.IsToken(unknown) {
		unknown = "" // no header has such a name, and whoever logs it has to fear no line breaks
	}
	return list, unknown, ok
}

// answerActual answers any other request, by its origin alone: the method and
// the headers were judged by the browser, or needed no judging.
func (p *Policy) answerActual(d *Decision, r *Request, o verdict, err error) {
	kind := Actual
	if o.reason == NoOrigin {
		kind = NotCORS
	}
	switch {
	case p.anyOrigin:
		// One answer for all, so that caches can share it:
		// https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches
		*d = p.actual
		if d.Kind = kind; kind == NotCORS {
			d.Reason = NoOrigin
		}
	case o.reason != Allowed:
		d.Kind, d.Reason, d.Vary, d.Err = kind, o.reason, varyOrigin, err
		if p.rejectDisallowed && kind == Actual && !(o.wellFormed && r.isFromItself()) {
			d.Status = statusForbidden
		}
	case r.RequestMethod.N > 1:
		d.Kind, d.Reason, d.Vary = kind, RepeatedMethod, varyOrigin
	case r.RequestMethod.N == 1 && r.RequestMethod.First == "":
		d.Kind, d.Reason, d.Vary = kind, MalformedMethod, varyOrigin
	default:
		*d = p.actual
		d.AllowOrigin = o.allow
	}
}
