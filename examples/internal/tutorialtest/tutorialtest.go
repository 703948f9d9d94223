// Package tutorialtest checks the programs in tutorials, each of them the server of
// a tutorial in another framework: what pages may do, answer by answer beside those
// of the original, and everything that follows from the policies.
//
// The tests of this package compare the tables with the originals, with the build
// tag peers, and with what tutorials/README.md says.
package tutorialtest

import (
	"net"
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/live"
	cors "github.com/corskit/corskit/core"
)

// A Serve serves a new instance of a program until the test ends, and returns its
// URL, without a slash at the end.
type Serve func(*testing.T) (url string)

// HTTP serves programs on net/http.
func HTTP(newApp func() (http.Handler, error)) Serve {
	return func(t *testing.T) string {
		app, err := newApp()
		require.NoError(t, err)
		server := &http.Server{Handler: app}
		return serve(t, server.Serve, server.Close)
	}
}

// Fiber serves programs on fiber v2.
func Fiber(newApp func() (*fiber.App, error)) Serve {
	return func(t *testing.T) string {
		app, err := newApp()
		require.NoError(t, err)
		return serve(t, app.Listener, app.Shutdown)
	}
}

func serve(t *testing.T, serve func(net.Listener) error, end func() error) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		serve(listener) // its error says that it was ended
	}()
	t.Cleanup(func() {
		assert.NoError(t, end(), "the server ends")
		listener.Close() // in case that it has not come to serve
		<-served
	})
	return "http://" + listener.Addr().String()
}

// CheckExpress checks a program that has the routes of tutorials/express/server.js,
// under a policy for everything and one for /products/:id.
func CheckExpress(t *testing.T, serve Serve, global, strict cors.Config) {
	assert.Equal(t, globalConfig, global, "the policy for everything")
	assert.Equal(t, strictConfig, strict, "the policy of the route")
	tutorials[0].check(t, serve)
}

// CheckAllowAll checks a program that has the routes of tutorials/fastapi/main.py,
// under the policy that stands for its allow_all.
func CheckAllowAll(t *testing.T, serve Serve, policy cors.Config) {
	assert.Equal(t, allowAllConfig, policy, "the policy")
	tutorials[1].check(t, serve)
}

// CheckExplicit is [CheckAllowAll] for its explicit.
func CheckExplicit(t *testing.T, serve Serve, policy cors.Config) {
	assert.Equal(t, explicitConfig, policy, "the policy")
	tutorials[2].check(t, serve)
}

// check asks what each row asks and compares the answers with ours, and runs the
// cases that follow from the policies.
func (u tutorial) check(t *testing.T, serve Serve) {
	for _, r := range u.rows {
		t.Run(r.name, func(t *testing.T) {
			assert.Equal(t, r.ours, r.ask(t, serve(t)), "what comes of it")
		})
	}
	for _, e := range u.endpoints {
		t.Run("policy of "+e.method+" "+e.path, func(t *testing.T) {
			for _, r := range e.failures(t, serve(t)) {
				for _, p := range r.Problems {
					t.Errorf("%s: %s\n    fix: %s", r.Name, p.Text, p.Fix)
				}
			}
		})
	}
}

// failures runs the cases that follow from an endpoint's policy on a server, and
// returns those that fail.
func (e endpoint) failures(t *testing.T, url string) (failures []live.Result) {
	suite, err := live.New(e.policy, live.Target{URL: url + e.path, Method: e.method})
	require.NoError(t, err)
	passed := 0
	require.NoError(t, suite.Run(t.Context(), 4, func(r live.Result) {
		switch r.Verdict {
		case live.Pass:
			passed++
		case live.Fail:
			failures = append(failures, r)
		}
	}))
	assert.NotZero(t, passed, "cases that pass")
	return failures
}
