package namelist

import (
	"slices"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	set := NewSet([]string{"X-A", "x-b", "Content-Type", "x-az"})
	tests := []struct {
		name    string
		lines   []string
		unknown string
		ok      bool
	}{
		{"the form of browsers", []string{"content-type,x-a,x-b"}, "", true},
		{"any order and case", []string{"X-B,CONTENT-type,x-A"}, "", true},
		{"the first and the last letter, in upper case", []string{"X-AZ"}, "", true},
		{"blanks", []string{" \tx-a \t,\t x-b "}, "", true},
		{"a repeated name", []string{"x-a,x-a"}, "", true},
		{"several lines", []string{"x-a", "x-b,content-type"}, "", true},
		{"empty", []string{""}, "", true},
		{"empty members", []string{",x-a,,x-b,"}, "", true},
		{"16 empty members", []string{strings.Repeat(",", 16) + "x-a"}, "", true},
		{"17 empty members", []string{strings.Repeat(",", 17) + "x-a"}, "", false},
		{"17 empty lines", append(make([]string, 17), "x-a"), "", false},
		{"an unknown name", []string{"x-a,x-c,x-d"}, "x-c", false},
		{"an unknown name in a later line", []string{"x-a", "x-c"}, "x-c", false},
		{"an unknown name longer than any known", []string{"x-a-name-longer-than-the-known"}, "x-a-name-longer-than-the-known", false},
		{"a name too long to be told", []string{strings.Repeat("x", 65)}, "", false},
		{"a blank within a name", []string{"x-a x-b"}, "", false},
		{"128 blanks", []string{"x-a," + strings.Repeat(" ", 128) + "x-b"}, "", true},
		{"129 blanks", []string{"x-a," + strings.Repeat(" ", 129) + "x-b"}, "", false},
		{"a known name many times", []string{strings.Repeat("x-a,", 100) + "x-a"}, "", false},
		{"as many names as there may be", []string{strings.Repeat("x-a,", 4+16-1) + "x-a"}, "", true},
		{"as many names in upper case", []string{strings.Repeat("X-A,", 4+16-1) + "X-A"}, "", true},
		{"as many names and a comma", []string{strings.Repeat("x-a,", 4+16)}, "", true},
		{"a name more", []string{strings.Repeat("x-a,", 4+16) + "x-a"}, "", false},
		{"a name more, in upper case", []string{strings.Repeat("X-A,", 4+16) + "X-A"}, "", false},
		{"a name more, and a comma", []string{strings.Repeat("x-a,", 4+16+1)}, "", false},
		{"a name more, which is unknown", []string{strings.Repeat("x-a,", 4+16) + "x-c"}, "x-c", false},
		{"not ASCII, but folded to it by Unicode", []string{"x-\u212a"}, "x-\u212a", false},
	}
	for _, tt := range tests {
		unknown, ok := set.Check(tt.lines[0], tt.lines[1:])
		if unknown != tt.unknown || ok != tt.ok {
			t.Errorf("%s: Check(%q) = %q, %v; want %q, %v", tt.name, tt.lines, unknown, ok, tt.unknown, tt.ok)
		}
	}
}

func TestCheckAny(t *testing.T) {
	without, with := NewSet([]string{"*"}), NewSet([]string{"*", "Authorization"})
	tests := []struct {
		list, unknown string
		ok            bool
		okWith        bool // with Authorization beside "*"
	}{
		{"", "", true, true},
		{"x-a, X-B", "", true, true},
		{"x-a,Authorization", "Authorization", false, true},
		{"x-a,x@b", "x@b", false, false},
		{"x-a," + strings.Repeat("x", 4096), "", false, false},
		{strings.Repeat("x,", 63) + "x", "", true, true},
		{strings.Repeat("x,", 64) + "x", "", false, false},
	}
	for _, tt := range tests {
		unknown, ok := without.CheckAny(tt.list, nil)
		if unknown != tt.unknown || ok != tt.ok {
			t.Errorf("CheckAny(%.40q) = %q, %v; want %q, %v", tt.list, unknown, ok, tt.unknown, tt.ok)
		}
		if _, ok := with.CheckAny(tt.list, nil); ok != tt.okWith {
			t.Errorf("CheckAny(%.40q) with Authorization = %v, want %v", tt.list, ok, tt.okWith)
		}
	}
}

func TestEcho(t *testing.T) {
	sixtyFour := strings.Repeat("x,", 63) + "x"
	fourKiB := strings.Repeat("x", 2048) + "," + strings.Repeat("y", 2047)
	tests := []struct {
		lines []string
		names string
		ok    bool
	}{
		{[]string{""}, "", true},
		{[]string{"x-a,x-b"}, "x-a,x-b", true},
		{[]string{"X-A , x-b,"}, "X-A,x-b", true},
		{[]string{"x-a", "", "x-b"}, "x-a,x-b", true},
		{[]string{sixtyFour}, sixtyFour, true},
		{[]string{sixtyFour + ",x"}, "", false},
		{[]string{fourKiB}, fourKiB, true},
		{[]string{fourKiB + "y"}, "", false},
		{[]string{"x-a,x\x00b"}, "", false},
		{[]string{"x-a,<script>"}, "", false},
		{[]string{strings.Repeat(",", 17)}, "", false},
	}
	for _, tt := range tests {
		names, ok := Echo(tt.lines[0], tt.lines[1:])
		if names != tt.names || ok != tt.ok {
			t.Errorf("Echo(%.40q) = %.40q, %v; want %.40q, %v", tt.lines, names, ok, tt.names, tt.ok)
		}
	}
}

// TestSkip has a set of x-a, x-bb and x-c.
func TestSkip(t *testing.T) {
	set := NewSet([]string{"X-C", "x-bb", "X-A"})
	for _, tt := range []struct {
		list string
		n    int    // how many are skipped
		rest string // what is left to be read, if anything is
	}{
		{"x-a", 1, ""},
		{"x-a,x-bb,x-c", 3, ""},
		{"x-bb", 1, ""},
		{"x-bb,", 1, ""},
		{"x-a,x-c", 2, ""},
		{"x-a,x-a,x-c", 3, ""},
		{"x-bb,x-a", 1, "x-a"},
		{"x-a, x-bb", 1, " x-bb"},
		{"x-a,x-d", 1, "x-d"},
		{"x-a,x-bbb", 1, "x-bbb"},
		{"X-A", 0, "X-A"},
		{"", 0, ""},
	} {
		var scan scanner
		scan.start(tt.list, nil)
		n := 0
		for scan.skip(&set) {
			n++
		}
		if n != tt.n || scan.line != tt.rest {
			t.Errorf("of %q, %d are skipped and %q is left, want %d and %q", tt.list, n, scan.line, tt.n, tt.rest)
		}
	}
}

// TestTooLong has lists that are as large as any that is allowed, and one byte or
// line more, of which nothing is read: not even the unknown name that is first.
func TestTooLong(t *testing.T) {
	set := NewSet([]string{"x-a", "x-b"})
	const names = 2 + slack
	const bytes = names*(maxName+len(",")) + maxBlanks + maxEmpty
	unknown := func(lines, bytes int) []string { // so many lines, with so many bytes in all
		list := slices.Repeat([]string{"y"}, lines)
		list[0] += strings.Repeat(",y", (bytes-lines)/2)
		list[lines-1] += strings.Repeat(",", (bytes-lines)%2)
		return list
	}
	for _, tt := range []struct {
		name   string
		list   []string
		isRead bool
	}{
		{"the most lines", unknown(names+maxEmpty, names+maxEmpty), true},
		{"a line more", unknown(names+maxEmpty+1, names+maxEmpty+1), false},
		{"the most bytes", unknown(1, bytes), true},
		{"a byte more", unknown(1, bytes+1), false},
		{"the most bytes, on several lines", unknown(9, bytes), true},
		{"a byte more, on several lines", unknown(9, bytes+1), false},
	} {
		want := ""
		if tt.isRead {
			want = "y"
		}
		if got, ok := set.Check(tt.list[0], tt.list[1:]); ok || got != want {
			t.Errorf("%s: Check = %q, %v; want %q, false", tt.name, got, ok, want)
		}
	}

	atMost := append(slices.Repeat([]string{"x-a"}, names), make([]string, maxEmpty)...)
	if _, ok := set.Check(atMost[0], atMost[1:]); !ok {
		t.Error("Check refuses as many names and empty lines as there may be")
	}
	atMost = append(slices.Repeat([]string{"x-a"}, maxNames), make([]string, maxEmpty)...)
	longest := strings.Repeat(",", maxEmpty) + strings.Repeat(" ", maxBlanks) + strings.Repeat("x", maxBytes)
	for _, list := range [][]string{atMost, {longest}} {
		if _, ok := set.CheckAny(list[0], list[1:]); !ok {
			t.Errorf("CheckAny refuses %d lines, the first of %d bytes", len(list), len(list[0]))
		}
		if _, ok := Echo(list[0], list[1:]); !ok {
			t.Errorf("Echo refuses %d lines, the first of %d bytes", len(list), len(list[0]))
		}
	}
	// What follows the bound is an unknown name to CheckAny, which is not read.
	for _, list := range [][]string{append(slices.Repeat([]string{"@"}, maxNames), make([]string, maxEmpty+1)...), {"@," + longest}} {
		if got, _ := set.CheckAny(list[0], list[1:]); got != "" {
			t.Errorf("CheckAny tells %q of a list that is too long", got)
		}
	}
	// The longest name of a set may be longer than those that are told.
	long := strings.Repeat("z", 2*maxName)
	set = NewSet([]string{long})
	list := strings.Repeat(long+",", 1+slack-1) + long
	if _, ok := set.Check(list, nil); !ok {
		t.Error("Check refuses a long name as many times as it may be there")
	}
}

// hostile holds lists of the shapes that have cost other libraries most.
var hostile = map[string][]string{
	"commas":           {strings.Repeat(",", 64<<10)},
	"one name":         {strings.Repeat("x", 64<<10)},
	"one-letter names": {strings.Repeat("x,", 32<<10)},
	"a known name":     {strings.Repeat("x-a,", 16<<10)},
	"blanks":           {"x-a," + strings.Repeat(" ", 64<<10) + ",x-a"},
	"blanks and names": {strings.Repeat("x-a , ", 10<<10)},
	"empty lines":      make([]string, 30_000),
	"long names":       {strings.Repeat(strings.Repeat("x", 200)+",", 320)},
	"the most of each": {strings.Repeat(",", maxEmpty) + strings.Repeat(" ", maxBlanks) + strings.Repeat("x-a,", 16<<10)},
	"lines of names":   slices.Repeat([]string{"x-a"}, 16<<10),
	"lines of commas":  slices.Repeat([]string{strings.Repeat(",", 64)}, 1000),
	"no token":         {strings.Repeat("\xff", 64<<10)},
}

// TestWorkIsBounded counts what the scanner of a list has gone through when the
// list is judged. A scanner never goes back, and what judges a list is given one
// scanner and not the list. The test does not see a second scanner, be it a copy
// or one that the exported functions make.
func TestWorkIsBounded(t *testing.T) {
	long := strings.Repeat("x", 200)
	const separators = maxEmpty + 1 + maxBlanks + 1
	for _, b := range []struct {
		name  string
		bound int
		judge func(*scanner)
	}{
		{"Check, with no name", (slack+1)*(maxName+1) + separators, func(scan *scanner) { new(Set).check(scan) }},
		{"Check, with two names", (2+slack+1)*(maxName+1) + separators, func(scan *scanner) { s := NewSet([]string{"x-a", "x-b"}); s.check(scan) }},
		{"Check, with a long name", (2+slack+1)*(200+1) + separators, func(scan *scanner) { s := NewSet([]string{"x-a", long}); s.check(scan) }},
		{"CheckAny", maxBytes + 1 + separators, func(scan *scanner) { new(Set).checkAny(scan) }},
		{"Echo", maxBytes + 1 + separators, func(scan *scanner) { tokens(scan, nil) }},
	} {
		for name, lines := range hostile {
			var scan scanner
			scan.start(lines[0], lines[1:])
			before := unread(&scan)
			b.judge(&scan)
			if n := before - unread(&scan); n == 0 || n > b.bound {
				t.Errorf("%s reads %d bytes of 64 KiB of %s, want 1 to %d", b.name, n, name, b.bound)
			}
		}
	}
}

// unread returns how many bytes and further lines a scanner has before it.
func unread(scan *scanner) int {
	n := len(scan.line) + len(scan.more)
	for _, line := range scan.more {
		n += len(line)
	}
	if scan.unread {
		n++
	}
	return n
}

// TestAnyIsBoundedAlike has lists about the bounds of CheckAny and Echo, which
// must agree on each: the answer must not depend on credentials.
func TestAnyIsBoundedAlike(t *testing.T) {
	set := NewSet([]string{"*"})
	names := func(n, size int) string { // n names of size bytes in all, commas included
		return strings.Repeat("x,", n-1) + strings.Repeat("y", size-2*(n-1))
	}
	for _, n := range []int{1, 2, 63, 64, 65} {
		for size := maxBytes - 2; size <= maxBytes+2; size++ {
			for _, list := range []string{names(n, size), names(n, size) + ","} {
				want := n <= maxNames && size <= maxBytes
				if _, ok := set.CheckAny(list, nil); ok != want {
					t.Errorf("CheckAny takes %d names of %d bytes: %v, want %v", n, size, ok, want)
				}
				if _, ok := Echo(list, nil); ok != want {
					t.Errorf("Echo takes %d names of %d bytes: %v, want %v", n, size, ok, want)
				}
			}
		}
	}
}

// FuzzCheck checks the scanner against strings.Split.
func FuzzCheck(f *testing.F) {
	f.Add("x-a,x-b", "content-type")
	f.Add(" ,X-A\t", ",,")
	f.Add("x-a x-b", "x-c")
	f.Add(strings.Repeat("x-a,", 17)+"x-a", "x-b")
	f.Add(strings.Repeat("x-a,", 18)+"x-a", "x-b")
	f.Fuzz(func(t *testing.T, first, second string) {
		set := NewSet([]string{"x-a", "x-b", "content-type"})
		var names []string
		members := strings.Split(first+","+second, ",")
		for _, m := range members {
			if m = strings.Trim(m, " \t"); m != "" {
				names = append(names, m)
			}
		}
		want := true
		for _, n := range names {
			want = want && set.Has(n)
		}
		_, got := set.Check(first, []string{second})
		bounded := len(members)-len(names) <= maxEmpty && len(names) <= 3+slack &&
			strings.Count(first+second, " ")+strings.Count(first+second, "\t") <= maxBlanks
		if got != (want && bounded) {
			t.Errorf("Check(%q, %q) = %v, but its names are %q", first, second, got, names)
		}
	})
}

// FuzzEcho checks that nothing but a list of tokens is ever echoed.
func FuzzEcho(f *testing.F) {
	f.Add("x-a, x-b", "")
	f.Add("x-a\r\nSet-Cookie: a=b", "\x00")
	f.Fuzz(func(t *testing.T, first, second string) {
		names, _ := Echo(first, []string{second})
		if len(names) > maxBytes || strings.Count(names, ",") >= maxNames {
			t.Errorf("Echo(%.60q, %.60q) is beyond its bounds", first, second)
		}
		for i := range len(names) {
			if c := names[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("()/:;<=>?@[\\]{}\"", c) >= 0 {
				t.Errorf("Echo(%q, %q) = %q, which holds %q", first, second, names, c)
			}
		}
	})
}
