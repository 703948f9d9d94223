package fetch

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSafelistedRequestHeader(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"Accept", "*/*", true},
		{"aCCEPT", "text/html, */*;q=0.1", true},
		{"Accept", "", true},
		{"Accept", "\t\x80\xff", true},
		{"Accept", `"`, false},
		{"Accept", "a\x7f", false},
		{"Accept", "a\x01", false},
		{"Accept", "(a)", false},
		{"Accept", "a:b", false},
		{"Accept", "<", false},
		{"Accept", ">", false},
		{"Accept", "?", false},
		{"Accept", "@", false},
		{"Accept", "[", false},
		{"Accept", `\`, false},
		{"Accept", "]", false},
		{"Accept", "{", false},
		{"Accept", "}", false},
		{"Accept", long(128), true},
		{"Accept", long(129), false},
		{"Accept-Language", "en, de-AT;q=0.5, *", true},
		{"Accept-Language", "en_US", false},
		{"Accept-Language", "\xe9", false},
		{"Accept-Language", long(129), false},
		{"Content-Language", "a=b.c", true},
		{"Content-Language", "a/b", false},
		{"Content-Type", "text/plain", true},
		{"Content-Type", "TEXT/Plain;charset=utf-8;x", true},
		{"Content-Type", "multipart/form-data; boundary=x", true},
		{"Content-Type", "application/x-www-form-urlencoded", true},
		{"Content-Type", "text/plain ;a", true},
		{"Content-Type", "text /plain", false},
		{"Content-Type", "application/json", false},
		{"Content-Type", "application/json, text/plain", false},
		{"Content-Type", `text/plain;charset="utf-8"`, false},
		{"Content-Type", "", false},
		{"Content-Type", "text/plain;" + long(117), true},
		{"Content-Type", "text/plain;" + long(118), false},
		{"Range", "bytes=0-", true},
		{"Range", "bytes=0-5", true},
		{"Range", "bytes=5-5", true},
		{"Range", "bytes=9-10", true},
		{"Range", "bytes=010-9", false},
		{"Range", "bytes=6-5", false},
		{"Range", "bytes=100000000000000000000-99999999999999999999", false},
		{"Range", "bytes=99999999999999999999-100000000000000000000", true},
		{"Range", "bytes=-5", false},
		{"Range", "bytes=-", false},
		{"Range", "bytes= 0-5", false},
		{"Range", "bytes=0-5,7-9", false},
		{"Range", "bytes", false},
		{"Range", "items=0-5", false},
		{"Authorization", "", false},
		{"X-A", "a", false},
		{"", "", false},
	} {
		assert.Equal(t, c.want, isSafelistedHeader(c.name, c.value), "%s: %q is a CORS-safelisted request-header", c.name, c.value)
	}
}

func TestUnsafeNames(t *testing.T) {
	part := strings.Repeat("a", 128)
	for _, c := range []struct {
		name   string
		header http.Header
		want   []string
	}{
		{"none", nil, nil},
		{"sorted and in lower case", http.Header{"X-B": {"1"}, "Authorization": {"x"}, "X-A": {"1"}}, []string{"authorization", "x-a", "x-b"}},
		{"each once", http.Header{"X-B": {"1", "2"}}, []string{"x-b"}},
		{"safelisted", http.Header{"Accept": {"a"}, "Content-Type": {"text/plain"}}, nil},
		{"one of two values", http.Header{"Content-Type": {"text/plain", "application/json"}}, []string{"content-type"}},
		{"1024 bytes", http.Header{"Accept": {part, part, part, part}, "Accept-Language": {part, part, part, part}}, nil},
		{"1025 bytes", http.Header{"Accept": {part, part, part, part}, "Accept-Language": {part, part, part, part}, "Content-Language": {"a"}},
			[]string{"accept", "accept-language", "content-language"}},
		{"unsafe values do not count", http.Header{"Accept": {part, part, part, part, part, part, part, part}, "X-A": {part}}, []string{"x-a"}},
	} {
		assert.Equal(t, c.want, unsafeNames(c.header), c.name)
	}
}

func TestForbiddenRequestHeader(t *testing.T) {
	for name, want := range map[string]bool{
		"Accept-Charset": true, "accept-encoding": true, "Access-Control-Request-Headers": true,
		"Access-Control-Request-Method": true, "Connection": true, "Content-Length": true,
		"COOKIE": true, "Cookie2": true, "Date": true, "DNT": true, "Expect": true, "Host": true,
		"Keep-Alive": true, "Origin": true, "Referer": true, "Set-Cookie": true, "TE": true,
		"Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Via": true,
		"Proxy-": true, "proxy-x": true, "Sec-": true, "SEC-Fetch-Site": true,
		"Proxy": false, "Sec": false, "X-Sec-": false, "Authorization": false, "User-Agent": false,
		"Access-Control-Allow-Origin": false, "Access-Control-Request-Private-Network": false,
		"X-HTTP-Method": false, "Accept": false, "Set-Cookie2": false,
	} {
		assert.Equal(t, want, isForbiddenRequestHeader(name, "1"), "%s is a forbidden request-header", name)
	}
	for _, name := range []string{"X-HTTP-Method", "x-http-method-override", "X-Method-Override"} {
		assert.True(t, isForbiddenRequestHeader(name, "GET,\t track "), name)
		assert.False(t, isForbiddenRequestHeader(name, "PUT, TRACKER"), name)
	}
	assert.False(t, isForbiddenRequestHeader("X-Method", "TRACE"))
}

func TestMethods(t *testing.T) {
	for method, want := range map[string]string{
		"get": "GET", "Head": "HEAD", "post": "POST", "put": "PUT", "delete": "DELETE", "options": "OPTIONS",
		"patch": "patch", "Patch": "Patch", "PATCH": "PATCH", "chicken": "chicken", "gett": "gett",
	} {
		assert.Equal(t, want, normalizeMethod(method), "%s, normalized", method)
	}
	for method, want := range map[string]bool{"GET": true, "HEAD": true, "POST": true, "get": false, "PUT": false, "OPTIONS": false, "": false} {
		assert.Equal(t, want, isSafelistedMethod(method), "%s is a CORS-safelisted method", method)
	}
	for method, want := range map[string]bool{"CONNECT": true, "trace": true, "Track": true, "TRACKER": false, "GET": false} {
		assert.Equal(t, want, isForbiddenMethod(method), "%s is a forbidden method", method)
	}
}

func TestResponseHeaderNames(t *testing.T) {
	for name, want := range map[string]bool{
		"Cache-Control": true, "content-language": true, "Content-Length": true, "Content-Type": true,
		"Expires": true, "Last-Modified": true, "PRAGMA": true,
		"Set-Cookie": false, "Etag": false, "Authorization": false, "Vary": false,
	} {
		assert.Equal(t, want, isSafelistedResponseHeader(name), "%s is a CORS-safelisted response-header name", name)
	}
	for name, want := range map[string]bool{"Set-Cookie": true, "set-cookie2": true, "Cookie": false, "Set-Cookie3": false} {
		assert.Equal(t, want, isForbiddenResponseHeader(name), "%s is a forbidden response-header name", name)
	}
}

func TestRedirectStatus(t *testing.T) {
	for status, want := range map[int]bool{300: false, 301: true, 302: true, 303: true, 304: false, 305: false, 306: false, 307: true, 308: true, 309: false, 200: false} {
		assert.Equal(t, want, isRedirect(status), "%d is a redirect status", status)
	}
}

func TestToken(t *testing.T) {
	for s, want := range map[string]bool{"a": true, "X-1_~": true, "*": true, "": false, "a b": false, "a,": false, "é": false, "a\xff": false, "\x7f": false, "a:": false} {
		assert.Equal(t, want, isToken(s), "%q is a token", s)
	}
}
