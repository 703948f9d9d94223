package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// What is done already, by what the targets are about.
const (
	triedRequests = `Requests and decisions are handed on by their address, and not copied; where a copy would have to wait for what was just written, nothing is copied. What a policy does not look at is not looked up, and a response without headers is not looked through. All values of a response are in one allocation; none at all would take slices that responses share, of which one handler could change what other requests get. What is above the floor is describing a request to whatever decides, and a decision to whatever carries it.`

	triedRefused = `An origin that is not listed is parsed, for one that is malformed makes no CORS-preflight request; those of https without a port, as most are, in one pass. It is looked up by its hash only where one as long as it is listed.`

	triedHostile = `An origin that is too long is refused by its length, and a list of header names by its size, or by the number of its lines, without reading it. But the rest of the answer is the same as without the list, as the browser is to find out by itself: the floor is what that costs.`

	triedFast = `Requests and decisions are handed on by their address, strings are views of the request, and nothing is allocated. Every field line is looked at once, because the last one may be a second Origin, by a loop without calls for names whose length no name that matters has; and each header that is set is looked for among those that are there.`

	triedHostileFast = `An origin that is too long is refused by its length, and a list of header names by its size, or by the number of its lines. What is left is one pass over all field lines, because the last one may be a second Origin: going past them is the floor.`

	triedSealFast = `The decision is kept in one allocation. Headers are compared when the handler is done, by a pass over all that there are, which fasthttp makes up one by one.`

	triedObserveFast = `Neither the request nor the decision is copied on the way to the policy. But the strings of the request are views of a buffer that the server uses again, and the hook may keep them: those are copied, in one allocation.`

	triedAllocations = `What is refused says so in Vary, whose value needs a slice: with none, responses would share it. (The second one of echo v4 is its own, for middleware that runs.)`

	triedSeal = `The writer, the decision's values and the room for the header's are one allocation. Headers that nobody has touched are compared when the handler is done, and not set again; others are gone through only where there are any.`

	triedObserve = `Neither the request nor the decision is copied on the way to the policy. The event, of 240 bytes, is written down and handed over by value, as the hook may keep it. What a Live holds may look at Sec-Fetch-Site, which is looked up.`

	triedDecide = `Nothing is copied but the request and the decision, which Decide takes and returns by value: that is the floor. One exact origin is compared; names that are sorted, as those of browsers are, are compared with the policy's, and not looked up.`

	triedLookups = `A lookup takes one hash for all exact origins, and one for each number of labels that a pattern has. A policy of one origin needs no hash, so that it is the yardstick that is fast.`

	triedBuild = `Origins are the keys of a map without values. Go's maps are up to half empty.`
)

// writeMissed says of each missed target what the floor is, what is done already, and
// where the time goes.
func (r *report) writeMissed(ctx context.Context, out io.Writer, missed []miss, binaries []binary) error {
	if len(missed) == 0 {
		return nil
	}
	fmt.Fprint(out, "\n## What is missed\n")
	profiles := map[string]string{}
	for _, m := range missed {
		fmt.Fprintf(out, "\n**%s**: %s, at most %s.\n", m.what, m.show(m.x), m.show(m.limit))
		of := m.of
		if of == "" {
			framework, _, _ := strings.Cut(m.what, ", ")
			of = corsPrefix + framework + "/corskit/" + m.where
		}
		if floor := r.floorOf(m, of); floor != "" {
			fmt.Fprintf(out, "The floor is %s.\n", floor)
		}
		fmt.Fprintln(out, m.tried)
		if profiles[of] == "" {
			profile, err := profileOf(ctx, binaries, of)
			if err != nil {
				return err
			}
			profiles[of] = profile
		}
		fmt.Fprintf(out, "Time goes to %s.\n", profiles[of])
	}
	return nil
}

// floorOf returns what the floor takes in the case of a benchmark, if it has it.
func (r *report) floorOf(m miss, benchmark string) string {
	if strings.HasPrefix(benchmark, "core:Decide/") {
		if f, ok := r.get("core:Decide/floor", m.perOp()); ok {
			return m.show(f.min)
		}
		return ""
	}
	rest, found := strings.CutPrefix(benchmark, corsPrefix)
	if !found {
		return ""
	}
	parts := strings.Split(rest, "/")
	framework, c := parts[0], parts[2]
	if m.on != "" {
		return m.on
	}
	f, ok := r.overhead(framework, floor, c, m.perOp())
	if !ok {
		return ""
	}
	if m.unit != "x" {
		return m.show(f.min)
	}
	text := short(f.min) + " ns"
	other := own[framework]
	if _, best, ok := r.toBest(framework, c); ok && !strings.HasSuffix(m.what, "own") {
		other = best
	}
	if theirs, ok := r.overhead(framework, other, c, "ns/op"); ok && theirs.min > 0 {
		text += ", which is " + times(f.min/theirs.min)
	}
	return text
}

// perOp returns the unit of the benchmarks that the figure is made of.
func (t target) perOp() string {
	switch t.unit {
	case "":
		return "allocs/op"
	case " B":
		return "B/op"
	}
	return "ns/op"
}

// profiled is how many functions are named of a profile.
const profiled = 6

// profileOf runs a benchmark, and says in which functions most of its time is spent.
func profileOf(ctx context.Context, binaries []binary, benchmark string) (string, error) {
	pkg, name, _ := strings.Cut(benchmark, ":")
	for _, b := range binaries {
		if b.pkg != ours+pkg {
			continue
		}
		var pattern []string
		for part := range strings.SplitSeq("Benchmark"+name, "/") {
			pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
		}
		file, err := filepath.Abs(profileFile)
		if err != nil {
			return "", err
		}
		if _, err := b.run(ctx, "-test.run=^$", "-test.bench="+strings.Join(pattern, "/"), "-test.benchtime=1s", "-test.cpuprofile="+file); err != nil {
			return "", err
		}
		top, err := output(exec.CommandContext(ctx, "go", "tool", "pprof", "-top", fmt.Sprintf("-nodecount=%d", profiled), b.file, file))
		if err != nil {
			return "", err
		}
		return parseTop(top)
	}
	return "", fmt.Errorf("no package has the benchmark %s", benchmark)
}

const profileFile = ".cache/bench.prof"

// parseTop reads what pprof prints: after a line of headings, for each function its
// own time, the share of that, three more columns, and its name.
func parseTop(top string) (string, error) {
	var all []string
	lines := bufio.NewScanner(strings.NewReader(top))
	table := false
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) > 0 && f[0] == "flat":
			table = true
		case table && len(f) > 5:
			all = append(all, fmt.Sprintf("`%s` %s", strings.TrimPrefix(f[5], ours), f[1]))
		}
	}
	if len(all) == 0 {
		return "", fmt.Errorf("the profile names no function:\n%s", top)
	}
	return strings.Join(all, ", "), nil
}
