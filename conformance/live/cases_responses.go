package live

import (
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// Here are the cases about responses: what is exposed, what caches are told, and what is sent where nothing is.

// responses: the headers of actual responses, and what only their sender sees.
func (d *derivation) responses() {
	for _, mode := range modes {
		if mode.credentials == fetch.Include && !d.config.AllowCredentials {
			continue
		}
		d.add("actual/exposed/"+mode.name, 8, "Fetch, CORS-exposed header-name list: scripts can read what the policy exposes, and nothing else, here with the credentials mode "+mode.name+".", func(k *check) {
			for _, origin := range k.pages() {
				if x, ok := k.send(message{origin: []string{origin}}); ok {
					k.exposes(x, k.decide(x), mode.credentials)
				}
			}
		})
	}
	if d.foreign != "" {
		d.add("lists/actual", 8, "Our rule: lists are for allowed origins; here in an actual response.", func(k *check) {
			if x, ok := k.send(message{origin: []string{d.foreign}}); ok {
				k.discloses(x)
			}
		})
		if d.judge("null").Reason != cors.Allowed {
			d.add("lists/null", 6, "Our rule: lists are for allowed origins; here in the answer to a CORS-preflight request from null.", func(k *check) {
				if x, ok := k.send(message{origin: []string{"null"}, requestHeaders: []string{"x-corskit-unlisted"}}.preflight("CORSKIT")); ok {
					k.discloses(x)
				}
			})
		}
		d.add("lists/preflight", 6, "Our rule: lists are for allowed origins; here in the answer to a CORS-preflight request.", func(k *check) {
			if x, ok := k.send(message{origin: []string{d.foreign}, requestHeaders: []string{"x-corskit-unlisted"}}.preflight("CORSKIT")); ok {
				k.discloses(x)
				if want := k.decide(x).Status; x.Status != want {
					k.differ(6, "The status is %d for an origin that is not allowed, where corskit says %d.", x.Status, want)
				}
			}
		})
	}
}

const varyClause = "Fetch, \"CORS protocol and HTTP caches\": a response that depends on Origin says so"

// varies: whether caches can tell.
func (d *derivation) varies() {
	cases := []struct {
		name, where string
		message     func(*check) (message, bool)
	}{
		{"allowed", "with an allowed origin", func(k *check) (message, bool) {
			origin := k.some()
			return message{origin: []string{origin}}, origin != ""
		}},
		{"another", "with another allowed origin", func(k *check) (message, bool) {
			all := k.pages()
			if len(all) == 1 {
				k.skip("the policy lists no other origin")
			}
			return message{origin: all[max(0, len(all)-1):]}, len(all) > 1
		}},
		{"include", "with an allowed origin and a cookie", func(k *check) (message, bool) {
			origin := k.some()
			return message{origin: []string{origin}, more: http.Header{"Cookie": {ownCookie}}}, origin != ""
		}},
		{"without-origin", "without Origin", func(k *check) (message, bool) { return message{}, true }},
		{"refused", "with an origin that is not allowed", func(k *check) (message, bool) {
			return message{origin: []string{d.foreign}}, d.foreign != ""
		}},
		{"preflight", "in the answer to a CORS-preflight request", func(k *check) (message, bool) {
			origin := k.some()
			return message{origin: []string{origin}}.preflight("PUT"), origin != ""
		}},
		{"preflight-refused", "in the answer to a CORS-preflight request that is refused", func(k *check) (message, bool) {
			return message{origin: []string{d.foreign}}.preflight("PUT"), d.foreign != ""
		}},
	}
	for _, c := range cases {
		if d.foreign == "" && strings.HasSuffix(c.name, "refused") {
			continue
		}
		d.add("vary/"+c.name, 8, varyClause+"; here "+c.where+".", func(k *check) {
			m, ok := c.message(k)
			if !ok {
				return
			}
			if x, ok := k.send(m); ok {
				k.vary(x)
			}
		})
	}
	d.add("vary/of-the-request", 8, "Our rule: the Vary header of a request says nothing, and is not sent back.", varyOfRequest)
	d.add("vary/preflight-asks", 8, "RFC 9110, 12.5.5: the answer to a CORS-preflight request names the request headers that it depends on.", varyByAsking)
}

// varyOfRequest sends a Vary header.
func varyOfRequest(k *check) {
	for _, origin := range []string{k.first(), k.foreign} {
		if origin == "" {
			continue
		}
		for _, m := range []message{{}, message{}.preflight("PUT")} {
			m.origin, m.more = []string{origin}, http.Header{"Vary": {"X-Corskit"}}
			x, ok := k.send(m)
			if ok && slices.Contains(members(x.Header["Vary"]), "X-Corskit") {
				k.fail("make Vary of what the response depends on, and never of the request's", "Vary is %s, which is what the request's Vary says.", quote(x.Header["Vary"]))
			}
		}
	}
}

// varyByAsking asks for different methods and headers, and compares the answers.
func varyByAsking(k *check) {
	origin := k.some()
	if origin == "" {
		return
	}
	ask := func(method string, headers ...string) (fetch.Exchange, bool) {
		return k.send(message{origin: []string{origin}, requestHeaders: headers}.preflight(method))
	}
	methods := k.spelled(k.config.AllowMethods, "PUT", "PURGE")
	headers := k.spelled(k.config.AllowHeaders, "X-Corskit")
	base, ok := ask("POST")
	if !ok {
		return
	}
	same := func(x fetch.Exchange) bool {
		for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age"} {
			if !slices.Equal(members(x.Header[name]), members(base.Header[name])) {
				return false
			}
		}
		return x.Status == base.Status
	}
	judge := func(name string, others ...fetch.Exchange) {
		if names(base, name) {
			return
		}
		if slices.ContainsFunc(others, func(x fetch.Exchange) bool { return !same(x) }) {
			k.fail("add "+name+" to Vary on the answers to CORS-preflight requests", "Vary is %s, but the answer depends on %s: a cache that keeps such answers hands it to others.", quote(base.Header["Vary"]), name)
			return
		}
		k.differ(8, "Vary does not name %s, on which the answer does not depend.", name)
	}
	var byMethod, byHeader []fetch.Exchange
	for _, m := range append(sample(methods, 2), "CORSKIT") {
		if x, ok := ask(m); ok {
			byMethod = append(byMethod, x)
		}
	}
	for _, h := range append(sample(headers, 2), "x-corskit-unlisted") {
		if x, ok := ask("POST", strings.ToLower(h)); ok {
			byHeader = append(byHeader, x)
		}
	}
	judge("Access-Control-Request-Method", byMethod...)
	judge("Access-Control-Request-Headers", byHeader...)
}

// errors: what a page sees where there is nothing.
func (d *derivation) errors(c *client) {
	missing := c.missing()
	found := func(k *check) bool {
		x, ok := k.send(message{method: "GET", url: missing})
		if ok && x.Status != http.StatusNotFound {
			k.skip("the path %s gets status %d, so that no missing path is known", x.Request.URL.Path, x.Status)
		}
		return !ok || x.Status != http.StatusNotFound
	}
	d.add("errors/not-found", 10, "Our rule: a page of an allowed origin can read what went wrong; here a 404.", func(k *check) {
		if origin := k.some(); origin != "" && !found(k) {
			k.browser(fetch.Request{Origin: origin, URL: missing}, true)
		}
	})
	d.add("errors/not-found-preflight", 10, "Our rule: the answer to a CORS-preflight request does not depend on whether there is a route, so that the page sees the 404.", func(k *check) {
		switch origin := k.some(); {
		case origin == "" || found(k):
		case d.config.MethodsFromRoutes && len(d.config.AllowMethods) == 0:
			k.skip("the policy takes methods from the routes, and lists none for where there is no route")
		default:
			r := d.asking(origin, fetch.SameOrigin)
			r.URL = missing
			if d.config.MethodsFromRoutes {
				r.Method = d.config.AllowMethods[0]
			}
			k.browser(r, false)
		}
	})
	if d.foreign != "" {
		d.add("errors/not-found-refused", 10, "Our rule: no other origin is granted anything; here on a 404.", func(k *check) {
			if !found(k) {
				if x, ok := k.send(message{method: "GET", url: missing, origin: []string{d.foreign}}); ok {
					k.wire(x)
					k.grants(x, k.decide(x))
				}
			}
		})
	}
	d.add("vary/not-found", 8, varyClause+"; here on a 404.", func(k *check) {
		if found(k) {
			return
		}
		for _, origin := range []string{k.first(), d.foreign} {
			if origin != "" {
				k.send(message{method: "GET", url: missing, origin: []string{origin}})
			}
		}
		k.varyAll()
	})
}
