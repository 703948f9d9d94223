package adapters

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// spellings holds, for each advisory about the way from a path to a policy,
// paths that a router and something else could read in two ways. The first two
// are those that every router takes for a route below /api, and for one outside.
var spellings = map[string][]string{
	"CVE-2020-25032": {
		"/api/items", "/other", "/apix", "/apix/", "/api", "/api/", "/api/items/", "/other/",
		"/api/../other", "/api/../api/items", "/other/../api/items", "/nowhere/../api/items", "/apix/../api/items",
		"/./api/items", "/api/./items", "/../api/items", "/api/nowhere/../items", "/api/../../other", "/api/..", "/api/.", "/api/items/..",
		"/api/files/../../files/x", "/files/../api/files/x", "/api/files/..", "/files/../..//api/files/x", "/api/files/./x",
		"//api/items", "/api//items", "/api//../other", "///other", "/api/files//x", "//files/x",
		"/api/..;/other", "/api;x/items", "/api/items;x", "/api/items?/../../other", "/other?/../api/items",
	},
	"CVE-2019-18978": {
		"/api/items", "/other",
		"/%61pi/items", "/api%2Fitems", "/api%2fitems", "/api/%69tems", "/%6fther", "/%2fapi/items", "/api/items%2f", "/api/items%3f",
		"/api/%2e%2e/other", "/api/%2E%2E/other", "/api/..%2fother", "/api%2f..%2fother", "/other/%2e%2e/api/items", "/other/..%2fapi/items",
		"/%2e%2e/api/items", "/%2e/api/items", "/api/%2e/items", "/api%00/items", "/api%20/items", "/api/items%20",
		"/api%5citems", "/api/..%5cother", "/api\\items", "/api%252fitems", "/%2561pi/items",
		"/api/files/%2e%2e/%2e%2e/files/x", "/files/%2e%2e/api/files/x", "/files/..%2fapi%2ffiles%2fx", "/api/files/..%2f..%2ffiles",
		"/%61pi/files/x", "/%66iles/%2fapi/",
	},
	"CVE-2024-6844": {
		"/api/items", "/other",
		"/api/it+ems", "/api+/items", "/+api/items", "/api/items+", "/other+", "/+/api/items", "/api/%2bitems", "/%2bapi/items",
		"/api/a+b", "/api/a%20b", "/api/a%2bb", "/a+b", "/a%20b", "/files/+/api", "/api/files/+",
	},
	"CVE-2024-6866": {
		"/api/items", "/other",
		"/API/items", "/Api/Items", "/api/ITEMS", "/aPi/items", "/OTHER", "/Other", "/APIX", "/apiX", "/API", "/API/", "/%41PI/items",
		"/ap%C4%B1/items", "/AP%C4%B0/items", "/api/item%C5%BF", "/API/files/x", "/FILES/x",
	},
}

// TestAdvisories sends every spelling to every adapter, byte for byte, with a
// policy on the group /api and nowhere else.
func TestAdvisories(t *testing.T) {
	for id, paths := range spellings {
		t.Run(id, func(t *testing.T) {
			for _, a := range All {
				t.Run(a.Name, func(t *testing.T) {
					send := grouped(t, a)
					for _, path := range paths {
						assert.Empty(t, judgePath(send, path), "%q", path)
					}
					assert.Equal(t, outcome{200, "/api/items", own, 1}, send("GET", paths[0], own))
					assert.Equal(t, outcome{204, "", own, 1}, send("OPTIONS", paths[0], own))
					assert.Equal(t, outcome{200, "/other", "", 0}, send("GET", paths[1], own))
				})
			}
		})
	}

	// The index of all advisories is beside the suite.
	index, err := os.ReadFile("../advisories_test.go")
	require.NoError(t, err)
	var listed []string
	for _, m := range regexp.MustCompile(`"adapters\.TestAdvisories/([^"]+)"}`).FindAllStringSubmatch(string(index), -1) {
		listed = append(listed, m[1])
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(spellings)), listed, "the index and the tests differ")
}

// TestBrokenSpellings checks that the spellings find policies that are chosen
// by something that is not the router, here in front of chi.
func TestBrokenSpellings(t *testing.T) {
	tests := []struct {
		id, name string
		inside   func(*http.Request) bool
	}{
		{"CVE-2020-25032", "resolves dots", func(r *http.Request) bool { return below(path.Clean(r.URL.Path)) }},
		{"CVE-2020-25032", "takes a prefix", func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api") }},
		{"CVE-2019-18978", "decodes and resolves dots", func(r *http.Request) bool {
			decoded, _ := url.PathUnescape(r.URL.EscapedPath())
			return below(path.Clean(decoded))
		}},
		{"CVE-2024-6844", "drops a +", func(r *http.Request) bool { return below(strings.ReplaceAll(r.URL.Path, "+", "")) }},
		{"CVE-2024-6866", "folds case", func(r *http.Request) bool { return below(strings.ToLower(r.URL.Path)) }},
	}
	for _, test := range tests {
		t.Run(test.id+" "+test.name, func(t *testing.T) {
			problems := func(inside func(*http.Request) bool) (all []string) {
				send := grouped(t, conformance.Adapter{Name: "chi", Mount: byPath(inside)})
				for _, path := range spellings[test.id] {
					all = append(all, judgePath(send, path)...)
				}
				return all
			}
			assert.NotEmpty(t, problems(test.inside), "no spelling finds it")
			assert.Empty(t, problems(func(r *http.Request) bool { return below(r.URL.Path) }), "chi's own reading is found fault with")
		})
	}
}

func below(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

// byPath is an adapter that asks the policy where inside says so.
func byPath(inside func(*http.Request) bool) func(conformance.Site) conformance.App {
	return func(s conformance.Site) conformance.App {
		router := chi.NewRouter()
		for _, r := range s.Routes {
			router.Method(r.Method, r.Path, r.Handler)
		}
		covered := corshttp.New(s.Policy)(router)
		return conformance.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if inside(r) {
				covered.ServeHTTP(w, r)
			} else {
				router.ServeHTTP(w, r)
			}
		}))
	}
}

const (
	own  = "https://app.example.com"
	evil = "https://evil.example"
)

// routes are those of the site. Some outside of /api look as if they were below
// it, for something that is not the router. A slash at the end stands for all
// that is below.
var routes = []string{"/api/items", "/api/a+b", "/api/files/", "/other", "/apix", "/a+b", "/+api/items", "/API/items", "/files/"}

// pattern returns the route in the language of an adapter's router.
func pattern(adapter, route string) string {
	if strings.HasPrefix(adapter, "fiber") {
		route = strings.ReplaceAll(route, "+", `\+`)
	}
	dir, ok := strings.CutSuffix(route, "/")
	switch {
	case !ok:
		return route
	case adapter == "gin":
		return dir + "/*rest"
	case adapter == "nethttp":
		return dir + "/{rest...}"
	}
	return dir + "/*"
}

// An outcome is what a response tells.
type outcome struct {
	status int
	route  string // whose handler ran, if any
	allow  string // Access-Control-Allow-Origin
	asked  int32  // how often the policy was asked
}

// judgePath finds what is wrong with the responses to a path, whatever the
// router makes of it: no handler below /api may run without the policy, and none
// outside of it with it, and the CORS-preflight request must be answered by the
// policy that the request itself will meet.
func judgePath(send func(method, path, origin string) outcome, path string) (problems []string) {
	wrong := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	fromOwn, fromEvil, preflight := send("GET", path, own), send("GET", path, evil), send("OPTIONS", path, own)
	switch route := fromOwn.route; {
	case route == "":
	case below(route):
		wrong(fromOwn.allow != own || fromOwn.asked != 1, "%s is read as %s, whose handler runs without the policy: %v", path, route, fromOwn)
		wrong(fromEvil.status != 403, "%s is read as %s, which other origins reach: %v", path, route, fromEvil)
		if preflight.asked == 0 { // a framework that answers OPTIONS itself may do so, if it grants nothing
			wrong(preflight.allow != "", "%s is read as %s, but something else answers the CORS-preflight request: %v", path, route, preflight)
		} else {
			wrong(preflight != outcome{204, "", own, 1}, "%s is read as %s, but the CORS-preflight request is not: %v", path, route, preflight)
		}
	default:
		wrong(fromOwn.allow != "" || fromOwn.asked != 0, "%s is read as %s, whose handler runs with the policy of another: %v", path, route, fromOwn)
		wrong(fromEvil.route != route, "%s is read as %s, which other origins do not reach: %v", path, route, fromEvil)
		wrong(preflight.allow != "" || preflight.asked != 0, "%s is read as %s, but the policy of another answers the CORS-preflight request: %v", path, route, preflight)
	}
	wrong(fromEvil.allow != "" || below(fromEvil.route), "%s lets other origins in: %v", path, fromEvil)
	wrong(preflight.route != "", "%s lets a CORS-preflight request reach a handler: %v", path, preflight)
	return problems
}

// grouped serves the routes, with a policy on /api that rejects other origins,
// and returns a function that sends requests, one after another.
func grouped(t *testing.T, a conformance.Adapter) (send func(method, path, origin string) outcome) {
	policy := &counted{Decider: cors.MustNew(cors.Config{AllowOrigins: []string{own}, RejectDisallowed: true})}
	site := conformance.Site{Mount: conformance.Group, Policy: policy}
	for _, route := range routes {
		site.Routes = append(site.Routes, conformance.Route{Method: "GET", Path: pattern(a.Name, route), Handler: func(func(string) string) conformance.Answer {
			return conformance.Answer{Status: 200, Set: [][2]string{{"X-Route", route}}}
		}})
	}
	dial, stop := serve(t, a.Mount(site))
	t.Cleanup(stop)
	return func(method, path, origin string) outcome {
		policy.asked.Store(0)
		conn := dial()
		defer conn.Close()
		ask := ""
		if method == "OPTIONS" {
			ask = "Access-Control-Request-Method: GET\r\n"
		}
		_, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: api.example\r\nOrigin: %s\r\n%sConnection: close\r\n\r\n", method, path, origin, ask)
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
		require.NoError(t, err, "%s %q", method, path)
		response.Body.Close()
		return outcome{response.StatusCode, response.Header.Get("X-Route"), response.Header.Get("Access-Control-Allow-Origin"), policy.asked.Load()}
	}
}

// counted counts how often it is asked.
type counted struct {
	cors.Decider
	asked atomic.Int32
}

func (c *counted) Decide(ctx context.Context, r cors.Request) cors.Decision {
	c.asked.Add(1)
	return c.Decider.Decide(ctx, r)
}
