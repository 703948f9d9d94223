//go:build linux || darwin

package cors_test

import (
	"context"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	cors "github.com/corskit/corskit/core"
)

// What a policy promises to read of a request at most, in bytes.
//
// Of a list of header names that is compared with n allowed names, of which
// the longest has l bytes: one name for each allowed name and 16 more, and the
// one that is too many; each of max(l, 64) bytes, one that is too many, and its
// comma. Where any name is allowed: 4 KiB of names, 64 of them. Besides, 16
// empty members and 128 blanks, and the one of each that is too many.
func listedBound(n, l int) int { return (n+16+1)*(max(l, 64)+2) + separators }

const (
	separators = 16 + 1 + 128 + 1
	anyBound   = 4<<10 + 1 + 64 + 1 + separators
	maxOrigin  = 326 // 64 for the scheme, 3, 253 for the host, 6 for the port
)

// A trap is memory of which the first bytes can be read, and the others not:
// reading them panics.
type trap struct{ readable, forbidden []byte }

func newTrap(t *testing.T, readable, forbidden int) trap {
	t.Helper()
	page := syscall.Getpagesize()
	round := func(n int) int { return (n + page - 1) / page * page }
	border := round(readable)
	m, err := syscall.Mmap(-1, 0, border+round(max(forbidden, 1)), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("there is no memory to be had: %v", err)
	}
	t.Cleanup(func() { syscall.Munmap(m) })
	if err := syscall.Mprotect(m[border:], syscall.PROT_NONE); err != nil {
		t.Fatalf("memory cannot be protected: %v", err)
	}
	return trap{m[border-readable : border], m[border : border+forbidden]}
}

// text returns a string of the readable bytes, which are those of s, and the
// forbidden ones.
func (m trap) text(s string) string {
	copy(m.readable, s)
	return unsafe.String(unsafe.SliceData(m.readable), len(m.readable)+len(m.forbidden))
}

// springs reports whether f reads what is forbidden.
func springs(f func()) (sprung bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			if _, fault := v.(interface{ Addr() uintptr }); !fault {
				panic(v)
			}
			sprung = true
		}
	}()
	f()
	return false
}

func TestTrapSprings(t *testing.T) {
	s := newTrap(t, 10, 1).text(strings.Repeat("a", 10))
	if springs(func() { _ = strings.Count(s[:10], "a") }) {
		t.Error("the trap springs where only readable bytes are read")
	}
	if !springs(func() { _ = strings.Count(s, "a") }) {
		t.Error("the trap does not spring where a forbidden byte is read")
	}
}

// TestLongOriginsAreNotRead puts origins that are too long where not one byte
// of them can be read.
func TestLongOriginsAreNotRead(t *testing.T) {
	for _, n := range []int{maxOrigin + 1, 1 << 20} {
		s := newTrap(t, 0, n).text("")
		for name, p := range boundedPolicies(t, 100) {
			for kind, f := range map[string]func(){
				"an actual request":        func() { p.Decide(context.Background(), get(s)) },
				"a CORS-preflight request": func() { p.Decide(context.Background(), preflightFrom(s, "PUT")) },
				"a same-origin one":        func() { p.Decide(context.Background(), from(s, "api.example", "same-origin")) },
				"a repeated Origin":        func() { p.Decide(context.Background(), get(s, s)) },
				"AllowsOrigin":             func() { p.AllowsOrigin(context.Background(), s) },
				"Request.IsPreflight":      func() { r := preflightFrom(s, "PUT"); r.IsPreflight() },
				"origin lines unheld":      func() { p.Decide(context.Background(), cors.Request{Origin: cors.Lines{First: s, N: 2}}) },
				"a request method too":     func() { p.Decide(context.Background(), preflightFrom(s, s)) },
			} {
				if springs(f) {
					t.Errorf("with %s, %s reads an origin of %d bytes, want it refused by its length", name, kind, n)
				}
			}
		}
	}
}

// TestLongestOriginIsRead is the other direction: at the limit origins count.
func TestLongestOriginIsRead(t *testing.T) {
	longest := strings.Repeat("s", 64) + "://" + host253 + ":65535"
	if len(longest) != maxOrigin {
		t.Fatalf("the longest origin has %d bytes, want %d", len(longest), maxOrigin)
	}
	p := cors.MustNew(cors.Config{AllowOrigins: []string{longest}})
	if s := newTrap(t, maxOrigin, 0).text(longest); !p.AllowsOrigin(context.Background(), s) {
		t.Errorf("an origin of %d bytes is refused", maxOrigin)
	}
	if s := newTrap(t, 0, maxOrigin).text(""); !springs(func() { p.AllowsOrigin(context.Background(), s) }) {
		t.Errorf("an origin of %d bytes is judged without being read", maxOrigin)
	}
}

func TestLongMethodsAreNotRead(t *testing.T) {
	method := newTrap(t, 0, 1<<20).text("")
	for name, p := range boundedPolicies(t, 0) {
		if springs(func() { p.Decide(context.Background(), preflight(method)) }) {
			t.Errorf("with %s a requested method of 1 MiB is read", name)
		}
	}
}

// TestHeaderListsAreReadToTheirBound puts what lies beyond the bound of a list
// where it cannot be read: all of one line's bytes, or the lines themselves.
func TestHeaderListsAreReadToTheirBound(t *testing.T) {
	long := strings.Repeat("x", 200)
	many := make([]string, 100)
	for i := range many {
		many[i] = "x-" + strings.Repeat("abcdefghij"[i%10:i%10+1], 1+i/10)
	}
	type bounded struct {
		name        string
		headers     []string
		credentials bool
		bound       int
	}
	for _, b := range []bounded{
		{"no allowed name", nil, false, listedBound(0, 0)},
		{"two allowed names", []string{"x-a", "content-type"}, false, listedBound(2, 12)},
		{"a long allowed name", []string{"x-a", long}, false, listedBound(2, 200)},
		{"a hundred allowed names", many, false, listedBound(100, 12)},
		{"any name", []string{"*"}, false, anyBound},
		{"any name spelled out", []string{"*"}, true, anyBound},
	} {
		p := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowHeaders: b.headers, AllowCredentials: b.credentials})
		known := "x-a"
		if len(b.headers) > 2 {
			known = strings.Join(b.headers, ",")
		}
		for shape, unit := range map[string]string{
			"commas":             ",",
			"one name":           "x",
			"one-letter names":   "x,",
			"short names":        "x-a1,x-a2,",
			"an allowed name":    known + ",",
			"long allowed names": long + ",",
			"upper case":         strings.ToUpper(known) + ",",
			"blanks":             " ",
			"tabs":               "\t",
			"names and blanks":   known + " , ",
			"blanks and commas":  " ,",
			"the most of each":   strings.Repeat(",", 16) + strings.Repeat(" ", 128) + strings.Repeat(known+",", 1000),
			"no token":           "\xff",
		} {
			list := newTrap(t, b.bound, 1<<20).text(strings.Repeat(unit, b.bound/len(unit)+1))
			if springs(func() { p.Decide(context.Background(), preflight("PUT", list)) }) {
				t.Errorf("with %s, more than %d bytes are read of 1 MiB of %s", b.name, b.bound, shape)
			}
		}

		// Lines that are empty: 17 of them, and no header of a string beyond.
		const header = int(unsafe.Sizeof(""))
		rows := newTrap(t, 17*header, 30_000*header)
		more := unsafe.Slice((*string)(unsafe.Pointer(unsafe.SliceData(rows.readable))), 30_000)
		r := preflight("PUT")
		r.RequestHeaders = cors.Lines{N: 1 + len(more), More: more}
		if springs(func() { p.Decide(context.Background(), r) }) {
			t.Errorf("with %s, more than 18 of 30 000 empty lines are read", b.name)
		}

		// Lines of commas: nothing is read of the second.
		forbidden := newTrap(t, 0, 1000).text("")
		r.RequestHeaders = lines(strings.Repeat(",", 1000), forbidden, forbidden)
		if springs(func() { p.Decide(context.Background(), r) }) {
			t.Errorf("with %s, a second line is read though the first has 1000 commas", b.name)
		}
	}
}

// TestHeaderListsAreReadAtAll is the other direction: within the bound a byte
// counts, and the answer differs.
func TestHeaderListsAreReadAtAll(t *testing.T) {
	p := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowHeaders: []string{"x-a"}})
	list := newTrap(t, 4, 1).text("x-a,")
	if !springs(func() { p.Decide(context.Background(), preflight("PUT", list)) }) {
		t.Error("a list of two names is judged without the second being read")
	}
}

// TestOriginLinesAreCountedOnly has 10 000 lines, none of which can be read.
func TestOriginLinesAreCountedOnly(t *testing.T) {
	const header = int(unsafe.Sizeof(""))
	rows := newTrap(t, 0, 10_000*header)
	r := get(newTrap(t, 0, 100).text(""))
	r.Origin.N = 10_001
	r.Origin.More = unsafe.Slice((*string)(unsafe.Pointer(unsafe.SliceData(rows.forbidden))), 10_000)
	for name, p := range boundedPolicies(t, 0) {
		for _, method := range []string{"GET", "OPTIONS"} {
			r.Method, r.RequestMethod = method, lines("PUT")
			if springs(func() { p.Decide(context.Background(), r) }) {
				t.Errorf("with %s, an Origin header of 10 001 lines is read on %s, want it counted", name, method)
			}
		}
	}
}
