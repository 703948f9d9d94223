package corsfiber

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"
)

// Verify finds what is wrong with the way policies are mounted on app: routes
// whose CORS-preflight requests reach no policy, or another than the request
// itself, and so on. In a test of your server, or before it listens:
//
//	findings, err := corsfiber.Verify(app)
//
// There should be none. Routes that match one of without are meant to have no
// policy: "GET /health", "/metrics" for all methods, or "/internal/*" for all
// that begin so, as [cors.Findings] says. Apps that are mounted on app are part of
// it. Call Verify when all routes are there.
//
// Each route is asked in process, about what comes before its handler. Middleware
// that app.Use has registered in front of a policy runs, without a client and
// with an empty response, as far as the policy, which answers without being asked
// to decide. Where no policy is in the way, nothing runs. Handlers of routes never
// run, nor do error handlers: the requests go to copies of the routes, without
// them.
//
// Middleware that New or Scopes has returned is known by its code. Where other
// functions wrap it, it is not seen. HEAD is taken to be as GET of the same path,
// and CONNECT and TRACE, which no script can send, are left out.
//
// The error is that of middleware that panics. Verify must not be called
// concurrently with changes to the routes.
func Verify(app *fiber.App, without ...string) (findings []cors.Finding, err error) {
	if app == nil {
		return nil, errors.New("corsfiber: Verify: the App is nil: make one with fiber.New")
	}
	app.Handler() // which puts the routes of mounted apps in their places
	v := verifier{methods: app.Config().RequestMethods}
	v.copy(app)
	var checks []cors.RouteCheck
	for _, r := range v.routes {
		check, err := v.check(r)
		if err != nil {
			return nil, fmt.Errorf("corsfiber: Verify: %s %s: %w", r.Method, r.Path, err)
		}
		checks = append(checks, check)
	}
	return cors.Findings(checks, remedies, without...), nil
}

var remedies = cors.Remedies{
	Mount:     "write app.Use(corsfiber.New(policy)) before it, or give it a policy with Scope.Group or Scope.Route",
	Preflight: "write app.Use(corsfiber.New(policy)) before all else, routes of app.All included, in the place of middleware on the one route, or use scope.Route(method, path, policy)",
	Order:     "write app.Use(corsfiber.New(policy)) before routes, authentication and all else that answers by itself",
	Once:      "take one of the two away, or use corsfiber.Scopes, where the innermost policy decides both",
	Redirect:  "write app.Use(corsfiber.New(policy)) before what redirects, and use the path that it redirects to",
	Opaque:    "write app.Use(corsfiber.New(policy)) before all routes, so that none comes in between",
}

// A verifier asks a copy of an app's routes, in which none of the handlers of
// routes is left.
type verifier struct {
	methods []string
	copies  *fiber.App
	routes  []*fiber.Route // of copies, those to check

	// What is to happen to the next request, and has happened to the last.
	looking bool         // nothing runs; what would is taken down
	until   *fiber.Route // where to stop looking, or at any route if nil
	chain   []step
}

// A step is a handler that a request would come to.
type step struct {
	route *fiber.Route
	ours  bool
	ends  bool // it is the last one of a route, which is for the application
}

// copy copies an app's routes.
func (v *verifier) copy(app *fiber.App) {
	v.copies = emptied(app, v.methods)
	v.copies.Use(func(c fiber.Ctx) error { return c.Next() }) // so that fiber finds that something has changed
	stacks := v.copies.Stack()
	kind := fiber.New()
	got := map[string]bool{}
	for _, route := range app.GetRoutes(true) {
		got[route.Path] = got[route.Path] || route.Method == fiber.MethodGet
	}
	for m, stack := range app.Stack() {
		stacks[m] = nil
		for _, route := range stack {
			kind.Stack()[0] = []*fiber.Route{route}
			isRoute := len(kind.GetRoutes(true)) > 0 // fiber does not tell otherwise
			copied := *route
			copied.Handlers = make([]fiber.Handler, len(route.Handlers))
			for i, h := range route.Handlers {
				copied.Handlers[i] = v.stand(h, isRoute, step{&copied, isMiddleware(h), isRoute && i == len(route.Handlers)-1})
			}
			stacks[m] = append(stacks[m], &copied)
			switch route.Method {
			case fiber.MethodConnect, fiber.MethodTrace:
				isRoute = false
			case fiber.MethodHead:
				isRoute = isRoute && !got[route.Path]
			}
			if isRoute {
				v.routes = append(v.routes, &copied)
			}
		}
	}
}

// stand returns what stands for a handler. Of routes it lets only middleware of
// ours run.
func (v *verifier) stand(h fiber.Handler, isRoute bool, s step) fiber.Handler {
	return func(c fiber.Ctx) error {
		switch {
		case v.looking:
			v.chain = append(v.chain, s)
			if s.ends && (v.until == nil || v.until == s.route) {
				return nil
			}
		case s.ours, !isRoute:
			return h(c)
		case s.ends:
			return nil
		}
		return c.Next()
	}
}

// isMiddleware reports whether a handler is what New or Scopes has made.
func isMiddleware(h fiber.Handler) bool {
	code := reflect.ValueOf(h).Pointer()
	return code == reflect.ValueOf(New((*cors.Policy)(nil))).Pointer() ||
		code == reflect.ValueOf((&Scope{}).serve).Pointer()
}

// check finds out about a route.
func (v *verifier) check(r *fiber.Route) (cors.RouteCheck, error) {
	c := cors.RouteCheck{Method: r.Method, Route: r.Path}
	path := examplePath(r.Path)
	actual := v.look(r.Method, path, r)
	if !slices.ContainsFunc(actual, func(s step) bool { return s.route == r }) {
		return c, nil // the example does not lead there
	}
	preflight := v.look(fiber.MethodOptions, path, nil)
	var err error
	switch mounts := mounts(preflight); {
	case mounts > 0:
		c.Preflight, err = v.ask(true, r.Method, path, mounts)
	case !slices.Contains(v.methods, fiber.MethodOptions):
		c.Preflight = &cors.Outcome{Status: noSuchMethod}
	case slices.ContainsFunc(preflight, func(s step) bool { return s.ends }):
		c.OwnOptions = true
	default:
		c.Preflight = &cors.Outcome{Status: fiber.StatusMethodNotAllowed}
	}
	if err != nil {
		return c, err
	}
	switch mounts := mounts(actual); {
	case mounts > 0:
		c.Chain = cors.Covered
		c.Actual, err = v.ask(false, r.Method, path, mounts)
	case !slices.ContainsFunc(actual, func(s step) bool { return s.ours }):
		c.Chain = cors.Uncovered
	}
	return c, err
}

// noSuchMethod is what fiber answers to methods that it does not know.
const noSuchMethod = fiber.StatusNotImplemented

// mounts counts the middlewares of ours before any handler of the application's.
func mounts(chain []step) (n int) {
	for _, s := range chain {
		switch {
		case s.ours:
			n++
		case s.ends:
			return n
		}
	}
	return n
}

// look returns what a request would come to, as far as the end of the given route
// or, if that is nil, of the first one.
func (v *verifier) look(method, path string, until *fiber.Route) []step {
	v.looking, v.until, v.chain = true, until, nil
	v.send(method, path, nil, nil)
	return v.chain
}

// ask sends a request with a probe, which middleware of ours answers, of which
// there is as much in the way as mounts says. A CORS-preflight request is answered
// by the first that has a policy, and any other decided by the last.
func (v *verifier) ask(preflight bool, method, path string, mounts int) (o *cors.Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("middleware panics where Verify runs it: %v", p)
		}
	}()
	v.looking = false
	probe := &cors.Probe{Mounts: mounts, Preflight: preflight}
	sent, headers := method, map[string]string{"Origin": "https://probe.invalid"}
	if preflight {
		sent, headers["Access-Control-Request-Method"] = fiber.MethodOptions, method
	}
	r := v.send(sent, path, headers, probe)
	return &cors.Outcome{Met: probe.Met, Status: r.StatusCode(), Location: string(r.Header.Peek("Location"))}, nil
}

func (v *verifier) send(method, path string, headers map[string]string, probe *cors.Probe) *fasthttp.Response {
	var r fasthttp.Request
	r.Header.SetMethod(method)
	r.SetRequestURI(path)
	r.Header.SetHost("probe.invalid")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	var c fasthttp.RequestCtx
	c.Init(&r, nil, nil)
	if probe != nil {
		c.SetUserValue(heldKey{}, probe)
	}
	v.copies.Handler()(&c)
	return &c.Response
}
