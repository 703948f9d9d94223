package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cors "github.com/corskit/corskit/core"
)

func testPolicy(t *testing.T) *cors.Policy {
	t.Helper()
	policy, err := cors.ParsePolicy(policyFile)
	require.NoError(t, err, "policy.json")
	return policy
}

func TestMatrix(t *testing.T) {
	policy := testPolicy(t)
	s, err := newStage(policy)
	require.NoError(t, err)
	defer s.close()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	rows, err := matrix(t.Context(), client, s, policy)
	require.NoError(t, err)

	want := map[from]map[string]string{
		fromAllowed: {
			"GET /items":                      "200 ✓",
			"GET /items with credentials":     "200 ✓",
			"PUT /put-only with X-CSRF-Token": "204 200 ✓",
			"DELETE /items":                   "204 ✕",
			"PUT /put-only with X-Debug":      "204 ✕",
			"OPTIONS /opt":                    "204 200 ✓",
			"GET /e401":                       "401 ✓",
			"GET /e500":                       "500 ✓",
			"GET /panic":                      "500 ✓",
			"GET /nowhere":                    "404 ✓",
		},
		fromRefused: {
			"GET /items":                      "200 ✕",
			"PUT /put-only with X-CSRF-Token": "403 ✕",
		},
		fromNull: {"GET /items": "200 ✕"},
	}
	got := map[from]map[string]string{}
	for _, r := range rows {
		if got[r.call.From] == nil {
			got[r.call.From] = map[string]string{}
		}
		got[r.call.From][r.call.String()] = r.outcomes[0].String()
		assert.Len(t, r.outcomes, len(frameworks), "outcomes of %s", r.call)
		assert.Equal(t, r.outcomes[0].blocked == "", r.why.Allowed,
			"%s from the %s origin: the browser and the policy disagree: %q, %q", r.call, r.call.From, r.outcomes[0].blocked, r.why.Text)
	}
	assert.Equal(t, want, got)
	assert.NoError(t, identical(s, rows))
}

func TestIdenticalNamesDifferences(t *testing.T) {
	answered := func(origin string) outcome {
		return outcome{actual: &answer{status: 200, header: http.Header{"Access-Control-Allow-Origin": {origin}}}}
	}
	s := &stage{APIs: []api{{Name: "gin"}, {Name: "echo"}}}
	rows := []row{{call: calls[0], outcomes: []outcome{answered("https://a.example"), answered("*")}}}
	assert.EqualError(t, identical(s, rows), "the columns are not identical:\n"+
		"  GET /items from the allowed origin: gin and echo differ: "+
		"[actual request: Access-Control-Allow-Origin: https://a.example], [actual request: Access-Control-Allow-Origin: *]")
}

func TestJudge(t *testing.T) {
	const origin = "https://a.example"
	put := call{Method: "PUT", Header: "X-A"}
	credentialed := call{Method: "PUT", Header: "X-A", Credentials: true}
	for _, c := range []struct {
		name    string
		call    call
		status  int
		header  http.Header
		blocked string
	}{
		{"nothing granted", put, 204, nil, "no Access-Control-Allow-Origin"},
		{"another origin", put, 204, http.Header{"Access-Control-Allow-Origin": {"https://b.example"}}, "Access-Control-Allow-Origin is https://b.example"},
		{"two origins", put, 204, http.Header{"Access-Control-Allow-Origin": {origin, origin}}, "Access-Control-Allow-Origin is " + origin + ", " + origin},
		{"wildcards", put, 204, http.Header{
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Methods": {"*"}, "Access-Control-Allow-Headers": {"*"},
		}, ""},
		{"wildcard with credentials", credentialed, 204, http.Header{"Access-Control-Allow-Origin": {"*"}}, "Access-Control-Allow-Origin is *"},
		{"credentials not granted", credentialed, 204, http.Header{"Access-Control-Allow-Origin": {origin}}, "no Access-Control-Allow-Credentials"},
		{"not an ok status", put, 403, http.Header{"Access-Control-Allow-Origin": {origin}}, "the preflight's status is 403"},
		{"method not listed", put, 204, http.Header{"Access-Control-Allow-Origin": {origin}, "Access-Control-Allow-Methods": {"put, DELETE"}}, "PUT is not in Access-Control-Allow-Methods"},
		{"header not listed", put, 204, http.Header{"Access-Control-Allow-Origin": {origin}, "Access-Control-Allow-Methods": {"PUT"}}, "X-A is not in Access-Control-Allow-Headers"},
		{"all listed", put, 200, http.Header{
			"Access-Control-Allow-Origin": {origin}, "Access-Control-Allow-Methods": {"DELETE, PUT"}, "Access-Control-Allow-Headers": {"x-b,x-a"},
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.blocked, judgePreflight(answer{c.status, c.header}, origin, c.call))
		})
	}
}

func TestOnce(t *testing.T) {
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), true, &printer{w: &stdout}, &stderr), "exit code")
	assert.Empty(t, stderr.String(), "standard error")
	assert.Contains(t, stdout.String(), "The six columns are identical.")
	assert.NotContains(t, stdout.String(), "open http://", "there is no page to open once the demo has ended")
}

func TestServesUntilInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &watched{text: "Ctrl-C", seen: cancel}
	var stderr bytes.Buffer
	assert.Equal(t, 0, run(ctx, false, &printer{w: out}, &stderr), "exit code")
	assert.Empty(t, stderr.String(), "standard error")
	assert.Regexp(t, `open http://localhost:\d+\n`, out.String())
}

// watched is a buffer that calls seen once text is written to it.
type watched struct {
	bytes.Buffer
	text string
	seen func()
}

func (w *watched) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.text)) {
		w.seen()
	}
	return w.Buffer.Write(p)
}

func TestPage(t *testing.T) {
	page := newPage(&stage{APIs: []api{{"gin", "http://127.0.0.1:1"}}, Allowed: "http://localhost:2", Refused: "http://127.0.0.1:2"}, testPolicy(t))
	for _, path := range []string{"/", "/style.css", "/page.js"} {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		assert.Equal(t, http.StatusOK, w.Code, "GET %s", path)
		// Nothing comes from anywhere else.
		assert.NotContains(t, w.Body.String(), "https://", "GET %s", path)
	}

	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/demo.json", nil))
	var demo map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &demo))
	assert.Equal(t, "http://localhost:2", demo["allowed"])
	assert.Equal(t, []any{map[string]any{"name": "gin", "url": "http://127.0.0.1:1"}}, demo["apis"])
	assert.Len(t, demo["calls"], len(calls))
}

func TestExplain(t *testing.T) {
	page := newPage(&stage{}, testPolicy(t))
	for _, c := range []struct {
		name, question string
		want           explanation
	}{
		{
			"allowed", `{"origin": "http://localhost:1", "call": {"method": "GET"}}`,
			explanation{"actual", "allowed", 0, true, "The origin is listed: the page may read the response."},
		},
		{
			"allowed preflight", `{"origin": "http://localhost:1", "call": {"method": "PUT"}}`,
			explanation{"preflight", "allowed", 204, true, "Origin, method and headers are listed: after the preflight the browser sends the PUT."},
		},
		{
			"origin", `{"origin": "null", "call": {"method": "GET"}}`,
			explanation{"actual", "origin-not-allowed", 0, false, "The origin null is not listed: the server answers, but the page may not read the response."},
		},
		{
			"origin of a preflight", `{"origin": "http://127.0.0.1:1", "call": {"method": "PUT"}}`,
			explanation{"preflight", "origin-not-allowed", 403, false, "The origin http://127.0.0.1:1 is not listed: the preflight gets 403, and the PUT is never sent."},
		},
		{
			"method", `{"origin": "http://localhost:1", "call": {"method": "DELETE"}}`,
			explanation{"preflight", "method-not-allowed", 204, false, "DELETE is not listed: the preflight grants PUT, OPTIONS, and the DELETE is never sent."},
		},
		{
			"header", `{"origin": "http://localhost:1", "call": {"method": "GET", "header": "X-Debug"}}`,
			explanation{"preflight", "header-not-allowed", 204, false, "The header x-debug is not listed: the preflight grants X-CSRF-Token, and the GET is never sent."},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/explain", strings.NewReader(c.question)))
			var got explanation
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got), "body: %s", w.Body)
			assert.Equal(t, c.want, got)
		})
	}
	t.Run("not a question", func(t *testing.T) {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/explain", strings.NewReader("?")))
		assert.Equal(t, http.StatusBadRequest, w.Code)
	})
}
