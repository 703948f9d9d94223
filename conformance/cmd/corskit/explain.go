package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	cors "github.com/corskit/corskit/core"
	"github.com/urfave/cli/v3"
)

// explain prints what the policy of -policy decides about -requests.
func explain(ctx context.Context, cmd *cli.Command) error {
	policy, requests := cmd.String("policy"), cmd.String("requests")
	switch {
	case policy == "":
		return usageError(cmd, "no policy is given: write -policy FILE")
	case cmd.Args().Present():
		return usageError(cmd, "%q is not expected: write -requests FILE", cmd.Args().First())
	case policy == standardInput && requests == standardInput:
		return usageError(cmd, "both files cannot be the standard input")
	}
	f := readPolicy(policy, cmd.Reader)
	if !f.valid() {
		io.WriteString(cmd.Root().ErrWriter, f.lines())
		return errFailed
	}
	e, err := newExplainer(f)
	if err != nil {
		return failure{err} // cannot be: the policy was read from the same text
	}
	in, name := cmd.Reader, "standard input"
	if requests != standardInput {
		file, err := os.Open(requests)
		if err != nil {
			return failure{fmt.Errorf("%s: cannot be read: %w: name a file of requests that can be read", requests, withoutPath(err))}
		}
		defer file.Close()
		in, name = file, requests
	}
	return e.explainAll(ctx, name, in, cmd.Writer)
}

// explainAll answers each line of in, the file of that name, before it reads
// the next.
func (e *explainer) explainAll(ctx context.Context, name string, in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for number := 1; ; number++ {
		line, end := lines.ReadBytes('\n')
		if end != nil && !errors.Is(end, io.EOF) {
			return failure{fmt.Errorf("%s: cannot be read: %w", name, withoutPath(end))}
		}
		if len(bytes.TrimSpace(line)) > 0 {
			r, err := parseRequest(line)
			if err != nil {
				return failure{fmt.Errorf("%s:%d: the line %w", name, number, err)}
			}
			encode(out, e.explain(ctx, r))
		}
		if end != nil {
			return nil
		}
	}
}

// An explanation is what explain prints about a request.
type explanation struct {
	Kind    string      `json:"kind"`
	Status  int         `json:"status"` // 0: the handler runs
	Reason  string      `json:"reason"`
	Headers [][2]string `json:"headers"`
	Vary    []string    `json:"vary"`
	Browser string      `json:"browser"` // what the browser says, if it blocks the request
	Fix     string      `json:"fix"`
}

// An explainer explains the decisions of one policy.
type explainer struct {
	policy *cors.Policy
	rules  rules
}

func newExplainer(f policyFile) (*explainer, error) {
	e := &explainer{policy: f.policy}
	return e, json.Unmarshal(f.json, &e.rules)
}

func (e *explainer) explain(ctx context.Context, r *request) explanation {
	d := e.policy.Decide(ctx, r.Request)
	return explanation{
		Kind:    d.Kind.String(),
		Status:  d.Status,
		Reason:  d.Reason.String(),
		Headers: headers(d),
		Vary:    vary(d),
		Browser: message(r, d),
		Fix:     e.fix(ctx, r, d),
	}
}

// headers returns the CORS headers of a decision, in a fixed order.
func headers(d cors.Decision) [][2]string {
	set := [][2]string{}
	for _, h := range [][2]string{
		{"Access-Control-Allow-Origin", d.AllowOrigin},
		{"Access-Control-Allow-Credentials", d.AllowCredentials},
		{"Access-Control-Allow-Methods", d.AllowMethods},
		{"Access-Control-Allow-Headers", d.AllowHeaders},
		{"Access-Control-Max-Age", d.MaxAge},
		{"Access-Control-Expose-Headers", d.ExposeHeaders},
	} {
		if h[1] != "" {
			set = append(set, h)
		}
	}
	return set
}

func vary(d cors.Decision) []string {
	if d.Vary == "" {
		return []string{}
	}
	return strings.Split(d.Vary, ", ")
}
