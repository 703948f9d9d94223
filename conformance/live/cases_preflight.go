package live

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
)

// Here are the cases about CORS-preflight requests: what may be asked for, and how.

// notSafelisted is a value that makes any header one that needs permission, as it has
// bytes that are not CORS-safelisted.
const notSafelisted = "(corskit)"

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
		r.Header.Set(headers[0], notSafelisted)
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
			r.Header.Set(name, notSafelisted)
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
		k.preflight(k.keeps)
	})
	d.add("preflight/status", 6, "Fetch, ok status: the answer to a CORS-preflight request has an ok status, and is not that of the application.", func(k *check) {
		k.preflight(func(x fetch.Exchange) {
			decision := k.decide(x)
			switch {
			case x.Status < 200 || x.Status > 299:
				k.fail("answer OPTIONS requests with Access-Control-Request-Method before authentication and routing do", "The status is %d, and browsers go on after 200 to 299 only.", x.Status)
			case x.Status != decision.Status:
				k.differ(6, "The status is %d, where the policy says %d.", x.Status, decision.Status)
			}
		})
	})
	d.add("preflight/listed/methods", 6, "Fetch, Access-Control-Allow-Methods: a page may use the methods that the policy lists, and no others.", func(k *check) {
		if d.config.MethodsFromRoutes {
			k.skip("the policy takes methods from the routes, which are not known")
			return
		}
		k.preflight(k.listsMethods)
	})
	d.add("preflight/listed/headers", 9, "Fetch, Access-Control-Allow-Headers: a page may set the headers that the policy lists, and no others.", func(k *check) {
		k.preflight(k.listsHeaders)
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

// preflight sends CORS-preflight requests that the policy permits, and has the
// answers judged.
func (k *check) preflight(judge func(fetch.Exchange)) {
	for _, origin := range k.pages() {
		if x, ok := k.send(message{origin: []string{origin}}.preflight(k.asking(origin, 0).Method)); ok {
			judge(x)
		}
	}
}
