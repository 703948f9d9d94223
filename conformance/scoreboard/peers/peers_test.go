package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
)

// policies are those of the scoreboard.
const policies = "../policies"

// TestLacks says for each policy of the scoreboard which peers cannot express it,
// and for want of what.
func TestLacks(t *testing.T) {
	const none = ""
	want := map[string]map[string]string{
		"any-header":             {"gorilla": "allowHeaders"},
		"any-header-credentials": {"gin-contrib": "allowHeaders", "gorilla": "allowHeaders"},
		"any-method":             {"rs": "allowMethods", "go-chi": "allowMethods", "gorilla": "allowMethods"},
		"any-method-credentials": {
			"rs": "allowMethods", "gin-contrib": "allowMethods", "echo": "allowMethods", "echov5": "allowMethods",
			"fiber": "allowMethods", "fiberv3": "allowMethods", "go-chi": "allowMethods", "gorilla": "allowMethods",
		},
		"any-origin":  {},
		"credentials": {},
		"exact":       {},
		"extensions":  {},
		"many":        {},
		"no-cache":    {"gin-contrib": "maxAge", "go-chi": "maxAge", "gorilla": "maxAge"},
		"null":        {},
		"ports":       {},
		"reject": {
			"rs": "rejectDisallowed", "echo": "rejectDisallowed", "echov5": "rejectDisallowed", "fiber": "rejectDisallowed",
			"fiberv3": "rejectDisallowed", "go-chi": "rejectDisallowed", "gorilla": "rejectDisallowed",
		},
		"routes": {
			"rs": "methodsFromRoutes", "gin-contrib": "methodsFromRoutes", "fiber": "methodsFromRoutes",
			"fiberv3": "methodsFromRoutes", "go-chi": "methodsFromRoutes", "gorilla": "methodsFromRoutes",
		},
		"status":     {"echo": "preflightStatus", "echov5": "preflightStatus", "fiber": "preflightStatus", "fiberv3": "preflightStatus"},
		"subdomains": {},
	}
	files, err := filepath.Glob(filepath.Join(policies, "*.json"))
	require.NoError(t, err)
	assert.Len(t, files, len(want), "policies")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		config, faults := load(file)
		require.Empty(t, faults)
		require.Contains(t, want, name, "the policy is not in this table")
		for _, p := range peers {
			field := none
			for _, l := range p.lacks(config) {
				field = l.Field
				assert.NotEmpty(t, l.Why, "%s under %s lacks %s without a reason", p.name, name, l.Field)
			}
			assert.Equal(t, want[name][p.name], field, "what %s lacks for the policy %s", p.name, name)
		}
	}
}

// TestMount has each peer build its site under each policy that it can express,
// where some panic about what they do not take.
func TestMount(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(policies, "*.json"))
	require.NoError(t, err)
	for _, file := range files {
		config, faults := load(file)
		require.Empty(t, faults)
		for _, p := range peers {
			if len(p.lacks(config)) == 0 {
				assert.NotPanics(t, func() { p.mount(config, conformance.Routes(conformance.Global)) }, "%s under %s", p.name, file)
			}
		}
	}
}

func TestLacksBounds(t *testing.T) {
	config := cors.Config{AllowOrigins: []string{"https://app.example.com"}, MaxAge: 601e9, PreflightStatus: 204}
	for _, p := range peers {
		var fields []string
		for _, l := range p.lacks(config) {
			fields = append(fields, l.Field+" "+l.Why)
		}
		want := map[string][]string{
			"gorilla": {"maxAge keeps it to 600 seconds"},
			"go-chi":  {"preflightStatus always answers 200"},
		}
		assert.Equal(t, want[p.name], fields, "what %s lacks for a long maxAge and the status 204", p.name)
	}
}

func TestExpression(t *testing.T) {
	for _, c := range []struct {
		pattern         string
		matches, misses []string
	}{
		{
			"https://app.example.com",
			[]string{"https://app.example.com"},
			[]string{"https://appXexample.com", "https://app.example.com.evil.example", "xhttps://app.example.com", "https://app.example.com:8443"},
		},
		{
			"https://*.example.com",
			[]string{"https://a.example.com", "https://a.b-c.example.com"},
			[]string{"https://example.com", "https://.example.com", "https://a..example.com", "http://a.example.com", "https://a.example.com:8443", "https://evil.example/.example.com"},
		},
		{
			"http://localhost:*",
			[]string{"http://localhost", "http://localhost:3000"},
			[]string{"http://localhost:", "http://localhost:0", "http://localhost:3000/", "http://localhost.example"},
		},
		{
			"https://*.example.com:*",
			[]string{"https://a.example.com", "https://a.example.com:8443"},
			[]string{"https://example.com:8443"},
		},
		{
			"moz-extension://*",
			[]string{"moz-extension://0f1e"},
			[]string{"moz-extension://", "moz-extension://0f1e/page", "chrome-extension://0f1e"},
		},
		{"null", []string{"null"}, []string{"nullify", ""}},
	} {
		e := expression([]string{c.pattern, "https://other.example"})
		for _, origin := range append(c.matches, "https://other.example") {
			assert.True(t, e.MatchString(origin), "the expression for %s does not match %q", c.pattern, origin)
		}
		for _, origin := range append(c.misses, "https://other.example.evil") {
			assert.False(t, e.MatchString(origin), "the expression for %s matches %q", c.pattern, origin)
		}
	}
}

func TestListed(t *testing.T) {
	for _, c := range []struct {
		name      string
		translate func(string) []string
		origins   []string
		list      []string // empty: a function
	}{
		{"no patterns", exact, []string{"https://a.example"}, []string{"https://a.example"}},
		{"every origin", exact, []string{"*"}, []string{"*"}},
		{"no patterns, but one is needed", exact, []string{"https://a.example", "https://*.a.example"}, nil},
		{"one star, at the port", oneStar, []string{"http://localhost:*"}, []string{"http://localhost", "http://localhost:*"}},
		{"one star, two needed", oneStar, []string{"https://*.a.example:*"}, nil},
		{"any number of stars", withoutPort, []string{"https://*.a.example:*"}, []string{"https://*.a.example", "https://*.a.example:*"}},
		{"subdomains", subdomains, []string{"https://*.a.example"}, []string{"https://*.a.example"}},
		{"subdomains, but ports are needed", subdomains, []string{"https://*.a.example:*"}, nil},
		{"subdomains and null", subdomains, []string{"https://*.a.example", "null"}, nil},
		{"gin and another scheme", ginOrigin, []string{"moz-extension://*"}, nil},
		{"echo v5 and null", echoV5Origin, []string{"null"}, nil},
	} {
		list, allowed := listed(cors.Config{AllowOrigins: c.origins}, c.translate)
		assert.Equal(t, c.list, list, "%s: the list", c.name)
		assert.Equal(t, c.list == nil, allowed != nil, "%s: is there a function", c.name)
	}
	list, allowed := listed(cors.Config{AllowOrigins: []string{"https://a.example"}, DangerouslyAllowNullOrigin: true}, exact)
	assert.Equal(t, []string{"https://a.example", "null"}, list, "the flag allows null where it is not listed")
	assert.Nil(t, allowed)
}

func TestMethodsAndHeaders(t *testing.T) {
	assert.Equal(t, []string{"GET", "HEAD", "POST", "PUT"}, methods(cors.Config{AllowMethods: []string{"POST", "PUT"}}))
	assert.Equal(t, []string{"*"}, methods(cors.Config{AllowMethods: []string{"*"}}))
	assert.Equal(t, []string{"Accept"}, headers(cors.Config{}))
	assert.Equal(t, []string{"Accept"}, echoedHeaders(cors.Config{}))
	assert.Equal(t, []string{"*"}, echoedHeaders(cors.Config{AllowHeaders: []string{"*"}}))
	assert.Nil(t, echoedHeaders(cors.Config{AllowHeaders: []string{"*"}, AllowCredentials: true}))
}

// write writes a policy file.
func write(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
