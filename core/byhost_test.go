package cors_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	cors "github.com/corskit/corskit/core"
)

// hostsOf returns a HostDecider in which each key decides as a policy that
// allows the origin https://key-of-that-index.example alone.
func hostsOf(t testing.TB, keys ...string) *cors.HostDecider {
	t.Helper()
	hosts := map[string]cors.Decider{}
	for i, key := range keys {
		hosts[key] = only(originOf(i))
	}
	h, err := cors.ByHost(hosts)
	if err != nil {
		t.Fatalf("ByHost refuses %q: %v", keys, err)
	}
	return h
}

func originOf(i int) string { return fmt.Sprintf("https://key-%d.example", i) }

// decides returns the one of keys whose policy decides for host, or "none".
func decides(d cors.Decider, host string, keys ...string) string {
	found := "none"
	for i, key := range keys {
		r := get(originOf(i))
		r.Host = host
		if d.Decide(context.Background(), r).AllowOrigin == "" {
			continue
		}
		if found != "none" {
			return "several"
		}
		found = key
	}
	return found
}

func TestByHost(t *testing.T) {
	keys := []string{
		"tenant.example",
		"tenant.example:8443",
		"*.tenant.example",
		"*.tenant.example:8443",
		"admin.tenant.example",
		"*.eu.tenant.example",
		"only-port.example:9000",
		"127.0.0.1",
		"[2001:db8::1]",
		"[2001:db8::1]:8443",
	}
	for host, want := range map[string]string{
		"tenant.example":            "tenant.example",
		"tenant.example:443":        "tenant.example",
		"tenant.example:1":          "tenant.example",
		"tenant.example:8443":       "tenant.example:8443",
		"TENANT.Example":            "tenant.example",
		"TENANT.Example:8443":       "tenant.example:8443",
		"a.tenant.example":          "*.tenant.example",
		"A.Tenant.Example":          "*.tenant.example",
		"a.b.c.tenant.example":      "*.tenant.example",
		"a.tenant.example:8443":     "*.tenant.example:8443",
		"a.tenant.example:8444":     "*.tenant.example",
		"admin.tenant.example":      "admin.tenant.example",
		"ADMIN.tenant.example":      "admin.tenant.example",
		"admin.tenant.example:8443": "admin.tenant.example",
		"x.admin.tenant.example":    "*.tenant.example",
		"eu.tenant.example":         "*.tenant.example",
		"a.eu.tenant.example":       "*.eu.tenant.example",
		"a.eu.tenant.example:8443":  "*.eu.tenant.example",
		"only-port.example:9000":    "only-port.example:9000",
		"127.0.0.1":                 "127.0.0.1",
		"127.0.0.1:8080":            "127.0.0.1",
		"[2001:db8::1]":             "[2001:db8::1]",
		"[2001:DB8::1]:80":          "[2001:db8::1]",
		"[2001:db8::1]:8443":        "[2001:db8::1]:8443",

		"":                          "none",
		"other.example":             "none",
		"example":                   "none",
		"tenant.example.":           "none",
		"a.tenant.example.":         "none",
		".tenant.example":           "none",
		"a..tenant.example":         "none",
		"atenant.example":           "none",
		"tenant.example.evil.test":  "none",
		"evil.test/.tenant.example": "none",
		"u@a.tenant.example":        "none",
		"a b.tenant.example":        "none",
		"*.tenant.example":          "none",
		"a,a.tenant.example":        "none",
		"[a.tenant.example":         "none",
		"[a.tenant.example]":        "none",
		"only-port.example":         "none",
		"only-port.example:9001":    "none",
		"tenant.example:":           "none",
		"tenant.example:0":          "none",
		"tenant.example:08443":      "none",
		"tenant.example:65536":      "none",
		"tenant.example:*":          "none",
		"tenant.example:8443:8443":  "none",
		"0.0.0.1":                   "none",
		"[2001:db8:0:0:0:0:0:1]":    "none",
		"2001:db8::1":               "none",
		strings.Repeat("a", 64) + ".tenant.example":       "none",
		strings.Repeat("a.", 120) + "tenant.example":      "none",
		strings.Repeat("a.", 32<<10) + "tenant.example":   "none",
		strings.Repeat("a.", 100) + "tenant.example:8443": "*.tenant.example:8443",
	} {
		h := hostsOf(t, keys...)
		if got := decides(h, host, keys...); got != want {
			t.Errorf("the Host %.80q is decided by %s, want %s", host, got, want)
		}
	}
}

// TestByHostRefusesAsANilPolicy compares whole decisions, for every kind of
// request.
func TestByHostRefusesAsANilPolicy(t *testing.T) {
	var refuses *cors.Policy
	for name, h := range map[string]*cors.HostDecider{
		"an unknown host":       hostsOf(t, "tenant.example"),
		"a zero HostDecider":    new(cors.HostDecider),
		"a nil HostDecider":     nil,
		"a host that is listed": mustByHost(t, map[string]cors.Decider{"other.example": refuses}),
	} {
		for _, r := range []cors.Request{
			get(), get(app), get("null"), get("evil"), get(app, app), preflight("PUT", "x-a"), preflight(""), from(app, "", ""),
		} {
			r.Host = "other.example"
			want := refuses.Decide(context.Background(), r)
			if got := h.Decide(context.Background(), r); got != want {
				t.Errorf("%s, asked about %+v, decides\n%+v,\nwant what a nil Policy decides:\n%+v", name, r, got, want)
			}
		}
		if d := h.Decide(context.Background(), preflight("PUT")); d.Status != 403 || d.Vary != preflightVary || d.AllowOrigin+d.AllowMethods+d.AllowHeaders != "" {
			t.Errorf("%s answers a CORS-preflight request with %+v, want 403, Vary and no list", name, d)
		}
	}
}

func mustByHost(t testing.TB, hosts map[string]cors.Decider) *cors.HostDecider {
	t.Helper()
	h, err := cors.ByHost(hosts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestByHostReportsEveryFault(t *testing.T) {
	h, err := cors.ByHost(map[string]cors.Decider{
		"https://tenant.example/": only(app),
		"Tenant.example":          nil,
		"tenant.example":          only(app),
		"*":                       only(app),
		"api.tenant.example:443":  only(app),
		"nobody.example":          nil,
	})
	want := []string{
		`ByHost: "*" stands for every host: write a host or host:port such as api.example.com, or *.example.com for every host below it`,
		`ByHost: "Tenant.example" has upper-case letters in its host: write tenant.example`,
		`ByHost: "Tenant.example" has no Decider: give it one made with cors.New, or a nil *cors.Policy to refuse it`,
		`ByHost: "api.tenant.example:443" names the default port of https, which browsers leave out: write api.tenant.example`,
		`ByHost: "https://tenant.example/" has a scheme, which no Host header has: write tenant.example`,
		`ByHost: "nobody.example" has no Decider: give it one made with cors.New, or a nil *cors.Policy to refuse it`,
	}
	if h != nil || err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("ByHost returns %v and the error\n%v\nwant\n%s", h, err, strings.Join(want, "\n"))
	}
	if n := len(cors.ConfigErrors(err)); n != len(want) {
		t.Errorf("ConfigErrors finds %d faults, want %d", n, len(want))
	}
	for name, hosts := range map[string]map[string]cors.Decider{"nil": nil, "empty": {}} {
		const want = "ByHost: names no host, so that every host is refused: name the hosts of your server, such as api.example.com"
		if _, err := cors.ByHost(hosts); err == nil || err.Error() != want {
			t.Errorf("ByHost of a map that is %s returns the error %v, want %s", name, err, want)
		}
	}
}

func TestByHostCopiesTheMap(t *testing.T) {
	hosts := map[string]cors.Decider{"tenant.example": only(originOf(0))}
	h := mustByHost(t, hosts)
	hosts["tenant.example"] = only(other)
	hosts["late.example"] = only(originOf(0))
	if got := decides(h, "tenant.example", "tenant.example"); got != "tenant.example" {
		t.Errorf("after a change of the map, tenant.example is decided by %s", got)
	}
	if got := decides(h, "late.example", "late.example"); got != "none" {
		t.Errorf("a host that was put into the map later is decided by %s", got)
	}
}

// TestByHostAgreesWithANaiveMatcher compares it with one that looks at every
// key, on hosts and keys made of few labels, so that most of them meet.
func TestByHostAgreesWithANaiveMatcher(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	labels := []string{"a", "b", "tenant", "example"}
	name := func(most int) string {
		var parts []string
		for range 1 + random.IntN(most) {
			parts = append(parts, labels[random.IntN(len(labels))])
		}
		return strings.Join(parts, ".")
	}
	port := func() string { return []string{"", "", ":8443", ":9000"}[random.IntN(4)] }
	for range 300 {
		known := map[string]bool{}
		for range 1 + random.IntN(12) {
			known[[]string{"", "*."}[random.IntN(2)]+name(3)+port()] = true
		}
		var keys []string
		for key := range known {
			keys = append(keys, key)
		}
		h := hostsOf(t, keys...)
		for range 20 {
			host := name(5) + port()
			if random.IntN(2) == 0 {
				host = strings.ToUpper(host)
			}
			if got, want := decides(h, host, keys...), naive(keys, host); got != want {
				t.Fatalf("with the keys %q the Host %q is decided by %s, want %s", keys, host, got, want)
			}
		}
	}
}

// naive returns the most specific of the keys that match host.
func naive(keys []string, host string) string {
	host = strings.ToLower(host)
	name, _, _ := strings.Cut(host, ":")
	best, bestRank := "none", -1
	for _, key := range keys {
		below := strings.HasPrefix(key, "*.")
		keyName, keyPort, hasPort := strings.Cut(strings.TrimPrefix(key, "*."), ":")
		if hasPort && host != name+":"+keyPort {
			continue
		}
		rank := 0
		switch {
		case !below && keyName == name:
			rank = 10_000
		case below && strings.HasSuffix(name, "."+keyName):
			rank = 10 * len(keyName)
		default:
			continue
		}
		if hasPort {
			rank++
		}
		if rank > bestRank {
			best, bestRank = key, rank
		}
	}
	return best
}

// TestByHostIsSafeForConcurrentUse is for the race detector.
func TestByHostIsSafeForConcurrentUse(t *testing.T) {
	live := cors.NewLive(only(originOf(0)))
	h := mustByHost(t, map[string]cors.Decider{"a.example": live, "*.b.example": only(originOf(1))})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 500 {
				if i%10 == 0 {
					live.Swap(only(originOf(0)))
				}
				if got := decides(h, "A.example", "a", "b"); got != "a" {
					t.Errorf("A.example is decided by %s", got)
				}
				if got := decides(h, "x.b.example:8443", "a", "b"); got != "b" {
					t.Errorf("x.b.example:8443 is decided by %s", got)
				}
			}
		})
	}
	group.Wait()
}

func TestByHostDoesNotAllocate(t *testing.T) {
	var d cors.Decider = hostsOf(t, "tenant.example", "*.tenant.example:8443", "*.a.b.c.d.example", "[::1]")
	for _, host := range []string{
		"tenant.example", "TENANT.EXAMPLE:8443", "a.b.tenant.example:8443", "unknown.example", "[::1]:80", "",
		strings.Repeat("A.", 120) + "d.example:8443", strings.Repeat("a", 64<<10), strings.Repeat(".", 64<<10), strings.Repeat(":", 64<<10),
	} {
		for _, r := range []cors.Request{get(originOf(0)), preflight("PUT")} {
			r.Host = host
			if n := testing.AllocsPerRun(100, func() { d.Decide(context.Background(), r) }); n != 0 {
				t.Errorf("the Host %.40q costs %v allocations, want none", host, n)
			}
		}
	}
}

func BenchmarkByHost(b *testing.B) {
	var d cors.Decider = hostsOf(b, "tenant.example", "*.tenant.example")
	for name, host := range map[string]string{"exact": "tenant.example", "wildcard": "a.tenant.example", "labels": strings.Repeat("a.", 119) + "tenant.example", "64KiB": strings.Repeat("a.", 32<<10)} {
		r := get(originOf(0))
		r.Host = host
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Decide(context.Background(), r)
			}
		})
	}
}
