// Package namelist reads the list of header names in the field lines of
// Access-Control-Request-Headers, with work that is bounded by what is allowed
// and not by what is sent.
package namelist

import (
	"maps"
	"slices"
	"strings"

	"github.com/corskit/corskit/core/internal/fetch"
)

// Bounds on one list, over all its field lines. Browsers send one line of
// sorted, distinct, lower-case names without blanks; the slack is for proxies,
// test tools and clients of other kinds. RFC 9110 asks recipients to accept
// "a reasonable number of empty list elements".
const (
	maxEmpty  = 16      // empty members
	maxBlanks = 128     // spaces and tabs
	slack     = 16      // names beyond one for each allowed name
	maxName   = 64      // bytes of a name that is not known, or the longest known one's
	maxNames  = 64      // names, where any is allowed
	maxBytes  = 4 << 10 // bytes of names and a comma after each but the last, where any is allowed
)

// isTooLong reports whether a list is beyond the bounds on one of so many names, that
// have so many bytes together with a comma each, whatever it says: then there is no
// need to read it.
func isTooLong(first string, more []string, names, bytes int) bool {
	if len(more) >= names+maxEmpty { // a line has one member at least, be it an empty one
		return true
	}
	length := len(first)
	for _, line := range more {
		length += len(line)
	}
	return length > bytes+maxBlanks+maxEmpty
}

// A scanner yields the members of a list, line by line.
type scanner struct {
	line    string
	more    []string
	unread  bool // line has a member that next has not looked at
	empties int
	blanks  int
	names   int // that nextAny has returned
	at      int // the place in a set of the name that skip has found last
	size    int // their bytes, with a comma after each
}

// start makes s yield the members of a list. The scanner is not returned, as it would
// be copied.
func (s *scanner) start(first string, more []string) {
	s.line, s.more, s.unread = first, more, true
}

// next returns the next member that is not empty. At the end of the list name
// is "" and ok is true; ok is false if the list is beyond its bounds, or if the
// next member is longer than longest bytes, which cuts off the reading of it.
func (s *scanner) next(longest int) (name string, ok bool) {
	for {
		if !s.unread {
			if len(s.more) == 0 {
				return "", true
			}
			s.line, s.more, s.unread = s.more[0], s.more[1:], true
		}
		if !s.skipBlanks() {
			return "", false
		}
		end := 0
		for end < len(s.line) && end < longest && !isDelimiter(s.line[end]) {
			end++
		}
		name, s.line = s.line[:end], s.line[end:]
		if !s.skipBlanks() {
			return "", false
		}
		switch {
		case s.line == "":
			s.unread = false
		case s.line[0] != ',':
			return "", false // a blank within a member, or more of it than longest
		default:
			s.line = s.line[1:]
		}
		if name != "" {
			return name, true
		}
		if s.empties++; s.empties > maxEmpty {
			return "", false
		}
	}
}

// skip goes past the next member if it is one of a set's, in the form in which
// browsers write them: in lower case, sorted, with a comma after it or nothing.
// Otherwise it stays where it is, for next to say what is there.
func (s *scanner) skip(set *Set) bool {
	for at := s.at; at < len(set.sorted); at++ {
		rest, ok := strings.CutPrefix(s.line, set.sorted[at])
		switch {
		case !ok:
			continue
		case rest == "":
			s.line, s.unread = "", false
		case rest[0] == ',':
			s.line = rest[1:]
		default:
			continue // a longer name, which begins alike
		}
		s.at = at
		return true
	}
	return false
}

// atEnd reports whether the list is known to have no more members.
func (s *scanner) atEnd() bool { return !s.unread && len(s.more) == 0 }

// nextAny is next for lists in which any name is allowed, within their bounds.
func (s *scanner) nextAny() (name string, ok bool) {
	name, ok = s.next(maxBytes - s.size)
	if name == "" {
		return "", ok
	}
	s.names++
	s.size += len(name) + len(",")
	return name, s.names <= maxNames
}

func isDelimiter(c byte) bool { return c == ',' || c == ' ' || c == '\t' }

func (s *scanner) skipBlanks() bool {
	for s.line != "" && (s.line[0] == ' ' || s.line[0] == '\t') {
		if s.blanks++; s.blanks > maxBlanks {
			return false
		}
		s.line = s.line[1:]
	}
	return true
}

// Set is a set of header names, compared without regard to case. The zero
// value is empty.
type Set struct {
	names   map[string]struct{} // in lower case
	sorted  []string            // the same
	longest int
}

// NewSet returns the set of the given names.
func NewSet(names []string) Set {
	s := Set{names: make(map[string]struct{}, len(names))}
	for _, n := range names {
		s.names[strings.ToLower(n)] = struct{}{}
		s.longest = max(s.longest, len(n))
	}
	s.sorted = slices.Sorted(maps.Keys(s.names))
	return s
}

// Has reports whether name is in the set. Its cost is bounded by the longest
// name in the set.
func (s *Set) Has(name string) bool {
	if len(name) > s.longest {
		return false
	}
	if _, ok := s.names[name]; ok {
		return true
	}
	// Names are ASCII, and so is their folding: Unicode would fold U+212A
	// KELVIN SIGN to k.
	var room [64]byte
	lower := append(room[:0], name...)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	_, ok := s.names[string(lower)]
	return ok
}

// Check reports whether every name in a list is in the set. If not, unknown is
// the first that is not, or "" if the list is beyond its bounds. The list's
// first field line is first, and more are the others.
func (s *Set) Check(first string, more []string) (unknown string, ok bool) {
	names := len(s.names) + slack
	if isTooLong(first, more, names, names*(max(s.longest, maxName)+len(","))) {
		return "", false
	}
	var scan scanner
	scan.start(first, more)
	return s.check(&scan)
}

// check, like checkAny and tokens, is given the scanner and not the list, so
// that what is read once is gone.
func (s *Set) check(scan *scanner) (unknown string, ok bool) {
	sorted := true // as far as it was read
	// When no more names are left, only the end may come.
	for left := len(s.names) + slack; left >= 0; left-- {
		if sorted = sorted && scan.skip(s); sorted {
			if left > 0 && scan.atEnd() {
				return "", true
			}
			continue
		}
		name, ok := scan.next(max(s.longest, maxName))
		switch {
		case !ok:
			return "", false
		case name == "":
			return "", true
		case !s.Has(name):
			return name, false
		}
	}
	return "", false
}

// CheckAny reports whether every name in a list is a token, and none of them
// is "authorization", which "*" does not stand for, unless the set has it. The
// results are as for Check. See
// https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
func (s *Set) CheckAny(first string, more []string) (unknown string, ok bool) {
	if isTooLong(first, more, maxNames, maxBytes) {
		return "", false
	}
	var scan scanner
	scan.start(first, more)
	return s.checkAny(&scan)
}

func (s *Set) checkAny(scan *scanner) (unknown string, ok bool) {
	for {
		name, ok := scan.nextAny()
		switch {
		case !ok:
			return "", false
		case name == "":
			return "", true
		case !fetch.IsToken(name), strings.EqualFold(name, "authorization") && !s.Has(name):
			return name, false
		}
	}
}

// Echo returns the names of a list joined by commas, for the answers in which
// "*" must be spelled out. It returns false if the list is beyond its bounds or
// holds anything but tokens. A list in the form that browsers send is returned
// as it is, without a copy.
func Echo(first string, more []string) (names string, ok bool) {
	if isTooLong(first, more, maxNames, maxBytes) {
		return "", false
	}
	var room [maxNames]string
	var scan scanner
	scan.start(first, more)
	list, ok := tokens(&scan, room[:0])
	switch {
	case !ok:
		return "", false
	case len(more) == 0 && scan.blanks == 0 && scan.empties == 0:
		return first, true
	}
	return strings.Join(list, ","), true
}

// tokens appends the names of a list to list.
func tokens(scan *scanner, list []string) (_ []string, ok bool) {
	for {
		name, ok := scan.nextAny()
		switch {
		case !ok:
			return nil, false
		case name == "":
			return list, true
		case !fetch.IsToken(name):
			return nil, false
		}
		list = append(list, name)
	}
}
