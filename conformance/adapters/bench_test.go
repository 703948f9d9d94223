package adapters

import (
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	"github.com/corskit/corskit/conformance"
)

// The origins of the benchmarks.
const (
	benchOrigin  = "https://app.example.com"
	benchExact   = "https://app500.example.com" // one of many
	benchPattern = "https://shop.tenant50.example.org"
	benchRefused = "https://evil.example"
)

// Sizes of the large policy, and of what hostile requests send.
const (
	manyExact    = 1000
	manyPatterns = 100
	hostileSize  = 64 << 10
)

// manyOrigins returns origins and patterns, benchExact and a pattern for
// benchPattern in their midst.
func manyOrigins() (all []string) {
	for i := range manyExact {
		all = append(all, fmt.Sprintf("https://app%d.example.com", i))
	}
	for i := range manyPatterns {
		all = append(all, fmt.Sprintf("https://*.tenant%d.example.org", i))
	}
	return all
}

// A benchCase is a request that the benchmarks send.
type benchCase struct {
	name    string
	many    bool     // the policy has manyOrigins, not only benchOrigin
	origin  string   // "" for none
	asks    []string // lines of Access-Control-Request-Headers, which make it a CORS-preflight request
	allowed bool
}

func benchCases() []benchCase {
	asks := []string{"authorization,content-type"}
	return []benchCase{
		{name: "no-origin"},
		{name: "actual", origin: benchOrigin, allowed: true},
		{name: "actual-refused", origin: benchRefused},
		{name: "preflight", origin: benchOrigin, asks: asks, allowed: true},
		{name: "preflight-refused", origin: benchRefused, asks: asks},
		{name: "many-exact", many: true, origin: benchExact, allowed: true},
		{name: "many-pattern", many: true, origin: benchPattern, allowed: true},
		{name: "many-refused", many: true, origin: benchRefused},
		{name: "hostile-commas", origin: benchOrigin, asks: []string{strings.Repeat(",", hostileSize)}},
		{name: "hostile-names", origin: benchOrigin, asks: []string{strings.Repeat("authorization,", hostileSize/len("authorization,"))}},
		{name: "hostile-lines", origin: benchOrigin, asks: slices.Repeat([]string{"authorization"}, hostileSize/len("authorization"))},
		{name: "hostile-origin", origin: "https://" + strings.Repeat("a", hostileSize)},
		{name: "hostile-upper-case", origin: "HTTPS://" + strings.Repeat("A", hostileSize)},
	}
}

// isHostile reports whether no browser sends such a request. What it gets differs
// from one middleware to another.
func (c benchCase) isHostile() bool { return strings.HasPrefix(c.name, "hostile-") }

func (c benchCase) method() string {
	if c.asks != nil {
		return http.MethodOptions
	}
	return http.MethodGet
}

// fields returns the request's header: nine fields that browsers send anyway,
// with which a map of them is past its first eight places, and those of the case.
func (c benchCase) fields() [][2]string {
	fields := [][2]string{
		{"Accept", "application/json, text/plain, */*"},
		{"Accept-Encoding", "gzip, deflate, br, zstd"},
		{"Accept-Language", "en-GB,en;q=0.9"},
		{"Cache-Control", "no-cache"},
		{"Referer", "https://app.example.com/"},
		{"Sec-Fetch-Dest", "empty"},
		{"Sec-Fetch-Mode", "cors"},
		{"Sec-Fetch-Site", "cross-site"},
		{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
	}
	if c.origin != "" {
		fields = append(fields, [2]string{"Origin", c.origin})
	}
	if c.asks != nil {
		fields = append(fields, [2]string{"Access-Control-Request-Method", "PUT"})
	}
	for _, line := range c.asks {
		fields = append(fields, [2]string{"Access-Control-Request-Headers", line})
	}
	return fields
}

// BenchmarkCORS measures what a whole request costs without a server, by
// framework, middleware and case. The middleware "none" is the framework by
// itself, to be subtracted.
func BenchmarkCORS(b *testing.B) {
	for _, f := range benchFrameworks() {
		b.Run(f.name, func(b *testing.B) {
			for _, s := range f.stacks {
				b.Run(s.name, func(b *testing.B) {
					for _, c := range benchCases() {
						if s.lacks(c) {
							continue
						}
						b.Run(c.name, func(b *testing.B) {
							call := s.engine(c.many).prepare(c.method(), c.fields())
							runtime.GC() // what building a large policy has left
							b.ReportAllocs()
							for b.Loop() {
								call()
							}
						})
					}
					for _, c := range benchCases() {
						if c.name != "actual" && c.name != "preflight" {
							continue
						}
						b.Run("parallel-"+c.name, func(b *testing.B) {
							e := s.engine(c.many)
							b.ReportAllocs()
							b.ResetTimer()
							b.RunParallel(func(pb *testing.PB) {
								call := e.prepare(c.method(), c.fields())
								for pb.Next() {
									call()
								}
							})
						})
					}
				})
			}
		})
	}
}

// TestBenchmarksAnswer checks that what BenchmarkCORS measures is what it is said
// to be. Where a peer does other work than corskit, it leaves a note: attributes
// of the test, from which the table of BENCHMARKS.md is made.
func TestBenchmarksAnswer(t *testing.T) {
	for _, f := range benchFrameworks() {
		t.Run(f.name, func(t *testing.T) {
			for _, s := range f.stacks {
				t.Run(s.name, func(t *testing.T) {
					for _, c := range benchCases() {
						if s.lacks(c) {
							continue
						}
						t.Run(c.name, func(t *testing.T) {
							ours, got := f.stack("corskit").answer(c), s.answer(c)
							allowed := got.header.Get("Access-Control-Allow-Origin")
							switch {
							case s.name == "none":
								assert.Equal(t, http.StatusOK, got.status)
								assert.Empty(t, got.corsHeaders())
								return
							case s.isOurs(), s.isFloor():
								assert.Equal(t, ours.status, got.status)
								assert.Equal(t, ours.header, got.header)
								assert.Contains(t, got.header.Get("Vary"), "Origin")
								assert.Empty(t, got.shared, "two responses share the values of these headers")
							case c.allowed && strings.HasPrefix(c.name, "preflight"):
								assert.Contains(t, got.header.Get("Access-Control-Allow-Methods"), "PUT")
								assert.Len(t, strings.Split(got.header.Get("Access-Control-Allow-Headers"), ","), 2)
								assert.Equal(t, "600", got.header.Get("Access-Control-Max-Age"))
							}
							switch {
							case c.allowed:
								assert.Equal(t, c.origin, allowed)
							case !c.isHostile() || len(c.origin) > hostileSize:
								assert.Empty(t, allowed)
							}
							got.note(t, ours)
						})
					}
				})
			}
		})
	}
}

// A benchAnswer is what a stack answers in a case.
type benchAnswer struct {
	status int
	header http.Header
	shared []string // headers whose values another response has too, in the same memory
}

func (s benchStack) answer(c benchCase) benchAnswer {
	e := s.engine(c.many)
	call, header := e.prepareExchange(c.method(), c.fields())
	again, headerAgain := e.prepareExchange(c.method(), c.fields())
	a := benchAnswer{status: call(), header: header()}
	again()
	if e.http != nil { // on fasthttp each response has copies
		other := headerAgain()
		for _, name := range slices.Sorted(maps.Keys(a.header)) {
			if unsafe.SliceData(a.header[name]) == unsafe.SliceData(other[name]) {
				a.shared = append(a.shared, name)
			}
		}
	}
	return a
}

// corsHeaders returns the names of the CORS headers, sorted, and the members of
// Vary.
func (a benchAnswer) corsHeaders() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		if conformance.IsCORSHeader(name) {
			all = append(all, name)
		}
	}
	for _, m := range seen(&http.Response{Header: a.header}).vary {
		if m = http.CanonicalHeaderKey(m); m != "Accept-Encoding" {
			all = append(all, "Vary:"+m)
		}
	}
	return all
}

// note leaves notes about what makes a from ours.
func (a benchAnswer) note(t *testing.T, ours benchAnswer) {
	note := func(key string, values []string) {
		if len(values) > 0 {
			t.Attr(key, strings.Join(values, ","))
		}
	}
	have, want := a.corsHeaders(), ours.corsHeaders()
	note("lacks", slices.DeleteFunc(slices.Clone(want), func(h string) bool { return slices.Contains(have, h) }))
	note("adds", slices.DeleteFunc(slices.Clone(have), func(h string) bool { return slices.Contains(want, h) }))
	note("shares", a.shared)
	if a.status != ours.status && a.status >= 400 {
		t.Attr("status", fmt.Sprint(a.status))
	}
	size := 0
	for name, values := range a.header {
		size += len(name) + len(strings.Join(values, ""))
	}
	if size > 4<<10 {
		t.Attr("bytes", fmt.Sprint(size))
	}
}

// TestAllocations holds the allocations to what they are: no benchmark fails.
func TestAllocations(t *testing.T) {
	budgets := map[string]struct{ plain, seal, lines float64 }{
		"nethttp": {1, 1, 0},
		"chi":     {1, 1, 0},
		"gin":     {1, 1, 0},
		"echo":    {2, 2, 0}, // echo v4 makes its chain of handlers anew for each request
		"echov5":  {1, 1, 0},
		"fiber":   {0, 1, 1}, // lines beyond the first are collected, up to a bound
		"fiberv3": {0, 1, 1},
	}
	for _, f := range benchFrameworks() {
		budget, found := budgets[f.name]
		assert.True(t, found, f.name)
		for _, c := range benchCases() {
			fields := c.fields()
			own := allocations(f.stack("none").engine(c.many), c.method(), fields)
			if c.name == "hostile-lines" {
				own += budget.lines
			}
			assert.LessOrEqual(t, allocations(f.stack("corskit").engine(c.many), c.method(), fields)-own, budget.plain, "%s: %s", f.name, c.name)
			assert.LessOrEqual(t, allocations(f.stack("corskit+Seal").engine(c.many), c.method(), fields)-own, budget.seal, "%s: %s with Seal", f.name, c.name)
		}
	}
}

// allocations returns the number of allocations of a request. It is the least of
// many, as pools lose what they hold at times.
func allocations(e engine, method string, fields [][2]string) float64 {
	call := e.prepare(method, fields)
	least := testing.AllocsPerRun(1, func() { call() })
	for range 20 {
		least = min(least, testing.AllocsPerRun(1, func() { call() }))
	}
	return least
}
