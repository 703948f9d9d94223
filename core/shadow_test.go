package cors_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	cors "github.com/corskit/corskit/core"
)

// incomparable is an error that panics when it is compared.
type incomparable []string

func (incomparable) Error() string { return "incomparable" }

func TestShadowReportsDifferencesOnly(t *testing.T) {
	base := cors.Decision{
		Kind: cors.Preflight, Status: 204, Reason: cors.Allowed, AllowOrigin: app, AllowCredentials: "true",
		AllowMethods: "PUT", AllowHeaders: "X-A", MaxAge: "600", ExposeHeaders: "X-B", Vary: "Origin", Header: "x-c",
	}
	tests := []struct {
		name   string
		change func(*cors.Decision)
		differ bool
	}{
		{"nothing", func(*cors.Decision) {}, false},
		{"the error", func(d *cors.Decision) { d.Err = errors.New("another") }, false},
		{"an error that cannot be compared", func(d *cors.Decision) { d.Err = incomparable{"a"} }, false},
		{"Kind", func(d *cors.Decision) { d.Kind = cors.Actual }, true},
		{"Status", func(d *cors.Decision) { d.Status = 200 }, true},
		{"Reason", func(d *cors.Decision) { d.Reason = cors.MethodNotAllowed }, true},
		{"AllowOrigin", func(d *cors.Decision) { d.AllowOrigin = "*" }, true},
		{"AllowCredentials", func(d *cors.Decision) { d.AllowCredentials = "" }, true},
		{"AllowMethods", func(d *cors.Decision) { d.AllowMethods = "PUT,DELETE" }, true},
		{"AllowHeaders", func(d *cors.Decision) { d.AllowHeaders = "" }, true},
		{"MaxAge", func(d *cors.Decision) { d.MaxAge = "0" }, true},
		{"ExposeHeaders", func(d *cors.Decision) { d.ExposeHeaders = "" }, true},
		{"Vary", func(d *cors.Decision) { d.Vary = "" }, true},
		{"Header", func(d *cors.Decision) { d.Header = "x-d" }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changed := base
			base.Err = incomparable{"b"}
			tt.change(&changed)
			calls := 0
			d := cors.Shadow(fixed(base), fixed(changed), func(_ context.Context, current, candidate cors.Event) {
				calls++
				if current.AllowMethods != base.AllowMethods || candidate.AllowMethods != changed.AllowMethods || candidate.Status != changed.Status {
					t.Errorf("the events are %+v and %+v, want the current one first", current, candidate)
				}
				if current.Origin != app || candidate.Origin != app || current.Method != "OPTIONS" {
					t.Errorf("the events %+v and %+v do not tell the request", current, candidate)
				}
			})
			got := d.Decide(context.Background(), preflight("PUT"))
			got.Err, base.Err = nil, nil
			if got != base {
				t.Errorf("Shadow decides\n%+v,\nwant what the current Decider does:\n%+v", got, base)
			}
			if differ := calls == 1; differ != tt.differ || calls > 1 {
				t.Errorf("where %s differs, the function is called %d times, want a call: %v", tt.name, calls, tt.differ)
			}
		})
	}
}

func TestShadowOfPolicies(t *testing.T) {
	candidate := cors.MustNew(cors.Config{AllowOrigins: []string{app, other}})
	var told []string
	d := cors.Shadow(only(app), candidate, func(_ context.Context, current, candidate cors.Event) {
		told = append(told, current.Origin+" "+current.Reason.String()+" "+candidate.Reason.String())
	})
	for _, r := range []cors.Request{get(), get(app), get("https://evil.example"), get(other), preflightFrom(other, "GET")} {
		want := only(app).Decide(context.Background(), r)
		if got := d.Decide(context.Background(), r); got != want {
			t.Errorf("Shadow decides %+v, want %+v", got, want)
		}
	}
	const line = other + " origin-not-allowed allowed"
	if got := strings.Join(told, "\n"); got != line+"\n"+line {
		t.Errorf("the differences told are\n%s\nwant twice\n%s", got, line)
	}
}

func TestShadowSurvivesItsCandidate(t *testing.T) {
	for name, candidate := range map[string]cors.Decider{
		"a predicate": cors.MustNew(cors.Config{AllowOriginFunc: func(context.Context, string) (bool, error) { panic("out of luck") }}),
		"a Decider":   panics{},
	} {
		for _, r := range []cors.Request{get(app), preflight("PUT")} {
			var events []cors.Event
			d := cors.Shadow(only(app), candidate, func(_ context.Context, current, candidate cors.Event) {
				events = append(events, current, candidate)
			})
			want := only(app).Decide(context.Background(), r)
			if got := d.Decide(context.Background(), r); got != want {
				t.Errorf("beside %s that panics, Shadow decides\n%+v,\nwant\n%+v", name, got, want)
			}
			const message = "cors: Shadow: the candidate panicked: out of luck"
			if len(events) != 2 || events[1].Reason != cors.PredicateFailed || events[1].Kind != want.Kind || events[1].Err == nil || events[1].Err.Error() != message {
				t.Errorf("a panic of %s is told as %+v, want the Err %q", name, events, message)
			}
		}
	}
}

type panics struct{}

func (panics) Decide(context.Context, cors.Request) cors.Decision { panic("out of luck") }

func TestShadowLetsTheCurrentDeciderPanic(t *testing.T) {
	defer func() {
		if got := recover(); got != "out of luck" {
			t.Errorf("a panic of the current Decider arrives as %v", got)
		}
	}()
	cors.Shadow(panics{}, only(app), func(context.Context, cors.Event, cors.Event) {}).Decide(context.Background(), get(app))
}

// TestShadowIsSafeForConcurrentUse is for the race detector.
func TestShadowIsSafeForConcurrentUse(t *testing.T) {
	live := cors.NewLive(only(app))
	var told atomic.Int64
	d := cors.Shadow(only(app), live, func(context.Context, cors.Event, cors.Event) { told.Add(1) })
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 300 {
				if got := d.Decide(context.Background(), get(app)).AllowOrigin; got != app {
					t.Errorf("Shadow allows %q, want %s", got, app)
				}
				live.Swap([]cors.Decider{only(app), only(other)}[i%2])
			}
		})
	}
	group.Wait()
	live.Swap(only(other))
	before := told.Load()
	d.Decide(context.Background(), get(app))
	if told.Load() != before+1 {
		t.Error("a candidate that was swapped in is not asked")
	}
}
