package conformance

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Judge compares a response with what c expects, and returns a sentence for
// each thing that is wrong; none if all is right. It reads the response's body
// to the end and does not close it.
//
// Judge knows nothing but the response, wherever it came from. That a handler
// ran is told by its X-Handler header.
func Judge(c Case, r *http.Response) []string {
	var problems []string
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf(format, args...))
	}
	if !slices.Contains(c.Response.Status, r.StatusCode) {
		problem("The status is %d, want %s.", r.StatusCode, statuses(c.Response.Status))
	}
	if want := c.Response.Handler; want != nil {
		ran := r.Header.Get("X-Handler") != ""
		switch {
		case *want && !ran:
			problem("The handler did not answer: X-Handler is absent.")
		case !*want && ran:
			problem("The handler answered, where the adapter has to answer by itself.")
		}
		body, err := io.ReadAll(r.Body)
		switch {
		case err != nil:
			problem("The body cannot be read: %v.", err)
		case !*want && len(body) > 0:
			problem("The body is %s, want none.", quote(string(body)))
		}
	}
	problems = append(problems, judgeHeaders(c.Response.Headers, r.Header)...)
	return append(problems, judgeVary(c.Response.Vary, r.Header["Vary"])...)
}

// IsCORSHeader reports whether name, in its canonical form, is the name of a
// header of the CORS protocol, Vary not included.
func IsCORSHeader(name string) bool { return strings.HasPrefix(name, "Access-Control-") }

// judgeHeaders compares the CORS headers in both directions.
func judgeHeaders(want map[string]string, got http.Header) (problems []string) {
	var names []string
	for name := range want {
		names = append(names, name)
	}
	for name := range got {
		if _, wanted := want[name]; IsCORSHeader(name) && !wanted {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		value, wanted := want[name]
		switch values := got[name]; {
		case !wanted:
			problems = append(problems, fmt.Sprintf("%s is %s, and must be absent.", name, quote(values...)))
		case len(values) == 0:
			problems = append(problems, fmt.Sprintf("%s is absent, want %s.", name, quote(value)))
		case len(values) > 1:
			problems = append(problems, fmt.Sprintf("%s is there %d times, as %s, want %s once.", name, len(values), quote(values...), quote(value)))
		case !sameValue(name, values[0], value):
			problems = append(problems, fmt.Sprintf("%s is %s, want %s.", name, quote(values[0]), quote(value)))
		}
	}
	return problems
}

func sameValue(name, got, want string) bool {
	switch name {
	case "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers":
		return slices.Equal(members(got), members(want))
	}
	return got == want
}

// judgeVary compares the members as sets.
func judgeVary(want, lines []string) (problems []string) {
	got := members(strings.Join(lines, ","))
	for _, m := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return strings.EqualFold(g, m) }) {
			problems = append(problems, fmt.Sprintf("Vary lacks %s: it is %s.", m, quote(lines...)))
		}
	}
	for i, g := range got {
		same := func(s string) bool { return strings.EqualFold(g, s) }
		switch {
		case slices.ContainsFunc(got[:i], same):
			problems = append(problems, fmt.Sprintf("Vary names %s more than once: it is %s.", g, quote(lines...)))
		case !slices.ContainsFunc(want, same):
			problems = append(problems, fmt.Sprintf("Vary names %s, and must not: it is %s.", g, quote(lines...)))
		}
	}
	return problems
}

// members returns the members of a list that are not empty:
// https://www.rfc-editor.org/rfc/rfc9110#name-lists-rule-abnf-extension
func members(list string) []string {
	var all []string
	for m := range strings.SplitSeq(list, ",") {
		if m = strings.Trim(m, " \t"); m != "" {
			all = append(all, m)
		}
	}
	return all
}

func statuses(list []int) string {
	var all []string
	for _, s := range list {
		all = append(all, strconv.Itoa(s))
	}
	return strings.Join(all, " or ")
}

// quote quotes values for a message, and cuts what is too long to be read.
func quote(values ...string) string {
	if len(values) == 0 {
		return "absent"
	}
	var all []string
	for _, v := range values {
		all = append(all, strconv.Quote(shorten(v)))
	}
	return strings.Join(all, ", ")
}

func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s … (%d bytes)", s[:most], len(s))
}
