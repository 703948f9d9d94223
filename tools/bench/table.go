package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// A report is what BENCHMARKS.md says.
type report struct {
	options
	results
	notes
	versions  []string
	goVersion string
}

// own names, for frameworks that have one, the middleware that they come with or
// that their makers offer.
var own = map[string]string{
	"chi":     "go-chi",
	"gin":     "gin-contrib",
	"echo":    "own",
	"echov5":  "own",
	"fiber":   "own",
	"fiberv3": "own",
}

const corsPrefix = peersDir + ":CORS/"

// write writes all but [report.writeMissed], and returns what that needs.
func (r *report) write(out io.Writer) (missed []miss) {
	procs := "processors"
	if r.procs == "1" {
		procs = "processor"
	}
	fmt.Fprintf(out, `# Benchmarks

Written by `+"`make bench ROUNDS=%d`"+`: %s, %s, %s, %s %s; rounds of %s.
With %s.

One policy for all: one origin, four methods, two headers, a max age. Requests
have nine ordinary header fields beside those of CORS, and handlers do nothing.
Every benchmark runs once in each round, so that what slows the machine for a
while slows all of them. Differences under 20 %% mean nothing on a shared machine.
What was printed is left in .cache/bench.txt, for benchstat.
`, r.rounds, r.goVersion, r.os, cmp.Or(r.cpu, "unknown processor"), r.procs, procs, r.benchtime, strings.Join(r.versions, ", "))

	frameworks := slices.DeleteFunc(r.parts(corsPrefix, 0), func(f string) bool { return !r.hasBare(f) })
	if len(frameworks) > 0 {
		fmt.Fprint(out, `
## Overhead

What the middleware adds to the bare framework: nanoseconds in the fastest round /
in the median one · bytes · allocations. Ratios are corskit's, of the fastest
rounds. (Most bare frameworks route CORS-preflight requests, which middleware that answers
them spares: there all overheads are too small alike, down to less than none.) The best peer is the fastest of those that send all the headers that
corskit sends, with all members of Vary; what else it does differently is in the
row, where names lack their Access-Control-. "many" is 1000 origins and 100
patterns, or 1000 origins for peers without patterns; "hostile" is a header of
64 KiB. The floor is middleware with one origin spelled out, which looks up the
headers and sets those that corskit sets, in memory of their own, and nothing else.
`)
	}
	for _, f := range frameworks {
		r.writeFramework(out, f)
	}
	r.writeOthers(out)
	return r.writeTargets(out)
}

// parts returns the parts, at a place, of the names that begin with prefix, each
// once, in the order in which they ran.
func (r *report) parts(prefix string, place int) (all []string) {
	for _, name := range r.names {
		if rest, found := strings.CutPrefix(name, prefix); found {
			if part := strings.Split(rest, "/")[place]; !slices.Contains(all, part) {
				all = append(all, part)
			}
		}
	}
	return all
}

func (r *report) writeFramework(out io.Writer, framework string) {
	middlewares := r.parts(corsPrefix+framework+"/", 0)
	cases := r.parts(corsPrefix+framework+"/", 1)
	header := []string{"case", "bare"}
	for _, m := range middlewares {
		switch {
		case m == bare:
		case m == "own":
			header = append(header, framework+"'s own")
		default:
			header = append(header, m)
		}
	}
	header = append(header, "to the best peer")
	if own[framework] != "" {
		header = append(header, "to the framework's own")
	}
	header = append(header, "what peers do otherwise")
	rows := [][]string{header}
	for _, c := range cases {
		b, _ := r.get(corsPrefix+framework+"/"+bare+"/"+c, "ns/op")
		row := []string{c, short(b.min)}
		var remarks []string
		for _, m := range middlewares {
			if m == bare {
				continue
			}
			row = append(row, r.cell(framework, m, c))
			if remark := r.remark(framework, m, c); remark != "" {
				remarks = append(remarks, m+" "+remark)
			}
		}
		ratio, best, ok := r.toBest(framework, c)
		if ok {
			row = append(row, fmt.Sprintf("%s (%s)", times(ratio), best))
		} else {
			row = append(row, "–")
		}
		if own[framework] != "" {
			row = append(row, "–")
			if ratio, ok := r.ratio(framework, own[framework], c); ok {
				row[len(row)-1] = times(ratio)
			}
		}
		rows = append(rows, append(row, strings.Join(remarks, "; ")))
	}
	fmt.Fprintf(out, "\n### %s\n\n", framework)
	writeTable(out, rows)
}

const (
	bare  = "none"  // the framework without middleware
	floor = "floor" // with the least that sets the same headers for one origin
)

func (r *report) hasBare(framework string) bool {
	return slices.Contains(r.parts(corsPrefix+framework+"/", 0), bare)
}

// overhead returns what a middleware adds to the bare framework.
func (r *report) overhead(framework, middleware, c, unit string) (f figure, ok bool) {
	with, ok := r.get(corsPrefix+framework+"/"+middleware+"/"+c, unit)
	without, alsoOK := r.get(corsPrefix+framework+"/"+bare+"/"+c, unit)
	return with.minus(without), ok && alsoOK
}

func (r *report) cell(framework, middleware, c string) string {
	ns, ok := r.overhead(framework, middleware, c, "ns/op")
	if !ok {
		return "–"
	}
	bytes, _ := r.overhead(framework, middleware, c, "B/op")
	allocations, _ := r.overhead(framework, middleware, c, "allocs/op")
	return fmt.Sprintf("%s / %s · %s · %s", short(ns.min), short(ns.median), short(bytes.min), short(allocations.min))
}

// ratio returns corskit's overhead by that of another. There is none where the
// other's is lost in the noise.
func (r *report) ratio(framework, other, c string) (ratio float64, ok bool) {
	ours, ok := r.overhead(framework, "corskit", c, "ns/op")
	theirs, alsoOK := r.overhead(framework, other, c, "ns/op")
	if !ok || !alsoOK || theirs.min <= 0 {
		return 0, false
	}
	return max(0, ours.min) / theirs.min, true
}

// toBest returns the ratio to the fastest peer that does the same work.
func (r *report) toBest(framework, c string) (ratio float64, best string, ok bool) {
	for _, m := range r.parts(corsPrefix+framework+"/", 0) {
		if m == bare || m == floor || strings.HasPrefix(m, "corskit") || r.note(framework, m, c)["lacks"] != "" {
			continue
		}
		if this, measured := r.ratio(framework, m, c); measured && (!ok || this > ratio) {
			ratio, best, ok = this, m, true
		}
	}
	return ratio, best, ok
}

// note returns the notes about a middleware, which does no other work when it does
// it in parallel.
func (r *report) note(framework, middleware, c string) map[string]string {
	return r.notes[framework+"/"+middleware+"/"+strings.TrimPrefix(c, "parallel-")]
}

// remark says what a middleware does otherwise than corskit.
func (r *report) remark(framework, middleware, c string) string {
	note := r.note(framework, middleware, c)
	var all []string
	say := func(key, format string) {
		if value := note[key]; value != "" {
			all = append(all, fmt.Sprintf(format, shorter.Replace(value)))
		}
	}
	say("lacks", "lacks %s")
	say("adds", "adds %s")
	say("shares", "shares %s between responses")
	say("status", "answers %s")
	say("bytes", "sends %s bytes back")
	return strings.Join(all, ", ")
}

var shorter = strings.NewReplacer("Access-Control-", "", ":", ": ", ",", ", ")

// writeOthers writes what was measured without a framework to be subtracted.
func (r *report) writeOthers(out io.Writer) {
	rows := [][]string{{"benchmark", "ns", "bytes", "allocations", "other"}}
	for _, name := range r.names {
		if rest, found := strings.CutPrefix(name, corsPrefix); found && r.hasBare(strings.Split(rest, "/")[0]) {
			continue
		}
		row := []string{name, "", "", "", ""}
		var others []string
		for _, unit := range slices.Sorted(maps.Keys(r.values[name])) {
			f, _ := r.get(name, unit)
			text := short(f.min) + " / " + short(f.median)
			switch unit {
			case "ns/op":
				row[1] = text
			case "B/op":
				row[2] = short(f.min)
			case "allocs/op":
				row[3] = short(f.min)
			default:
				others = append(others, text+" "+unit)
			}
		}
		row[4] = strings.Join(others, ", ")
		rows = append(rows, row)
	}
	if len(rows) > 1 {
		fmt.Fprint(out, "\n## By itself\n\nMinimum / median.\n\n")
		writeTable(out, rows)
	}
}

func writeTable(out io.Writer, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(out, "|%s\n", strings.Repeat(" --- |", len(row)))
		}
	}
}

// short writes a number with as many digits as mean something.
func short(x float64) string {
	switch size := math.Abs(x); {
	case size >= 999_500_000:
		return fmt.Sprintf("%.3gG", x/1e9)
	case size >= 999_500:
		return fmt.Sprintf("%.3gM", x/1e6)
	case size >= 10_000:
		return fmt.Sprintf("%.3gk", x/1e3)
	case size < 10 && x != math.Trunc(x):
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

func times(ratio float64) string { return fmt.Sprintf("%.2fx", ratio) }
