package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters/serve"
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
			"rs": "rejectDisallowed", "fiber": "rejectDisallowed", "fiberv3": "rejectDisallowed",
			"go-chi": "rejectDisallowed", "gorilla": "rejectDisallowed",
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
		config, err := serve.ReadPolicy(file)
		require.NoError(t, err)
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
		config, err := serve.ReadPolicy(file)
		require.NoError(t, err)
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

func TestMatcher(t *testing.T) {
	longest := strings.Repeat("a.", (maxHost-len("example.com"))/2)
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
			[]string{"https://a.example.com", "https://a.b-c.example.com", "https://" + longest + "example.com"},
			[]string{
				"https://example.com", "https://.example.com", "https://a..example.com", "http://a.example.com", "https://a.example.com:8443",
				"https://evil.example/.example.com", "https://a." + longest + "example.com", "https://" + strings.Repeat("a", 64) + ".example.com",
			},
		},
		{
			"http://localhost:*",
			[]string{"http://localhost", "http://localhost:3000", "http://localhost:8", "http://localhost:443", "http://localhost:65535"},
			[]string{
				"http://localhost:", "http://localhost:0", "http://localhost:080", "http://localhost:80", "http://localhost:65536",
				"http://localhost:3000/", "http://localhost.example",
			},
		},
		{
			"https://*.example.com:*",
			[]string{"https://a.example.com", "https://a.example.com:8443", "https://a.example.com:80", "https://a.example.com:444"},
			[]string{"https://example.com:8443", "https://a.example.com:443", "https://a.example.com:99999"},
		},
		{
			"moz-extension://*",
			[]string{"moz-extension://0f1e"},
			[]string{"moz-extension://", "moz-extension://0f1e/page", "chrome-extension://0f1e"},
		},
		{"null", []string{"null"}, []string{"nullify", ""}},
	} {
		matches := matcher([]string{c.pattern, "https://other.example"})
		for _, origin := range append(c.matches, "https://other.example") {
			assert.True(t, matches(origin), "what is made of %s does not match %q", c.pattern, origin)
		}
		for _, origin := range append(c.misses, "https://other.example.evil") {
			assert.False(t, matches(origin), "what is made of %s matches %q", c.pattern, origin)
		}
	}
}

func TestPorts(t *testing.T) {
	for scheme, standard := range map[string]int{"http": 80, "https": 443, "app": 0} {
		e := regexp.MustCompile("^(" + ports(scheme) + ")$")
		for port := range 1 << 17 {
			want := port > 0 && port < 1<<16 && port != standard
			assert.Equal(t, want, e.MatchString(strconv.Itoa(port)), "whether the expression for %s matches the port %d", scheme, port)
		}
	}
}

func TestListed(t *testing.T) {
	for _, c := range []struct {
		name    string
		takes   func(string) bool
		origins []string
		list    bool // else a function
	}{
		{"no patterns", anyOrigin, []string{"https://a.example", "null"}, true},
		{"every origin", webURLs, []string{"*"}, true},
		{"a pattern", anyOrigin, []string{"https://a.example", "https://*.a.example"}, false},
		{"null, where that is taken for a URL", urls, []string{"https://a.example", "null"}, false},
		{"another scheme, where none is known", webURLs, []string{"app://a.example"}, false},
	} {
		list, allowed := listed(cors.Config{AllowOrigins: c.origins}, c.takes)
		if c.list {
			assert.Equal(t, c.origins, list, "%s: the list", c.name)
		} else {
			assert.Empty(t, list, "%s: the list", c.name)
		}
		assert.Equal(t, !c.list, allowed != nil, "%s: is there a function", c.name)
	}
	list, allowed := listed(cors.Config{AllowOrigins: []string{"https://a.example"}, DangerouslyAllowNullOrigin: true}, anyOrigin)
	assert.Equal(t, []string{"https://a.example", "null"}, list, "the flag allows null where it is not listed")
	assert.Nil(t, allowed)
}

func TestEchoOrigins(t *testing.T) {
	refusal := errors.New("no")
	c := cors.Config{AllowOrigins: []string{"https://a.example"}}
	list, allowed := echoOrigins(c, urls, refusal)
	assert.Equal(t, c.AllowOrigins, list, "the list")
	assert.Nil(t, allowed, "a function is there that nothing needs")

	c.RejectDisallowed = true
	list, allowed = echoOrigins(c, urls, refusal)
	assert.Empty(t, list, "the list beside a function")
	ok, err := allowed("https://a.example")
	assert.True(t, ok, "an allowed origin")
	assert.NoError(t, err)
	ok, err = allowed("https://b.example")
	assert.False(t, ok, "another origin")
	assert.Equal(t, refusal, err)

	c.AllowOrigins = []string{"*"}
	list, allowed = echoOrigins(c, urls, refusal)
	assert.Equal(t, c.AllowOrigins, list, "the list of every origin, which leaves none to refuse")
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
