package cors

import (
	"context"
	"fmt"
)

// Shadow returns a Decider that decides as current does, and asks candidate
// too, so that a policy can be tried on real requests before it is put in
// force. Where their decisions differ it calls diff with both, before the
// response is sent: in a header, in the status, in Kind, Reason or Header. That
// two predicates fail with different errors is no difference.
//
// Everything that [Observe] says of its hook holds for diff. The candidate
// runs on every request, its [Config.AllowOriginFunc] included: that asks its
// database as often as the current one's does, and delays the response by as
// much. What the candidate does never reaches the response. If it panics, its
// event has the Reason PredicateFailed and the panic as its Err.
//
// Shadow allocates nothing where the two agree. It panics if current, candidate
// or diff is nil.
func Shadow(current, candidate Decider, diff func(ctx context.Context, current, candidate Event)) Decider {
	switch {
	case current == nil:
		panic("cors: Shadow: the current Decider is nil: make one with cors.New")
	case candidate == nil:
		panic("cors: Shadow: the candidate Decider is nil: make one with cors.New")
	case diff == nil:
		panic("cors: Shadow: the function is nil: pass one that reports the difference")
	}
	return &shadow{current, candidate, diff}
}

type shadow struct {
	current, candidate Decider
	diff               func(ctx context.Context, current, candidate Event)
}

func (s *shadow) Decide(ctx context.Context, r Request) (d Decision) {
	ask(ctx, s, &r, &d)
	return d
}

// compare asks the candidate too, and reports where it does not decide as in d.
func (s *shadow) compare(ctx context.Context, r *Request, d *Decision) {
	other := s.ask(ctx, r, d.Kind)
	a, b := *d, other
	a.Err, b.Err = nil, nil // which need not be comparable
	if a != b {
		s.diff(ctx, newEvent(r, d, 0), newEvent(r, &other, 0))
	}
}

// ask asks the candidate, whose panics are its own.
func (s *shadow) ask(ctx context.Context, r *Request, kind Kind) (d Decision) {
	defer func() {
		if v := recover(); v != nil {
			d = Decision{Kind: kind, Reason: PredicateFailed, Err: fmt.Errorf("cors: Shadow: the candidate panicked: %v", v)}
		}
	}()
	ask(ctx, s.candidate, r, &d)
	return d
}
