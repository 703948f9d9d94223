package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// A target is a limit that a figure should keep to.
type target struct {
	what   string
	limit  float64
	unit   string // what stands behind the figure
	figure figureFunc
	of     string // the benchmark whose profile tells about the figure; "" for that of the case where it was found
	tried  string // what is done for it already, in case it is missed
	on     string // what the floor is, of a figure that is the difference of two
}

// A figureFunc returns a figure, and where it was found, if it was measured.
type figureFunc = func(*report) (x float64, where string, ok bool)

// targets returns what corskit wants to be.
func targets() (all []target) {
	for _, f := range []struct {
		name              string
		actual, preflight float64 // times what the yardstick takes
		allocations       float64 // of corskit, or -1 for fewer than the framework's own
	}{
		{"nethttp", 0.75, 0.5, 1},
		{"chi", 0.75, 0.5, 1},
		{"gin", 0.4, 0.65, 1},
		{"echo", 0.5, 0.3, -1},
		{"echov5", 0.5, 0.3, -1},
		{"fiber", 0.35, 0.2, 0},
		{"fiberv3", 0.5, 0.2, 0},
	} {
		add := func(what string, limit float64, unit string, figure figureFunc, of, tried string) {
			if of != "" {
				of = corsPrefix + f.name + "/" + of
			}
			all = append(all, target{f.name + ", " + what, limit, unit, figure, of, tried, ""})
		}
		triedRequests, triedHostile, triedSeal, triedObserve := triedRequests, triedHostile, triedSeal, triedObserve
		if strings.HasPrefix(f.name, "fiber") {
			triedRequests, triedHostile, triedSeal, triedObserve = triedFast, triedHostileFast, triedSealFast, triedObserveFast
		}
		for _, c := range []struct {
			name           string
			limit, headers float64
		}{
			{"actual", f.actual, 2},
			{"preflight", f.preflight, 5},
		} {
			of := "corskit/" + c.name
			switch f.name {
			case "nethttp", "chi":
				add(c.name+": to the best peer", c.limit, "x", toBest(f.name, c.name), of, triedRequests)
				add(c.name+": bytes", 16*c.headers, " B", added(f.name, c.name, "B/op"), of, triedRequests)
			default:
				add(c.name+": to the framework's own", c.limit, "x", toOwn(f.name, c.name), of, triedRequests)
			}
			if f.allocations >= 0 {
				add(c.name+": allocations", f.allocations, "", added(f.name, c.name, "allocs/op"), of, triedRequests)
			} else {
				add(c.name+": allocations beyond those of the framework's own", -1, "", beyond(f.name, own[f.name], c.name, "allocs/op"), of, triedRequests)
			}
		}
		add("preflight-refused: to the best peer", 0.7, "x", toBest(f.name, "preflight-refused"), "corskit/preflight-refused", triedRequests+" "+triedRefused)
		add("no-origin: to the best peer", 1.35, "x", toBest(f.name, "no-origin"), "corskit/no-origin", triedRequests)
		add("the slowest case with an origin, not hostile: to the best peer", 1, "x", worst(f.name, "", func(r *report, c string) (float64, bool) {
			ratio, _, ok := r.toBest(f.name, c)
			return ratio, ok && c != "no-origin" && !strings.HasPrefix(c, "hostile-")
		}), "", triedRequests+" "+triedRefused)
		add("hostile", 200, " ns", worst(f.name, "hostile-", overheadIn(f.name, "ns/op")), "", triedHostile)
		add("hostile and refused: allocations", 0, "", worst(f.name, "hostile-", func(r *report, c string) (float64, bool) {
			if c != "hostile-origin" && c != "hostile-upper-case" {
				return 0, false // the header is, but what is answered does not depend on it
			}
			return overheadIn(f.name, "allocs/op")(r, c)
		}), "", triedAllocations)
		add("actual: what Seal adds", 100, " ns", over(f.name, "corskit+Seal", "ns/op"), "corskit+Seal/actual", triedSeal)
		all[len(all)-1].on = "an allocation of some 250 bytes, and a look at each header when the handler is done"
		add("actual: allocations that Seal adds", 1, "", over(f.name, "corskit+Seal", "allocs/op"), "corskit+Seal/actual", triedSeal)
		add("actual: what an idle Observe(Live) adds", 15, " ns", over(f.name, "corskit+Live+Observe", "ns/op"), "corskit+Live+Observe/actual", triedObserve)
		all[len(all)-1].on = "an atomic load, and writing down the event"
	}
	add := func(what string, limit float64, unit string, figure figureFunc, of, tried string) {
		all = append(all, target{what, limit, unit, figure, of, tried, ""})
	}
	for _, c := range []struct {
		name  string
		limit float64
	}{{"actual", 40}, {"preflight", 80}} {
		of := "core:Decide/" + c.name
		add("Decide, "+c.name, c.limit, " ns", measured(of, "ns/op"), of, triedDecide)
		add("Decide, "+c.name+": allocations", 0, "", measured(of, "allocs/op"), of, triedDecide)
	}
	for _, c := range []string{"exact", "pattern", "refused"} {
		add("lookup, "+c+": of many origins, to one", 1.5, "x", growth(c), peersDir+":Scale/1000000/"+c, triedLookups)
	}
	for _, n := range []string{"100000", "1000000"} {
		of := peersDir + ":Build/" + n
		add("build of "+n+" origins: each", 1000, " ns", measured(of, "ns/origin"), of, triedBuild)
		add("build of "+n+" origins: memory of each", 80, " B", measured(of, "B/origin"), of, triedBuild)
	}
	add("reload of 100000 origins", 150, " ms", func(r *report) (float64, string, bool) {
		f, ok := r.get(peersDir+":Reload", "ns/op")
		slowest, _ := r.get(peersDir+":Reload", "slowest-ns")
		return f.min / 1e6, fmt.Sprintf("while the slowest request took %.3g ms, in the median round", slowest.median/1e6), ok
	}, peersDir+":Reload", triedBuild)
	return all
}

func measured(name, unit string) figureFunc {
	return func(r *report) (float64, string, bool) {
		f, ok := r.get(name, unit)
		return f.min, "", ok
	}
}

// added returns what corskit adds to the framework.
func added(framework, c, unit string) figureFunc {
	return func(r *report) (float64, string, bool) {
		f, ok := r.overhead(framework, "corskit", c, unit)
		return f.min, "", ok
	}
}

func toBest(framework, c string) figureFunc {
	return func(r *report) (float64, string, bool) { return r.toBest(framework, c) }
}

func toOwn(framework, c string) figureFunc {
	return func(r *report) (float64, string, bool) {
		ratio, ok := r.ratio(framework, own[framework], c)
		return ratio, own[framework], ok
	}
}

// beyond returns by how much corskit takes more than another.
func beyond(framework, other, c, unit string) figureFunc {
	return func(r *report) (float64, string, bool) {
		ours, ok := r.overhead(framework, "corskit", c, unit)
		theirs, alsoOK := r.overhead(framework, other, c, unit)
		return ours.min - theirs.min, "", ok && alsoOK
	}
}

// over returns by how much corskit with something on top takes more.
func over(framework, with, unit string) figureFunc {
	return func(r *report) (float64, string, bool) {
		more, ok := r.overhead(framework, with, "actual", unit)
		ours, alsoOK := r.overhead(framework, "corskit", "actual", unit)
		return more.min - ours.min, "", ok && alsoOK
	}
}

func overheadIn(framework, unit string) func(r *report, c string) (float64, bool) {
	return func(r *report, c string) (float64, bool) {
		f, ok := r.overhead(framework, "corskit", c, unit)
		return f.min, ok
	}
}

// worst returns the largest figure of the cases with a prefix, and its case.
func worst(framework, prefix string, figure func(r *report, c string) (float64, bool)) figureFunc {
	return func(r *report) (x float64, where string, ok bool) {
		for _, c := range r.parts(corsPrefix+framework+"/corskit/", 0) {
			if this, measured := figure(r, c); measured && strings.HasPrefix(c, prefix) && (!ok || this > x) {
				x, where, ok = this, c, true
			}
		}
		return x, where, ok
	}
}

// growth returns how much longer lookups take in the slowest policy than in one of
// one origin.
func growth(c string) figureFunc {
	return func(r *report) (x float64, where string, ok bool) {
		prefix := peersDir + ":Scale/"
		one, ok := r.get(prefix+"1/"+c, "ns/op")
		if !ok {
			return 0, "", false
		}
		for _, n := range r.parts(prefix, 0) {
			if f, measured := r.get(prefix+n+"/"+c, "ns/op"); measured && f.min/one.min > x {
				x, where = f.min/one.min, n+" origins"
			}
		}
		return x, where, true
	}
}

// A miss is a target that is missed.
type miss struct {
	target
	x     float64
	where string
}

// writeTargets writes the targets about which something was measured, and returns
// those that are missed.
func (r *report) writeTargets(out io.Writer) (missed []miss) {
	rows := [][]string{{"target", "at most", "is", ""}}
	alone := 0
	for _, t := range targets() {
		x, where, ok := t.figure(r)
		framework, _, _ := strings.Cut(t.what, ", ")
		if _, measured := r.get(t.of, "ns/op"); !ok && measured && t.unit == "x" && r.hasBare(framework) {
			rows = append(rows, []string{t.what, t.show(t.limit), "–", "no peer sends what corskit sends"})
			alone++
		}
		if !ok {
			continue
		}
		verdict := "met"
		if x > t.limit {
			verdict = "**missed**"
			missed = append(missed, miss{t, x, where})
		}
		is := t.show(x)
		if where != "" {
			is += " (" + where + ")"
		}
		rows = append(rows, []string{t.what, t.show(t.limit), is, verdict})
	}
	if len(rows) > 1 {
		fmt.Fprintf(out, "\n## Targets\n\n%d met, %d missed, by the fastest rounds.\n\n", len(rows)-1-alone-len(missed), len(missed))
		writeTable(out, rows)
	}
	return missed
}

func (t target) show(x float64) string {
	switch {
	case t.unit == "x":
		return times(x)
	case math.Abs(x) < 1000:
		return fmt.Sprintf("%.3g", x) + t.unit // more digits: it may be near to the limit
	}
	return short(x) + t.unit
}
