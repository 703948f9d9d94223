// Package cors decides how a server answers under the CORS protocol. It knows
// no framework: adapters describe a request to it and carry out its decision.
//
//	import (
//		cors "github.com/corskit/corskit/core"
//		"github.com/corskit/corskit/core/corshttp"
//	)
//
//	policy := cors.MustNew(cors.Config{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT", "DELETE"},
//		AllowHeaders: []string{"Content-Type"},
//	})
//	handler := corshttp.New(policy)(mux)
//
// A [Config] is checked as a whole by [New], which reports every fault with
// its fix, and refuses what would give users away. The [Policy] made from it is
// immutable. [Policy.Decide] turns a [Request] into a [Decision]; its steps are
// those of the Fetch standard, seen from the server.
//
// # Policies that live
//
// Adapters take any [Decider]. A Policy is one, and these are made of others and
// fit into each other: [Live] can be given another while the server runs, and
// the module source/file does so when a file changes; [ByHost] has one for each
// host; [Observe] and [ObserveSampled] tell a hook of each decision, such as
// [LogEvents]; [Shadow] tries a candidate on real requests.
//
//	tenants, err := cors.ByHost(policies)
//	live := cors.NewLive(tenants)
//	decider := cors.ObserveSampled(live, 10, time.Minute, cors.LogEvents(logger))
//
// # What CORS is not
//
// CORS decides which pages may read a response. It is neither access control,
// since requests from anywhere still reach the handler (but see
// [Config.RejectDisallowed]), nor a protection against cross-site request
// forgery, for which there is net/http.CrossOriginProtection.
//
// # Where it stops
//
// The server's part of the protocol is in
// https://fetch.spec.whatwg.org/#http-cors-protocol. Three choices go beyond
// it. A request whose Origin or Access-Control-Request-Method header is
// repeated or malformed is granted nothing, since no browser sends one. What a
// CORS-preflight request is granted does not depend on the method and the
// headers that it asks for, so that the browser names the real cause when it
// refuses, and can use the one answer for later requests. And answers to
// CORS-preflight requests carry a Vary header, though OPTIONS is not
// cacheable, because there are caches that can be told otherwise.
package cors
