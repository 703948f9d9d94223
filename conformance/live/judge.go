package live

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// Here is what a response is judged by beyond what a browser does with it. Each
// aspect has a function, so that a case fails for what it is about.

// wire judges what is wrong in every response.
func (k *check) wire(x fetch.Exchange) {
	origins := x.Header["Access-Control-Allow-Origin"]
	if len(origins) > 1 {
		k.fail("have one layer alone set CORS headers, and take the others' away",
			"Access-Control-Allow-Origin is there %d times, as %s, and browsers accept it once.", len(origins), quote(origins))
	}
	if slices.Contains(origins, "*") && x.Header.Get("Access-Control-Allow-Credentials") == "true" {
		k.fail("leave Access-Control-Allow-Credentials out, or send the origin instead of *",
			"Access-Control-Allow-Credentials goes with Access-Control-Allow-Origin: *, which says that credentials are meant to be allowed to every origin.")
	}
	for _, name := range []string{"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers"} {
		if !slices.ContainsFunc(members(x.Header[name]), func(m string) bool { return !isToken(m) }) {
			continue
		}
		k.fail("send names that are tokens, and nothing that a request has sent unless it is one",
			"%s is %s, which is no list of names.", name, quote(x.Header[name]))
	}
}

// grants judges what a request gets to which the policy grants nothing.
func (k *check) grants(x fetch.Exchange, d cors.Decision) {
	origins := x.Header["Access-Control-Allow-Origin"]
	if d.AllowOrigin != "" {
		return
	}
	asked := quote(x.Request.Header["Origin"])
	switch {
	case len(origins) == 0:
		if _, ok := x.Header["Access-Control-Allow-Credentials"]; ok {
			k.differ(7, "Access-Control-Allow-Credentials is sent to an origin that is not allowed, where it has no effect.")
		}
	case d.Reason == cors.RepeatedMethod || d.Reason == cors.MalformedMethod:
		k.differ(2, "A request with a repeated or malformed Access-Control-Request-Method is granted Access-Control-Allow-Origin: %s.", quote(origins))
	case slices.Equal(origins, k.constant) && !slices.Contains(origins, "*") && !slices.ContainsFunc(x.Request.Header["Origin"], k.isConstant):
		k.differ(7, "Access-Control-Allow-Origin is %s where the Origin is not allowed, as it is without Origin.", quote(origins))
	case d.Reason == cors.RepeatedOrigin || d.Reason == cors.MalformedOrigin:
		k.fail("compare the whole Origin, byte for byte, and grant nothing if there are several or if it is no serialized origin",
			"Access-Control-Allow-Origin is %s for the Origin %s, which is malformed or repeated.", quote(origins), asked)
	default:
		k.fail("compare the whole Origin, byte for byte, with the origins of the policy",
			"Access-Control-Allow-Origin is %s for the Origin %s, which the policy does not allow.", quote(origins), asked)
	}
}

// isConstant reports whether responses to requests without Origin are for the pages
// of an origin that the policy does not allow.
func (k *check) isConstant(origin string) bool {
	return slices.Contains(k.constant, origin) && k.judge(origin).Reason != cors.Allowed
}

// discloses judges which lists a response has that grants nothing.
func (k *check) discloses(x fetch.Exchange) {
	for _, list := range []struct{ name, asked string }{
		{"Access-Control-Allow-Methods", "Access-Control-Request-Method"},
		{"Access-Control-Allow-Headers", "Access-Control-Request-Headers"},
		{"Access-Control-Expose-Headers", ""},
	} {
		listed, asked := members(x.Header[list.name]), members(x.Request.Header[list.asked])
		if slices.ContainsFunc(listed, func(m string) bool { return !containsFold(asked, m) }) {
			k.fail("send lists to allowed origins only", "%s tells an origin that is not allowed what the policy lists: %s.",
				list.name, quote(x.Header[list.name]))
		} else if len(listed) > 0 {
			k.differ(7, "%s is sent to an origin that is not allowed.", list.name)
		}
	}
}

// keeps judges for how long browsers keep the answer to a CORS-preflight request.
func (k *check) keeps(x fetch.Exchange) {
	got, want := x.Header["Access-Control-Max-Age"], []string(nil)
	fix := "leave Access-Control-Max-Age out, or set maxAge in the policy"
	if age := k.decide(x).MaxAge; age != "" {
		want, fix = []string{age}, "send Access-Control-Max-Age: "+age
	}
	if seconds(got) != seconds(want) {
		k.fail(fix, "Browsers keep the answer for %d seconds, where the policy says %d: Access-Control-Max-Age is %s.", seconds(got), seconds(want), quote(got))
	}
}

// listsMethods judges which methods the answer to a CORS-preflight request allows
// beyond the policy and the CORS-safelisted ones. What was asked for is the
// business of other cases. OPTIONS is often listed for its own sake, and a page
// that sends it does nothing.
func (k *check) listsMethods(x fetch.Exchange) {
	const list = "Access-Control-Allow-Methods"
	may := slices.Concat(k.config.AllowMethods, x.Request.Header["Access-Control-Request-Method"], []string{"GET", "HEAD", "POST"})
	for _, m := range members(x.Header[list]) {
		switch {
		case slices.Contains(may, m) || slices.Contains(may, "*") || containsFold(may[len(may)-3:], m):
		case m == http.MethodOptions:
			k.differ(6, "OPTIONS is in %s, and not in the policy.", list)
		default:
			k.fail("take "+m+" out of "+list, "Pages may use the method %s, which the policy does not list: %s is %s.", m, list, quote(x.Header[list]))
		}
	}
}

// listsHeaders does the same for headers. Those that pages cannot set, or need no
// permission for, may be in the list.
func (k *check) listsHeaders(x fetch.Exchange) {
	const list = "Access-Control-Allow-Headers"
	any := slices.Contains(k.config.AllowHeaders, "*")
	may := slices.Concat(k.config.AllowHeaders, members(x.Request.Header["Access-Control-Request-Headers"]))
	for _, name := range members(x.Header[list]) {
		asksFor, _ := fetch.Preflight(fetch.Request{URL: k.client.url.String(), Origin: x.Request.Header.Get("Origin"), Header: http.Header{http.CanonicalHeaderKey(name): {"a"}}, UseCORSPreflight: true})
		free := asksFor != nil && len(asksFor.Header["Access-Control-Request-Headers"]) == 0
		star := any && (k.config.AllowCredentials || !strings.EqualFold(name, "Authorization"))
		if !containsFold(may, name) && !free && !star {
			k.fail("take "+name+" out of "+list, "Pages may set the header %s, which the policy does not list: %s is %s.", name, list, quote(x.Header[list]))
		}
	}
}

// exposes compares which headers a script can read with what the policy says.
func (k *check) exposes(x fetch.Exchange, d cors.Decision, credentials fetch.Credentials) {
	names := append(members(x.Header["Access-Control-Expose-Headers"]), members([]string{d.ExposeHeaders})...)
	for name := range x.Header {
		names = append(names, name)
	}
	names = append(names, "X-Corskit")
	have := http.Header{}
	for _, name := range names {
		if name != "*" && !strings.HasPrefix(http.CanonicalHeaderKey(name), "Access-Control-") {
			have.Set(name, "1")
		}
	}
	readable := func(list []string) http.Header {
		h := have.Clone()
		h["Access-Control-Expose-Headers"] = list
		return fetch.Exposed(fetch.Request{Credentials: credentials}, h)
	}
	got, want := readable(x.Header["Access-Control-Expose-Headers"]), readable([]string{d.ExposeHeaders})
	for _, name := range slices.Sorted(maps.Keys(have)) {
		_, can := got[name]
		_, may := want[name]
		switch {
		case can && !may:
			k.fail("leave "+name+" out of Access-Control-Expose-Headers",
				"Scripts can read %s, which the policy does not expose: Access-Control-Expose-Headers is %s.", name, quote(x.Header["Access-Control-Expose-Headers"]))
		case may && !can:
			k.fail("add "+name+" to Access-Control-Expose-Headers"+instead(fetch.Request{Credentials: credentials}),
				"Scripts cannot read %s, which the policy exposes: Access-Control-Expose-Headers is %s.", name, quote(x.Header["Access-Control-Expose-Headers"]))
		}
	}
}

// vary judges whether a cache can tell responses to different origins apart.
func (k *check) vary(x fetch.Exchange) {
	origins := x.Header["Access-Control-Allow-Origin"]
	has := names(x, "Origin")
	switch {
	case k.varies && !has:
		k.fail("add Origin to Vary on every response, whether there is an Origin or not; add, and do not overwrite",
			"Vary is %s, but Access-Control-Allow-Origin depends on Origin: a cache hands the response to pages of other origins.", quote(x.Header["Vary"]))
	case !k.varies && !has && len(origins) > 0 && !slices.Equal(origins, k.constant):
		k.fail("send the same Access-Control-Allow-Origin always, or add Origin to Vary on every response",
			"Access-Control-Allow-Origin is %s here and %s elsewhere, and Vary is %s: a cache hands the response to pages of other origins.",
			quote(origins), quote(k.constant), quote(x.Header["Vary"]))
	case !k.varies && has && slices.Contains(k.constant, "*"):
		k.differ(8, "Vary names Origin, though every origin gets the same response: caches keep one for each.")
	}
}

// varyAll judges all responses of the case so.
func (k *check) varyAll() {
	for i, x := range k.result.Exchanges {
		if k.judged = i; x.Status != 0 {
			k.vary(x)
		}
	}
}

// names reports whether Vary names a header.
func names(x fetch.Exchange, header string) bool {
	vary := members(x.Header["Vary"])
	return slices.Contains(vary, "*") || containsFold(vary, header)
}

// survives judges whether the server fails on what was sent.
func (k *check) survives(x fetch.Exchange) {
	if x.Status >= 500 && k.plain.Status < 500 {
		k.fail("answer 400 to what cannot be read, and read nothing that need not be", "The server fails on the request: its status is %d.", x.Status)
	}
}

// seconds returns how long a browser keeps the answer to a CORS-preflight request:
// https://fetch.spec.whatwg.org/#cors-preflight-fetch-0, steps 7.8 and 7.9.
func seconds(lines []string) int {
	if len(lines) == 1 {
		if n, err := strconv.ParseUint(strings.Trim(lines[0], " \t"), 10, 31); err == nil {
			return int(n)
		}
	}
	return 5
}

// isRefusal reports whether a status says that a request was not acted upon.
func isRefusal(status int) bool { return 400 <= status && status <= 499 }
