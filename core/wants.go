package cors

import "iter"

// UsesRouteMethods reports whether any policy that d decides by at this moment
// has [Config.MethodsFromRoutes] set, for adapters to routers that cannot be
// asked: they must refuse it. Of a Decider that is not ours, and has no method Unwrap, it is false.
func UsesRouteMethods(d Decider) bool {
	for p := range policies(d) {
		if p.methodsFromRoutes {
			return true
		}
	}
	return false
}

// WantsRouteMethods reports whether d looks at [Request.RouteMethods] to decide
// r, so that adapters ask the router only where somebody wants to know. It
// allocates nothing. Of a Decider that is not ours, and has no method Unwrap, it is false.
func (r *Request) WantsRouteMethods(d Decider) bool {
	if !r.asksPermission() {
		return false
	}
	for {
		switch outer := d.(type) {
		case *Policy:
			// The origin is parsed for those who want to know alone.
			return outer != nil && outer.methodsFromRoutes && r.hasOrigin()
		case *Live:
			d = held(outer.current.Load())
		case *observer:
			d = outer.decider
		case *HostDecider:
			d = outer.find(r.Host)
		case interface{ Unwrap() Decider }:
			d = outer.Unwrap()
		case *shadow:
			if r.WantsRouteMethods(outer.candidate) {
				return true
			}
			d = outer.current
		default:
			return false
		}
	}
}

// WantsContext reports whether d may look at the context that it is given, or hand it
// on, for adapters to servers on which a context costs something. It is false of
// policies without [Config.AllowOriginFunc] alone: what a [Live] holds may change
// before it decides.
func WantsContext(d Decider) bool {
	p, ok := d.(*Policy)
	return !ok || p != nil && p.predicate != nil
}

// WantsSecFetchSite reports whether d may look at [Request.SecFetchSite]. It is false
// of policies without [Config.RejectDisallowed] alone, observed or not: what a [Live]
// holds may change, as it may for [WantsContext].
func WantsSecFetchSite(d Decider) bool {
	p, ok := d.(*Policy)
	if !ok {
		return observerWantsSecFetchSite(d)
	}
	return p != nil && p.rejectDisallowed
}

// observerWantsSecFetchSite is [WantsSecFetchSite] for all but policies, for which
// that is small enough to be inlined.
func observerWantsSecFetchSite(d Decider) bool {
	o, ok := d.(*observer)
	return !ok || WantsSecFetchSite(o.decider)
}

// policies yields the policies that d decides by at this moment: the current one
// of a [Live], both of a [Shadow], one for each host of a [HostDecider], and none
// of a Decider that is not ours and has no method Unwrap.
func policies(d Decider) iter.Seq[*Policy] {
	return func(yield func(*Policy) bool) { walk(d, yield) }
}

func walk(d Decider, yield func(*Policy) bool) bool {
	switch d := d.(type) {
	case *Policy:
		return d == nil || yield(d)
	case *Live:
		return walk(held(d.current.Load()), yield)
	case *observer:
		return walk(d.decider, yield)
	case *shadow:
		return walk(d.current, yield) && walk(d.candidate, yield)
	case interface{ Unwrap() Decider }:
		return walk(d.Unwrap(), yield)
	case *HostDecider:
		if d == nil {
			return true
		}
		for _, hosts := range []map[string]Decider{d.exact, d.below} {
			for _, tenant := range hosts {
				if !walk(tenant, yield) {
					return false
				}
			}
		}
	}
	return true
}
