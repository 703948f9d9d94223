package corsfiber

import (
	"bytes"
	"slices"

	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"
)

// Seal makes every response leave with exactly the CORS headers of its decision,
// and with its members of Vary, whatever handlers, other middleware or a proxied
// upstream do to them: what is not the decision's is taken out, what is missing
// is put back, and Vary is merged, with each member once.
//
// Fiber sends a response only when all handlers have returned, so that the
// middleware sets the headers once more when those behind it have: body streams,
// hijacked connections and trailers work as they do without it. An error that a
// handler returns is answered there and then, by the app's error handler, which
// may set or clear headers as well. Middleware outside sees the response and not
// the error: mount what looks at errors, such as loggers of their texts, inside.
//
// Where a handler panics, the headers are set as the panic passes. If fiber's
// recover is mounted outside, the error handler runs after that, and what it does
// to them stays: fiber's own does nothing. Mount recover inside, and it is an error
// like others.
//
// What else escapes Seal is what middleware outside of it does, and responses that
// fiber does not send: those of hijacked connections, and 103, which fasthttp
// writes at once.
//
// Where middleware with Seal is mounted inside of another with Seal, the decision
// of the inner one prevails. It takes one allocation for each request, and a second
// for origins of more than 88 bytes.
func Seal() Option { return func(o *options) { o.seal = true } }

// sealed holds the decision that a response leaves with.
type sealed struct {
	decision cors.Decision
	room     [longOrigin]byte
}

// longOrigin is how long an origin is that needs no further allocation. Most are far
// shorter, and a sealed has 256 bytes with it, which is a size that Go allocates.
const longOrigin = 88

// newSealed returns what middleware inside finds, and changes.
func newSealed(c fiber.Ctx, d *cors.Decision) *sealed {
	s := new(sealed)
	s.hold(d)
	c.RequestCtx().SetUserValue(heldKey{}, s)
	return s
}

// hold changes the decision that is held. The origin that it allows may be a view
// of the request's header, which handlers change: proxies do.
func (s *sealed) hold(d *cors.Decision) {
	s.decision = *d
	s.decision.AllowOrigin = view(append(s.room[:0], d.AllowOrigin...))
}

// next runs what comes next, and seals the response. It does so too where that
// panics.
func (s *sealed) next(c fiber.Ctx) error {
	defer func() { s.set(c) }()
	err := c.Next()
	if err != nil && c.App().ErrorHandler(c, err) != nil {
		_ = c.SendStatus(fiber.StatusInternalServerError) // as fiber does
	}
	return nil
}

func (s *sealed) set(c fiber.Ctx) {
	if r := c.RequestCtx().LastTimeoutErrorResponse(); r != nil {
		// It is sent in the place of the other, which still belongs to a handler.
		sealHeaders(&r.Header, &s.decision)
		return
	}
	sealHeaders(&c.Response().Header, &s.decision)
}

// sealedHeaders are the headers that sealHeaders sets.
var sealedHeaders = [...][]byte{allowOrigin, allowCredentials, allowMethods, allowHeaders, maxAge, exposeHeaders, vary}

// sealHeaders makes the CORS headers of h those of d, takes out all others,
// whatever their spelling, and merges d.Vary into the Vary header.
func sealHeaders(h *fasthttp.ResponseHeader, d *cors.Decision) {
	values := [...]string{d.AllowOrigin, d.AllowCredentials, d.AllowMethods, d.AllowHeaders, d.MaxAge, d.ExposeHeaders, d.Vary}
	if carries(h, &values) {
		return
	}
	if !h.DisableNormalizing() { // so that names are found as they are spelled
		defer h.EnableNormalizing()
	}
	var lines, names []string
	for name, value := range h.All() {
		if bytes.EqualFold(name, vary) {
			lines = append(lines, string(value)) // a copy, as h uses the room of what is taken out
		}
		if concerns(name) {
			names = append(names, string(name))
		}
	}
	values[len(values)-1] = cors.MergeVary(d.Vary, lines)
	for _, name := range names {
		h.Del(name)
	}
	for i, name := range sealedHeaders {
		if values[i] != "" {
			h.SetCanonical(name, []byte(values[i]))
		}
	}
}

// carries reports whether the sealedHeaders of h have the given values, with none
// twice and no others beside them, as they do where no handler has touched them.
func carries(h *fasthttp.ResponseHeader, values *[len(sealedHeaders)]string) bool {
	var found [len(sealedHeaders)]bool
	for name, value := range h.All() {
		if !concerns(name) {
			continue
		}
		i := indexOf(name)
		if i < 0 || found[i] || values[i] == "" || string(value) != values[i] {
			return false
		}
		found[i] = true
	}
	for i := range values {
		if values[i] != "" && !found[i] {
			return false
		}
	}
	return true
}

// concerns reports whether a header is for the CORS protocol or for caches.
func concerns(name []byte) bool {
	if len(name) == len(vary) {
		return bytes.EqualFold(name, vary)
	}
	return len(name) >= len(accessControl) && bytes.EqualFold(name[:len(accessControl)], accessControl)
}

// indexOf returns where in sealedHeaders a header is, by its spelling, or -1.
func indexOf(name []byte) int {
	return slices.IndexFunc(sealedHeaders[:], func(ours []byte) bool { return bytes.Equal(name, ours) })
}
