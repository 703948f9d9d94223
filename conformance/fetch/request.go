package fetch

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// A Request is what a script asks for: https://fetch.spec.whatwg.org/#dom-request
//
// The functions of this package take it by value and leave its Header alone.
type Request struct {
	// Origin is the page's: a serialized origin, or "null" for an opaque one.
	Origin string

	// URL is what is asked for, absolute.
	URL string

	// Method is the method before it is normalized. "" stands for GET.
	Method string

	// Header is what the script sets, under canonical names. Forbidden
	// request-headers are dropped; with the mode ModeNoCORS so are those that are
	// not no-CORS-safelisted: https://fetch.spec.whatwg.org/#headers-guard
	Header http.Header

	// Mode is the request's mode. The zero value is ModeCORS, as in scripts.
	Mode Mode

	// Credentials is the credentials mode. The zero value is SameOrigin, as in
	// scripts.
	Credentials Credentials

	// Cookie is the Cookie header that the browser adds to requests to the
	// URL's origin, if the credentials mode lets it.
	Cookie string

	// UseCORSPreflight is the use-CORS-preflight flag, which listeners on an
	// XMLHttpRequestUpload and streamed bodies set:
	// https://fetch.spec.whatwg.org/#use-cors-preflight-flag
	UseCORSPreflight bool
}

// Mode is a request's mode: https://fetch.spec.whatwg.org/#concept-request-mode
type Mode uint8

const (
	ModeCORS       Mode = iota // "cors"
	ModeNoCORS                 // "no-cors"
	ModeSameOrigin             // "same-origin"
)

// Credentials is a request's credentials mode:
// https://fetch.spec.whatwg.org/#concept-request-credentials-mode
type Credentials uint8

const (
	SameOrigin Credentials = iota // "same-origin"
	Include                       // "include"
	Omit                          // "omit"
)

// construct makes of r what the constructor of Request and the guard of its
// Headers let through, with a copy of the header:
// https://fetch.spec.whatwg.org/#dom-request
func (r Request) construct() (Request, Failure) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme == "" || u.User != nil { // step 5
		return r, Failure{Reason: InvalidRequest, Value: r.URL}
	}
	u.Fragment, u.RawFragment = "", "" // which is never sent
	r.URL = u.String()
	if r.Method == "" {
		r.Method = "GET"
	}
	if !isToken(r.Method) || isForbiddenMethod(r.Method) { // step 25
		return r, Failure{Reason: InvalidRequest, Value: r.Method}
	}
	r.Method = normalizeMethod(r.Method)
	if r.Mode == ModeNoCORS && !isSafelistedMethod(r.Method) { // step 32
		return r, Failure{Reason: InvalidRequest, Value: r.Method}
	}
	header := http.Header{}
	for name, values := range r.Header {
		for _, value := range values {
			value = strings.Trim(value, " \t\r\n")
			switch {
			case !isToken(name) || strings.ContainsAny(value, "\x00\r\n"):
				return r, Failure{Reason: InvalidRequest, Value: name}
			case isForbiddenRequestHeader(name, value):
			case r.Mode == ModeNoCORS && !isNoCORSSafelisted(name, value):
			default:
				header.Add(name, value)
			}
		}
	}
	// https://fetch.spec.whatwg.org/#concept-fetch does so for all of them.
	if header.Get("Accept") == "" {
		header.Set("Accept", "*/*")
	}
	r.Header = header
	return r, Failure{}
}

// originOf returns the serialized origin of a URL.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "null" // but construct has parsed it
	}
	defaultPort := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	host := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(u.Host), defaultPort), ":")
	return u.Scheme + "://" + host
}

// isHTTP reports whether a URL has an HTTP(S) scheme:
// https://fetch.spec.whatwg.org/#http-scheme
func isHTTP(url string) bool {
	return strings.HasPrefix(url, "https:") || strings.HasPrefix(url, "http:")
}

func scheme(url string) string {
	scheme, _, _ := strings.Cut(url, ":")
	return scheme
}

// needsPreflight is the condition of the next but last case of main fetch, step
// 12, of a request that is not of its page's own origin. Scripts' requests have
// the unsafe-request flag set.
func (r Request) needsPreflight() bool {
	return r.UseCORSPreflight || !isSafelistedMethod(r.Method) || len(unsafeNames(r.Header)) > 0
}

// Preflight returns the CORS-preflight request that a browser with an empty
// CORS-preflight cache sends before r. It is false if r needs none, or cannot be
// made: https://fetch.spec.whatwg.org/#cors-preflight-fetch-0, steps 1 to 5.
func Preflight(r Request) (p *http.Request, ok bool) {
	r, failure := r.construct()
	if failure.Reason != None || r.Mode != ModeCORS || !isHTTP(r.URL) || originOf(r.URL) == r.Origin || !r.needsPreflight() {
		return nil, false
	}
	p, err := r.preflight(context.Background())
	return p, err == nil
}

func (r Request) preflight(ctx context.Context) (*http.Request, error) {
	p, err := http.NewRequestWithContext(ctx, http.MethodOptions, r.URL, nil)
	if err != nil {
		return nil, err
	}
	p.Header.Set("Accept", "*/*")                           // step 2
	p.Header.Set("Access-Control-Request-Method", r.Method) // step 3
	if names := unsafeNames(r.Header); len(names) > 0 {     // steps 4 and 5
		p.Header.Set("Access-Control-Request-Headers", strings.Join(names, ","))
	}
	p.Header.Set("Origin", r.Origin)
	return p, nil
}

// tainting is a request's response tainting:
// https://fetch.spec.whatwg.org/#concept-request-response-tainting
type tainting uint8

const (
	basic tainting = iota
	opaque
	cors
)

// actual returns r itself, as it is sent.
func (r Request) actual(ctx context.Context, t tainting) (*http.Request, error) {
	a, err := http.NewRequestWithContext(ctx, r.Method, r.URL, nil)
	if err != nil {
		return nil, err
	}
	a.Header = r.Header.Clone()
	// https://fetch.spec.whatwg.org/#append-a-request-origin-header
	switch downgraded := scheme(r.Origin) == "https" && scheme(r.URL) != "https"; {
	case t == cors: // step 3
		a.Header.Set("Origin", r.Origin)
	case r.Method == "GET" || r.Method == "HEAD":
	case r.Mode != ModeCORS && downgraded: // step 4, for the default referrer policy
		a.Header.Set("Origin", "null")
	default:
		a.Header.Set("Origin", r.Origin)
	}
	// https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch, step 8.3
	if r.Cookie != "" && (r.Credentials == Include || r.Credentials == SameOrigin && t == basic) {
		a.Header.Set("Cookie", r.Cookie)
	}
	return a, nil
}
