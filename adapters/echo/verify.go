package corsecho

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Verify finds what is wrong with the way policies are mounted on e: routes whose
// CORS-preflight requests reach no policy, or another than the request itself,
// and so on. Call it when all routes are there, in a test of your server,
//
//	findings, err := corsecho.Verify(e)
//
// where there should be none, or before it starts. Routes that match without are
// meant to have no policy, as [cors.Findings] says; those of [echo.Echo.Host] begin
// with their host, as in "api.example.com/items".
//
// Each route is asked in process, with requests that middleware of this package
// answers without asking its policy and before any handler. Middleware that is
// mounted before it runs, and so may the error handler; handlers of routes never
// do. echo hides the middleware of groups and routes: of those, Verify sees whether
// CORS-preflight requests reach a policy, but not whether the requests themselves
// do, and says so in a finding. What [echo.Echo.Use], [echo.Echo.Pre] and [Scopes]
// have mounted, it sees. What is around e, it does not; for corshttp.New(policy)(e)
// there is corshttp.Verify.
//
// There is an error if this version of echo keeps its middleware where Verify does
// not find it. Verify must not be called concurrently with changes to e.
func Verify(e *echo.Echo, without ...string) ([]cors.Finding, error) {
	v := verifier{engine: e}
	for _, field := range []string{"premiddleware", "middleware"} {
		n, err := mountsIn(e, field)
		if err != nil {
			return nil, err
		}
		v.mounts += n
	}
	var checks []cors.RouteCheck
	routers := maps.Clone(e.Routers())
	routers[""] = e.Router()
	for _, host := range slices.Sorted(maps.Keys(routers)) {
		for _, r := range routesOf(routers[host]) {
			c, err := v.check(host, routers[host], r)
			if err != nil {
				return nil, fmt.Errorf("corsecho: Verify: %s %s: %w", r.method, r.path, err)
			}
			checks = append(checks, c)
		}
	}
	return cors.Findings(checks, remedies, without...), nil
}

var remedies = cors.Remedies{
	Mount:     "mount the policy with e.Use(corsecho.New(policy)), or give the route one with Scope.Group or Scope.Route",
	Preflight: "mount the policy with e.Use(corsecho.New(policy)), or with corsecho.Scopes(e), as echo answers OPTIONS by itself where a single route has the policy",
	Order:     "call e.Use(corsecho.New(policy)), or corsecho.Scopes(e), before e.Use of authentication and all else that answers by itself",
	Once:      "take one of the two away, or use corsecho.Scopes, where the innermost policy decides both",
	Redirect:  "mount the policy with e.Pre(corsecho.New(policy)), before what redirects",
	Opaque:    "mount the policy with e.Use(corsecho.New(policy)) or corsecho.Scopes(e), as echo hides the middleware of groups and routes",
}

// A verifier checks the routes of one server.
type verifier struct {
	engine *echo.Echo
	mounts int // middlewares of ours that every request passes
	finder finder
}

// routesOf returns the routes of a router, sorted.
func routesOf(router *echo.Router) (all []route) {
	for _, r := range router.Routes() {
		if r.Method != echo.RouteNotFound {
			all = append(all, route{r.Method, r.Path})
		}
	}
	slices.SortFunc(all, func(a, b route) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	return all
}

// check asks about a route, with requests of which it is known where they end.
func (v *verifier) check(host string, router *echo.Router, r route) (c cors.RouteCheck, err error) {
	c = cors.RouteCheck{Method: r.method, Route: host + r.path}
	path, ok := v.example(router, r)
	if !ok {
		return c, nil // other routes hide it
	}
	ask := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if host != "" {
			q.Host = host
		}
		v.engine.ServeHTTP(w, q)
	})
	mounts := v.mounts
	if v.answersOptions(router, path) {
		mounts = many // no handler of the application's is at the end
	}
	if mounts > 0 {
		if c.Preflight, err = corshttp.SendProbe(ask, true, r.method, path, mounts); err != nil {
			return c, err
		}
	}
	if v.mounts == 0 || c.Preflight.Lost() { // or a request that is no probe would run the handler
		return c, nil
	}
	c.Chain = cors.Covered
	if c.Actual, err = corshttp.SendProbe(ask, false, r.method, path, v.mounts); err != nil {
		return c, err
	}
	if hasDecider(c.Preflight) && !hasDecider(c.Actual) && len(c.Actual.Met) > 0 {
		// A group has a policy where the scopes have none. Whether the route is
		// the group's is hidden.
		c.Chain, c.Actual = cors.Opaque, nil
	}
	return c, nil
}

// many is more middleware of ours than a chain has.
const many = 1 << 10

// hasDecider reports whether a probe has met a Decider.
func hasDecider(o *cors.Outcome) bool {
	return slices.ContainsFunc(o.Met, func(d cors.Decider) bool { return d != nil })
}

// example returns a path, escaped, that leads to a route.
func (v *verifier) example(router *echo.Router, r route) (path string, ok bool) {
	for _, value := range []string{"x", "1", "corskit-probe"} {
		path = examplePath(r.path, value)
		if found, err := v.find(router, r.method, path); err == nil && found == r.path {
			return path, true
		}
	}
	return "", false
}

// find returns the path of what a request reaches.
func (v *verifier) find(router *echo.Router, method, path string) (string, error) {
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return "", err
	}
	return find(v.engine, router, method, &http.Request{URL: u}), nil
}

// examplePath returns the path of a route, escaped, with a value for parameters.
func examplePath(path, value string) string {
	var all []string
	for rest := strings.TrimPrefix(path, "/"); ; {
		s, more := cutSegment(rest)
		switch {
		case s.wild == '*' && s.literal != "":
			s.literal += "/" + value // as those who use Static mean it
		case s.wild != 0:
			s.literal += value
		}
		all = append(all, s.literal)
		if s.wild == '*' || len(more) == 0 && !strings.HasSuffix(rest, "/") {
			break
		}
		rest = more
	}
	return (&url.URL{Path: "/" + strings.Join(all, "/")}).EscapedPath()
}

// answersOptions reports whether a request for OPTIONS ends in an answer of
// echo's, or in one of middleware, and never in a handler of the application's.
func (v *verifier) answersOptions(router *echo.Router, path string) bool {
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return false
	}
	c := v.engine.NewContext(&http.Request{URL: u}, nil)
	router.Find(http.MethodOptions, echo.GetPath(c.Request()), c)
	if slices.Contains(answers, codeOf(c.Handler())) {
		return true
	}
	if v.finder.has(router, route{http.MethodOptions, c.Path()}) {
		return false
	}
	// Groups that have middleware have not-found routes, which lead through it.
	return slices.ContainsFunc(router.Routes(), func(r *echo.Route) bool {
		return r.Method == echo.RouteNotFound && r.Path == c.Path() && r.Name == notFoundName
	})
}

// The handlers by which echo answers what has no route, before an application
// could replace them.
var (
	answers      = []uintptr{codeOf(echo.NotFoundHandler), codeOf(echo.MethodNotAllowedHandler), codeOf(optionsHandler())}
	notFoundName = runtime.FuncForPC(codeOf(echo.NotFoundHandler)).Name()
)

// optionsHandler returns the handler by which echo answers OPTIONS where there are
// routes for other methods.
func optionsHandler() echo.HandlerFunc {
	e := echo.New()
	e.GET("/", echo.NotFoundHandler)
	c := e.NewContext(nil, nil)
	e.Router().Find(http.MethodOptions, "/", c)
	return c.Handler()
}

// mountsIn counts the middlewares of ours in one of e's fields, which echo does
// not show. Functions do not compare, but the address of their code tells.
func mountsIn(e *echo.Echo, field string) (n int, err error) {
	of, _ := reflect.TypeFor[echo.Echo]().FieldByName(field)
	if of.Type != reflect.TypeFor[[]echo.MiddlewareFunc]() {
		return 0, fmt.Errorf("corsecho: Verify: echo.Echo has no field %s with middleware: use a version of corsecho that was made for this one of echo", field)
	}
	all := reflect.ValueOf(e).Elem().FieldByIndex(of.Index)
	for i := range all.Len() {
		if slices.Contains(ours, all.Index(i).Pointer()) {
			n++
		}
	}
	return n, nil
}

// ours are the addresses of the code of our middlewares.
var ours = []uintptr{codeOf(New((*cors.Policy)(nil))), codeOf(scoped(nil))}

func codeOf(f any) uintptr { return reflect.ValueOf(f).Pointer() }
