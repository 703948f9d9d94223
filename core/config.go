package cors

import (
	"context"
	"time"
)

// Config holds the rules of a [Policy]. Its fields bear the names that other
// CORS middleware and the Kubernetes Gateway API share.
//
// The zero value allows nothing, and [New] rejects it. New copies what it
// needs: changing a Config later has no effect on policies made from it.
//
// New refuses fields of which one makes another meaningless, as their comments
// say. What changes nothing is accepted: repeated elements, names that need no
// permission, and a Dangerously flag that nothing in the Config needs, so that
// one Config can serve with and without credentials.
type Config struct {
	_ [0]func() // no comparison, no unkeyed literals

	// AllowOrigins lists the origins that may read responses, as origin
	// patterns ("origin pattern" is our term):
	//
	//	https://app.example.com   that origin
	//	https://*.example.com     every subdomain of example.com, however deep
	//	http://localhost:*        every port, the scheme's default included
	//	*                         every origin; stands alone, without credentials
	//	null                      with DangerouslyAllowNullOrigin, which allows it
	//	                          whether it is listed or not
	//	app-scheme://*            with DangerouslyAllowAnyExtension only
	//
	// Origins are compared byte for byte with what browsers send: lower case,
	// A-labels, no default port, no path, no trailing slash. New refuses
	// everything else, and says what to write.
	AllowOrigins []string

	// AllowOriginFunc, if not nil, is asked about origins that no pattern in
	// AllowOrigins matches. An error counts as a no. It is only asked about
	// valid serialized origins, never about "null", and it may keep the
	// string. It runs on every such request and must be safe for concurrent
	// use; the context is that of the request.
	//
	// A function that always says yes hands every site's scripts the rights
	// of the user who visits it, if AllowCredentials is set. The Dangerously
	// flags neither bind it nor free it. New refuses it beside "*", under which
	// it would never be asked.
	AllowOriginFunc func(ctx context.Context, origin string) (bool, error)

	// AllowMethods lists the methods that scripts may use beyond GET, HEAD and
	// POST, which need no permission. "*" alone stands for every method.
	//
	// They are normalized as browsers do it: "put" becomes "PUT", "patch"
	// stays and is not "PATCH".
	//
	// See https://fetch.spec.whatwg.org/#http-access-control-allow-methods
	AllowMethods []string

	// MethodsFromRoutes makes the answer to a CORS-preflight request list the
	// methods that the router serves at its path, instead of AllowMethods (see
	// [Request.RouteMethods]), but for those that another policy governs. Adapters
	// to routers that cannot be asked refuse the policy, and take AllowMethods of
	// one that a [Live] is changed to later. AllowMethods also holds for paths
	// that lead to no route, so that scripts see their 404. New refuses
	// MethodsFromRoutes beside "*" in AllowMethods, which would then allow less.
	MethodsFromRoutes bool

	// AllowHeaders lists the request headers that scripts may set beyond the
	// CORS-safelisted ones. "*" stands for every header but Authorization,
	// which it covers only if AllowCredentials is set, and may be accompanied
	// by it alone. New refuses headers that scripts cannot set, those of
	// responses and those of the CORS protocol itself.
	//
	// See https://fetch.spec.whatwg.org/#http-access-control-allow-headers
	AllowHeaders []string

	// ExposeHeaders lists the response headers that scripts may read beyond
	// the CORS-safelisted ones. "*" alone stands for every header, without
	// AllowCredentials only. New refuses Set-Cookie, which no script may read,
	// the headers of requests and those of the CORS protocol itself.
	//
	// See https://fetch.spec.whatwg.org/#http-access-control-expose-headers
	ExposeHeaders []string

	// AllowCredentials allows requests with cookies, TLS client certificates
	// and HTTP authentication, that is, with the credentials mode "include".
	//
	// See https://fetch.spec.whatwg.org/#http-access-control-allow-credentials
	AllowCredentials bool

	// MaxAge is how long browsers may keep the answer to a CORS-preflight
	// request, in whole seconds up to 24 hours, the most that any browser
	// honours. 0 omits the header, which browsers take for five seconds;
	// [NoPreflightCache] forbids keeping it. Firefox keeps no answer whose lists
	// are "*": where that counts, name the methods and headers.
	//
	// See https://fetch.spec.whatwg.org/#http-access-control-max-age
	MaxAge time.Duration

	// PreflightStatus is the status of the answer to a CORS-preflight request
	// from an allowed origin. 0 stands for 204; any other must be an ok
	// status, 200 to 299.
	PreflightStatus int

	// RejectDisallowed answers 403 to requests from origins that are not
	// allowed, where by default they reach the handler and only their
	// responses stay unreadable. Requests without an Origin header and
	// same-origin requests are never rejected. New refuses it beside "*" in
	// AllowOrigins, under which nothing would be.
	RejectDisallowed bool

	// DangerouslyAllowNullOrigin allows the origin "null". Any site can
	// obtain it, by a sandboxed frame, and with AllowCredentials act as the
	// user who visits it. Beside "*", which stands for null as well, it changes
	// nothing.
	//
	// Browsers also send "null" after a redirect from one foreign origin to
	// another. Firefox then asks permission for the page's own origin and sends
	// the request from "null", so that the second server has to allow both.
	DangerouslyAllowNullOrigin bool

	// DangerouslyAllowInsecureOrigins lets AllowOrigins hold plain http
	// origins beyond this machine together with AllowCredentials. Whoever is
	// on the network between such a page and its user can then act as the
	// user. Without AllowCredentials it changes nothing.
	DangerouslyAllowInsecureOrigins bool

	// DangerouslyAllowPublicSuffixes lets AllowOrigins hold wildcards under
	// public suffixes, such as https://*.github.io, together with
	// AllowCredentials. Anyone can register names there. Without it New looks
	// at the wildcard's own domain: suffixes further down, as there are below
	// https://*.amazonaws.com, are for the author of the pattern to know.
	// Without AllowCredentials it changes nothing.
	DangerouslyAllowPublicSuffixes bool

	// DangerouslyAllowAnyExtension lets AllowOrigins hold "scheme://*" for
	// schemes other than http and https, without AllowCredentials. Every
	// browser extension, or every app with that scheme, is then allowed. With
	// AllowCredentials such patterns stay refused, and it changes nothing.
	DangerouslyAllowAnyExtension bool
}

// NoPreflightCache is the MaxAge that tells browsers not to keep the answer to
// a CORS-preflight request: it sends "Access-Control-Max-Age: 0".
const NoPreflightCache = -1 * time.Second

// maxMaxAge is the cap of Firefox, the highest of the browsers'.
const maxMaxAge = 24 * time.Hour

// New compiles a Config. Its error joins one [ConfigError] for every fault,
// each with what to write instead.
func New(c Config) (*Policy, error) {
	b := builder{config: c}
	b.origins()
	b.methods()
	b.headers()
	b.exposed()
	b.maxAge()
	b.status()
	if err := b.err(); err != nil {
		return nil, err
	}
	policy := b.policy // a pointer into b would keep the Config alive
	return &policy, nil
}

// MustNew is New for configurations that are part of the program: it panics
// on an error.
func MustNew(c Config) *Policy {
	p, err := New(c)
	if err != nil {
		panic("cors: " + err.Error())
	}
	return p
}
