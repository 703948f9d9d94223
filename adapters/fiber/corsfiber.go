// Package corsfiber carries CORS decisions into fiber v2.
//
//	import cors "github.com/corskit/corskit/core"
//
//	policy := cors.MustNew(cors.Config{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT"},
//	})
//	app := fiber.New()
//	app.Use(corsfiber.New(policy)) // before routes and authentication
//	app.Use(recover.New())         // fiber's own: without it a panic ends the process
//	app.Put("/items", putItem)
//	app.Listen(":8080")
//
// To cover a part of the server, mount the middleware on a group:
// app.Group("/api", corsfiber.New(policy)). A single route is not enough: the
// CORS-preflight request for a PUT is an OPTIONS request, which the route does
// not see.
package corsfiber

import (
	"bytes"

	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
	"github.com/valyala/fasthttp"
)

var _ func(cors.Decider) fiber.Handler = New

// New returns middleware that answers CORS-preflight requests itself and sets
// the headers of d's decisions on all other responses before the next handler
// runs. Mounted on "/api" it covers that path and those below it, "/api/items",
// but not "/apix", for which fiber runs it as well.
//
// The context that d is given is [fiber.Ctx.UserContext]. The middleware is
// safe for concurrent use. New panics if d is nil.
func New(d cors.Decider) fiber.Handler {
	if d == nil {
		panic("corsfiber: New: the Decider is nil: make one with cors.New")
	}
	return func(c *fiber.Ctx) error {
		if !covers(c) {
			return c.Next()
		}
		r := cors.Request{Method: c.Method(), Borrowed: true}
		describe(&r, &c.Request().Header)
		if !bytes.HasPrefix(c.Request().Header.RequestURI(), []byte("/")) {
			// An absolute target overrides the Host header: RFC 9112, section 3.2.2.
			r.Host = view(c.Request().URI().Host())
		}
		decision := d.Decide(c.UserContext(), r)
		response := c.Response()
		setHeaders(&response.Header, decision)
		if decision.Status == 0 {
			return c.Next()
		}
		response.SetStatusCode(decision.Status) // SendStatus would write a body
		response.ResetBody()
		return nil
	}
}

// maxMoreLines is how many field lines of Access-Control-Request-Headers are
// held beyond the first. Browsers send one in all. Where "*" must be spelled
// out, the core takes up to 64 names and 16 empty members, each of which may
// stand on a line of its own.
const maxMoreLines = 64 + 16

// describe adds to r what the header h of the request tells. The strings are
// views of h.
func describe(r *cors.Request, h *fasthttp.RequestHeader) {
	var site cors.Lines
	moreHeaders := 0
	if r.Method == fiber.MethodOptions { // otherwise nobody reads them
		moreHeaders = maxMoreLines
	}
	for name, value := range h.All() {
		switch len(name) { // which tells most other headers apart
		case len("Host"):
			if is(name, "Host") {
				r.Host = view(value)
			}
		case len("Origin"):
			if is(name, "Origin") {
				add(&r.Origin, value, 0)
			}
		case len("Sec-Fetch-Site"):
			if is(name, "Sec-Fetch-Site") {
				add(&site, value, 0)
			}
		case len("Access-Control-Request-Method"):
			if is(name, "Access-Control-Request-Method") {
				add(&r.RequestMethod, value, 0)
			}
		case len("Access-Control-Request-Headers"):
			if is(name, "Access-Control-Request-Headers") {
				add(&r.RequestHeaders, value, moreHeaders)
			}
		}
	}
	r.SecFetchSite = site.First
}

// add adds a field line, of which l holds at most more beyond the first.
func add(l *cors.Lines, value []byte, more int) {
	if l.N++; l.N == 1 {
		l.First = view(value)
	} else if len(l.More) < more {
		if l.More == nil {
			l.More = make([]string, 0, more)
		}
		l.More = append(l.More, view(value))
	}
}

// view returns b as a string that is not a copy. It changes as soon as the
// server reuses b, so that it must not outlive the call of the middleware;
// [cors.Request.Borrowed] says so to the Decider.
func view(b []byte) string { return utils.UnsafeString(b) }
