package cors_test

import (
	"fmt"
	"strings"
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

func TestIsPreflight(t *testing.T) {
	longest := strings.Repeat("s", 64) + "://" + strings.Repeat("a.", 126) + "a:65535" // 326 bytes
	for origin, want := range map[string]bool{app: true, "null": true, longest: true, longest + "0": false, "": false, "evil": false} {
		r := preflightFrom(origin, "PUT")
		if got := r.IsPreflight(); got != want {
			t.Errorf("OPTIONS with the origin %q is a CORS-preflight request: %v, want %v", origin, got, want)
		}
	}
}
