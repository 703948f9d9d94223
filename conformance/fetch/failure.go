package fetch

import "strings"

// A Failure is the cause of a network error, which scripts see as a TypeError
// without any detail. The zero value stands for success.
type Failure struct {
	// Reason is the cause.
	Reason Reason

	// Preflight says that it was the response to the CORS-preflight request
	// that failed.
	Preflight bool

	// Value is what the reason is about, raw: the value of the response header
	// that is wrong, or the method, header name, scheme or origin that is not
	// allowed. It is empty where the reason says it all.
	Value string

	// URL is where a redirect had led, if one had, when the request failed.
	URL string
}

// Reason is the cause of a network error. The zero value is None.
type Reason uint8

const (
	// None: there is no failure.
	None Reason = iota

	// MissingAllowOrigin to InvalidAllowCredentials: the CORS check fails,
	// which see: https://fetch.spec.whatwg.org/#concept-cors-check. The first:
	// there is no Access-Control-Allow-Origin header.
	MissingAllowOrigin

	// MultipleAllowOrigins: Access-Control-Allow-Origin has several values.
	MultipleAllowOrigins

	// InvalidAllowOrigin: Access-Control-Allow-Origin holds no origin.
	InvalidAllowOrigin

	// AllowOriginMismatch: Access-Control-Allow-Origin holds another origin.
	AllowOriginMismatch

	// WildcardAllowOrigin: Access-Control-Allow-Origin is "*", which is not
	// enough with credentials.
	WildcardAllowOrigin

	// InvalidAllowCredentials: Access-Control-Allow-Credentials is not "true",
	// byte for byte, though the credentials mode is "include".
	InvalidAllowCredentials

	// PreflightRedirect: a CORS-preflight request is answered by a redirect.
	PreflightRedirect

	// PreflightStatus: a CORS-preflight request is answered by a status that
	// is not an ok status.
	PreflightStatus

	// InvalidAllowMethods: Access-Control-Allow-Methods is no list of methods.
	InvalidAllowMethods

	// InvalidAllowHeaders: Access-Control-Allow-Headers is no list of header
	// names.
	InvalidAllowHeaders

	// MethodNotAllowed: Access-Control-Allow-Methods lacks the method.
	MethodNotAllowed

	// HeaderNotAllowed: Access-Control-Allow-Headers lacks a header name.
	HeaderNotAllowed

	// RedirectCredentials: a redirect leads to a URL with a user name or a
	// password: https://fetch.spec.whatwg.org/#concept-http-redirect-fetch,
	// steps 9 and 10.
	RedirectCredentials

	// InvalidRedirect: a redirect leads to what is no URL of the schemes http
	// and https, or there were 20 already (steps 5 to 7 of the same).
	InvalidRedirect

	// DisallowedByMode: the mode is "same-origin", and the URL is not.
	DisallowedByMode

	// UnsupportedScheme: the URL's scheme is neither http nor https.
	UnsupportedScheme

	// InvalidRequest: scripts cannot make such a request, so that nothing is
	// sent: https://fetch.spec.whatwg.org/#dom-request
	InvalidRequest

	// NoResponse: the server gave no response.
	NoResponse
)

// What Chromium has to say: the name of its CORS error, and the text that it
// prints to the console of the page, with %s for the value.
var reasons = [...]struct{ name, corsError, text string }{
	None:                    {"none", "", ""},
	MissingAllowOrigin:      {"missing-allow-origin", "MissingAllowOriginHeader", "No 'Access-Control-Allow-Origin' header is present on the requested resource."},
	MultipleAllowOrigins:    {"multiple-allow-origins", "MultipleAllowOriginValues", "The 'Access-Control-Allow-Origin' header contains multiple values '%s', but only one is allowed." + sendValid},
	InvalidAllowOrigin:      {"invalid-allow-origin", "InvalidAllowOriginValue", "The 'Access-Control-Allow-Origin' header contains the invalid value '%s'." + sendValid},
	AllowOriginMismatch:     {"allow-origin-mismatch", "AllowOriginMismatch", "The 'Access-Control-Allow-Origin' header has a value '%s' that is not equal to the supplied origin." + sendValid},
	WildcardAllowOrigin:     {"wildcard-allow-origin", "WildcardOriginNotAllowed", "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'."},
	InvalidAllowCredentials: {"invalid-allow-credentials", "InvalidAllowCredentials", "The value of the 'Access-Control-Allow-Credentials' header in the response is '%s' which must be 'true' when the request's credentials mode is 'include'."},
	PreflightRedirect:       {"preflight-redirect", "PreflightDisallowedRedirect", "Redirect is not allowed for a preflight request."},
	PreflightStatus:         {"preflight-status", "PreflightInvalidStatus", "It does not have HTTP ok status."},
	InvalidAllowMethods:     {"invalid-allow-methods", "InvalidAllowMethodsPreflightResponse", "Cannot parse Access-Control-Allow-Methods response header field in preflight response."},
	InvalidAllowHeaders:     {"invalid-allow-headers", "InvalidAllowHeadersPreflightResponse", "Cannot parse Access-Control-Allow-Headers response header field in preflight response."},
	MethodNotAllowed:        {"method-not-allowed", "MethodDisallowedByPreflightResponse", "Method %s is not allowed by Access-Control-Allow-Methods in preflight response."},
	HeaderNotAllowed:        {"header-not-allowed", "HeaderDisallowedByPreflightResponse", "Request header field %s is not allowed by Access-Control-Allow-Headers in preflight response."},
	RedirectCredentials:     {"redirect-credentials", "RedirectContainsCredentials", "Redirect location '' contains a username and password, which is disallowed for cross-origin requests."},
	InvalidRedirect:         {"invalid-redirect", "", ""},
	DisallowedByMode:        {"disallowed-by-mode", "DisallowedByMode", "Request mode is \"same-origin\" but the URL's origin is not same as the request origin %s."},
	UnsupportedScheme:       {"unsupported-scheme", "CorsDisabledScheme", "URL scheme \"%s\" is not supported."},
	InvalidRequest:          {"invalid-request", "", ""},
	NoResponse:              {"no-response", "", ""},
}

const (
	sendValid       = " Have the server send the header with a valid value."
	preflightPrefix = "Response to preflight request doesn't pass access control check: "
)

// String returns the reason's name in lower case with hyphens, such as
// "missing-allow-origin". The names are stable.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r].name
	}
	return "unknown"
}

// inCheck reports whether r is a fault that the CORS check finds, which
// responses to CORS-preflight requests and to others have alike.
func (r Reason) inCheck() bool { return r >= MissingAllowOrigin && r <= InvalidAllowCredentials }

// CORSError returns the name that Chromium has for the failure, as it is in the
// corsErrorStatus of DevTools' Network.loadingFailed event; "" where Chromium
// takes it for no CORS error, and on success.
func (f Failure) CORSError() string {
	if int(f.Reason) >= len(reasons) {
		return ""
	}
	name := reasons[f.Reason].corsError
	if f.Preflight && f.Reason.inCheck() {
		return "Preflight" + name
	}
	return name
}

// Text returns what Chromium says of the failure, without the line's beginning,
// which has the URL; "" where it says nothing of CORS, and on success.
func (f Failure) Text() string {
	if int(f.Reason) >= len(reasons) {
		return ""
	}
	text := strings.ReplaceAll(reasons[f.Reason].text, "%s", f.Value)
	if f.Preflight && (f.Reason.inCheck() || f.Reason == PreflightRedirect || f.Reason == PreflightStatus) {
		return preflightPrefix + text
	}
	return text
}

// Console returns the line that Chromium prints to the console of the page
// whose script has called fetch with r; "" where Text is empty.
func (f Failure) Console(r Request) string {
	text := f.Text()
	switch {
	case text == "":
		return ""
	case f.Reason == DisallowedByMode, f.Reason == UnsupportedScheme:
		return "Fetch API cannot load " + r.URL + ". " + text
	}
	at := "'" + r.URL + "'"
	if f.URL != "" {
		at = "'" + f.URL + "' (redirected from " + at + ")"
	}
	return "Access to fetch at " + at + " from origin '" + r.Origin + "' has been blocked by CORS policy: " + text
}
