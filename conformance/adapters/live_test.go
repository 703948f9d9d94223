package adapters

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/live"
	cors "github.com/corskit/corskit/core"
)

// TestFromOutside checks that nothing is wrong with any adapter's server as
// strangers see it: no case of a policy fails, and an audit finds nothing but what
// the policy says. On paths whose handlers set CORS headers that takes Seal.
func TestFromOutside(t *testing.T) {
	const app = "https://app.example.com"
	for _, c := range []struct {
		name   string
		config cors.Config
		finds  []string // by an audit
	}{
		{"one origin", cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-A"}}, nil},
		{"credentials", cors.Config{AllowOrigins: []string{app, "https://other.example.com"}, AllowCredentials: true}, nil},
		{"subdomains", cors.Config{AllowOrigins: []string{"https://*.example.com"}, AllowCredentials: true}, []string{"info subdomain"}},
	} {
		for _, a := range All {
			t.Run(c.name+"/"+a.Name, func(t *testing.T) {
				dial, stop := serve(t, a.Mount(conformance.Site{
					Policy: cors.MustNew(c.config), Mount: conformance.Global, Routes: conformance.Routes(conformance.Global), Seal: true,
				}))
				defer stop()
				conn := dial()
				conn.Close()
				for _, path := range []string{"/opt", "/mess", "/panic"} {
					target := live.Target{URL: "http://" + conn.RemoteAddr().String() + path}
					suite, err := live.New(c.config, target)
					require.NoError(t, err)
					passed := 0
					require.NoError(t, suite.Run(t.Context(), 2, func(r live.Result) {
						assert.NotEqual(t, live.Fail, r.Verdict, "%s at %s: %+v", r.Name, path, r.Problems)
						if r.Verdict == live.Pass {
							passed++
						}
					}))
					assert.Greater(t, passed, 50, "cases that pass at %s", path)

					findings, err := live.Audit(t.Context(), target, app)
					require.NoError(t, err)
					var found []string
					for _, f := range findings {
						found = append(found, f.Severity.String()+" "+f.ID)
					}
					assert.Equal(t, c.finds, found, "what an audit finds at %s", path)
				}
			})
		}
	}
}
