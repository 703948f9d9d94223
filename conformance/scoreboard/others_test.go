//go:build peers

// These need Node, Python and what make scoreboard installs for them.

package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// others are the entrants that are not on Go.
func others() []entrant {
	return slices.DeleteFunc(slices.Clone(entrants), func(e entrant) bool { return strings.HasPrefix(e.command[0], "bin/") })
}

// TestOthersLack says for each policy of the scoreboard which of the peers that are
// not on Go cannot express it, and for want of what.
func TestOthersLack(t *testing.T) {
	t.Chdir("../..")
	want := map[string]map[string]string{
		"any-method":             {"fastapi": "allowMethods", "starlette": "allowMethods"},
		"any-method-credentials": {"express": "allowMethods", "fastapi": "allowMethods", "starlette": "allowMethods"},
		"reject":                 {"fastapi": "rejectDisallowed", "starlette": "rejectDisallowed"},
		"routes":                 {"express": "methodsFromRoutes", "fastapi": "methodsFromRoutes", "starlette": "methodsFromRoutes"},
	}
	policies, err := readPolicies(policiesDir)
	require.NoError(t, err)
	for _, p := range policies {
		for _, e := range others() {
			d, err := describe(t.Context(), append(slices.Clone(e.command), "--policy", p.file))
			require.NoError(t, err)
			assert.NotEmpty(t, d.Versions, "versions of %s", e.title)
			field := ""
			for _, l := range d.Cannot {
				field = l.Field
				assert.NotEmpty(t, l.Why, "%s under %s lacks %s without a reason", e.title, p.name, l.Field)
			}
			assert.Equal(t, want[p.name][e.name], field, "what %s lacks for the policy %s", e.title, p.name)
		}
	}
}

// TestOthersServe has each answer, and stop.
func TestOthersServe(t *testing.T) {
	t.Chdir("../..")
	for _, e := range others() {
		t.Run(e.name, func(t *testing.T) {
			s, err := start(t.Context(), append(slices.Clone(e.command), "--policy", policiesDir+"/exact.json", "--addr", "127.0.0.1:0"))
			require.NoError(t, err)
			got := ask(t, http.MethodGet, s.url+"/items")
			assert.Equal(t, http.StatusOK, got.StatusCode, "status of GET")
			assert.Equal(t, "https://app.example.com", got.Header.Get("Access-Control-Allow-Origin"), "of GET")
			for _, name := range []string{"X-Handler", "X-Total", "X-Secret"} {
				assert.NotEmpty(t, got.Header.Get(name), "%s of GET", name)
			}
			got = ask(t, http.MethodOptions, s.url+"/put-only")
			assert.Equal(t, 2, got.StatusCode/100, "hundreds of the status of the CORS-preflight request")
			assert.Contains(t, got.Header.Get("Access-Control-Allow-Methods"), "PUT", "of the CORS-preflight request")
			assert.Empty(t, got.Header.Get("X-Handler"), "the handler ran")
			for path, status := range map[string]int{"/e401": 401, "/e404": 404, "/e500": 500, "/panic": 500, "/n304": 304, "/redir": 302, "/nowhere": 404} {
				assert.Equal(t, status, ask(t, http.MethodGet, s.url+path).StatusCode, "status of %s", path)
			}
			assert.NoError(t, s.stop())
		})
	}
}

// ask sends a request from an allowed origin, as a CORS-preflight request if it is
// OPTIONS.
func ask(t *testing.T, method, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	r.Header.Set("Origin", "https://app.example.com")
	if method == http.MethodOptions {
		r.Header.Set("Access-Control-Request-Method", "PUT")
	}
	client := http.Client{
		Timeout:       5 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(r)
	require.NoError(t, err)
	response.Body.Close()
	return response
}
