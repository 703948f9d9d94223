package fetch

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Check is the CORS check, made on the headers of the response to r, or to r's
// CORS-preflight request. It looks at r's Origin and Credentials alone. See
// https://fetch.spec.whatwg.org/#concept-cors-check
func Check(r Request, response http.Header) Failure {
	origin, ok := get(response, "Access-Control-Allow-Origin") // step 1
	switch {
	case !ok: // step 2
		return Failure{Reason: MissingAllowOrigin}
	case origin == "*" && r.Credentials != Include: // step 3
		return Failure{}
	case origin == "*": // this and the next are step 4, for which Chromium has four texts
		return Failure{Reason: WildcardAllowOrigin, Value: origin}
	case origin != r.Origin:
		return Failure{Reason: mismatch(origin), Value: origin}
	case r.Credentials != Include: // step 5
		return Failure{}
	}
	credentials, _ := get(response, "Access-Control-Allow-Credentials") // step 6
	if credentials != "true" {                                          // steps 7 and 8
		return Failure{Reason: InvalidAllowCredentials, Value: credentials}
	}
	return Failure{}
}

// mismatch says what is wrong with a value that is not the request's origin.
func mismatch(origin string) Reason {
	if strings.ContainsAny(origin, " ,") {
		return MultipleAllowOrigins
	}
	u, err := url.Parse(origin)
	if origin != "null" && (err != nil || u.Scheme == "" || isHTTP(origin) && u.Host == "") {
		return InvalidAllowOrigin
	}
	return AllowOriginMismatch
}

// CheckPreflight judges the response to a CORS-preflight request p of a request
// with the given credentials mode, as steps 7 and 8 of the CORS-preflight fetch
// do: https://fetch.spec.whatwg.org/#cors-preflight-fetch-0. What p asks for is
// read from its Origin, Access-Control-Request-Method and
// Access-Control-Request-Headers.
//
// The standard knows one network error; the order in which the causes are found
// is Chromium's. Step 7.4 has a say in what is cached only: a method needs no
// less permission for the use-CORS-preflight flag being set.
func CheckPreflight(p *http.Request, credentials Credentials, status int, response http.Header) Failure {
	if _, ok := get(response, "Location"); ok && isRedirect(status) { // step 8, as for any status that is not ok
		return Failure{Reason: PreflightRedirect, Preflight: true}
	}
	f := Check(Request{Origin: p.Header.Get("Origin"), Credentials: credentials}, response) // step 7
	if f.Reason == None && (status < 200 || status > 299) {                                 // https://fetch.spec.whatwg.org/#ok-status
		f = Failure{Reason: PreflightStatus}
	}
	if f.Reason != None { // step 8
		f.Preflight = true
		return f
	}
	methods, ok := listValues(response, "Access-Control-Allow-Methods") // steps 7.1 and 7.3
	if !ok {
		return Failure{Reason: InvalidAllowMethods, Preflight: true}
	}
	headerNames, ok := listValues(response, "Access-Control-Allow-Headers") // steps 7.2 and 7.3
	if !ok {
		return Failure{Reason: InvalidAllowHeaders, Preflight: true}
	}
	wildcard := func(list []string, name string) bool { // what is no token is no name, which wire formats may not tell
		return credentials != Include && slices.Contains(list, "*") && isToken(name)
	}
	method := p.Header.Get("Access-Control-Request-Method")
	if !slices.Contains(methods, method) && !isSafelistedMethod(method) && !wildcard(methods, method) { // step 7.5
		return Failure{Reason: MethodNotAllowed, Preflight: true, Value: method}
	}
	for _, name := range requested(p) { // steps 7.6 and 7.7
		if !containsFold(headerNames, name) && (isNonWildcard(name) || !wildcard(headerNames, name)) {
			return Failure{Reason: HeaderNotAllowed, Preflight: true, Value: name}
		}
	}
	return Failure{}
}

// requested returns the CORS-unsafe request-header names that p asks for.
func requested(p *http.Request) (names []string) {
	for _, line := range p.Header["Access-Control-Request-Headers"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.ToLower(strings.Trim(name, " \t")); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// Exposed returns what of the headers of the response to r a script can read,
// once the CORS check has passed. It looks at r's Credentials alone. See
// https://fetch.spec.whatwg.org/#concept-main-fetch, step 14, and
// https://fetch.spec.whatwg.org/#concept-filtered-response-cors
func Exposed(r Request, response http.Header) http.Header {
	exposed, _ := listValues(response, "Access-Control-Expose-Headers") // step 14.1.1; a failure exposes nothing
	all := r.Credentials != Include && slices.Contains(exposed, "*")    // step 14.1.2
	return filtered(response, func(name string) bool {
		return all || containsFold(exposed, name) || isSafelistedResponseHeader(name)
	})
}

// filtered returns the headers that keep says yes to, without the forbidden
// ones.
func filtered(response http.Header, keep func(name string) bool) http.Header {
	readable := http.Header{}
	for name, values := range response {
		if !isForbiddenResponseHeader(name) && keep(name) {
			readable[name] = slices.Clone(values)
		}
	}
	return readable
}

// get returns the value of a header, its field lines combined; false if it is
// not there: https://fetch.spec.whatwg.org/#concept-header-list-get
func get(h http.Header, name string) (value string, ok bool) {
	lines := slices.Clone(h[name])
	for i, line := range lines {
		lines[i] = strings.Trim(line, " \t")
	}
	return strings.Join(lines, ", "), len(lines) > 0
}

// listValues extracts header list values, all of which are lists of tokens with
// any number of empty members: https://fetch.spec.whatwg.org/#extract-header-list-values
// and https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1. The result is nil if
// the header is not there, and false stands for failure.
func listValues(h http.Header, name string) (values []string, ok bool) {
	if len(h[name]) == 0 { // step 1
		return nil, true
	}
	values = []string{}
	for _, line := range h[name] { // step 4
		for value := range strings.SplitSeq(line, ",") {
			switch value = strings.Trim(value, " \t"); {
			case value == "":
			case !isToken(value):
				return nil, false
			default:
				values = append(values, value)
			}
		}
	}
	return values, true
}

func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}
