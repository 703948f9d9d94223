package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/corskit/corskit/conformance/live"
	"github.com/urfave/cli/v3"
)

// audit prints the misconfigurations of the server at the URL.
func audit(ctx context.Context, cmd *cli.Command) error {
	t, err := target(cmd)
	if err != nil {
		return err
	}
	origins := cmd.StringSlice("origin")
	if len(origins) > 1 {
		return usageError(cmd, "%d origins are given: write -origin once, with one that the server allows", len(origins))
	}
	findings, err := live.Audit(ctx, t, strings.Join(origins, ""))
	inconclusive := errors.As(err, new(*live.InconclusiveError)) // says more than the findings alone
	if err != nil && !inconclusive {
		return askError(ctx, cmd, err)
	}
	worst := live.Info
	for _, f := range findings {
		worst = max(worst, f.Severity)
		if cmd.Bool("json") {
			encode(cmd.Writer, auditFinding{f.Severity.String(), f.ID, f.Title, f.Curl, t.ResponseText(f.Exchange), f.Fix})
			continue
		}
		fmt.Fprintf(cmd.Writer, "%-6s  %s: %s\n", f.Severity, f.ID, f.Title)
		if f.Curl != "" {
			fmt.Fprintf(cmd.Writer, "    try       %s\n", f.Curl)
		}
		fmt.Fprintf(cmd.Writer, "    fix       %s\n", f.Fix)
	}
	switch {
	case cmd.Bool("json"):
	case len(findings) == 0 && inconclusive:
	case len(findings) == 0:
		fmt.Fprintf(cmd.Writer, "%s: nothing found\n", t.URL)
	case len(findings) == 1:
		fmt.Fprintf(cmd.Writer, "%s: 1 finding\n", t.URL)
	default:
		fmt.Fprintf(cmd.Writer, "%s: %d findings\n", t.URL, len(findings))
	}
	if inconclusive {
		return askError(ctx, cmd, err)
	}
	if worst > live.Info {
		return errFailed
	}
	return nil
}

// An auditFinding is what audit prints about a finding with -json.
type auditFinding struct {
	Severity string `json:"severity"`
	ID       string `json:"id"`
	Title    string `json:"title"`
	Curl     string `json:"curl"`
	Response string `json:"response"`
	Fix      string `json:"fix"`
}
