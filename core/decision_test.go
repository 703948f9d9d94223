package cors_test

import (
	"fmt"
	"testing"

	cors "github.com/corskit/corskit/core"
)

// TestNames pins the names that logs and metrics hold.
func TestNames(t *testing.T) {
	names := []struct {
		value fmt.Stringer
		want  string
	}{
		{cors.NotCORS, "not-cors"},
		{cors.Actual, "actual"},
		{cors.Preflight, "preflight"},
		{cors.Preflight + 1, "unknown"},
		{cors.NoOrigin, "no-origin"},
		{cors.Allowed, "allowed"},
		{cors.MalformedOrigin, "malformed-origin"},
		{cors.RepeatedOrigin, "repeated-origin"},
		{cors.OriginNotAllowed, "origin-not-allowed"},
		{cors.PredicateFailed, "predicate-failed"},
		{cors.MalformedMethod, "malformed-method"},
		{cors.RepeatedMethod, "repeated-method"},
		{cors.MethodNotAllowed, "method-not-allowed"},
		{cors.HeaderNotAllowed, "header-not-allowed"},
		{cors.HeaderNotAllowed + 1, "unknown"},
	}
	for _, n := range names {
		if got := n.value.String(); got != n.want {
			t.Errorf("a %T is named %q, want %q", n.value, got, n.want)
		}
	}
}
