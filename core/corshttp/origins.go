package corshttp

import (
	"errors"
	"net/http"
	"strings"

	cors "github.com/corskit/corskit/core"
)

// TrustOrigins adds the origins that p allows to send credentials to those that
// c trusts, so that requests which CORS permits are not taken for cross-site
// request forgery. If p does not allow credentials, it adds none: such origins
// have no business with the user's session.
//
// Only exact origins can be handed over ([cors.Policy.CredentialedOrigins]).
// Unsafe requests from origins that p allows by a wildcard, by
// [cors.Config.AllowOriginFunc] or as "null" are still rejected by c. What a
// [cors.Live] is changed to later does not reach c.
//
// The error joins what c says of the origins that it does not take; the others
// are trusted all the same. TrustOrigins panics if c is nil.
func TrustOrigins(c *http.CrossOriginProtection, p *cors.Policy) error {
	if c == nil {
		panic("corshttp: TrustOrigins: the CrossOriginProtection is nil: make one with http.NewCrossOriginProtection")
	}
	var faults []error
	for _, origin := range p.CredentialedOrigins() {
		faults = append(faults, c.AddTrustedOrigin(origin))
	}
	return errors.Join(faults...)
}

// CheckOrigin returns a function that tells a WebSocket upgrader, by the rules
// of d, whether to accept a handshake. It suits the field CheckOrigin of
// gorilla/websocket's Upgrader; with other packages, call it before the upgrade
// and answer 403 where it returns false.
//
// CORS does not govern WebSockets: browsers open one to any server, and send the
// user's cookies along, but always with an Origin header
// (https://www.rfc-editor.org/rfc/rfc6455#section-10.2). So the function accepts
//
//   - an origin that d allows with credentials; one allowed without them, as by
//     "*", would get more than it was granted,
//   - the server's own pages ([cors.Request.IsSameOrigin]), but not those that
//     were loaded over plain http where the connection is encrypted; behind a
//     proxy that ends TLS, Strict-Transport-Security must keep them away,
//   - and requests without an Origin header, which come from no browser.
//
// Everything else is refused, repeated and malformed origins included. The
// function is safe for concurrent use, and d may be a [cors.Live] or any other
// Decider. CheckOrigin panics if d is nil.
func CheckOrigin(d cors.Decider) func(*http.Request) bool {
	if d == nil {
		panic("corshttp: CheckOrigin: the Decider is nil: make one with cors.New")
	}
	return func(r *http.Request) bool {
		request := Describe(r, nil)
		if request.Origin.N == 0 {
			return true
		}
		insecure := r.TLS != nil && strings.HasPrefix(request.Origin.First, "http:")
		if request.IsSameOrigin() && !insecure {
			return true
		}
		return cors.Ask(r.Context(), d, request).AllowCredentials == "true"
	}
}
