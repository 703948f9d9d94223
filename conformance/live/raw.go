package live

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// raw sends r as it is, which net/http does not if there are control bytes in a
// header, and returns the status line and the field lines of the response.
func (c *client) raw(ctx context.Context, r *http.Request) (head string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.target.Timeout)
	defer cancel()
	port := c.url.Port()
	if port == "" {
		port = c.url.Scheme // net knows the ports of both
	}
	address := net.JoinHostPort(c.url.Hostname(), port)
	var conn net.Conn
	if c.url.Scheme == "https" {
		conn, err = (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: c.target.Insecure}}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	defer stop()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", r.Method, r.URL.RequestURI(), r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("\r\n")
	if _, err := io.WriteString(conn, b.String()); err != nil {
		return "", err
	}
	in := bufio.NewReader(io.LimitReader(conn, maxHeaderBytes))
	b.Reset()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", errors.New("the response ends within its header")
		}
		if strings.TrimRight(line, "\r\n") == "" {
			return b.String(), nil
		}
		b.WriteString(line)
	}
}
