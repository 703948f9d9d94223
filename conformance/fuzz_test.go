package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// The oracles of this file say what a policy promises in plain words. They share
// no code with the core, and are meant to be checked by eye.

// The shapes that a serialized origin is made of.
var (
	originShape = regexp.MustCompile(`^([a-z][a-z0-9+.-]{0,63})://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::([1-9][0-9]{0,4}))?$`)
	hostShape   = regexp.MustCompile(`^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$`)
	numberShape = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)\.?$`) // the host ends in a number
)

// splitOrigin cuts up a serialized origin; false if s is none.
func splitOrigin(s string) (scheme, host, port string, ok bool) {
	m := originShape.FindStringSubmatch(s)
	if m == nil {
		return "", "", "", false
	}
	scheme, host, port = m[1], m[2], m[3]
	web := scheme == "http" || scheme == "https"
	n, _ := strconv.Atoi(port)
	switch {
	case n > 65535, scheme == "http" && port == "80", scheme == "https" && port == "443":
		return "", "", "", false
	case web && isIP(host):
		return scheme, host, port, true
	case web && numberShape.MatchString(host):
		return "", "", "", false // no IP address, and no name either
	}
	return scheme, host, port, hostShape.MatchString(host) && len(host) <= 253
}

// isIP reports whether a host is an IP address as browsers write it.
func isIP(host string) bool {
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	addr, err := netip.ParseAddr(bare)
	switch {
	case err != nil || addr.Zone() != "":
		return false
	case addr.Is4():
		return addr.String() == host
	case addr.Is4In6(): // netip has dots in these
		b := addr.As16()
		return host == fmt.Sprintf("[::ffff:%x:%x]", int(b[12])<<8|int(b[13]), int(b[14])<<8|int(b[15]))
	}
	return "["+addr.String()+"]" == host
}

// isPattern reports whether AllowOrigins may hold s, but for "*" and "null", if
// all dangers are allowed.
func isPattern(s string) bool {
	scheme, rest, _ := strings.Cut(s, "://")
	switch scheme {
	case "file", "data", "blob", "about", "javascript", "filesystem", "ws", "wss": // of no page's origin
		return false
	}
	if rest == "*" {
		_, _, _, ok := splitOrigin(scheme + "://x")
		return ok && scheme != "http" && scheme != "https"
	}
	rest, below := strings.CutPrefix(rest, "*.")
	rest, _ = strings.CutSuffix(rest, ":*")
	_, host, port, ok := splitOrigin(scheme + "://" + rest)
	ip := (scheme == "http" || scheme == "https") && isIP(host)
	twice := port != "" && strings.HasSuffix(s, ":*")
	return ok && len(s) <= 326 && !twice && !strings.HasSuffix(host, ".") && !(below && (ip || len(host) > 251))
}

// matchesPattern reports whether a pattern, which is one, matches an origin.
func matchesPattern(pattern, origin string) bool {
	scheme, host, port, ok := splitOrigin(origin)
	wantScheme, want, _ := strings.Cut(pattern, "://")
	if !ok || scheme != wantScheme {
		return false
	}
	if want == "*" {
		return true
	}
	want, anyPort := strings.CutSuffix(want, ":*")
	if !anyPort && port != "" {
		if want, ok = strings.CutSuffix(want, ":"+port); !ok {
			return false
		}
	}
	if base, below := strings.CutPrefix(want, "*."); below {
		return strings.HasSuffix(host, "."+base) && host != "."+base
	}
	return host == want
}

// allowsOrigin reports whether a Config without a predicate allows an origin.
func allowsOrigin(c cors.Config, origin string) bool {
	if origin == "null" {
		return c.DangerouslyAllowNullOrigin || slices.Contains(c.AllowOrigins, "*")
	}
	_, _, _, ok := splitOrigin(origin)
	return ok && slices.ContainsFunc(c.AllowOrigins, func(p string) bool { return p == "*" || matchesPattern(p, origin) })
}

// FuzzOrigins compares the core's matcher, and what it takes for a pattern, with
// the naive ones above. The patterns are lines.
func FuzzOrigins(f *testing.F) {
	for _, c := range Cases() {
		config, err := cors.ParseConfig(c.PolicyFile)
		require.NoError(f, err)
		for _, field := range c.Request.Headers {
			if field.Name == "Origin" {
				f.Add(strings.Join(config.AllowOrigins, "\n"), field.Value)
			}
		}
	}
	for _, origin := range []string{
		"https://a.b", "https://a.b.", "https://a.b:1", "http://1.2.3.4", "http://1.2.3.4:80", "http://1.2.3.4.", "http://1.2.3", "http://a.0x", "https://[::1]",
		"https://[::ffff:102:304]", "https://[::ffff:1.2.3.4]", "https://[1:0:0:2::]", "https://[1::2:0:0:3]", "https://[1:2:3::5:6:7:8]", "moz-extension://0f1e", "a://1.2.3", "file://x",
	} {
		f.Add(origin, origin)
		f.Add("https://*.b\nhttp://*.2.3.4\nhttps://a.b:*\na://*\nhttps://*.b:*", origin)
	}
	f.Fuzz(func(t *testing.T, lines, origin string) {
		config := cors.Config{DangerouslyAllowAnyExtension: true}
		patterns := strings.Split(lines, "\n")
		if len(patterns) > 100 {
			return
		}
		for _, p := range patterns {
			_, err := cors.New(cors.Config{AllowOrigins: []string{p}, DangerouslyAllowAnyExtension: true})
			accepted := err == nil
			if want := p == "*" || isPattern(p); accepted != want {
				t.Errorf("New accepts the pattern %q: %v, want %v", p, accepted, want)
			}
			if accepted && (p != "*" || len(patterns) == 1) {
				config.AllowOrigins = append(config.AllowOrigins, p)
			}
		}
		if len(config.AllowOrigins) == 0 {
			return
		}
		policy, err := cors.New(config)
		require.NoError(t, err, "New accepts each pattern, but not all of them")
		for _, o := range append(patterns, origin) { // what looks like a pattern of the policy is the worst of origins
			if got, want := policy.AllowsOrigin(context.Background(), o), allowsOrigin(config, o); got != want {
				t.Errorf("%q allows the origin %q: %v, want %v", config.AllowOrigins, o, got, want)
			}
		}
	})
}

// What a browser does with methods and header names, in plain words.

func normalizedMethod(method string) string {
	for _, m := range []string{"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"} {
		if strings.EqualFold(m, method) {
			return m
		}
	}
	return method
}

func needsNoPermission(method string) bool {
	return method == "GET" || method == "HEAD" || method == "POST"
}

// headersToAskFor returns those of the headers with the value "1" that scripts
// can set, and that need permission.
func headersToAskFor(names []string) (unsafe []string) {
	for _, name := range names {
		switch name = strings.ToLower(name); name {
		case "accept", "accept-language", "content-language": // "1" is safe in these
		case "accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method",
			"connection", "content-length", "cookie", "cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin",
			"referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via": // the browser's own
		default:
			if !strings.HasPrefix(name, "proxy-") && !strings.HasPrefix(name, "sec-") {
				unsafe = append(unsafe, name)
			}
		}
	}
	return unsafe
}

func containsName(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// allowsMethod reports whether a Config lets scripts use a normalized method.
func allowsMethod(c cors.Config, method string) bool {
	return needsNoPermission(method) || slices.ContainsFunc(c.AllowMethods, func(m string) bool { return m == "*" || normalizedMethod(m) == method })
}

// allowsHeaders reports whether a Config lets scripts set all of the headers.
func allowsHeaders(c cors.Config, names []string) bool {
	for _, name := range names {
		wildcard := slices.Contains(c.AllowHeaders, "*") && (name != "authorization" || c.AllowCredentials)
		if !wildcard && !containsName(c.AllowHeaders, name) {
			return false
		}
	}
	return true
}

// The flags of FuzzBrowser.
const (
	allowCredentials = 1 << iota
	allowNull
	allowInsecure
	allowSuffixes
	rejectDisallowed
	includeCredentials
	omitCredentials
	noCORS
	flags // is beyond all of them
)

const (
	server   = "https://api.example" // as in the table
	handlers = "X-Total X-Secret Set-Cookie Content-Type Vary"
)

// FuzzBrowser sends what a browser sends, to a server with a random policy, and
// compares what the page gets with what the policy promises. Lists are words.
func FuzzBrowser(f *testing.F) {
	for i, c := range Cases() {
		config, err := cors.ParseConfig(c.PolicyFile)
		require.NoError(f, err)
		flag := func(set bool, flag int) int {
			if set {
				return flag
			}
			return 0
		}
		set := flag(config.AllowCredentials, allowCredentials) | flag(config.DangerouslyAllowNullOrigin, allowNull) |
			flag(config.DangerouslyAllowInsecureOrigins, allowInsecure) | flag(config.DangerouslyAllowPublicSuffixes, allowSuffixes) |
			flag(config.RejectDisallowed, rejectDisallowed) |
			flag(i%2 == 0, includeCredentials) | flag(i%3 == 0, omitCredentials) | flag(i%5 == 0, noCORS)
		h := c.Request.HTTP().Header
		method := c.Request.Method
		if asked := h.Get("Access-Control-Request-Method"); asked != "" {
			method = asked
		}
		words := func(list []string) string { return strings.Join(list, " ") }
		f.Add(words(config.AllowOrigins), words(config.AllowMethods), words(config.AllowHeaders), words(config.ExposeHeaders),
			int(config.MaxAge/time.Second), config.PreflightStatus, set,
			h.Get("Origin"), method, strings.ReplaceAll(h.Get("Access-Control-Request-Headers"), ",", " "))
	}
	const app = "https://app.example.com"
	f.Add(app, "PUT DELETE", "X-A X-B", "X-Total", 60, 204, allowCredentials|includeCredentials, app, "put", "x-a")
	f.Add(app, "*", "*", "X-Total", 60, 200, allowCredentials|includeCredentials, app, "patch", "authorization x-a")
	f.Add("*", "*", "* Authorization", "*", 0, 0, 0, app, "DELETE", "Authorization X-A")
	f.Add("*", "*", "*", "*", -1, 0, 0, app, "DELETE", "Authorization X-A")
	f.Add(app, "", "", "", 0, 0, rejectDisallowed, server, "PUT", "X-A")
	f.Add(app, "", "", "", 0, 0, rejectDisallowed, "http://api.example", "POST", "")
	f.Add(app, "", "", "", 0, 0, rejectDisallowed|noCORS, "https://evil.example", "POST", "")
	f.Add(app, "", "", "", 0, 0, 0, app, "TRACE", "")

	f.Fuzz(func(t *testing.T, origins, methods, allowHeaders, expose string, maxAge, status, set int, origin, method, headers string) {
		config := cors.Config{
			AllowOrigins: strings.Fields(origins), AllowMethods: strings.Fields(methods),
			AllowHeaders: strings.Fields(allowHeaders), ExposeHeaders: strings.Fields(expose),
			MaxAge: time.Duration(maxAge) * time.Second, PreflightStatus: status,
			AllowCredentials: set&allowCredentials != 0, RejectDisallowed: set&rejectDisallowed != 0,
			DangerouslyAllowNullOrigin:      set&allowNull != 0,
			DangerouslyAllowInsecureOrigins: set&allowInsecure != 0,
			DangerouslyAllowPublicSuffixes:  set&allowSuffixes != 0,
			DangerouslyAllowAnyExtension:    true,
		}
		names := strings.Fields(headers)
		switch _, _, _, ok := splitOrigin(origin); {
		case maxAge > 1<<20 || maxAge < -1<<20: // a Duration that has wrapped around is another
		case !ok && origin != "null" || len(origin) > 326: // no page has it
		case len(names) > 20 || len(headers) > 500 || len(method) > 100: // echoing has its bounds
		default:
			browse(t, config, fetchRequest(set, origin, method), names)
		}
	})
}

// fetchRequest returns a request without headers, by the flags.
func fetchRequest(set int, origin, method string) fetch.Request {
	r := fetch.Request{Origin: origin, URL: server + "/items", Method: method}
	if set&includeCredentials != 0 {
		r.Credentials = fetch.Include
	} else if set&omitCredentials != 0 {
		r.Credentials = fetch.Omit
	}
	if set&noCORS != 0 {
		r.Mode = fetch.ModeNoCORS
	}
	return r
}

// TestBrowserAtRandom draws policies and requests that have much to do with each
// other, which mutations of bytes seldom have.
func TestBrowserAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	some := func(pool ...string) (words []string) {
		for _, word := range pool {
			if random.IntN(3) == 0 {
				words = append(words, word)
			}
		}
		return words
	}
	one := func(pool ...string) string { return pool[random.IntN(len(pool))] }
	reached := map[string]int{}
	for range 5_000 {
		config := cors.Config{
			AllowOrigins:     some("https://app.example.com", "https://*.example.com", "http://localhost:*", "https://*.example.org:*", "moz-extension://*"),
			AllowMethods:     some("put", "DELETE", "patch", "PATCH", "GET"),
			AllowHeaders:     some("X-A", "x-b", "Authorization", "Content-Type"),
			ExposeHeaders:    some("X-Total", "x-secret"),
			MaxAge:           time.Duration(random.IntN(4)-1) * time.Second,
			PreflightStatus:  []int{0, 200, 204, 299}[random.IntN(4)],
			AllowCredentials: random.IntN(2) == 0, RejectDisallowed: random.IntN(2) == 0,
			DangerouslyAllowNullOrigin: random.IntN(2) == 0, DangerouslyAllowAnyExtension: random.IntN(2) == 0,
		}
		if random.IntN(4) == 0 {
			config.AllowOrigins = []string{"*"}
		}
		if random.IntN(4) == 0 {
			config.AllowMethods = []string{"*"}
		}
		if random.IntN(4) == 0 {
			config.AllowHeaders = append(some("Authorization"), "*")
		}
		if random.IntN(4) == 0 {
			config.ExposeHeaders = []string{"*"}
		}
		origin := one("https://app.example.com", "https://a.b.example.com", "https://example.com", "https://app.example.com:444", "http://localhost",
			"http://localhost:3000", "http://app.localhost", "https://x.example.org", "https://x.example.org:1", "https://xexample.org", "moz-extension://0f1e",
			"null", "https://api.example", "http://api.example", "https://evil.example")
		method := one("", "GET", "head", "POST", "PUT", "put", "DELETE", "patch", "PATCH", "OPTIONS", "PURGE", "TRACE")
		r := fetchRequest(random.IntN(flags), origin, method)
		if o := browse(t, config, r, some("x-a", "X-B", "authorization", "Content-Type", "accept", "X-C", "Cookie")); o != nil {
			reached[o.Result.String()+" "+o.Failure.Reason.String()]++
		}
		if t.Failed() {
			return // one is enough to read
		}
	}
	for _, end := range []string{
		"readable none", "opaque none", "blocked missing-allow-origin", "blocked wildcard-allow-origin", "blocked invalid-allow-credentials",
		"blocked method-not-allowed", "blocked header-not-allowed", "blocked invalid-request",
	} {
		assert.Greater(t, reached[end], 20, "few outcomes are %s: %v", end, reached)
	}
}

// browse sends r, with headers of the given names, to a server with a policy,
// and checks what comes of it. The outcome is nil if New refuses the policy.
func browse(t *testing.T, config cors.Config, r fetch.Request, names []string) *fetch.Outcome {
	policy, err := cors.New(config)
	if err != nil {
		return nil
	}
	b := &browser{t: t, config: config, now: time.Unix(0, 0)}
	b.cache.Now = func() time.Time { return b.now }
	b.server = corshttp.New(policy)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.handled++
		for _, name := range strings.Fields(handlers) {
			w.Header().Add(name, "1")
		}
	}))
	r.Header = http.Header{}
	for _, name := range names {
		r.Header.Set(name, "1")
	}
	o := b.fetch(r)
	b.check(r, names, o)
	return &o
}

// A browser and its server, for one request and those that follow it.
type browser struct {
	t       *testing.T
	config  cors.Config
	server  http.Handler
	handled int // how often the handler ran
	cache   fetch.Cache
	now     time.Time
}

func (b *browser) fetch(r fetch.Request) fetch.Outcome {
	b.handled = 0
	return fetch.Fetch(b.t.Context(), r, func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		b.server.ServeHTTP(w, r)
		return w.Result(), nil
	}, &b.cache)
}

// check compares what has come of r, whose headers have the given names, with
// what the Config says.
func (b *browser) check(r fetch.Request, names []string, o fetch.Outcome) {
	t, c, method := b.t, b.config, normalizedMethod(r.Method)
	if method == "" {
		method = "GET"
	}
	noMethod := containsName([]string{"CONNECT", "TRACE", "TRACK"}, method) || !isMethodOrName(method) || r.Mode == fetch.ModeNoCORS && !needsNoPermission(method)
	noName := slices.ContainsFunc(names, func(name string) bool { return !isMethodOrName(name) })
	if noMethod || noName {
		assert.Equal(t, fetch.InvalidRequest, o.Failure.Reason, "scripts can send the method %q and the headers %q", r.Method, names)
		assert.Empty(t, o.Sent)
		return
	}
	sameOrigin := r.Origin == server
	allowed := allowsOrigin(c, r.Origin)
	asked := headersToAskFor(names)
	preflight := !sameOrigin && r.Mode == fetch.ModeCORS && (!needsNoPermission(method) || len(asked) > 0)

	// What the policy promises, in the order in which a browser finds out.
	want := fetch.None
	switch include := r.Credentials == fetch.Include; {
	case sameOrigin || r.Mode == fetch.ModeNoCORS: // there is no CORS check
	case !allowed:
		want = fetch.MissingAllowOrigin
	case include && slices.Contains(c.AllowOrigins, "*"):
		want = fetch.WildcardAllowOrigin
	case include && !c.AllowCredentials:
		want = fetch.InvalidAllowCredentials
	case preflight && !allowsMethod(c, method):
		want = fetch.MethodNotAllowed
	case preflight && !allowsHeaders(c, asked):
		want = fetch.HeaderNotAllowed
	}
	assert.Equal(t, want.String(), o.Failure.Reason.String(), "the cause for %s %s from %s under %+v", r.Method, names, r.Origin, c)
	assert.Equal(t, preflight, o.Preflights() == 1, "there is a CORS-preflight request")

	// The handler runs unless a CORS-preflight request fails, or the policy rejects.
	hasOrigin := r.Mode == fetch.ModeCORS && !sameOrigin || method != "GET" && method != "HEAD"
	own := strings.HasSuffix(r.Origin, "://api.example") // Origin and Host have the same host and port
	rejected := c.RejectDisallowed && hasOrigin && !allowed && !own
	runs := !rejected && !(preflight && want != fetch.None)
	assert.Equal(t, runs, b.handled == 1, "the handler ran %d times", b.handled)

	switch {
	case want != fetch.None:
		assert.Equal(t, fetch.Blocked, o.Result)
		assert.Empty(t, o.Header)
		return
	case r.Mode == fetch.ModeNoCORS && !sameOrigin:
		assert.Equal(t, fetch.Opaque, o.Result)
		assert.Empty(t, o.Header)
		return
	}
	assert.Equal(t, fetch.Readable, o.Result)
	for _, name := range strings.Fields(handlers) {
		exposed := sameOrigin || name == "Content-Type" || containsName(c.ExposeHeaders, name) || slices.Contains(c.ExposeHeaders, "*")
		assert.Equal(t, exposed && name != "Set-Cookie", o.Header[name] != nil, "the script reads %s", name)
	}
	if preflight {
		b.checkCache(r)
	}
}

// checkCache checks, after r has passed its CORS-preflight request, that the
// answer to that serves every other method and header that the policy lists,
// until it is too old.
func (b *browser) checkCache(r fetch.Request) {
	c := b.config
	if c.AllowCredentials && (slices.Contains(c.AllowMethods, "*") || slices.Contains(c.AllowHeaders, "*")) {
		return // the answers spell out what was asked for, and nothing else
	}
	methods := []string{"GET", "POST"}
	for _, m := range c.AllowMethods {
		if m == "*" {
			m = "PURGE"
		}
		methods = append(methods, m)
	}
	r.Header = http.Header{}
	for _, name := range c.AllowHeaders {
		if name == "*" {
			name = "X-Anything"
		}
		r.Header.Set(name, "1")
	}
	age := b.config.MaxAge
	switch age {
	case 0:
		age = 5 * time.Second
	case cors.NoPreflightCache:
		age = 0
	}
	b.now = b.now.Add(max(age-1, 0))
	for _, r.Method = range methods {
		o := b.fetch(r)
		needed := !needsNoPermission(normalizedMethod(r.Method)) || len(headersToAskFor(c.AllowHeaders)) > 0
		assert.Equal(b.t, fetch.Readable, o.Result, "%s with all allowed headers under %+v", r.Method, c)
		assert.Equal(b.t, age == 0 && needed, o.Preflights() == 1, "there is a second CORS-preflight request, for %s, under %+v", r.Method, c)
	}
	b.now = b.now.Add(1)
	r.Method = methods[len(methods)-1]
	needed := !needsNoPermission(normalizedMethod(r.Method)) || len(headersToAskFor(c.AllowHeaders)) > 0
	assert.Equal(b.t, needed, b.fetch(r).Preflights() == 1, "there is another CORS-preflight request after %v", age)
}

var tokenShape = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func isMethodOrName(s string) bool { return tokenShape.MatchString(s) }

// TestBrowser checks that what the table expects leads to the outcome that the
// case's reason promises, for every request that a browser can send. Those are:
// one Origin line that holds "null" or a serialized origin and, if the request
// is meant as a CORS-preflight request, one method that is normalized, and at most one line
// of sorted header names in lower case. In other requests the reason is the
// core's alone to give.
func TestBrowser(t *testing.T) {
	judged := map[string]int{}
	for _, c := range Cases() {
		h := c.Request.HTTP().Header
		if c.Kind == "" || !browserSends(c.Request.Method, h) {
			continue
		}
		judged[c.Kind+" "+c.Reason]++
		t.Run(c.Name, func(t *testing.T) {
			response := http.Header{}
			for name, value := range c.Response.Headers {
				response.Set(name, value)
			}
			credentials := fetch.SameOrigin
			if response.Get("Access-Control-Allow-Credentials") != "" {
				credentials = fetch.Include
			}
			var f fetch.Failure
			if c.Kind == "preflight" {
				f = fetch.CheckPreflight(&http.Request{Header: h}, credentials, c.Response.Status[0], response)
			} else {
				f = fetch.Check(fetch.Request{Origin: h.Get("Origin"), Credentials: credentials}, response)
			}
			want := map[string]fetch.Reason{
				"allowed":            fetch.None,
				"origin-not-allowed": fetch.MissingAllowOrigin,
				"predicate-failed":   fetch.MissingAllowOrigin,
				"method-not-allowed": fetch.MethodNotAllowed,
				"header-not-allowed": fetch.HeaderNotAllowed,
			}
			reason, known := want[c.Reason]
			assert.True(t, known, "a browser gets the reason %s", c.Reason)
			assert.Equal(t, reason.String(), f.Reason.String(), "%s The value is %q.", c.Clause, f.Value)
		})
	}
	for _, kind := range []string{
		"actual allowed", "actual origin-not-allowed", "actual predicate-failed", "preflight allowed", "preflight origin-not-allowed",
		"preflight predicate-failed", "preflight method-not-allowed", "preflight header-not-allowed",
	} {
		assert.NotZero(t, judged[kind], "no browser sends a case of the kind: %s", kind)
	}
}

func browserSends(method string, h http.Header) bool {
	origin := h["Origin"]
	if len(origin) != 1 {
		return false
	}
	if _, _, _, ok := splitOrigin(origin[0]); !ok && origin[0] != "null" {
		return false
	}
	asked, isPreflight := h["Access-Control-Request-Method"]
	lists := h["Access-Control-Request-Headers"]
	if method != "OPTIONS" || !isPreflight {
		return !isPreflight && lists == nil // scripts cannot set them
	}
	names := strings.Split(strings.Join(lists, ","), ",")
	return len(asked) == 1 && isMethodOrName(asked[0]) && normalizedMethod(asked[0]) == asked[0] &&
		!containsName([]string{"CONNECT", "TRACE", "TRACK"}, asked[0]) &&
		(lists == nil || len(lists) == 1 && slices.IsSorted(names) && len(slices.Compact(slices.Clone(names))) == len(names) &&
			!slices.ContainsFunc(names, func(n string) bool { return !isMethodOrName(n) || n != strings.ToLower(n) }))
}
