// Package corsgin carries CORS decisions into gin. [New] covers a whole server;
// gin's groups need [Scopes], because the middleware of a group never sees
// CORS-preflight requests. Import the core as cors
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
// On the engine, as above. Or on a group:
//
//	scopes := corsgin.Scopes(e)
//	api := e.Group("/api")
//	scopes.Group(api, policy)
//	api.PUT("/items", putItem)
//
// The policy then covers every request at and below /api, routed or not, and
// nothing else.
//
// Either way before routes, as gin gives a route only the middleware that is
// there when the route is registered, and before authentication, as
// CORS-preflight requests carry no credentials and would be turned away.
//
// These look right and are not:
//
//   - e.Group("/api", corsgin.New(policy)): gin runs the middleware of a group
//     for its routes only, and the CORS-preflight request, whose method is
//     OPTIONS, has none. Nor have 404 and 405 answers.
//   - e.PUT("/items", corsgin.New(policy), putItem), for the same reason.
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

var _ func(cors.Decider) gin.HandlerFunc = New

// New returns middleware for a whole server, to be mounted with
// [gin.Engine.Use]. It answers CORS-preflight requests itself and adds the
// headers of d's decisions to all other responses before the handler runs, so
// that they are on errors, 404 and 405 too. The middleware is safe for
// concurrent use. New panics if d is nil.
func New(d cors.Decider) gin.HandlerFunc {
	if d == nil {
		panic("corsgin: New: the Decider is nil: make one with cors.New")
	}
	return func(c *gin.Context) { decide(c, d, corshttp.Describe(c.Request)) }
}

// decide asks d about the request of c, which r describes, and does as it says.
func decide(c *gin.Context, d cors.Decider, r cors.Request) {
	decision := d.Decide(c.Request.Context(), r)
	header := c.Writer.Header()
	corshttp.SetHeaders(header, decision)
	if decision.Status != 0 {
		// Where no route serves the method, gin has set the Allow header of its
		// own answer, a 405, before the middleware ran.
		header.Del("Allow")
		c.AbortWithStatus(decision.Status)
	}
}
