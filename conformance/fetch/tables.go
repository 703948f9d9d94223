package fetch

import (
	"net/http"
	"slices"
	"strings"
)

// normalizeMethod: https://fetch.spec.whatwg.org/#concept-method-normalize
func normalizeMethod(method string) string {
	switch upper := strings.ToUpper(method); upper {
	case "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT":
		return upper
	}
	return method
}

// isSafelistedMethod: https://fetch.spec.whatwg.org/#cors-safelisted-method
func isSafelistedMethod(method string) bool {
	return method == "GET" || method == "HEAD" || method == "POST"
}

// isForbiddenMethod: https://fetch.spec.whatwg.org/#forbidden-method
func isForbiddenMethod(method string) bool {
	switch strings.ToUpper(method) {
	case "CONNECT", "TRACE", "TRACK":
		return true
	}
	return false
}

// isSafelistedHeader reports whether a header is a CORS-safelisted
// request-header: https://fetch.spec.whatwg.org/#cors-safelisted-request-header
func isSafelistedHeader(name, value string) bool {
	if len(value) > 128 { // step 1
		return false
	}
	switch strings.ToLower(name) { // step 2
	case "accept":
		return !strings.ContainsFunc(value, isUnsafe)
	case "accept-language", "content-language":
		return !strings.ContainsFunc(value, func(r rune) bool {
			return !isAlphanumeric(r) && !strings.ContainsRune(" *,-.;=", r)
		})
	case "content-type":
		return !strings.ContainsFunc(value, isUnsafe) && isSafelistedType(value)
	case "range":
		return isSafelistedRange(value)
	}
	return false
}

// isUnsafe reports whether r, a byte, is a CORS-unsafe request-header byte:
// https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte. Those from
// 0x80 are not, nor is the code point that Go has for some of them.
func isUnsafe(r rune) bool {
	return r < ' ' && r != '\t' || strings.ContainsRune("\"():<>?@[\\]{}\x7f", r)
}

func isAlphanumeric(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

// isSafelistedType compares the essence of a MIME type, whatever its parameters
// are: https://mimesniff.spec.whatwg.org/#parse-a-mime-type
func isSafelistedType(value string) bool {
	essence, _, _ := strings.Cut(value, ";")
	switch strings.ToLower(strings.Trim(essence, " \t")) {
	case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
		return true
	}
	return false
}

// isSafelistedRange parses a single range header value, whose start must be
// there: https://fetch.spec.whatwg.org/#simple-range-header-value
func isSafelistedRange(value string) bool {
	span, isBytes := strings.CutPrefix(value, "bytes=")
	start, end, isSpan := strings.Cut(span, "-")
	if !isBytes || !isSpan || start == "" || strings.Trim(start+end, "0123456789") != "" {
		return false
	}
	if end == "" {
		return true
	}
	start, end = strings.TrimLeft(start, "0"), strings.TrimLeft(end, "0")
	return len(start) < len(end) || len(start) == len(end) && start <= end
}

// unsafeNames returns the CORS-unsafe request-header names, sorted and in lower
// case: https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names
func unsafeNames(headers http.Header) []string {
	var unsafe, potentially []string
	size := 0
	for name, values := range headers {
		for _, value := range values { // step 4
			if isSafelistedHeader(name, value) {
				potentially = append(potentially, strings.ToLower(name))
				size += len(value)
			} else {
				unsafe = append(unsafe, strings.ToLower(name))
			}
		}
	}
	if size > 1024 { // step 5
		unsafe = append(unsafe, potentially...)
	}
	slices.Sort(unsafe) // step 6
	return slices.Compact(unsafe)
}

// isNonWildcard reports whether a name is a CORS non-wildcard request-header
// name: https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
func isNonWildcard(name string) bool { return strings.EqualFold(name, "Authorization") }

// isForbiddenRequestHeader: https://fetch.spec.whatwg.org/#forbidden-request-header.
// Quoted strings are not told apart, as no method is one.
func isForbiddenRequestHeader(name, value string) bool {
	switch name = strings.ToLower(name); name {
	case "accept-charset", "accept-encoding", "access-control-request-headers",
		"access-control-request-method", "connection", "content-length", "cookie",
		"cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin", "referer",
		"set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via":
		return true // step 1
	case "x-http-method", "x-http-method-override", "x-method-override":
		return slices.ContainsFunc(strings.Split(value, ","), func(method string) bool { // step 3
			return isForbiddenMethod(strings.Trim(method, " \t"))
		})
	}
	return strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "sec-") // step 2
}

// isNoCORSSafelisted reports whether a header is a no-CORS-safelisted
// request-header: https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header
func isNoCORSSafelisted(name, value string) bool {
	return !strings.EqualFold(name, "Range") && isSafelistedHeader(name, value)
}

// isForbiddenResponseHeader: https://fetch.spec.whatwg.org/#forbidden-response-header-name
func isForbiddenResponseHeader(name string) bool {
	return strings.EqualFold(name, "Set-Cookie") || strings.EqualFold(name, "Set-Cookie2")
}

// isSafelistedResponseHeader is about the names that need not be exposed:
// https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name
func isSafelistedResponseHeader(name string) bool {
	switch strings.ToLower(name) {
	case "cache-control", "content-language", "content-length", "content-type",
		"expires", "last-modified", "pragma":
		return true
	}
	return false
}

// isRedirect: https://fetch.spec.whatwg.org/#redirect-status
func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// isToken: https://www.rfc-editor.org/rfc/rfc9110#name-tokens
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}
