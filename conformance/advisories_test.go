package conformance

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// An advisory is a fault that a CORS library had, and what shows that it is not
// ours.
type advisory struct {
	// ids holds the names of the advisory. The first one names the proof, the
	// others are the same advisory elsewhere.
	ids     []string
	library string
	fault   string

	// Of the proofs, at least one is there.
	cases    []string         // cases and refused policies of advisories.json: the first id, in lower case, and what may follow it
	test     func(*testing.T) // what no case can show, run as TestAdvisories/<first id>
	adapters string           // a test of the module conformance/adapters, which looks for its name here
}

// advisories is the index: one entry for each advisory.
var advisories = []advisory{
	// Go.
	{[]string{"CVE-2018-20744", "GO-2023-1792"}, "rs/cors",
		"The origin of any request was sent back where * was configured, so that credentials were allowed to all.",
		[]string{"", "-preflight", "-credentials"}, nil, ""},
	{[]string{"CVE-2025-47908", "GHSA-mh55-gqvf-xfwm", "GO-2024-2883"}, "rs/cors",
		"The list of requested headers was split at every comma, at a cost in memory of a hundred times its length.",
		[]string{""}, testBounds, ""},
	{[]string{"rs/cors#197"}, "rs/cors",
		"A wildcard behind the first letter of the scheme allows nearly all sites, with credentials.",
		[]string{"", "-scheme"}, nil, ""},
	{[]string{"go-chi/cors#36"}, "go-chi/cors",
		"The list of requested headers is read to its end, at a cost in memory of many times its length.",
		[]string{""}, testBounds, ""},
	{[]string{"CVE-2019-25211"}, "gin-contrib/cors",
		"A wildcard at the end was compared one byte too short, so that a longer domain passed.",
		[]string{"", "-path", "-wildcard", "-wildcard-path"}, nil, ""},
	{[]string{"CVE-2024-25124"}, "gofiber/fiber",
		"* was accepted together with credentials.",
		[]string{"", "-no-credentials"}, nil, ""},
	{[]string{"fiber#2915", "fiber@bae48f0e", "fiber@1b961aa9", "fiber#4455"}, "gofiber/fiber",
		"Subdomains were told by the end of a string that nothing had parsed before, and labels could be empty.",
		[]string{"", "-empty-label", "-empty-label-within", "-before-parsing"}, nil, ""},
	{[]string{"CVE-2017-20146", "GHSA-jcr6-mmjj-pchw"}, "gorilla/handlers",
		"The client chose the value of Access-Control-Allow-Origin.",
		[]string{"", "-list"}, nil, ""},
	{[]string{"echo#2400"}, "labstack/echo",
		"With * and credentials every origin was sent back.",
		[]string{""}, nil, ""},
	{[]string{"echo#2405"}, "labstack/echo",
		"With * and credentials every origin can still be sent back, by an option.",
		[]string{""}, nil, ""},
	{[]string{"GHSA-vhxv-fg4m-p2w8"}, "jub0bs/cors",
		"Two listed hosts with an end in common allowed the host that their names make together.",
		[]string{""}, testManyLists, ""},
	{[]string{"GHSA-v84h-653v-4pq9"}, "jub0bs/fcors",
		"Two listed hosts with an end in common allowed the host that their names make together.",
		[]string{""}, testManyLists, ""},

	// JavaScript.
	{[]string{"CVE-2023-49803", "GHSA-qxrj-hx23-xp82"}, "@koa/cors",
		"Every origin was sent back where none was configured.",
		[]string{"", "-empty-list"}, nil, ""},
	{[]string{"GHSA-q7jf-gf43-6x6p"}, "hono",
		"The Vary header of the request was copied into the response, for caches to obey.",
		[]string{"", "-preflight", "-refused"}, nil, ""},
	{[]string{"CVE-2026-54290"}, "hono",
		"With credentials and no origins configured, every origin was sent back.",
		[]string{""}, nil, ""},
	{[]string{"CVE-2025-53092", "GHSA-9329-mxxw-qwf8"}, "Strapi",
		"The default sent every origin back.",
		[]string{""}, nil, ""},
	{[]string{"CVE-2025-24010", "GHSA-vg6x-rcgg-rjx6"}, "Vite",
		"A server for development let every site read its responses and open WebSockets.",
		[]string{"", "-websocket"}, nil, ""},
	{[]string{"CVE-2015-9236", "GHSA-vwrf-r5r4-7775"}, "hapi",
		"The CORS-preflight request to a route without CORS was answered by the default policy.",
		[]string{""}, nil, ""},
	{[]string{"CVE-2015-9243", "GHSA-j3g2-m5jj-6336"}, "hapi",
		"The policies of a route and of the server were merged, so that more was allowed than either meant.",
		[]string{""}, testNotMerged, ""},
	{[]string{"express/cors"}, "express/cors",
		"Regular expressions match anywhere in an origin, and true stands for all origins.",
		[]string{"", "-regexp"}, testNotTrue, ""},

	// Python.
	{[]string{"CVE-2020-25032"}, "flask-cors",
		"The policy was chosen by a path in which .. had not been resolved.",
		nil, nil, "adapters.TestAdvisories/CVE-2020-25032"},
	{[]string{"CVE-2024-1681"}, "flask-cors",
		"Line breaks of a request went into the log, where they forged lines.",
		nil, testNothingLogged, ""},
	{[]string{"CVE-2024-6221"}, "flask-cors",
		"Access to private networks was allowed by default.",
		[]string{"", "-any-origin"}, nil, ""},
	{[]string{"CVE-2024-6839"}, "flask-cors",
		"Of several patterns for paths, the longest text won, not the one that fits best.",
		[]string{""}, testRouterChooses, ""},
	{[]string{"CVE-2024-6844"}, "flask-cors",
		"A + in a path was turned into a blank before the policy was chosen.",
		[]string{"", "-outside"}, nil, "adapters.TestAdvisories/CVE-2024-6844"},
	{[]string{"CVE-2024-6866"}, "flask-cors",
		"The policy was chosen by a path without regard to case, though the router had regard to it.",
		[]string{""}, nil, "adapters.TestAdvisories/CVE-2024-6866"},
	{[]string{"CVE-2026-25478", "GHSA-2p2x-hpg8-cqp2"}, "Litestar",
		"Origins became a regular expression in which a dot stood for any byte.",
		[]string{"", "-wildcard"}, nil, ""},
	{[]string{"Starlette cookie"}, "Starlette, FastAPI",
		"With a cookie in the request, * becomes the origin of the request.",
		[]string{"", "-not-allowed"}, testCookies, ""},

	// Ruby.
	{[]string{"CVE-2017-11173"}, "rack-cors",
		"Origins became a regular expression without an end, so that longer names passed.",
		[]string{"", "-hyphen", "-start"}, nil, ""},
	{[]string{"CVE-2019-18978", "GHSA-pf8f-w267-mq2h"}, "rack-cors",
		"The policy was chosen by a path in which .. had not been resolved, or that was still encoded.",
		nil, nil, "adapters.TestAdvisories/CVE-2019-18978"},

	// Java, Scala, .NET.
	{[]string{"CVE-2018-8014"}, "Tomcat",
		"The default allowed all origins, with credentials.",
		[]string{""}, nil, ""},
	{[]string{"CVE-2021-39185", "GHSA-52cf-226f-rhr6"}, "http4s",
		"The default allowed all origins, with credentials.",
		[]string{""}, nil, ""},
	{[]string{"CVE-2020-5397", "GHSA-7pm4-g2qj-j85x"}, "Spring",
		"CORS-preflight requests reached handlers.",
		[]string{"", "-refused"}, nil, ""},
	{[]string{"CVE-2022-4147", "GHSA-9895-g6x5-xwcp"}, "Quarkus",
		"Requests that need no CORS-preflight request ran, though their origin was refused.",
		[]string{"", "-post", "-default"}, nil, ""},
	{[]string{"CVE-2024-23639", "GHSA-583g-g682-crxf"}, "Micronaut",
		"Any site could have local servers run what needs no CORS-preflight request.",
		[]string{"", "-text-plain"}, nil, ""},
	{[]string{"CVE-2017-8700", "GHSA-3rp6-rjw4-cq39"}, "ASP.NET Core",
		"Responses that the policy withheld could be read; how was not published.",
		[]string{"", "-error"}, nil, ""},

	// Others.
	{[]string{"CVE-2023-35943"}, "Envoy",
		"The response was decided from an Origin header that had been removed in the meantime.",
		nil, testOriginRemoved, ""},
	{[]string{"MCP and LLM servers"}, "several",
		"Servers on localhost trust every origin, or every one on localhost.",
		[]string{"", "-preflight", "-reject", "-websocket"}, nil, ""},
}

// measured holds faults that no advisory names, but that CORS libraries were
// seen to have, with cases from anywhere in the table.
var measured = []struct {
	fault string
	cases []string
}{
	{"Several Origin lines are answered with several lines of Access-Control-Allow-Origin.",
		[]string{"classification/repeated-origin", "classification/repeated-origin-last-allowed", "classification/repeated-origin-both-allowed"}},
	{"Of two lines for the requested method, one is checked and both are sent back.",
		[]string{"classification/options-with-repeated-request-method"}},
	{"The application's own OPTIONS requests are taken for CORS-preflight requests.",
		[]string{"classification/options-without-request-method", "classification/options-without-origin"}},
	{"Vary is missing where one origin is listed, where the request is refused, or where it has no Origin.",
		[]string{"vary/allowed", "vary/rejected", "vary/preflight-refused", "vary/without-origin"}},
	{"The lists are disclosed to origins that are refused.",
		[]string{"preflight/refused", "actual/not-exposing-to-others"}},
	{"Requested headers are sent back as they are, markup and all.",
		[]string{"headerlists/echo-markup", "headerlists/echo-high-bytes", "headerlists/echo-not-a-token", "headerlists/blank-within"}},
	{"Case is folded as in Unicode.",
		[]string{"origins/wildcard-kelvin-sign", "headerlists/kelvin-sign", "origins/exact-upper-case-host"}},
	{"A wildcard matches what is no label.",
		[]string{"origins/wildcard-path", "origins/wildcard-query", "origins/wildcard-percent", "origins/wildcard-empty-label-within", "origins/wildcard-comma", "origins/wildcard-ideographic-full-stop"}},
	{"A wildcard for ports matches what is no port.",
		[]string{"origins/any-port-host-behind", "origins/any-port-userinfo", "origins/any-port-negative", "origins/any-port-zero"}},
	{"Names that start with a digit are taken for addresses.",
		[]string{"origins/extension-digit-first", "origins/label-starting-with-a-digit"}},
	{"Hosts are not compared where the scheme is an application's.",
		[]string{"origins/app-scheme-other-host"}},
	{"A predicate that says yes to all also says it to null.",
		[]string{"predicate/never-asked-about-null", "predicate/never-asked-about-malformed"}},
	{"A site's own requests are refused, or those of its host in another scheme and port are not.",
		[]string{"reject/same-origin", "reject/host-default-port-of-another-scheme", "reject/host-other-port"}},
	{"A string of the request is kept in memory that the server uses again.",
		[]string{"connection/allowed-then-foreign", "connection/predicate-keeps-strings"}},
	{"Null, plain http, public suffixes and whole schemes are allowed to send credentials.",
		[]string{"policies/origin-null", "policies/insecure-with-credentials", "policies/public-suffix-with-credentials", "policies/any-extension-with-credentials"}},
	{"Values get into response headers that hold line breaks, or are no tokens.",
		[]string{"policies/origin-line-break", "policies/header-line-break", "policies/expose-line-break", "policies/method-line-break", "policies/method-not-a-token"}},
}

// TestAdvisories runs the tests of the index, and checks that it is complete:
// that it names all cases of advisories.json, and none that is not there.
func TestAdvisories(t *testing.T) {
	all, unnamed := map[string]bool{}, map[string]bool{}
	note := func(name string) {
		all[name] = true
		if strings.HasPrefix(name, "advisories/") {
			unnamed[name] = true
		}
	}
	for _, c := range Cases() {
		note(c.Name)
	}
	for _, r := range table().refusals {
		note(r.Name)
	}
	other := regexp.MustCompile(`[^a-z0-9]+`)
	seen := map[string]bool{}
	for _, a := range advisories {
		for _, id := range a.ids {
			assert.False(t, seen[id], "%s is in the index twice", id)
			seen[id] = true
		}
		assert.True(t, strings.HasSuffix(a.fault, ".") && len(a.fault) > 20, "the fault of %s is no sentence", a.ids[0])
		assert.NotEmpty(t, a.library, a.ids[0])
		assert.True(t, len(a.cases) > 0 || a.test != nil || a.adapters != "", "nothing shows that %s is not ours", a.ids[0])
		assert.True(t, a.adapters == "" || a.adapters == "adapters.TestAdvisories/"+a.ids[0], "%s has a test of another name: %s", a.ids[0], a.adapters)
		for _, suffix := range a.cases {
			name := "advisories/" + other.ReplaceAllString(strings.ToLower(a.ids[0]), "-") + suffix
			assert.True(t, all[name], "%s names %s, which is not in the table", a.ids[0], name)
			delete(unnamed, name)
		}
		if a.test != nil {
			t.Run(a.ids[0], a.test)
		}
	}
	assert.Empty(t, slices.Sorted(maps.Keys(unnamed)), "the index lacks cases of advisories.json")
	for _, m := range measured {
		for _, name := range m.cases {
			assert.True(t, all[name], "%q names %s, which is not in the table", m.fault, name)
		}
	}
}

const (
	ownOrigin  = "https://app.example.com"
	evilOrigin = "https://evil.example"
)

// preflight returns a CORS-preflight request for PUT, with the given lines of
// requested headers.
func preflight(origin string, headers ...string) *http.Request {
	r := httptest.NewRequest("OPTIONS", "/items", nil)
	r.Header["Origin"] = []string{origin}
	r.Header["Access-Control-Request-Method"] = []string{"PUT"}
	r.Header["Access-Control-Request-Headers"] = headers
	return r
}

func get(origin string) *http.Request {
	r := httptest.NewRequest("GET", "/items", nil)
	r.Header["Origin"] = []string{origin}
	return r
}

// serve returns the response of h to r.
func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// named is a handler that tells its name.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Handler", name) })
}

// testBounds checks that long lists of requested headers cost no memory at all
// in the decision, and in the middleware as much as a short one.
func testBounds(t *testing.T) {
	const mebibyte = 1 << 20
	lists := []struct {
		name  string
		lines []string
	}{
		{"commas", []string{strings.Repeat(",", mebibyte)}},
		{"blanks", []string{strings.Repeat(" ", mebibyte) + "x-api-key"}},
		{"short names", []string{strings.Repeat("a,", mebibyte/2)}},
		{"allowed names", []string{strings.Repeat("x-api-key,", mebibyte/10)}},
		{"one name", []string{strings.Repeat("a", mebibyte)}},
		{"lines of commas", slices.Repeat([]string{strings.Repeat(",", 1000)}, 1000)},
		{"empty lines", make([]string, 30_000)},
	}
	policies := map[string]cors.Config{
		"list":                    {AllowOrigins: []string{ownOrigin}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-Api-Key"}},
		"any":                     {AllowOrigins: []string{ownOrigin}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"*"}},
		"any, with credentials":   {AllowOrigins: []string{ownOrigin}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"*"}, AllowCredentials: true},
		"any origin, any headers": {AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}},
	}
	for name, config := range policies {
		policy := cors.MustNew(config)
		handler := corshttp.New(policy)(http.NotFoundHandler())
		w := &discard{header: http.Header{}}
		served := func(r *http.Request) float64 {
			return testing.AllocsPerRun(10, func() {
				clear(w.header)
				handler.ServeHTTP(w, r)
			})
		}
		usual := served(preflight(ownOrigin, "x-api-key"))
		for _, list := range lists {
			r := preflight(ownOrigin, list.lines...)
			described := *corshttp.Describe(r, nil)
			decided := testing.AllocsPerRun(10, func() { policy.Decide(context.Background(), described) })
			assert.Zero(t, decided, "policy %s: the decision about 1 MiB of %s allocates", name, list.name)
			assert.LessOrEqual(t, served(r), usual, "policy %s: 1 MiB of %s allocates more than one name", name, list.name)
			assert.Equal(t, cors.HeaderNotAllowed, policy.Decide(t.Context(), described).Reason, "policy %s: %s", name, list.name)
		}
	}
}

// A discard is a ResponseWriter whose header can be used again.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// testManyLists compares policies with a matcher that looks at one pattern
// after the other, over many lists and all that can be made of their hosts.
func testManyLists(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	hosts := func() string {
		host := pick("example", "foo.example", "bar.example", "oo.example")
		for range random.IntN(3) {
			host = pick("a", "b", "ab", "foo", "bar", "o") + pick(".", "") + host
		}
		return host
	}
	for range 500 {
		patterns, parts := []string{}, []string{"x"}
		for range 1 + random.IntN(5) {
			host := hosts()
			parts = append(parts, host)
			patterns = append(patterns, "https://"+pick("", "*.")+host+pick("", "", ":8443", ":*"))
		}
		policy, err := cors.New(cors.Config{AllowOrigins: patterns})
		require.NoError(t, err)
		for _, a := range parts {
			for _, b := range append(parts, "") {
				for _, between := range []string{"", ".", "-", "x."} {
					for _, port := range []string{"", ":8443", ":9"} {
						origin := "https://" + a + between + b + port
						want := slices.ContainsFunc(patterns, func(p string) bool { return matchesPattern(p, origin) })
						got := policy.AllowsOrigin(t.Context(), origin)
						require.Equal(t, want, got, "%q allows %s", patterns, origin)
					}
				}
			}
		}
	}
}

// unrouted is for handlers without a router.
var unrouted = corshttp.RouteMethods(func(*http.Request) []string { return nil })

// testNotMerged nests each two policies of the table: an actual response has
// the headers of the inner one and nothing of the outer one.
func testNotMerged(t *testing.T) {
	var policies []*cors.Policy
	seen := map[string]bool{}
	for _, c := range Cases() {
		if key := string(c.PolicyFile); c.Predicate == nil && c.Kind != "" && !seen[key] {
			seen[key] = true
			policy, err := c.newPolicy(nil)
			require.NoError(t, err)
			policies = append(policies, policy)
		}
	}
	requests := map[string]*http.Request{"own": get(ownOrigin), "evil": get(evilOrigin), "null": get("null"), "none": httptest.NewRequest("GET", "/items", nil)}
	for i, outer := range policies {
		for j, inner := range policies {
			for name, r := range requests {
				if outer.Decide(t.Context(), *corshttp.Describe(r, nil)).Status != 0 {
					continue // the outer one does not let it in
				}
				alone := serve(corshttp.New(inner, unrouted)(named("x")), r)
				nested := serve(corshttp.New(outer, unrouted)(corshttp.New(inner, unrouted)(named("x"))), r)
				assert.Equal(t, alone.StatusCode, nested.StatusCode, "policy %d within %d, origin %s", j, i, name)
				assert.Empty(t, judgeHeaders(corsHeaders(alone), nested.Header), "policy %d within %d, origin %s", j, i, name)
			}
		}
	}
}

func corsHeaders(r *http.Response) map[string]string {
	headers := map[string]string{}
	for name, values := range r.Header {
		if IsCORSHeader(name) {
			headers[name] = strings.Join(values, " and ")
		}
	}
	return headers
}

// testNotTrue checks that a policy file names its origins.
func testNotTrue(t *testing.T) {
	for _, file := range []string{
		`{"allowOrigins": true}`,
		`{"allowOrigins": [true]}`,
		`{"allowOrigins": "*"}`,
		`{"allowOrigins": {"regexp": "example"}}`,
		`{"allowOrigin": ["*"]}`,
	} {
		_, err := cors.ParseConfig([]byte(file))
		assert.NotEmpty(t, cors.ConfigErrors(err), "the file %s is accepted", file)
	}
}

// testNothingLogged sends every byte that can forge a line of a log, in every
// header that is looked at. Nothing is logged, and there is none of them in
// what others may log: decisions, and errors about configurations.
func testNothingLogged(t *testing.T) {
	var forging []string
	for b := range 256 {
		if b < ' ' && b != '\t' || b >= 0x7f {
			forging = append(forging, string([]byte{byte(b)}))
		}
	}
	forged := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f })
	}
	policies := map[string]cors.Config{
		"list":        {AllowOrigins: []string{ownOrigin, "https://*.example.org"}, AllowHeaders: []string{"X-Api-Key"}, RejectDisallowed: true},
		"any":         {AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}},
		"credentials": {AllowOrigins: []string{ownOrigin}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true},
		"predicate":   {AllowOriginFunc: func(context.Context, string) (bool, error) { return true, nil }},
	}
	logged := captured(t, func() {
		for name, config := range policies {
			policy := cors.MustNew(config)
			handler := corshttp.New(policy, unrouted)(named("x"))
			for _, b := range forging {
				for header, value := range map[string]string{
					"Origin":                         "https://a" + b + "b.example.org",
					"Access-Control-Request-Method":  "P" + b + "T",
					"Access-Control-Request-Headers": "x-" + b + "y",
					"Sec-Fetch-Site":                 "same" + b + "site",
				} {
					for _, r := range []*http.Request{preflight(ownOrigin), get(ownOrigin)} {
						r.Header[header] = []string{value}
						d := reflect.ValueOf(policy.Decide(t.Context(), *corshttp.Describe(r, nil)))
						for i := range d.NumField() {
							if f := d.Field(i); f.Kind() == reflect.String {
								assert.False(t, forged(f.String()), "policy %s: the decision on %s %q has %s %q", name, header, value, d.Type().Field(i).Name, f)
							}
						}
						for field, values := range serve(handler, r).Header {
							assert.False(t, forged(strings.Join(values, "")), "policy %s: the response to %s %q has %s %q", name, header, value, field, values)
						}
					}
				}
			}
		}
	})
	assert.Empty(t, logged)

	for _, b := range forging {
		value := []string{"x" + b + "y"}
		_, err := cors.New(cors.Config{AllowOrigins: value, AllowMethods: value, AllowHeaders: value, ExposeHeaders: value})
		faults := cors.ConfigErrors(err)
		assert.Len(t, faults, 4, "byte %q", b)
		_, err = cors.ParseConfig(fmt.Appendf(nil, `{"x\u%04xy": 1}`, b[0]))
		for _, fault := range append(faults, cors.ConfigErrors(err)...) {
			assert.False(t, strings.ContainsFunc(fault.Error(), unicode.IsControl), "the error about byte %q has control characters: %q", b, fault.Error())
			assert.True(t, utf8.ValidString(fault.Error()), "the error about byte %q is no UTF-8: %q", b, fault.Error())
		}
	}
}

// captured returns what f writes to the standard log, to slog, and to the
// standard output and error.
func captured(t *testing.T, f func()) string {
	var logs bytes.Buffer
	file, err := os.Create(filepath.Join(t.TempDir(), "output"))
	require.NoError(t, err)
	defer file.Close()
	stdout, stderr, logger := os.Stdout, os.Stderr, slog.Default()
	defer func() {
		os.Stdout, os.Stderr = stdout, stderr
		slog.SetDefault(logger)
		log.SetOutput(stderr)
	}()
	os.Stdout, os.Stderr = file, file
	slog.SetDefault(slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.SetOutput(&logs)
	f()
	printed, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return logs.String() + string(printed)
}

// testRouterChooses mounts two policies on a router, the one that allows more
// with the longer pattern: which one holds is told by where the router sends the
// request.
func testRouterChooses(t *testing.T) {
	strict := cors.MustNew(cors.Config{AllowOrigins: []string{ownOrigin}})
	open := cors.MustNew(cors.Config{AllowOrigins: []string{"*"}})
	mux := http.NewServeMux()
	mux.Handle("/api/{whateverElseThereIsBelowThisPath...}", corshttp.New(open)(named("open")))
	mux.Handle("/api/in/", corshttp.New(strict)(named("strict")))
	for path, want := range map[string]string{
		"/api/items":      "open",
		"/api/inn/items":  "open",
		"/api/x/in/items": "open",
		"/api/in%2Fitems": "open", // one segment, to the router
		"/api/in/":        "strict",
		"/api/in/items":   "strict",
		"/api/%69n/items": "strict",
	} {
		for _, method := range []string{"GET", "OPTIONS"} {
			r := httptest.NewRequest(method, path, nil)
			r.Header.Set("Origin", evilOrigin)
			if method == "OPTIONS" {
				r.Header.Set("Access-Control-Request-Method", "GET")
			}
			response := serve(mux, r)
			allowed := map[string]string{"open": "*", "strict": ""}[want]
			assert.Equal(t, allowed, response.Header.Get("Access-Control-Allow-Origin"), "%s %s has the wrong policy, want the %s one", method, path, want)
			if method == "GET" {
				assert.Equal(t, want, response.Header.Get("X-Handler"), "the handler of %s", path)
			}
		}
	}
}

// testCookies sends every request of the table with credentials and without
// them: the answers are the same.
func testCookies(t *testing.T) {
	for _, c := range Cases() {
		if c.Kind == "" {
			continue
		}
		policy, err := c.newPolicy(c.Predicate.Ask)
		require.NoError(t, err)
		handler := corshttp.New(policy, unrouted)(named("x"))
		without, with := c.Request.HTTP(), c.Request.HTTP()
		without.Header.Del("Cookie")
		without.Header.Del("Authorization")
		with.Header.Set("Cookie", "id=1; session=2")
		with.Header.Set("Authorization", "Bearer x")
		a, b := serve(handler, without), serve(handler, with)
		assert.Equal(t, a.StatusCode, b.StatusCode, "%s: the status depends on a cookie", c.Name)
		assert.Equal(t, a.Header, b.Header, "%s: the headers depend on a cookie", c.Name)
	}
}

// testOriginRemoved takes the request's headers away, and overwrites them in
// place, before the handler responds: the decision is made.
func testOriginRemoved(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{ownOrigin, "https://*.example.org"}, AllowCredentials: true, ExposeHeaders: []string{"X-Total"}})
	removing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			for i := range values {
				values[i] = evilOrigin
			}
			delete(r.Header, name)
		}
		w.Header().Set("X-Handler", "x")
	})
	for _, origin := range []string{ownOrigin, "https://a.example.org", evilOrigin, "null", ""} {
		want := serve(corshttp.New(policy)(named("x")), get(origin))
		got := serve(corshttp.New(policy)(removing), get(origin))
		assert.Equal(t, want.Header, got.Header, "the response to %q changes with its headers", origin)
	}
}

// TestNothingShared edits the headers of one response in place: other
// responses, earlier and later, of the same policy and of others, stay as they
// are.
func TestNothingShared(t *testing.T) {
	config := cors.Config{AllowOrigins: []string{"*"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-Api-Key"}, ExposeHeaders: []string{"X-Total"}}
	handler, other := corshttp.New(cors.MustNew(config))(named("x")), corshttp.New(cors.MustNew(config))(named("x"))
	respond := func(h http.Handler, r *http.Request) http.Header {
		w := &discard{header: http.Header{}}
		h.ServeHTTP(w, r)
		return w.header
	}
	for _, r := range []*http.Request{get(evilOrigin), preflight(evilOrigin, "x-api-key")} {
		earlier, edited := respond(handler, r), respond(handler, r)
		want := earlier.Clone()
		for name, values := range edited {
			for i := range values {
				values[i] = "edited"
			}
			edited[name] = append(values, "appended")
		}
		for name, values := range edited {
			assert.Equal(t, []string{"edited", "appended"}, values, "%s shares its memory with another header", name)
		}
		assert.Equal(t, want, earlier, "an edit reaches an earlier response")
		assert.Equal(t, want, respond(handler, r), "an edit reaches a later response")
		assert.Equal(t, want, respond(other, r), "an edit reaches another policy's response")
		assert.Equal(t, want, earlier, "a later response reaches an earlier one")
	}
}
