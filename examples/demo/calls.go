package main

// A call is one call of fetch() in a page. The API's routes are those of the
// conformance suite.
type call struct {
	From        from   `json:"from"`
	Method      string `json:"method"`
	Path        string `json:"path"`
	Header      string `json:"header,omitempty"` // a header that the page's script sets
	Credentials bool   `json:"credentials"`
	Shows       string `json:"shows"` // what the call is here for
}

// from tells which page makes a call.
type from string

const (
	fromAllowed from = "allowed" // the page on the origin that the policy lists
	fromRefused from = "refused" // the same page on an origin that it does not
	fromNull    from = "null"    // a page without an origin of its own
)

var calls = []call{
	{From: fromAllowed, Method: "GET", Path: "/items", Shows: "an ordinary read"},
	{From: fromAllowed, Method: "GET", Path: "/items", Credentials: true, Shows: "a read with cookies"},
	{From: fromAllowed, Method: "PUT", Path: "/put-only", Header: "X-CSRF-Token", Shows: "a write, which needs a preflight"},
	{From: fromAllowed, Method: "DELETE", Path: "/items", Shows: "a method that is not listed"},
	{From: fromAllowed, Method: "PUT", Path: "/put-only", Header: "X-Debug", Shows: "a header that is not listed"},
	{From: fromAllowed, Method: "OPTIONS", Path: "/opt", Shows: "an OPTIONS request of the API's own"},
	{From: fromAllowed, Method: "GET", Path: "/e401", Shows: "a failing handler's 401"},
	{From: fromAllowed, Method: "GET", Path: "/e500", Shows: "a failing handler's 500"},
	{From: fromAllowed, Method: "GET", Path: "/panic", Shows: "a panic that the framework recovers from"},
	{From: fromAllowed, Method: "GET", Path: "/nowhere", Shows: "the framework's own 404"},
	{From: fromRefused, Method: "GET", Path: "/items", Shows: "a read from an origin that is not listed"},
	{From: fromRefused, Method: "PUT", Path: "/put-only", Header: "X-CSRF-Token", Shows: "a write from an origin that is not listed"},
	{From: fromNull, Method: "GET", Path: "/items", Shows: "a read from the origin null"},
}

// String returns the call in the words of the matrix.
func (c call) String() string {
	s := c.Method + " " + c.Path
	if c.Header != "" {
		s += " with " + c.Header
	}
	if c.Credentials {
		s += " with credentials"
	}
	return s
}

// origin returns the serialized origin of the page that makes the call.
func (c call) origin(s *stage) string {
	switch c.From {
	case fromAllowed:
		return s.Allowed
	case fromRefused:
		return s.Refused
	}
	return "null"
}

// needsPreflight reports whether a browser asks before it sends the call: the
// method or a header is not CORS-safelisted.
func (c call) needsPreflight() bool { return !safelisted(c.Method) || c.Header != "" }

// safelisted reports whether a method is CORS-safelisted.
func safelisted(method string) bool { return method == "GET" || method == "HEAD" || method == "POST" }
