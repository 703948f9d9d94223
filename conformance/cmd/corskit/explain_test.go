package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	cors "github.com/corskit/corskit/core"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	noOrigin  = "No 'Access-Control-Allow-Origin' header is present on the requested resource."
	preflight = "Response to preflight request doesn't pass access control check: "
)

// TestLines holds lines of the output as a whole: their keys and the order.
func TestLines(t *testing.T) {
	inDirectory(t, map[string]string{"policy.yaml": `
allowOrigins: [https://app.example.com]
allowMethods: [PUT, DELETE]
allowHeaders: [X-A]
exposeHeaders: [X-Total]
allowCredentials: true
maxAge: 60
`})
	const vary = `"vary":["Origin","Access-Control-Request-Method","Access-Control-Request-Headers"]`
	status, stdout, stderr := corskit(lines(
		`{"method":"GET"}`,
		``,
		`{"method":"GET","headers":[["Origin","https://app.example.com"]]}`,
		`{"method":"OPTIONS","headers":[["Origin","https://app.example.com"],["Access-Control-Request-Method","PUT"],["Access-Control-Request-Headers","x-a"]]}`,
		`{"method":"OPTIONS","headers":[["Origin","https://evil.example"],["Access-Control-Request-Method","PUT"]]}`,
	), "explain", "-policy", "policy.yaml")
	assert.Equal(t, lines(
		`{"kind":"not-cors","status":0,"reason":"no-origin","headers":[],"vary":["Origin"],"browser":"","fix":""}`,
		`{"kind":"actual","status":0,"reason":"allowed","headers":[["Access-Control-Allow-Origin","https://app.example.com"],["Access-Control-Allow-Credentials","true"],["Access-Control-Expose-Headers","X-Total"]],"vary":["Origin"],"browser":"","fix":""}`,
		`{"kind":"preflight","status":204,"reason":"allowed","headers":[["Access-Control-Allow-Origin","https://app.example.com"],["Access-Control-Allow-Credentials","true"],["Access-Control-Allow-Methods","PUT,DELETE"],["Access-Control-Allow-Headers","X-A"],["Access-Control-Max-Age","60"]],`+vary+`,"browser":"","fix":""}`,
		`{"kind":"preflight","status":403,"reason":"origin-not-allowed","headers":[],`+vary+`,"browser":"Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.","fix":"add \"https://evil.example\" to allowOrigins"}`,
	), stdout, "standard output")
	assert.Empty(t, stderr, "standard error")
	assert.Equal(t, 0, status, "exit status")
}

// line returns a line of input.
func line(method string, headers ...[2]string) string {
	text, _ := json.Marshal(map[string]any{"method": method, "headers": append([][2]string{}, headers...)})
	return string(text)
}

func origin(value string) [2]string       { return [2]string{"Origin", value} }
func method(value string) [2]string       { return [2]string{"Access-Control-Request-Method", value} }
func headersOf(value string) [2]string    { return [2]string{"Access-Control-Request-Headers", value} }
func header(name, value string) [2]string { return [2]string{name, value} }

func TestExplain(t *testing.T) {
	const (
		plain       = `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT"], "allowHeaders": ["X-A"]}`
		credentials = `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["*"], "allowHeaders": ["*"], "allowCredentials": true}`
		any         = `{"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"]}`
		reject      = `{"allowOrigins": ["https://app.example.com"], "rejectDisallowed": true}`
		app, other  = "https://app.example.com", "https://x.example"
	)
	for _, c := range []struct {
		name    string
		policy  string
		request string
		kind    string
		status  int
		reason  string
		browser string
		fix     string
	}{
		// Every reason, but for predicate-failed: policy files have no predicate.
		{"no origin", plain, line("GET"), "not-cors", 0, "no-origin", "", ""},
		{"allowed", plain, line("GET", origin(app)), "actual", 0, "allowed", "", ""},
		{"malformed origin", plain, line("GET", origin("https://X.example/")), "actual", 0, "malformed-origin", noOrigin,
			`send "null" or a valid serialized origin: "https://X.example/" has a trailing slash: write https://x.example`},
		{"repeated origin", plain, line("GET", origin(app), origin(app)), "actual", 0, "repeated-origin", noOrigin, "send one Origin line"},
		{"origin not allowed", plain, line("GET", origin(other)), "actual", 0, "origin-not-allowed", noOrigin, `add "https://x.example" to allowOrigins`},
		{"malformed method", plain, line("OPTIONS", origin(app), method("")), "actual", 0, "malformed-method", preflight + noOrigin,
			"name the method in Access-Control-Request-Method"},
		{"repeated method", plain, line("OPTIONS", origin(app), method("PUT"), method("PUT")), "actual", 0, "repeated-method", preflight + noOrigin,
			"send one Access-Control-Request-Method line"},
		{"method not allowed", plain, line("OPTIONS", origin(app), method("DELETE")), "preflight", 204, "method-not-allowed",
			"Method DELETE is not allowed by Access-Control-Allow-Methods in preflight response.", `add "DELETE" to allowMethods`},
		{"header not allowed", plain, line("OPTIONS", origin(app), method("PUT"), headersOf("X-A,X-B")), "preflight", 204, "header-not-allowed",
			"Request header field x-b is not allowed by Access-Control-Allow-Headers in preflight response.", `add "X-B" to allowHeaders`},

		// Origins.
		{"an origin that is a pattern", plain, line("GET", origin("https://*.example.com")), "actual", 0, "malformed-origin", noOrigin,
			`send "null" or a valid serialized origin`},
		{"an origin that is empty", plain, line("GET", origin("")), "actual", 0, "malformed-origin", noOrigin,
			`send "null" or a valid serialized origin`},
		{"null", plain, line("GET", origin("null")), "actual", 0, "origin-not-allowed", noOrigin, "set dangerouslyAllowNullOrigin to true"},
		{"null, with more that is missing", plain, line("OPTIONS", origin("null"), method("DELETE")), "preflight", 403, "origin-not-allowed", preflight + noOrigin,
			`set dangerouslyAllowNullOrigin to true; add "DELETE" to allowMethods`},
		{"an origin that New refuses", credentials, line("GET", origin("http://x.example")), "actual", 0, "origin-not-allowed", noOrigin,
			`"http://x.example" allows pages loaded over plain http to send credentials: write https://x.example, or set dangerouslyAllowInsecureOrigins`},
		{"rejected", reject, line("GET", origin(other)), "actual", 403, "origin-not-allowed", noOrigin, `add "https://x.example" to allowOrigins`},
		{"rejected as malformed", reject, line("POST", origin("x"), header("Sec-Fetch-Site", "same-origin")), "actual", 403, "malformed-origin", noOrigin,
			`send "null" or a valid serialized origin: "x" has no scheme: write https://x`},

		// Methods.
		{"everything is missing", plain, line("OPTIONS", origin(other), method("DELETE"), headersOf("x-a,x-b,x-c")), "preflight", 403, "origin-not-allowed", preflight + noOrigin,
			`add "https://x.example" to allowOrigins; add "DELETE" to allowMethods; add "x-b", "x-c" to allowHeaders`},
		{"a method in lower case", plain, line("OPTIONS", origin(app), method("put")), "preflight", 204, "method-not-allowed",
			"Method put is not allowed by Access-Control-Allow-Methods in preflight response.", "send the method as browsers do: PUT"},
		{"a method that is no browser's to normalize", plain, line("OPTIONS", origin(app), method("patch")), "preflight", 204, "method-not-allowed",
			"Method patch is not allowed by Access-Control-Allow-Methods in preflight response.", `add "patch" to allowMethods`},
		{"a forbidden method", plain, line("OPTIONS", origin(app), method("TRACE")), "preflight", 204, "method-not-allowed",
			"Method TRACE is not allowed by Access-Control-Allow-Methods in preflight response.", `"TRACE" is a method that browsers never send: remove it`},
		{"a method that is no token", any, line("OPTIONS", origin(app), method("P\nT")), "preflight", 204, "method-not-allowed",
			`Method "P\nT" is not allowed by Access-Control-Allow-Methods in preflight response.`, `"P\nT" is not a method: write a token such as PUT`},
		{"a long method", plain, line("OPTIONS", origin(app), method(strings.Repeat("M", 200))), "preflight", 204, "method-not-allowed",
			`Method "` + strings.Repeat("M", 120) + `"… is not allowed by Access-Control-Allow-Methods in preflight response.`,
			`add "` + strings.Repeat("M", 200) + `" to allowMethods`},

		// Headers.
		{"a header that scripts cannot set", plain, line("OPTIONS", origin(app), method("PUT"), headersOf("x-b,cookie")), "preflight", 204, "header-not-allowed",
			"Request header field x-b is not allowed by Access-Control-Allow-Headers in preflight response.",
			`add "x-b" to allowHeaders; "cookie" is a header that browsers do not let scripts set: remove it`},
		{"authorization under *", any, line("OPTIONS", origin(app), method("PUT"), headersOf("authorization")), "preflight", 204, "header-not-allowed",
			"Request header field authorization is not allowed by Access-Control-Allow-Headers in preflight response.", `add "authorization" to allowHeaders`},
		{"too many headers to echo", credentials, line("OPTIONS", origin(app), method("PUT"), headersOf(strings.Repeat("x,", 64)+"x")), "preflight", 204, "header-not-allowed",
			"Request header field x is not allowed by Access-Control-Allow-Headers in preflight response.", "ask for fewer headers, in a list without blanks and empty members"},
		{"a list that is malformed but covered", plain, line("OPTIONS", origin(app), method("PUT"), headersOf("x-a"+strings.Repeat(",", 30))), "preflight", 204, "header-not-allowed", "", ""},

		// Credentials, as a Cookie header shows them.
		{"cookies", credentials, line("GET", origin(app), header("Cookie", "a=b")), "actual", 0, "allowed", "", ""},
		{"cookies without allowCredentials", plain, line("GET", origin(app), header("cookie", "a=b")), "actual", 0, "allowed",
			"The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' when the request's credentials mode is 'include'.",
			"set allowCredentials to true"},
		{"cookies under *", any, line("GET", origin(app), header("cookie", "a=b")), "actual", 0, "allowed",
			"The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.",
			`list the origin of the page in allowOrigins instead of "*", and set allowCredentials to true`},
		{"cookies on a preflight", plain, line("OPTIONS", origin(app), method("PUT"), header("cookie", "a=b")), "preflight", 204, "allowed",
			preflight + "The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' when the request's credentials mode is 'include'.",
			"set allowCredentials to true"},
		{"cookies of the server's own pages, which are listed too", plain, line("POST", origin(app), header("Host", "app.example.com"), header("Cookie", "a=b")), "actual", 0, "allowed", "", ""},
		{"cookies of the server's own pages", plain, line("POST", origin(other), header("Sec-Fetch-Site", "same-origin"), header("Cookie", "a=b")), "actual", 0, "origin-not-allowed", "", ""},

		// Requests without a CORS check.
		{"same-origin by Sec-Fetch-Site", reject, line("POST", origin(other), header("sec-fetch-site", "same-origin")), "actual", 0, "origin-not-allowed", "", ""},
		{"none by Sec-Fetch-Site", plain, line("POST", origin(other), header("sec-fetch-site", "none")), "actual", 0, "origin-not-allowed", "", ""},
		{"same-site by Sec-Fetch-Site", plain, line("POST", origin(other), header("sec-fetch-site", "same-site"), header("Host", "x.example")), "actual", 0, "origin-not-allowed",
			noOrigin, `add "https://x.example" to allowOrigins`},
		{"same-origin by Host", reject, line("POST", origin(other), header("HOST", "x.example")), "actual", 0, "origin-not-allowed", "", ""},
		{"same-origin by Host with the default port", reject, line("POST", origin(other), header("HOST", "x.example:443")), "actual", 0, "origin-not-allowed", "", ""},
		{"another Host", plain, line("POST", origin(other), header("Host", "api.example")), "actual", 0, "origin-not-allowed", noOrigin, `add "https://x.example" to allowOrigins`},
		{"a form", plain, line("POST", origin(other), header("Sec-Fetch-Mode", "navigate"), header("Sec-Fetch-Site", "cross-site")), "actual", 0, "origin-not-allowed",
			"", `add "https://x.example" to allowOrigins`},
		{"OPTIONS of another kind", plain, line("OPTIONS", origin(other)), "actual", 0, "origin-not-allowed", noOrigin, `add "https://x.example" to allowOrigins`},

		// The line.
		{"blanks around a value", plain, line("GET", origin(" \thttps://app.example.com ")), "actual", 0, "allowed", "", ""},
		{"a name in another case", plain, line("GET", header("oRIGIN", app)), "actual", 0, "allowed", "", ""},
		{"several lines of names", plain, line("OPTIONS", origin(app), method("PUT"), headersOf("x-a"), headersOf("x-b")), "preflight", 204, "header-not-allowed",
			"Request header field x-b is not allowed by Access-Control-Allow-Headers in preflight response.", `add "x-b" to allowHeaders`},
		{"a url", plain, `{"url": "https://api.example.com/a b?c", "method": "GET", "headers": [["Origin", "https://x.example"]]}`, "actual", 0, "origin-not-allowed",
			"Access to fetch at 'https://api.example.com/a%20b?c' from origin 'https://x.example' has been blocked by CORS policy: " + noOrigin, `add "https://x.example" to allowOrigins`},
		{"a url with a malformed origin", plain, `{"url": "https://api.example.com/", "method": "GET", "headers": [["Origin", "x"]]}`, "actual", 0, "malformed-origin",
			noOrigin, `send "null" or a valid serialized origin: "x" has no scheme: write https://x`},
		{"a url of the same origin", reject, `{"url": "https://x.example/a", "method": "POST", "headers": [["Origin", "https://x.example"]]}`, "actual", 0, "origin-not-allowed", "", ""},
		{"a url of another scheme", plain, `{"url": "http://x.example/a", "method": "POST", "headers": [["Origin", "https://x.example"]]}`, "actual", 0, "origin-not-allowed",
			"Access to fetch at 'http://x.example/a' from origin 'https://x.example' has been blocked by CORS policy: " + noOrigin, `add "https://x.example" to allowOrigins`},
	} {
		t.Run(c.name, func(t *testing.T) {
			inDirectory(t, map[string]string{"policy.json": c.policy})
			status, stdout, stderr := corskit(c.request, "explain", "-policy", "policy.json")
			require.Equal(t, 0, status, "exit status; standard error: %s", stderr)
			var got explanation
			require.NoError(t, json.Unmarshal([]byte(stdout), &got))
			assert.Equal(t, c.kind, got.Kind, "kind")
			assert.Equal(t, c.status, got.Status, "status")
			assert.Equal(t, c.reason, got.Reason, "reason")
			assert.Equal(t, c.browser, got.Browser, "browser")
			assert.Equal(t, c.fix, got.Fix, "fix")
		})
	}
}

// A policy that has a predicate comes from code, and so does the mending of it.
func TestPredicateFailedHasNoFix(t *testing.T) {
	d := cors.Decision{Kind: cors.Actual, Reason: cors.PredicateFailed}
	r := &request{Request: cors.Request{Method: "GET", Origin: cors.Lines{First: "https://x.example", N: 1}}}
	assert.Empty(t, new(explainer).fix(context.Background(), r, d))
	assert.Equal(t, noOrigin, message(r, d))
}

func TestLinesThatAreNoRequests(t *testing.T) {
	const pairs = `has headers that are not pairs of strings: write "headers": [["Origin", "https://app.example.com"]]`
	for line, want := range map[string]string{
		`[]`:                                       `is not an object: write {"method": "GET", "headers": [["Origin", "https://app.example.com"]]}`,
		`null`:                                     `is not an object: write {"method": "GET", "headers": [["Origin", "https://app.example.com"]]}`,
		`{"method":"GET"`:                          `ends within the object: close what is open`,
		`{"method":`:                               `ends within the object: close what is open`,
		`{"method":"GET"} {"method":"GET"}`:        `has more after the object: write one object on each line`,
		`{"method":"GET",}`:                        `is not JSON: invalid character '}' looking for beginning of object key string: write one object on each line`,
		`method: GET`:                              `is not JSON: invalid character 'm' looking for beginning of value: write one object on each line`,
		"{\"method\":\"\xff\"}":                    `is not valid UTF-8: write it as UTF-8`,
		`{}`:                                       `has no method: write {"method": "GET", ...}`,
		`{"method":""}`:                            `has a method that is none: write "method": "GET"`,
		`{"method":null}`:                          `has a method that is none: write "method": "GET"`,
		`{"method":"A B"}`:                         `has a method that is none: write "method": "GET"`,
		`{"method":"GET","method":"PUT"}`:          `has the key "method" twice: keep one of the two`,
		`{"Method":"GET"}`:                         `has the unknown key "Method": write method, headers or url`,
		`{"method":"GET","headers":null}`:          pairs,
		`{"method":"GET","headers":{"a":"b"}}`:     pairs,
		`{"method":"GET","headers":[["a"]]}`:       pairs,
		`{"method":"GET","headers":[["a",null]]}`:  pairs,
		`{"method":"GET","headers":[["a",["b"]]]}`: pairs,
		`{"method":"GET","headers":[["a b","c"]]}`: `has the header name "a b", which is none: write a name such as "Origin"`,
		`{"method":"GET","url":"/items"}`:          `has a url that is none: write "url": "https://api.example.com/items"`,
		`{"method":"GET","url":"ftp://a/"}`:        `has a url that is none: write "url": "https://api.example.com/items"`,
	} {
		t.Run(line, func(t *testing.T) {
			inDirectory(t, map[string]string{"policy.json": validPolicy, "requests": "{\"method\":\"GET\"}\n\n" + line + "\n"})
			status, stdout, stderr := corskit("", "explain", "-policy", "policy.json", "-requests", "requests")
			assert.Equal(t, "corskit: requests:3: the line "+want+"\n", stderr, "standard error")
			assert.Equal(t, 1, strings.Count(stdout, "\n"), "the lines before it are answered")
			assert.Equal(t, 1, status, "exit status")
		})
	}
}

// A program can ask, read the answer, and ask again.
func TestLinesAreAnsweredAtOnce(t *testing.T) {
	inDirectory(t, map[string]string{"policy.json": validPolicy})
	stdin, ask := io.Pipe()
	answers, stdout := io.Pipe()
	done := make(chan int, 1)
	go func() { done <- run([]string{"explain", "-policy", "policy.json"}, stdin, stdout, io.Discard) }()
	read := bufio.NewReader(answers)
	for range 2 {
		_, err := io.WriteString(ask, "{\"method\":\"GET\"}\n")
		require.NoError(t, err)
		answer, err := read.ReadString('\n')
		require.NoError(t, err)
		assert.Contains(t, answer, `"reason":"no-origin"`)
	}
	require.NoError(t, ask.Close())
	assert.Equal(t, 0, <-done, "exit status")
}
