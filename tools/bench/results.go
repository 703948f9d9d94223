package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/perf/benchfmt"
)

// results holds what was measured.
type results struct {
	names  []string // of benchmarks, as in "core:Decide/actual", in the order in which they ran
	values map[string]map[string][]float64
	cpu    string
	os     string
	procs  string // GOMAXPROCS
}

// parseResults reads what benchmarks print, several times over.
func parseResults(in io.Reader) (results, error) {
	r := results{values: map[string]map[string][]float64{}, procs: "1"}
	reader := benchfmt.NewReader(in, rawFile)
	for reader.Scan() {
		var line *benchfmt.Result
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			line = record
		case *benchfmt.SyntaxError:
			return r, record
		default:
			continue
		}
		r.cpu = line.GetConfig("cpu")
		r.os = line.GetConfig("goos") + "/" + line.GetConfig("goarch")
		name, procs := splitProcs(string(line.Name))
		if procs != "" {
			r.procs = procs
		}
		name = strings.TrimPrefix(line.GetConfig("pkg"), ours) + ":" + name
		if r.values[name] == nil {
			r.names = append(r.names, name)
			r.values[name] = map[string][]float64{}
		}
		for _, v := range line.Values {
			value, unit := v.Value, v.Unit
			if v.OrigUnit != "" { // as it is printed: nanoseconds, not seconds
				value, unit = v.OrigValue, v.OrigUnit
			}
			r.values[name][unit] = append(r.values[name][unit], value)
		}
	}
	if err := reader.Err(); err != nil {
		return r, err
	}
	if len(r.names) == 0 {
		return r, errors.New("no benchmark has run: none matches -bench")
	}
	return r, nil
}

var procsSuffix = regexp.MustCompile(`-[0-9]+$`)

// splitProcs splits off what the testing package appends where GOMAXPROCS is not 1.
func splitProcs(name string) (base, procs string) {
	base = procsSuffix.ReplaceAllString(name, "")
	return base, strings.TrimPrefix(name[len(base):], "-")
}

// A figure is what the rounds of a benchmark have in common.
type figure struct{ min, median float64 }

func (f figure) minus(other figure) figure { return figure{f.min - other.min, f.median - other.median} }

// get returns a figure of a benchmark.
func (r results) get(name, unit string) (f figure, ok bool) {
	values := slices.Sorted(slices.Values(r.values[name][unit]))
	if len(values) == 0 {
		return f, false
	}
	middle := len(values) / 2
	f = figure{values[0], values[middle]}
	if len(values)%2 == 0 {
		f.median = (values[middle-1] + values[middle]) / 2
	}
	return f, true
}

// notes are what TestBenchmarksAnswer has found about stacks, by
// framework/middleware/case and what they are about.
type notes map[string]map[string]string

// parseNotes reads the attributes of the test from what it prints.
func parseNotes(in io.Reader) (notes, error) {
	const prefix = "=== ATTR  TestBenchmarksAnswer/"
	n := notes{}
	lines := bufio.NewScanner(in)
	passed := false
	for lines.Scan() {
		passed = passed || strings.HasPrefix(lines.Text(), "--- PASS: TestBenchmarksAnswer ")
		attribute, found := strings.CutPrefix(lines.Text(), prefix)
		if !found {
			continue
		}
		f := strings.SplitN(attribute, " ", 3)
		if len(f) != 3 {
			return nil, fmt.Errorf("%q is no attribute of a test", lines.Text())
		}
		if n[f[0]] == nil {
			n[f[0]] = map[string]string{}
		}
		n[f[0]][f[1]] = f[2]
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if !passed {
		return nil, errors.New("TestBenchmarksAnswer has not run")
	}
	return n, nil
}

// readVersions returns what the peers' module requires of others, but for what
// tests need.
func readVersions(file string) (versions []string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m, err := modfile.Parse(file, data, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range m.Require {
		if !r.Indirect && !strings.HasPrefix(r.Mod.Path, ours) && r.Mod.Path != "github.com/stretchr/testify" {
			versions = append(versions, strings.TrimPrefix(r.Mod.Path, "github.com/")+" "+r.Mod.Version)
		}
	}
	return versions, nil
}
