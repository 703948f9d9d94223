// Package adapters mounts the conformance suite's site on every framework that
// corskit has an adapter for. Its tests run the suite on all of them and
// compare their answers with each other; its benchmarks measure them beside the
// other CORS middleware there is.
package adapters

import "github.com/corskit/corskit/conformance"

// All lists the adapters.
var All = []conformance.Adapter{
	{Name: "gin", Mount: Gin},
	{Name: "echo", Mount: Echo},
	{Name: "echov5", Mount: EchoV5},
	{Name: "fiber", Mount: Fiber},
	{Name: "fiberv3", Mount: FiberV3},
	{Name: "chi", Mount: Chi},
	{Name: "nethttp", Mount: NetHTTP},
}
