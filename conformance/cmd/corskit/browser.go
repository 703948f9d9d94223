package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	cors "github.com/corskit/corskit/core"
)

// What Chrome prints to the console of the page.
const (
	noAllowOrigin       = "No 'Access-Control-Allow-Origin' header is present on the requested resource."
	wildcardOrigin      = "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'."
	noAllowCredentials  = "The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' when the request's credentials mode is 'include'."
	methodNotAllowed    = "Method %s is not allowed by Access-Control-Allow-Methods in preflight response."
	headerNotAllowed    = "Request header field %s is not allowed by Access-Control-Allow-Headers in preflight response."
	preflightNotAllowed = "Response to preflight request doesn't pass access control check: "
)

// message returns what Chrome says about r in a page, "" if it has nothing to
// complain about. It opens as in the console if the URL is known.
func message(r *request, d cors.Decision) string {
	problem := problem(r, d)
	if problem == "" || r.url == nil || d.Reason == cors.MalformedOrigin || d.Reason == cors.RepeatedOrigin {
		return problem
	}
	return fmt.Sprintf("Access to fetch at '%s' from origin '%s' has been blocked by CORS policy: %s",
		r.url.Redacted(), r.Origin.First, problem)
}

func problem(r *request, d cors.Decision) string {
	switch {
	case d.Kind == cors.NotCORS, r.fetchMode != "" && r.fetchMode != "cors":
		return "" // there is no CORS check
	case d.AllowOrigin == "" && d.Status == 0 && isSameOrigin(r):
		return ""
	case d.AllowOrigin == "" && meansPreflight(r):
		return preflightNotAllowed + noAllowOrigin
	case d.AllowOrigin == "":
		return noAllowOrigin
	case d.Reason == cors.MethodNotAllowed:
		return fmt.Sprintf(methodNotAllowed, shown(r.RequestMethod.First))
	case d.Reason == cors.HeaderNotAllowed:
		if name := refusedHeader(r, d); name != "" {
			return fmt.Sprintf(headerNotAllowed, shown(strings.ToLower(name)))
		}
		return "" // no browser sends such a list, nor does its order matter to one
	case r.cookie && d.AllowOrigin == "*":
		return wildcardOrigin
	case r.cookie && d.AllowCredentials == "":
		return noAllowCredentials
	}
	return ""
}

// meansPreflight reports whether a browser would take the answer for that to a
// CORS-preflight request, which r may be too malformed to be.
func meansPreflight(r *request) bool {
	return r.Method == "OPTIONS" && r.RequestMethod.N > 0
}

// isSameOrigin reports whether r comes from a page of the server's own, whose
// browser makes no CORS check.
func isSameOrigin(r *request) bool {
	if r.SecFetchSite != "" {
		return r.SecFetchSite == "same-origin" || r.SecFetchSite == "none"
	}
	scheme, host, ok := strings.Cut(r.Origin.First, "://")
	if !ok || r.url != nil && r.url.Scheme != scheme {
		return false
	}
	defaultPort := map[string]string{"https": ":443", "http": ":80"}[scheme]
	return host == strings.TrimSuffix(r.Host, defaultPort)
}

// refusedHeader returns the first requested header that the answer does not
// allow. If the decision does not name it, the list was refused for its shape.
func refusedHeader(r *request, d cors.Decision) string {
	if d.Header != "" {
		return d.Header
	}
	allowed := strings.Split(strings.ToLower(d.AllowHeaders), ",")
	for _, line := range append([]string{r.RequestHeaders.First}, r.RequestHeaders.More...) {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.Trim(name, " \t")
			if name != "" && d.AllowHeaders != "*" && !slices.Contains(allowed, strings.ToLower(name)) {
				return name
			}
		}
	}
	return ""
}

// shown returns a token as it is, and anything else quoted and cut.
func shown(s string) string {
	const most = 120
	if isToken(s) && len(s) <= most {
		return s
	}
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
