//go:build browser

package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/fetch"
)

// TestExplain has Chromium block a request for every reason that it can have, and
// checks that "corskit explain" says of the request what Chromium says on the page's
// console, to the letter.
func TestExplain(t *testing.T) {
	b := theBench(t, "chromium")
	corskit := filepath.Join(t.TempDir(), "corskit")
	out, err := exec.Command("go", "build", "-o", corskit, "github.com/corskit/corskit/conformance/cmd/corskit").CombinedOutput()
	require.NoError(t, err, "%s", out)

	blocked := map[string]int{} // by what the core decides, and Chromium's code
	for _, trial := range allTrials(t) {
		c := trial.Case
		knows := trial.Request.Credentials == fetch.SameOrigin || trial.Request.Cookie != "" // else nothing shows the credentials mode
		switch {
		case trial.Want.Result != fetch.Blocked || c.Kind == "" || !knows || trial.Request.UseCORSPreflight || len(c.Differs) > 0:
			continue
		case c.Mount != conformance.Global || c.Auth != "" || c.Through != "": // others answer too
			continue
		case len(trial.Want.Failure.Value) > 120: // which explain cuts
			continue
		}
		t.Run(trial.Name(), func(t *testing.T) {
			o, err := b.observe(t.Context(), netHTTP, trial, true)
			require.NoError(t, err)
			assert.Empty(t, b.compare(trial, trial.Want, o))
			require.NotEmpty(t, o.Exchanges)
			asked := trial.Request
			asked.URL = originOf(asked.URL) + o.Exchanges[0].Request.RequestURI
			assert.Equal(t, o.Complaint.Text, trial.Want.Failure.Console(asked), "what the model says")
			if c.Predicate != nil { // which no policy file can hold
				return
			}
			says := explain(t, corskit, c, asked.URL, o.Exchanges[len(o.Exchanges)-1].Request)
			assert.Equal(t, c.Reason, says.Reason)
			assert.Equal(t, o.Complaint.Text, says.Browser, "what explain says")
			assert.NotEmpty(t, says.Fix)
		})
		blocked[c.Kind+" "+c.Reason+": "+trial.Want.Failure.CORSError()]++
	}
	var table strings.Builder
	for _, end := range slices.Sorted(maps.Keys(blocked)) {
		decision, code, _ := strings.Cut(end, ": ")
		fmt.Fprintf(&table, "| %s | %s | %d |\n", decision, code, blocked[end])
	}
	found.add("Refusals, in Chromium's words", "For each, `corskit explain` says of the request what Chromium says on the page's console; for\n"+
		"predicates, which no policy file holds, the model of the browser does.\n\n"+
		"| decision | code | cases |\n| --- | --- | ---: |\n"+table.String())
	for _, end := range []string{
		"actual origin-not-allowed: MissingAllowOriginHeader",
		"actual predicate-failed: MissingAllowOriginHeader",
		"actual allowed: WildcardOriginNotAllowed",
		"preflight origin-not-allowed: PreflightMissingAllowOriginHeader",
		"preflight predicate-failed: PreflightMissingAllowOriginHeader",
		"preflight method-not-allowed: MethodDisallowedByPreflightResponse",
		"preflight header-not-allowed: HeaderDisallowedByPreflightResponse",
	} {
		assert.NotZero(t, blocked[end], "no case ends like that: %s", end)
		delete(blocked, end)
	}
	assert.Empty(t, blocked, "there are reasons that this test does not know")
}

// An explanation is what "corskit explain" prints about a request.
type explanation struct{ Reason, Browser, Fix string }

// explain has corskit explain a request under the policy of a case.
func explain(t *testing.T, corskit string, c conformance.Case, url string, r *http.Request) (e explanation) {
	t.Helper()
	policy := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(policy, c.PolicyFile, 0o600))
	line, err := json.Marshal(map[string]any{
		"method":  r.Method,
		"url":     url,
		"headers": headerPairs(r.Header),
	})
	require.NoError(t, err)
	cmd := exec.Command(corskit, "explain", "-policy", policy, "-requests", "-")
	cmd.Stdin = bytes.NewReader(line)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", stderr.String())
	require.NoError(t, json.Unmarshal(out, &e))
	return e
}
