//go:build !linux

package engine

import (
	"net"
	"os"
	"os/exec"
	"syscall"
)

// isolate does nothing: there are no groups in common.
func isolate(cmd *exec.Cmd) {}

// signalGroup sends a signal to p.
func signalGroup(p *os.Process, signal syscall.Signal) {
	p.Signal(signal)
}

// acknowledge does nothing: there is no option in common.
func acknowledge(c *net.TCPConn) {}
