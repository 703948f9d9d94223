// Package conformance checks an adapter of corskit against a table of cases:
// one HTTP request each, and what of the response the CORS protocol and
// corskit's rules fix. To run the suite on an adapter of your own, build the
// suite's small [Site] in your framework, and call [Run] in a test:
//
//	import "github.com/corskit/corskit/conformance"
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, conformance.Adapter{Name: "mine", Mount: mount})
//	}
//
//	func mount(s conformance.Site) conformance.App {
//		router := mine.NewRouter()
//		covered := router
//		if s.Mount == conformance.Group {
//			covered = router.Group(conformance.Prefix)
//		}
//		covered.Use(corsmine.New(s.Policy))
//		for _, r := range s.Inside() {
//			covered.Handle(r.Method, r.Path, r.Handler)
//		}
//		for _, r := range s.Outside() {
//			router.Handle(r.Method, r.Path, r.Handler)
//		}
//		return conformance.HTTP(router)
//	}
//
// [github.com/corskit/corskit/conformance/broken.Right] is a complete one for
// net/http.
//
// The table is data: see the JSON files in the directory cases, and the
// README on how to read a failure and how to add a case.
package conformance
