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
// # Where to mount
//
//   - app.Use(corsfiber.New(policy)) covers every request.
//   - app.Group("/api", corsfiber.New(policy)) covers every request at and below /api,
//     routed or not, and nothing else. So does Use with a prefix, and Use on an app
//     that is mounted.
//
// [Scopes] gives policies to groups inside each other, to single routes and to
// methods of one path:
//
//	scope := corsfiber.Scopes(app) // before routes and authentication
//	api := app.Group("/api")
//	scope.Group(api, policy)
//	scope.Group(api.Group("/admin"), admin)
//	scope.Route("PUT", "/upload/:id", upload)
//
// [Seal] keeps the headers from handlers and proxied servers that have some of
// their own, and [Verify] finds in a test what is mounted wrong.
//
// Nobody registers a route for OPTIONS. These look right and are not:
//
//   - app.Put("/items", corsfiber.New(policy), putItem): the CORS-preflight request,
//     whose method is OPTIONS, does not reach the route.
//   - app.Use after routes: those have no policy, although CORS-preflight requests for
//     them are granted.
//   - Authentication before the policy: CORS-preflight requests carry no credentials,
//     and are turned away.
//   - A policy on a group inside of another that has one: the outer answers the
//     CORS-preflight requests, and the inner decides the request itself.
package corsfiber

import (
	"bytes"
	"context"

	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
)

var _ func(cors.Decider, ...Option) fiber.Handler = New

// New returns middleware that answers CORS-preflight requests itself and sets
// the headers of d's decisions on all other responses before the next handler
// runs. Mounted on "/api" it covers that path and those below it, "/api/items",
// but not "/apix", for which fiber runs it as well.
//
// For policies with [cors.Config.MethodsFromRoutes] it asks the router of the
// app that serves, also where it is mounted on a group.
//
// The context that d is given is [fiber.Ctx.UserContext]. The middleware is
// safe for concurrent use. New panics if d is nil.
//
// [Verify] knows the middleware by its code, of which inlining would make several.
//
//go:noinline
func New(d cors.Decider, all ...Option) fiber.Handler {
	if d == nil {
		panic("corsfiber: New: the Decider is nil: make one with cors.New")
	}
	m := &middleware{options: apply(all), routers: routers{make: under(d)}}
	return func(c *fiber.Ctx) error {
		if !covers(c) {
			return c.Next()
		}
		r := cors.Request{Method: c.Method(), Borrowed: true}
		describe(&r, c, d)
		return m.carry(c, d, &r)
	}
}

// A middleware carries decisions into responses.
type middleware struct {
	options
	routers
}

// carry lets d decide about a request and does as it says.
func (m *middleware) carry(c *fiber.Ctx, d cors.Decider, r *cors.Request) error {
	probe, outer := heldIn(c)
	if probe != nil {
		if probe.Meet(d) {
			return answer(c, fiber.StatusNoContent)
		}
		return c.Next()
	}
	if r.WantsRouteMethods(d) {
		r.RouteMethods = m.methodsUnder(d, c)
	}
	ctx := context.Background()
	if cors.WantsContext(d) {
		ctx = c.UserContext() // which fiber makes at the first call
	}
	decision := cors.Ask(ctx, d, r)
	if outer != nil {
		outer.hold(decision)
	}
	setHeaders(&c.Response().Header, decision)
	switch {
	case decision.Status != 0:
		return answer(c, decision.Status)
	case !m.seal:
		return c.Next()
	case outer == nil:
		outer = newSealed(c, decision)
	}
	return outer.next(c)
}

// answer answers with a status and no body.
func answer(c *fiber.Ctx, status int) error {
	c.Response().SetStatusCode(status) // SendStatus would write a body
	c.Response().ResetBody()
	return nil
}

// heldKey is the key of the user value of a request in which middleware finds
// what concerns it: a probe of Verify's, or what middleware outside of it has
// sealed. No client can send one.
type heldKey struct{}

func heldIn(c *fiber.Ctx) (*cors.Probe, *sealed) {
	switch held := c.Context().UserValue(heldKey{}).(type) {
	case *cors.Probe:
		return held, nil
	case *sealed:
		return nil, held
	}
	return nil, nil
}

// maxMoreLines is how many field lines of Access-Control-Request-Headers are
// held beyond the first. Browsers send one in all. Where "*" must be spelled
// out, the core takes up to 64 names and 16 empty members, each of which may
// stand on a line of its own. One more line is counted, and the rest is not looked at.
const maxMoreLines = 64 + 16

// describe adds to r what the request's header tells, as far as d looks at it, and as
// a whole if d is nil. The strings are views of the header.
func describe(r *cors.Request, c *fiber.Ctx, d cors.Decider) {
	h := &c.Request().Header
	reading := reader{lengths: corsLengths | hostLengths}
	_, isPolicy := d.(*cors.Policy)
	asksForHost := !isPolicy || cors.WantsSecFetchSite(d) // as hooks and other Deciders may
	if !asksForHost {
		reading.lengths = corsLengths
	}
	if r.Method == fiber.MethodOptions { // otherwise nobody reads them
		reading.more = maxMoreLines
	}
	for name, value := range h.All() {
		if reading.lengths>>len(name)&1 != 0 { // so little that the loop has no calls
			reading.field(r, name, value)
		}
	}
	r.SecFetchSite = reading.site.First
	if asksForHost && !bytes.HasPrefix(h.RequestURI(), []byte("/")) {
		// An absolute target overrides the Host header: RFC 9112, section 3.2.2.
		r.Host = view(c.Request().URI().Host())
	}
}

// A bit for the length of each name that a reader knows, which tells most other headers
// apart.
const (
	corsLengths = 1<<len("Origin") | 1<<len("Access-Control-Request-Method") | 1<<len("Access-Control-Request-Headers")
	hostLengths = 1<<len("Host") | 1<<len("Sec-Fetch-Site")
)

// A reader adds the fields of a request's header to a description of it.
type reader struct {
	lengths uint64 // of the names that it looks for
	site    cors.Lines
	more    int // lines of Access-Control-Request-Headers beyond the first that are held
}

func (x *reader) field(r *cors.Request, name, value []byte) {
	switch len(name) {
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
			add(&x.site, value, 0)
		}
	case len("Access-Control-Request-Method"):
		if is(name, "Access-Control-Request-Method") {
			add(&r.RequestMethod, value, 0)
		}
	case len("Access-Control-Request-Headers"):
		if is(name, "Access-Control-Request-Headers") {
			if add(&r.RequestHeaders, value, x.more); r.RequestHeaders.N > 1+x.more {
				x.lengths &^= 1 << len(name) // more of them make no difference
			}
		}
	}
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
