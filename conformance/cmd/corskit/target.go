package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/live"
	"github.com/urfave/cli/v3"
)

// targetFlags are the flags of the commands that ask a server.
func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "method", Usage: "the `METHOD` of the actual requests, which the endpoint serves", Value: http.MethodGet, Local: true, OnlyOnce: true},
		&cli.StringSliceFlag{Name: "header", Usage: "a `HEADER` of the requests, such as 'Authorization: Bearer abc'", Local: true},
		&cli.StringSliceFlag{Name: "origin", Usage: "an `ORIGIN` to ask as", Local: true},
		&cli.BoolFlag{Name: "insecure", Usage: "accept any certificate", Local: true},
		&cli.DurationFlag{Name: "timeout", Usage: "the `TIME` that one request may take", Value: 10 * time.Second, Local: true, OnlyOnce: true},
		&cli.BoolFlag{Name: "json", Usage: "print JSON Lines", Local: true},
	}
}

// target returns the endpoint that the flags and the one argument name.
func target(cmd *cli.Command) (live.Target, error) {
	t := live.Target{URL: cmd.Args().First(), Method: cmd.String("method"), Insecure: cmd.Bool("insecure"), Timeout: cmd.Duration("timeout"), Header: http.Header{}}
	switch {
	case cmd.Args().Len() == 0:
		return t, usageError(cmd, "no URL is given")
	case cmd.Args().Len() > 1:
		return t, usageError(cmd, "%q is not expected: write one URL", cmd.Args().Get(1))
	case t.Timeout <= 0:
		return t, usageError(cmd, "the timeout %s is none: write one such as 10s", t.Timeout)
	}
	if path := cmd.String("path"); path != "" {
		u, err := url.Parse(t.URL)
		isPath := strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") // which opens with a host
		if err == nil && isPath {
			u, err = u.Parse(path)
		}
		if err != nil || !isPath {
			return t, usageError(cmd, "%q is not a path: write one such as /items", path)
		}
		t.URL = u.String()
	}
	for _, field := range cmd.StringSlice("header") {
		name, value, ok := strings.Cut(field, ":")
		if !ok || !isToken(name) {
			return t, usageError(cmd, "%q is not a header: write one such as 'Authorization: Bearer abc'", field)
		}
		t.Header.Add(name, strings.Trim(value, " \t"))
	}
	return t, nil
}

// askError is the error of a command that has asked a server: its own fault, the
// server's, or that of who ended it.
func askError(ctx context.Context, cmd *cli.Command, err error) error {
	switch {
	case ctx.Err() != nil:
		return failure{errors.New("interrupted")}
	case errors.As(err, new(*live.UnreachableError)), errors.As(err, new(*live.InconclusiveError)):
		return failure{err}
	}
	return usageError(cmd, "%s", err)
}
