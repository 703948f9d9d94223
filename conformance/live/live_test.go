package live_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/fetch"
	"github.com/corskit/corskit/conformance/live"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// parse reads a policy file.
func parse(t *testing.T, file string) cors.Config {
	t.Helper()
	config, err := cors.ParseConfig([]byte(file))
	require.NoError(t, err)
	return config
}

// results runs the suite of a policy on a target.
func results(t *testing.T, config cors.Config, target live.Target, origins ...string) map[string]live.Result {
	t.Helper()
	suite, err := live.New(config, target, origins...)
	require.NoError(t, err)
	all := map[string]live.Result{}
	require.NoError(t, suite.Run(context.Background(), 4, func(r live.Result) { all[r.Name] = r }))
	require.Len(t, all, len(suite.Cases()), "every case has a name of its own and is reported")
	return all
}

// describe tells the results with a verdict, a line each.
func describe(all map[string]live.Result, v live.Verdict) (lines []string) {
	for _, r := range all {
		if r.Verdict == v {
			line := r.Name + " " + r.Why
			for _, p := range r.Problems {
				line += "\n    " + p.Text + "\n    fix: " + p.Fix
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// site is a handler with an endpoint of each method at /items, and one for
// OPTIONS at /opt.
func site() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/items", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "OPTIONS" {
			http.Error(w, "no such method", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("X-Total", "3")
		w.Header().Set("X-Secret", "1")
	})
	mux.HandleFunc("OPTIONS /opt", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Allow", "OPTIONS") })
	return mux
}

// policies are of every shape that a policy can have.
var policies = map[string]string{
	"one origin":         `{"allowOrigins": ["https://app.example.com"]}`,
	"lists":              `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT", "patch"], "allowHeaders": ["X-A", "Content-Type", "Accept", "Authorization"], "exposeHeaders": ["X-Total"], "maxAge": 600}`,
	"credentials":        `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT"], "allowHeaders": ["X-A", "X-B"], "exposeHeaders": ["X-Total"], "allowCredentials": true, "maxAge": -1}`,
	"credentials with *": `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["*"], "allowHeaders": ["*"], "allowCredentials": true}`,
	"lists of *":         `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["*"], "allowHeaders": ["*"], "exposeHeaders": ["*"]}`,
	"* and a header":     `{"allowOrigins": ["https://app.example.com"], "allowHeaders": ["*", "Authorization"]}`,
	"subdomains":         `{"allowOrigins": ["https://*.example.com"], "allowMethods": ["PUT"]}`,
	"subdomains, creds":  `{"allowOrigins": ["https://*.example.com", "https://example.com"], "allowCredentials": true}`,
	"ports":              `{"allowOrigins": ["http://localhost:*", "https://*.example.com:*", "https://app.example.com:8443"]}`,
	"addresses":          `{"allowOrigins": ["http://127.0.0.1:*", "http://[::1]:3000", "http://10.0.0.1"]}`,
	"own port":           `{"allowOrigins": ["http://127.0.0.1:*"], "allowCredentials": true}`,
	"several":            `{"allowOrigins": ["https://foo.example", "https://bar.example", "https://a-b.example", "https://app.example.com"], "allowMethods": ["DELETE"]}`,
	"any":                `{"allowOrigins": ["*"]}`,
	"any, lists":         `{"allowOrigins": ["*"], "allowMethods": ["PUT"], "allowHeaders": ["X-A"], "exposeHeaders": ["X-Total"], "maxAge": 60}`,
	"any, any":           `{"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"], "exposeHeaders": ["*"]}`,
	"null":               `{"allowOrigins": ["null"], "dangerouslyAllowNullOrigin": true}`,
	"null and another":   `{"allowOrigins": ["https://app.example.com"], "dangerouslyAllowNullOrigin": true, "allowCredentials": true}`,
	"reject":             `{"allowOrigins": ["https://app.example.com"], "rejectDisallowed": true}`,
	"reject, subdomains": `{"allowOrigins": ["https://*.example.com"], "rejectDisallowed": true, "allowCredentials": true}`,
	"status":             `{"allowOrigins": ["https://app.example.com"], "preflightStatus": 200}`,
	"routes":             `{"allowOrigins": ["https://app.example.com"], "methodsFromRoutes": true}`,
	"routes and others":  `{"allowOrigins": ["https://app.example.com"], "methodsFromRoutes": true, "allowMethods": ["PATCH"]}`,
	"extension":          `{"allowOrigins": ["chrome-extension://abcdefghijklmnop", "https://app.example.com"]}`,
	"any extension":      `{"allowOrigins": ["moz-extension://*"], "dangerouslyAllowAnyExtension": true}`,
	"insecure":           `{"allowOrigins": ["http://app.example.com"], "allowCredentials": true, "dangerouslyAllowInsecureOrigins": true}`,
	"public suffix":      `{"allowOrigins": ["https://*.github.io"], "allowCredentials": true, "dangerouslyAllowPublicSuffixes": true}`,
}

// TestPolicies checks that the policy itself, mounted by corshttp, has no failure,
// and does nothing otherwise than corskit does.
func TestPolicies(t *testing.T) {
	for name, file := range policies {
		for _, at := range []struct{ method, path string }{{"GET", "/items"}, {"POST", "/items"}, {"OPTIONS", "/opt"}, {"GET", "/nowhere"}} {
			t.Run(name+"/"+at.method+at.path, func(t *testing.T) {
				config := parse(t, file)
				policy, err := cors.New(config)
				require.NoError(t, err)
				server := httptest.NewServer(corshttp.New(policy)(site()))
				defer server.Close()
				all := results(t, config, live.Target{URL: server.URL + at.path, Method: at.method})
				assert.Empty(t, describe(all, live.Fail))
				for _, r := range all {
					assert.Empty(t, r.Differs, r.Name)
				}
			})
		}
	}
}

// TestTargets checks what is said of those that cannot be asked.
func TestTargets(t *testing.T) {
	config := parse(t, policies["one origin"])
	for url, want := range map[string]string{
		"http://me:secret@api.example":  `"http://…@api.example" is not the URL of an endpoint: write one such as https://api.example.com/items`,
		"http://me:secret@[api.example": `"http://…@[api.example" is not the URL of an endpoint: write one such as https://api.example.com/items`,
	} {
		_, err := live.New(config, live.Target{URL: url})
		assert.EqualError(t, err, want)
	}
	for _, origin := range []string{"https://a\x01", "a\nb", "\x7f", ""} {
		_, err := live.New(config, live.Target{URL: "http://127.0.0.1"}, origin)
		assert.EqualError(t, err, fmt.Sprintf("%q is not an origin: write one such as https://app.example.com", origin))
	}
	server := httptest.NewUnstartedServer(site())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it is no fault that the certificate is refused
	server.StartTLS()
	defer server.Close()
	_, err := live.Audit(context.Background(), live.Target{URL: server.URL}, "")
	assert.ErrorContains(t, err, "name a host that its certificate is for, or accept any certificate with -insecure")
	_, err = live.Audit(context.Background(), live.Target{URL: server.URL + "/items", Insecure: true}, "")
	assert.NoError(t, err)
}

// TestPlantedFaults checks that a server which is right but for one thing fails the
// cases that are about it, and no others.
func TestPlantedFaults(t *testing.T) {
	const two = "https://two.example.com"
	const policyOfTwo = `{"allowOrigins": ["https://app.example.com", "https://two.example.com"]}`
	isPreflight := func(r *http.Request) bool { return r.Header["Access-Control-Request-Method"] != nil }
	for _, c := range []struct {
		name, policy string
		change       func(h http.Header, r *http.Request) // of what the policy answers
		want         []string
	}{
		{"the first origin for whoever is not known, without Vary", policyOfTwo, func(h http.Header, r *http.Request) {
			if h.Del("Vary"); h.Get("Access-Control-Allow-Origin") == "" {
				h.Set("Access-Control-Allow-Origin", app)
			}
		}, []string{"vary/allowed", "vary/another", "vary/include", "vary/not-found", "vary/preflight", "vary/preflight-refused", "vary/refused", "vary/without-origin"}},
		{"no Vary on a 404", policyOfTwo, func(h http.Header, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "no-such-path") {
				h.Del("Vary")
			}
		}, []string{"vary/not-found"}},
		{"no Vary for the last origin", policyOfTwo, func(h http.Header, r *http.Request) {
			if r.Header.Get("Origin") == two && !isPreflight(r) {
				h.Del("Vary")
			}
		}, []string{"vary/another"}},
		{"more exposed to the last origin", policyOfTwo, func(h http.Header, r *http.Request) {
			if r.Header.Get("Origin") == two {
				h.Set("Access-Control-Expose-Headers", "X-Secret")
			}
		}, []string{"actual/exposed/same-origin"}},
		{"another Max-Age for the last origin", policyOfTwo, func(h http.Header, r *http.Request) {
			if r.Header.Get("Origin") == two && isPreflight(r) {
				h.Set("Access-Control-Max-Age", "600")
			}
		}, []string{"preflight/max-age"}},
		{"a method more", policyOfTwo, func(h http.Header, r *http.Request) {
			if h.Get("Access-Control-Allow-Origin") != "" && isPreflight(r) {
				h.Set("Access-Control-Allow-Methods", "GET, PURGE")
			}
		}, []string{"preflight/listed/methods"}},
		{"a header more", policyOfTwo, func(h http.Header, r *http.Request) {
			if h.Get("Access-Control-Allow-Origin") != "" && isPreflight(r) {
				h.Set("Access-Control-Allow-Headers", "Accept, Origin, X-Api-Key")
			}
		}, []string{"preflight/listed/headers"}},
		{"the lists for null", `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT"]}`, func(h http.Header, r *http.Request) {
			if r.Header.Get("Origin") == "null" && isPreflight(r) {
				h.Set("Access-Control-Allow-Methods", "PUT")
			}
		}, []string{"lists/null"}},
		{"a longer port", `{"allowOrigins": ["https://app.example.com", "http://localhost:3000"]}`, grant("http://localhost:30001"),
			[]string{"origin/refused/http:localhost:30001/include", "origin/refused/http:localhost:30001/preflight"}},
		{"a longer address", `{"allowOrigins": ["https://app.example.com", "http://10.0.0.5"]}`, grant("http://10.0.0.5.evil.example"),
			[]string{"origin/refused/http:10.0.0.5.evil.example/include", "origin/refused/http:10.0.0.5.evil.example/preflight"}},
		{"another port", policyOfTwo, grant(two + ":8443"),
			[]string{"origin/refused/https:two.example.com:8443/include", "origin/refused/https:two.example.com:8443/preflight"}},
		{"the last origin with a slash", policyOfTwo, grant(two + "/"), []string{"hostile/origins/https:two.example.com"}},
		{"the last wildcard behind a path", `{"allowOrigins": ["https://*.example.com", "https://*.two.example"]}`, grant("https://evil.example/.two.example"),
			[]string{"hostile/subdomains/https:two.example"}},
		{"a port out of range", `{"allowOrigins": ["https://app.example.com:8443"]}`, grant("https://app.example.com:844300001"), []string{"hostile/origin/port-longer"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := parse(t, c.policy)
			policy := cors.MustNew(config)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				recorder := httptest.NewRecorder()
				corshttp.New(policy)(site()).ServeHTTP(recorder, r)
				c.change(recorder.Header(), r)
				maps.Copy(w.Header(), recorder.Header())
				w.WriteHeader(recorder.Code)
			}))
			defer server.Close()
			var failed []string
			for name, r := range results(t, config, live.Target{URL: server.URL + "/items"}) {
				if r.Verdict == live.Fail {
					failed = append(failed, name)
				}
			}
			slices.Sort(failed)
			assert.Equal(t, c.want, failed, "what fails")
		})
	}
}

// TestProblemsShowTheirRequests checks that a case which sends several requests
// names the one that shows what is wrong.
func TestProblemsShowTheirRequests(t *testing.T) {
	policy := corshttp.New(cors.MustNew(parse(t, policies["one origin"])))(site())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		policy.ServeHTTP(recorder, r)
		maps.Copy(w.Header(), recorder.Header())
		if r.Method == "OPTIONS" && r.Header.Get("Origin") != "" {
			w.Header().Set("Access-Control-Allow-Methods", "PUT")
		}
		w.WriteHeader(recorder.Code)
	}))
	defer server.Close()
	r := results(t, parse(t, policies["one origin"]), live.Target{URL: server.URL + "/items"})["options/not-a-preflight"]
	require.Len(t, r.Problems, 1, "problems")
	shown := r.Exchanges[r.Problems[0].Exchange].Request
	assert.NotEmpty(t, shown.Header.Get("Origin"), "the Origin of the request that shows it")
	assert.Empty(t, shown.Header.Get("Access-Control-Request-Method"), "its Access-Control-Request-Method")
}

// grant allows one origin more.
func grant(origin string) func(http.Header, *http.Request) {
	return func(h http.Header, r *http.Request) {
		if r.Header.Get("Origin") == origin {
			h.Set("Access-Control-Allow-Origin", origin)
		}
	}
}

// exchange is a request without a response.
func exchange(r *http.Request) fetch.Exchange { return fetch.Exchange{Request: r} }
