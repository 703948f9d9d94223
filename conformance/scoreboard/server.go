package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// patience is how long a program may take to start, and again to stop.
const patience = 30 * time.Second

// A server is a program that serves, which stop ends.
type server struct {
	url    string // without a slash at its end
	cmd    *exec.Cmd
	cancel context.CancelFunc
	stderr *tail
}

// start starts a server and waits until it is ready. It ends when ctx is done, if
// not before.
func start(ctx context.Context, command []string) (*server, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &server{cmd: exec.CommandContext(ctx, command[0], command[1:]...), cancel: cancel, stderr: &tail{}}
	s.cmd.Stderr = s.stderr
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = patience // and then it is killed
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("%w: run \"make scoreboard\", which builds and installs all programs", err)
	}
	late := time.AfterFunc(patience, cancel)
	line, err := bufio.NewReader(io.LimitReader(stdout, 1<<10)).ReadString('\n')
	late.Stop()
	found := listening.FindStringSubmatch(line)
	if err != nil || found == nil {
		stopped := s.stop()
		return nil, errors.Join(fmt.Errorf("%s is not ready: it prints %q: %s", strings.Join(command, " "), line, s.stderr), stopped)
	}
	s.url = found[1]
	return s, nil
}

var listening = regexp.MustCompile(`^listening on (http://127\.0\.0\.1:[0-9]+)\n$`)

// stop ends the server and waits for that. It returns an error if the server has
// ended otherwise.
func (s *server) stop() error {
	s.cancel()
	err := s.cmd.Wait()
	if s.cmd.ProcessState != nil && s.cmd.ProcessState.Success() {
		return nil
	}
	return fmt.Errorf("%s did not end well: %w: %s", strings.Join(s.cmd.Args, " "), err, s.stderr)
}

// A description is what a peer's program prints with --describe.
type description struct {
	Versions []version `json:"versions"`
	Cannot   []lack    `json:"cannot"`
}

// describe asks a peer's program what of a policy it cannot express.
func describe(ctx context.Context, command []string) (d description, err error) {
	output, err := output(ctx, append(command, "--describe"))
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal([]byte(output), &d); err != nil {
		return d, fmt.Errorf("%s --describe: %w", strings.Join(command, " "), err)
	}
	return d, nil
}

// test runs corskit test and returns what it prints. Cases that fail are no error.
func test(ctx context.Context, policy, url string) (string, error) {
	text, err := output(ctx, []string{"bin/corskit", "test", "-policy", policy, "-json", url})
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() == 1 && text != "" {
		return text, nil
	}
	return text, err
}

// output runs a program and returns its standard output.
func output(ctx context.Context, command []string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.WaitDelay = patience
	var stdout bytes.Buffer
	var stderr tail
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, &stderr)
	}
	return stdout.String(), nil
}

// A tail keeps the last of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.text)) }
