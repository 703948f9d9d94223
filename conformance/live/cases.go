package live

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// unsafe is a value that makes any header one that needs permission, as it has
// bytes that are not CORS-safelisted.
const unsafe = "(corskit)"

// derive makes the cases of the policy.
func (s *Suite) derive(c *client, more []string) {
	d := &derivation{Suite: s, own: c.origin(), method: c.target.Method, seen: map[string]bool{}}
	refused := d.chooseOrigins(more)
	d.origins(refused)
	d.methods()
	d.headers()
	d.preflights()
	d.responses()
	d.varies()
	d.rejects()
	d.errors(c)
	d.options()
	d.hostile()
}

// A derivation adds cases to a suite.
type derivation struct {
	*Suite
	own      string // the server's own origin
	method   string
	patterns []pattern // those that are asked about
	seen     map[string]bool
}

// add adds a case, unless there is one of that name.
func (d *derivation) add(name string, rule int, clause string, run func(*check)) {
	if !d.seen[name] {
		d.seen[name] = true
		d.cases = append(d.cases, Case{Name: name, Rule: rule, Clause: clause, run: run})
	}
}

// inName writes an origin as an element of a case's name.
func inName(origin string) string { return strings.Replace(origin, "://", ":", 1) }

// judge returns what the policy decides about an origin.
func (s *Suite) judge(origin string) cors.Decision {
	return s.policy.Decide(context.Background(), cors.Request{Method: "GET", Origin: cors.NewLines([]string{origin})})
}

// chooseOrigins chooses the origins that are asked as. It returns those that are
// refused.
func (d *derivation) chooseOrigins(more []string) (refused []nearMiss) {
	var list []string
	for _, o := range d.config.AllowOrigins {
		if o != "null" && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	d.listed = len(list)
	list = sample(list, mostPatterns)
	d.asked = len(list)
	foreign := []nearMiss{
		{"https://corskit.example", "one that has nothing to do with the policy"},
		{"https://corskit.test", "one that has nothing to do with the policy"},
		{"https://corskit.invalid", "one that has nothing to do with the policy"},
	}
	others := []nearMiss{
		{"null", "null, which any site can be by a sandboxed frame"},
		{"http://localhost", "a program on the user's own machine"},
		{"http://localhost:3000", "a program on the user's own machine, on a port"},
		{"http://127.0.0.1", "the user's own machine by its address"},
	}
	if slices.Contains(list, "*") {
		d.allowed = []string{"https://app.example.com", "http://localhost:3000", "null"}
	} else {
		for _, o := range list {
			p := split(o)
			d.patterns = append(d.patterns, p)
			d.allowed = append(d.allowed, p.inside()...)
			others = append(others, p.outside()...)
		}
		for i := 1; i < len(d.patterns); i++ {
			others = append(others, joined(d.patterns[i-1], d.patterns[i])...)
			others = append(others, joined(d.patterns[i], d.patterns[i-1])...)
		}
	}
	for _, o := range more {
		if d.judge(o).Reason == cors.Allowed {
			d.allowed = append(d.allowed, o)
		}
		others = append(others, nearMiss{o, "one that was named"})
	}
	if d.config.DangerouslyAllowNullOrigin && !slices.Contains(d.allowed, "null") {
		d.allowed = append(d.allowed, "null")
	}
	for _, o := range foreign {
		if d.foreign == "" && d.judge(o.origin).Reason != cors.Allowed {
			d.foreign = o.origin
			refused = append(refused, o)
		}
	}
	for _, o := range others {
		if d.judge(o.origin).Reason != cors.Allowed && !slices.ContainsFunc(refused, func(r nearMiss) bool { return r.origin == o.origin }) {
			refused = append(refused, o)
		}
	}
	return refused
}

// The credentials modes in which a page asks. "omit" is like "same-origin" to
// another origin.
var modes = []struct {
	name        string
	credentials fetch.Credentials
}{{"same-origin", fetch.SameOrigin}, {"include", fetch.Include}}

// ownCookie is the Cookie header of requests with the credentials mode include,
// if the target has none.
const ownCookie = "corskit=1"

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

// asking is a request that needs a CORS-preflight request, which the policy
// permits. It is what a browser sends for a page that listens to the progress of
// an upload, unless the policy lists something that needs permission by itself.
func (s *Suite) asking(origin string, credentials fetch.Credentials) fetch.Request {
	r := fetch.Request{Origin: origin, Method: "POST", Credentials: credentials, UseCORSPreflight: true}
	switch methods := s.spelled(s.config.AllowMethods, "PUT"); {
	case s.config.MethodsFromRoutes:
		r.Method = s.target.Method
	case len(methods) > 0:
		r.Method = methods[0]
	}
	if headers := s.spelled(s.config.AllowHeaders, "X-Corskit"); len(headers) > 0 {
		r.Header = http.Header{}
		r.Header.Set(headers[0], unsafe)
	}
	return r
}

// spelled returns a list with examples in the place of "*".
func (s *Suite) spelled(list []string, examples ...string) (names []string) {
	for _, name := range list {
		if name == "*" {
			names = append(names, examples...)
		} else if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// some is the first allowed origin of a page that is not the server's own; it is
// "" and the case not applicable if the policy lists none.
func (k *check) some() string {
	origin := k.first()
	if origin == "" {
		k.skip("no origin is known that the policy allows and that is not the server's own: name one with its own origins")
	}
	return origin
}

// bothModes has a page of some allowed origin make a request, with each
// credentials mode, of which the server sees the CORS-preflight request alone.
func (k *check) bothModes(r fetch.Request) {
	if r.Origin = k.some(); r.Origin == "" {
		return
	}
	for _, mode := range modes {
		r.Credentials = mode.credentials
		k.browser(r, false)
	}
}

// methods: which methods a page may use.
func (d *derivation) methods() {
	clause := "Fetch, CORS-preflight fetch, step 7.5: "
	for _, m := range []string{"GET", "HEAD", "POST"} {
		d.add("preflight/method/"+m, 6, clause+"a CORS-safelisted method needs no permission, here "+m+".", func(k *check) {
			k.bothModes(fetch.Request{Method: m, UseCORSPreflight: true})
		})
	}
	for _, m := range sample(d.spelled(d.config.AllowMethods, "PUT", "PURGE", "purge"), mostNames) {
		d.add("preflight/method/"+m, 6, clause+"a method that the policy lists is permitted, here "+m+".", func(k *check) {
			if d.config.MethodsFromRoutes && m != d.method {
				k.skip("the policy takes methods from the routes, of which %s alone is known", d.method)
				return
			}
			k.bothModes(fetch.Request{Method: m, UseCORSPreflight: true})
		})
	}
	for _, m := range []string{"PUT", "PATCH", "DELETE", "CORSKIT"} {
		if slices.ContainsFunc(d.config.AllowMethods, func(a string) bool { return strings.EqualFold(a, m) || a == "*" }) {
			continue
		}
		d.add("preflight/method-not-allowed/"+m, 6, clause+"a method that the policy does not list is not permitted, here "+m+".", func(k *check) {
			if d.config.MethodsFromRoutes {
				k.skip("the policy takes methods from the routes, which are not known")
				return
			}
			k.bothModes(fetch.Request{Method: m})
			k.sameAnswer()
		})
	}
}

// sameAnswer tells where the server answers by what it is asked for.
func (k *check) sameAnswer() {
	for _, x := range k.result.Exchanges {
		if d := k.decide(x); x.Status != 0 && d.Status != 0 && x.Status != d.Status && isRefusal(x.Status) {
			k.differ(6, "What is not allowed is refused by status %d, so that the browser's console does not name the cause.", x.Status)
		}
	}
}

// headers: which headers a page may set, and how it may ask for them.
func (d *derivation) headers() {
	clause := "Fetch, CORS-preflight fetch, step 7.7: "
	listed := d.spelled(d.config.AllowHeaders, "X-Corskit", "X-Other", "X-Third")
	some := sample(listed, mostNames)
	with := func(names ...string) fetch.Request {
		r := fetch.Request{Method: d.method, UseCORSPreflight: true, Header: http.Header{}}
		for _, name := range names {
			r.Header.Set(name, unsafe)
		}
		return r
	}
	for _, name := range some {
		d.add("preflight/header/"+name, 9, clause+"a header that the policy lists is permitted, here "+name+".", func(k *check) { k.bothModes(with(name)) })
	}
	if len(some) > 0 {
		d.add("preflight/headers/all", 9, clause+"several headers that the policy lists are permitted together.", func(k *check) { k.bothModes(with(some...)) })
		d.spellings(some)
	}
	unknown := "X-Corskit-Unlisted"
	if slices.Contains(d.config.AllowHeaders, "*") {
		unknown = "Authorization"
	}
	if !containsFold(listed, unknown) && !(unknown == "Authorization" && d.config.AllowCredentials) {
		d.add("preflight/header-not-allowed", 9, clause+"a header that the policy does not list is not permitted, here "+unknown+".", func(k *check) {
			k.bothModes(with(append(slices.Clone(some), unknown)...))
			k.sameAnswer()
		})
	}
}

// spellings: other ways to write the list of requested headers.
func (d *derivation) spellings(names []string) {
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	slices.Sort(lower)
	reversed := slices.Clone(lower)
	slices.Reverse(reversed)
	lines := lower
	if slices.Contains(d.config.AllowHeaders, "*") {
		lines = nil
		for i := range 40 {
			lines = append(lines, fmt.Sprintf("x-corskit-%02d", i))
		}
	}
	for _, c := range []struct {
		name, clause string
		lines        []string
		least        int
		strict       bool // what comes between a page and the server may write it so
	}{
		{"blanks", "RFC 9110, 5.6.1: a list may have blanks around its commas.", []string{strings.Join(lower, " , ")}, 2, true},
		{"lines", "RFC 9110, 5.3: a list may be spread over several lines.", lines, 2, true},
		{"upper-case", "RFC 9110, 5.1: field names have no case.", []string{strings.ToUpper(strings.Join(lower, ","))}, 1, false},
		{"unsorted", "RFC 9110, 5.6.1: a list of names has no order.", []string{strings.Join(reversed, ",")}, 2, false},
	} {
		d.add("preflight/headers/"+c.name, 9, c.clause, func(k *check) {
			origin := k.some()
			if origin == "" {
				return
			}
			if len(names) < c.least {
				k.skip("the policy lists fewer than %d headers", c.least)
				return
			}
			r := d.asking(origin, fetch.SameOrigin)
			if d.config.AllowCredentials {
				r.Credentials = fetch.Include
			}
			x, ok := k.send(message{origin: []string{origin}, requestHeaders: c.lines}.preflight(r.Method))
			if !ok {
				return
			}
			k.wire(x)
			f := fetch.CheckPreflight(x.Request, r.Credentials, x.Status, x.Header)
			switch {
			case f.Reason == fetch.None:
			case c.strict:
				r.URL = k.client.url.String()
				k.result.Browser = f.Console(r)
				k.fail("read all lines of Access-Control-Request-Headers, and take blanks away, or answer with the whole list whatever is asked for",
					"A list of allowed headers is refused that an intermediary may have written: %s", reason(f))
			default:
				k.differ(9, "A list of allowed headers is refused as it is not written as browsers write it: %s", reason(f))
			}
		})
	}
}

// preflights: what else is in the answer to a CORS-preflight request.
func (d *derivation) preflights() {
	d.add("preflight/max-age", 6, "Fetch, Access-Control-Max-Age: browsers keep the answer for as long as the policy says, or five seconds if it does not.", func(k *check) {
		x, ok := k.preflight()
		if !ok {
			return
		}
		got, want := x.Header["Access-Control-Max-Age"], []string(nil)
		decision := k.decide(x)
		if decision.MaxAge != "" {
			want = []string{decision.MaxAge}
		}
		if seconds(got) != seconds(want) {
			fix := "send Access-Control-Max-Age: " + decision.MaxAge
			if decision.MaxAge == "" {
				fix = "leave Access-Control-Max-Age out, or set maxAge in the policy"
			}
			k.fail(fix, "Browsers keep the answer for %d seconds, where the policy says %d: Access-Control-Max-Age is %s.", seconds(got), seconds(want), quote(got))
		}
	})
	d.add("preflight/status", 6, "Fetch, ok status: the answer to a CORS-preflight request has an ok status, and is not that of the application.", func(k *check) {
		x, ok := k.preflight()
		if !ok {
			return
		}
		decision := k.decide(x)
		switch {
		case x.Status < 200 || x.Status > 299:
			k.fail("answer OPTIONS requests with Access-Control-Request-Method before authentication and routing do", "The status is %d, and browsers go on after 200 to 299 only.", x.Status)
		case x.Status != decision.Status:
			k.differ(6, "The status is %d, where the policy says %d.", x.Status, decision.Status)
		}
	})
	d.add("preflight/private-network", 6, "Private Network Access: a policy that says nothing of private networks opens none.", func(k *check) {
		origin := k.some()
		if origin == "" {
			return
		}
		x, ok := k.send(message{origin: []string{origin}, more: http.Header{"Access-Control-Request-Private-Network": {"true"}}}.preflight(d.asking(origin, 0).Method))
		if ok && x.Header.Get("Access-Control-Allow-Private-Network") != "" {
			k.fail("leave Access-Control-Allow-Private-Network out", "Access-Control-Allow-Private-Network is %s, which the policy does not say.", quote(x.Header["Access-Control-Allow-Private-Network"]))
		}
	})
}

// preflight sends a CORS-preflight request that the policy permits. It is false if
// there is nothing to judge.
func (k *check) preflight() (x fetch.Exchange, ok bool) {
	origin := k.some()
	if origin == "" {
		return x, false
	}
	return k.send(message{origin: []string{origin}}.preflight(k.asking(origin, 0).Method))
}

// responses: the headers of actual responses, and what only their sender sees.
func (d *derivation) responses() {
	for _, mode := range modes {
		if mode.credentials == fetch.Include && !d.config.AllowCredentials {
			continue
		}
		d.add("actual/exposed/"+mode.name, 8, "Fetch, CORS-exposed header-name list: scripts can read what the policy exposes, and nothing else, here with the credentials mode "+mode.name+".", func(k *check) {
			origin := k.some()
			if origin == "" {
				return
			}
			if x, ok := k.send(message{origin: []string{origin}}); ok {
				k.exposes(x, k.decide(x), mode.credentials)
			}
		})
	}
	if d.foreign != "" {
		d.add("lists/actual", 8, "Our rule: lists are for allowed origins; here in an actual response.", func(k *check) {
			if x, ok := k.send(message{origin: []string{d.foreign}}); ok {
				k.discloses(x)
			}
		})
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

// varies: whether caches can tell.
func (d *derivation) varies() {
	const clause = "Fetch, \"CORS protocol and HTTP caches\": a response that depends on Origin says so"
	for _, c := range []struct {
		name, where string
		message     func(*check) (message, bool)
	}{
		{"allowed", "with an allowed origin", func(k *check) (message, bool) {
			origin := k.some()
			return message{origin: []string{origin}}, origin != ""
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
	} {
		if d.foreign == "" && strings.HasSuffix(c.name, "refused") {
			continue
		}
		d.add("vary/"+c.name, 8, clause+"; here "+c.where+".", func(k *check) {
			m, ok := c.message(k)
			if !ok {
				return
			}
			if x, ok := k.send(m); ok {
				k.vary(x)
			}
		})
	}
	d.add("vary/of-the-request", 8, "Our rule: the Vary header of a request says nothing, and is not sent back.", func(k *check) {
		for _, origin := range []string{k.first(), d.foreign} {
			if origin == "" {
				continue
			}
			for _, m := range []message{{}, message{}.preflight("PUT")} {
				m.origin, m.more = []string{origin}, http.Header{"Vary": {"X-Corskit"}}
				x, ok := k.send(m)
				if ok && slices.Contains(members(x.Header["Vary"]), "X-Corskit") {
					k.fail("make Vary of what the response depends on, and never of the request's", "Vary is %s, which is what the request's Vary says.", quote(x.Header["Vary"]))
				}
				if ok {
					k.vary(x)
				}
			}
		}
	})
	d.add("vary/preflight-asks", 8, "RFC 9110, 12.5.5: the answer to a CORS-preflight request names the request headers that it depends on.", varyByAsking)
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
}

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
	allowed := "https://app.example.com"
	for _, o := range d.allowed {
		if strings.Contains(o, "://") {
			allowed = o
			break
		}
	}
	var subs []pattern
	for _, p := range d.patterns {
		if p.subs {
			subs = append(subs, p)
		}
	}
	judge := func(k *check, m message) {
		if x, ok := k.send(m); ok {
			k.wire(x)
			k.survives(x)
			k.grants(x, k.decide(x))
		}
	}
	for _, s := range shapes(allowed, subs) {
		clause := "Our rule: what is no serialized origin, or is there twice, is granted nothing; here " + s.why + "."
		d.add("hostile/origin/"+s.name, 2, clause, func(k *check) {
			judge(k, message{origin: s.lines})
			judge(k, message{origin: s.lines}.preflight("PUT"))
		})
	}
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
		d.add("hostile/"+c.name, 13, "Our rule: work is bounded and nothing is sent back but tokens; here "+c.why+".", func(k *check) {
			for _, origin := range []string{k.first(), d.foreign} {
				if origin != "" {
					m := c.message
					m.origin = []string{origin}
					judge(k, m)
				}
			}
		})
	}
	if d.foreign != "" {
		d.add("hostile/host", 3, "Our rule: what Host says has no say in which origins are allowed; here localhost.", func(k *check) {
			m := message{origin: []string{d.foreign}, host: "localhost"}
			judge(k, m)
			judge(k, m.preflight("PUT"))
		})
	}
}
