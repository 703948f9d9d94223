package fetch

import (
	"strings"
	"testing"
)

const (
	// https://fetch.spec.whatwg.org/#forbidden-request-header, step 1, and
	// examples of steps 2 and 3
	forbidden = `
		Accept-Charset Accept-Encoding Access-Control-Request-Headers
		Access-Control-Request-Method Connection Content-Length Cookie Cookie2
		Date DNT Expect Host Keep-Alive Origin Referer Set-Cookie TE Trailer
		Transfer-Encoding Upgrade Via
		Proxy-Authorization Proxy-Connection Proxy-Authenticate
		Sec-Fetch-Site Sec-WebSocket-Key Sec-CH-UA`

	// https://www.rfc-editor.org/rfc/rfc9110#name-response-context-fields and
	// the sections 8.8, 11.6, 11.7 and 14.3; RFC 9111, section 5.1;
	// https://fetch.spec.whatwg.org/#http-responses
	responses = `
		Allow Location Retry-After Server Vary ETag Last-Modified
		WWW-Authenticate Authentication-Info Proxy-Authenticate
		Proxy-Authentication-Info Accept-Ranges Age
		Access-Control-Allow-Origin Access-Control-Allow-Credentials
		Access-Control-Allow-Methods Access-Control-Allow-Headers
		Access-Control-Max-Age Access-Control-Expose-Headers
		Accept-CH Accept-Patch Accept-Post Alt-Svc Clear-Site-Data
		Content-Security-Policy Content-Security-Policy-Report-Only
		Cross-Origin-Embedder-Policy Cross-Origin-Opener-Policy
		Cross-Origin-Resource-Policy NEL Permissions-Policy Referrer-Policy
		Refresh Reporting-Endpoints Server-Timing SourceMap
		Strict-Transport-Security Timing-Allow-Origin X-Content-Type-Options
		X-Frame-Options`

	// https://www.rfc-editor.org/rfc/rfc9110#name-request-context-fields and
	// the sections 7.2, 7.6.2, 11.7.2, 12.5, 13.1 and 14.2; RFC 6265, section
	// 4.2; https://fetch.spec.whatwg.org/#http-requests
	requests = `
		Expect From Referer TE User-Agent Host Max-Forwards Proxy-Authorization
		Accept-Charset Accept-Language If-Match If-None-Match If-Modified-Since
		If-Unmodified-Since If-Range Range Cookie Cookie2 DNT Origin
		Access-Control-Request-Method Access-Control-Request-Headers
		Sec-Fetch-Site Sec-Fetch-Mode Sec-CH-UA Sec-WebSocket-Key
		Upgrade-Insecure-Requests HTTP2-Settings Proxy-Connection`
)

func TestTables(t *testing.T) {
	tests := []struct {
		name    string
		is      func(string) bool
		yes, no []string
	}{
		{"a token", IsToken, []string{"PUT", "x-a", "!#$%&'*+-.^_`|~09az"}, []string{"", "a b", "a,b", "a:b", "a\x00", "a\x7f", "ä", "a\r\n"}},
		{"a CORS-safelisted method", IsSafelistedMethod, []string{"GET", "HEAD", "POST"}, []string{"get", "PUT", "OPTIONS", ""}},
		{"a forbidden method", IsForbiddenMethod, []string{"CONNECT", "TRACE", "TRACK", "trace"}, []string{"PUT", "TRACER"}},
		{"a forbidden request header", IsForbiddenRequestHeader, append([]string{
			"HOST", "cookie", "proxy-", "Proxy-X", "sec-", "Sec-X",
		}, strings.Fields(forbidden)...), []string{
			"Authorization", "X-Sec-A", "X-Proxy-A", "Sec", "Accept", "Accept-Language", "User-Agent", "Content-Type",
			"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "Range", "From", "",
		}},
		{"a response-only header", IsResponseOnlyHeader, append([]string{"etag"}, strings.Fields(responses)...), append([]string{
			"Content-Type", "Content-Range", "Content-Disposition", "Content-Encoding", "Cache-Control", "Pragma", "Expires",
			"Range", "Accept", "Upgrade", "Sec-WebSocket-Protocol", "",
		}, strings.Fields(requests)...)},
		{"a request-only header", IsRequestOnlyHeader, append([]string{"ORIGIN"}, strings.Fields(requests)...), append([]string{
			"Accept", "Accept-Encoding", "Authorization", "Date", "Upgrade", "Via", "Trailer", "Content-Range", "Link", "X-Request-ID", "Sec-WebSocket-Accept", "Sec", "",
		}, strings.Fields(responses)...)},
		{"a forbidden response header", IsForbiddenResponseHeader, []string{"Set-Cookie", "set-cookie2"}, []string{"Cookie", "Set-Cookie3", ""}},
	}
	for _, tt := range tests {
		for _, s := range tt.yes {
			if !tt.is(s) {
				t.Errorf("%q is not %s, but should be", s, tt.name)
			}
		}
		for _, s := range tt.no {
			if tt.is(s) {
				t.Errorf("%q is %s, but should not be", s, tt.name)
			}
		}
	}
}

func TestNormalizeMethod(t *testing.T) {
	for in, want := range map[string]string{
		"put": "PUT", "Delete": "DELETE", "gEt": "GET", "head": "HEAD", "options": "OPTIONS", "post": "POST",
		"patch": "patch", "Patch": "Patch", "query": "query", "PUT": "PUT",
	} {
		if got := NormalizeMethod(in); got != want {
			t.Errorf("NormalizeMethod(%q) = %q, want %q", in, got, want)
		}
	}
}
