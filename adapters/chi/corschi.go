// Package corschi carries CORS decisions into chi. Import the core as
// cors "github.com/corskit/corskit/core":
//
//	policy := cors.MustNew(cors.Config{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT"},
//	})
//	r := chi.NewRouter()
//	r.Use(corschi.New(policy))
//	r.Put("/items", putItem)
//	http.ListenAndServe(":8080", r)
//
// # Where to mount
//
// On the top router with Use, or with Use inside of Route or of a mounted
// router:
//
//	r.Route("/api", func(r chi.Router) {
//		r.Use(corschi.New(policy))
//		r.Put("/items", putItem)
//	})
//
// The policy then covers every request at and below /api, routed or not, and
// nothing else. [Scopes] gives policies to groups inside each other, to single
// routes and to methods of one path, from the top router. [Seal] keeps the headers
// from handlers and proxied servers that have some of their own, and [Verify]
// finds in a test what is mounted wrong.
//
// Nobody registers a route for OPTIONS. These look right and are not:
//
//   - r.With(corschi.New(policy)) and r.Group: chi runs their middleware for
//     the routes registered there only, and the CORS-preflight request, whose
//     method is OPTIONS, has none.
//   - A router without any routes: chi does not run its middleware.
//   - A route of the outer router that takes a path below the inner one, such as
//     PUT /api/special beside Route("/api", ...): its CORS-preflight requests get
//     to the inner router, and it has no policy itself.
//   - Authentication outside of the policy: CORS-preflight requests carry no
//     credentials, and would be turned away.
package corschi

import (
	"net/http"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

var _ func(cors.Decider, ...Option) func(http.Handler) http.Handler = New

// New returns middleware that answers CORS-preflight requests itself and adds
// the headers of d's decisions to all other responses before the handler runs,
// so that they are on errors too. It is [corshttp.New] under a name that says
// where it goes. The middleware is safe for concurrent use. New panics if d is
// nil.
//
// Policies with [cors.Config.MethodsFromRoutes] get the methods that chi has
// routes for at the path, as the top router sees it. They get none where the
// middleware is put around a router in the place of Use.
func New(d cors.Decider, options ...Option) func(http.Handler) http.Handler {
	if d == nil {
		panic("corschi: New: the Decider is nil: make one with cors.New")
	}
	return corshttp.New(d, append([]Option{corshttp.RouteMethods(new(trees).methods)}, options...)...)
}
