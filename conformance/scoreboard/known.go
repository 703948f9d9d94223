package main

import (
	"fmt"
	"strings"
)

// knownExt is the extension of the lists. They are not for corskit test
// -known-failing, where a listed case must fail: these are about all policies, and
// the case may pass under some.
const knownExt = ".reasons"

// A known failure is a case that a peer fails under some policy, with the reason.
type known struct {
	file     string
	line     int
	reason   string
	caseName string
}

// parseKnown reads the list of a peer's known failures. Comments give the reason,
// and the peer's issue if there is one, of the cases on the lines that follow up to
// the next blank line. Cases are named one by one, so that no failure gets a reason
// that nobody has looked for. Comments without cases stand for themselves:
//
//	# The answer has no Vary where the request has no Origin.
//	# https://github.com/gorilla/handlers/issues/248
//	vary/without-origin
func parseKnown(file, text string) ([]known, error) {
	var all []known
	seen := map[string]bool{}
	var reason []string
	named := false // some line has had the reason
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		comment, isComment := strings.CutPrefix(line, "#")
		switch {
		case line == "":
			reason, named = nil, false
		case isComment && named:
			return nil, fmt.Errorf("%s:%d: a reason follows cases that it is not for: leave a line blank before it", file, number)
		case isComment:
			reason = append(reason, strings.TrimSpace(comment))
		case len(reason) == 0:
			return nil, fmt.Errorf("%s:%d: %q has no reason: write one above, behind a #", file, number, line)
		case strings.Contains(line, "*"):
			return nil, fmt.Errorf("%s:%d: %q is a pattern: name each case", file, number, line)
		case seen[line]:
			return nil, fmt.Errorf("%s:%d: %q has a reason already: remove the line", file, number, line)
		default:
			all = append(all, known{file, number, strings.Join(reason, " "), line})
			seen[line], named = true, true
		}
	}
	return all, nil
}
