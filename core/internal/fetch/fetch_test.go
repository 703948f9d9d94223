package fetch

import "testing"

func TestTables(t *testing.T) {
	tests := []struct {
		name    string
		is      func(string) bool
		yes, no []string
	}{
		{"a token", IsToken, []string{"PUT", "x-a", "!#$%&'*+-.^_`|~09az"}, []string{"", "a b", "a,b", "a:b", "a\x00", "a\x7f", "ä", "a\r\n"}},
		{"a CORS-safelisted method", IsSafelistedMethod, []string{"GET", "HEAD", "POST"}, []string{"get", "PUT", "OPTIONS", ""}},
		{"a forbidden method", IsForbiddenMethod, []string{"CONNECT", "TRACE", "TRACK", "trace"}, []string{"PUT", "TRACER"}},
		{"a forbidden request header", IsForbiddenRequestHeader, []string{"Cookie", "HOST", "Sec-Fetch-Site", "proxy-x", "Origin"}, []string{"Authorization", "X-Sec-A", "Accept", "X-HTTP-Method"}},
		{"a response-only header", IsResponseOnlyHeader, []string{"ETag", "access-control-allow-origin"}, []string{"Content-Type", "Cache-Control", "Expires"}},
		{"a request-only header", IsRequestOnlyHeader, []string{"Cookie", "If-None-Match", "Origin"}, []string{"ETag", "Authorization", "Date"}},
		{"a forbidden response header", IsForbiddenResponseHeader, []string{"Set-Cookie", "set-cookie2"}, []string{"Cookie"}},
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
