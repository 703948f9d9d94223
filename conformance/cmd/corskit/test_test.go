package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve serves handler's, until the test ends.
func serve(t *testing.T, around func(http.Handler) http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(handler(t, around))
	t.Cleanup(server.Close)
	return server.URL
}

// handler returns validPolicy around a handler of GET /items. What is around them
// both may be nil.
func handler(t *testing.T, around func(http.Handler) http.Handler) http.Handler {
	t.Helper()
	policy, err := cors.ParsePolicy([]byte(validPolicy))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", func(http.ResponseWriter, *http.Request) {})
	handler := corshttp.New(policy)(mux)
	if around != nil {
		handler = around(handler)
	}
	return handler
}

// withoutVary forgets about caches where there is no Origin.
func withoutVary(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			next.ServeHTTP(w, r)
		}
	})
}

func TestTest(t *testing.T) {
	for _, c := range []struct {
		name   string
		around func(http.Handler) http.Handler
		args   []string // behind "test", before the URL
		known  string
		status int
		last   string // a part of the last line of standard output
		stderr string
	}{
		{name: "right", args: []string{"-policy", "ok.json", "-path", "/items"},
			last: "0 failed, 0 known to fail"},
		{name: "with YAML and what goes with requests", args: []string{"-policy", "ok.yaml", "-path", "/items", "-header", "Authorization: a, b", "-header", "Host: api.example", "-concurrency", "1", "-timeout", "1m", "-origin", "https://other.example"},
			last: "0 failed, 0 known to fail"},
		{name: "a fault", around: withoutVary, args: []string{"-policy", "ok.json", "-path", "/items"}, status: 1,
			last: "1 failed, 0 known to fail"},
		{name: "a fault that is known", around: withoutVary, args: []string{"-policy", "ok.json", "-path", "/items", "-known-failing", "known"}, known: "vary/without-origin # has no Vary\n",
			last: "0 failed, 1 known to fail"},
		{name: "a fault that is mended", args: []string{"-policy", "ok.json", "-path", "/items", "-known-failing", "known"}, known: "vary/without-origin\n", status: 1,
			last: "1 failed, 0 known to fail"},
		{name: "a pattern that matches nothing", args: []string{"-policy", "ok.json", "-path", "/items", "-known-failing", "known"}, known: "# none\nnosuch/*\n", status: 1,
			last: "0 failed, 0 known to fail", stderr: lines("known:2: nosuch/* matches no case: remove it")},
	} {
		t.Run(c.name, func(t *testing.T) {
			inDirectory(t, map[string]string{
				"ok.json": validPolicy, "known": c.known,
				"ok.yaml": "allowOrigins: [https://app.example.com]\nallowMethods: [PUT]\nallowHeaders: [X-A]\nmaxAge: 60\n",
			})
			url := serve(t, c.around)
			status, stdout, stderr := corskit("", append(append([]string{"test"}, c.args...), url)...)
			all := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
			assert.Regexp(t, "^"+url+`/items: \d+ passed, `+c.last+`, \d+ not applicable$`, all[len(all)-1], "the last line")
			assert.Equal(t, c.stderr, stderr, "standard error")
			assert.Equal(t, c.status, status, "exit status; standard output: %s", stdout)
		})
	}
}

// TestTestSays holds what is printed about a case, in each format.
func TestTestSays(t *testing.T) {
	inDirectory(t, map[string]string{"ok.json": validPolicy})
	url := serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "OPTIONS" {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			next.ServeHTTP(w, r)
			w.Header().Del("Vary")
		})
	})
	args := []string{"test", "-policy", "ok.json", "-header", "Authorization: Bearer secret", "-header", "X-Csrf-Token: secret", "-junit", "report.xml", url + "/items"}

	status, stdout, _ := corskit("", args...)
	assert.Equal(t, 1, status, "exit status")
	_, after, found := strings.Cut(stdout, "fail            preflight/method/PUT\n")
	require.True(t, found, "the case fails: %s", stdout)
	text, _, _ := strings.Cut(after, "\nfail ")
	console := "Access to fetch at '" + url + "/items' from origin 'https://app.example.com' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource."
	curl := "curl -s -o /dev/null -D - -X OPTIONS -H 'Accept: */*' -H 'Access-Control-Request-Method: PUT' -H 'Origin: https://app.example.com' '" + url + "/items'"
	for _, want := range []string{
		"    A page of https://app.example.com is blocked, where the policy allows the request: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.\n",
		"    clause    Fetch, CORS-preflight fetch, step 7.5: a method that the policy lists is permitted, here PUT. (rule 6)\n",
		"    request   OPTIONS " + url + "/items\n                Accept: */*\n                Access-Control-Request-Method: PUT\n                Origin: https://app.example.com\n",
		"    response  405 Method Not Allowed\n",
		"    browser   " + console + "\n",
		"    fix       answer OPTIONS requests with Access-Control-Request-Method before authentication and routing do, which say 405\n",
		"    try       " + curl,
	} {
		assert.Contains(t, text+"\n", want, "what is printed of the case")
	}
	assert.NotContains(t, stdout, "secret", "credentials are in no report")
	assert.Contains(t, stdout, "Authorization: $AUTHORIZATION", "but that they were sent is")

	_, stdout, _ = corskit("", append(args[:1:1], append([]string{"-json"}, args[1:]...)...)...)
	var seen outcome
	var last summary
	count := map[string]int{}
	for line := range strings.Lines(stdout) {
		var o outcome
		require.NoError(t, json.Unmarshal([]byte(line), &o), line)
		count[o.Result]++
		if o.Case == "preflight/method/PUT" {
			seen = o
		}
		last = summary{}
		require.NoError(t, json.Unmarshal([]byte(line), &last), line)
	}
	assert.Equal(t, outcome{
		Case: "preflight/method/PUT", Rule: 6, Clause: "Fetch, CORS-preflight fetch, step 7.5: a method that the policy lists is permitted, here PUT.", Result: "fail",
		Problems: []string{
			"A page of https://app.example.com is blocked, where the policy allows the request: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
		},
		Fix:     "answer OPTIONS requests with Access-Control-Request-Method before authentication and routing do, which say 405",
		Differs: []string{}, Browser: console, Request: "OPTIONS " + url + "/items\nAccept: */*\nAccess-Control-Request-Method: PUT\nOrigin: https://app.example.com",
		Response: seen.Response, Curl: curl,
	}, seen, "the line of the case")
	assert.True(t, strings.HasPrefix(seen.Response, "405 Method Not Allowed\n"), "the response: %s", seen.Response)
	assert.Equal(t, summary{Summary: "fail", URL: url + "/items", Passed: count["pass"], Failed: count["fail"], NotApplicable: count["not-applicable"], Patterns: 1, Asked: 1}, last, "the last line")

	data, err := os.ReadFile("report.xml")
	require.NoError(t, err)
	assert.NotContains(t, string(data), "secret", "the JUnit report")
	var report junitSuite
	require.NoError(t, xml.Unmarshal(data, &report))
	assert.Equal(t, []int{last.Failed + last.Passed + last.NotApplicable, last.Failed, last.NotApplicable}, []int{report.Tests, report.Failures, report.Skipped}, "the counts of the JUnit report")
	failures := 0
	for _, c := range report.Cases {
		if c.Failure != nil {
			failures++
		}
	}
	assert.Equal(t, last.Failed, failures, "the failures of the JUnit report")
}

// TestNameOfJUnitReport checks that it has no query, which may hold a token.
func TestNameOfJUnitReport(t *testing.T) {
	inDirectory(t, nil)
	require.NoError(t, writeJUnit("report.xml", "http://a.example/items?token=secret", nil))
	data, err := os.ReadFile("report.xml")
	require.NoError(t, err)
	assert.Contains(t, string(data), `name="http://a.example/items"`)
	assert.NotContains(t, string(data), "secret")
}

func TestTestWithoutPolicy(t *testing.T) {
	url := serve(t, nil)
	status, stdout, stderr := corskit("", "test", "-origin", "https://app.example.com", "-origin", "https://other.example", url+"/items")
	assert.JSONEq(t, validPolicy, stdout, "standard output is the policy")
	assert.Equal(t, lines(
		"# https://other.example is not allowed: Access-Control-Allow-Origin is absent.",
		"# Which other origins are allowed cannot be told: name some with -origin, and patterns in allowOrigins.",
	), stderr, "standard error")
	assert.Equal(t, 0, status, "exit status")
}

// TestServersThatCannotBeReached names a port that was free a moment ago.
func TestServersThatCannotBeReached(t *testing.T) {
	inDirectory(t, map[string]string{"ok.json": validPolicy})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	url := "http://" + l.Addr().String() + "/"
	require.NoError(t, l.Close())
	for _, args := range [][]string{{"test", "-policy", "ok.json"}, {"test"}, {"audit"}} {
		status, stdout, stderr := corskit("", append(args, url)...)
		assert.Empty(t, stdout, "standard output of %s", args)
		assert.Equal(t, "corskit: "+url+" cannot be reached: dial: connect: connection refused: start the server, or name another URL\n", stderr, "standard error of %s", args)
		assert.Equal(t, 1, status, "exit status of %s", args)
	}
}

func TestAudit(t *testing.T) {
	url := serve(t, nil)
	status, stdout, stderr := corskit("", "audit", "-origin", "https://app.example.com", url+"/items")
	assert.Equal(t, lines(url+"/items: nothing found"), stdout, "standard output")
	assert.Empty(t, stderr, "standard error")
	assert.Equal(t, 0, status, "exit status")

	url = serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if r.Header.Get("Origin") == "null" {
				w.Header().Set("Access-Control-Allow-Origin", "null")
			}
		})
	})
	curl := "curl -s -o /dev/null -D - -H 'Origin: null' '" + url + "/items'"
	status, stdout, _ = corskit("", "audit", "-origin", "https://app.example.com", url+"/items")
	assert.Equal(t, lines(
		"medium  null: null is allowed, which any site can be by a sandboxed frame: null is.",
		"    try       "+curl,
		"    fix       take null from the list of origins",
		url+"/items: 1 finding",
	), stdout, "standard output")
	assert.Equal(t, 1, status, "exit status")

	status, stdout, _ = corskit("", "audit", "-json", "-origin", "https://app.example.com", url+"/items")
	var f auditFinding
	require.NoError(t, json.Unmarshal([]byte(stdout), &f))
	assert.Equal(t, auditFinding{"medium", "null", "null is allowed, which any site can be by a sandboxed frame: null is.", curl, f.Response, "take null from the list of origins"}, f, "the line")
	assert.Contains(t, f.Response, "Access-Control-Allow-Origin: null")
	assert.Equal(t, 1, status, "exit status")
}

func TestCertificates(t *testing.T) {
	inDirectory(t, map[string]string{"ok.json": validPolicy})
	server := httptest.NewUnstartedServer(handler(t, nil))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // says that clients hang up
	server.StartTLS()
	defer server.Close()
	url := server.URL + "/items"
	for _, args := range [][]string{
		{"test", "-policy", "ok.json"},
		{"test", "-origin", "https://app.example.com"},
		{"audit", "-origin", "https://app.example.com"},
	} {
		status, stdout, stderr := corskit("", append(args, url)...)
		assert.Empty(t, stdout, "standard output of %s, where nobody vouches for the certificate", args)
		assert.Contains(t, stderr, url+" cannot be reached: ", "standard error of %s", args)
		assert.Contains(t, stderr, "certificate signed by unknown authority: name a host that its certificate is for, or accept any certificate with -insecure\n", "standard error of %s", args)
		assert.Equal(t, 1, status, "exit status of %s", args)

		status, stdout, stderr = corskit("", append(args, "-insecure", url)...)
		assert.NotEmpty(t, stdout, "standard output of %s -insecure", args)
		assert.NotContains(t, stderr, "corskit: ", "standard error of %s -insecure", args)
		assert.Equal(t, 0, status, "exit status of %s -insecure; standard output: %s", args, stdout)
	}
}

// TestServersThatTellNothing checks that none of them passes.
func TestServersThatTellNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer server.Close()
	for _, command := range []string{"audit", "test"} {
		status, stdout, stderr := corskit("", command, server.URL+"/items")
		assert.Equal(t, lines("corskit: "+server.URL+"/items cannot be judged: it answers with status 401 and grants nothing: name an endpoint and a method that it serves, and add what it wants, such as -header 'Authorization: …'"), stderr, "standard error of %s", command)
		assert.NotContains(t, stdout, "nothing found", "standard output of %s", command)
		assert.Equal(t, 1, status, "exit status of %s", command)
	}
}

// TestFlagsOfServers checks what is wrong with a command line that asks a server.
func TestFlagsOfServers(t *testing.T) {
	const see = ": see corskit test -h"
	for args, want := range map[string]string{
		"test":                           "no URL is given",
		"test -policy ok.json":           "no URL is given",
		"test http://a.example http://b": `"http://b" is not expected: write one URL`,
		"test -policy ok.json a.example": `"a.example" is not the URL of an endpoint: write one such as https://api.example.com/items`,
		"test -policy ok.json -method (A http://a.example":            `"(A" is not a method: write a token such as PUT`,
		"test -policy ok.json -method TRACE http://a.example":         "TRACE is a method that no page can use: name another",
		"test -policy ok.json -header Authorization http://a.example": `"Authorization" is not a header: write one such as 'Authorization: Bearer abc'`,
		"test -policy ok.json -header Origin:x http://a.example":      "the header Origin is set by each case: leave it out",
		"test -policy ok.json -path items http://a.example":           `"items" is not a path: write one such as /items`,
		"test -policy ok.json -path //evil/x http://a.example":        `"//evil/x" is not a path: write one such as /items`,
		"test -policy ok.json -origin a\x01 http://a.example":         `"a\x01" is not an origin: write one such as https://app.example.com`,
		"test -policy ok.json http://me:secret@a.example":             `"http://…@a.example" is not the URL of an endpoint: write one such as https://api.example.com/items`,
		"test -policy ok.json -timeout 0s http://a.example":           "the timeout 0s is none: write one such as 10s",
		"test -policy ok.json -concurrency 0 http://a.example":        "the concurrency 0 is none: write one such as 4",
		"test -junit x http://a.example":                              "-junit has nothing to say without a policy: write -policy FILE",
		"test -nosuch":                                                "flag provided but not defined: -nosuch",
	} {
		t.Run(args, func(t *testing.T) {
			inDirectory(t, map[string]string{"ok.json": validPolicy})
			status, stdout, stderr := corskit("", strings.Fields(args)...)
			assert.Empty(t, stdout, "standard output")
			assert.Equal(t, "corskit: test: "+want+see+"\n", stderr, "standard error")
			assert.Equal(t, 2, status, "exit status")
		})
	}
	for args, want := range map[string]string{
		"audit":                            "no URL is given",
		"audit a.example":                  `"a.example" is not the URL of an endpoint: write one such as https://api.example.com/items`,
		"audit -origin x http://a.example": `"x" is not an origin: write one such as https://app.example.com`,
		"audit -origin https://a -origin b http://a.example": "2 origins are given: write -origin once, with one that the server allows",
	} {
		t.Run(args, func(t *testing.T) {
			status, stdout, stderr := corskit("", strings.Fields(args)...)
			assert.Empty(t, stdout, "standard output")
			assert.Equal(t, "corskit: audit: "+want+": see corskit audit -h\n", stderr, "standard error")
			assert.Equal(t, 2, status, "exit status")
		})
	}
}

// TestFilesOfTest checks what is said about files that cannot be used.
func TestFilesOfTest(t *testing.T) {
	for args, want := range map[string]string{
		"-policy bad.json":                         `bad.json:1:19: allowOrigins: "https://a.example/" has a trailing slash: write https://a.example`,
		"-policy ok.json -known-failing nosuch":    "corskit: nosuch: cannot be read: no such file or directory: name a list that can be read",
		"-policy ok.json -known-failing bad.json":  `corskit: bad.json:1: "{\"allowOrigins\": [\"https://a.example/\"]}" is not a pattern: write one such as vary/*, and a # before the reason`,
		"-policy ok.json -known-failing .":         "corskit: .: cannot be read: is a directory: name a list that can be read",
		"-policy ok.json -junit nosuch/report.xml": "corskit: nosuch/report.xml: cannot be written: no such file or directory: name a file in a directory that exists",
	} {
		t.Run(args, func(t *testing.T) {
			inDirectory(t, map[string]string{"ok.json": validPolicy, "bad.json": `{"allowOrigins": ["https://a.example/"]}`})
			status, _, stderr := corskit("", append(append([]string{"test"}, strings.Fields(args)...), serve(t, nil)+"/items")...)
			assert.Equal(t, want+"\n", stderr, "standard error")
			assert.Equal(t, 1, status, "exit status")
		})
	}
}

func TestProgress(t *testing.T) {
	var b strings.Builder
	p := &progress{w: &b, total: 2}
	p.step()
	p.step()
	p.end()
	assert.Equal(t, "\r1 of 2 cases\r2 of 2 cases\r\x1b[K", b.String(), "what a terminal gets")
	assert.Nil(t, newProgress(&b, os.Stdout, 2).w, "nothing goes to what is no terminal")
}
