package live_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/live"
)

// TestRightInAnotherWay checks that servers pass that do not answer as corskit
// does and harm nobody, and that what they do otherwise is said.
func TestRightInAnotherWay(t *testing.T) {
	for _, c := range []struct {
		name, policy string
		server       http.HandlerFunc
		differs      []string
	}{
		{"lists what is asked for, with status 200", `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT", "DELETE"], "allowHeaders": ["X-A", "X-B"]}`,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
				if o := r.Header["Origin"]; len(o) != 1 || o[0] != app {
					return
				}
				w.Header().Set("Access-Control-Allow-Origin", app)
				if m := r.Header.Get("Access-Control-Request-Method"); r.Method == "OPTIONS" && slices.Contains([]string{"PUT", "DELETE"}, m) {
					w.Header().Set("Access-Control-Allow-Methods", m)
				}
				var names []string
				for name := range strings.SplitSeq(strings.Join(r.Header["Access-Control-Request-Headers"], ","), ",") {
					if name = strings.Trim(name, " "); slices.Contains([]string{"x-a", "x-b"}, strings.ToLower(name)) {
						names = append(names, name)
					}
				}
				if r.Method == "OPTIONS" && len(names) > 0 {
					w.Header().Set("Access-Control-Allow-Headers", strings.Join(names, ", "))
				}
			},
			[]string{"lists/preflight", "preflight/status"}},
		{"sends its one origin always", `{"allowOrigins": ["https://app.example.com"]}`,
			func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Access-Control-Allow-Origin", app) },
			[]string{"hostile/origin/comma", "lists/preflight", "origin/refused/null/include", "preflight/status", "vary/preflight-asks"}},
		{"lists what needs no permission, and OPTIONS", `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT"]}`,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Vary", "Origin")
				if o := r.Header["Origin"]; len(o) != 1 || o[0] != app {
					return
				}
				if w.Header().Set("Access-Control-Allow-Origin", app); r.Header["Access-Control-Request-Method"] != nil {
					w.Header().Set("Access-Control-Allow-Methods", "get, HEAD, POST, OPTIONS, PUT")
					w.Header().Set("Access-Control-Allow-Headers", "Accept, Origin, Content-Length")
				}
			},
			[]string{"preflight/listed/methods"}},
		{"sends * and credentials that are false", `{"allowOrigins": ["*"]}`,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Access-Control-Allow-Origin", "*")
				w.Header().Set("Access-Control-Allow-Credentials", "false")
			},
			[]string{"preflight/status"}},
		{"sends its first origin to whoever it does not know", `{"allowOrigins": ["https://app.example.com", "https://two.example.com"]}`,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Vary", "Origin")
				w.Header().Set("Access-Control-Allow-Origin", app)
				if o := r.Header["Origin"]; len(o) == 1 && o[0] == "https://two.example.com" {
					w.Header().Set("Access-Control-Allow-Origin", o[0])
				}
			},
			[]string{"hostile/origin/comma", "origin/refused/null/include", "preflight/status"}},
		{"sends the origin for *", `{"allowOrigins": ["*"]}`,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Vary", "Origin")
				w.Header().Set("Access-Control-Allow-Origin", "*")
				if o := r.Header.Get("Origin"); o != "" {
					w.Header().Set("Access-Control-Allow-Origin", o)
				}
				if len(r.Header["Origin"]) > 1 {
					w.Header().Del("Access-Control-Allow-Origin")
				}
			},
			[]string{"preflight/status", "vary/preflight-asks"}},
		{"refuses what is not allowed", `{"allowOrigins": ["https://app.example.com"]}`,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Vary", "*")
				switch o := r.Header["Origin"]; {
				case len(o) == 0:
				case len(o) == 1 && o[0] == app:
					w.Header().Set("Access-Control-Allow-Origin", app)
				default:
					w.WriteHeader(400)
				}
			},
			[]string{"actual/refused", "lists/preflight", "preflight/status"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.server)
			defer server.Close()
			all := results(t, parse(t, c.policy), live.Target{URL: server.URL})
			assert.Empty(t, describe(all, live.Fail), "no case fails")
			for _, name := range c.differs {
				assert.NotEmpty(t, all[name].Differs, "%s says what is otherwise", name)
			}
		})
	}
}

// TestSideEffects checks that a server gets no actual request but those of the
// method that was named, and no credentials where no browser sends them.
func TestSideEffects(t *testing.T) {
	var seen []*http.Request
	lock := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lock <- struct{}{}
		seen = append(seen, r)
		<-lock
		granting(is(app), true)(w, r)
		w.Header().Set("Access-Control-Allow-Methods", "PUT, DELETE")
		w.Header().Set("Access-Control-Allow-Headers", "x-a")
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(302)
	}))
	defer server.Close()
	results(t, parse(t, `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT", "DELETE"], "allowHeaders": ["X-A"], "allowCredentials": true}`),
		live.Target{URL: server.URL + "/items?a=b", Method: "PUT", Header: http.Header{"Authorization": {"x"}, "Cookie": {"id=1"}, "X-Key": {"k"}, "X-Forwarded-For": {"f"}, "Host": {"api.example"}}})
	methods := map[string]int{}
	for _, r := range seen {
		isPreflight := r.Method == "OPTIONS" && r.Header["Access-Control-Request-Method"] != nil
		for name, want := range map[string]string{"Authorization": "x", "Cookie": "id=1", "X-Key": "k"} {
			if isPreflight {
				want = ""
			}
			assert.Equal(t, want, r.Header.Get(name), "%s of %s %s", name, r.Method, r.URL)
		}
		assert.Equal(t, "f", r.Header.Get("X-Forwarded-For"), "X-Forwarded-For of %s %s", r.Method, r.URL)
		assert.Contains(t, []string{"api.example", "localhost"}, r.Host, "Host of %s %s", r.Method, r.URL)
		if r.URL.String() == "/items?a=b" {
			methods[r.Method]++
		}
	}
	assert.NotZero(t, methods["PUT"])
	assert.NotZero(t, methods["OPTIONS"])
	assert.Len(t, methods, 2, "the methods that the endpoint was asked with")
}

// TestSampled checks that long lists are asked about evenly.
func TestSampled(t *testing.T) {
	var origins []string
	for i := range 1000 {
		origins = append(origins, fmt.Sprintf(`"https://o%03d.example"`, i))
	}
	config := parse(t, `{"allowOrigins": [`+strings.Join(origins, ",")+`]}`)
	suite, err := live.New(config, live.Target{URL: "http://127.0.0.1"})
	require.NoError(t, err)
	asked, listed := suite.Sampled()
	assert.Equal(t, []int{16, 1000}, []int{asked, listed}, "asked, listed")
	var names []string
	for _, c := range suite.Cases() {
		if o, ok := strings.CutPrefix(c.Name, "origin/allowed/https:"); ok {
			if o, ok := strings.CutSuffix(o, "/preflight"); ok {
				names = append(names, o)
			}
		}
	}
	assert.Len(t, names, 16)
	assert.Equal(t, []string{"o000.example", "o066.example"}, names[:2], "the first ones")
	assert.Equal(t, "o999.example", names[15], "the last one")
}

// TestCasesSayWhatTheyCheck checks the fields of all cases of all policies.
func TestCasesSayWhatTheyCheck(t *testing.T) {
	for name, file := range policies {
		suite, err := live.New(parse(t, file), live.Target{URL: "http://127.0.0.1"})
		require.NoError(t, err)
		again, err := live.New(parse(t, file), live.Target{URL: "http://127.0.0.1"})
		require.NoError(t, err)
		var first, second []string
		for _, c := range suite.Cases() {
			first = append(first, c.Name)
			assert.True(t, c.Rule >= 1 && c.Rule <= 13, "%s: the rule of %s is %d", name, c.Name, c.Rule)
			assert.True(t, strings.HasSuffix(c.Clause, ".") && strings.Contains(c.Clause, ": "), "%s: the clause of %s is no sentence behind its source: %s", name, c.Name, c.Clause)
		}
		for _, c := range again.Cases() {
			second = append(second, c.Name)
		}
		assert.Equal(t, first, second, "%s: the names are the same again", name)
	}
}

// TestRunEnds checks that a run that is ended, or that gets no response, says so.
func TestRunEnds(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	suite, err := live.New(parse(t, policies["one origin"]), live.Target{URL: server.URL, Timeout: 50 * time.Millisecond})
	require.NoError(t, err)
	var unreachable *live.UnreachableError
	require.ErrorAs(t, suite.Run(context.Background(), 4, func(live.Result) {}), &unreachable)
	assert.EqualError(t, unreachable, server.URL+"/ cannot be reached: there was none within 50ms: start the server, or name another URL")

	quick := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer quick.Close()
	suite, err = live.New(parse(t, policies["one origin"]), live.Target{URL: quick.URL})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	reported := 0
	err = suite.Run(ctx, math.MaxInt, func(live.Result) {
		if reported++; reported == 3 {
			cancel()
		}
	})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 3, reported, "results that are reported")
}
