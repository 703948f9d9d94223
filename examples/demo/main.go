// Command demo serves one API through gin, echo v4 and v5, fiber v2 and v3, and
// chi under one policy, calls all six as a browser would, and prints what came
// of it: six columns that are identical. It then serves a page that does the
// same from a real browser:
//
//	go run ./examples/demo
//
// With DEMO_ONCE=1 it ends after the matrix. It exits with 1 if the columns
// are not identical.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	cors "github.com/corskit/corskit/core"
)

//go:embed policy.json
var policyFile []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Getenv("DEMO_ONCE") == "1", newPrinter(os.Stdout), os.Stderr))
}

// run runs the demo until ctx is done, or only up to the matrix, and returns
// the exit code.
func run(ctx context.Context, once bool, out *printer, stderr io.Writer) int {
	if err := demo(ctx, once, out); err != nil {
		fmt.Fprintf(stderr, "demo: %v\n", err)
		return 1
	}
	return 0
}

func demo(ctx context.Context, once bool, out *printer) error {
	policy, err := cors.ParsePolicy(policyFile)
	if err != nil {
		return fmt.Errorf("policy.json: %w", err)
	}
	s, err := newStage(policy)
	if err != nil {
		return err
	}
	defer s.close()

	client := &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	rows, err := matrix(ctx, client, s, policy)
	client.CloseIdleConnections()
	if err != nil {
		return err
	}
	out.intro(s, policyFile)
	out.matrix(s, rows)
	if err := identical(s, rows); err != nil {
		return err
	}
	out.identical(s, rows)
	if once {
		return nil
	}
	out.page(s)
	select {
	case err := <-s.stopped:
		return err
	case <-ctx.Done():
		return nil
	}
}
