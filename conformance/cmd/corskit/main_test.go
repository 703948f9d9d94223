package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const validPolicy = `{
	"allowOrigins": ["https://app.example.com"],
	"allowMethods": ["PUT"],
	"allowHeaders": ["X-A"],
	"maxAge": 60
}`

// inDirectory makes a directory of the given files the working directory.
func inDirectory(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	t.Chdir(dir)
}

// corskit runs a command line and returns what it leaves.
func corskit(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, err strings.Builder
	status = run(args, strings.NewReader(stdin), &out, &err)
	return status, out.String(), err.String()
}

func lines(s ...string) string { return strings.Join(s, "\n") + "\n" }

func TestCommandLine(t *testing.T) {
	files := map[string]string{
		"ok.json":  validPolicy,
		"bad.json": `{"allowOrigins": ["https://a.example/"]}`,
		"help":     validPolicy,
		"-x":       validPolicy,
		"get":      `{"method": "GET"}`,
	}
	const (
		badFault = `bad.json:1:19: allowOrigins: "https://a.example/" has a trailing slash: write https://a.example`
		notCORS  = `{"kind":"not-cors","status":0,"reason":"no-origin","headers":[],"vary":["Origin"],"browser":"","fix":""}`
	)
	for _, c := range []struct {
		args   string
		stdin  string
		status int
		stdout string
		stderr string
	}{
		// check
		{args: "check ok.json", stdout: lines("ok.json: valid")},
		{args: "check help", stdout: lines("help: valid")},
		{args: "check -", stdin: validPolicy, stdout: lines("-: valid")},
		{args: "check -- -x", stdout: lines("-x: valid")},
		{args: "check ok.json bad.json", status: 1, stdout: lines("ok.json: valid", badFault)},
		{args: "check bad.json ok.json", status: 1, stdout: lines(badFault, "ok.json: valid")},
		{args: "check nosuch.json ok.json", status: 1, stdout: lines(
			"nosuch.json: cannot be read: no such file or directory: name a policy file that can be read",
			"ok.json: valid")},
		{args: "check .", status: 1, stdout: lines(".: cannot be read: is a directory: name a policy file that can be read")},
		{args: "check -json ok.json", stdout: lines(`{"file":"ok.json","valid":true,"faults":[]}`)},
		{args: "check --json ok.json", stdout: lines(`{"file":"ok.json","valid":true,"faults":[]}`)},
		{args: "check bad.json -json", status: 1, stdout: lines(
			`{"file":"bad.json","valid":false,"faults":[{"line":1,"column":19,"field":"allowOrigins","value":"https://a.example/","reason":"has a trailing slash","fix":"write https://a.example"}]}`)},
		{args: "check -json nosuch", status: 1, stdout: lines(
			`{"file":"nosuch","valid":false,"faults":[{"line":0,"column":0,"field":"","value":"","reason":"cannot be read: no such file or directory","fix":"name a policy file that can be read"}]}`)},
		{args: "check", status: 2, stderr: lines("corskit: check: no policy file is given: see corskit check -h")},
		{args: "check -json", status: 2, stderr: lines("corskit: check: no policy file is given: see corskit check -h")},
		{args: "check -x ok.json", status: 2, stderr: lines("corskit: check: flag provided but not defined: -x: see corskit check -h")},
		{args: "check -json=maybe ok.json", status: 2, stderr: lines(`corskit: check: invalid value "maybe" for flag -json: parse error: see corskit check -h`)},

		// explain
		{args: "explain -policy ok.json", stdin: `{"method": "GET"}`, stdout: lines(notCORS)},
		{args: "explain --policy=ok.json --requests - --json", stdin: `{"method": "GET"}`, stdout: lines(notCORS)},
		{args: "explain -policy ok.json -requests get -json", stdout: lines(notCORS)},
		{args: "explain -policy - -requests get", stdin: validPolicy, stdout: lines(notCORS)},
		{args: "explain -policy ok.json", stdin: ""},
		{args: "explain -policy bad.json -requests get", status: 1, stderr: lines(badFault)},
		{args: "explain -policy nosuch.json -requests get", status: 1, stderr: lines("nosuch.json: cannot be read: no such file or directory: name a policy file that can be read")},
		{args: "explain -policy ok.json -requests nosuch", status: 1, stderr: lines("corskit: nosuch: cannot be read: no such file or directory: name a file of requests that can be read")},
		{args: "explain -policy ok.json -requests .", status: 1, stderr: lines("corskit: .: cannot be read: is a directory")},
		{args: "explain", status: 2, stderr: lines("corskit: explain: no policy is given: write -policy FILE: see corskit explain -h")},
		{args: "explain -policy", status: 2, stderr: lines("corskit: explain: flag needs an argument: -policy: see corskit explain -h")},
		{args: "explain -policy ok.json get", status: 2, stderr: lines(`corskit: explain: "get" is not expected: write -requests FILE: see corskit explain -h`)},
		{args: "explain -policy -", status: 2, stderr: lines("corskit: explain: both files cannot be the standard input: see corskit explain -h")},
		{args: "explain -policy ok.json -policy ok.json", status: 2, stderr: lines(`corskit: explain: invalid value "ok.json" for flag -policy: can't duplicate this flag: see corskit explain -h`)},

		// neither
		{args: "nosuch", status: 2, stderr: lines(`corskit: there is no command "nosuch": see corskit -h`)},
		{args: "-json check ok.json", status: 2, stderr: lines("corskit: flag provided but not defined: -json: see corskit -h")},
		{args: "help nosuch", status: 2, stderr: lines("corskit: No help topic for 'nosuch'")},
	} {
		t.Run(c.args, func(t *testing.T) {
			inDirectory(t, files)
			status, stdout, stderr := corskit(c.stdin, strings.Fields(c.args)...)
			assert.Equal(t, c.stdout, stdout, "standard output")
			assert.Equal(t, c.stderr, stderr, "standard error")
			assert.Equal(t, c.status, status, "exit status")
		})
	}
}

func TestHelp(t *testing.T) {
	for args, want := range map[string]string{
		"help":         "corskit explain -policy FILE [-requests FILE|-] [-json]",
		"-h":           "corskit check [-json] FILE...",
		"-help":        "corskit check [-json] FILE...",
		"help check":   "corskit check [-json] FILE...",
		"check -h":     "corskit check [-json] FILE...",
		"help explain": "--requests FILE",
		"explain -h":   "--policy FILE",
	} {
		t.Run(args, func(t *testing.T) {
			status, stdout, stderr := corskit("", strings.Fields(args)...)
			assert.Contains(t, stdout, want, "standard output")
			assert.Empty(t, stderr, "standard error")
			assert.Equal(t, 0, status, "exit status")
		})
	}
}

func TestNoCommand(t *testing.T) {
	status, stdout, stderr := corskit("")
	assert.Empty(t, stdout, "standard output")
	assert.Contains(t, stderr, "USAGE:", "standard error")
	assert.True(t, strings.HasSuffix(stderr, "corskit: no command is given: see corskit -h\n"), "the last line says what is wrong: %s", stderr)
	assert.Equal(t, 2, status, "exit status")
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	var stderr strings.Builder
	status := run([]string{"check", "-"}, strings.NewReader(validPolicy), brokenPipe{}, &stderr)
	assert.Equal(t, "corskit: cannot write the output: broken pipe\n", stderr.String(), "standard error")
	assert.Equal(t, 1, status, "exit status")
}
