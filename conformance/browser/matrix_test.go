//go:build browser

package browser

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
)

// TestTable runs every case that a script can produce: in all ways on one adapter in
// every engine, and in one way on all adapters in Chromium.
func TestTable(t *testing.T) {
	all := allTrials(t)
	inEach(t, func(t *testing.T, b *bench) {
		for _, a := range adapters.All {
			if a.Name != netHTTP.Name && b.engine.Name() != "chromium" {
				continue
			}
			t.Run(a.Name, func(t *testing.T) {
				last := ""
				for _, trial := range all {
					if a.Name == netHTTP.Name || trial.Case.Name != last {
						t.Run(trial.Name(), func(t *testing.T) { try(t, b, a, trial) })
					}
					last = trial.Case.Name
				}
			})
		}
	})
}

// TestPlainHost checks that plainHost is there for every engine, so that it is the
// page at https for which WebKit does not ask it.
func TestPlainHost(t *testing.T) {
	inEach(t, func(t *testing.T, b *bench) {
		serve(t, b, "http://"+plainHost, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			io.WriteString(w, "plain")
		}))
		got := run[string](t, b, "http://localhost:3000", `return (await fetch("http://`+plainHost+`/")).text()`)
		assert.Equal(t, "plain", got)
	})
}

func allTrials(t *testing.T) (all []trial) {
	for _, c := range conformance.Cases() {
		list, _, err := trials(c)
		require.NoError(t, err)
		all = append(all, list...)
	}
	return all
}

func try(t *testing.T, b *bench, a conformance.Adapter, trial trial) {
	mark := fails
	defer func() { found.tried(trial, b.engine.Name(), a.Name, mark) }()
	want, err := trial.wanted(b.engine.Name(), a.Mount)
	require.NoError(t, err)
	o, err := b.observe(t.Context(), a, trial, len(want.Sent) > 0)
	require.NoError(t, err)
	problems := b.compare(trial, want, o)
	as := agrees
	if len(want.Sent) == 0 { // the engine does not ask the server at all
		as = differs
	}
	for _, d := range trial.Case.Differs {
		if as == agrees && slices.Contains(d.Engines, b.engine.Name()) && d.Credentials == credentialsMode(trial.Request) {
			require.NotEmpty(t, problems, "%s does as the standard says: take it from what the case lists", b.engine.Name())
			require.Equal(t, d.Result, o.Result, "%s", d.Why)
			require.Len(t, o.Exchanges, 2, "a CORS-preflight request, and the request that it permits")
			problems, as = judge(trial.Case, o), differs
		}
	}
	if len(problems) > 0 {
		t.Errorf("%s\n  clause  %s (rule %d)", strings.Join(problems, "\n"), trial.Case.Clause, trial.Case.Rule)
		return
	}
	mark = as
}
