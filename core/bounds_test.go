package cors_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	cors "github.com/corskit/corskit/core"
)

// hostileRequests are of the shapes that have cost CORS middleware most.
// None may cost more memory or work than the policy's own size asks for.
var hostileRequests = func() map[string]cors.Request {
	const kiB, miB = 1 << 10, 1 << 20
	manyLabels := "https://" + strings.Repeat("a.", miB/2) + "example.org"
	commaLines := make([]string, 1000)
	for i := range commaLines {
		commaLines[i] = strings.Repeat(",", 1000)
	}
	originLines := make([]string, 10_000)
	for i := range originLines {
		originLines[i] = app
	}
	return map[string]cors.Request{
		"names: 1 MiB of commas":             preflight("PUT", strings.Repeat(",", miB)),
		"names: 64 KiB of commas":            preflight("PUT", strings.Repeat(",", 64*kiB)),
		"names: 1 MiB, one name":             preflight("PUT", strings.Repeat("x", miB)),
		"names: 1 MiB, one-letter names":     preflight("PUT", strings.Repeat("a,b,c,d,", miB/8)),
		"names: 1 MiB, short names":          preflight("PUT", strings.Repeat("x-a1,x-a2,x-a3,", miB/15)),
		"names: 1 MiB, one allowed name":     preflight("PUT", strings.Repeat("content-type,", miB/13)),
		"names: 1 MiB, in upper case":        preflight("PUT", strings.Repeat("CONTENT-TYPE,", miB/13)),
		"names: 1 MiB, blanks between":       preflight("PUT", strings.Repeat("content-type , ", miB/15)),
		"names: 1000 lines of 1000 commas":   preflight("PUT", commaLines...),
		"names: 30 000 empty lines":          preflight("PUT", make([]string, 30_000)...),
		"names: 1 MiB of blanks":             preflight("PUT", strings.Repeat(" ", miB)),
		"names: 1 MiB of bytes beyond ASCII": preflight("PUT", strings.Repeat("\xff", miB)),
		"method: 1 MiB":                      preflight(strings.Repeat("M", miB)),
		"method: 10 000 lines":               {Method: "OPTIONS", Origin: lines(app), RequestMethod: lines(originLines...)},
		"origin: 1 MiB":                      get(strings.Repeat("a", miB)),
		"origin: 1 MiB, right suffix":        get("https://" + strings.Repeat("a", miB) + ".example.org"),
		"origin: 1 MiB, right prefix":        get(app + strings.Repeat("a", miB)),
		"origin: 1 MiB, many labels":         get(manyLabels),
		"origin: 1 MiB, upper case":          get(strings.ToUpper(manyLabels)),
		"origin: 253 bytes, many labels":     get("https://" + strings.Repeat("a.", 121) + "example.com"),
		"origin: 326 bytes of colons":        get("https://[" + strings.Repeat(":", 317)),
		"origin: 64 KiB, on a preflight":     preflightFrom("https://"+strings.Repeat("a", 64*kiB)+".example.org", "PUT"),
		"origin: 10 000 lines":               get(originLines...),
	}
}()

// boundedPolicies are policies of every kind that looks at a request in its
// own way, each with n origins and n/10 patterns beyond its own.
func boundedPolicies(tb testing.TB, n int) map[string]*cors.Policy {
	c := cors.Config{
		AllowOrigins:     []string{app, "https://*.example.org", "http://localhost:*"},
		AllowMethods:     []string{"PUT"},
		AllowHeaders:     []string{"Authorization", "Content-Type"},
		ExposeHeaders:    []string{"X-Total"},
		MaxAge:           time.Hour,
		RejectDisallowed: true,
	}
	for i := range n {
		c.AllowOrigins = append(c.AllowOrigins, fmt.Sprintf("https://app%d.example.com", i))
	}
	for i := range n / 10 {
		c.AllowOrigins = append(c.AllowOrigins, fmt.Sprintf("https://*.tenant%d.example.net", i), fmt.Sprintf("http://host%d.localhost:*", i))
	}
	anything := c
	anything.AllowMethods, anything.AllowHeaders = []string{"*"}, []string{"*"}
	spelledOut := anything
	spelledOut.AllowCredentials = true
	asking := c
	asking.AllowOriginFunc = func(context.Context, string) (bool, error) { return false, nil }
	policies := map[string]*cors.Policy{
		"any origin": cors.MustNew(cors.Config{AllowOrigins: []string{"*"}, AllowHeaders: []string{"*"}, ExposeHeaders: []string{"*"}}),
	}
	for name, c := range map[string]cors.Config{
		"lists": c, "any header": anything, `"*" spelled out`: spelledOut, "a predicate": asking,
	} {
		p, err := cors.New(c)
		if err != nil {
			tb.Fatal(err)
		}
		policies[name] = p
	}
	return policies
}

// ordinaryRequests are what browsers and common clients send.
var ordinaryRequests = map[string]cors.Request{
	"no origin":              get(),
	"actual, exact":          get(app),
	"actual, pattern":        get("https://a.b.example.org"),
	"actual, refused":        get("https://evil.example"),
	"actual, same-origin":    from("https://api.example", "api.example", ""),
	"preflight":              preflight("PUT", "authorization,content-type"),
	"preflight, refused":     preflightFrom("https://evil.example", "PUT"),
	"preflight, unknown":     preflight("PATCH", "x-a"),
	"preflight, two lines":   cors.Request{Method: "OPTIONS", Origin: lines(app), RequestMethod: lines("PUT", "PUT")},
	"a broken address":       get("http://[::1::2]"),
	"null":                   get("null"),
	"malformed on preflight": preflightFrom("https://App.example.com", "PUT"),
}

func TestDecideDoesNotAllocate(t *testing.T) {
	for _, n := range []int{0, 1000} {
		for name, p := range boundedPolicies(t, n) {
			for _, requests := range []map[string]cors.Request{ordinaryRequests, hostileRequests} {
				for shape, r := range requests {
					var d cors.Decider = p
					if allocs := testing.AllocsPerRun(10, func() { d.Decide(context.Background(), r) }); allocs != 0 {
						t.Errorf("%s costs %v allocations with %s and %d more origins, want none", shape, allocs, name, n)
					}
					if allocs := testing.AllocsPerRun(10, func() { p.AllowsOrigin(context.Background(), r.Origin.First) }); allocs > 1 {
						t.Errorf("AllowsOrigin costs %v allocations for %s with %s and %d more origins, want one at most: the predicate's copy", allocs, shape, name, n)
					}
				}
			}
		}
	}
}

// TestWhatAllocates pins the two decisions that do allocate, and how much.
func TestWhatAllocates(t *testing.T) {
	policies := boundedPolicies(t, 0)
	borrowed := get("https://" + strings.Repeat("a.", 121) + "example.com")
	borrowed.Borrowed = true
	for name, r := range map[string]cors.Request{
		`"*" spelled out`: preflight("PUT", strings.Repeat("x-0123456789 ,", 64)), // joined anew
		"a predicate":     borrowed,                                               // given a copy
	} {
		const runs = 50
		var d cors.Decider = policies[name]
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n := testing.AllocsPerRun(runs, func() { d.Decide(context.Background(), r) })
		runtime.ReadMemStats(&after)
		bytes := (after.TotalAlloc - before.TotalAlloc) / (runs + 1)
		if n == 0 || n > 2 || bytes > 8<<10 {
			t.Errorf("with %s a decision costs %v allocations and %d bytes, want one or two and 8 KiB at most", name, n, bytes)
		}
	}
}

// TestDecisionsDoNotWalkTheOrigins complements the same check in the package of
// the set: nothing but CredentialedOrigins goes through all exact origins.
func TestDecisionsDoNotWalkTheOrigins(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if name == "policy.go" {
			want = 1
		}
		if n := strings.Count(string(data), ".ExactOrigins"); n != want && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s mentions the walk over all origins %d times, want %d", name, n, want)
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	for _, n := range []int{0, 1000} {
		for name, p := range boundedPolicies(b, n) {
			for _, requests := range []map[string]cors.Request{
				hostileRequests,
				{"ordinary: actual": ordinaryRequests["actual, exact"], "ordinary: preflight": ordinaryRequests["preflight"]},
			} {
				for shape, r := range requests {
					b.Run(fmt.Sprintf("%s/n=%d/%s", name, n, shape), func(b *testing.B) {
						var d cors.Decider = p
						b.ReportAllocs()
						for b.Loop() {
							d.Decide(context.Background(), r)
						}
					})
				}
			}
		}
	}
}
