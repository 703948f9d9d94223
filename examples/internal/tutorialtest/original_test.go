//go:build peers

// These need Node, Python and what make scoreboard installs for them.

package tutorialtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOriginals asks of the originals what the rows say: a difference that is not
// listed fails, and so does one that is listed and not there.
func TestOriginals(t *testing.T) {
	for _, u := range tutorials {
		t.Run(u.original, func(t *testing.T) {
			url := u.start(t)
			for _, r := range u.rows {
				t.Run(r.name, func(t *testing.T) {
					assert.Equal(t, r.original, r.ask(t, url), "what comes of it")
				})
			}
		})
	}
}

// TestFaults runs the cases that follow from the policies on the originals: one that
// fails for no fault in the list is an error, and so is a fault by which none fails.
func TestFaults(t *testing.T) {
	for _, u := range tutorials {
		t.Run(u.original, func(t *testing.T) {
			url := u.start(t)
			type use struct {
				fault   int
				pattern string
			}
			used := map[use]bool{}
			for _, e := range u.endpoints {
				for _, r := range e.failures(t, url) {
					i := slices.IndexFunc(u.faults, func(f fault) bool { return f.covers(e, r.Name) != "" })
					if assert.GreaterOrEqual(t, i, 0, "%s %s: %s fails for no fault that is listed: %s", e.method, e.path, r.Name, r.Problems[0].Text) {
						used[use{i, u.faults[i].covers(e, r.Name)}] = true
					}
				}
			}
			for i, f := range u.faults {
				for _, pattern := range f.cases {
					assert.True(t, used[use{i, pattern}], "no case %s fails, of which the list says that %s", pattern, f.why)
				}
			}
		})
	}
}

// TestOptionsOfOriginals asks the installed packages which options they have: each is
// in the list. What later releases have may be there too.
func TestOptionsOfOriginals(t *testing.T) {
	source, err := os.ReadFile(modules + "/cors/lib/index.js")
	require.NoError(t, err, "run \"make scoreboard\", which installs Express")
	var names []string
	for _, match := range regexp.MustCompile(`\b(?:options|corsOptions)\.(\w+)`).FindAllStringSubmatch(string(source), -1) {
		names = append(names, match[1])
	}
	require.Contains(t, names, "optionsSuccessStatus", "options that Express's cors reads")
	parameters, err := exec.Command("/usr/bin/python3", "-c", `
import inspect
from starlette.middleware.cors import CORSMiddleware
print(*(name for name in inspect.signature(CORSMiddleware.__init__).parameters if name not in ("self", "app")))`).Output()
	require.NoError(t, err, "run \"make scoreboard\", which installs Starlette")
	require.Contains(t, string(parameters), "allow_origin_regex", "options of Starlette's CORSMiddleware")
	for _, name := range append(names, strings.Fields(string(parameters))...) {
		in := slices.ContainsFunc(options, func(o option) bool {
			return strings.HasPrefix(o.option, name+":") || strings.HasPrefix(o.option, name+"=")
		})
		assert.True(t, in, "the option %s is not in the list", name)
	}
}

// covers returns the pattern that covers a case, or "".
func (f fault) covers(e endpoint, name string) string {
	if f.at != "" && f.at != e.path {
		return ""
	}
	i := slices.IndexFunc(f.cases, func(pattern string) bool {
		matches, err := path.Match(pattern, name)
		return matches && err == nil
	})
	if i < 0 {
		return ""
	}
	return f.cases[i]
}

// modules is where npm has installed Express for the scoreboard.
const modules = "../../../conformance/scoreboard/express/node_modules"

// start starts the original as its tutorial does.
func (u tutorial) start(t *testing.T) (url string) {
	t.Helper()
	modules, err := filepath.Abs(modules)
	require.NoError(t, err)
	switch u.original {
	case "Express":
		return start(t, []string{"NODE_PATH=" + modules, "PORT=0"}, "node", "express/server.js")
	case "FastAPI, allow all":
		return uvicorn(t, "main:allow_all")
	case "FastAPI, explicit":
		return uvicorn(t, "main:explicit")
	}
	t.Fatalf("%s is not known: say here how to start it", u.original)
	return ""
}

// uvicorn serves an application on Debian's own Python, for which it has the packages.
func uvicorn(t *testing.T, application string) (url string) {
	t.Helper()
	return start(t, []string{"PYTHONDONTWRITEBYTECODE=1"},
		"/usr/bin/python3", "-m", "uvicorn", "--app-dir", "fastapi", "--port", "0", application)
}

// patience is how long a program may take to start.
const patience = 30 * time.Second

var listening = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// start starts a program and waits until it prints its URL. It ends with the test.
func start(t *testing.T, environment []string, command ...string) (url string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = directory, append(os.Environ(), environment...)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = cmd.Stdout
	require.NoError(t, cmd.Start(), "run \"make scoreboard\", which installs Node and Python")
	late := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	drained := make(chan struct{})
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-drained
		cmd.Wait() // its error says that it was killed
	})
	lines := bufio.NewReader(output)
	var printed strings.Builder
	for url == "" && err == nil {
		var line string
		line, err = lines.ReadString('\n')
		fmt.Fprint(&printed, line)
		url = listening.FindString(line)
	}
	late.Stop()
	go func() {
		defer close(drained)
		io.Copy(io.Discard, lines)
	}()
	require.NotEmpty(t, url, "%s does not start; run \"make scoreboard\", which installs what it takes:\n%s", strings.Join(command, " "), &printed)
	return url
}
