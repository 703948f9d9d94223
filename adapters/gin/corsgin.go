// Package corsgin carries CORS decisions into gin. [New] covers a whole server;
// gin's groups and single routes need [Scopes], because their own middleware never
// sees CORS-preflight requests. Import the core as cors
// "github.com/corskit/corskit/core":
//
//	policy := cors.MustNew(cors.Config{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT"},
//	})
//	e := gin.New()
//	e.Use(corsgin.New(policy))
//	e.PUT("/items", putItem)
//	e.Run(":8080")
//
// # Where to mount
//
// On the engine, as above. Or on groups, which may be in each other, and on single
// routes:
//
//	scopes := corsgin.Scopes(e)
//	api := e.Group("/api")
//	scopes.Group(api, policy)
//	api.PUT("/items", putItem)
//	scopes.Route("DELETE", "/api/items/:id", adminPolicy)
//	api.DELETE("/items/:id", deleteItem)
//
// The policy of a group covers every request at and below its base path, routed or
// not, and nothing else; the innermost group governs, and a route goes before
// groups.
//
// Either way before routes, as gin gives a route only the middleware that is
// there when the route is registered, and before authentication, as
// CORS-preflight requests carry no credentials and would be turned away. Register
// no routes for OPTIONS. [Verify] finds what is mounted in the wrong place, in a
// test or when the server starts. Where handlers or proxied upstreams set CORS
// headers of their own, the option [Seal] keeps those of the policy.
//
// Policies with [cors.Config.MethodsFromRoutes] need a Scope, as gin's middleware
// cannot ask the router. A whole server is a group too:
//
//	corsgin.Scopes(e).Group(&e.RouterGroup, policy)
//
// These look right and are not:
//
//   - e.Group("/api", corsgin.New(policy)): gin runs the middleware of a group
//     for its routes only, and the CORS-preflight request, whose method is
//     OPTIONS, has none. Nor have 404 and 405 answers.
//   - e.PUT("/items", corsgin.New(policy), putItem), for the same reason.
//   - e.Use(corsgin.New(policy)) after routes: CORS-preflight requests are
//     answered, and the requests themselves get no headers.
//
// gin answers some requests before any middleware runs: the redirects of
// RedirectTrailingSlash, which is on by default, and of RedirectFixedPath. To
// have CORS headers there too, leave out Use and wrap the whole engine:
//
//	http.ListenAndServe(":8080", corshttp.New(policy)(e))
package corsgin

import (
	"github.com/gin-gonic/gin"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

var _ func(cors.Decider, ...Option) gin.HandlerFunc = New

// New returns middleware for a whole server, to be mounted with
// [gin.Engine.Use]. It answers CORS-preflight requests itself and adds the
// headers of d's decisions to all other responses before the handler runs, so
// that they are on errors, 404 and 405 too. The middleware is safe for
// concurrent use. New panics if d is nil, and if a policy has
// [cors.Config.MethodsFromRoutes]: gin's middleware cannot ask the router, which
// [Scopes] can.
//
// [Verify] knows the middleware by its code, of which inlining would make several.
//
//go:noinline
func New(d cors.Decider, all ...Option) gin.HandlerFunc {
	if d == nil {
		panic("corsgin: New: the Decider is nil: make one with cors.New")
	}
	if cors.UsesRouteMethods(d) {
		panic("corsgin: New: the policy has MethodsFromRoutes, and gin's middleware cannot ask the router: write corsgin.Scopes(e).Group(&e.RouterGroup, policy), or list AllowMethods")
	}
	o := apply(all)
	return func(c *gin.Context) { o.carry(c, d, corshttp.Describe(c.Request, d)) }
}
