package corschi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Verify finds what is wrong with the way policies are mounted on r: routes whose
// CORS-preflight requests reach no policy, or another than the request itself,
// and so on. Call it when all routes are there, in a test
//
//	findings, err := corschi.Verify(router)
//	// no error and no findings
//
// or before the server starts. The routes that match without are meant to have no
// policy: "GET /health", "/health" or "/internal/*", as [cors.Findings] says.
//
// Each route is asked in process, by a CORS-preflight request and the request
// itself. Middleware of this package answers both without asking its policy. All
// middleware that is mounted before it runs, authentication and logs included, so
// that Verify sees what they do. Handlers never run, those of NotFound and
// MethodNotAllowed included: the requests are held to the route that they are
// for, and where no middleware of ours is known to stand before a handler, the
// router answers 405 in its place. Middleware must pass the context of requests on,
// and leave chi's own in it. Methods that scripts cannot use are left out.
//
// A policy that is around the router is not on its routes: give what
// [corshttp.New] has returned to [corshttp.Verify].
//
// The error is about r itself. Verify must not be called concurrently with
// changes to the router.
func Verify(r chi.Router, without ...string) ([]cors.Finding, error) {
	if r == nil || reflect.ValueOf(r).IsZero() {
		return nil, errors.New("corschi: Verify: the router is nil: give it the one that has the routes")
	}
	var checks []cors.RouteCheck
	all := map[string]bool{} // the routes that are for all methods
	var err error
	walk(r, "", func(prefix string, at chi.Route) {
		pattern := prefix + at.Pattern
		for method := range at.Handlers {
			switch {
			case method == http.MethodConnect || method == http.MethodTrace:
			case method == anyMethod:
				all[pattern] = at.SubRoutes == nil
			case err == nil:
				var c cors.RouteCheck
				c, err = checkRoute(r, method, pattern)
				checks = append(checks, c)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(checks, func(a, b cors.RouteCheck) int {
		return cmp.Or(strings.Compare(a.Route, b.Route), strings.Compare(a.Method, b.Method))
	})
	return once(cors.Findings(checks, remedies, without...), all), nil
}

var remedies = cors.Remedies{
	Mount:     "call r.Use(corschi.New(policy)) on the top router before its routes, or give the route a policy with Scope.Group or Scope.Route of a Scope on the top router, by the path that is seen from there",
	Preflight: "mount the policy with r.Use on the router itself, not with r.With nor in r.Group, and register no routes for OPTIONS",
	Order:     "call r.Use(corschi.New(policy)) on the top router, before authentication and all else that answers by itself",
	Once:      "take one of the two away, or use corschi.Scopes, where the innermost policy decides both",
	Redirect:  "mount the policy before what redirects, as in r.Use(corschi.New(policy), middleware.RedirectSlashes), and use the path that it redirects to",
	Opaque:    "mount what corschi.New has returned with r.Use on a router of chi's, by itself, or list the route as one without a policy",
}

// once leaves one of the findings that a route for all methods has for each.
func once(found []cors.Finding, all map[string]bool) []cors.Finding {
	var some []cors.Finding
	for _, f := range found {
		if all[f.Route] {
			f.Method = anyMethod
		}
		if !slices.Contains(some, f) {
			some = append(some, f)
		}
	}
	return some
}

func checkRoute(r chi.Router, method, pattern string) (c cors.RouteCheck, err error) {
	c = cors.RouteCheck{Method: method, Route: pattern}
	actual, ok := wayTo(r, method, pattern)
	if !ok {
		return c, nil
	}
	preflight := wayOf(r, http.MethodOptions, actual.paths[0])
	c.Preflight, _, err = preflight.ask(r, true, method)
	if err != nil {
		return c, err
	}
	c.OwnOptions = c.Preflight == nil && !preflight.opaque
	switch {
	case preflight.mounts > 0 && c.Preflight.Lost():
		// Middleware that loses the probe would let the next one through.
		return c, nil
	case actual.mounts > 0:
		c.Chain = cors.Covered
		c.Actual, err = actual.send(r, false, method, actual.mounts, false)
		return c, err
	case actual.opaque:
		return c, nil
	case !actual.others:
		c.Chain = cors.Uncovered
		return c, nil
	}
	// The middleware of others may have ours in it.
	o, reached, err := actual.ask(r, false, method)
	switch {
	case reached && !actual.inline:
		c.Chain = cors.Uncovered
	case o != nil && len(o.Met) > 0:
		c.Chain, c.Actual = cors.Covered, o
	}
	return c, err
}

// wayTo returns the way of a request that reaches a route, if there is one whose
// path can be made up.
func wayTo(r chi.Routes, method, pattern string) (w way, ok bool) {
	for _, value := range []string{"x", "1", "corskit"} {
		if w = wayOf(r, method, examplePath(pattern, value)); w.end == atHandler && w.pattern == pattern {
			return w, true
		}
	}
	return way{}, false
}

// examplePath returns a path that a pattern matches, if it finds one, with value for
// parameters.
func examplePath(pattern, value string) string {
	var b strings.Builder
	for pattern != "" {
		var p piece
		p, pattern = cutPiece(pattern)
		switch {
		case p.kind == literal:
			b.WriteString(p.text)
		case p.text == "":
			b.WriteString(value)
		default:
			// chi parses them with more around it, and may take others.
			if parsed, err := syntax.Parse(p.text, syntax.Perl); err == nil {
				writeExample(&b, parsed.Simplify())
			}
		}
	}
	return b.String()
}

// writeExample writes what a regular expression matches, if it finds it.
func writeExample(b *strings.Builder, e *syntax.Regexp) {
	switch e.Op {
	case syntax.OpLiteral:
		b.WriteString(string(e.Rune))
	case syntax.OpCharClass:
		if len(e.Rune) > 0 {
			b.WriteRune(runeOf(e.Rune))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpAlternate:
		writeExample(b, e.Sub[0])
	default: // of what may be left out, it writes one
		for _, sub := range e.Sub {
			writeExample(b, sub)
		}
	}
}

// runeOf returns a rune of a character class: a letter or a digit, if it has one.
func runeOf(ranges []rune) rune {
	for _, want := range "x1aA0" {
		for i := 0; i < len(ranges); i += 2 {
			if ranges[i] <= want && want <= ranges[i+1] {
				return want
			}
		}
	}
	return ranges[0]
}

// A way is what a request meets, from the top router to what answers it.
type way struct {
	method  string
	pattern string
	paths   []string // what each router routes it by
	mounts  int      // middlewares of ours
	others  bool     // or of others
	inline  bool     // some are the handler's own, and do not run without it
	opaque  bool     // the handler may be anything, with middleware of ours in it
	end     end
	last    chi.Routes
}

// end tells what answers a request.
type end uint8

const (
	atRouter  end = iota // 404 or 405
	atHandler            // the handler of a route
)

// wayOf returns the way of a request.
func wayOf(r chi.Routes, method, path string) (w way) {
	w.method = method
	for {
		w.last = r
		w.paths = append(w.paths, path)
		listed := r.Routes()
		if len(listed) > 0 { // else chi runs none
			w.pass(r.Middlewares())
		}
		c := chi.NewRouteContext()
		r.Find(c, method, path)
		if len(c.RoutePatterns) == 0 {
			return w
		}
		at, bare := routeAt(listed, method, c.RoutePatterns[0])
		if h := at.Handlers[method]; at.SubRoutes == nil || h != nil && !bare {
			w.end = atHandler
			w.pattern += at.Pattern
			if chain, ok := h.(*chi.ChainHandler); ok {
				w.inline = len(chain.Middlewares) > 0
				w.pass(chain.Middlewares)
				h = chain.Endpoint
			}
			w.passHandler(h)
			return w
		}
		if chain, ok := at.Handlers[anyMethod].(*chi.ChainHandler); ok {
			w.pass(chain.Middlewares)
		}
		w.pattern += strings.TrimSuffix(at.Pattern, "/*")
		path = "/"
		if !bare {
			if i := slices.Index(c.URLParams.Keys, "*"); i >= 0 {
				path += c.URLParams.Values[i]
			}
		}
		r = at.SubRoutes
	}
}

// routeAt returns what chi lists with a pattern that it has found for a method. At
// the very path of a mount, bare is true: chi has a pattern of its own there, and
// lists the other one alone.
func routeAt(listed []chi.Route, method, pattern string) (at chi.Route, bare bool) {
	for _, at := range listed {
		if at.Pattern == pattern && (at.SubRoutes != nil || at.Handlers[method] != nil) {
			return at, false
		}
	}
	mount := strings.TrimSuffix(pattern, "/") + "/*"
	for _, at := range listed {
		if at.Pattern == mount {
			return at, true
		}
	}
	return chi.Route{Pattern: pattern}, false
}

// pass takes down middlewares that the request meets.
func (w *way) pass(all []func(http.Handler) http.Handler) {
	w.others = w.others || len(all) > 0
	w.mounts += corshttp.Mounts(all...)
	for _, m := range all {
		if reflect.ValueOf(m).Pointer() == scopesCode {
			w.mounts++
		}
	}
}

// passHandler takes down what is known of the handler at the way's end.
func (w *way) passHandler(h http.Handler) {
	switch v := reflect.ValueOf(h); {
	case !v.IsValid():
		w.opaque = true
	case v.Type() == newType || v.Type() == scopeType:
		w.mounts++
	case v.Kind() == reflect.Func:
		w.opaque = v.Pointer() == mountCode
	}
}

// newType and scopeType are the types of handlers that are middleware of ours.
var (
	newType   = reflect.TypeOf(corshttp.New((*cors.Policy)(nil))(nil))
	scopeType = reflect.TypeFor[*corshttp.Scope]()
)

// mountCode is the code of the handler in which chi's Mount hides what is no
// router of chi's.
var mountCode = func() uintptr {
	m := chi.NewMux()
	m.Mount("/", http.NotFoundHandler())
	return reflect.ValueOf(m.Routes()[0].Handlers[anyMethod]).Pointer()
}()

var scopesCode = reflect.ValueOf(mount(nil)).Pointer()

// ask sends the request, if no handler runs, and returns what came of it. Where
// it gets as far as to a handler of a route, it returns nothing, and reached.
func (w *way) ask(r chi.Router, preflight bool, method string) (o *cors.Outcome, reached bool, err error) {
	if w.mounts > 0 {
		o, err = w.send(r, preflight, method, w.mounts, false)
		return o, false, err
	}
	m, _ := w.last.(*chi.Mux)
	status := http.StatusMethodNotAllowed
	switch {
	case w.end == atRouter && hasOwn404(m) && hasOwn405(m):
		o, err = w.send(r, preflight, method, 1, false)
		return o, false, err
	case hasOwn405(m) && len(m.Routes()) > 0:
		// The router answers 405 in the place of the handler.
		o, err = w.send(r, preflight, method, 1, true)
		if err != nil || o.Status != status {
			return o, false, err
		}
		if w.end == atHandler {
			return nil, true, nil
		}
		status = http.StatusNotFound
	case w.end == atHandler:
		return nil, false, nil
	}
	return &cors.Outcome{Status: status}, false, nil
}

// hasOwn404 and hasOwn405 report whether a router answers by itself. They are not
// to be inlined, since that would make several functions of chi's.
//
//go:noinline
func hasOwn404(m *chi.Mux) bool {
	return m != nil && reflect.ValueOf(m.NotFoundHandler()).Pointer() == reflect.ValueOf(http.NotFound).Pointer()
}

func hasOwn405(m *chi.Mux) bool {
	return m != nil && code405(m) == code405(chi.NewMux())
}

//go:noinline
func code405(m *chi.Mux) uintptr { return reflect.ValueOf(m.MethodNotAllowedHandler()).Pointer() }

// send sends the request, and holds it to the way, up to the routes of the last
// router if stop is set.
func (w *way) send(r chi.Router, preflight bool, method string, mounts int, stop bool) (*cors.Outcome, error) {
	h := http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
		held := held{q.Context(), w, stop, chi.NewRouteContext()}
		held.route.Routes = r
		q = q.WithContext(held)
		if stop {
			q.Method = noMethod // for routers that middleware has hidden the context from
		}
		r.ServeHTTP(rw, q)
	})
	return corshttp.SendProbe(h, preflight, method, (&url.URL{Path: w.paths[0]}).EscapedPath(), mounts)
}

// held is the context of a request that is held to its way. Routers ask it what
// to route by, right before they do: middleware that changes path or method does
// not get the request to another handler.
type held struct {
	context.Context
	way   *way
	stop  bool
	route *chi.Context
}

// noMethod is a method that no router has.
const noMethod = "no method"

func (h held) Value(key any) any {
	if key != chi.RouteCtxKey {
		return h.Context.Value(key)
	}
	h.route.RouteMethod = h.way.method
	if at := len(h.route.RoutePatterns); at < len(h.way.paths) {
		h.route.RoutePath = h.way.paths[at]
		if h.stop && at == len(h.way.paths)-1 {
			h.route.RouteMethod = noMethod
		}
	}
	return h.route
}
