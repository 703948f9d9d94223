//go:build browser

package browser

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/broken"
)

// TestBroken checks that what the browsers are asked finds the faults of adapters
// that are broken on purpose, by the case that is meant to find them, or else by
// another that scripts can produce. What the model of the browser does not notice,
// no browser can.
func TestBroken(t *testing.T) {
	all := allTrials(t)
	b := theBench(t, "chromium")
	var unnoticed []string
	for _, a := range broken.All() {
		trial, ok := noticing(t, a, all)
		if !ok {
			unnoticed = append(unnoticed, a.Name)
			found.noticed(a.Name, "")
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			right, err := b.observe(t.Context(), conformance.Adapter{Mount: broken.Right}, trial, true)
			require.NoError(t, err)
			require.Empty(t, b.compare(trial, trial.Want, right), "without the fault")
			o, err := b.observe(t.Context(), a.Adapter, trial, true)
			require.NoError(t, err)
			require.NotEmpty(t, o.Exchanges, "the request does not reach the server")
			assert.NotEmpty(t, b.compare(trial, trial.Want, o), "Chromium does not notice it by %s", trial.Name())
			found.noticed(a.Name, trial.Name())
		})
	}
	assert.Equal(t, noBrowserNotices, unnoticed, "what browsers cannot notice")
}

// noBrowserNotices are faults that show in nothing but what no browser sends:
// malformed and repeated header fields, OPTIONS without Origin, and
// Access-Control-Request-Private-Network.
var noBrowserNotices = []string{
	"lower-cases origins",
	"removes default ports",
	"takes the first of two Origin lines",
	"takes an empty Origin for none",
	"answers OPTIONS without Origin",
	"takes the first of two method lines",
	"reads the first line of requested headers only",
	"holds a few lines of requested headers only",
	"skips empty labels",
	"opens private networks",
}

// noticing returns the first trial by which the model of the browser notices that a
// is broken.
func noticing(t *testing.T, a broken.Adapter, all []trial) (trial, bool) {
	var meant conformance.Case
	for _, c := range conformance.Cases() {
		if c.Name == a.Case {
			meant = c
		}
	}
	// A fault is sure to show as what it is on sites such as that of its case.
	all = slices.DeleteFunc(slices.Clone(all), func(t trial) bool {
		c := t.Case
		return c.Mount != meant.Mount || c.Seal != meant.Seal || c.Auth != meant.Auth || c.Through != meant.Through || len(c.Before) > 0 && c.Name != a.Case
	})
	slices.SortStableFunc(all, func(x, y trial) int {
		switch {
		case x.Case.Name == a.Case && y.Case.Name != a.Case:
			return -1
		case x.Case.Name != a.Case && y.Case.Name == a.Case:
			return 1
		}
		return 0
	})
	for _, trial := range all {
		if trial.Case.Name == a.Case && len(trial.Before) > 0 {
			return trial, true
		}
		got, err := trial.outcome(a.Mount)
		require.NoError(t, err)
		if got.Result != trial.Want.Result || !slices.Equal(own(got.Header), own(trial.Want.Header)) || got.Failure.CORSError() != trial.Want.Failure.CORSError() {
			return trial, true
		}
		for _, x := range got.Sent {
			response := &http.Response{StatusCode: x.Status, Header: x.Header, Body: http.NoBody}
			if isRequestOf(trial.Case, asSent(x.Request, trial.Request.Origin)) && len(conformance.Judge(trial.Case, response)) > 0 {
				return trial, true
			}
		}
	}
	return trial{}, false
}
