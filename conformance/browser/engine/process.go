package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a process may take to end, or to stop writing files.
const patience = 5 * time.Second

// A home is all that an engine has on this machine: a directory, which all its
// processes take for the user's, and these processes.
type home struct {
	dir       string
	output    output // of all processes
	processes []*process
	once      sync.Once
	err       error
}

func newHome(name string) (*home, error) {
	dir, err := os.MkdirTemp("", "engine-"+name+"-")
	if err != nil {
		return nil, fmt.Errorf("engine: make a directory for the profile of %s: %w", name, err)
	}
	return &home{dir: dir}, nil
}

// environ returns the environment of the processes. It has nothing of the
// user's but PATH: no proxies, no display, no settings. Other than a command
// line, it names the directory in every process, whichever way it was started.
func (h *home) environ(more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + h.dir,
		"TMPDIR=" + h.dir,
		"XDG_RUNTIME_DIR=" + h.dir,
		"LANG=C.UTF-8",
	}, more...)
}

// start starts program until close.
func (h *home) start(environ []string, program string, arguments ...string) (*process, error) {
	cmd := exec.Command(program, arguments...)
	cmd.Env = environ
	cmd.Dir = h.dir
	cmd.Stdout, cmd.Stderr = &h.output, &h.output
	cmd.WaitDelay = time.Second // for those who inherited the output
	isolate(cmd)
	p := &process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel ends the process when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait() // it is going to be killed, so its status means nothing
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	h.processes = append(h.processes, p)
	return p, nil
}

// close ends all processes, the last first, and removes the directory.
func (h *home) close() error {
	h.once.Do(func() {
		for _, p := range slices.Backward(h.processes) {
			p.end()
		}
		// Processes that left the group, or that another library started. A
		// browser's may still come and write.
		deadline := time.Now().Add(patience)
		for quiet := 0; quiet < 3; {
			left := users(h.dir)
			for _, pid := range left {
				if p, err := os.FindProcess(pid); err == nil {
					p.Kill()
				}
			}
			h.err = os.RemoveAll(h.dir)
			if len(left) == 0 && h.err == nil {
				quiet++
			} else {
				quiet = 0
			}
			if time.Now().After(deadline) {
				h.err = errors.Join(h.err, fmt.Errorf("engine: processes %v still use %s; end them and remove it", left, h.dir))
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	return h.err
}

// users returns the processes that name dir in their command line or in their
// environment, as far as the operating system has /proc.
func users(dir string) []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*")
	for _, f := range files {
		line, _ := os.ReadFile(f + "/cmdline")
		environ, _ := os.ReadFile(f + "/environ")
		if bytes.Contains(line, []byte(dir)) || bytes.Contains(environ, []byte(dir)) {
			pid, _ := strconv.Atoi(filepath.Base(f))
			pids = append(pids, pid)
		}
	}
	return pids
}

// A process is a program with all that it starts.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// end asks the process to end, as Xvfb would leave a lock otherwise, and then
// makes it.
func (p *process) end() {
	signalGroup(p.cmd.Process, syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
	}
	signalGroup(p.cmd.Process, syscall.SIGKILL)
	<-p.ended
}

// output keeps the end of what processes print.
type output struct {
	mu   sync.Mutex
	text []byte
	more chan struct{} // closed when there is more, nil if nobody waits
}

func (o *output) Write(b []byte) (int, error) {
	const most = 16 << 10
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b...)
	o.text = o.text[max(0, len(o.text)-most):]
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
	return len(b), nil
}

// last returns the end of the text in one line.
func (o *output) last() string {
	const most = 2000
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(strings.Fields(string(o.text[max(0, len(o.text)-most):])), " ")
}

// find waits until p prints something that re matches, and returns what its
// first group matches.
func (o *output) find(ctx context.Context, p *process, re *regexp.Regexp) (string, error) {
	for {
		o.mu.Lock()
		match := re.FindSubmatch(o.text)
		if o.more == nil {
			o.more = make(chan struct{})
		}
		more := o.more
		o.mu.Unlock()
		if match != nil {
			return string(match[1]), nil
		}
		select {
		case <-more:
		case <-p.ended:
			return "", fmt.Errorf("%s ended", filepath.Base(p.cmd.Path))
		case <-ctx.Done():
			return "", fmt.Errorf("wait for %s: %w", filepath.Base(p.cmd.Path), ctx.Err())
		}
	}
}
