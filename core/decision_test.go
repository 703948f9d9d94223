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

func TestMergeVary(t *testing.T) {
	for _, test := range []struct {
		own   string
		lines []string
		want  string
	}{
		{"Origin", nil, "Origin"},
		{"", nil, ""},
		{"Origin, origin", nil, "Origin"},
		{"Origin,Accept", nil, "Origin, Accept"},
		{"*, Origin", nil, "*"},
		{" , ", nil, ""},
		{"", []string{""}, ""},
		{"", []string{"Accept"}, "Accept"},
		{"Origin", []string{"Origin"}, "Origin"},
		{"Origin", []string{""}, "Origin"},
		{"Origin", []string{"Accept"}, "Accept, Origin"},
		{"Origin", []string{"Accept", "Cookie"}, "Accept, Cookie, Origin"},
		{"Origin", []string{"Accept,Cookie"}, "Accept, Cookie, Origin"},
		{"Origin", []string{"Accept, Origin"}, "Accept, Origin"},
		{"Origin", []string{"Accept, Origin", "Origin"}, "Accept, Origin"},
		{"Origin", []string{"Accept ,Origin"}, "Accept, Origin"},
		{"Origin", []string{"Accept, Origin,"}, "Accept, Origin"},
		{"Origin", []string{"Accept, Origin, accept"}, "Accept, Origin"},
		{"Origin", []string{" \tORIGIN\t, ,Accept"}, "ORIGIN, Accept"},
		{"Origin", []string{"Accept", "*"}, "*"},
		{"Origin", []string{"Accept, *, Cookie"}, "*"},
		{"Origin, Access-Control-Request-Method", []string{"access-control-request-method"}, "access-control-request-method, Origin"},
		{"Origin", []string{"A, B, C, D, E, F, G, H, I, J"}, "A, B, C, D, E, F, G, H, I, J, Origin"},
	} {
		got := cors.MergeVary(test.own, test.lines)
		if got != test.want {
			t.Errorf("MergeVary(%q, %q) = %q, want %q", test.own, test.lines, got, test.want)
		}
		if again := cors.MergeVary(test.own, []string{got}); again != got {
			t.Errorf("MergeVary(%q, %q) = %q, which is merged", test.own, got, again)
		}
		missing := (&cors.Decision{Vary: test.own}).MissingVary([]string{got})
		if missing != "" {
			t.Errorf("%q lacks %q, with %q merged into it", got, missing, test.own)
		}
	}
}

// Nothing is allocated where there is nothing to merge.
func TestMergeVaryAllocations(t *testing.T) {
	for _, lines := range [][]string{nil, {"Origin, Accept"}, {"Accept-Encoding, Cookie, Origin, Accept"}} {
		if n := testing.AllocsPerRun(100, func() { cors.MergeVary("Origin, Accept", lines) }); n != 0 {
			t.Errorf("MergeVary of %q takes %v allocations, want none", lines, n)
		}
	}
}
