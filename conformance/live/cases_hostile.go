package live

import (
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
)

// Here are the cases about requests that are no CORS-preflight requests, and those that no browser sends.

// options: OPTIONS requests that are the application's.
func (d *derivation) options() {
	d.add("options/not-a-preflight", 1, "Fetch, CORS-preflight request: OPTIONS without Access-Control-Request-Method is none, and is the application's to answer.", func(k *check) {
		origin := k.some()
		if origin == "" {
			return
		}
		x, ok := k.send(message{method: "OPTIONS", origin: []string{origin}})
		asked, ok2 := k.send(message{origin: []string{origin}}.preflight(k.asking(origin, 0).Method))
		plain, ok3 := k.send(message{method: "OPTIONS"})
		if !ok || !ok2 || !ok3 {
			return
		}
		const fix = "take OPTIONS for a CORS-preflight request only if it has both Origin and Access-Control-Request-Method, and let the others through"
		switch list := "Access-Control-Allow-Methods"; {
		case k.permitted != nil && len(k.permitted.Header[list]) > 0:
			k.skip("every response has %s, so that it says nothing of who answers", list)
		case len(x.Header[list]) > 0 || len(x.Header["Access-Control-Max-Age"]) > 0:
			k.judged = 0
			k.fail(fix, "OPTIONS without Access-Control-Request-Method is answered like a CORS-preflight request: %s is %s.", list, quote(x.Header[list]))
		case alike(x, plain) && !alike(x, asked): // it is the application's
		case d.method != "OPTIONS":
			k.skip("the answer does not tell whether the application gave it: ask an endpoint that serves OPTIONS, with that method")
		case alike(plain, asked):
			k.fail(fix, "The endpoint serves OPTIONS, and the answer is the same as to a CORS-preflight request, with status %d: either both or none of them is the application's.", plain.Status)
		}
	})
}

// alike reports whether two responses come from the same part of a server, as far
// as their status and other headers tell.
func alike(a, b fetch.Exchange) bool {
	rest := func(h http.Header) (names []string) {
		for name := range h {
			if name != "Vary" && name != "Date" && name != "Content-Length" && !strings.HasPrefix(name, "Access-Control-") {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	return a.Status == b.Status && slices.Equal(rest(a.Header), rest(b.Header))
}

// hostile: what no browser sends.
func (d *derivation) hostile() {
	allowed, later := "https://app.example.com", []string(nil)
	for _, o := range d.allowed {
		if strings.Contains(o, "://") {
			later = append(later, o)
		}
	}
	if len(later) > 0 {
		allowed, later = later[0], later[1:]
	}
	for _, s := range shapes(allowed, d.subdomains()) {
		clause := "Our rule: what is no serialized origin, or is there twice, is granted nothing; here " + s.why + "."
		d.add("hostile/origin/"+s.name, 2, clause, func(k *check) { k.shape(s) })
	}
	for _, o := range sample(later, mostLater) {
		d.add("hostile/origins/"+inName(o), 2, "Our rule: what is no serialized origin, or is there twice, is granted nothing; here all of these shapes of "+o+".", func(k *check) {
			for _, s := range shapes(o, nil) {
				k.shape(s)
			}
		})
	}
	if subs := d.subdomains(); len(subs) > 1 {
		for _, p := range sample(subs[1:], mostLater) {
			name := p.scheme + "://*." + p.host + p.port
			d.add("hostile/subdomains/"+inName(p.scheme+"://"+p.host+p.port), 2, "Our rule: what is no serialized origin is granted nothing; here all shapes that resemble "+name+".", func(k *check) {
				for _, s := range p.malformed() {
					k.shape(s)
				}
			})
		}
	}
	d.bounds()
	if d.foreign != "" {
		d.add("hostile/host", 3, "Our rule: what Host says has no say in which origins are allowed; here localhost.", func(k *check) {
			m := message{origin: []string{d.foreign}, host: "localhost"}
			k.withstands(m)
			k.withstands(m.preflight("PUT"))
		})
	}
}

// subdomains returns the patterns that stand for subdomains.
func (d *derivation) subdomains() (subs []pattern) {
	for _, p := range d.patterns {
		if p.subs {
			subs = append(subs, p)
		}
	}
	return subs
}

// shape sends an Origin header that no browser sends.
func (k *check) shape(s shape) {
	k.withstands(message{origin: s.lines})
	k.withstands(message{origin: s.lines}.preflight("PUT"))
}

// withstands sends m, and judges whether the server fails, and what it grants.
func (k *check) withstands(m message) {
	if x, ok := k.send(m); ok {
		k.wire(x)
		k.survives(x)
		k.grants(x, k.decide(x))
	}
}

// bounds: lists and methods that are malformed, repeated or long.
func (d *derivation) bounds() {
	for _, c := range []struct {
		name, why string
		message   message
	}{
		{"method/repeated", "two Access-Control-Request-Method lines", message{method: "OPTIONS", requestMethod: []string{"PUT", "PUT"}}},
		{"method/empty", "an empty Access-Control-Request-Method", message{method: "OPTIONS", requestMethod: []string{""}}},
		{"method/markup", "a method that is no token", message{method: "OPTIONS", requestMethod: []string{"<PUT>"}}},
		{"method/long", "a method of 4000 bytes", message{method: "OPTIONS", requestMethod: []string{strings.Repeat("M", 4000)}}},
		{"headers/markup", "a requested header that is no token", message{method: "OPTIONS", requestMethod: []string{"PUT"}, requestHeaders: []string{"x-corskit,<b>,x\xff"}}},
		{"headers/empty", "a list of empty members", message{method: "OPTIONS", requestMethod: []string{"PUT"}, requestHeaders: []string{strings.Repeat(",", 2000)}}},
		{"headers/many", "a thousand requested headers", message{method: "OPTIONS", requestMethod: []string{"PUT"}, requestHeaders: []string{strings.TrimSuffix(strings.Repeat("x,", 1000), ",")}}},
		{"headers/many-lines", "a hundred lines of requested headers", message{method: "OPTIONS", requestMethod: []string{"PUT"}, requestHeaders: slices.Repeat([]string{"x"}, 100)}},
	} {
		rule := 13
		if strings.HasSuffix(c.name, "/markup") {
			rule = 9
		}
		d.add("hostile/"+c.name, rule, "Our rule: work is bounded and nothing is sent back but tokens; here "+c.why+".", func(k *check) {
			for _, origin := range []string{k.first(), d.foreign} {
				if origin != "" {
					m := c.message
					m.origin = []string{origin}
					k.withstands(m)
				}
			}
		})
	}
}
