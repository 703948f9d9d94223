package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	cors "github.com/corskit/corskit/core"
)

// A row is one call, what the policy thinks of it, and what came of it, API by
// API.
type row struct {
	call     call
	why      explanation
	outcomes []outcome
}

// matrix makes every call to every API of the stage.
func matrix(ctx context.Context, client *http.Client, s *stage, policy *cors.Policy) ([]row, error) {
	var rows []row
	for _, c := range calls {
		r := row{call: c, why: explain(ctx, policy, c.origin(s), c)}
		for _, api := range s.APIs {
			o, err := fetch(ctx, client, api.URL, c.origin(s), c)
			if err != nil {
				return nil, fmt.Errorf("%s: no answer: %w", api.Name, err)
			}
			r.outcomes = append(r.outcomes, o)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// identical returns an error that names every cell which differs from the
// first of its row.
func identical(s *stage, rows []row) error {
	var differences []string
	for _, r := range rows {
		first := r.outcomes[0].details()
		for i, o := range r.outcomes[1:] {
			other := o.details()
			if slices.Equal(first, other) {
				continue
			}
			differences = append(differences, fmt.Sprintf("%s from the %s origin: %s and %s differ: [%s], [%s]",
				r.call, r.call.From, s.APIs[0].Name, s.APIs[i+1].Name,
				strings.Join(without(first, other), "; "), strings.Join(without(other, first), "; ")))
		}
	}
	if differences == nil {
		return nil
	}
	return fmt.Errorf("the columns are not identical:\n  %s", strings.Join(differences, "\n  "))
}

// without returns the lines that are not among the others.
func without(lines, others []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(others, line) })
}
