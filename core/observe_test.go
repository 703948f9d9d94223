package cors_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	cors "github.com/corskit/corskit/core"
)

// fixed is a Decider with one answer.
type fixed cors.Decision

func (f fixed) Decide(context.Context, cors.Request) cors.Decision { return cors.Decision(f) }

// collect returns a hook and the events that it was called with.
func collect() (hook func(context.Context, cors.Event), events *[]cors.Event) {
	events = new([]cors.Event)
	return func(_ context.Context, e cors.Event) { *events = append(*events, e) }, events
}

func TestObserveTellsEveryDecision(t *testing.T) {
	p := cors.MustNew(cors.Config{
		AllowOrigins: []string{app}, AllowOriginFunc: askTenants, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-A"}, RejectDisallowed: true,
	})
	at := func(r cors.Request) cors.Request {
		r.Host = "api.example.com"
		return r
	}
	tests := []struct {
		name    string
		request cors.Request
		want    cors.Event // but for the Decision
	}{
		{"no origin", at(get()), cors.Event{Method: "GET", Host: "api.example.com"}},
		{"allowed", at(get(app)), cors.Event{Method: "GET", Host: "api.example.com", Origin: app}},
		{"refused", at(get("https://evil.example")), cors.Event{Method: "GET", Host: "api.example.com", Origin: "https://evil.example"}},
		{"malformed", get("e\x00vil"), cors.Event{Method: "GET", Origin: "e\x00vil"}},
		{"repeated", get("https://a.example", app), cors.Event{Method: "GET", Origin: "https://a.example"}},
		{"predicate failed", get("https://broken.example"), cors.Event{Method: "GET", Origin: "https://broken.example"}},
		{"preflight", preflight("PUT", "x-a"), cors.Event{Method: "OPTIONS", Origin: app, RequestMethod: "PUT"}},
		{"preflight, method refused", preflight("PATCH"), cors.Event{Method: "OPTIONS", Origin: app, RequestMethod: "PATCH"}},
		{"preflight, header refused", preflight("PUT", "x-nope"), cors.Event{Method: "OPTIONS", Origin: app, RequestMethod: "PUT"}},
	}
	type key struct{}
	ctx := context.WithValue(context.Background(), key{}, "this request")
	for _, tt := range tests {
		for _, borrowed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, borrowed %v", tt.name, borrowed), func(t *testing.T) {
				tt.request.Borrowed = borrowed
				tt.want.Decision = p.Decide(ctx, tt.request)
				var events []cors.Event
				d := cors.Observe(p, func(c context.Context, e cors.Event) {
					if c.Value(key{}) != "this request" {
						t.Error("the hook is not called with the request's context")
					}
					events = append(events, e)
				})
				if got := d.Decide(ctx, tt.request); got != tt.want.Decision {
					t.Errorf("Observe changes the decision to\n%+v, want\n%+v", got, tt.want.Decision)
				}
				if len(events) != 1 || events[0] != tt.want {
					t.Errorf("the hook was called with\n%+v, want\n%+v", events, tt.want)
				}
			})
		}
	}
}

// TestEventsOutliveBorrowedRequests overwrites every string of the request
// after the call, as fasthttp does.
func TestEventsOutliveBorrowedRequests(t *testing.T) {
	p := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://*.example.org"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true,
	})
	header := cors.MustNew(cors.Config{AllowOrigins: []string{"https://*.example.org"}, AllowMethods: []string{"PUT"}})
	for _, policy := range []*cors.Policy{p, header} {
		var buffers [][]byte
		view := func(s string) string {
			b := []byte(s)
			buffers = append(buffers, b)
			return unsafeString(b)
		}
		borrowed := cors.Request{
			Method: view("OPTIONS"), Host: view("api.example.org"), Origin: lines(view("https://a.example.org")),
			RequestMethod: lines(view("PUT")), RequestHeaders: lines(view("x-one,x-two")), Borrowed: true,
		}
		hook, events := collect()
		diff := func(ctx context.Context, current, candidate cors.Event) { hook(ctx, current); hook(ctx, candidate) }
		cors.Observe(policy, hook).Decide(context.Background(), borrowed)
		cors.ObserveSampled(policy, 1, time.Hour, hook).Decide(context.Background(), borrowed)
		cors.Shadow(fixed{Kind: cors.Preflight}, policy, diff).Decide(context.Background(), borrowed)
		cors.Shadow(policy, fixed{Kind: cors.Preflight}, diff).Decide(context.Background(), borrowed)
		if len(*events) != 6 {
			t.Fatalf("the hooks were called with %d events, want 6", len(*events))
		}
		before := fmt.Sprintf("%+v", *events)
		for _, b := range buffers {
			copy(b, bytes.Repeat([]byte("#"), len(b)))
		}
		if after := fmt.Sprintf("%+v", *events); after != before {
			t.Errorf("with the request's buffer reused, the events read\n%s,\nwant\n%s", after, before)
		}
	}
}

func TestEventsAreBounded(t *testing.T) {
	long := strings.Repeat("a", 64<<10)
	r := cors.Request{Method: long, Host: long, Origin: lines(long), RequestMethod: lines(long)}
	for _, borrowed := range []bool{false, true} {
		r.Borrowed = borrowed
		hook, events := collect()
		cors.Observe(fixed{Header: long}, hook).Decide(context.Background(), r)
		e := (*events)[0]
		for field, s := range map[string]string{"Method": e.Method, "Host": e.Host, "Origin": e.Origin, "RequestMethod": e.RequestMethod, "Header": e.Header} {
			if s != long[:327] {
				t.Errorf("%s of an event holds %d bytes of 64 KiB, want the first 327", field, len(s))
			}
		}
	}
	valid := "https://" + strings.Repeat("a.", 126) + "a:65535"
	hook, events := collect()
	cors.Observe(fixed{}, hook).Decide(context.Background(), get(valid))
	if got := (*events)[0].Origin; got != valid {
		t.Errorf("a valid origin of %d bytes is cut to %d", len(valid), len(got))
	}
}

func TestObserveSampled(t *testing.T) {
	p := only(app)
	ask := func(d cors.Decider, n int, r cors.Request) {
		for range n {
			d.Decide(context.Background(), r)
		}
	}
	summary := func(events []cors.Event) string {
		s := ""
		for _, e := range events {
			s += fmt.Sprintf("%s+%d ", e.Reason, e.Skipped)
		}
		return strings.TrimSpace(s)
	}
	evil := get("https://evil.example")
	tests := []struct {
		name string
		do   func(d cors.Decider)
		want string
	}{
		{"fewer than allowed", func(d cors.Decider) { ask(d, 1, evil) }, "origin-not-allowed+0"},
		{"the first ones", func(d cors.Decider) { ask(d, 9, evil) }, "origin-not-allowed+0 origin-not-allowed+0"},
		{"each reason by itself", func(d cors.Decider) { ask(d, 9, evil); ask(d, 1, get(app)); ask(d, 9, get()); ask(d, 1, get("evil")) },
			"origin-not-allowed+0 origin-not-allowed+0 allowed+0 no-origin+0 no-origin+0 malformed-origin+0"},
		{"the next interval", func(d cors.Decider) { ask(d, 9, evil); time.Sleep(time.Second); ask(d, 9, evil) },
			"origin-not-allowed+0 origin-not-allowed+0 origin-not-allowed+7 origin-not-allowed+0"},
		{"the same interval, later", func(d cors.Decider) { ask(d, 9, evil); time.Sleep(999 * time.Millisecond); ask(d, 9, evil) },
			"origin-not-allowed+0 origin-not-allowed+0"},
		{"a long silence", func(d cors.Decider) { ask(d, 3, evil); time.Sleep(100 * 365 * 24 * time.Hour); ask(d, 3, evil) },
			"origin-not-allowed+0 origin-not-allowed+0 origin-not-allowed+1 origin-not-allowed+0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hook, events := collect()
				tt.do(cors.ObserveSampled(p, 2, time.Second, hook))
				if got := summary(*events); got != tt.want {
					t.Errorf("the hook was called for\n%s,\nwant\n%s", got, tt.want)
				}
			})
		})
	}
}

func TestObserveSampledTakesReasonsThatAreNotOurs(t *testing.T) {
	hook, events := collect()
	for _, reason := range []cors.Reason{200, 255} {
		d := cors.ObserveSampled(fixed{Reason: reason}, 1, time.Hour, hook)
		d.Decide(context.Background(), get())
		d.Decide(context.Background(), get())
	}
	if len(*events) != 2 {
		t.Errorf("the hook was called %d times, want once for each Decider", len(*events))
	}
}

// TestObserveSampledCountsExactly is for the race detector too.
func TestObserveSampledCountsExactly(t *testing.T) {
	const most, goroutines, each = 50_000, 4, 25_000
	var calls, skipped atomic.Uint64
	d := cors.ObserveSampled(only(app), most, time.Hour, func(_ context.Context, e cors.Event) {
		calls.Add(1)
		skipped.Add(e.Skipped)
	})
	evil, start := get("https://evil.example"), make(chan struct{})
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			<-start
			for range each {
				d.Decide(context.Background(), evil)
				d.Decide(context.Background(), get(app))
			}
		})
	}
	close(start)
	group.Wait()
	if calls.Load() != 2*most {
		t.Errorf("the hook was called %d times in an interval, want %d for each of two reasons", calls.Load(), most)
	}
	// Those skipped while the last event was on its way to the hook may be
	// reported with it, but none twice.
	if most := uint64(2*goroutines*each) - calls.Load(); skipped.Load() > most {
		t.Errorf("%d skipped decisions are reported, of %d", skipped.Load(), most)
	}
}

func TestObservePanicsWithoutItsParts(t *testing.T) {
	p, hook := only(app), func(context.Context, cors.Event) {}
	diff := func(context.Context, cors.Event, cors.Event) {}
	for want, call := range map[string]func(){
		"cors: Observe: the Decider is nil: make one with cors.New":                              func() { cors.Observe(nil, hook) },
		"cors: Observe: the function is nil: pass one such as cors.LogEvents returns":            func() { cors.Observe(p, nil) },
		"cors: ObserveSampled: the Decider is nil: make one with cors.New":                       func() { cors.ObserveSampled(nil, 1, 1, hook) },
		"cors: ObserveSampled: the function is nil: pass one such as cors.LogEvents returns":     func() { cors.ObserveSampled(p, 1, 1, nil) },
		"cors: ObserveSampled: allows no event: pass a positive number and a positive interval":  func() { cors.ObserveSampled(p, 0, 1, hook) },
		"cors: ObserveSampled: allows no event: pass a positive number and a positive interval ": func() { cors.ObserveSampled(p, 1, 0, hook) },
		"cors: LogEvents: the logger is nil: pass slog.Default()":                                func() { cors.LogEvents(nil) },
		"cors: Shadow: the current Decider is nil: make one with cors.New":                       func() { cors.Shadow(nil, p, diff) },
		"cors: Shadow: the candidate Decider is nil: make one with cors.New":                     func() { cors.Shadow(p, nil, diff) },
		"cors: Shadow: the function is nil: pass one that reports the difference":                func() { cors.Shadow(p, p, nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != strings.TrimSpace(want) {
					t.Errorf("it panics with %v, want %q", got, want)
				}
			}()
			call()
		}()
	}
}

// rawHandler writes values as they are, as careless handlers do.
type rawHandler struct {
	out   *strings.Builder
	level slog.Level
}

func (h rawHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }
func (h rawHandler) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h rawHandler) WithGroup(string) slog.Handler                { return h }
func (h rawHandler) Handle(_ context.Context, r slog.Record) error {
	fmt.Fprintf(h.out, "%s %s", r.Level, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(h.out, " %s=%s", a.Key, a.Value)
		return true
	})
	return nil
}

func TestLogEvents(t *testing.T) {
	event := func(reason cors.Reason, change func(*cors.Event)) cors.Event {
		e := cors.Event{Decision: cors.Decision{Kind: cors.Actual, Reason: reason}, Method: "GET"}
		change(&e)
		return e
	}
	asIs := func(*cors.Event) {}
	tests := []struct {
		name  string
		event cors.Event
		want  string
	}{
		{"no origin", event(cors.NoOrigin, func(e *cors.Event) { e.Kind = cors.NotCORS }), `DEBUG cors reason=no-origin kind=not-cors method="GET"`},
		{"allowed", event(cors.Allowed, func(e *cors.Event) { e.Origin, e.Host = app, "api.example.com" }),
			`DEBUG cors reason=allowed kind=actual origin="https://app.example.com" host="api.example.com" method="GET"`},
		{"origin", event(cors.OriginNotAllowed, asIs), `INFO cors reason=origin-not-allowed kind=actual method="GET"`},
		{"malformed", event(cors.MalformedOrigin, asIs), `INFO cors reason=malformed-origin kind=actual method="GET"`},
		{"repeated", event(cors.RepeatedOrigin, asIs), `INFO cors reason=repeated-origin kind=actual method="GET"`},
		{"method", event(cors.MethodNotAllowed, func(e *cors.Event) {
			e.Kind, e.Method, e.RequestMethod, e.Status = cors.Preflight, "OPTIONS", "PUT", 204
		}),
			`INFO cors reason=method-not-allowed kind=preflight method="OPTIONS" request_method="PUT" status=204`},
		{"header", event(cors.HeaderNotAllowed, func(e *cors.Event) { e.Header = "x-a" }), `INFO cors reason=header-not-allowed kind=actual method="GET" header="x-a"`},
		{"predicate", event(cors.PredicateFailed, func(e *cors.Event) { e.Err = errDown }), `WARN cors reason=predicate-failed kind=actual method="GET" error="the database is down"`},
		{"skipped", event(cors.OriginNotAllowed, func(e *cors.Event) { e.Skipped = 7 }), `INFO cors reason=origin-not-allowed kind=actual method="GET" skipped=7`},
		{"not ours", event(200, asIs), `INFO cors reason=unknown kind=actual method="GET"`},
		{"long", event(cors.MalformedOrigin, func(e *cors.Event) { e.Origin = strings.Repeat("a", 327) }),
			`INFO cors reason=malformed-origin kind=actual origin="` + strings.Repeat("a", 120) + `"… method="GET"`},
	}
	for _, tt := range tests {
		var out strings.Builder
		cors.LogEvents(slog.New(rawHandler{&out, slog.LevelDebug}))(context.Background(), tt.event)
		if got := out.String(); got != tt.want {
			t.Errorf("%s is logged as\n%s,\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestLogEventsQuotesEveryByte(t *testing.T) {
	for c := range 256 {
		for field, set := range map[string]func(*cors.Event, string){
			"Origin":        func(e *cors.Event, s string) { e.Origin = s },
			"Host":          func(e *cors.Event, s string) { e.Host = s },
			"Method":        func(e *cors.Event, s string) { e.Method = s },
			"RequestMethod": func(e *cors.Event, s string) { e.RequestMethod = s },
			"Header":        func(e *cors.Event, s string) { e.Header = s },
			"Err":           func(e *cors.Event, s string) { e.Err = errors.New(s) },
		} {
			e := cors.Event{Decision: cors.Decision{Reason: cors.MalformedOrigin}}
			set(&e, "x"+string([]byte{byte(c)})+"\u202ey")
			var out strings.Builder
			cors.LogEvents(slog.New(rawHandler{&out, slog.LevelDebug}))(context.Background(), e)
			for _, b := range []byte(out.String()) {
				if b < ' ' || b >= 0x7f {
					t.Errorf("byte %#x in %s is logged raw: %q", c, field, out.String())
					break
				}
			}
		}
	}
}

func TestLogEventsRespectsTheLevel(t *testing.T) {
	var out strings.Builder
	hook := cors.LogEvents(slog.New(rawHandler{&out, slog.LevelInfo}))
	allowed := cors.Event{Decision: cors.Decision{Reason: cors.Allowed}, Origin: app}
	if n := testing.AllocsPerRun(100, func() { hook(context.Background(), allowed) }); n != 0 {
		t.Errorf("an event below the logger's level costs %v allocations, want none", n)
	}
	if out.Len() > 0 {
		t.Errorf("below the logger's level, %q is logged", out.String())
	}
}

// TestObserveAllocations checks that events cost no allocation, but for one where
// something has to be copied.
func TestObserveAllocations(t *testing.T) {
	p := only(app)
	hook := func(context.Context, cors.Event) {}
	for name, r := range map[string]cors.Request{
		"an actual request":        get(app),
		"a refused request":        get("https://evil.example"),
		"a CORS-preflight request": preflight("PUT", "x-a"),
		"a hostile Origin":         get(strings.Repeat("a", 64<<10)),
		"hostile header names":     preflight("PUT", strings.Repeat(",", 64<<10)),
	} {
		for _, borrowed := range []bool{false, true} {
			r.Borrowed = borrowed
			for kind, d := range map[string]cors.Decider{
				"a sampled Observe": cors.ObserveSampled(p, 1, time.Hour, hook),
				"a Shadow":          cors.Shadow(p, only(app), func(context.Context, cors.Event, cors.Event) { t.Error("equal policies differ") }),
				"all of them":       cors.ObserveSampled(cors.NewLive(cors.Shadow(mustByHost(t, map[string]cors.Decider{"a.example": p}), (*cors.Policy)(nil), func(context.Context, cors.Event, cors.Event) { t.Error("refusals differ") })), 1, time.Hour, hook),
			} {
				d.Decide(context.Background(), r)
				if n := testing.AllocsPerRun(100, func() { d.Decide(context.Background(), r) }); n != 0 {
					t.Errorf("%s (borrowed %v) costs %v allocations with %s, want none", name, borrowed, n, kind)
				}
			}
			want := 0.0
			if borrowed || strings.Contains(name, "hostile Origin") {
				want = 1 // for what is copied for the hook, all together
			}
			d := cors.Observe(p, hook)
			if n := testing.AllocsPerRun(100, func() { d.Decide(context.Background(), r) }); n != want {
				t.Errorf("%s (borrowed %v) costs %v allocations with Observe, want %v", name, borrowed, n, want)
			}
		}
	}
}

// TestEventsOfBorrowedRequests checks that an event has its strings, each in its place,
// and costs one allocation, however many there are and however long.
func TestEventsOfBorrowedRequests(t *testing.T) {
	long := func(letter string) string { return strings.Repeat(letter, 300) }
	decision := cors.Decision{AllowOrigin: long("a"), AllowMethods: long("b"), AllowHeaders: long("c"), Header: long("d")}
	r := cors.Request{
		Method: long("e"), Host: long("f"), Origin: cors.Lines{First: long("g"), N: 1}, RequestMethod: cors.Lines{First: long("h"), N: 1},
		Borrowed: true,
	}
	var got cors.Event
	d := cors.Observe(fixed(decision), func(_ context.Context, e cors.Event) { got = e })
	if n := testing.AllocsPerRun(100, func() { d.Decide(context.Background(), r) }); n != 1 {
		t.Errorf("an event with all strings costs %v allocations, want one", n)
	}
	want := cors.Event{Decision: decision, Method: r.Method, Host: r.Host, Origin: r.Origin.First, RequestMethod: r.RequestMethod.First}
	if got != want {
		t.Errorf("the event is\n%+v, want\n%+v", got, want)
	}
}
