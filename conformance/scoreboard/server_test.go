package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// behaves makes the test binary a program of this name.
const behaves = "SCOREBOARD_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(behaves) {
	case "":
		os.Exit(m.Run())
	case "server":
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Printf("listening on http://%s\n", listener.Addr())
		go http.Serve(listener, http.NotFoundHandler())
		<-ctx.Done()
	case "stubborn": // it exits with 3 when it is told to stop
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		fmt.Println("listening on http://127.0.0.1:1")
		<-ctx.Done()
		fmt.Fprintln(os.Stderr, "no")
		os.Exit(3)
	case "broken":
		fmt.Fprintln(os.Stderr, "the port is taken")
		os.Exit(1)
	case "describe":
		fmt.Println(`{"versions":[{"name":"cors","version":"1.2.3"}],"cannot":[{"field":"maxAge","why":"cannot send 0"}]}`)
	}
}

func program(t *testing.T, name string) []string {
	t.Helper()
	t.Setenv(behaves, name)
	return []string{os.Args[0]}
}

func TestServer(t *testing.T) {
	s, err := start(t.Context(), program(t, "server"))
	require.NoError(t, err)
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(s.url)
	require.NoError(t, err)
	response.Body.Close()
	require.NoError(t, s.stop())
	_, err = client.Get(s.url)
	assert.Error(t, err, "a stopped server answers")
}

func TestServerInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := start(ctx, program(t, "server"))
	require.NoError(t, err)
	cancel()
	s.cmd.Wait()
	assert.True(t, s.cmd.ProcessState.Success(), "an interrupt ends the server: %v", s.cmd.ProcessState)
}

func TestServerFaults(t *testing.T) {
	_, err := start(t.Context(), program(t, "broken"))
	assert.ErrorContains(t, err, `is not ready: it prints "": the port is taken`)

	s, err := start(t.Context(), program(t, "stubborn"))
	require.NoError(t, err)
	assert.ErrorContains(t, s.stop(), "did not end well: exit status 3: no")

	_, err = start(t.Context(), []string{filepath.Join(t.TempDir(), "missing")})
	assert.ErrorContains(t, err, `run "make scoreboard", which builds and installs all programs`)
}

func TestDescribe(t *testing.T) {
	d, err := describe(t.Context(), program(t, "describe"))
	require.NoError(t, err)
	assert.Equal(t, description{[]version{{"cors", "1.2.3"}}, []lack{{"maxAge", "cannot send 0"}}}, d)
	_, err = describe(t.Context(), program(t, "broken"))
	assert.ErrorContains(t, err, "exit status 1: the port is taken")
}

func TestTail(t *testing.T) {
	var kept tail
	for range 10 {
		fmt.Fprint(&kept, strings.Repeat("a", 1<<10))
	}
	fmt.Fprint(&kept, "end\n")
	assert.Len(t, kept.text, 4<<10)
	assert.True(t, strings.HasSuffix(kept.String(), "aend"))
}

func TestKeep(t *testing.T) {
	t.Chdir(t.TempDir())
	var out strings.Builder
	require.NoError(t, options{}.keep(t.Context(), "one\n", &out))
	assert.NoError(t, options{check: true}.keep(t.Context(), "one\n", &out), "the same text")
	assert.Empty(t, out.String())
	err := options{check: true}.keep(t.Context(), "two\n", &out)
	assert.EqualError(t, err, `results differ from those in SCOREBOARD.md: mend what has changed, or run "make scoreboard" to record them`)
	assert.Contains(t, out.String(), "-one\n+two\n")
	text, err := os.ReadFile(boardFile)
	require.NoError(t, err)
	assert.Equal(t, "one\n", string(text), "a check writes the board")
}

func TestReadPolicies(t *testing.T) {
	policies, err := readPolicies("policies")
	require.NoError(t, err)
	assert.Equal(t, "any-header-credentials", policies[0].name)

	_, err = readPolicies(t.TempDir())
	assert.ErrorContains(t, err, "has no policies: run it at the root of the repository")

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"allowOrigins": ["https://a.example/"]}`), 0o600))
	_, err = readPolicies(dir)
	assert.ErrorContains(t, err, `a.json:1:19: allowOrigins: "https://a.example/" has a trailing slash`)
	assert.False(t, errors.Is(err, os.ErrNotExist))
}
