package cors_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unsafe"

	cors "github.com/corskit/corskit/core"
)

const (
	app           = "https://app.example.com"
	preflightVary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
)

var errDown = errors.New("the database is down")

// askTenants allows one tenant and cannot tell about another.
func askTenants(_ context.Context, origin string) (bool, error) {
	if origin == "https://broken.example" {
		return true, errDown
	}
	return origin == "https://tenant.example", nil
}

func TestDecide(t *testing.T) {
	listed := cors.Config{
		AllowOrigins:  []string{app, "https://*.example.org"},
		AllowMethods:  []string{"put", "DELETE", "patch"},
		AllowHeaders:  []string{"X-A", "Content-Type"},
		ExposeHeaders: []string{"X-Total", "X-Page"},
		MaxAge:        10 * time.Minute,
	}
	with := func(c cors.Config, change func(*cors.Config)) cors.Config {
		change(&c)
		return c
	}
	credentialed := with(listed, func(c *cors.Config) { c.AllowCredentials = true })
	rejecting := with(listed, func(c *cors.Config) { c.RejectDisallowed = true })
	anyOrigin := cors.Config{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"*"}}
	asking := cors.Config{AllowOriginFunc: askTenants}
	anything := cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}}
	anythingCredentialed := with(anything, func(c *cors.Config) { c.AllowCredentials = true })
	routed := cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}, MethodsFromRoutes: true}

	allowed := cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: app, ExposeHeaders: "X-Total,X-Page", Vary: "Origin"}
	refused := func(reason cors.Reason) cors.Decision {
		return cors.Decision{Kind: cors.Actual, Reason: reason, Vary: "Origin"}
	}
	answer := func(change func(*cors.Decision)) cors.Decision {
		d := cors.Decision{
			Kind: cors.Preflight, Status: 204, Reason: cors.Allowed, AllowOrigin: app,
			AllowMethods: "PUT,DELETE,patch", AllowHeaders: "X-A,Content-Type", MaxAge: "600", Vary: preflightVary,
		}
		change(&d)
		return d
	}
	asIs := func(*cors.Decision) {}
	refusedPreflight := cors.Decision{Kind: cors.Preflight, Status: 403, Reason: cors.OriginNotAllowed, Vary: preflightVary}

	tests := []struct {
		name    string
		config  cors.Config
		request cors.Request
		want    cors.Decision
	}{
		{"no origin", listed, get(), cors.Decision{Reason: cors.NoOrigin, Vary: "Origin"}},
		{"exact origin", listed, get(app), allowed},
		{"origin matched by a pattern", listed, get("https://a.example.org"), cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: "https://a.example.org", ExposeHeaders: "X-Total,X-Page", Vary: "Origin"}},
		{"credentials", credentialed, get(app), cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: app, AllowCredentials: "true", ExposeHeaders: "X-Total,X-Page", Vary: "Origin"}},
		{"origin that is not listed", listed, get("https://evil.example"), refused(cors.OriginNotAllowed)},
		{"null", listed, get("null"), refused(cors.OriginNotAllowed)},
		{"null, allowed", with(listed, func(c *cors.Config) { c.DangerouslyAllowNullOrigin = true }), get("null"), cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: "null", ExposeHeaders: "X-Total,X-Page", Vary: "Origin"}},
		{"malformed origin", listed, get("https://App.example.com"), refused(cors.MalformedOrigin)},
		{"empty origin", listed, get(""), refused(cors.MalformedOrigin)},
		{"origin of 64 KiB", listed, get("https://" + strings.Repeat("a.", 32<<10) + "example.org"), refused(cors.MalformedOrigin)},
		{"repeated origin", listed, get(app, app), refused(cors.RepeatedOrigin)},

		{"preflight", listed, preflight("PUT", "content-type,x-a"), answer(asIs)},
		{"preflight for a safelisted method", listed, preflight("HEAD"), answer(asIs)},
		{"preflight with credentials", credentialed, preflight("PUT"), answer(func(d *cors.Decision) { d.AllowCredentials = "true" })},
		{"preflight, method not listed", listed, preflight("PATCH", "x-nope"), answer(func(d *cors.Decision) { d.Reason = cors.MethodNotAllowed })},
		{"preflight, method no token", listed, preflight("PU T"), answer(func(d *cors.Decision) { d.Reason = cors.MethodNotAllowed })},
		{"preflight, header not listed", listed, preflight("PUT", "x-a,x-nope"), answer(func(d *cors.Decision) { d.Reason, d.Header = cors.HeaderNotAllowed, "x-nope" })},
		{"preflight, header not listed in the second line", listed, preflight("PUT", "x-a", "x-nope"), answer(func(d *cors.Decision) { d.Reason, d.Header = cors.HeaderNotAllowed, "x-nope" })},
		{"preflight, something that is no header's name", listed, preflight("PUT", "x-a,x\r\ny"), answer(func(d *cors.Decision) { d.Reason = cors.HeaderNotAllowed })},
		{"preflight, headers counted but not held", listed, cors.Request{Method: "OPTIONS", Origin: lines(app), RequestMethod: lines("PUT"), RequestHeaders: cors.Lines{First: "x-a", N: 2}}, answer(func(d *cors.Decision) { d.Reason = cors.HeaderNotAllowed })},
		{"preflight, origin not listed", listed, preflightFrom("https://evil.example", "PUT"), refusedPreflight},
		{"preflight, null", listed, preflightFrom("null", "PUT"), refusedPreflight},
		{"preflight with another status", with(listed, func(c *cors.Config) { c.PreflightStatus = 200 }), preflight("PUT"), answer(func(d *cors.Decision) { d.Status = 200 })},
		{"preflight without a cache", with(listed, func(c *cors.Config) { c.MaxAge = cors.NoPreflightCache }), preflight("PUT"), answer(func(d *cors.Decision) { d.MaxAge = "0" })},

		{"OPTIONS without a request method", listed, cors.Request{Method: "OPTIONS", Origin: lines(app)}, allowed},
		{"OPTIONS with an empty request method", listed, preflight(""), refused(cors.MalformedMethod)},
		{"OPTIONS with two request methods", listed, cors.Request{Method: "OPTIONS", Origin: lines(app), RequestMethod: lines("PUT", "PUT")}, refused(cors.RepeatedMethod)},
		{"OPTIONS with a malformed origin", listed, preflightFrom("https://app.example.com/", "PUT"), refused(cors.MalformedOrigin)},
		{"OPTIONS with two origins", listed, cors.Request{Method: "OPTIONS", Origin: lines(app, app), RequestMethod: lines("PUT")}, refused(cors.RepeatedOrigin)},
		{"OPTIONS without an origin", listed, cors.Request{Method: "OPTIONS", RequestMethod: lines("PUT")}, cors.Decision{Reason: cors.NoOrigin, Vary: "Origin"}},
		{"a request method beside another method than OPTIONS", listed, cors.Request{Method: "GET", Origin: lines(app), RequestMethod: lines("PUT")}, allowed},
		{"options in lower case", listed, cors.Request{Method: "options", Origin: lines(app), RequestMethod: lines("PUT")}, allowed},

		{"any origin", anyOrigin, get(app), cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: "*", ExposeHeaders: "*"}},
		{"any origin, none sent", anyOrigin, get(), cors.Decision{Reason: cors.NoOrigin, AllowOrigin: "*", ExposeHeaders: "*"}},
		{"any origin, malformed", anyOrigin, get("evil"), cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: "*", ExposeHeaders: "*"}},
		{"any origin, repeated", anyOrigin, get(app, "null"), cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: "*", ExposeHeaders: "*"}},
		{"any origin, preflight", anyOrigin, preflight("GET"), cors.Decision{Kind: cors.Preflight, Status: 204, Reason: cors.Allowed, AllowOrigin: "*", Vary: "Access-Control-Request-Method, Access-Control-Request-Headers"}},
		{"any origin, preflight from null", anyOrigin, preflightFrom("null", "GET"), cors.Decision{Kind: cors.Preflight, Status: 204, Reason: cors.Allowed, AllowOrigin: "*", Vary: "Access-Control-Request-Method, Access-Control-Request-Headers"}},
		{"any origin, OPTIONS with a malformed origin", anyOrigin, preflightFrom("evil", "GET"), cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: "*", ExposeHeaders: "*"}},

		{"predicate says yes", asking, get("https://tenant.example"), cors.Decision{Kind: cors.Actual, Reason: cors.Allowed, AllowOrigin: "https://tenant.example", Vary: "Origin"}},
		{"predicate says no", asking, get(app), refused(cors.OriginNotAllowed)},
		{"predicate fails", asking, get("https://broken.example"), cors.Decision{Kind: cors.Actual, Reason: cors.PredicateFailed, Vary: "Origin", Err: errDown}},
		{"predicate fails on a preflight", asking, preflightFrom("https://broken.example", "PUT"), cors.Decision{Kind: cors.Preflight, Status: 403, Reason: cors.PredicateFailed, Vary: preflightVary, Err: errDown}},

		{"any method and header", anything, preflight("QUERY", "x-1"), answer(func(d *cors.Decision) { d.AllowMethods, d.AllowHeaders, d.MaxAge = "*", "*", "" })},
		{"any header is not Authorization", anything, preflight("PUT", "authorization"), answer(func(d *cors.Decision) {
			d.AllowMethods, d.AllowHeaders, d.MaxAge, d.Reason, d.Header = "*", "*", "", cors.HeaderNotAllowed, "authorization"
		})},
		{"any method, but no token", anything, preflight("P T"), answer(func(d *cors.Decision) {
			d.AllowMethods, d.AllowHeaders, d.MaxAge, d.Reason = "*", "*", "", cors.MethodNotAllowed
		})},
		{"spelled out", anythingCredentialed, preflight("QUERY", "authorization, x-1"), answer(func(d *cors.Decision) {
			d.AllowMethods, d.AllowHeaders, d.MaxAge, d.AllowCredentials = "QUERY", "authorization,x-1", "", "true"
		})},
		{"spelled out, nothing asked", anythingCredentialed, preflight("GET"), answer(func(d *cors.Decision) {
			d.AllowMethods, d.AllowHeaders, d.MaxAge, d.AllowCredentials = "GET", "", "", "true"
		})},
		{"spelled out, but no tokens", anythingCredentialed, preflight("P T", "x 1"), answer(func(d *cors.Decision) {
			d.AllowMethods, d.AllowHeaders, d.MaxAge, d.AllowCredentials, d.Reason = "", "", "", "true", cors.MethodNotAllowed
		})},

		{"methods of the route", routed, routes(preflight("DELETE"), "GET", "DELETE"), answer(func(d *cors.Decision) { d.AllowMethods, d.AllowHeaders, d.MaxAge = "GET,DELETE", "", "" })},
		{"methods of the route, another asked", routed, routes(preflight("PUT"), "GET", "DELETE"), answer(func(d *cors.Decision) {
			d.AllowMethods, d.AllowHeaders, d.MaxAge, d.Reason = "GET,DELETE", "", "", cors.MethodNotAllowed
		})},
		{"methods of the route, none served", routed, routes(preflight("PUT")), answer(func(d *cors.Decision) {
			d.AllowMethods, d.AllowHeaders, d.MaxAge, d.Reason = "", "", "", cors.MethodNotAllowed
		})},
		{"methods of the route, unknown", routed, preflight("PUT"), answer(func(d *cors.Decision) { d.AllowMethods, d.AllowHeaders, d.MaxAge = "PUT", "", "" })},

		{"rejected", rejecting, from("https://evil.example", "api.example.com", ""), rejected(cors.OriginNotAllowed)},
		{"rejected: cross-site", rejecting, from("https://evil.example", "evil.example", "cross-site"), rejected(cors.OriginNotAllowed)},
		{"rejected: same-site is not same-origin", rejecting, from("https://other.example", "other.example", "same-site"), rejected(cors.OriginNotAllowed)},
		{"not rejected: same-origin", rejecting, from("https://api.example", "internal:8080", "same-origin"), refused(cors.OriginNotAllowed)},
		{"not rejected: null, but same-origin", rejecting, from("null", "api.example", "same-origin"), refused(cors.OriginNotAllowed)},
		{"not rejected: by the user", rejecting, from("https://api.example", "internal", "none"), refused(cors.OriginNotAllowed)},
		{"not rejected: origin is host", rejecting, from("https://api.example", "api.example", ""), refused(cors.OriginNotAllowed)},
		{"not rejected: origin is host with the default port", rejecting, from("https://api.example", "api.example:443", ""), refused(cors.OriginNotAllowed)},
		{"rejected: other port", rejecting, from("https://api.example:8443", "api.example", ""), rejected(cors.OriginNotAllowed)},
		{"rejected: null without Sec-Fetch-Site", rejecting, from("null", "", ""), rejected(cors.OriginNotAllowed)},
		{"rejected: malformed comes first", rejecting, from("https://Api.example", "Api.example", "same-origin"), rejected(cors.MalformedOrigin)},
		{"rejected: repeated comes first", rejecting, cors.Request{Method: "POST", Origin: lines(app, app), SecFetchSite: "same-origin"}, rejected(cors.RepeatedOrigin)},
		{"not rejected: no origin", rejecting, get(), cors.Decision{Reason: cors.NoOrigin, Vary: "Origin"}},
		{"not rejected: allowed", rejecting, get(app), allowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := cors.New(tt.config)
			if err != nil {
				t.Fatalf("New refuses the config: %v", err)
			}
			if got := p.Decide(context.Background(), tt.request); got != tt.want {
				t.Errorf("the decision is\n%+v,\nwant\n%+v", got, tt.want)
			}
		})
	}
}

func TestNothingIsGrantedByNoPolicy(t *testing.T) {
	for name, p := range map[string]*cors.Policy{"nil": nil, "zero": {}} {
		for _, r := range []cors.Request{get(), get(app), get("null"), preflight("PUT"), preflightFrom("null", "GET")} {
			d := p.Decide(context.Background(), r)
			if d.AllowOrigin+d.AllowCredentials+d.AllowMethods+d.AllowHeaders+d.ExposeHeaders != "" {
				t.Errorf("a %s policy decides %+v", name, d)
			}
			if want := r.RequestMethod.N == 1; (d.Status == 403) != want {
				t.Errorf("a %s policy answers a %s request with status %d", name, d.Kind, d.Status)
			}
		}
		if p.AllowsOrigin(context.Background(), app) || p.CredentialedOrigins() != nil {
			t.Errorf("a %s policy allows an origin", name)
		}
	}
}

func TestPredicateIsAskedOnlyAboutOriginsThatAreNotListed(t *testing.T) {
	var asked []string
	p := cors.MustNew(cors.Config{
		AllowOrigins: []string{app, "https://*.example.org"},
		AllowOriginFunc: func(_ context.Context, origin string) (bool, error) {
			asked = append(asked, origin)
			return true, nil
		},
	})
	for _, r := range []cors.Request{
		get(), get(app), get("https://a.example.org"), get("null"), get("evil"), get(""), get(app, app),
		get("https://x.example/"), preflightFrom("null", "PUT"), get("https://x.example"),
	} {
		p.Decide(context.Background(), r)
	}
	if len(asked) != 1 || asked[0] != "https://x.example" {
		t.Errorf("the predicate was asked about %q, want only about https://x.example", asked)
	}
}

func TestPredicateMayKeepTheOrigin(t *testing.T) {
	var kept string
	p := cors.MustNew(cors.Config{AllowOriginFunc: func(_ context.Context, origin string) (bool, error) {
		kept = origin
		return true, nil
	}})
	buffer := []byte("https://one.example")
	r := get(unsafeString(buffer))
	r.Borrowed = true
	p.Decide(context.Background(), r)
	copy(buffer, "https://two.example")
	if kept != "https://one.example" {
		t.Errorf("after the server has reused its buffer, the origin that the predicate kept reads %q", kept)
	}
}

func TestContextReachesThePredicate(t *testing.T) {
	type key struct{}
	var got any
	p := cors.MustNew(cors.Config{AllowOriginFunc: func(ctx context.Context, _ string) (bool, error) {
		got = ctx.Value(key{})
		return false, nil
	}})
	p.Decide(context.WithValue(context.Background(), key{}, "tenant"), get(app))
	if got != "tenant" {
		t.Errorf("the predicate's context holds %v, want the request's value", got)
	}
}

func TestAllowsOrigin(t *testing.T) {
	p := cors.MustNew(cors.Config{AllowOrigins: []string{app, "https://*.example.org"}, AllowOriginFunc: askTenants})
	anyOrigin := cors.MustNew(cors.Config{AllowOrigins: []string{"*"}})
	for origin, want := range map[string]bool{
		app: true, "https://a.example.org": true, "https://tenant.example": true,
		"https://broken.example": false, "https://evil.example": false, "null": false, "": false, "evil": false,
	} {
		if got := p.AllowsOrigin(context.Background(), origin); got != want {
			t.Errorf("AllowsOrigin(%q) = %v, want %v", origin, got, want)
		}
	}
	for origin, want := range map[string]bool{app: true, "null": true, "": false, "evil": false} {
		if got := anyOrigin.AllowsOrigin(context.Background(), origin); got != want {
			t.Errorf(`with "*", AllowsOrigin(%q) = %v, want %v`, origin, got, want)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	var p cors.Decider = cors.MustNew(cors.Config{
		AllowOrigins: []string{app},
		AllowMethods: []string{"PUT", "DELETE"},
		AllowHeaders: []string{"Authorization", "Content-Type"},
		MaxAge:       10 * time.Minute,
	})
	for name, r := range map[string]cors.Request{
		"actual":            get(app),
		"actual-refused":    get("https://evil.example"),
		"preflight":         preflight("PUT", "authorization,content-type"),
		"preflight-refused": preflightFrom("https://evil.example", "PUT"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Decide(context.Background(), r)
			}
		})
	}
	b.Run("floor", func(b *testing.B) {
		var d cors.Decider = decided{cors.Decision{AllowOrigin: app}}
		r := get(app)
		b.ReportAllocs()
		for b.Loop() {
			d.Decide(context.Background(), r)
		}
	})
}

// decided is a Decider that hands out one decision.
type decided struct{ decision cors.Decision }

func (d decided) Decide(context.Context, cors.Request) cors.Decision { return d.decision }

// unsafeString is a string as fasthttp hands it out: a view of a buffer that is
// reused.
func unsafeString(b []byte) string { return unsafe.String(&b[0], len(b)) }

func lines(values ...string) cors.Lines { return cors.NewLines(values) }

func get(origins ...string) cors.Request {
	return cors.Request{Method: "GET", Origin: lines(origins...)}
}

func preflight(method string, headers ...string) cors.Request {
	return cors.Request{Method: "OPTIONS", Origin: lines(app), RequestMethod: lines(method), RequestHeaders: lines(headers...)}
}

func preflightFrom(origin, method string) cors.Request {
	return cors.Request{Method: "OPTIONS", Origin: lines(origin), RequestMethod: lines(method)}
}

func from(origin, host, secFetchSite string) cors.Request {
	return cors.Request{Method: "POST", Host: host, SecFetchSite: secFetchSite, Origin: lines(origin)}
}

func routes(r cors.Request, methods ...string) cors.Request {
	r.RouteMethods = append([]string{}, methods...)
	return r
}

func rejected(reason cors.Reason) cors.Decision {
	return cors.Decision{Kind: cors.Actual, Status: 403, Reason: reason, Vary: "Origin"}
}
