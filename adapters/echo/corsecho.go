// Package corsecho carries CORS decisions into echo v4. Import the core as
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
// nothing else.
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
package corsecho

import (
	"github.com/labstack/echo/v4"

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
		return func(c echo.Context) error {
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
