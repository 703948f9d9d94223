package engine

import (
	"net"
	"os"
	"os/exec"
	"syscall"
)

// isolate gives cmd a process group, and an end when this process ends.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// signalGroup sends a signal to p and to what it has started.
func signalGroup(p *os.Process, signal syscall.Signal) {
	syscall.Kill(-p.Pid, signal)
}

// acknowledge has c acknowledge at once what it has received.
func acknowledge(c *net.TCPConn) {
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) })
	}
}
