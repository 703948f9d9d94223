package cors_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	cors "github.com/corskit/corskit/core"
)

// fixes tells each remedy by its field's name.
var fixes = cors.Remedies{Mount: "Mount", Preflight: "Preflight", Order: "Order", Once: "Once", Redirect: "Redirect", Opaque: "Opaque"}

func TestFindings(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}})
	other := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}})
	met := func(d ...cors.Decider) *cors.Outcome { return &cors.Outcome{Met: d, Status: 204} }
	got := func(status int, location string) *cors.Outcome {
		return &cors.Outcome{Status: status, Location: location}
	}
	tests := []struct {
		name  string
		check cors.RouteCheck
		want  []string // severity, part of the problem, remedy
	}{
		{"all is well", cors.RouteCheck{Chain: cors.Covered, Preflight: met(policy), Actual: met(policy)}, nil},
		{"one policy twice", cors.RouteCheck{Chain: cors.Covered, Preflight: met(policy), Actual: met(policy, policy)},
			[]string{"low: PUT /items: 2 policies decide one after another: Once"}},
		{"another policy inside", cors.RouteCheck{Chain: cors.Covered, Preflight: met(policy), Actual: met(policy, other)},
			[]string{"high: PUT /items: another policy decides the request itself: Once"}},
		{"Deciders that do not compare", cors.RouteCheck{Chain: cors.Covered, Preflight: met(uncomparable{}), Actual: met(uncomparable{})}, nil},
		{"a Decider that does not compare beside one that does", cors.RouteCheck{Chain: cors.Covered, Preflight: met(uncomparable{}), Actual: met(policy)},
			[]string{"high: PUT /items: another policy decides the request itself: Once"}},
		{"the preflight gets 404", cors.RouteCheck{Chain: cors.Covered, Preflight: got(404, ""), Actual: met(policy)},
			[]string{"high: PUT /items: CORS-preflight requests get 404 from the router: Preflight"}},
		{"the preflight gets 405", cors.RouteCheck{Chain: cors.Covered, Preflight: got(405, ""), Actual: met(policy)},
			[]string{"high: PUT /items: CORS-preflight requests get 405 from the router: Preflight"}},
		{"the preflight gets 401", cors.RouteCheck{Chain: cors.Covered, Preflight: got(401, ""), Actual: met(policy)},
			[]string{"high: PUT /items: CORS-preflight requests get 401 from authentication: Order"}},
		{"the preflight gets 403", cors.RouteCheck{Chain: cors.Covered, Preflight: got(403, ""), Actual: met(policy)},
			[]string{"high: PUT /items: CORS-preflight requests get 403 from authentication: Order"}},
		{"the preflight is redirected", cors.RouteCheck{Chain: cors.Covered, Preflight: got(301, "/items/"), Actual: met(policy)},
			[]string{`high: PUT /items: CORS-preflight requests get 301, a redirect to "/items/": Redirect`}},
		{"the preflight gets something else", cors.RouteCheck{Chain: cors.Covered, Preflight: got(204, ""), Actual: met(policy)},
			[]string{"high: PUT /items: CORS-preflight requests get 204 from something else: Preflight"}},
		{"the preflight gets an error", cors.RouteCheck{Chain: cors.Covered, Preflight: got(500, ""), Actual: met(policy)},
			[]string{"high: PUT /items: CORS-preflight requests get 500 from something else: Order"}},
		{"the preflight passes scopes without a policy, and reaches none", cors.RouteCheck{Chain: cors.Covered, Preflight: met(nil), Actual: met(nil, policy)},
			[]string{"high: PUT /items: CORS-preflight requests reach no policy, though there is one: Preflight"}},
		{"the preflight passes scopes without a policy, and nothing can be told", cors.RouteCheck{Preflight: met(nil)},
			[]string{"low: PUT /items: it cannot be told: Opaque"}},
		{"both get 401", cors.RouteCheck{Chain: cors.Covered, Preflight: got(401, ""), Actual: got(401, "")},
			[]string{"high: PUT /items: CORS-preflight requests get 401: Order", "high: PUT /items: the request itself gets 401: Order"}},
		{"the request itself is redirected", cors.RouteCheck{Chain: cors.Covered, Preflight: met(policy), Actual: got(308, "/x")},
			[]string{`high: PUT /items: the request itself gets 308, a redirect to "/x": Redirect`}},
		{"the request itself gets 404", cors.RouteCheck{Chain: cors.Covered, Preflight: met(policy), Actual: got(404, "")},
			[]string{"high: PUT /items: the request itself gets 404 from the router: Order"}},
		{"a 300 that leads nowhere", cors.RouteCheck{Chain: cors.Covered, Preflight: met(policy), Actual: got(300, "")},
			[]string{"high: PUT /items: the request itself gets 300 from something else: Redirect"}},
		{"mounted after the route", cors.RouteCheck{Chain: cors.Uncovered, Preflight: met(policy)},
			[]string{"high: PUT /items: CORS-preflight requests are answered, but no policy covers the request itself: Order"}},
		{"no policy", cors.RouteCheck{Chain: cors.Uncovered, Preflight: got(404, "")},
			[]string{"high: PUT /items: no policy covers it: Mount"}},
		{"no policy, and nothing was sent", cors.RouteCheck{Chain: cors.Uncovered},
			[]string{"high: PUT /items: no policy covers it: Mount"}},
		{"no policy of the scopes", cors.RouteCheck{Chain: cors.Covered, Preflight: met(nil), Actual: met(nil)},
			[]string{"high: PUT /items: no policy covers it: Mount"}},
		{"an inner policy where the scopes have none", cors.RouteCheck{Chain: cors.Covered, Preflight: met(policy), Actual: met(nil, policy)}, nil},
		{"a policy, and inner scopes without one", cors.RouteCheck{Chain: cors.Covered, Preflight: met(policy, nil), Actual: met(policy, nil)}, nil},
		{"nothing can be told", cors.RouteCheck{Preflight: met(policy)},
			[]string{"low: PUT /items: it cannot be told: Opaque"}},
		{"nothing can be told, and the preflight gets 405", cors.RouteCheck{Preflight: got(405, "")},
			[]string{"high: PUT /items: CORS-preflight requests get 405: Preflight", "low: PUT /items: it cannot be told: Opaque"}},
		{"an own handler for OPTIONS", cors.RouteCheck{Chain: cors.Covered, OwnOptions: true, Actual: met(policy)},
			[]string{"high: PUT /items: CORS-preflight requests run the application's own handler: Preflight"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.check.Method, test.check.Route = "PUT", "/items"
			var found []cors.Finding
			for _, f := range cors.Findings([]cors.RouteCheck{test.check}, fixes) {
				if f.Route != "" {
					found = append(found, f)
				}
			}
			compareFindings(t, found, test.want)
		})
	}
}

// compareFindings compares findings with beginnings and ends of lines.
func compareFindings(t *testing.T, found []cors.Finding, want []string) {
	t.Helper()
	if len(found) != len(want) {
		t.Fatalf("there are %d findings, want %d: %v", len(found), len(want), found)
	}
	for i, f := range found {
		cut := strings.LastIndex(want[i], ": ")
		if line := f.String(); !strings.HasPrefix(line, want[i][:cut]) || !strings.HasSuffix(line, want[i][cut:]) {
			t.Errorf("finding %d is\n%s, want\n%s", i, line, want[i])
		}
	}
}

type uncomparable struct{ _ []int }

func (uncomparable) Decide(context.Context, cors.Request) cors.Decision { return cors.Decision{} }

func TestFindingsWithout(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{app}})
	with := func(method, route string) cors.RouteCheck {
		o := &cors.Outcome{Met: []cors.Decider{policy}, Status: 204}
		return cors.RouteCheck{Method: method, Route: route, Chain: cors.Covered, Preflight: o, Actual: o}
	}
	none := func(method, route string) cors.RouteCheck {
		return cors.RouteCheck{Method: method, Route: route, Chain: cors.Uncovered, Preflight: &cors.Outcome{Status: 405}}
	}
	const uncovered, listed = "no policy covers it: Mount", "is listed as a route without a policy, and "
	tests := []struct {
		name    string
		checks  []cors.RouteCheck
		without []string
		want    []string
	}{
		{"a route", []cors.RouteCheck{none("GET", "/health"), none("PUT", "/health")}, []string{"/health"}, nil},
		{"a method of a route", []cors.RouteCheck{none("GET", "/health"), none("PUT", "/health")}, []string{"GET /health"}, []string{"high: PUT /health: " + uncovered}},
		{"all below", []cors.RouteCheck{none("GET", "/in/a"), none("PUT", "/in/a/b"), none("PUT", "/inside")}, []string{"/in/*"}, []string{"high: PUT /inside: " + uncovered}},
		{"a method of all below", []cors.RouteCheck{none("GET", "/in/a"), none("PUT", "/in/a/b")}, []string{"GET /in/*"}, []string{"high: PUT /in/a/b: " + uncovered}},
		{"a route that is spelled so", []cors.RouteCheck{none("GET", "/in/*")}, []string{"/in/*"}, nil},
		{"not covered by Scopes", []cors.RouteCheck{{Method: "GET", Route: "/x", Chain: cors.Covered, Preflight: &cors.Outcome{Met: []cors.Decider{nil}}, Actual: &cors.Outcome{Met: []cors.Decider{nil}}}}, []string{"/x"}, nil},
		{"one that has a policy", []cors.RouteCheck{with("GET", "/x")}, []string{"/x"}, []string{"low: GET /x: " + listed + "has one: take it off the list"}},
		{"one that is not there", []cors.RouteCheck{with("GET", "/x")}, []string{"/y"}, []string{"low: /y: " + listed + "there is no such route: take it off the list"}},
		{"one that is listed twice", []cors.RouteCheck{none("GET", "/x")}, []string{"/x", "GET /x"}, nil},
		{"a preflight that is answered all the same", []cors.RouteCheck{{Method: "GET", Route: "/x", Chain: cors.Uncovered, Preflight: &cors.Outcome{Met: []cors.Decider{policy}}}}, []string{"/x"},
			[]string{"low: GET /x: " + listed + "has one: take it off the list"}},
		{"authentication before a policy", []cors.RouteCheck{{Method: "GET", Route: "/x", Chain: cors.Covered, Preflight: &cors.Outcome{Status: 401}, Actual: &cors.Outcome{Status: 401}}}, []string{"/x"},
			[]string{"high: GET /x: CORS-preflight requests get 401: Order", "low: GET /x: " + listed + "has one: take it off the list"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			compareFindings(t, cors.Findings(test.checks, fixes, test.without...), test.want)
		})
	}
}

func TestFindingsUnserved(t *testing.T) {
	allows := func(methods ...string) *cors.Policy {
		return cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowMethods: methods})
	}
	from := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PURGE"}, MethodsFromRoutes: true})
	const line = ": a policy allows the method, and no route that it covers serves it: take it out of AllowMethods"
	tests := []struct {
		name   string
		d      cors.Decider
		routes []string
		want   []string
	}{
		{"all are served", allows("PUT", "DELETE"), []string{"PUT", "DELETE"}, nil},
		{"two are not", allows("PUT", "PURGE", "DELETE"), []string{"PUT"}, []string{"low: DELETE" + line, "low: PURGE" + line}},
		{"safelisted methods need not be", allows("GET", "PUT"), []string{"PUT"}, nil},
		{"a wildcard", allows("*"), []string{"PUT"}, nil},
		{"a list that stands in for the routes", from, []string{"PUT"}, nil},
		{"a live policy", cors.NewLive(allows("PUT", "PURGE")), []string{"PUT"}, []string{"low: PURGE" + line}},
		{"no policy", nil, []string{"PUT"}, []string{"high: PUT /PUT: no policy covers it: Mount"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var checks []cors.RouteCheck
			for _, method := range test.routes {
				o := &cors.Outcome{Met: []cors.Decider{test.d}, Status: 204}
				checks = append(checks, cors.RouteCheck{Method: method, Route: "/" + method, Chain: cors.Covered, Preflight: o, Actual: o})
			}
			compareFindings(t, cors.Findings(checks, fixes), test.want)
		})
	}
	t.Run("two tenants", func(t *testing.T) {
		o := &cors.Outcome{Met: []cors.Decider{byHost(t, allows("PURGE"), allows("PURGE", "LINK"))}}
		compareFindings(t, cors.Findings([]cors.RouteCheck{{Method: "GET", Route: "/", Chain: cors.Covered, Preflight: o, Actual: o}}, fixes),
			[]string{"low: LINK" + line, "low: PURGE" + line})
	})
}

func TestSameDecider(t *testing.T) {
	a := new(cors.Policy)
	b := cors.MustNew(cors.Config{AllowOrigins: []string{app}})
	tests := []struct {
		name string
		a, b cors.Decider
		want bool
	}{
		{"one policy", a, a, true},
		{"two policies", a, b, false},
		{"none", nil, nil, true},
		{"one and none", a, nil, false},
		{"none and one", nil, a, false},
		{"two types", a, cors.NewLive(a), false},
		{"one type that does not compare", uncomparable{}, uncomparable{[]int{1}}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := cors.SameDecider(test.a, test.b); got != test.want {
				t.Errorf("SameDecider is %v, want %v", got, test.want)
			}
		})
	}
}

func TestLost(t *testing.T) {
	for _, test := range []struct {
		o    cors.Outcome
		want bool
	}{
		{cors.Outcome{Status: 204}, true},
		{cors.Outcome{Status: 200}, true},
		{cors.Outcome{Status: 403}, true},
		{cors.Outcome{Status: 401}, false},
		{cors.Outcome{Status: 405}, false},
		{cors.Outcome{Status: 301}, false},
		{cors.Outcome{Status: 204, Met: []cors.Decider{nil}}, false},
	} {
		if got := test.o.Lost(); got != test.want {
			t.Errorf("a probe with the outcome %+v is lost: %v, want %v", test.o, got, test.want)
		}
	}
}

func TestProbe(t *testing.T) {
	policy := new(cors.Policy)
	tests := []struct {
		name  string
		probe cors.Probe
		meets []cors.Decider
		want  []bool
	}{
		{"no number", cors.Probe{}, []cors.Decider{policy}, []bool{true}},
		{"one", cors.Probe{Mounts: 1}, []cors.Decider{policy}, []bool{true}},
		{"two", cors.Probe{Mounts: 2}, []cors.Decider{policy, policy}, []bool{false, true}},
		{"three", cors.Probe{Mounts: 3}, []cors.Decider{policy, nil, policy}, []bool{false, false, true}},
		{"a preflight, of two", cors.Probe{Mounts: 2, Preflight: true}, []cors.Decider{policy}, []bool{true}},
		{"a preflight, of two of which one has a policy", cors.Probe{Mounts: 2, Preflight: true}, []cors.Decider{nil, policy}, []bool{false, true}},
		{"a preflight, of two without", cors.Probe{Mounts: 2, Preflight: true}, []cors.Decider{nil, nil}, []bool{false, true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := test.probe
			var got []bool
			for _, d := range test.meets {
				got = append(got, p.Meet(d))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("Meet says to answer: %v, want %v", got, test.want)
			}
			if !slices.Equal(p.Met, test.meets) {
				t.Errorf("the probe has met %v, want %v", p.Met, test.meets)
			}
		})
	}
}

func TestSeverityString(t *testing.T) {
	for severity, want := range map[cors.Severity]string{cors.Low: "low", cors.High: "high"} {
		if got := severity.String(); got != want {
			t.Errorf("Severity(%d) is %q, want %q", severity, got, want)
		}
	}
}
