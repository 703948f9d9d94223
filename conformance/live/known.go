package live

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"
)

// Known is a list of patterns of the names of cases that are known to fail on a
// server. So that the list stays true, it is an error if one of them passes, or
// if a pattern matches no case. The zero value is an empty list. It is not safe
// for concurrent use.
type Known struct {
	patterns []knownPattern
}

type knownPattern struct {
	text string
	line int
	used bool
}

// Limits on a list, and on one of its lines. No case has so long a name.
const (
	maxKnownBytes = 1 << 20
	maxKnownLine  = 4 << 10
)

// ReadKnown reads a list of up to 1 MiB: one pattern on each line, as [path.Match]
// has them. A "#" that opens a line, or that a blank precedes, begins a comment,
// such as the reason why the case fails. A byte order mark before the first line is
// left out. ReadKnown reports every line that holds no pattern, or the error of r.
//
//	# our-framework 1.2
//	preflight/headers/blanks   # splits at commas only
//	vary/*
func ReadKnown(r io.Reader) (*Known, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxKnownBytes+1))
	if err != nil {
		return nil, err
	}
	list := string(data)
	if len(list) > maxKnownBytes {
		return nil, fmt.Errorf("%d: the list goes on behind 1 MiB: leave out what follows", 1+strings.Count(list[:maxKnownBytes], "\n"))
	}
	k := new(Known)
	var faults []error
	number := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(list, "\ufeff"), "\n") {
		number++
		text := withoutComment(line)
		if text == "" {
			continue
		}
		if len(text) > maxKnownLine {
			faults = append(faults, fmt.Errorf("%d: the line is longer than %d bytes: write one pattern on each line", number, maxKnownLine))
			continue
		}
		if _, err := path.Match(text, ""); err != nil || strings.ContainsAny(text, " \t\x00") || !utf8.ValidString(text) {
			faults = append(faults, fmt.Errorf("%d: %q is not a pattern: write one such as vary/*, and a # before the reason", number, text))
			continue
		}
		k.patterns = append(k.patterns, knownPattern{text: text, line: number})
	}
	return k, errors.Join(faults...)
}

// withoutComment returns what is before the comment of a line, without blanks
// around it.
func withoutComment(line string) string {
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
			break
		}
	}
	return strings.TrimSpace(line)
}

// Match reports whether a case of that name is known to fail, and remembers every
// pattern that says so.
func (k *Known) Match(name string) bool {
	found := false
	for i := range k.patterns {
		if ok, _ := path.Match(k.patterns[i].text, name); ok { // ReadKnown has looked for errors
			k.patterns[i].used, found = true, true
		}
	}
	return found
}

// Stale returns a sentence for each pattern that has matched none of the names
// that Match was called with.
func (k *Known) Stale() (sentences []string) {
	for _, p := range k.patterns {
		if !p.used {
			sentences = append(sentences, fmt.Sprintf("%d: %s matches no case: remove it", p.line, p.text))
		}
	}
	return sentences
}
