package corsgin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Verify finds what is wrong with the way policies are mounted on e, which has all
// its routes: routes whose CORS-preflight requests reach no policy, or another
// than the request itself, and so on. In a test of your server, or when it starts:
//
//	findings, err := corsgin.Verify(e)
//
// There should be none. Routes that match one of without are meant to have no
// policy: "GET /health", "/metrics" for all methods, "/static/*" for all below.
//
// Each route is asked in process, with requests that the middleware of this
// package answers without asking its policy. Middleware mounted before it runs, as
// for any other request, loggers and authentication too, and must pass the context
// of requests on. Handlers never run, and none for 404 and 405: where one would,
// as no middleware of ours is in its chain, nothing is asked.
//
// Verify sees handlers in e's chains that [New] and [Scopes] have mounted. What
// other functions call from inside, it takes for missing. For an engine inside of
// corshttp.New there is corshttp.Verify.
//
// The error says that this version of gin is not known. Verify must not be called
// concurrently with changes to e.
func Verify(e *gin.Engine, without ...string) ([]cors.Finding, error) {
	checks, err := checkRoutes(e)
	if err != nil {
		return nil, fmt.Errorf("corsgin: Verify: %w", err)
	}
	return cors.Findings(checks, remedies, without...), nil
}

var remedies = cors.Remedies{
	Mount:     "call e.Use(corsgin.New(policy)) before the route is registered, or corsgin.Scopes(e) and then Scope.Group or Scope.Route",
	Preflight: "gin runs a group's or a route's own middleware for its routes only: write corsgin.Scopes(e).Group(g, policy) in the place of g.Use(corsgin.New(policy))",
	Order:     "call e.Use(corsgin.New(policy)), or corsgin.Scopes(e), before routes, groups and authentication",
	Once:      "take one of the two away, or use corsgin.Scopes, where the innermost policy decides both",
	Redirect:  "set e.RedirectTrailingSlash and e.RedirectFixedPath to false, or wrap the engine, as in corshttp.New(policy)(e)",
	Opaque:    "give e.Use what corsgin.New returns, in the place of a function that calls it",
}

func checkRoutes(e *gin.Engine) ([]cors.RouteCheck, error) {
	r, err := readRouter(e)
	if err != nil {
		return nil, err
	}
	v := verifier{engine: e, router: r}
	var patterns []pattern
	for _, route := range r.routes {
		patterns = append(patterns, route.pattern)
	}
	if v.shadow = newShadow(e, patterns); v.shadow.refused > 0 {
		return nil, errNoCopy
	}
	var checks []cors.RouteCheck
	for _, route := range r.routes {
		c, err := v.check(route)
		if err != nil {
			return nil, err
		}
		checks = append(checks, c)
	}
	return checks, nil
}

var errNoCopy = errors.New("gin refuses a copy of the engine's routes, so that it cannot be told where requests go: check with a version of gin that corskit is tested with")

type verifier struct {
	router
	engine *gin.Engine
	shadow *shadow
}

func (v *verifier) check(at route) (c cors.RouteCheck, err error) {
	c = cors.RouteCheck{Method: at.method, Route: unescape(at.path)}
	u := &url.URL{Path: examplePath(at.path)}
	if v.engine.UseEscapedPath || v.engine.UseRawPath { // then routes have escapes
		if escaped, err := url.ParseRequestURI(u.Path); err == nil {
			u = escaped
		}
	}
	if v.shadow.route(at.method, u) != at.path {
		return c, nil // another route takes the example
	}
	chain, own := v.toPreflight(u)
	mounts := chain.mounts()
	if c.OwnOptions = own && mounts == 0; !c.OwnOptions {
		if c.Preflight, err = corshttp.SendProbe(v.engine, true, at.method, u.EscapedPath(), mounts); err != nil {
			return c, err
		}
	}
	switch n := at.chain.mounts(); {
	case mounts > 0 && c.Preflight.Lost():
		// Middleware that loses the probe would let the next one through.
	case n > 0:
		c.Chain = cors.Covered
		c.Actual, err = corshttp.SendProbe(v.engine, false, at.method, u.EscapedPath(), n)
	case mounts == 0 && c.Preflight != nil && len(c.Preflight.Met) > 0:
		// Something that cannot be seen calls our middleware, and may do so here.
	default:
		c.Chain = cors.Uncovered
	}
	return c, err
}

// toPreflight returns the chain that a CORS-preflight request runs, and whether a
// handler of the application's is in it.
func (v *verifier) toPreflight(u *url.URL) (c chain, own bool) {
	if path := v.shadow.route(http.MethodOptions, u); path != "" {
		return v.to(pattern{http.MethodOptions, path}), true
	}
	if v.engine.HandleMethodNotAllowed {
		return v.noMethod, v.ownNoMethod // there is a route for another method
	}
	return v.noRoute, v.ownNoRoute
}

// examplePath returns a path that a route is for, unless a route for this very
// text is there too.
func examplePath(pattern string) string {
	segments := strings.Split(pattern, "/")
	for i, text := range segments {
		s := newSegment(text)
		segments[i] = s.literal
		if s.wild != 0 {
			segments[i] += "corskit-example"
		}
	}
	return strings.Join(segments, "/")
}
