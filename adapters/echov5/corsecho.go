// Package corsecho carries CORS decisions into echo v5. Import the core as
// cors "github.com/corskit/corskit/core":
//
//	policy := cors.MustNew(cors.Config{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT"},
//	})
//	e := echo.New()
//	e.Use(corsecho.New(policy))
//	e.PUT("/items", putItem)
//	e.Start(":8080")
//
// Mount it with [echo.Echo.Use], before all else that is mounted: that covers every
// request, and nobody has to register a route for OPTIONS. Where groups or routes
// have policies of their own, [Scopes] takes its place.
//
// For echo v4 there is github.com/corskit/corskit/adapters/echo.
//
// # Where to mount
//
// On the whole server with [echo.Echo.Use], or with [echo.Echo.Pre] in front of
// middleware there that redirects. Groups and routes get policies of their own by
// [Scopes], which asks echo's router which route a request would reach:
//
//	scopes := corsecho.Scopes(e)
//	api := e.Group("/api")
//	scopes.Group(api, policy)
//	scopes.Group(api.Group("/admin"), adminPolicy)
//	scopes.Route("PUT", "/items/:id", itemPolicy)
//
// [Verify] finds, in a test or at start, what is mounted where it does not work;
// [Seal] keeps handlers, error handlers and proxied servers from changing what was
// decided. Policies with [cors.Config.MethodsFromRoutes] may be mounted anywhere.
//
// New also suits a group with a prefix, as the group is made:
//
//	g := e.Group("/api", corsecho.New(policy))
//	g.PUT("/items", putItem)
//
// The policy then covers every request at and below /api, routed or not, and
// nothing else. That goes for one path as well:
//
//	e.Group("/items", corsecho.New(policy)).PUT("", putItem)
//
// What is served below /api may have another policy if its group is made from
// the server, e.Group("/api/admin", corsecho.New(other)), not from the outer
// group: in g.Group("/admin", corsecho.New(other)) the outer policy answers the
// CORS-preflight requests.
//
// These look right and are not:
//
//   - e.PUT("/items", putItem, corsecho.New(policy)): the CORS-preflight
//     request, whose method is OPTIONS, never gets there.
//   - [echo.Group.Use] after the group's routes: they go without the policy,
//     though CORS-preflight requests to them are answered.
//   - A group with an empty prefix: it answers CORS-preflight requests for the
//     whole server.
//   - A second group with the same prefix: echo keeps the not-found routes of
//     the later one, and with them its answers to CORS-preflight requests.
//   - Authentication outside of the policy: CORS-preflight requests carry no
//     credentials, and would be turned away.
//
// # What differs from echo v4
//
// The mount points and mistakes above are those of v4. Two more mistakes are
// new:
//
//   - [echo.Config.NoGroupAutoRegister404Routes]: CORS-preflight requests reach
//     a group by the not-found routes that echo registers for it, and now there
//     are none. Mount the policy on the whole server.
//   - [echo.Echo.Use] of what [echo.NewVirtualHostHandler] returns: it does not
//     run for the hosts that are listed there. Mount the policy on the server
//     of each host, or wrap the handler in corshttp.New of the core.
//
// As in v4, a not-found route that is added later takes the place of a group's:
// e.RouteNotFound("/api/*", h) is out of reach of the policy for /api, while
// g.RouteNotFound("/*", h), of the group itself, runs under it.
package corsecho

import (
	"net/http"

	"github.com/labstack/echo/v5"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

var _ func(cors.Decider, ...Option) echo.MiddlewareFunc = New

// New returns middleware that answers CORS-preflight requests itself and adds
// the headers of d's decisions to all other responses before the handler runs,
// so that they are on errors too. The middleware is safe for concurrent use.
// New panics if d is nil.
//
// [Verify] knows the middleware by its code, of which inlining would make several.
//
//go:noinline
func New(d cors.Decider, all ...Option) echo.MiddlewareFunc {
	if d == nil {
		panic("corsecho: New: the Decider is nil: make one with cors.New")
	}
	m := &middleware{options: apply(all)}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error { return m.carry(c, d, next) }
	}
}

// A middleware carries decisions. It must not be copied.
type middleware struct {
	options
	finder finder
	scope  *Scope // nil for that of New
}

// carry lets d decide about a request and does as it says.
func (m *middleware) carry(c *echo.Context, d cors.Decider, next echo.HandlerFunc) error {
	r := c.Request()
	if p := corshttp.ProbeIn(r); p != nil {
		return meet(c, p, d, next)
	}
	q := corshttp.Describe(r, d)
	if q.WantsRouteMethods(d) {
		q.RouteMethods = m.methods(c.Echo(), r, d)
	}
	decision := cors.Ask(r.Context(), d, q)
	w := c.Response()
	corshttp.Redecide(w, decision)
	if m.seal {
		s := seal(c)
		s.decide(decision)
		if decision.Status == 0 {
			return s.run(c, next)
		}
	} else {
		corshttp.SetHeaders(w.Header(), decision)
	}
	if decision.Status != 0 {
		return c.NoContent(decision.Status)
	}
	return next(c)
}

// meet answers a request of [Verify]'s, or lets it through to the next of ours.
func meet(c *echo.Context, p *cors.Probe, d cors.Decider, next echo.HandlerFunc) error {
	if w, ok := c.Get(walkKey).(*walk); ok {
		w.next = next
		return nil
	}
	if p.Meet(d) {
		return c.NoContent(http.StatusNoContent)
	}
	return next(c)
}
