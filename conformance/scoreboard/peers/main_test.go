package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/adapters/serve"
)

// asProgram makes the test binary the program itself.
const asProgram = "PEERS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestServe has each peer answer as its own process, which a signal ends.
func TestServe(t *testing.T) {
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			program := exec.Command(os.Args[0], "-peer", p.name, "-policy", filepath.Join(policies, "exact.json"), "-addr", "127.0.0.1:0")
			program.Env = append(os.Environ(), asProgram+"=1")
			var stderr strings.Builder
			program.Stderr = &stderr
			stdout, err := program.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, program.Start())
			defer program.Process.Kill() // where the test fails halfway
			line, err := bufio.NewReader(stdout).ReadString('\n')
			require.NoError(t, err, "standard output has no line: %s", &stderr)
			require.Regexp(t, `^listening on http://127\.0\.0\.1:[1-9][0-9]*\n$`, line)
			url := strings.TrimSuffix(strings.TrimPrefix(line, "listening on "), "\n")

			got := send(t, http.MethodGet, url+"/items", "Origin", "https://app.example.com")
			assert.Equal(t, http.StatusOK, got.StatusCode, "status of GET")
			assert.Equal(t, "https://app.example.com", got.Header.Get("Access-Control-Allow-Origin"), "of GET")
			assert.Equal(t, "X-Total", got.Header.Get("Access-Control-Expose-Headers"), "of GET")
			for _, name := range []string{"X-Handler", "X-Total", "X-Secret"} {
				assert.NotEmpty(t, got.Header.Get(name), "%s of GET", name)
			}
			got = send(t, http.MethodOptions, url+"/put-only", "Origin", "https://app.example.com",
				"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "content-type")
			assert.Equal(t, 2, got.StatusCode/100, "hundreds of the status of the CORS-preflight request")
			assert.Equal(t, "https://app.example.com", got.Header.Get("Access-Control-Allow-Origin"), "of the CORS-preflight request")
			assert.Contains(t, got.Header.Get("Access-Control-Allow-Methods"), "PUT", "of the CORS-preflight request")
			assert.Contains(t, strings.ToLower(got.Header.Get("Access-Control-Allow-Headers")), "content-type", "of the CORS-preflight request")
			assert.Equal(t, "600", got.Header.Get("Access-Control-Max-Age"), "of the CORS-preflight request")
			assert.Empty(t, got.Header.Get("X-Handler"), "the handler ran")
			got = send(t, http.MethodGet, url+"/panic", "Origin", "https://app.example.com")
			assert.Equal(t, http.StatusInternalServerError, got.StatusCode, "status of a panic")

			require.NoError(t, program.Process.Signal(syscall.SIGTERM))
			assert.NoError(t, program.Wait(), "it ends on SIGTERM: %s", &stderr)
			assert.Empty(t, stderr.String(), "standard error")
		})
	}
}

func send(t *testing.T, method, url string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	require.NoError(t, err)
	response.Body.Close()
	return response
}

func TestDescribe(t *testing.T) {
	var stdout, stderr strings.Builder
	policy := write(t, `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["*"], "rejectDisallowed": true}`)
	assert.Equal(t, serve.ExitOK, program.Run(t.Context(), []string{"-peer", "rs", "-policy", policy, "-describe"}, &stdout, &stderr), "exit code")
	assert.Empty(t, stderr.String(), "standard error")
	var d description
	require.NoError(t, json.Unmarshal([]byte(stdout.String()), &d))
	assert.Equal(t, []lack{{"allowMethods", noAnyMethod}, {"rejectDisallowed", noReject}}, d.Cannot)

	stdout.Reset()
	policy = write(t, `{"allowOrigins": ["https://app.example.com"]}`)
	assert.Equal(t, serve.ExitOK, program.Run(t.Context(), []string{"-peer", "rs", "-policy", policy, "-describe"}, &stdout, &stderr), "exit code")
	assert.Contains(t, stdout.String(), `"cannot":[]`)
}

func TestBadInput(t *testing.T) {
	good := filepath.Join(policies, "exact.json")
	missing := filepath.Join(t.TempDir(), "missing.json")
	faulty := write(t, "{\n  \"allowOrigins\": [\"https://a.example/\", \"*\"]\n}")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string // what standard error starts with
	}{
		{"no flags", nil, serve.ExitUsage, "peers: -peer is missing: write one of rs, gin-contrib, echo, echov5, fiber, fiberv3, go-chi, gorilla\n"},
		{"an unknown peer", []string{"-peer", "sr", "-policy", good}, serve.ExitUsage, `peers: -peer: "sr" is not known: write one of rs, `},
		{"no policy", []string{"-peer", "rs"}, serve.ExitUsage, "peers: -policy is missing"},
		{"an unknown flag", []string{"-pear", "rs"}, serve.ExitUsage, "peers: flag provided but not defined: -pear"},
		{"an argument too many", []string{"-peer", "rs", "-policy", good, "x"}, serve.ExitUsage, `peers: "x" is not a flag`},
		{"no file", []string{"-peer", "rs", "-policy", missing}, serve.ExitError, "peers: -policy: open " + missing},
		{"a faulty file", []string{"-peer", "rs", "-policy", faulty}, serve.ExitError, "peers: " + faulty + `:2:20: allowOrigins: "https://a.example/"`},
		{
			"what the peer cannot express", []string{"-peer", "rs", "-policy", filepath.Join(policies, "reject.json"), "-addr", "127.0.0.1:0"}, serve.ExitError,
			"peers: -policy: rejectDisallowed: has no option that refuses requests: -describe lists all that rs cannot express\n",
		},
		{"not an address", []string{"-peer", "rs", "-policy", good, "-addr", "127.0.0.1"}, serve.ExitError, "peers: -addr: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			assert.Equal(t, c.code, program.Run(t.Context(), c.args, &stdout, &stderr), "exit code")
			assert.Empty(t, stdout.String(), "standard output")
			assert.True(t, strings.HasPrefix(stderr.String(), c.want), "standard error is\n%s\nand does not start with\n%s", &stderr, c.want)
		})
	}
}
