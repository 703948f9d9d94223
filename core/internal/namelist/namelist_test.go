package namelist

import (
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

// hostile holds lists of the shapes that have cost other libraries most.
var hostile = map[string][]string{
	"commas":           {strings.Repeat(",", 64<<10)},
	"one name":         {strings.Repeat("x", 64<<10)},
	"one-letter names": {strings.Repeat("x,", 32<<10)},
	"a known name":     {strings.Repeat("x-a,", 16<<10)},
	"blanks":           {"x-a," + strings.Repeat(" ", 64<<10) + ",x-a"},
	"blanks and names": {strings.Repeat("x-a , ", 10<<10)},
	"empty lines":      make([]string, 30_000),
}

func TestWorkIsBounded(t *testing.T) {
	set := NewSet([]string{"x-a", "x-b"})
	for name, lines := range hostile {
		scan := newScanner(lines[0], lines[1:])
		read := func() int { return len(lines[0]) - len(scan.line) + len(lines) - len(scan.more) }
		for range len(set.names) + slack + 1 {
			if n, ok := scan.next(maxName); !ok || n == "" {
				break
			}
		}
		if n := read(); n > 512 {
			t.Errorf("a list of 64 KiB of %s is read for %d bytes", name, n)
		}
	}
}

// FuzzCheck checks the scanner against strings.Split.
func FuzzCheck(f *testing.F) {
	f.Add("x-a,x-b", "content-type")
	f.Add(" ,X-A\t", ",,")
	f.Add("x-a x-b", "x-c")
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
		if got && !want || !got && want && bounded {
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
