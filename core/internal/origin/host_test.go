package origin

import (
	"strings"
	"testing"
)

func TestParseHostPattern(t *testing.T) {
	for _, s := range []string{
		"api.example.com",
		"api.example.com:8443",
		"localhost",
		"localhost:3000",
		"a_b.example",
		"xn--bcher-kva.example",
		"*.tenant.example",
		"*.tenant.example:8443",
		"*.localhost",
		"127.0.0.1",
		"127.0.0.1:8080",
		"[::1]",
		"[2001:db8::1]:8443",
		strings.Repeat("a", 63) + ".example",
	} {
		p, fault := ParseHostPattern(s)
		if fault != nil {
			t.Errorf("ParseHostPattern(%q) refuses it: it %s", s, fault.Reason)
		} else if p.Text != s {
			t.Errorf("ParseHostPattern(%q) returns the text %q", s, p.Text)
		}
	}
}

func TestParseHostPatternFaults(t *testing.T) {
	const shape = "write a host or host:port such as api.example.com, or *.example.com for every host below it"
	tests := []struct{ host, reason, fix string }{
		{"", "has no host", shape},
		{"*", "stands for every host", shape},
		{"*.", "matches every host of https", shape},
		{"https://api.example.com", "has a scheme, which no Host header has", "write api.example.com"},
		{"http://api.example.com:80/", "has a scheme, which no Host header has", "write api.example.com"},
		{"https://*.example.com", "has a scheme, which no Host header has", "write *.example.com"},
		{"://", "has a scheme, which no Host header has", shape},
		{"api.example.com/", "has a trailing slash", "write api.example.com"},
		{"api.example.com/v1", "has a path", "write api.example.com"},
		{"API.example.com", "has upper-case letters in its host", "write api.example.com"},
		{"bücher.example", "has letters beyond ASCII, which browsers send as an A-label", "write xn--bcher-kva.example"},
		{"api.example.com.", "has a trailing dot", "write api.example.com"},
		{" api.example.com ", "has blanks around it", "write api.example.com"},
		{"user@api.example.com", "holds a user name or password", "write api.example.com"},
		{"api.example.com:", "has a colon without a port", "write api.example.com"},
		{"api.example.com:*", "names every port, as a host without a port does", "write api.example.com"},
		{"*.example.com:*", "names every port, as a host without a port does", "write *.example.com"},
		{"api.example.com:443", "names the default port of https, which browsers leave out", "write api.example.com"},
		{"api.example.com:80", "names the default port of http, which browsers leave out", "write api.example.com"},
		{"*.example.com:80", "names the default port of http, which browsers leave out", "write *.example.com"},
		{"api.example.com:0", "has a port that is not a number from 1 to 65535 without leading zeros", shape},
		{"api.example.com:08443", "has a port that is not a number from 1 to 65535 without leading zeros", "write api.example.com:8443"},
		{"api-*.example.com", "has a wildcard that does not stand for whole leftmost labels", shape},
		{"a.*.example.com", "has a wildcard that does not stand for whole leftmost labels", shape},
		{"*.*.example.com", "has a wildcard that does not stand for whole leftmost labels", shape},
		{"*.127.0.0.1", "has a wildcard before an IP address", "write 127.0.0.1"},
		{"::1", "has an IPv6 address without brackets", "write [::1]"},
		{"[::1", "has no IPv6 address in its canonical form", shape},
		{"[0:0:0:0:0:0:0:1]", "has no IPv6 address in its canonical form", "write [::1]"},
		{"api..example.com", "has an empty label", shape},
		{"a.example,b.example", "holds several hosts in one string", "give each host a key of its own"},
		{"api.example.com\r\n", "holds a control character", "write api.example.com"},
	}
	for _, tt := range tests {
		p, fault := ParseHostPattern(tt.host)
		if fault == nil {
			t.Errorf("ParseHostPattern(%q) takes it for %+v, want: it %s", tt.host, p, tt.reason)
			continue
		}
		if fault.Reason != tt.reason || fault.Fix != tt.fix {
			t.Errorf("ParseHostPattern(%q) says %q: %q,\nwant %q: %q", tt.host, fault.Reason, fault.Fix, tt.reason, tt.fix)
		}
		if fix, ok := strings.CutPrefix(fault.Fix, "write "); ok && fault.Fix != shape {
			if _, fault := ParseHostPattern(fix); fault != nil {
				t.Errorf("the fix of %q, %q, is refused: it %s", tt.host, fix, fault.Reason)
			}
		}
	}
}

func TestLowerHost(t *testing.T) {
	long := strings.Repeat("a.", 126) + "a" // 253 bytes
	for _, tt := range []struct{ in, hostPort, host string }{
		{"api.example.com", "api.example.com", "api.example.com"},
		{"API.Example.COM:8443", "api.example.com:8443", "api.example.com"},
		{"localhost:1", "localhost:1", "localhost"},
		{"[::1]", "[::1]", "[::1]"},
		{"[2001:DB8::1]:8443", "[2001:db8::1]:8443", "[2001:db8::1]"},
		{"[anything]", "[anything]", "[anything]"},
		{"AZ.az", "az.az", "az.az"},
		{strings.Repeat("a", 63) + "." + strings.Repeat("a", 63), strings.Repeat("a", 63) + "." + strings.Repeat("a", 63), strings.Repeat("a", 63) + "." + strings.Repeat("a", 63)},
		{long, long, long},
		{long + ":65535", long + ":65535", long},
	} {
		var buf [MaxHostPort]byte
		n, host, ok := LowerHost(&buf, tt.in)
		if !ok || string(buf[:n]) != tt.hostPort || string(buf[:host]) != tt.host {
			t.Errorf("LowerHost(%q) = %q, %q, %v, want %q, %q", tt.in, buf[:n], buf[:host], ok, tt.hostPort, tt.host)
		}
	}
	for _, s := range []string{
		"", ".", "a.", ".a", "a..b", "a b", "a\x00", "a\x7f", "a/b", "a@b", "a*b", "*.a", "å", "KELVIN\u212A", "::1", "[::1",
		"[x.tenant.example", "::1]", "a:", "a:0", "a:080", "a:65536", "a:123456", "a:8443:", "[::1]x", "[::1]:", "[::1]:x",
		strings.Repeat("a", 64), strings.Repeat("a", 64) + ".example", long + "a", long + "a:1", strings.Repeat("a.", 32<<10),
		"[" + strings.Repeat("1", 300) + "]",
	} {
		var buf [MaxHostPort]byte
		if n, _, ok := LowerHost(&buf, s); ok {
			t.Errorf("LowerHost takes %.80q for the host %q", s, buf[:n])
		}
	}
}
