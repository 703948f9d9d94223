package browser

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/corskit/corskit/conformance"
)

// A report gathers what a run finds, for REPORT.md. It is safe for concurrent use;
// the zero value is empty.
type report struct {
	mu       sync.Mutex
	versions map[string]string            // by engine
	columns  []string                     // engine and adapter
	marks    map[string]map[string]string // by trial and column
	faults   map[string]string            // broken adapters, and the trial that finds each; "" if none does
	sections map[string]string            // what other tests have to add, by title
}

// What a report says of a trial.
const (
	agrees  = "✓" // all is as the case and the model say
	differs = "≠" // the engine differs in the way that the case lists
	fails   = "✗"
)

// ran notes which engine has run.
func (r *report) ran(engine, version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.versions == nil {
		r.versions = map[string]string{}
	}
	r.versions[engine] = version
}

// tried notes what a trial has come to in an engine, on an adapter.
func (r *report) tried(t trial, engine, adapter, mark string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	column := engine + " " + adapter
	if !slices.Contains(r.columns, column) {
		r.columns = append(r.columns, column)
	}
	if r.marks == nil {
		r.marks = map[string]map[string]string{}
	}
	if r.marks[t.Name()] == nil {
		r.marks[t.Name()] = map[string]string{}
	}
	r.marks[t.Name()][column] = mark
}

// noticed notes the trial by which an engine finds a broken adapter.
func (r *report) noticed(fault, trial string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.faults == nil {
		r.faults = map[string]string{}
	}
	r.faults[fault] = trial
}

// add adds a section of Markdown.
func (r *report) add(title, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sections == nil {
		r.sections = map[string]string{}
	}
	r.sections[title] = text
}

// markdown returns the page.
func (r *report) markdown() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []trial
	unproduced := map[string][]string{} // the names of cases, by the reason
	cases := conformance.Cases()
	for _, c := range cases {
		list, why, err := trials(c)
		if err != nil {
			return "", err
		}
		all = append(all, list...)
		if why != "" {
			unproduced[why] = append(unproduced[why], "`"+c.Name+"`")
		}
	}
	var b strings.Builder
	out := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	out("# What browsers say\n\nWritten by `make test-browser`.\n")
	out("| engine | version |\n| --- | --- |")
	for _, name := range slices.Sorted(maps.Keys(r.versions)) {
		out("| %s | %s |", name, r.versions[name])
	}
	missing := 0
	for _, names := range unproduced {
		missing += len(names)
	}
	out("\nOf the %d cases of the table browsers can produce %d, in %d ways: from pages of the case's\n"+
		"origin, with the credentials modes `same-origin` and `include`, with the mode `no-cors`, with\n"+
		"a listener on the upload, over TLS and over plain HTTP. On net/http all are tried, on the other\n"+
		"adapters one for each case. In each the response that the script gets, which of the handler's\n"+
		"headers it can read, the requests that the server gets, CORS-preflight requests included, and in\n"+
		"Chromium the code of the error are what the case and the [model of the browser](../fetch) say (%s),\n"+
		"or differ as listed below (%s).\n", len(cases), len(cases)-missing, len(all), agrees, differs)

	out("| engine | adapter | %s | %s | %s |\n| --- | --- | ---: | ---: | ---: |", agrees, differs, fails)
	slices.Sort(r.columns)
	for _, column := range r.columns {
		counts := map[string]int{}
		for _, marks := range r.marks {
			counts[marks[column]]++
		}
		engine, adapter, _ := strings.Cut(column, " ")
		out("| %s | %s | %d | %d | %d |", engine, adapter, counts[agrees], counts[differs], counts[fails])
	}

	out("\n## Where engines differ from the standard in these cases\n\n| case | engines | script gets | why |\n| --- | --- | --- | --- |")
	for _, c := range cases {
		for _, d := range c.Differs {
			out("| `%s` | %s | %s | %s |", c.Name, strings.Join(d.Engines, ", "), d.Result, d.Why)
		}
	}

	out("| all over plain HTTP from pages at https | webkit | blocked | Mixed content, which the other engines let go to names below localhost. |")

	for _, title := range slices.Sorted(maps.Keys(r.sections)) {
		out("\n## %s\n\n%s", title, strings.TrimSpace(r.sections[title]))
	}

	out("\n## Adapters that are broken on purpose\n\nEach by a request that shows it in Chromium.\n\n| fault | found by |\n| --- | --- |")
	for _, fault := range slices.Sorted(maps.Keys(r.faults)) {
		out("| %s | %s |", fault, cmp.Or(r.faults[fault], "nothing that a browser sends"))
	}

	out("\n## Cases that no browser produces")
	for _, why := range slices.Sorted(maps.Keys(unproduced)) {
		out("\n%s:\n%s.", why, strings.Join(unproduced[why], ", "))
	}

	out("\n## Every case in every engine\n\n| case and script | %s |\n| --- |%s", strings.Join(r.columns, " | "), strings.Repeat(" --- |", len(r.columns)))
	for _, t := range all {
		row := "| " + t.Name() + " |"
		for _, column := range r.columns {
			row += " " + r.marks[t.Name()][column] + " |"
		}
		out("%s", row)
	}
	return b.String(), nil
}
