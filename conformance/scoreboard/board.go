package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A board is what SCOREBOARD.md says.
type board struct {
	policies []policy
	rows     []row
}

// A row is what came of an entrant.
type row struct {
	entrant
	versions []version
	known    []known
	trials   []trial // one for each policy
}

// A count counts cases.
type count struct{ passed, applicable int }

func (c count) String() string {
	if c.applicable == 0 {
		return "–"
	}
	return fmt.Sprintf("%d/%d", c.passed, c.applicable)
}

// count counts the cases of a rule, or of all if it is 0, under a policy, or all
// if it is "".
func (r row) count(rule int, policy string) (c count) {
	for _, t := range r.trials {
		for _, result := range t.results {
			if rule != 0 && result.Rule != rule || policy != "" && t.policy != policy {
				continue
			}
			c.applicable++
			if result.Result == passes {
				c.passed++
			}
		}
	}
	return c
}

func (r row) total() (passed, applicable int) {
	c := r.count(0, "")
	return c.passed, c.applicable
}

// because returns the known failure that stands for a case.
func (r row) because(name string) (index int, ok bool) {
	index = slices.IndexFunc(r.known, func(k known) bool { return k.caseName == name })
	return index, index >= 0
}

// faults returns what must not be: failures of corskit's, failures of others that
// are not known, and known ones that are none.
func (b board) faults() error {
	var faults []error
	for _, r := range b.rows {
		used := make([]bool, len(r.known))
		for _, t := range r.trials {
			for _, result := range t.results {
				if result.Result != fails {
					continue
				}
				if i, ok := r.because(result.Case); ok {
					used[i] = true
				} else {
					faults = append(faults, fmt.Errorf("%s under %s: %s fails: mend it%s", r.title, t.policy, result.Case, r.orKnow()))
				}
			}
		}
		for i, k := range r.known {
			if !used[i] {
				faults = append(faults, fmt.Errorf("%s:%d: %s fails nowhere: remove the line", k.file, k.line, k.caseName))
			}
		}
	}
	return errors.Join(faults...)
}

func (r row) orKnow() string {
	if r.isOurs() {
		return ""
	}
	return fmt.Sprintf(", or say why in %s/%s%s", knownDir, r.name, knownExt)
}

// rules returns the numbers of the rules that there are cases for.
func (b board) rules() (rules []int) {
	for _, r := range b.rows {
		for _, t := range r.trials {
			for _, result := range t.results {
				if !slices.Contains(rules, result.Rule) {
					rules = append(rules, result.Rule)
				}
			}
		}
	}
	slices.Sort(rules)
	return rules
}

// preamble opens the page.
const preamble = `# Scoreboard

Written by ~make scoreboard~. Each server is a program of its own, with the small site of the
conformance suite and one CORS middleware under one policy. ~corskit test~ sends it, over TCP, the
cases that follow from the policy, and judges by what a page, a cache or an attacker would notice.
Cells are cases passed / cases applicable. – stands for none: of some servers a case cannot be told
from outside, and what a peer has no option for is no failure: such a policy is not run. What the
cases named hostile/… send, no browser does today.

What is tested is ~GET /opt~, and under the policy exact other paths of the site as well: ~/vary-…~, where
the handler has a Vary of its own, for rule 8; ~/e…~, ~/n304~, ~/panic~ and ~/redir~, which are what their
names say, for rule 10; ~/acao-add~ and ~/mess~, where the handler sets CORS headers itself, for rule 11.
There all cases are sent again, and count for that rule, but for those that fail at ~/opt~ too.

Settings are those that fit the server best. Corskit has its option Seal; of peers,
[peers](conformance/scoreboard/peers/peers.go) says by which rules. ~make scoreboard~ builds the programs, and
these four take the same flags. To see a cell by yourself, start the server and test it:

~~~sh
bin/server -adapter gin -seal -policy conformance/scoreboard/policies/exact.json -addr 127.0.0.1:8080 &
bin/peers -peer rs -policy conformance/scoreboard/policies/exact.json -addr 127.0.0.1:8081 &
node conformance/scoreboard/express/server.js --peer express --policy conformance/scoreboard/policies/exact.json --addr 127.0.0.1:8082 &
/usr/bin/python3 conformance/scoreboard/asgi/server.py --peer starlette --policy conformance/scoreboard/policies/exact.json --addr 127.0.0.1:8083 &
bin/corskit test -policy conformance/scoreboard/policies/exact.json http://127.0.0.1:8081/opt
~~~
`

// markdown returns the page.
func (b board) markdown() string {
	var w strings.Builder
	fmt.Fprint(&w, strings.ReplaceAll(preamble, "~", "`"))
	b.byRule(&w)
	b.byPolicy(&w)
	b.madeOf(&w)
	b.cannot(&w)
	b.failures(&w)
	return w.String()
}

func (b board) byRule(w *strings.Builder) {
	fmt.Fprint(w, "\n## By rule\n\nThe numbers are those of the [rules](conformance/README.md#rules). What breaks 4 breaks 2 or 3; 5 is\nabout settings, before there is a server; and for 12 a server needs policies for groups.\n\n")
	header := []string{"server"}
	rules := b.rules()
	for _, rule := range rules {
		header = append(header, fmt.Sprint(rule))
	}
	b.table(w, append(header, "all"), func(r row) (cells []string) {
		for _, rule := range rules {
			cells = append(cells, r.count(rule, "").String())
		}
		return append(cells, r.count(0, "").String())
	})
}

func (b board) byPolicy(w *strings.Builder) {
	fmt.Fprint(w, "\n## By policy\n\n")
	header := []string{"server"}
	for _, p := range b.policies {
		header = append(header, p.name)
	}
	b.table(w, header, func(r row) (cells []string) {
		for _, p := range b.policies {
			cells = append(cells, r.count(0, p.name).String())
		}
		return cells
	})
	fmt.Fprint(w, "\nThe policies are in [conformance/scoreboard/policies](conformance/scoreboard/policies).\n")
}

func (b board) madeOf(w *strings.Builder) {
	fmt.Fprint(w, "\n## Versions\n\n| server | made of |\n| --- | --- |\n")
	for _, r := range b.rows {
		if len(r.versions) > 0 {
			fmt.Fprintf(w, "| %s | %s |\n", r.title, r.madeOf())
		}
	}
}

func (b board) cannot(w *strings.Builder) {
	fmt.Fprint(w, "\n## What peers cannot express\n\n| server | policy | key | why |\n| --- | --- | --- | --- |\n")
	for _, r := range b.rows {
		for _, t := range r.trials {
			for _, l := range t.cannot {
				fmt.Fprintf(w, "| %s | %s | `%s` | %s |\n", r.title, t.policy, l.Field, l.Why)
			}
		}
	}
}

func (b board) failures(w *strings.Builder) {
	fmt.Fprint(w, "\n## Failures\n")
	none := true
	for _, r := range b.rows {
		if text := r.failures(); text != "" {
			fmt.Fprintf(w, "\n### %s\n%s", r.title, text)
			none = false
		}
	}
	if none {
		fmt.Fprint(w, "\nNone.\n")
	}
}

// table writes a row for each entrant.
func (b board) table(w *strings.Builder, header []string, cells func(row) []string) {
	fmt.Fprintf(w, "| %s |\n| --- |%s\n", strings.Join(header, " | "), strings.Repeat(" ---: |", len(header)-1))
	for _, r := range b.rows {
		fmt.Fprintf(w, "| %s | %s |\n", r.title, strings.Join(cells(r), " | "))
	}
}

func (r row) madeOf() string {
	var all []string
	for _, v := range r.versions {
		all = append(all, v.Name+" "+v.Version)
	}
	return strings.Join(all, ", ")
}

// A failure is a case that fails under some policies, as it does under the first.
type failure struct {
	result
	known    int // the index of the known failure that stands for it; the number of those if none does
	policies []string
}

// failures returns the row's failures by their reasons, a line for each. Those
// that are not known come last.
func (r row) failures() string {
	var all []*failure
	for _, t := range r.trials {
		for _, result := range t.results {
			if result.Result != fails {
				continue
			}
			i := slices.IndexFunc(all, func(f *failure) bool { return f.Case == result.Case })
			if i < 0 {
				known, ok := r.because(result.Case)
				if !ok {
					known = len(r.known)
				}
				i = len(all)
				all = append(all, &failure{result: result, known: known})
			}
			all[i].policies = append(all[i].policies, t.policy)
		}
	}
	slices.SortFunc(all, func(a, b *failure) int {
		return cmp.Or(cmp.Compare(a.known, b.known), cmp.Compare(a.Case, b.Case))
	})
	var w strings.Builder
	heading := ""
	for _, f := range all {
		reason := "Not known:"
		if f.known < len(r.known) {
			reason = r.known[f.known].reason
		}
		if reason != heading {
			fmt.Fprintf(&w, "\n%s\n\n", reason)
			heading = reason
		}
		fmt.Fprintf(&w, "- `%s` (%s): %s %s\n", f.Case, strings.Join(f.policies, ", "), problems(f.Problems), code(f.Request))
	}
	return w.String()
}

// problems returns the first one, which the request shows, and how many there are
// besides: the case may have sent many.
func problems(all []string) string {
	text := oneLine(all[0])
	if more := len(all) - 1; more > 0 {
		text += fmt.Sprintf(" (And %d more.)", more)
	}
	return text
}

// oneLine keeps Markdown from reading anything into a text.
func oneLine(text string) string {
	return markdown.Replace(strings.Join(strings.Fields(text), " "))
}

var markdown = strings.NewReplacer("*", `\*`, "_", `\_`, "`", "\\`", "<", `\<`, "[", `\[`, "|", `\|`)

// code shows a request on one line, a code span for each of its own, up to most.
func code(request string) string {
	const most = 6
	var spans []string
	lines := slices.Collect(strings.Lines(request))
	for i, line := range lines {
		if i == most {
			return strings.Join(spans, " ") + fmt.Sprintf(" and %d lines more", len(lines)-i)
		}
		if line = strings.TrimSpace(line); strings.Contains(line, "`") {
			spans = append(spans, "`` "+line+" ``")
		} else if line != "" {
			spans = append(spans, "`"+line+"`")
		}
	}
	return strings.Join(spans, " ")
}
