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
// For echo v4 there is github.com/corskit/corskit/adapters/echo.
//
// # Where to mount
//
// On the whole server with [echo.Echo.Use], or with [echo.Echo.Pre] in front of
// middleware there that redirects. Or on a group with a prefix, as the group is
// made:
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
	"github.com/labstack/echo/v5"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

var _ func(cors.Decider) echo.MiddlewareFunc = New

// New returns middleware that answers CORS-preflight requests itself and adds
// the headers of d's decisions to all other responses before the handler runs,
// so that they are on errors too. The middleware is safe for concurrent use.
// New panics if d is nil.
func New(d cors.Decider) echo.MiddlewareFunc {
	if d == nil {
		panic("corsecho: New: the Decider is nil: make one with cors.New")
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			decision := d.Decide(r.Context(), corshttp.Describe(r))
			corshttp.SetHeaders(c.Response().Header(), decision)
			if decision.Status != 0 {
				return c.NoContent(decision.Status)
			}
			return next(c)
		}
	}
}
