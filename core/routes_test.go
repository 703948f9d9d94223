package cors_test

import (
	"context"
	"slices"
	"testing"

	cors "github.com/corskit/corskit/core"
)

// around is a Decider of an application's own, which tells what is inside, and
// opaque one that does not.
type (
	around struct{ cors.Decider }
	opaque struct{ cors.Decider }
)

func (a around) Unwrap() cors.Decider { return a.Decider }

// byHost has tenants that are policies with and without MethodsFromRoutes.
func byHost(t *testing.T, from, listed cors.Decider) *cors.HostDecider {
	h, err := cors.ByHost(map[string]cors.Decider{"from.example": from, "listed.example": listed, "*.from.example": from})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestUsesRouteMethods(t *testing.T) {
	ignore := func(context.Context, cors.Event) {}
	ignoreDiff := func(context.Context, cors.Event, cors.Event) {}
	listed := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}})
	from := cors.MustNew(cors.Config{AllowOrigins: []string{app}, MethodsFromRoutes: true})
	swapped := cors.NewLive(listed)
	swapped.Swap(from)
	tests := []struct {
		name        string
		decider     cors.Decider
		host        string
		uses, wants bool
	}{
		{name: "a policy with a list", decider: listed},
		{name: "a policy", decider: from, uses: true, wants: true},
		{name: "a nil policy", decider: (*cors.Policy)(nil)},
		{name: "a live policy", decider: cors.NewLive(from), uses: true, wants: true},
		{name: "a live policy with a list", decider: cors.NewLive(listed)},
		{name: "a live policy that has been swapped", decider: swapped, uses: true, wants: true},
		{name: "the zero Live", decider: new(cors.Live)},
		{name: "an observed policy", decider: cors.Observe(from, ignore), uses: true, wants: true},
		{name: "an observed policy with a list", decider: cors.Observe(listed, ignore)},
		{name: "the current policy of a shadow", decider: cors.Shadow(from, listed, ignoreDiff), uses: true, wants: true},
		{name: "the candidate of a shadow", decider: cors.Shadow(listed, from, ignoreDiff), uses: true, wants: true},
		{name: "a shadow of lists", decider: cors.Shadow(listed, listed, ignoreDiff)},
		{name: "a tenant", decider: byHost(t, from, listed), host: "from.example", uses: true, wants: true},
		{name: "a tenant below a wildcard", decider: byHost(t, from, listed), host: "a.from.example", uses: true, wants: true},
		{name: "another tenant", decider: byHost(t, from, listed), host: "listed.example", uses: true},
		{name: "no tenant", decider: byHost(t, from, listed), host: "evil.example", uses: true},
		{name: "tenants with lists", decider: byHost(t, listed, listed), host: "from.example"},
		{name: "a nil HostDecider", decider: (*cors.HostDecider)(nil)},
		{name: "all of them", decider: cors.Observe(cors.NewLive(byHost(t, cors.NewLive(from), listed)), ignore), host: "from.example", uses: true, wants: true},
		{name: "an application's own Decider", decider: around{around{from}}, uses: true, wants: true},
		{name: "one that does not tell", decider: opaque{from}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := cors.UsesRouteMethods(test.decider); got != test.uses {
				t.Errorf("UsesRouteMethods is %v, want %v", got, test.uses)
			}
			r := preflightFrom(app, "PUT")
			r.Host = test.host
			if got := r.WantsRouteMethods(test.decider); got != test.wants {
				t.Errorf("a CORS-preflight request wants the methods of the route: %v, want %v", got, test.wants)
			}
			malformed := preflightFrom("https://app.example.com/", "PUT")
			malformed.Host = test.host
			if malformed.WantsRouteMethods(test.decider) {
				t.Errorf("a request with a malformed origin wants the methods of the route")
			}
			actual := get(app)
			actual.Host = test.host
			if actual.WantsRouteMethods(test.decider) {
				t.Errorf("an actual request wants the methods of the route")
			}
			if n := testing.AllocsPerRun(100, func() { r.WantsRouteMethods(test.decider) }); n != 0 {
				t.Errorf("WantsRouteMethods allocates %v times", n)
			}
		})
	}
}

func TestServedMethods(t *testing.T) {
	tests := []struct {
		name   string
		serves []string
		others []string
		want   []string
	}{
		{"nothing", nil, nil, nil},
		{"nothing of what there is", nil, []string{"PURGE"}, nil},
		{"in one order", []string{"OPTIONS", "DELETE", "PATCH", "PUT", "POST", "HEAD", "GET"}, nil, []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}},
		{"others behind, sorted, once", []string{"PUT", "REPORT", "PURGE"}, []string{"REPORT", "PURGE", "PUT", "PURGE"}, []string{"PUT", "PURGE", "REPORT"}},
		{"others that are not served", []string{"PUT"}, []string{"PURGE"}, []string{"PUT"}},
		{"what scripts cannot use", []string{"GET", "TRACE", "CONNECT", "trace"}, []string{"TRACE", "CONNECT", "trace"}, []string{"GET"}},
		{"what is no method", []string{"GET", "A B", ""}, []string{"A B", ""}, []string{"GET"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			serves := func(method string) bool { return slices.Contains(test.serves, method) }
			if got := cors.ServedMethods(serves, test.others...); !slices.Equal(got, test.want) || (got == nil) != (test.want == nil) {
				t.Errorf("ServedMethods = %q, want %q", got, test.want)
			}
		})
	}
}
