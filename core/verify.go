package cors

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/corskit/corskit/core/internal/fetch"
)

// A Finding is something wrong with the way policies are mounted on a router. The
// Verify functions of the adapters return them.
type Finding struct {
	// Severity tells what comes of it.
	Severity Severity

	// Method and Route name the route as the router knows it. Route is empty
	// where the finding is about the policy's Method and no route.
	Method, Route string

	// Problem says what happens.
	Problem string

	// Fix says which line to change, and how.
	Fix string
}

// String returns the finding on one line.
func (f Finding) String() string {
	where := strings.TrimSpace(f.Method + " " + f.Route)
	return fmt.Sprintf("%s: %s: %s: %s", f.Severity, where, f.Problem, f.Fix)
}

// Severity tells what comes of a [Finding]. The zero value is [Low].
type Severity uint8

const (
	// Low: nothing fails because of it, or it could not be found out whether
	// something does.
	Low Severity = iota

	// High: browsers block requests that the policy allows, or requests are
	// decided by another policy than the one that answers for them.
	High
)

// String returns "low" or "high".
func (s Severity) String() string {
	if s == High {
		return "high"
	}
	return "low"
}

// A Probe travels with a request that a Verify function makes in process, and
// takes down which Deciders the request meets. It is not safe for concurrent use.
//
// Middleware that finds one in a request asks no Decider and sets no header: it
// calls [Probe.Meet].
type Probe struct {
	// Mounts is the number of middlewares of ours in the request's chain.
	// 0 stands for 1.
	Mounts int

	// Preflight says that the request is a CORS-preflight request, which the
	// first middleware answers that has a Decider for it.
	Preflight bool

	// Met holds the Deciders in the order in which they were met, nil for
	// middleware that had none for the request.
	Met []Decider
}

// Meet takes d down and reports whether the middleware must answer, with 204 and
// nothing else. If it reports false, there is another one of ours further on in
// the chain, and the middleware lets the request through to it. A nil d says that
// the middleware has no Decider for the request.
func (p *Probe) Meet(d Decider) (answer bool) {
	p.Met = append(p.Met, d)
	return p.Preflight && d != nil || len(p.Met) >= p.Mounts
}

// A RouteCheck is what a Verify function has found out about a route.
// [Findings] makes sense of it.
type RouteCheck struct {
	// Method and Route name the route as the router knows it.
	Method, Route string

	// Chain tells whether middleware of ours stands before the route's handler.
	Chain Chain

	// Preflight is what came of a CORS-preflight request for the route, and
	// Actual of the request itself. They are nil if the request was not sent,
	// because the handler of a route might have run.
	Preflight, Actual *Outcome

	// OwnOptions says that CORS-preflight requests for the route reach a
	// handler of the application's, without passing middleware of ours.
	OwnOptions bool
}

// Chain tells whether middleware of ours stands before a route's handler.
type Chain uint8

const (
	// Opaque: it cannot be told without running the handler.
	Opaque Chain = iota

	// Uncovered: certainly not.
	Uncovered

	// Covered: certainly, so that an actual request cannot reach the handler.
	Covered
)

// An Outcome is what came of a request with a [Probe].
type Outcome struct {
	// Met holds what the probe has met.
	Met []Decider

	// Status is the response's status, and Location where it redirects to.
	Status   int
	Location string
}

// Remedies says what to write in a framework. Each is a sentence's end, as in
// [Finding.Fix].
type Remedies struct {
	// Mount covers a route that no policy covers.
	Mount string

	// Preflight lets CORS-preflight requests reach the policy that a route's
	// own chain has.
	Preflight string

	// Order lets a policy come before routes or other middleware.
	Order string

	// Once leaves a route one policy.
	Once string

	// Redirect keeps the router from redirecting, or covers that.
	Redirect string

	// Opaque makes a chain such that it can be looked into.
	Opaque string
}

// Findings makes findings of checks, in their order, and then of what the
// policies allow and no route serves. It is what the Verify functions of the
// adapters have in common.
//
// Routes that match one of without are meant to have no policy: a method and a
// route, such as "GET /health", a route alone, or one that ends in "/*" and stands
// for all that begin as it does. If one matches no route, or one that has a policy
// after all, that is a finding too.
func Findings(checks []RouteCheck, fix Remedies, without ...string) []Finding {
	var found []Finding
	unused := slices.Clone(without)
	served := map[*Policy]map[string]bool{} // the methods of the routes that each policy covers
	for _, c := range checks {
		matching := slices.DeleteFunc(slices.Clone(without), func(w string) bool { return !matchesRoute(w, c) })
		unused = slices.DeleteFunc(unused, func(w string) bool { return slices.Contains(matching, w) })
		found = append(found, c.judge(fix, matching)...)
		for _, o := range []*Outcome{c.Preflight, c.Actual} {
			if d, ok := o.last(); ok {
				for p := range policies(d) {
					if served[p] == nil {
						served[p] = map[string]bool{}
					}
					served[p][c.Method] = true
				}
			}
		}
	}
	for _, w := range unused {
		found = append(found, Finding{Low, "", w, "is listed as a route without a policy, and there is no such route", "take it off the list"})
	}
	return append(found, unserved(served)...)
}

// matchesRoute reports whether an element of without stands for a route.
func matchesRoute(without string, c RouteCheck) bool {
	if method, route, ok := strings.Cut(without, " "); ok {
		if method != c.Method {
			return false
		}
		without = route
	}
	if prefix, ok := strings.CutSuffix(without, "/*"); ok && strings.HasPrefix(c.Route, prefix+"/") {
		return true
	}
	return without == c.Route
}

// judge finds what is wrong with a route.
func (c *RouteCheck) judge(fix Remedies, without []string) (found []Finding) {
	add := func(s Severity, problem, fix string) {
		found = append(found, Finding{s, c.Method, c.Route, problem, fix})
	}
	answering, answered := c.Preflight.last()
	deciding, decided := c.Actual.last()
	if none := c.Chain != Covered || c.Actual.passed(); none && len(without) > 0 && !answered && !decided {
		return nil
	}
	switch {
	case c.OwnOptions:
		add(High, "CORS-preflight requests run the application's own handler for OPTIONS", fix.Preflight)
	case answered, c.Preflight == nil:
	case c.Chain == Uncovered, c.Preflight.passed() && !decided:
		// Then it is the actual request that the finding below is about.
	case c.Preflight.passed():
		add(High, "CORS-preflight requests reach no policy, though there is one for the request itself", fix.Preflight)
	default:
		add(High, "CORS-preflight requests get "+c.Preflight.describe()+", and reach no policy", c.Preflight.remedy(fix, fix.Preflight))
	}
	switch {
	case len(without) > 0:
		add(Low, "is listed as a route without a policy, and has one", "take it off the list")
	case c.Chain == Uncovered && answered:
		add(High, "CORS-preflight requests are answered, but no policy covers the request itself", fix.Order)
	case c.Chain == Uncovered, c.Actual.passed():
		add(High, "no policy covers it", fix.Mount)
	case c.Chain == Opaque:
		add(Low, "it cannot be told, without running its handler, whether a policy covers it", fix.Opaque)
	case c.Actual == nil:
	case !decided:
		add(High, "the request itself gets "+c.Actual.describe()+", and reaches no policy", c.Actual.remedy(fix, fix.Order))
	case answered && !SameDecider(answering, deciding):
		add(High, "another policy decides the request itself than answers its CORS-preflight request", fix.Once)
	case len(c.Actual.deciders()) > 1:
		add(Low, fmt.Sprintf("%d policies decide one after another, of which the last prevails", len(c.Actual.deciders())), fix.Once)
	}
	return found
}

// Lost reports whether the probe seems to have been lost on the way to middleware
// of ours, which it must have met: it has met none, and the answer may be that of a
// policy which was asked as for any request. Then another request might run a
// handler, and must not be sent.
func (o *Outcome) Lost() bool {
	return len(o.Met) == 0 && (o.Status == statusForbidden || o.Status/100 == 2)
}

// deciders returns the Deciders that were met, without middleware that had none.
func (o *Outcome) deciders() []Decider {
	if o == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(o.Met), func(d Decider) bool { return d == nil })
}

// last returns the Decider that has the last word.
func (o *Outcome) last() (d Decider, ok bool) {
	all := o.deciders()
	if len(all) == 0 {
		return nil, false
	}
	return all[len(all)-1], true
}

// passed reports whether the request has reached middleware of ours that has no
// policy for it.
func (o *Outcome) passed() bool {
	return o != nil && len(o.Met) > 0 && len(o.deciders()) == 0
}

// describe tells what a request gets that has met nothing of ours.
func (o *Outcome) describe() string {
	switch {
	case o.Status == 401 || o.Status == 403:
		return fmt.Sprintf("%d from authentication or the like", o.Status)
	case o.Status/100 == 3 && o.Location != "":
		return fmt.Sprintf("%d, a redirect to %s", o.Status, quote(o.Location))
	case o.Status == 404 || o.Status == 405:
		return fmt.Sprintf("%d from the router", o.Status)
	}
	return fmt.Sprintf("%d from something else", o.Status)
}

// remedy picks what mends an outcome, or other.
func (o *Outcome) remedy(fix Remedies, other string) string {
	switch {
	case o.Status == 404 || o.Status == 405 || o.Status == 204: // some routers answer OPTIONS by themselves
		return other
	case o.Status/100 == 3:
		return fix.Redirect
	}
	return fix.Order
}

// SameDecider reports whether two Deciders, which may be nil, are one. Of two that
// do not compare, as functions do not, it is whether their type is the same.
func SameDecider(a, b Decider) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	return a == nil || !reflect.ValueOf(a).Comparable() || a == b
}

// unserved finds methods that policies allow and that none of their routes serves.
func unserved(served map[*Policy]map[string]bool) []Finding {
	var methods []string
	for p, by := range served {
		for _, method := range p.methods {
			if !p.methodsFromRoutes && !by[method] && !fetch.IsSafelistedMethod(method) {
				methods = append(methods, method)
			}
		}
	}
	slices.Sort(methods)
	var found []Finding
	for _, method := range slices.Compact(methods) {
		found = append(found, Finding{Low, method, "", "a policy allows the method, and no route that it covers serves it", "take it out of AllowMethods"})
	}
	return found
}
