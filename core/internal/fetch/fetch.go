// Package fetch holds the tables and syntax of the Fetch standard and of RFC
// 9110 that a CORS policy refers to.
package fetch

import "strings"

// IsToken reports whether s is a token, as methods and header names are:
// https://www.rfc-editor.org/rfc/rfc9110#name-tokens
func IsToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

var tokenBytes = func() (t [256]bool) {
	const punctuation = "!#$%&'*+-.^_`|~"
	for c := range t {
		b := byte(c)
		t[c] = 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' ||
			strings.IndexByte(punctuation, b) >= 0
	}
	return t
}()

// NormalizeMethod returns the method that a browser sends for s:
// https://fetch.spec.whatwg.org/#concept-method-normalize
func NormalizeMethod(s string) string {
	switch upper := strings.ToUpper(s); upper {
	case "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT":
		return upper
	}
	return s
}

// IsSafelistedMethod reports whether s is a CORS-safelisted method, which
// needs no permission: https://fetch.spec.whatwg.org/#cors-safelisted-method
func IsSafelistedMethod(s string) bool {
	return s == "GET" || s == "HEAD" || s == "POST"
}

// IsForbiddenMethod reports whether browsers refuse to send s:
// https://fetch.spec.whatwg.org/#forbidden-method
func IsForbiddenMethod(s string) bool {
	switch strings.ToUpper(s) {
	case "CONNECT", "TRACE", "TRACK":
		return true
	}
	return false
}

// IsForbiddenRequestHeader reports whether scripts cannot set the header, so
// that no CORS-preflight request ever asks for it:
// https://fetch.spec.whatwg.org/#forbidden-request-header
//
// Names that are forbidden only with certain values (X-HTTP-Method and its
// kin) are not among them.
func IsForbiddenRequestHeader(name string) bool {
	name = strings.ToLower(name)
	return forbiddenRequestHeaders[name] ||
		strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "sec-")
}

var forbiddenRequestHeaders = set("accept-charset", "accept-encoding",
	"access-control-request-headers", "access-control-request-method",
	"connection", "content-length", "cookie", "cookie2", "date", "dnt",
	"expect", "host", "keep-alive", "origin", "referer", "set-cookie", "te",
	"trailer", "transfer-encoding", "upgrade", "via")

// IsResponseOnlyHeader reports whether RFC 9110 or RFC 9111 gives name a meaning
// in responses only, or one of the standards for browsers does (Fetch, HTML, CSP,
// HSTS, Resource Timing, Clear Site Data, Client Hints), so that a list of request
// headers holds it by mistake.
// Names that requests carry as well are not among them: Content-Range (in a
// partial PUT), Expires and Pragma (to get past caches), Content-Disposition.
func IsResponseOnlyHeader(name string) bool {
	return responseOnlyHeaders[strings.ToLower(name)]
}

var responseOnlyHeaders = set("access-control-allow-credentials",
	"access-control-allow-headers", "access-control-allow-methods",
	"access-control-allow-origin", "access-control-expose-headers",
	"access-control-max-age", "accept-ch", "accept-patch", "accept-post",
	"accept-ranges", "age", "allow", "alt-svc", "authentication-info",
	"clear-site-data", "content-security-policy",
	"content-security-policy-report-only", "cross-origin-embedder-policy",
	"cross-origin-opener-policy", "cross-origin-resource-policy", "etag",
	"last-modified", "location", "nel", "permissions-policy",
	"proxy-authenticate", "proxy-authentication-info", "referrer-policy",
	"refresh", "reporting-endpoints", "retry-after", "server", "server-timing",
	"sourcemap", "strict-transport-security", "timing-allow-origin", "vary",
	"www-authenticate", "x-content-type-options", "x-frame-options")

// IsForbiddenResponseHeader reports whether no response ever exposes the
// header to a script:
// https://fetch.spec.whatwg.org/#forbidden-response-header-name
func IsForbiddenResponseHeader(name string) bool {
	name = strings.ToLower(name)
	return name == "set-cookie" || name == "set-cookie2"
}

// IsRequestOnlyHeader reports whether RFC 9110 or the Fetch standard gives name a
// meaning in requests only, so that a list of response headers holds it by
// mistake. Names that responses carry as well are not among them: Accept and
// Accept-Encoding (with 415), Authorization (by custom, with a fresh token), and
// of those that begin with Sec- the ones of WebSocket handshakes.
func IsRequestOnlyHeader(name string) bool {
	name = strings.ToLower(name)
	return requestOnlyHeaders[name] ||
		strings.HasPrefix(name, "sec-fetch-") || strings.HasPrefix(name, "sec-ch-")
}

var requestOnlyHeaders = set("accept-charset", "accept-language",
	"access-control-request-headers", "access-control-request-method", "cookie",
	"cookie2", "dnt", "expect", "from", "host", "http2-settings", "if-match",
	"if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
	"max-forwards", "origin", "proxy-authorization", "proxy-connection", "range",
	"referer", "sec-websocket-key", "te", "upgrade-insecure-requests", "user-agent")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}
