package corsecho

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/labstack/echo/v5"

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
// meant to have no policy, as [cors.Findings] says.
//
// Each route is asked in process, with requests that middleware of this package
// answers without asking its policy and before any handler. Middleware that is
// mounted before it runs, and so may the error handler; handlers of routes never
// do. Of the middleware of groups and routes, Verify sees whether it begins with a
// policy; where it begins with something else, it says in a finding that it cannot
// be told. What is around e it does not see; for corshttp.New(policy)(e) there is
// corshttp.Verify. Of what [echo.NewVirtualHostHandler] returns, give it each host.
//
// The error is that of a route whose path is none. Verify must not be called
// concurrently with changes to e.
func Verify(e *echo.Echo, without ...string) ([]cors.Finding, error) {
	v := verifier{engine: e, mounts: mountsIn(e.PreMiddlewares()) + mountsIn(e.Middlewares())}
	var checks []cors.RouteCheck
	for _, r := range v.routes() {
		c, err := v.check(r)
		if err != nil {
			return nil, fmt.Errorf("corsecho: Verify: %s %s: %w", r.method, r.path, err)
		}
		checks = append(checks, c)
	}
	return cors.Findings(checks, remedies, without...), nil
}

var remedies = cors.Remedies{
	Mount:     "mount the policy with e.Use(corsecho.New(policy)), or give the route one with Scope.Group or Scope.Route",
	Preflight: "mount the policy with e.Use(corsecho.New(policy)), or with corsecho.Scopes(e), as echo answers OPTIONS by itself where a single route has the policy",
	Order:     "call e.Use(corsecho.New(policy)), or corsecho.Scopes(e), before e.Use of authentication and all else that answers by itself",
	Once:      "take one of the two away, or use corsecho.Scopes, where the innermost policy decides both",
	Redirect:  "mount the policy with e.Pre(corsecho.New(policy)), before what redirects",
	Opaque:    "mount the policy with e.Use(corsecho.New(policy)) or corsecho.Scopes(e), or in front of all else on a group, as it is made",
}

// A verifier checks the routes of one server.
type verifier struct {
	engine *echo.Echo
	mounts int // middlewares of ours that every request passes
}

// routes returns the routes of the server, sorted. Routes for any method come as
// one for each of those that policies are about.
func (v *verifier) routes() (all []route) {
	for _, r := range v.engine.Router().Routes() {
		switch r.Method {
		case echo.RouteNotFound:
		case echo.RouteAny:
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
				all = append(all, route{method, r.Path})
			}
		default:
			all = append(all, route{r.Method, r.Path})
		}
	}
	slices.SortFunc(all, func(a, b route) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	return slices.Compact(all)
}

// check asks about a route, with requests of which it is known where they end.
func (v *verifier) check(r route) (c cors.RouteCheck, err error) {
	c = cors.RouteCheck{Method: r.method, Route: r.path}
	example := v.example(r)
	if example == nil {
		return c, nil // other routes hide it
	}
	path := example.URL.EscapedPath()
	_, _, h := lookUp(v.engine, http.MethodOptions, example)
	if n := v.mounts + v.leading(h); n > 0 || slices.Contains(answers, codeOf(h)) {
		if c.Preflight, err = corshttp.SendProbe(v.engine, true, r.method, path, n); err != nil {
			return c, err
		}
	}
	_, _, h = lookUp(v.engine, r.method, example)
	if n := v.mounts + v.leading(h); n > 0 && !(v.mounts > 0 && c.Preflight.Lost()) { // else a request that is no probe would run the handler
		c.Chain = cors.Covered
		c.Actual, err = corshttp.SendProbe(v.engine, false, r.method, path, n)
	}
	return c, err
}

// example returns a request that leads to a route, or nil.
func (v *verifier) example(r route) *http.Request {
	want := r.path
	if !strings.HasPrefix(want, "/") {
		want = "/" + want // as echo does
	}
	for _, value := range []string{"x", "1", "corskit-probe"} {
		u, err := url.ParseRequestURI(examplePath(want, value))
		if err != nil {
			return nil
		}
		q := &http.Request{URL: u}
		if to, routed := find(v.engine, r.method, q); routed && to.path == want {
			return q
		}
	}
	return nil
}

// leading counts the middlewares of ours that a route's handler begins with: echo
// makes one of a route's middleware and its handler, which is the function that the
// first has returned. Ours tell what comes next when a [walk] asks.
func (v *verifier) leading(h echo.HandlerFunc) (n int) {
	for ; h != nil && codeOf(h) == begun; n++ {
		w := &walk{}
		_, _ = corshttp.SendProbe(http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
			c := v.engine.NewContext(r, to)
			c.Set(walkKey, w)
			_ = h(c)
		}), false, http.MethodGet, "/", 1)
		h = w.next
	}
	return n
}

// A walk goes along a chain of middleware of ours, without running it.
type walk struct{ next echo.HandlerFunc }

const walkKey = "github.com/corskit/corskit/adapters/echov5"

// examplePath returns the path of a route, escaped, with a value for parameters.
func examplePath(path, value string) string {
	var all []string
	for rest := strings.TrimPrefix(path, "/"); ; {
		s, more := cutSegment(rest)
		switch {
		case s.wild == '*' && s.literal != "":
			s.literal += "/" + value // as those who use Static mean it
		case s.wild != 0:
			s.literal += value + s.verb
		}
		all = append(all, s.literal)
		if s.wild == '*' || len(more) == 0 && !strings.HasSuffix(rest, "/") {
			break
		}
		rest = more
	}
	return (&url.URL{Path: "/" + strings.Join(all, "/")}).EscapedPath()
}

// answers are the addresses of the code by which echo answers what has no route,
// unless [echo.RouterConfig] says otherwise.
var answers = func() (all []uintptr) {
	e := echo.New()
	e.GET("/", func(*echo.Context) error { return nil })
	for _, r := range []route{{"GET", "/none"}, {"PUT", "/"}, {"OPTIONS", "/"}} {
		_, _, h := lookUp(e, r.method, &http.Request{URL: &url.URL{Path: r.path}})
		all = append(all, codeOf(h))
	}
	return all
}()

// mountsIn counts the middlewares of ours among others. Functions do not compare,
// but the address of their code tells.
func mountsIn(all []echo.MiddlewareFunc) (n int) {
	for _, m := range all {
		if slices.Contains(ours, codeOf(m)) {
			n++
		}
	}
	return n
}

// ours are the addresses of the code of our middlewares, and begun that of what New's
// makes of a handler.
var (
	ours  = []uintptr{codeOf(New((*cors.Policy)(nil))), codeOf(scoped(nil))}
	begun = codeOf(New((*cors.Policy)(nil))(nil))
)

func codeOf(f any) uintptr { return reflect.ValueOf(f).Pointer() }
