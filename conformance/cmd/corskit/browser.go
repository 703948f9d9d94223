package main

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// message returns what Chrome says about r in a page, "" if it has nothing to
// complain about. It opens as in the console if the URL is known.
func message(r *request, d cors.Decision) string {
	f := networkError(r, d)
	if f.Reason == fetch.MethodNotAllowed || f.Reason == fetch.HeaderNotAllowed {
		f.Value = shown(f.Value) // it is the request's
	}
	if r.url == nil || d.Reason == cors.MalformedOrigin || d.Reason == cors.RepeatedOrigin {
		return f.Text()
	}
	return f.Console(fetch.Request{Origin: r.Origin.First, URL: r.url.Redacted()})
}

// networkError returns the network error that the decision about r leads to in a
// browser, if it leads to one.
func networkError(r *request, d cors.Decision) fetch.Failure {
	credentials := fetch.SameOrigin
	if r.cookie {
		credentials = fetch.Include
	}
	response := http.Header{}
	for _, h := range headers(d) {
		response.Set(h[0], h[1])
	}
	switch {
	case d.Kind == cors.NotCORS, r.fetchMode != "" && r.fetchMode != "cors", d.Status == 0 && isSameOrigin(r):
		return fetch.Failure{} // there is no CORS check
	case d.Kind == cors.Preflight, d.AllowOrigin == "" && meansPreflight(r):
		status := d.Status
		if status == 0 {
			status = http.StatusOK // the handler's, as far as one can tell
		}
		return fetch.CheckPreflight(preflightRequest(r), credentials, status, response)
	}
	return fetch.Check(fetch.Request{Origin: r.Origin.First, Credentials: credentials}, response)
}

// preflightRequest returns r as far as CheckPreflight reads it.
func preflightRequest(r *request) *http.Request {
	return &http.Request{Header: http.Header{
		"Origin":                         {r.Origin.First},
		"Access-Control-Request-Method":  {r.RequestMethod.First},
		"Access-Control-Request-Headers": append([]string{r.RequestHeaders.First}, r.RequestHeaders.More...),
	}}
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
