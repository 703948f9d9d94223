package live

import (
	"net/http"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// Here are the cases about who may do what: by the origin alone.

// origins: who may read a response, and who may ask for more.
func (d *derivation) origins(refused []nearMiss) {
	actual := func(origin string, credentials fetch.Credentials) func(*check) {
		return func(k *check) {
			k.browser(fetch.Request{Origin: origin, Method: d.method, Credentials: credentials, Cookie: ownCookie}, true)
			k.grantsAll()
		}
	}
	preflight := func(origin string) func(*check) {
		return func(k *check) {
			for _, mode := range modes {
				k.browser(d.asking(origin, mode.credentials), false)
			}
			k.grantsAll()
		}
	}
	for _, o := range d.allowed {
		name := "origin/allowed/" + inName(o)
		d.add(name+"/same-origin", 3, "Fetch, CORS check: a page of an allowed origin reads the response, here "+o+" with the credentials modes same-origin and omit.", actual(o, fetch.SameOrigin))
		d.add(name+"/include", 3, "Fetch, CORS check, steps 5 to 7: with credentials it reads the response if the policy allows them, here "+o+".", actual(o, fetch.Include))
		d.add(name+"/preflight", 6, "Fetch, CORS-preflight fetch: an allowed origin is permitted what the policy lists, here "+o+".", preflight(o))
	}
	for _, o := range refused {
		name := "origin/refused/" + inName(o.origin)
		clause := "Our rule: origins are compared byte for byte, and no other is granted anything; here " + o.why + "."
		d.add(name+"/include", 3, clause, actual(o.origin, fetch.Include))
		d.add(name+"/preflight", 3, strings.TrimSuffix(clause, ".")+", in a CORS-preflight request.", preflight(o.origin))
	}
}

// grantsAll judges what all responses of the case grant.
func (k *check) grantsAll() {
	for i, x := range k.result.Exchanges {
		if k.judged = i; x.Status != 0 {
			k.grants(x, k.decide(x))
		}
	}
}

// rejects: which requests the application gets to see.
func (d *derivation) rejects() {
	method := d.method
	own := func(k *check) {
		if method == "GET" || method == "HEAD" {
			k.skip("browsers send no Origin with a %s request to the page's own origin: name another method that the endpoint serves", method)
			return
		}
		x, ok := k.send(message{origin: []string{k.client.origin()}, more: http.Header{"Sec-Fetch-Site": {"same-origin"}}})
		if ok && isRefusal(x.Status) && x.Status != k.plain.Status {
			k.fail("let requests of the site's own pages through: Sec-Fetch-Site is same-origin, or Origin has the host and port of Host",
				"The site's own page gets status %d, where a request without Origin gets %d.", x.Status, k.plain.Status)
		}
	}
	d.add("actual/own-origin", 7, "Our rule: a site's own requests are never refused.", own)
	d.add("actual/without-origin", 7, "Our rule: a request without Origin is never refused.", func(k *check) {
		k.record(k.plain)
		if k.permitted != nil && isRefusal(k.plain.Status) && k.permitted.Status != 0 && !isRefusal(k.permitted.Status) {
			k.fail("let requests without Origin through: they come from no page", "A request without Origin gets status %d, where an allowed origin gets %d.", k.plain.Status, k.permitted.Status)
		}
	})
	if d.foreign == "" {
		return
	}
	rejected := func(m message) func(*check) {
		return func(k *check) {
			x, ok := k.send(m)
			switch {
			case !ok:
			case isRefusal(k.plain.Status):
				k.skip("every request gets status %d: add what the server wants, such as -header 'Authorization: …'", k.plain.Status)
			case !d.config.RejectDisallowed && isRefusal(x.Status):
				k.differ(7, "The request gets status %d, and does not reach the application.", x.Status)
			case !d.config.RejectDisallowed:
			case !isRefusal(x.Status):
				k.fail("answer 403 to requests from other origins, as rejectDisallowed says, before the application sees them",
					"The status is %d, so that the application has acted on the request.", x.Status)
			case x.Status != http.StatusForbidden:
				k.differ(7, "The status is %d, where corskit says 403.", x.Status)
			}
		}
	}
	d.add("actual/refused", 7, "Our rule: a request from an origin that is not allowed goes through without CORS headers, or gets 403 with rejectDisallowed.", rejected(message{origin: []string{d.foreign}}))
	if !d.config.RejectDisallowed {
		return
	}
	d.add("reject/empty", 7, "Our rule: with rejectDisallowed, an empty Origin gets 403.", rejected(message{origin: []string{""}}))
	d.add("reject/repeated", 7, "Our rule: with rejectDisallowed, several Origin lines get 403.", rejected(message{origin: []string{d.foreign, d.foreign}}))
	if !d.config.DangerouslyAllowNullOrigin {
		d.add("reject/null", 7, "Our rule: with rejectDisallowed, null gets 403.", rejected(message{origin: []string{"null"}}))
	}
	other := "https" + strings.TrimPrefix(d.own, "http")
	if strings.HasPrefix(d.own, "https") {
		other = "http" + strings.TrimPrefix(d.own, "https")
	}
	if d.judge(other).Reason != cors.Allowed {
		d.add("reject/cross-site", 7, "Fetch Metadata: Sec-Fetch-Site says that a request is not the site's own, though its Origin has the host of it.",
			rejected(message{origin: []string{other}, more: http.Header{"Sec-Fetch-Site": {"cross-site"}}}))
	}
}
