package adapters

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// scaleSizes are numbers of origins.
var scaleSizes = []int{1, 10, 1000, 100_000, 1_000_000}

// reloadedOrigins is how many origins are reloaded.
const reloadedOrigins = 100_000

// mixedOrigins returns n origins, every tenth of which is a pattern.
func mixedOrigins(n int) []string {
	all := make([]string, n)
	for i := range all {
		if i%10 == 9 {
			all[i] = fmt.Sprintf("https://*.tenant%d.example.org", i)
		} else {
			all[i] = fmt.Sprintf("https://app%d.example.com", i)
		}
	}
	return all
}

// scaleLookups returns origins to be asked for in policies of mixedOrigins(n), and
// the policies. A policy of one origin has no pattern beside it, and so there are
// two of them.
func scaleLookups(n int) (all []scaleLookup) {
	policy := benchPolicy(mixedOrigins(n))
	patterns, tenth := policy, n/20*10+9
	if n < 10 {
		patterns, tenth = benchPolicy(mixedOrigins(10)[9:]), 9
	}
	return []scaleLookup{
		{"exact", policy, fmt.Sprintf("https://app%d.example.com", n/20*10), true},
		{"pattern", patterns, fmt.Sprintf("https://shop.tenant%d.example.org", tenth), true},
		{"refused", policy, fmt.Sprintf("https://bad%d.example.com", n/20*10), false}, // as long as one that is listed
	}
}

type scaleLookup struct {
	name    string
	policy  *cors.Policy
	origin  string
	allowed bool
}

func TestScaleLookups(t *testing.T) {
	for _, n := range scaleSizes[:3] {
		for _, l := range scaleLookups(n) {
			assert.Equal(t, l.allowed, l.policy.AllowsOrigin(t.Context(), l.origin), "%s of %d", l.name, n)
		}
	}
}

// BenchmarkScale measures decisions by the number of origins.
func BenchmarkScale(b *testing.B) {
	for _, n := range scaleSizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for _, l := range scaleLookups(n) {
				b.Run(l.name, func(b *testing.B) {
					var d cors.Decider = l.policy
					ctx := b.Context()
					r := cors.Request{Method: "GET", Origin: cors.NewLines([]string{l.origin})}
					b.ReportAllocs()
					for b.Loop() {
						d.Decide(ctx, r)
					}
				})
			}
		})
	}
}

// BenchmarkBuild measures the time and the memory that a policy takes for each
// origin, beyond the strings of its configuration.
func BenchmarkBuild(b *testing.B) {
	for _, n := range scaleSizes[2:] {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			origins := mixedOrigins(n)
			before := heap()
			p := benchPolicy(origins)
			held := float64(heap()-before) / float64(n)
			runtime.KeepAlive(p)
			p = nil
			for b.Loop() {
				benchPolicy(origins)
			}
			runtime.KeepAlive(origins)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/origin")
			b.ReportMetric(held, "B/origin")
		})
	}
}

// heap returns the number of bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkReload puts in large policies while requests are answered, and measures
// the slowest of these too.
func BenchmarkReload(b *testing.B) {
	origins := mixedOrigins(reloadedOrigins)
	live := cors.NewLive(benchPolicy(origins))
	call := netHTTPStack(corshttp.New(live)).prepare(http.MethodGet, benchCase{origin: origins[0]}.fields())

	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	var slowest time.Duration
	var running sync.WaitGroup
	running.Go(func() { // one client, so that of two processors it has one
		for ctx.Err() == nil {
			start := time.Now()
			call()
			slowest = max(slowest, time.Since(start))
		}
	})
	for b.Loop() {
		require.NoError(b, live.Reload(func() (cors.Decider, error) { return benchPolicy(origins), nil }))
	}
	stop()
	running.Wait()
	b.ReportMetric(float64(slowest.Nanoseconds()), "slowest-ns")
}
