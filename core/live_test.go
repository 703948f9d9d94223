package cors_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	cors "github.com/corskit/corskit/core"
)

const other = "https://other.example.com"

func only(origin string) *cors.Policy {
	return cors.MustNew(cors.Config{AllowOrigins: []string{origin}})
}

// allows returns the one of app and other that d allows, or "neither" or "both".
func allows(d cors.Decider) string {
	a := d.Decide(context.Background(), get(app)).AllowOrigin
	b := d.Decide(context.Background(), get(other)).AllowOrigin
	switch {
	case a != "" && b != "":
		return "both"
	case a+b == "":
		return "neither"
	}
	return a + b
}

func TestLiveSwap(t *testing.T) {
	first, second := only(app), only(other)
	live := cors.NewLive(first)
	if got := allows(live); got != app {
		t.Errorf("a new Live allows %s, want %s", got, app)
	}
	if previous := live.Swap(second); previous != cors.Decider(first) {
		t.Errorf("the first Swap returns %v, want the Decider that the Live was made with", previous)
	}
	if got := allows(live); got != other {
		t.Errorf("after a Swap the Live allows %s, want %s", got, other)
	}
	if previous := live.Swap(first); previous != cors.Decider(second) {
		t.Errorf("the second Swap returns %v, want the Decider of the first", previous)
	}
	if got := allows(live); got != app {
		t.Errorf("after it was put back, the Live allows %s, want %s", got, app)
	}
}

func TestLiveThatHoldsNothingGrantsNothing(t *testing.T) {
	for name, live := range map[string]*cors.Live{
		"a zero Live":               new(cors.Live),
		"a Live of a nil *Policy":   cors.NewLive((*cors.Policy)(nil)),
		"a Live of a zero Policy":   cors.NewLive(new(cors.Policy)),
		"a Live of a zero Live":     cors.NewLive(new(cors.Live)),
		"a swapped-in nil *Policy":  swapped((*cors.Policy)(nil)),
		"a reloaded nil *Policy":    reloaded((*cors.Policy)(nil)),
		"a swapped-in zero Live":    swapped(new(cors.Live)),
		"a zero Live, put back in":  putBack(new(cors.Live)),
		"a zero Live, not reloaded": failed(new(cors.Live)),
	} {
		if got := allows(live); got != "neither" {
			t.Errorf("%s allows %s", name, got)
		}
		if d := live.Decide(context.Background(), preflight("PUT")); d.Status != 403 || d.AllowOrigin+d.AllowMethods != "" {
			t.Errorf("%s answers a CORS-preflight request with %+v", name, d)
		}
		live.Swap(only(app))
		if got := allows(live); got != app {
			t.Errorf("%s, once a policy was put in, allows %s, want %s", name, got, app)
		}
	}
}

func swapped(d cors.Decider) *cors.Live {
	live := cors.NewLive(only(app))
	live.Swap(d)
	return live
}

func reloaded(d cors.Decider) *cors.Live {
	live := cors.NewLive(only(app))
	if err := live.Reload(func() (cors.Decider, error) { return d, nil }); err != nil {
		panic(err)
	}
	return live
}

func putBack(live *cors.Live) *cors.Live {
	live.Swap(live.Swap(only(app)))
	return live
}

func failed(live *cors.Live) *cors.Live {
	if live.Reload(func() (cors.Decider, error) { return nil, nil }) == nil {
		panic("Reload takes a nil Decider")
	}
	return live
}

func TestLivePanicsWithoutADecider(t *testing.T) {
	for want, call := range map[string]func(*cors.Live){
		"cors: NewLive: the Decider is nil: make one with cors.New":   func(*cors.Live) { cors.NewLive(nil) },
		"cors: Live.Swap: the Decider is nil: make one with cors.New": func(l *cors.Live) { l.Swap(nil) },
	} {
		live := cors.NewLive(only(app))
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("without a Decider it panics with %v, want %q", got, want)
				}
			}()
			call(live)
		}()
		if got := allows(live); got != app {
			t.Errorf("after the panic the Live allows %s, want %s", got, app)
		}
	}
}

func TestLiveReload(t *testing.T) {
	_, invalid := cors.New(cors.Config{AllowOrigins: []string{app + "/"}, MaxAge: 1})
	const stays = "cors: Live.Reload: the current policy stays: "
	tests := []struct {
		name   string
		load   func() (cors.Decider, error)
		err    string // "" for none
		wraps  error
		allows string
	}{
		{"a policy", func() (cors.Decider, error) { return only(other), nil }, "", nil, other},
		{"an error", func() (cors.Decider, error) { return nil, errDown }, stays + errDown.Error(), errDown, app},
		{"an error beside a policy", func() (cors.Decider, error) { return only(other), errDown }, stays + errDown.Error(), errDown, app},
		{"the faults of a Config", func() (cors.Decider, error) {
			return cors.New(cors.Config{AllowOrigins: []string{app + "/"}, MaxAge: 1})
		}, stays + invalid.Error(), nil, app},
		{"neither", func() (cors.Decider, error) { return nil, nil }, stays + "the function returned a nil Decider", nil, app},
		{"a panic", func() (cors.Decider, error) { panic("out of luck") }, stays + "the function panicked: out of luck", nil, app},
		{"a panic with nil", func() (cors.Decider, error) { panic(nil) }, stays + "the function panicked: panic called with nil argument", nil, app},
		{"no function", nil, stays + "the function panicked: runtime error", nil, app},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			live := cors.NewLive(only(app))
			err := live.Reload(tt.load)
			switch {
			case tt.err == "" && err != nil:
				t.Errorf("Reload fails: %v", err)
			case tt.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.err)):
				t.Errorf("Reload returns the error\n%v,\nwant\n%s", err, tt.err)
			}
			if tt.wraps != nil && !errors.Is(err, tt.wraps) {
				t.Errorf("the error %q does not wrap that of the function", err)
			}
			if got := allows(live); got != tt.allows {
				t.Errorf("after Reload the Live allows %s, want %s", got, tt.allows)
			}
		})
	}
}

func TestLiveReloadTellsEveryFault(t *testing.T) {
	live := cors.NewLive(only(app))
	err := live.Reload(func() (cors.Decider, error) {
		return cors.ParsePolicy([]byte(`{"allowOrigins": ["a"], "maxAge": -5}`))
	})
	if n := len(cors.ConfigErrors(err)); n != 2 {
		t.Errorf("a file with two faults is reported with %d: %v", n, err)
	}
}

// TestReloadHoldsUpNoDecision asks a Live while the policy that is to replace its own
// is made.
func TestReloadHoldsUpNoDecision(t *testing.T) {
	live := cors.NewLive(only(app))
	err := live.Reload(func() (cors.Decider, error) {
		decided := make(chan string)
		go func() { decided <- allows(live) }()
		select {
		case got := <-decided:
			if got != app {
				t.Errorf("during Reload the Live allows %s, want %s", got, app)
			}
		case <-time.After(time.Minute):
			t.Error("a decision waits for Reload")
		}
		return only(other), nil
	})
	if got := allows(live); err != nil || got != other {
		t.Errorf("after Reload the Live allows %s (error %v), want %s", got, err, other)
	}
}

// TestDecisionInFlightKeepsItsPolicy replaces the policy while its predicate
// is thinking.
func TestDecisionInFlightKeepsItsPolicy(t *testing.T) {
	for _, r := range []cors.Request{get(app), preflight("PUT", "x-old")} {
		asked, answer := make(chan bool, 1), make(chan bool, 2)
		slow := cors.MustNew(cors.Config{
			AllowOriginFunc: func(context.Context, string) (bool, error) {
				asked <- true
				return <-answer, nil
			},
			AllowMethods:     []string{"PUT"},
			AllowHeaders:     []string{"X-Old"},
			ExposeHeaders:    []string{"X-Old"},
			AllowCredentials: true,
		})
		answer <- true
		want := slow.Decide(context.Background(), r)
		<-asked

		live := cors.NewLive(slow)
		decided := make(chan cors.Decision)
		go func() { decided <- live.Decide(context.Background(), r) }()
		<-asked
		live.Swap(only(other))
		if got := allows(live); got != other {
			t.Errorf("with a decision in flight the Live allows %s, want %s", got, other)
		}
		answer <- true
		if got := <-decided; got != want {
			t.Errorf("the decision that was in flight is\n%+v,\nwant that of the policy which took it:\n%+v", got, want)
		}
	}
}

// TestLiveIsSafeForConcurrentUse is for the race detector, and checks that no
// decision is made of two policies.
func TestLiveIsSafeForConcurrentUse(t *testing.T) {
	policies := make([]*cors.Policy, 4)
	whole := map[cors.Decision]bool{}
	for i := range policies {
		policies[i] = cors.MustNew(cors.Config{
			AllowOrigins:    []string{app},
			AllowMethods:    []string{fmt.Sprintf("M%d", i)},
			AllowHeaders:    []string{fmt.Sprintf("X-%d", i)},
			PreflightStatus: 200 + i,
		})
		whole[policies[i].Decide(context.Background(), preflight("GET"))] = true
	}
	live := cors.NewLive(policies[0])
	var readers, writers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				if d := live.Decide(context.Background(), preflight("GET")); !whole[d] {
					t.Errorf("a decision is none of any policy: %+v", d)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for w := range 2 {
		writers.Go(func() {
			for i := range 2000 {
				p := policies[(i+w)%len(policies)]
				switch i % 3 {
				case 0:
					live.Reload(func() (cors.Decider, error) { return p, nil })
				case 1:
					live.Reload(func() (cors.Decider, error) { return nil, errDown })
				default:
					if previous := live.Swap(p); previous == nil {
						t.Error("Swap returns nil")
					}
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

func TestLiveDoesNotAllocate(t *testing.T) {
	for name, r := range map[string]cors.Request{
		"an actual request":        get(app),
		"a refused request":        get("https://evil.example"),
		"a CORS-preflight request": preflight("PUT"),
		"a hostile Origin":         get(strings.Repeat("a", 64<<10)),
		"hostile header names":     preflight("PUT", strings.Repeat(",", 64<<10)),
	} {
		for kind, live := range map[string]*cors.Live{"a Live": cors.NewLive(only(app)), "a zero Live": new(cors.Live)} {
			var d cors.Decider = live
			if n := testing.AllocsPerRun(100, func() { d.Decide(context.Background(), r) }); n != 0 {
				t.Errorf("%s costs %v allocations with %s, want none", name, n, kind)
			}
		}
	}
}

func BenchmarkLive(b *testing.B) {
	var d cors.Decider = cors.NewLive(only(app))
	r := get(app)
	b.ReportAllocs()
	for b.Loop() {
		d.Decide(context.Background(), r)
	}
}
