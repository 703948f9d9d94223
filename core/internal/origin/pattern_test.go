package origin

import (
	"strings"
	"testing"
)

func TestParsePattern(t *testing.T) {
	for _, s := range append([]string{
		"https://*.example.com",
		"https://*.com",
		"https://*.example.com:8443",
		"https://*.example.com:*",
		"http://localhost:*",
		"http://*.localhost:*",
		"http://127.0.0.1:*",
		"http://[::1]:*",
		"moz-extension://*",
		"app://*.example",
	}, serialized...) {
		if strings.HasSuffix(s, ".") {
			continue // sent by browsers, but refused where it is written by hand
		}
		if _, fault := ParsePattern(s); fault != nil {
			t.Errorf("ParsePattern(%q) refuses it: it %s", s, fault.Reason)
		}
	}
}

func TestParsePatternFaults(t *testing.T) {
	const (
		wildcards = "write https://*.example.com for every subdomain, http://localhost:* for every port, or * alone for every origin"
		shape     = "write scheme://host or scheme://host:port, such as https://app.example.com"
	)
	tests := []struct{ pattern, reason, fix string }{
		{"", "is empty", "remove it, or write an origin such as https://app.example.com"},
		{"example.com", "has no scheme", "write https://example.com"},
		{"https:example.com", "has no scheme", "write https://example.com"},
		{"https//example.com", "has no scheme", "write https://example.com"},
		{"https-app.example.com", "has no scheme", "write https://https-app.example.com"},
		{"localhost:5173", "has no scheme", "write http://localhost:5173"},
		{"NULL", "has no scheme", "write null, and see DangerouslyAllowNullOrigin"},
		{"https://example.com/", "has a trailing slash", "write https://example.com"},
		{"https://example.com/app?x#y", "has a query", "write https://example.com"},
		{"https://example.com#top", "has a fragment", "write https://example.com"},
		{"https://example.com/app", "has a path", "write https://example.com"},
		{"https://me:pw@example.com", "holds a user name or password", "write https://example.com"},
		{"https://example.com:443", "names the default port of https, which browsers leave out", "write https://example.com"},
		{"http://example.com:80", "names the default port of http, which browsers leave out", "write http://example.com"},
		{"https://example.com:", "has a colon without a port", "write https://example.com"},
		{"https://example.com:0", "has a port that is not a number from 1 to 65535 without leading zeros", shape},
		{"https://example.com:08443", "has a port that is not a number from 1 to 65535 without leading zeros", "write https://example.com:8443"},
		{"https://example.com:65536", "has a port that is not a number from 1 to 65535 without leading zeros", shape},
		{"https://example.com:80*", "has a wildcard for a part of its port", wildcards},
		{"HTTPS://example.com", "has upper-case letters in its scheme", "write https://example.com"},
		{"https://Example.COM", "has upper-case letters in its host", "write https://example.com"},
		{"https://bücher.example", "has letters beyond ASCII, which browsers send as an A-label", "write https://xn--bcher-kva.example"},
		{"https://例え.テスト", "has letters beyond ASCII, which browsers send as an A-label", "write https://xn--r8jz45g.xn--zckzah"},
		{"https://a.example,https://b.example", "holds several origins in one string", "write each origin as an element of its own"},
		{"https://a.example https://b.example", "holds several origins in one string", "write each origin as an element of its own"},
		{"https://a.example;https://b.example", "holds several origins in one string", "write each origin as an element of its own"},
		{"a.example,b.example", "holds several origins in one string", "write each origin as an element of its own"},
		{"https://bücher.example\u200b", "has letters beyond ASCII, which browsers send as an A-label", shape},
		{"https://b\xfccher.example", "has letters beyond ASCII, which browsers send as an A-label", shape},
		{" https://example.com", "has blanks around it", "write https://example.com"},
		{"https://exa\nmple.com", "holds a control character", shape},
		{"https://*", "matches every host of https", wildcards},
		{"https://*.", "matches every host of https", wildcards},
		{"*://example.com", "has a wildcard in its scheme", "write https://example.com"},
		{"https://*example.com", "has a wildcard that does not stand for whole leftmost labels", wildcards},
		{"https://a.*.example.com", "has a wildcard that does not stand for whole leftmost labels", wildcards},
		{"https://*.*.example.com", "has a wildcard that does not stand for whole leftmost labels", wildcards},
		{"https://example.*", "has a wildcard that does not stand for whole leftmost labels", wildcards},
		{"https://*.1.2.3.4", "has a wildcard before an IP address", "write https://1.2.3.4"},
		{"https://*.[::1]", "has a wildcard before an IP address", "write https://[::1]"},
		{"https://", "has no host", shape},
		{"https://example.com.", "has a trailing dot", "write https://example.com"},
		{"https://a..example", "has an empty label", shape},
		{"https://.example", "has an empty label", shape},
		{"https://" + longHost + "a", "has a host longer than 253 bytes", shape},
		{"https://*." + longHost, "has a host longer than 253 bytes", wildcards},
		{"https://" + strings.Repeat("a", 64), "has a label longer than 63 bytes", shape},
		{"https://1.2.3", "has no IPv4 address in its canonical form", "write https://1.2.0.3"},
		{"http://127.1:3000", "has no IPv4 address in its canonical form", "write http://127.0.0.1:3000"},
		{"https://2130706433", "has no IPv4 address in its canonical form", "write https://127.0.0.1"},
		{"https://0x7f.010.1.255", "has no IPv4 address in its canonical form", "write https://127.8.1.255"},
		{"https://1.2.3.256", "has no IPv4 address in its canonical form", shape},
		{"https://1.2.3.4.5", "has no IPv4 address in its canonical form", shape},
		{"https://4294967296", "has no IPv4 address in its canonical form", shape},
		{"https://1.08", "has no IPv4 address in its canonical form", shape},
		{"https://1.2.3.1_0/", "has a trailing slash", "write https://1.2.3.1_0"},
		{"app://1.2.3/", "has a trailing slash", "write app://1.2.3"},
		{"http://::1:*", "has a character in its host that no label may have", "write http://[::1]:*"},
		{"http://::1", "has an IPv6 address without brackets", "write http://[::1]"},
		{"::1", "has no scheme", "write http://[::1]"},
		{"https://[0:0::1]", "has no IPv6 address in its canonical form", "write https://[::1]"},
		{"https://[::FFFF:1.2.3.4]", "has upper-case letters in its host", "write https://[::ffff:102:304]"},
		{"https://[fe80::1%25eth0]", "has a percent sign in its host: zone ids and escapes never occur in an origin", "write https://[fe80::1]"},
		{"https:///app", "has a path", shape},
		{"app://exa!mple", "has a character in its host that no label may have", shape},
		{"https://*:8443", "matches every host of https", wildcards},
		{"https://*." + longHost[:250] + "!", "has a character in its host that no label may have", wildcards},
		{"https://*.exa!mple.com", "has a character in its host that no label may have", wildcards},
		{"https://" + longHost[:252] + "!", "has a character in its host that no label may have", shape},
		{"https://exa!mple." + strings.Repeat("a", 63), "has a character in its host that no label may have", shape},
		{"https:///x@a.example", "has a path", shape},
		{"https://exa!mple.com", "has a character in its host that no label may have", shape},
		{"1a://example.com", "has no valid scheme", shape},
		{"file:///index.html", "is not an origin: pages of file URLs send the origin null", "serve the page over https or http, or see DangerouslyAllowNullOrigin"},
		{"data:text/html,hi", "is not an origin: pages of data URLs send the origin null", "serve the page over https or http, or see DangerouslyAllowNullOrigin"},
		{"blob:https://example.com/0f1e", "is not an origin: pages of blob URLs send that of the page which made them", "write the origin of that page, such as https://app.example.com"},
		{"About:blank", "is not an origin: pages of about URLs send that of the page which made them", "write the origin of that page, such as https://app.example.com"},
		{"wss://example.com", "is the URL of a WebSocket, not the origin of a page", "write https://example.com"},
	}
	for _, tt := range tests {
		_, fault := ParsePattern(tt.pattern)
		switch {
		case fault == nil:
			t.Errorf("ParsePattern(%q) accepts it", tt.pattern)
		case fault.Reason != tt.reason:
			t.Errorf("ParsePattern(%q) says it %s,\nwant it %s", tt.pattern, fault.Reason, tt.reason)
		case fault.Fix != tt.fix:
			t.Errorf("ParsePattern(%q) says to %s,\nwant to %s", tt.pattern, fault.Fix, tt.fix)
		}
	}
}

func TestDangers(t *testing.T) {
	tests := []struct {
		pattern                string
		insecure, publicSuffix bool
	}{
		{"https://example.com", false, false},
		{"https://*.example.com", false, false},
		{"http://example.com", true, false},
		{"http://*.example.com", true, false},
		{"http://localhost:3000", false, false},
		{"http://*.localhost:*", false, false},
		{"http://127.9.9.9", false, false},
		{"http://[::1]", false, false},
		{"http://[::2]", true, false},
		{"http://[::ffff:7f00:1]", true, false},
		{"http://10.0.0.1", true, false},
		{"http://notlocalhost", true, false},
		{"app://example.com", false, false},
		{"https://*.com", false, true},
		{"https://*.co.uk:*", false, true},
		{"https://*.github.io", false, true},
		{"https://*.ck", false, true},
		{"https://*.compute.amazonaws.com", false, true},
		{"https://*.localhost", false, false},
		{"https://*.internal", false, false},
		{"app://*.com", false, false},
	}
	for _, tt := range tests {
		p, fault := ParsePattern(tt.pattern)
		if fault != nil {
			t.Errorf("ParsePattern(%q) refuses it: it %s", tt.pattern, fault.Reason)
			continue
		}
		if got := p.Insecure(); got != tt.insecure {
			t.Errorf("pattern %q is insecure: %v, want %v", tt.pattern, got, tt.insecure)
		}
		if got := p.PublicSuffix(); got != tt.publicSuffix {
			t.Errorf("pattern %q is under a public suffix: %v, want %v", tt.pattern, got, tt.publicSuffix)
		}
	}
}

// FuzzParsePattern checks that what is refused can be told why, and that what
// a fix suggests is accepted.
func FuzzParsePattern(f *testing.F) {
	for _, s := range append([]string{"https://*.example.com:*", "https://bücher.example:080/x", "*://a"}, malformed...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, fault := ParsePattern(s)
		if fault == nil {
			return
		}
		if fault.Reason == "" || fault.Fix == "" {
			t.Errorf("ParsePattern(%q) = %+v, want a reason and a fix", s, *fault)
		}
		if repaired, ok := repair(s); ok {
			if _, fault := ParsePattern(repaired); fault != nil {
				t.Errorf("ParsePattern(%q) suggests %q, which it refuses: it %s", s, repaired, fault.Reason)
			}
		}
	})
}
