package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	"github.com/corskit/corskit/conformance/adapters/serve"
)

const policyFile = `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT"]}`

func write(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestBadInput(t *testing.T) {
	good := write(t, policyFile)
	faulty := write(t, "{\n  \"allowOrigins\": [\"https://a.example/\", \"*\"],\n  \"allowMethods\": [\"GET PUT\"]\n}")
	unknownKey := write(t, `{"allowedOrigins": []}`)
	missing := filepath.Join(t.TempDir(), "missing.json")
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()

	for _, c := range []struct {
		name string
		args []string
		code int
		want []string // what each line on standard error starts with
	}{
		{
			"no flags", nil, serve.ExitUsage,
			[]string{"server: -adapter is missing: write one of gin, echo, echov5, fiber, fiberv3, chi, nethttp"},
		},
		{
			"unknown adapter", []string{"-adapter", "gni", "-policy", good}, serve.ExitUsage,
			[]string{`server: -adapter: "gni" is not known: write one of gin, echo, echov5, fiber, fiberv3, chi, nethttp`},
		},
		{
			"no policy", []string{"-adapter", "gin"}, serve.ExitUsage,
			[]string{"server: -policy is missing"},
		},
		{
			"unknown mount", []string{"-adapter", "gin", "-policy", good, "-mount", "route"}, serve.ExitUsage,
			[]string{`server: -mount: "route" is not known: write global or group`},
		},
		{
			"unknown flag", []string{"-adaptor", "gin"}, serve.ExitUsage,
			[]string{"server: flag provided but not defined: -adaptor"},
		},
		{
			"an argument too many", []string{"-adapter", "gin", "-policy", good, "127.0.0.1:0"}, serve.ExitUsage,
			[]string{`server: "127.0.0.1:0" is not a flag`},
		},
		{
			"missing policy file", []string{"-adapter", "gin", "-policy", missing}, serve.ExitError,
			[]string{"server: -policy: open " + missing},
		},
		{
			"a directory for a policy file", []string{"-adapter", "gin", "-policy", t.TempDir()}, serve.ExitError,
			[]string{"server: -policy: read "},
		},
		{
			"faulty policy file", []string{"-adapter", "gin", "-policy", faulty}, serve.ExitError,
			[]string{
				"server: " + faulty + `:2:20: allowOrigins: "https://a.example/"`,
				"server: " + faulty + `:2:42: allowOrigins: "*"`,
				"server: " + faulty + `:3:20: allowMethods: "GET PUT"`,
			},
		},
		{
			"unknown key in the policy file", []string{"-adapter", "gin", "-policy", unknownKey}, serve.ExitError,
			[]string{"server: " + unknownKey + ":1:2: allowedOrigins: "},
		},
		{
			"busy port", []string{"-adapter", "gin", "-policy", good, "-addr", busy.Addr().String()}, serve.ExitError,
			[]string{"server: -addr: listen tcp " + busy.Addr().String()},
		},
		{
			"not an address", []string{"-adapter", "gin", "-policy", good, "-addr", "127.0.0.1"}, serve.ExitError,
			[]string{"server: -addr: "},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			assert.Equal(t, c.code, program.Run(t.Context(), c.args, &stdout, &stderr), "exit code")
			assert.Empty(t, stdout.String(), "standard output")
			lines := strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
			require.Len(t, lines, len(c.want), "standard error: %s", stderr.String())
			for i, want := range c.want {
				assert.True(t, strings.HasPrefix(lines[i], want), "line %d is\n%s\nand does not start with\n%s", i+1, lines[i], want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var stdout, stderr strings.Builder
	assert.Equal(t, serve.ExitOK, program.Run(t.Context(), []string{"-h"}, &stdout, &stderr), "exit code")
	assert.Contains(t, stdout.String(), "usage: server")
	assert.Empty(t, stderr.String(), "standard error")
}

func TestServe(t *testing.T) {
	policy := write(t, policyFile)
	for _, adapter := range adapters.All {
		for mount, path := range map[string]string{conformance.Global: "/put-only", conformance.Group: "/api/items"} {
			t.Run(adapter.Name+"/"+mount, func(t *testing.T) {
				s := start(t, "-adapter", adapter.Name, "-policy", policy, "-addr", "127.0.0.1:0", "-mount", mount)
				r := s.send(t, http.MethodOptions, path, "Origin", "https://app.example.com", "Access-Control-Request-Method", "PUT")
				assert.Equal(t, http.StatusNoContent, r.StatusCode, "status of the preflight")
				assert.Equal(t, "https://app.example.com", r.Header.Get("Access-Control-Allow-Origin"))
				r = s.send(t, http.MethodPut, path, "Origin", "https://app.example.com")
				assert.Equal(t, http.StatusOK, r.StatusCode, "status of PUT")
				assert.Equal(t, "1", r.Header.Get("X-Handler"))
				if mount == conformance.Group {
					r = s.send(t, http.MethodGet, "/other", "Origin", "https://app.example.com")
					assert.Empty(t, r.Header.Get("Access-Control-Allow-Origin"), "outside of the group")
				}
				assert.Equal(t, serve.ExitOK, s.stop(t), "exit code")
				assert.Empty(t, s.rest.String(), "standard output after the first line")
				assert.Empty(t, s.stderr.String(), "standard error")
			})
		}
	}
}

// TestSeal looks at what a handler that adds an origin of its own can do.
func TestSeal(t *testing.T) {
	policy := write(t, policyFile)
	for _, adapter := range adapters.All {
		for _, test := range []struct {
			name  string
			flags []string
			want  []string
		}{
			{"sealed", []string{"-seal"}, []string{"https://app.example.com"}},
			{"not sealed", nil, []string{"https://app.example.com", "https://handler.example"}},
		} {
			t.Run(adapter.Name+"/"+test.name, func(t *testing.T) {
				s := start(t, append(test.flags, "-adapter", adapter.Name, "-policy", policy, "-addr", "127.0.0.1:0")...)
				r := s.send(t, http.MethodGet, "/acao-add", "Origin", "https://app.example.com")
				assert.ElementsMatch(t, test.want, r.Header.Values("Access-Control-Allow-Origin"))
				assert.Equal(t, serve.ExitOK, s.stop(t), "exit code")
			})
		}
	}
}

// A server is a run of the program.
type server struct {
	url    string
	client http.Client
	cancel context.CancelFunc
	code   chan int
	rest   strings.Builder
	stderr strings.Builder
	drain  chan struct{}
}

func start(t *testing.T, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &server{
		client: http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
		cancel: cancel, code: make(chan int, 1), drain: make(chan struct{}),
	}
	out, in := io.Pipe()
	go func() {
		code := program.Run(ctx, args, in, &s.stderr)
		in.Close()
		s.code <- code
	}()
	reader := bufio.NewReader(out)
	line, err := reader.ReadString('\n')
	require.NoError(t, err, "standard output has no line")
	go func() { io.Copy(&s.rest, reader); close(s.drain) }()
	require.Regexp(t, `^listening on http://127\.0\.0\.1:[1-9][0-9]*\n$`, line)
	s.url = strings.TrimSuffix(strings.TrimPrefix(line, "listening on "), "\n")
	return s
}

func (s *server) send(t *testing.T, method, path string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(r)
	require.NoError(t, err)
	response.Body.Close()
	return response
}

func (s *server) stop(t *testing.T) (code int) {
	t.Helper()
	s.cancel()
	select {
	case code = <-s.code:
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not stop")
	}
	<-s.drain
	return code
}
