package fetch

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const page = "https://app.example.com"

// headers reads field lines, such as "X-A: 1", one each.
func headers(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

const (
	own    = "Access-Control-Allow-Origin: https://app.example.com"
	anyone = "Access-Control-Allow-Origin: *"
	yes    = "Access-Control-Allow-Credentials: true"
)

// The texts and codes are what Chromium was seen to print.
func TestCheck(t *testing.T) {
	const (
		acao      = "Access-Control-Allow-Origin: "
		acac      = "Access-Control-Allow-Credentials: "
		sendValid = " Have the server send the header with a valid value."
		mismatch  = "The 'Access-Control-Allow-Origin' header has a value '%s' that is not equal to the supplied origin." + sendValid
		multiple  = "The 'Access-Control-Allow-Origin' header contains multiple values '%s', but only one is allowed." + sendValid
		invalid   = "The 'Access-Control-Allow-Origin' header contains the invalid value '%s'." + sendValid
		noCreds   = "The value of the 'Access-Control-Allow-Credentials' header in the response is '%s' which must be 'true' when the request's credentials mode is 'include'."
		wildcard  = "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'."
	)
	text := func(format, value string) string { return strings.ReplaceAll(format, "%s", value) }
	for _, c := range []struct {
		name        string
		origin      string
		credentials Credentials
		response    http.Header
		reason      Reason
		corsError   string
		text        string
	}{
		{"the origin", page, SameOrigin, headers(own), None, "", ""},
		{"the origin among blanks", page, SameOrigin, headers(acao + " " + page + "\t"), None, "", ""},
		{"the wildcard", page, SameOrigin, headers(anyone), None, "", ""},
		{"the wildcard, omit", page, Omit, headers(anyone), None, "", ""},
		{"null", "null", SameOrigin, headers(acao + "null"), None, "", ""},
		{"credentials", page, Include, headers(own, yes), None, "", ""},
		{"a credentials header that nobody asked for", page, SameOrigin, headers(anyone, acac+"x"), None, "", ""},
		{"nothing", page, SameOrigin, nil, MissingAllowOrigin, "MissingAllowOriginHeader", "No 'Access-Control-Allow-Origin' header is present on the requested resource."},
		{"another origin", page, SameOrigin, headers(acao + "https://www.example.com"), AllowOriginMismatch, "AllowOriginMismatch", text(mismatch, "https://www.example.com")},
		{"a trailing slash", page, SameOrigin, headers(acao + page + "/"), AllowOriginMismatch, "AllowOriginMismatch", text(mismatch, page+"/")},
		{"upper case", page, SameOrigin, headers(acao + "HTTPS://APP.EXAMPLE.COM"), AllowOriginMismatch, "AllowOriginMismatch", text(mismatch, "HTTPS://APP.EXAMPLE.COM")},
		{"a pattern", page, SameOrigin, headers(acao + "https://*.example.com"), AllowOriginMismatch, "AllowOriginMismatch", text(mismatch, "https://*.example.com")},
		{"null for an origin", page, SameOrigin, headers(acao + "null"), AllowOriginMismatch, "AllowOriginMismatch", text(mismatch, "null")},
		{"an origin for null", "null", SameOrigin, headers(own), AllowOriginMismatch, "AllowOriginMismatch", text(mismatch, page)},
		{"a list", page, SameOrigin, headers(acao + page + ", https://www.example.com"), MultipleAllowOrigins, "MultipleAllowOriginValues", text(multiple, page+", https://www.example.com")},
		{"a list with blanks", page, SameOrigin, headers(acao + page + " https://www.example.com"), MultipleAllowOrigins, "MultipleAllowOriginValues", text(multiple, page+" https://www.example.com")},
		{"two lines", page, SameOrigin, headers(own, own), MultipleAllowOrigins, "MultipleAllowOriginValues", text(multiple, page+", "+page)},
		{"two wildcards", page, SameOrigin, headers(anyone, anyone), MultipleAllowOrigins, "MultipleAllowOriginValues", text(multiple, "*, *")},
		{"no scheme", page, SameOrigin, headers(acao + "app.example.com"), InvalidAllowOrigin, "InvalidAllowOriginValue", text(invalid, "app.example.com")},
		{"no host", page, SameOrigin, headers(acao + "https://"), InvalidAllowOrigin, "InvalidAllowOriginValue", text(invalid, "https://")},
		{"empty", page, SameOrigin, headers(acao), InvalidAllowOrigin, "InvalidAllowOriginValue", text(invalid, "")},
		{"the wildcard with credentials", page, Include, headers(anyone, yes), WildcardAllowOrigin, "WildcardOriginNotAllowed", wildcard},
		{"no credentials", page, Include, headers(own), InvalidAllowCredentials, "InvalidAllowCredentials", text(noCreds, "")},
		{"True", page, Include, headers(own, acac+"True"), InvalidAllowCredentials, "InvalidAllowCredentials", text(noCreds, "True")},
		{"false", page, Include, headers(own, acac+"false"), InvalidAllowCredentials, "InvalidAllowCredentials", text(noCreds, "false")},
		{"true twice", page, Include, headers(own, yes, yes), InvalidAllowCredentials, "InvalidAllowCredentials", text(noCreds, "true, true")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Request{Origin: c.origin, Credentials: c.credentials}
			f := Check(r, c.response)
			assert.Equal(t, c.reason, f.Reason)
			assert.Equal(t, c.corsError, f.CORSError())
			assert.Equal(t, c.text, f.Text())

			p, err := http.NewRequest("OPTIONS", "https://api.example.com", nil)
			require.NoError(t, err)
			p.Header.Set("Origin", c.origin)
			p.Header.Set("Access-Control-Request-Method", "GET")
			f = CheckPreflight(p, c.credentials, 204, c.response)
			assert.Equal(t, c.reason, f.Reason, "as a preflight")
			if c.reason != None {
				assert.Equal(t, "Preflight"+c.corsError, f.CORSError())
				assert.Equal(t, "Response to preflight request doesn't pass access control check: "+c.text, f.Text())
				f = CheckPreflight(p, c.credentials, 404, c.response)
				assert.Equal(t, c.reason, f.Reason, "the CORS check comes before the status")
			}
		})
	}
}

func TestCheckPreflight(t *testing.T) {
	const (
		acam = "Access-Control-Allow-Methods: "
		acah = "Access-Control-Allow-Headers: "
	)
	put := Request{Origin: page, URL: "https://api.example.com", Method: "put"}
	patch := Request{Origin: page, URL: "https://api.example.com", Method: "patch"}
	post := Request{Origin: page, URL: "https://api.example.com", Method: "POST", Header: headers("X-B: 1", "x-a: 1")}
	auth := Request{Origin: page, URL: "https://api.example.com", Method: "GET", Header: headers("Authorization: x")}
	include := func(r Request) Request { r.Credentials = Include; return r }
	for _, c := range []struct {
		name      string
		request   Request
		status    int
		response  http.Header
		reason    Reason
		value     string
		corsError string
		text      string
	}{
		{"method", put, 204, headers(own, acam+"PUT"), None, "", "", ""},
		{"method among others", put, 200, headers(own, acam+"GET", acam+", DELETE ,,\tPUT"), None, "", "", ""},
		{"any method", put, 299, headers(anyone, acam+"*"), None, "", "", ""},
		{"any method, and others", put, 204, headers(own, acam+"DELETE,*"), None, "", "", ""},
		{"method with credentials", include(put), 204, headers(own, yes, acam+"PUT"), None, "", "", ""},
		{"no method", put, 204, headers(own), MethodNotAllowed, "PUT", "MethodDisallowedByPreflightResponse",
			"Method PUT is not allowed by Access-Control-Allow-Methods in preflight response."},
		{"method in lower case", put, 204, headers(own, acam+"put"), MethodNotAllowed, "PUT", "MethodDisallowedByPreflightResponse",
			"Method PUT is not allowed by Access-Control-Allow-Methods in preflight response."},
		{"a method that is not normalized", patch, 204, headers(own, acam+"PATCH"), MethodNotAllowed, "patch", "MethodDisallowedByPreflightResponse",
			"Method patch is not allowed by Access-Control-Allow-Methods in preflight response."},
		{"a method that is not normalized, listed", patch, 204, headers(own, acam+"patch"), None, "", "", ""},
		{"any method with credentials", include(put), 204, headers(own, yes, acam+"*"), MethodNotAllowed, "PUT", "MethodDisallowedByPreflightResponse",
			"Method PUT is not allowed by Access-Control-Allow-Methods in preflight response."},
		{"safelisted method", post, 204, headers(own, acah+"x-a, x-b"), None, "", "", ""},
		{"methods that are no list", put, 204, headers(own, acam+"PUT;DELETE"), InvalidAllowMethods, "", "InvalidAllowMethodsPreflightResponse",
			"Cannot parse Access-Control-Allow-Methods response header field in preflight response."},
		{"methods between blanks", post, 204, headers(own, acam+"PUT DELETE", acah+"*"), InvalidAllowMethods, "", "InvalidAllowMethodsPreflightResponse",
			"Cannot parse Access-Control-Allow-Methods response header field in preflight response."},
		{"headers in any case and order", post, 204, headers(own, acah+"X-B", acah+"X-A"), None, "", "", ""},
		{"any header", post, 204, headers(own, acah+"*"), None, "", "", ""},
		{"a header that is missing", post, 204, headers(own, acah+"x-a"), HeaderNotAllowed, "x-b", "HeaderDisallowedByPreflightResponse",
			"Request header field x-b is not allowed by Access-Control-Allow-Headers in preflight response."},
		{"the first header that is missing", post, 204, headers(own), HeaderNotAllowed, "x-a", "HeaderDisallowedByPreflightResponse",
			"Request header field x-a is not allowed by Access-Control-Allow-Headers in preflight response."},
		{"any header with credentials", include(post), 204, headers(own, yes, acah+"*"), HeaderNotAllowed, "x-a", "HeaderDisallowedByPreflightResponse",
			"Request header field x-a is not allowed by Access-Control-Allow-Headers in preflight response."},
		{"headers that are no list", put, 204, headers(own, acam+"PUT", acah+"x-a", acah+"x b"), InvalidAllowHeaders, "", "InvalidAllowHeadersPreflightResponse",
			"Cannot parse Access-Control-Allow-Headers response header field in preflight response."},
		{"Authorization, listed", auth, 204, headers(own, acah+"*, authorization"), None, "", "", ""},
		{"Authorization under the wildcard", auth, 204, headers(own, acah+"*"), HeaderNotAllowed, "authorization", "HeaderDisallowedByPreflightResponse",
			"Request header field authorization is not allowed by Access-Control-Allow-Headers in preflight response."},
		{"not found", put, 404, headers(own, acam+"PUT"), PreflightStatus, "", "PreflightInvalidStatus",
			"Response to preflight request doesn't pass access control check: It does not have HTTP ok status."},
		{"199", put, 199, headers(own, acam+"PUT"), PreflightStatus, "", "PreflightInvalidStatus",
			"Response to preflight request doesn't pass access control check: It does not have HTTP ok status."},
		{"300", put, 300, headers(own, acam+"PUT"), PreflightStatus, "", "PreflightInvalidStatus",
			"Response to preflight request doesn't pass access control check: It does not have HTTP ok status."},
		{"a redirect", put, 307, headers(own, acam+"PUT", "Location: /"), PreflightRedirect, "", "PreflightDisallowedRedirect",
			"Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight request."},
		{"a redirect without headers", put, 302, headers("Location: /"), PreflightRedirect, "", "PreflightDisallowedRedirect",
			"Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight request."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, ok := Preflight(c.request)
			require.True(t, ok, "the request needs a preflight")
			f := CheckPreflight(p, c.request.Credentials, c.status, c.response)
			assert.Equal(t, Failure{Reason: c.reason, Preflight: c.reason != None, Value: c.value}, f)
			assert.Equal(t, c.corsError, f.CORSError())
			assert.Equal(t, c.text, f.Text())
		})
	}
}

// What is no token is no method and no header name, so that "*" does not stand
// for it.
func TestCheckPreflightOfNoTokens(t *testing.T) {
	response := headers(anyone, "Access-Control-Allow-Methods: *", "Access-Control-Allow-Headers: *")
	p := &http.Request{Header: headers("Origin: "+page, "Access-Control-Request-Method: P T")}
	assert.Equal(t, MethodNotAllowed, CheckPreflight(p, SameOrigin, 204, response).Reason)
	p.Header = headers("Origin: "+page, "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-a,, x b")
	assert.Equal(t, HeaderNotAllowed, CheckPreflight(p, SameOrigin, 204, response).Reason)
}

func TestExposed(t *testing.T) {
	for _, c := range []struct {
		name        string
		credentials Credentials
		expose      []string
		want        string
	}{
		{"nothing", SameOrigin, nil, "Cache-Control Content-Type"},
		{"a name in another case", SameOrigin, []string{"x-TOTAL"}, "Cache-Control Content-Type X-Total"},
		{"several lines", Include, []string{"X-Total,, ", "X-Secret"}, "Cache-Control Content-Type X-Secret X-Total"},
		{"all", SameOrigin, []string{"*"}, "* Access-Control-Expose-Headers Authorization Cache-Control Content-Type X-Secret X-Total"},
		{"all, omit", Omit, []string{"X-None, *"}, "* Access-Control-Expose-Headers Authorization Cache-Control Content-Type X-Secret X-Total"},
		{"the wildcard with credentials is a name", Include, []string{"*"}, "* Cache-Control Content-Type"},
		{"no list", SameOrigin, []string{"X-Total", "X Secret"}, "Cache-Control Content-Type"},
		{"forbidden", SameOrigin, []string{"Set-Cookie, set-cookie2"}, "Cache-Control Content-Type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			response := headers("*: 1", "Authorization: 1", "Cache-Control: 1", "Content-Type: 1", "Set-Cookie: 1", "Set-Cookie2: 1", "X-Secret: 1", "X-Total: 1")
			if c.expose != nil {
				response["Access-Control-Expose-Headers"] = c.expose
			}
			want := http.Header{}
			for _, name := range strings.Fields(c.want) {
				want[name] = response[name]
			}
			assert.Equal(t, want, Exposed(Request{Credentials: c.credentials}, response))
		})
	}
}

// TestReasons checks that every reason has a name of its own, and one that
// Chromium reports has a text.
func TestReasons(t *testing.T) {
	seen := map[string]bool{}
	for reason := None; reason <= NoResponse; reason++ {
		assert.Regexp(t, `^[a-z-]+$`, reason.String())
		assert.False(t, seen[reason.String()], "%s is the name of two reasons", reason)
		seen[reason.String()] = true
		f := Failure{Reason: reason, Value: "V"}
		assert.Equal(t, f.CORSError() == "", f.Text() == "", "%s has a code and a text, or neither", reason)
		assert.Equal(t, f.Text() == "", f.Console(Request{}) == "", "%s has a text and a line, or neither", reason)
	}
	beyond := Failure{Reason: NoResponse + 1}
	assert.Equal(t, []string{"unknown", "", "", ""}, []string{beyond.Reason.String(), beyond.CORSError(), beyond.Text(), beyond.Console(Request{})})
}

func TestConsole(t *testing.T) {
	r := Request{Origin: page, URL: "https://api.example.com/a"}
	missing := Failure{Reason: MissingAllowOrigin}
	assert.Equal(t, "Access to fetch at 'https://api.example.com/a' from origin 'https://app.example.com' has been blocked by CORS policy: "+missing.Text(), missing.Console(r))
	missing.URL = "https://b.example/"
	assert.Equal(t, "Access to fetch at 'https://b.example/' (redirected from 'https://api.example.com/a') from origin 'https://app.example.com' has been blocked by CORS policy: "+missing.Text(), missing.Console(r))
	assert.Equal(t, `Fetch API cannot load https://api.example.com/a. Request mode is "same-origin" but the URL's origin is not same as the request origin https://app.example.com.`,
		Failure{Reason: DisallowedByMode, Value: page}.Console(r))
	assert.Equal(t, `Fetch API cannot load foo://bar/. URL scheme "foo" is not supported.`,
		Failure{Reason: UnsupportedScheme, Value: "foo"}.Console(Request{URL: "foo://bar/"}))
}
