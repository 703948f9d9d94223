package main

import (
	"fmt"
	"path"
	"strings"
)

// A known failure is a case that a peer fails, or a pattern of such cases, with
// the reason.
type known struct {
	file   string
	line   int
	reason string
	cases  string // a pattern of path.Match
}

// parseKnown reads the list of a peer's known failures. Comments give the reason,
// and the peer's issue if there is one, of the lines that follow up to the next
// blank line. Each of these is a case, or a pattern of cases as path.Match has
// them; of those that cover a case the first one counts:
//
//	# The answer has no Vary where the request has no Origin.
//	# https://github.com/gin-contrib/cors/issues/132
//	vary/*
func parseKnown(file, text string) ([]known, error) {
	var all []known
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
		default:
			if _, err := path.Match(line, ""); err != nil {
				return nil, fmt.Errorf("%s:%d: %q: %w: write a pattern as path.Match has them", file, number, line, err)
			}
			all = append(all, known{file, number, strings.Join(reason, " "), line})
			named = true
		}
	}
	return all, nil
}

// covers reports whether the line stands for a case.
func (k known) covers(name string) bool {
	covers, _ := path.Match(k.cases, name) // parseKnown has seen to the error
	return covers
}
