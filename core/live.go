package cors

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Live is a [Decider] that can be replaced by another while a server runs, so
// that allowed origins change without a restart. Hand the Live to the adapter,
// and new policies to [Live.Swap] or [Live.Reload]. Make one with [NewLive].
//
// Each request is decided by one Decider as a whole: a decision under way when
// another is put in its place is still that of the old one. All methods are
// safe for concurrent use. The zero value grants nothing, as a nil [Policy]
// does, until a Decider is put in.
//
// A change reaches browsers late where they keep the answer to an earlier
// CORS-preflight request: for as long as the old [Config.MaxAge] says.
type Live struct {
	current atomic.Pointer[Decider]
}

// NewLive returns a Live that decides as d does. It panics if d is nil. A nil
// *Policy is a Decider, which grants nothing.
func NewLive(d Decider) *Live {
	if d == nil {
		panic("cors: NewLive: the Decider is nil: make one with cors.New")
	}
	l := new(Live)
	l.current.Store(&d)
	return l
}

// Decide decides as the current Decider does.
func (l *Live) Decide(ctx context.Context, r Request) (d Decision) {
	ask(ctx, l, &r, &d)
	return d
}

// Swap puts d in place of the current Decider, which it returns. What is
// returned is never nil, so that a second Swap can put it back: that of a zero
// Live is a nil *Policy. Swap panics if d is nil.
func (l *Live) Swap(d Decider) (previous Decider) {
	if d == nil {
		panic("cors: Live.Swap: the Decider is nil: make one with cors.New")
	}
	return held(l.current.Swap(&d))
}

// Reload calls load and puts the Decider that it returns in place of the
// current one. If load returns an error or a nil Decider, or panics, the
// current one stays, and Reload returns an error that says so; it wraps the
// error of load.
//
// Of several calls at the same time, the one whose load returns last prevails.
func (l *Live) Reload(load func() (Decider, error)) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("cors: Live.Reload: the current policy stays: the function panicked: %v", v)
		}
	}()
	d, err := load()
	if err == nil && d == nil {
		err = errors.New("the function returned a nil Decider")
	}
	if err != nil {
		return fmt.Errorf("cors: Live.Reload: the current policy stays: %w", err)
	}
	l.Swap(d)
	return nil
}

// held returns the Decider that a Live holds.
func held(d *Decider) Decider {
	if d == nil {
		return (*Policy)(nil)
	}
	return *d
}
