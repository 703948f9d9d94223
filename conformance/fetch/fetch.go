package fetch

import (
	"context"
	"net/http"
	"net/url"
)

// Result is what a script gets.
type Result uint8

const (
	// Blocked: a network error. The server may have acted on the request all
	// the same: see [Outcome.Sent].
	Blocked Result = iota

	// Opaque: an opaque filtered response, of which scripts can read nothing:
	// https://fetch.spec.whatwg.org/#concept-filtered-response-opaque
	Opaque

	// Readable: the response, with the headers that are in [Outcome.Header].
	Readable
)

// String returns "blocked", "opaque" or "readable".
func (r Result) String() string {
	switch r {
	case Blocked:
		return "blocked"
	case Opaque:
		return "opaque"
	case Readable:
		return "readable"
	}
	return "unknown"
}

// An Outcome is what comes of a [Request].
type Outcome struct {
	// Result is what the script gets.
	Result Result

	// Failure says why the Result is Blocked.
	Failure Failure

	// Err is the transport's error if the failure is NoResponse.
	Err error

	// Status and Header are what a script can read of the response, if it can
	// read it.
	Status int
	Header http.Header

	// Sent holds what was sent, in order, and what came back.
	Sent []Exchange
}

// An Exchange is a request that was sent to the server, and its response.
type Exchange struct {
	Request   *http.Request
	Preflight bool        // the request is a CORS-preflight request
	Status    int         // 0 if there was no response
	Header    http.Header // all of the response's
}

// Preflights returns the number of CORS-preflight requests that were sent.
func (o Outcome) Preflights() int {
	n := 0
	for _, x := range o.Sent {
		if x.Preflight {
			n++
		}
	}
	return n
}

// Fetch fetches r, as main fetch does: https://fetch.spec.whatwg.org/#main-fetch.
// It sends requests by send, which must not follow redirects, such as the
// RoundTrip method of an http.Transport; the bodies of the responses are closed
// unread. The cache may be nil. Fetch may be called concurrently if send may.
func Fetch(ctx context.Context, r Request, send func(*http.Request) (*http.Response, error), cache *Cache) Outcome {
	constructed, failure := r.construct()
	f := fetcher{ctx: ctx, send: send, cache: cache, request: constructed}
	var response *http.Response
	if failure.Reason == None {
		response, failure = f.mainFetch()
	}
	o := &f.outcome
	switch { // step 14.2
	case failure.Reason != None:
		o.Failure = failure
		if f.request.URL != constructed.URL {
			o.Failure.URL = f.request.URL
		}
	case f.tainting == opaque:
		o.Result = Opaque
	case f.tainting == cors:
		o.Result, o.Status, o.Header = Readable, response.StatusCode, Exposed(r, response.Header)
	default:
		all := func(string) bool { return true }
		o.Result, o.Status, o.Header = Readable, response.StatusCode, filtered(response.Header, all)
	}
	return *o
}

// A fetcher is the state of a fetch. Its request changes at redirects.
type fetcher struct {
	ctx       context.Context
	send      func(*http.Request) (*http.Response, error)
	cache     *Cache
	request   Request
	tainting  tainting
	redirects int
	outcome   Outcome
}

// mainFetch is step 12 of https://fetch.spec.whatwg.org/#concept-main-fetch.
func (f *fetcher) mainFetch() (*http.Response, Failure) {
	r := &f.request
	switch {
	case originOf(r.URL) == r.Origin && f.tainting == basic && isHTTP(r.URL):
		return f.httpFetch(false)
	case r.Mode == ModeSameOrigin:
		return nil, Failure{Reason: DisallowedByMode, Value: r.Origin}
	case !isHTTP(r.URL): // also for no-cors, whose other schemes need no server
		return nil, Failure{Reason: UnsupportedScheme, Value: scheme(r.URL)}
	case r.Mode == ModeNoCORS:
		f.tainting = opaque
		return f.httpFetch(false)
	case r.needsPreflight():
		f.tainting = cors
		response, failure := f.httpFetch(true)
		if failure.Reason != None {
			f.cache.clear(*r)
		}
		return response, failure
	default:
		f.tainting = cors
		return f.httpFetch(false)
	}
}

// httpFetch is steps 4 to 6 of https://fetch.spec.whatwg.org/#concept-http-fetch.
func (f *fetcher) httpFetch(makeCORSPreflight bool) (*http.Response, Failure) {
	if makeCORSPreflight && !f.cache.permits(f.request) { // step 4.1
		if failure := f.preflightFetch(); failure.Reason != None {
			return nil, failure
		}
	}
	actual, err := f.request.actual(f.ctx, f.tainting)
	response, failure := f.networkFetch(actual, err, false) // step 4.3
	if failure.Reason != None {
		return nil, failure
	}
	if f.tainting == cors { // step 4.4
		if failure := Check(f.request, response.Header); failure.Reason != None {
			return nil, failure
		}
	}
	if isRedirect(response.StatusCode) { // step 6
		return f.redirectFetch(response)
	}
	return response, Failure{}
}

// preflightFetch is https://fetch.spec.whatwg.org/#cors-preflight-fetch-0.
func (f *fetcher) preflightFetch() Failure {
	p, err := f.request.preflight(f.ctx)
	response, failure := f.networkFetch(p, err, true) // step 6
	if failure.Reason != None {
		return failure
	}
	failure = CheckPreflight(p, f.request.Credentials, response.StatusCode, response.Header) // step 7
	if failure.Reason == None {
		f.cache.store(f.request, response.Header)
	}
	return failure
}

// networkFetch stands for https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch.
// The error is that of making the request.
func (f *fetcher) networkFetch(r *http.Request, err error, preflight bool) (*http.Response, Failure) {
	var response *http.Response
	if err == nil {
		f.outcome.Sent = append(f.outcome.Sent, Exchange{Request: r, Preflight: preflight})
		response, err = f.send(r)
	}
	if err != nil {
		f.outcome.Err = err
		return nil, Failure{Reason: NoResponse, Preflight: preflight}
	}
	if response.Body != nil {
		response.Body.Close()
	}
	x := &f.outcome.Sent[len(f.outcome.Sent)-1]
	x.Status, x.Header = response.StatusCode, response.Header
	return response, Failure{}
}

// redirectFetch is https://fetch.spec.whatwg.org/#concept-http-redirect-fetch.
func (f *fetcher) redirectFetch(response *http.Response) (*http.Response, Failure) {
	r := &f.request
	location, ok := get(response.Header, "Location") // step 3
	if !ok {                                         // step 4
		return response, Failure{}
	}
	current, err := url.Parse(r.URL)
	if err != nil {
		return nil, Failure{Reason: InvalidRequest, Value: r.URL} // but construct has parsed it
	}
	next, err := current.Parse(location)
	if err != nil || !isHTTP(next.String()) || f.redirects == 20 { // steps 5 to 7
		return nil, Failure{Reason: InvalidRedirect, Value: location}
	}
	f.redirects++ // step 8
	next.Fragment, next.RawFragment = "", ""
	from, to := originOf(r.URL), originOf(next.String())
	if next.User != nil && r.Mode == ModeCORS && (r.Origin != to || f.tainting == cors) { // steps 9 and 10
		return nil, Failure{Reason: RedirectCredentials, Value: location}
	}
	switch status := response.StatusCode; { // step 12
	case (status == 301 || status == 302) && r.Method == "POST",
		status == 303 && r.Method != "GET" && r.Method != "HEAD":
		r.Method = "GET"
		// https://fetch.spec.whatwg.org/#request-body-header-name
		for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Location", "Content-Type"} {
			r.Header.Del(name)
		}
	}
	if from != to { // step 13
		r.Header.Del("Authorization")
		r.Cookie = "" // those of the other origin are not known
	}
	if from != to && from != r.Origin {
		// The redirect-taint is not "same-origin" any more, so that the origin
		// serializes to null: https://fetch.spec.whatwg.org/#concept-request-tainted-origin
		r.Origin = "null"
	}
	r.URL = next.String() // step 18
	return f.mainFetch()  // step 22
}
