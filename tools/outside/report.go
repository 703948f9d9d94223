package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// report writes the checks as "go test -json" writes tests, so that one reader
// shows and counts both. Errors of writing are not looked at: SIGPIPE ends a
// program whose standard output nobody reads.
type report struct {
	out    io.Writer
	pkg    string
	checks int
	failed int
}

// event is a TestEvent of "go doc test2json".
type event struct {
	Time    time.Time
	Action  string
	Package string
	Test    string  `json:",omitempty"`
	Elapsed float64 `json:",omitempty"`
	Output  string  `json:",omitempty"`
}

// group reports the checks that do makes as the tests of the named package.
func (r *report) group(pkg string, do func()) {
	r.pkg = pkg
	start, failed := time.Now(), r.failed
	do()
	r.end("", start, r.failed == failed)
}

// check reports one test, and says whether it passed.
func (r *report) check(test string, do func() error) bool {
	start := time.Now()
	r.checks++
	r.write(event{Action: "run", Test: test})
	err := do()
	if err != nil {
		r.failed++
		r.log(test, err.Error())
	}
	r.end(test, start, err == nil)
	return err == nil
}

// log adds lines to what the test under way has to say.
func (r *report) log(test, text string) {
	r.write(event{Action: "output", Test: test, Output: text + "\n"})
}

func (r *report) end(test string, start time.Time, passed bool) {
	action := "fail"
	if passed {
		action = "pass"
	}
	r.write(event{Action: action, Test: test, Elapsed: time.Since(start).Seconds()})
}

func (r *report) write(e event) {
	e.Time, e.Package = time.Now(), r.pkg
	json.NewEncoder(r.out).Encode(e)
}

// goTest passes on what the module's own tests report. Its packages get prefix
// in place of our path, for the workspace runs tests of the same names.
func (r *report) goTest(ctx context.Context, prefix, dir string, env []string) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "./...")
	cmd.Dir, cmd.Env = dir, env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		line = bytes.Replace(line, []byte(`"Package":"`+ours), []byte(`"Package":"`+prefix), 1)
		r.out.Write(line)
		if err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("go test ./...: %w\n%s", err, stderr.String())
	}
	return nil
}
