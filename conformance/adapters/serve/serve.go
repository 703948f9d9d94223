// Package serve is the part that programs share which serve an application
// until they are told to stop.
package serve

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/corskit/corskit/conformance"
)

// patience is how long an application may take to stop.
const patience = 5 * time.Second

// Until prints "listening on http://HOST:PORT" and serves app on the listener until
// ctx is done, which is no error. It closes both.
func Until(ctx context.Context, app conformance.App, listener net.Listener, stdout io.Writer) error {
	// The listener queues connections from now on, so that a client may
	// connect as soon as it reads the line.
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	served := make(chan error, 1)
	go func() { served <- app.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("the server stopped by itself: %w", err)
	case <-ctx.Done():
	}
	err := app.Close()
	listener.Close() // in case that Serve has not come to know it yet
	select {
	case <-served:
	case <-time.After(patience):
		return fmt.Errorf("the server did not stop within %v", patience)
	}
	return err
}

// Listen listens on addr, a HOST:PORT of which port 0 picks a free one.
func Listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-addr: %w: write the HOST:PORT of a free port, or port 0 for any", err)
	}
	return listener, nil
}
