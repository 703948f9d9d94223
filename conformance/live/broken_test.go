package live_test

import (
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/broken"
	"github.com/corskit/corskit/conformance/live"
)

// elsewhere names the cases on whose site a fault shows from outside, where it
// does not on that of its own case.
var elsewhere = map[string]string{
	"allows credentials to others":    "actual/get",
	"refuses actual requests unasked": "actual/post",
}

// unnoticed holds the faults of package broken that no case finds, and why that
// is as it should be.
var unnoticed = map[string]string{
	"varies on Origin though all are allowed":                "caches keep more than they need, and nobody gets a wrong response; Differs says so",
	"sets Vary over the handler's":                           "what the handler had set is not known from outside",
	"adds Vary a second time":                                "a member that is there twice says the same",
	"takes the first of two method lines":                    "no browser sends two, and the origin is allowed anyway; Differs says so",
	"runs the handler after its own answer":                  "no response shows that the handler has run",
	"hands over no context":                                  "only a predicate sees the context, and no policy file has one",
	"writes a body on refusal":                               "browsers read no body of the answer to a CORS-preflight request",
	"answers preflights with 200 and a body":                 "200 is an ok status, and browsers read no body of the answer",
	"is mounted twice":                                       "the response is the same",
	"omits the list for a method that is not allowed":        "the browser refuses the method in any case",
	"refuses a header that is not allowed":                   "the browser refuses the header in any case; Differs says so",
	"refuses preflights whose list is too long":              "no browser writes such a list, and the server may refuse it",
	"turns + into nothing":                                   "the path is not one of the policy's, so that there is nothing to check it against",
	"covers what begins like the group":                      "the path is not one of the policy's, so that there is nothing to check it against",
	"covers the whole server":                                "the path is not one of the policy's, so that there is nothing to check it against",
	"gives a single route's path the policy":                 "the method is not one of the policy's, so that there is nothing to check it against",
	"decides by the path, not by the route":                  "the path is not one of the policy's, so that there is nothing to check it against",
	"answers preflights everywhere by the policy of a group": "the path is not one of the policy's, so that there is nothing to check it against",
	"merges a default over routes":                           "the path is not one of the policy's, so that there is nothing to check it against",
	"lists the methods of all routes":                        "which methods the router serves is not known from outside",
	"lists the methods of other policies":                    "which methods have another policy is not known from outside",
	"takes the policy of another method":                     "a policy for one method of a path is not that of the endpoint, whose other methods are asked about too",
}

// serve serves the site of a case by an adapter until the test ends, and returns
// the endpoint that the case is about.
func serve(t *testing.T, mount func(conformance.Site) conformance.App, c conformance.Case) live.Target {
	t.Helper()
	site, err := c.Site()
	require.NoError(t, err)
	app := mount(site)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() { defer close(served); app.Serve(l) }()
	t.Cleanup(func() { app.Close(); l.Close(); <-served })
	method := c.Request.Method
	for _, f := range c.Request.Headers {
		isServed := func(r conformance.Route) bool { return r.Method == f.Value && r.Path == c.Request.Path }
		if method == "OPTIONS" && c.Request.Path != "/opt" && f.Name == "Access-Control-Request-Method" && slices.ContainsFunc(site.Routes, isServed) {
			method = f.Value
		}
	}
	if method == "OPTIONS" && c.Request.Path != "/opt" {
		method = "GET"
	}
	return live.Target{URL: "http://" + l.Addr().String() + c.Request.Path, Method: method}
}

// isEndpoints reports whether the policy of a case is all that there is to know
// about the endpoint that the case is about.
func isEndpoints(c conformance.Case) bool {
	ofOneMethod := func(s conformance.CaseScope) bool { return s.Path == c.Request.Path }
	return c.Kind != "" && c.Predicate == nil && !slices.ContainsFunc(c.Scopes, ofOneMethod)
}

// TestBrokenAdapters checks that the suite finds, from outside, what the suite in
// process finds, and nothing in the adapter that is right.
func TestBrokenAdapters(t *testing.T) {
	cases := map[string]conformance.Case{}
	for _, c := range conformance.Cases() {
		cases[c.Name] = c
	}
	listed := map[string]bool{}
	for _, a := range broken.All() {
		listed[a.Name] = true
		name := a.Case
		if other := elsewhere[a.Name]; other != "" {
			name = other
		}
		c := cases[name]
		if !isEndpoints(c) {
			assert.NotEmpty(t, unnoticed[a.Name], "the policy of %s is not that of its endpoint: say so in the list", name)
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			config := parse(t, string(c.PolicyFile))
			assert.Empty(t, describe(results(t, config, serve(t, broken.Right, c)), live.Fail), "the adapter without a fault fails on the site of %s", name)
			failures := describe(results(t, config, serve(t, a.Mount, c)), live.Fail)
			if unnoticed[a.Name] != "" {
				assert.Empty(t, failures, "the fault is noticed after all: take it from the list")
			} else {
				assert.NotEmpty(t, failures, "no case finds an adapter that %s, on the site of %s", a.Name, name)
			}
		})
	}
	for name := range unnoticed {
		assert.True(t, listed[name], "there is no broken adapter that %s", name)
	}
	for name := range elsewhere {
		assert.True(t, listed[name], "there is no broken adapter that %s", name)
	}
}
