package cors_test

import (
	"context"
	"reflect"
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

func TestWants(t *testing.T) {
	plain := cors.Config{AllowOrigins: []string{app}}
	asks, rejects := plain, plain
	asks.AllowOriginFunc = func(context.Context, string) (bool, error) { return false, nil }
	rejects.RejectDisallowed = true
	policy := cors.MustNew(plain)
	ignore := func(context.Context, cors.Event) {}
	ignoreDiff := func(context.Context, cors.Event, cors.Event) {}
	for _, test := range []struct {
		name          string
		decider       cors.Decider
		context, site bool
	}{
		{"a policy", policy, false, false},
		{"a nil policy", (*cors.Policy)(nil), false, false},
		{"the zero policy", new(cors.Policy), false, false},
		{"a policy with a predicate", cors.MustNew(asks), true, false},
		{"a policy that rejects", cors.MustNew(rejects), false, true},
		{"a live policy, which may change", cors.NewLive(policy), true, true},
		{"an observed policy", cors.Observe(policy, ignore), true, false},
		{"an observed live policy", cors.Observe(cors.NewLive(policy), ignore), true, true},
		{"a shadow", cors.Shadow(policy, policy, ignoreDiff), true, true},
		{"tenants", byHost(t, policy, policy), true, true},
		{"an application's own Decider", around{policy}, true, true},
		{"no Decider", nil, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := cors.WantsContext(test.decider); got != test.context {
				t.Errorf("WantsContext = %v, want %v", got, test.context)
			}
			if got := cors.WantsSecFetchSite(test.decider); got != test.site {
				t.Errorf("WantsSecFetchSite = %v, want %v", got, test.site)
			}
		})
	}
}

// TestAskIsDecide asks Deciders of all kinds in both ways, and none may be asked
// more or less often in one of them.
func TestAskIsDecide(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}, ExposeHeaders: []string{"X-Total"}})
	var events []cors.Event
	note := func(_ context.Context, e cors.Event) { events = append(events, e) }
	noteDiff := func(_ context.Context, current, candidate cors.Event) { events = append(events, current, candidate) }
	for name, d := range map[string]cors.Decider{
		"a policy":                     policy,
		"a nil policy":                 (*cors.Policy)(nil),
		"a live policy":                cors.NewLive(policy),
		"the zero Live":                new(cors.Live),
		"an observed policy":           cors.Observe(cors.NewLive(policy), note),
		"an observed, observed policy": cors.Observe(cors.Observe(policy, note), note),
		"a shadow":                     cors.Observe(cors.Shadow(policy, (*cors.Policy)(nil), noteDiff), note),
		"tenants":                      cors.Observe(byHost(t, cors.Observe(policy, note), policy), note),
		"an application's own Decider": cors.NewLive(around{cors.Observe(policy, note)}),
	} {
		for _, r := range []cors.Request{{}, get(app), get("https://evil.example"), preflight("PUT", "x-a"), preflightFrom("https://evil.example", "PUT")} {
			r.Host = "from.example"
			events = nil
			want := d.Decide(t.Context(), r)
			wantEvents := events
			events = nil
			asked := r
			got := cors.Ask(t.Context(), d, &asked)
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("%s: Ask about %+v = %+v, want %+v as Decide", name, r, *got, want)
			}
			if !reflect.DeepEqual(asked, r) {
				t.Errorf("%s: Ask has changed the request to %+v, it was %+v", name, asked, r)
			}
			if !reflect.DeepEqual(events, wantEvents) {
				t.Errorf("%s: Ask about %+v calls hooks with\n%+v,\nwant\n%+v", name, r, events, wantEvents)
			}
		}
	}
}

// TestAskDoesNotAllocate has a caller that keeps the decision for itself.
func TestAskDoesNotAllocate(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{app}})
	for name, d := range map[string]cors.Decider{
		"a policy":           policy,
		"a live policy":      cors.NewLive(policy),
		"an observed policy": cors.Observe(cors.NewLive(policy), func(context.Context, cors.Event) {}),
	} {
		allowed, request := true, get(app)
		n := testing.AllocsPerRun(100, func() {
			r := request
			allowed = allowed && cors.Ask(context.Background(), d, &r).Reason == cors.Allowed
		})
		if n != 0 || !allowed {
			t.Errorf("%s: Ask allocates %v times and allows the request: %v, want 0 and true", name, n, allowed)
		}
	}
}
