package cors_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	cors "github.com/corskit/corskit/core"
)

// asked is the one origin that the predicate of a random Config allows, and
// down the one that it cannot tell about.
const (
	asked = "https://asked.example"
	down  = "https://down.example"
)

// TestPolicyProperty draws Configs at random. What New accepts allows every
// origin that its patterns stand for, and none of those that look like them.
func TestPolicyProperty(t *testing.T) {
	accepted := 0
	seen := map[string]map[bool]int{} // near misses by kind, and whether they are allowed after all
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 0))
		c := randomConfig(rng)
		p, err := cors.New(c)
		if err != nil {
			continue
		}
		accepted++
		checkPolicy(t, p, c, rng, seen)
		if t.Failed() {
			t.Fatalf("that was with the seed %d", seed)
		}
	}
	if accepted < 200 {
		t.Errorf("New accepts %d of 400 random Configs, too few to tell anything", accepted)
	}
	for kind, n := range seen {
		if n[false] == 0 {
			t.Errorf("no origin with %s was ever outside of a policy", kind)
		}
	}
}

// FuzzPolicy checks the same of Configs with other patterns, and of any origin,
// alone and in front of a host that is allowed. Its seeds are its own: the core
// cannot reach the case table, from which the fuzz targets beside it are seeded.
func FuzzPolicy(f *testing.F) {
	f.Add(uint64(1), "https://*.example.com https://example.com:8443 http://localhost:*", "https://a.example.com")
	f.Add(uint64(2), "https://*.a.b:* app://* http://[::1]:*", "app://0.a:1")
	f.Add(uint64(3), "https://*.com http://127.0.0.1:8080 https://a_b.c", "https://a.com.")
	f.Add(uint64(4), "* null", "null")
	f.Fuzz(func(t *testing.T, seed uint64, patterns, origin string) {
		rng := rand.New(rand.NewPCG(seed, 0))
		c := randomConfig(rng)
		for _, text := range strings.Fields(patterns) {
			with := c
			with.AllowOrigins = append(slices.Clip(c.AllowOrigins), text)
			if _, err := cors.New(with); err == nil {
				c = with
			}
		}
		p, err := cors.New(c)
		if err != nil {
			return
		}
		checkOrigin(t, p, c, origin, covers(c, origin))
		for _, pattern := range c.AllowOrigins {
			in := inside(rng, pattern)
			checkOrigin(t, p, c, in, true)
			_, host, _ := strings.Cut(in, "://")
			checkOrigin(t, p, c, origin+host, covers(c, origin+host))
		}
	})
}

// checkPolicy checks p, made from c, with origins drawn from each of its
// patterns and from their surroundings.
func checkPolicy(t *testing.T, p *cors.Policy, c cors.Config, rng *rand.Rand, seen map[string]map[bool]int) {
	for _, pattern := range append([]string{asked, down, "https://*.any.example"}, c.AllowOrigins...) {
		in := inside(rng, pattern)
		drawn := slices.Contains(c.AllowOrigins, pattern) || pattern == asked && c.AllowOriginFunc != nil
		if drawn && !covers(c, in) {
			t.Fatalf("the test is wrong: %q is drawn from %q, but not covered by it", in, pattern)
		}
		checkOrigin(t, p, c, in, covers(c, in))
		for kind, miss := range nearMisses(rng, in, pattern, c) {
			want := covers(c, miss)
			if seen[kind] == nil {
				seen[kind] = map[bool]int{}
			}
			seen[kind][want]++
			checkOrigin(t, p, c, miss, want)
		}
	}
}

// checkOrigin checks that all of p is of one mind about an origin.
func checkOrigin(t *testing.T, p *cors.Policy, c cors.Config, origin string, want bool) {
	t.Helper()
	ctx := context.Background()
	if got := p.AllowsOrigin(ctx, origin); got != want {
		t.Errorf("AllowsOrigin(%q) = %v, want %v, with %+v", origin, got, want, c)
	}
	anyOrigin := slices.Contains(c.AllowOrigins, "*")
	for kind, r := range map[string]cors.Request{"an actual": get(origin), "a CORS-preflight": preflightFrom(origin, "PUT")} {
		d := p.Decide(ctx, r)
		granted, says := want, origin
		if anyOrigin {
			// A constant answer, but to CORS-preflight requests from what is no origin.
			granted, says = granted || d.Kind == cors.Actual, "*"
		}
		switch {
		case !granted && d.AllowOrigin+d.AllowCredentials+d.AllowMethods+d.AllowHeaders+d.MaxAge+d.ExposeHeaders != "":
			t.Errorf("%s request from %q is granted %+v, want nothing, with %+v", kind, origin, d, c)
		case granted && d.AllowOrigin != says:
			t.Errorf("%s request from %q is answered with the origin %q, want %q, with %+v", kind, origin, d.AllowOrigin, says, c)
		case granted && (d.AllowCredentials == "true") != c.AllowCredentials:
			t.Errorf("%s request from %q is answered with credentials %q, with %+v", kind, origin, d.AllowCredentials, c)
		case d.Kind == cors.Preflight && want && d.Status/100 != 2, d.Kind == cors.Preflight && !want && d.Status != 403:
			t.Errorf("%s request from %q is answered with %d, though allowed: %v, with %+v", kind, origin, d.Status, want, c)
		case d.Kind != cors.Preflight && (d.Status == 403) != (c.RejectDisallowed && !granted):
			t.Errorf("%s request from %q is answered with %d, though allowed: %v, with %+v", kind, origin, d.Status, want, c)
		}
	}
}

// covers reports whether a Config allows an origin, in the most obvious way.
func covers(c cors.Config, origin string) bool {
	switch {
	case origin == "null":
		return c.DangerouslyAllowNullOrigin || slices.Contains(c.AllowOrigins, "*")
	case c.AllowOriginFunc != nil && origin == asked:
		return true
	}
	return slices.ContainsFunc(c.AllowOrigins, func(pattern string) bool { return covered(pattern, origin) })
}

var (
	anyLabels   = `(?:[a-z0-9_-]+\.)*[a-z0-9_-]+`
	anyOrigin   = regexp.MustCompile(`\A(?:https?://(?:` + anyLabels + `\.?|\[[0-9a-f:]+\])|[a-z][a-z0-9+.-]*://` + anyLabels + `\.?)(?::[0-9]+)?\z`)
	address     = regexp.MustCompile(`\Ahttps?://(?:[^:/]*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?(?::[0-9]+)?\z`)
	dotted      = regexp.MustCompile(`\Ahttps?://(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?::[0-9]+)?\z`)
	originParts = regexp.MustCompile(`\A([^:]+)://(\[[^\]]*\]|[^:]*)(?::([0-9]+))?\z`)
)

// expressions keeps the regular expressions of patterns.
var expressions sync.Map

// expression translates a pattern to a regular expression.
func expression(pattern string) *regexp.Regexp {
	if e, ok := expressions.Load(pattern); ok {
		return e.(*regexp.Regexp)
	}
	scheme, host, _ := strings.Cut(pattern, "://")
	before, after := "", ""
	if host == "*" {
		before, host, after = anyLabels, "", `\.?(?::[0-9]+)?`
	}
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		before, host = `(?:[a-z0-9_-]+\.)+`, rest
	}
	if rest, ok := strings.CutSuffix(host, ":*"); ok {
		host, after = rest, `(?::[0-9]+)?`
	}
	e := regexp.MustCompile(`\A` + regexp.QuoteMeta(scheme+"://") + before + regexp.QuoteMeta(host) + after + `\z`)
	expressions.Store(pattern, e)
	return e
}

// covered reports whether a pattern stands for an origin.
func covered(pattern, origin string) bool {
	whole := anyOrigin
	switch {
	case pattern == "null":
		return false // its flag decides
	case pattern != "*":
		whole = expression(pattern)
	}
	if !whole.MatchString(origin) || address.MatchString(origin) && !dotted.MatchString(origin) {
		return false
	}
	parts := originParts.FindStringSubmatch(origin)
	scheme, host, port := parts[1], parts[2], parts[3]
	if port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 || port != strconv.Itoa(n) || scheme == "https" && n == 443 || scheme == "http" && n == 80 {
			return false
		}
	}
	long := slices.ContainsFunc(strings.Split(host, "."), func(label string) bool { return len(label) > 63 })
	return !long && len(host) <= 253 && len(scheme) <= 64
}

// inside draws an origin that a pattern stands for.
func inside(rng *rand.Rand, pattern string) string {
	scheme, host, _ := strings.Cut(pattern, "://")
	switch {
	case pattern == "null":
		return pattern
	case pattern == "*":
		return pick(rng, "https://a.example", "http://[::1]:8080", "app://0f1e", "null", "https://10.0.0.1")
	case host == "*":
		return scheme + "://" + randomHost(rng, false)
	}
	text := pattern
	if rest, ok := strings.CutSuffix(text, ":*"); ok {
		text = rest + pick(rng, "", ":1", ":8080", ":65535", ":"+strconv.Itoa(1024+rng.IntN(60000)))
	}
	for strings.Contains(text, "://*.") {
		below := pick(rng, "a", "a.b", "x_y", "-", "0", "xn--p1ai", "1.2.3", randomHost(rng, false))
		if len(text)+len(below) > 200 {
			below = "a"
		}
		text = strings.Replace(text, "://*.", "://"+below+".", 1)
	}
	return text
}

// nearMisses returns what resembles an origin drawn from a pattern. Some may be
// inside of another pattern.
func nearMisses(rng *rand.Rand, in, pattern string, c cors.Config) map[string]string {
	scheme, rest, _ := strings.Cut(in, "://")
	host, port := rest, ""
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		host, port = rest[:i], rest[i:]
	}
	at := func(host string) string { return scheme + "://" + host + port }
	_, parent, _ := strings.Cut(host, ".")
	i := rng.IntN(len(host) + 1)
	other := inside(rng, pick(rng, append([]string{asked}, c.AllowOrigins...)...))
	return map[string]string{
		"http":                        strings.Replace(in, "https:", "http:", 1),
		"https":                       strings.Replace(in, "http:", "https:", 1),
		"a longer scheme":             "x" + in,
		"a shorter scheme":            in[1:],
		"no scheme":                   rest,
		"a port more":                 scheme + "://" + host + ":8443",
		"the port 0":                  scheme + "://" + host + ":0",
		"a default port":              scheme + "://" + host + pick(rng, ":443", ":80"),
		"a leading zero in its port":  scheme + "://" + host + ":08080",
		"a port too high":             scheme + "://" + host + ":65536",
		"an empty port":               scheme + "://" + host + ":",
		"no port":                     scheme + "://" + host,
		"a digit more":                in + "1",
		"a label more":                at("x." + host),
		"two labels more":             at("x.y." + host),
		"a label less":                at(parent),
		"a look-alike before it":      at("evil" + host),
		"a hyphen before it":          at("evil-" + host),
		"a look-alike behind it":      at(host + "evil"),
		"a domain behind it":          at(host + ".evil.example"),
		"a domain behind its port":    in + ".evil.example",
		"another domain in front":     at("evil.example." + host),
		"another origin in front":     "https://evil.example/" + host,
		"a dot replaced":              at(strings.Replace(host, ".", "x", 1)),
		"a dot removed":               at(strings.Replace(host, ".", "", 1)),
		"a letter replaced":           at(host[:i] + "q" + host[min(i+1, len(host)):]),
		"a byte inserted":             at(host[:i] + string(rune(rng.IntN(256))) + host[i:]),
		"a letter of upper case":      at(strings.ToUpper(host[:i]) + host[i:]),
		"upper case":                  strings.ToUpper(in),
		"a scheme of upper case":      strings.ToUpper(scheme) + "://" + rest,
		"a trailing dot":              at(host + "."),
		"an empty label":              at(strings.Replace(host, ".", "..", 1) + "."),
		"an empty label in front":     at("." + host),
		"a trailing slash":            in + "/",
		"a path":                      in + "/" + host,
		"a query":                     in + "?" + host,
		"a fragment":                  in + "#",
		"a backslash":                 in + `\`,
		"a user":                      at("me@" + host),
		"a user that looks like it":   in + "@evil.example",
		"a blank in front":            " " + in,
		"a blank behind it":           in + " ",
		"a NUL behind it":             in + "\x00",
		"a line end behind it":        in + "\r\n",
		"a second one":                in + " " + other,
		"a second one, with a comma":  in + "," + other,
		"the host of another":         scheme + "://" + host + "." + strings.TrimPrefix(other, "https://"),
		"an escape":                   at(strings.Replace(host, ".", "%2e", 1) + "%2e"),
		"a letter that folds to k":    at(strings.ReplaceAll(host+"k", "k", "\u212a")),
		"a long label":                at(strings.Repeat("a", 64) + "." + host),
		"a long host":                 at(strings.Repeat("a.", 127) + host),
		"nothing but its pattern":     strings.ReplaceAll(pattern, "*", "**"),
		"the null of a sandbox":       pick(rng, "null", "Null", "null ", "null.example"),
		"nothing":                     "",
		"the number of another place": pick(rng, "https://1.2.3", "http://0x7f.1", "http://127.0.0.2", "http://[::2]", "http://[::1%25x]", "https://1"),
	}
}

func pick(rng *rand.Rand, from ...string) string { return from[rng.IntN(len(from))] }

// randomHost draws a host of few different labels, so that patterns overlap.
func randomHost(rng *rand.Rand, special bool) string {
	if special && rng.IntN(8) == 0 {
		return pick(rng, "127.0.0.1", "10.0.0.1", "[::1]", "[2001:db8::1]")
	}
	host := pick(rng, "example", "com", "localhost", "a", "xn--p1ai")
	if !special {
		host = pick(rng, host, "0f1e", "1", "localhost")
	}
	for range rng.IntN(4) {
		host = pick(rng, "a", "b", "ab", "a-b", "a_b", "0", "k", strings.Repeat("l", 63)) + "." + host
	}
	return host
}

func randomPattern(rng *rand.Rand) string {
	scheme := pick(rng, "https", "https", "https", "http", "app", "moz-extension")
	special := strings.HasPrefix(scheme, "http")
	switch n := rng.IntN(40); {
	case n == 0:
		return pick(rng, "null", "https://*", "https://a.example/", "https://*.1.2.3.4", "https://a:443", "https://A", "https://a.*", "")
	case n < 3 && !special:
		return scheme + "://*"
	}
	host := randomHost(rng, special)
	if rng.IntN(3) == 0 {
		host = "*." + host
	}
	return scheme + "://" + host + pick(rng, "", "", "", ":*", ":8443", ":1")
}

func randomConfig(rng *rand.Rand) cors.Config {
	oneIn := func(n int) bool { return rng.IntN(n) == 0 }
	c := cors.Config{
		AllowMethods:                    slices.Repeat([]string{pick(rng, "PUT", "patch", "*")}, rng.IntN(3)),
		AllowHeaders:                    slices.Repeat([]string{pick(rng, "X-A", "Authorization", "*")}, rng.IntN(3)),
		ExposeHeaders:                   slices.Repeat([]string{pick(rng, "X-A", "X-A", "*")}, rng.IntN(2)),
		AllowCredentials:                oneIn(3),
		MaxAge:                          time.Duration(rng.IntN(5)-1) * time.Second,
		PreflightStatus:                 []int{0, 200, 204, 299}[rng.IntN(4)],
		RejectDisallowed:                oneIn(3),
		DangerouslyAllowNullOrigin:      oneIn(8),
		DangerouslyAllowInsecureOrigins: oneIn(2),
		DangerouslyAllowPublicSuffixes:  oneIn(2),
		DangerouslyAllowAnyExtension:    oneIn(2),
	}
	switch {
	case oneIn(20):
		c.AllowOrigins = []string{"*"}
	default:
		for range 1 + rng.IntN(5) {
			c.AllowOrigins = append(c.AllowOrigins, randomPattern(rng))
		}
	}
	if oneIn(4) {
		c.AllowOriginFunc = func(_ context.Context, origin string) (bool, error) {
			switch {
			case origin == "null" || !covered("*", origin):
				panic(fmt.Sprintf("the predicate is asked about %q", origin))
			case origin == down:
				return true, errors.New("cannot tell")
			}
			return origin == asked, nil
		}
	}
	return c
}
