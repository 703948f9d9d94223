package live

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
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

// maxKnownBytes is the size up to which a list is read.
const maxKnownBytes = 1 << 20

// ReadKnown reads a list: one pattern on each line, as [path.Match] has them. A
// "#" that opens a line, or that a blank precedes, begins a comment, such as the
// reason why the case fails. It reports every line that holds no pattern.
//
//	# our-framework 1.2
//	preflight/headers/blanks   # splits at commas only
//	vary/*
func ReadKnown(r io.Reader) (*Known, error) {
	k := new(Known)
	var faults []error
	lines := bufio.NewScanner(io.LimitReader(r, maxKnownBytes))
	for number := 1; lines.Scan(); number++ {
		text := lines.Text()
		for i, c := range text {
			if c == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
				text = text[:i]
				break
			}
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if _, err := path.Match(text, ""); err != nil || strings.ContainsAny(text, " \t") {
			faults = append(faults, fmt.Errorf("%d: %q is not a pattern: write one such as vary/*, and a # before the reason", number, text))
			continue
		}
		k.patterns = append(k.patterns, knownPattern{text: text, line: number})
	}
	if err := lines.Err(); err != nil {
		faults = append(faults, err)
	}
	return k, errors.Join(faults...)
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
