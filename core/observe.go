package cors

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/corskit/corskit/core/internal/origin"
)

// Event is a [Decision] together with what it is about, as the hooks of
// [Observe], [ObserveSampled] and [Shadow] see it. Hooks may keep it: its
// strings are copies where the request was Borrowed. Those are in one piece of
// memory, so that a hook that keeps one of them for long should clone it.
//
// Whoever sends a request chooses its strings, which may hold any byte. Quote
// them in logs, as [LogEvents] does, and never make them labels of a metric;
// Kind, Reason and Status are safe there.
type Event struct {
	// Decision is what was decided. Its Header may be cut, as below.
	Decision

	// Method is the request's method. This and the fields below are cut to
	// 327 bytes, one more than any serialized origin has.
	Method string

	// Host is the value of the Host header.
	Host string

	// Origin is the value of the Origin header; of the first field line, if
	// Reason is RepeatedOrigin. It is empty if there is none.
	Origin string

	// RequestMethod is the value of Access-Control-Request-Method, as Origin
	// is of its header.
	RequestMethod string

	// Skipped is the number of decisions for the same Reason that the hook was
	// not called for, since it was last called for one. It is 0 but for the
	// hook of [ObserveSampled].
	Skipped uint64
}

// maxFact bounds what an event holds of a request, so that a hook cannot be
// made to keep much. What was cut is too long to be taken for an origin.
const maxFact = origin.MaxLen + 1

func newEvent(r *Request, d *Decision, skipped uint64) (e Event) {
	e.Decision = *d // whose own strings are bounded by the policy, which may take them from the request
	e.Header = r.fact(d.Header)
	e.Method = r.fact(r.Method)
	e.Host = r.fact(r.Host)
	e.Origin = r.fact(r.Origin.First)
	e.RequestMethod = r.fact(r.RequestMethod.First)
	e.Skipped = skipped
	if r.Borrowed {
		e.unborrow()
	}
	return e
}

// fact returns s, cut, for a hook to keep. What is cut is copied, so that the whole
// of s is not kept with it; what is borrowed is copied later.
func (r *Request) fact(s string) string {
	switch {
	case len(s) <= maxFact:
		return s
	case r.Borrowed:
		return s[:maxFact]
	}
	return strings.Clone(s[:maxFact])
}

// unborrow copies the strings that may be views of a request, in one allocation.
func (e *Event) unborrow() {
	var b strings.Builder
	b.Grow(len(e.AllowOrigin) + len(e.AllowMethods) + len(e.AllowHeaders) + len(e.Header) +
		len(e.Method) + len(e.Host) + len(e.Origin) + len(e.RequestMethod))
	b.WriteString(e.AllowOrigin)
	b.WriteString(e.AllowMethods)
	b.WriteString(e.AllowHeaders)
	b.WriteString(e.Header)
	b.WriteString(e.Method)
	b.WriteString(e.Host)
	b.WriteString(e.Origin)
	b.WriteString(e.RequestMethod)
	copies := b.String()
	cut := func(n int) (s string) {
		s, copies = copies[:n], copies[n:]
		return s
	}
	e.AllowOrigin = cut(len(e.AllowOrigin))
	e.AllowMethods = cut(len(e.AllowMethods))
	e.AllowHeaders = cut(len(e.AllowHeaders))
	e.Header = cut(len(e.Header))
	e.Method = cut(len(e.Method))
	e.Host = cut(len(e.Host))
	e.Origin = cut(len(e.Origin))
	e.RequestMethod = cut(len(e.RequestMethod))
}

// Observe returns a Decider that decides as d does and calls hook with every
// decision, before the response is sent. The context is that of the request
// and must not be used after hook has returned. The hook is called by many
// goroutines at once and delays every response; it cannot change the decision.
// A panic in it is not recovered. Observe panics if d or hook is nil.
//
// Where requests are Borrowed, as they are on fiber, each event costs an
// allocation. [ObserveSampled] has no cost of this kind for decisions
// that the hook is not called for.
func Observe(d Decider, hook func(context.Context, Event)) Decider {
	mustHave("Observe", d, hook)
	return &observer{decider: d, hook: hook}
}

// ObserveSampled is [Observe] for busy servers and hostile clients: it calls
// hook for at most a number of decisions for each [Reason] in each interval of
// a given length, so that many decisions of one kind do not hide the others.
// [Event].Skipped tells how many were left out. The first most decisions for a
// reason in an interval are the ones that are reported; those that are not
// cost no allocation. It panics if d or hook is nil, or if most or interval is
// not positive.
func ObserveSampled(d Decider, most int, interval time.Duration, hook func(context.Context, Event)) Decider {
	mustHave("ObserveSampled", d, hook)
	if most <= 0 || interval <= 0 {
		panic("cors: ObserveSampled: allows no event: pass a positive number and a positive interval")
	}
	return &observer{decider: d, hook: hook, sampler: &sampler{
		most: uint32(min(most, math.MaxInt32)), interval: interval, start: time.Now(),
	}}
}

func mustHave(function string, d Decider, hook func(context.Context, Event)) {
	if d == nil {
		panic("cors: " + function + ": the Decider is nil: make one with cors.New")
	}
	if hook == nil {
		panic("cors: " + function + ": the function is nil: pass one such as cors.LogEvents returns")
	}
}

type observer struct {
	decider Decider
	hook    func(context.Context, Event)
	sampler *sampler // nil lets everything through
}

func (o *observer) Decide(ctx context.Context, r Request) (d Decision) {
	ask(ctx, o, &r, &d)
	return d
}

// report calls the hook with a decision, if the sampler lets it.
func (o *observer) report(ctx context.Context, r *Request, d *Decision) {
	if skipped, ok := o.sampler.take(d.Reason); ok {
		o.hook(ctx, newEvent(r, d, skipped))
	}
}

// A sampler counts decisions by reason. Intervals are numbered from the start.
type sampler struct {
	most     uint32
	interval time.Duration
	start    time.Time
	quotas   [len(reasonNames) + 1]quota // the last is for reasons that are not ours
}

type quota struct {
	taken   atomic.Uint64 // the interval in the upper half, the number taken in it in the lower
	skipped atomic.Uint64 // since the last one taken
}

// take reports whether a decision may be reported, and how many were not since
// the last that was.
func (s *sampler) take(reason Reason) (skipped uint64, ok bool) {
	if s == nil {
		return 0, true
	}
	q := &s.quotas[min(int(reason), len(reasonNames))]
	now := uint32(time.Since(s.start) / s.interval)
	for {
		old := q.taken.Load()
		interval, n := uint32(old>>32), uint32(old)
		// A goroutine that has read the clock before another opened this
		// interval is late, but never by many: then the numbers have wrapped.
		if late := interval - now; late > 1<<16 {
			interval, n = now, 0
		}
		if n >= s.most {
			q.skipped.Add(1)
			return 0, false
		}
		if q.taken.CompareAndSwap(old, uint64(interval)<<32|uint64(n+1)) {
			return q.skipped.Swap(0), true
		}
	}
}

// LogEvents returns a hook for [Observe] and [ObserveSampled] that writes each
// event to logger, with the message "cors" and attributes for the fields of the
// [Event] that are not empty. What comes from the request is quoted as Go quotes
// strings, and cut to 120 bytes, whatever the logger's handler does with it.
//
// A refusal is not an error of the server, and no event is logged as one. Those
// allowed, and requests without an Origin header, have level Debug, and refusals
// have level Info. Failures of [Config.AllowOriginFunc] have level Warn. LogEvents
// panics if logger is nil.
func LogEvents(logger *slog.Logger) func(context.Context, Event) {
	if logger == nil {
		panic("cors: LogEvents: the logger is nil: pass slog.Default()")
	}
	return func(ctx context.Context, e Event) {
		level := slog.LevelInfo
		switch e.Reason {
		case Allowed, NoOrigin:
			level = slog.LevelDebug
		case PredicateFailed:
			level = slog.LevelWarn
		}
		if !logger.Enabled(ctx, level) {
			return
		}
		attrs := []slog.Attr{slog.String("reason", e.Reason.String()), slog.String("kind", e.Kind.String())}
		add := func(key, value string) {
			if value != "" {
				attrs = append(attrs, slog.String(key, quote(value)))
			}
		}
		add("origin", e.Origin)
		add("host", e.Host)
		add("method", e.Method)
		add("request_method", e.RequestMethod)
		add("header", e.Header)
		if e.Err != nil {
			add("error", e.Err.Error())
		}
		if e.Status != 0 {
			attrs = append(attrs, slog.Int("status", e.Status))
		}
		if e.Skipped != 0 {
			attrs = append(attrs, slog.Uint64("skipped", e.Skipped))
		}
		logger.LogAttrs(ctx, level, "cors", attrs...)
	}
}
