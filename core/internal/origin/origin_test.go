package origin

import (
	"net/netip"
	"strings"
	"testing"
)

var longHost = strings.Repeat("a.", 126) + "a" // 253 bytes

var serialized = []string{
	"https://example.com",
	"http://localhost",
	"https://a",
	"https://a_b.example.com",
	"https://xn--bcher-kva.example",
	"https://-a-.example",
	"https://example.com.",
	"https://example.com:8443",
	"http://example.com:443",
	"https://example.com:80",
	"https://example.com:65535",
	"https://1.2.3.4",
	"https://0.0.0.0:1",
	"https://1.example",
	"https://1.2.3.4a",
	"https://0xg",
	"http://[::1]",
	"http://[::]:8080",
	"https://[2001:db8::1]",
	"https://[9a:f0::9af]",
	"https://[1:2:3:4:5:6:7:8]",
	"https://[1:0:3:4:5:6:7:8]",
	"https://[1::4:0:0:7:8]",
	"http://[1:0:0:2::1]",
	"https://[::ffff:102:304]",
	"moz-extension://0f1e2d3c-0000-4000-8000-000000000000",
	"chrome-extension://abcdefghijklmnopabcdefghijklmnop",
	"capacitor://localhost",
	"vscode-webview://0abc123",
	"app://1.2.3",
	"a-z0.9+://a",
	"z0://z9_-0a",
	"tauri://localhost:1430",
	"https://" + longHost,
	"https://" + strings.Repeat("a", 63) + ".example",
	strings.Repeat("s", 64) + "://" + longHost + ":65535",
}

var malformed = []string{
	"",
	"null",
	"*",
	"example.com",
	"https:",
	"https:/example.com",
	"https://",
	"://example.com",
	"HTTPS://example.com",
	"1https://example.com",
	"ht tps://example.com",
	"https://Example.com",
	"https://example.com/",
	"https://example.com/path",
	"https://example.com?q",
	"https://example.com#f",
	"https://example.com\\",
	"https://user@example.com",
	"https://user:pass@example.com",
	"https://example..com",
	"https://.example.com",
	"https://example.com..",
	"https://.",
	"https://exam ple.com",
	"https://example.com,https://b.example",
	"https://example.com https://b.example",
	"https://*.example.com",
	"https://b\u00fccher.example",
	"https://\u212aelvin.example",
	"https://ex%61mple.com",
	"https://example.com:",
	"https://example.com:443",
	"http://example.com:80",
	"https://example.com:0",
	"https://example.com:080",
	"https://example.com:65536",
	"https://example.com:123456",
	"https://example.com:-1",
	"https://example.com:+1",
	"https://example.com:8080:8080",
	"https://example.com:8080.evil.example",
	"https://1.2.3",
	"https://1.2.3.4.5",
	"https://1.2.3.256",
	"https://1.2.3.04",
	"https://1.2.3.4.",
	"https://0x7f.1",
	"https://0x",
	"https://example.123",
	"https://example.0xa",
	"https://example.0xf9",
	"http://[::1",
	"http://::1",
	"http://[]",
	"http://[:]",
	"http://[:::]",
	"http://[::1%25eth0]",
	"http://[::1]8080",
	"http://[0:0:0:0:0:0:0:1]",
	"http://[1:0:0:4:5:6:7:8]",
	"http://[1::3:4:5:6:7:8]",
	"http://[1:0:0:2:3::1]",
	"http://[1:0::1]",
	"http://[::0:1]",
	"http://[::ffff:1.2.3.4]",
	"http://[1:2:3:4:5:6:7:8:9]",
	"http://[::1::2]",
	"http://[2001:DB8::1]",
	"http://[2001:0db8::1]",
	"app://[::1]",
	"app://",
	"app://-/",
	"app://UPPER",
	"https://" + longHost + "a",
	"https://" + strings.Repeat("a", 64) + ".example",
	"https://example." + strings.Repeat("a", 64),
	strings.Repeat("s", 65) + "://example.com",
	"https://example.com\x00",
	"https://example.com\r\nX: 1",
	"https://exa\tmple.com",
	"https://example.com\x7f",
}

func TestParse(t *testing.T) {
	for _, s := range serialized {
		o, ok := Parse(s)
		if !ok {
			t.Errorf("Parse(%q) refuses a serialized origin", s)
			continue
		}
		back := o.Scheme + "://" + o.Host
		if o.Port != "" {
			back += ":" + o.Port
		}
		if back != s {
			t.Errorf("Parse(%q) = %+v, whose parts make %q", s, o, back)
		}
	}
	for _, s := range malformed {
		if o, ok := Parse(s); ok {
			t.Errorf("Parse(%q) = %+v, want it refused", s, o)
		}
	}
}

func TestMaxLenIsTheLongestOrigin(t *testing.T) {
	longest := serialized[len(serialized)-1]
	if len(longest) != MaxLen || MaxLen != 326 {
		t.Errorf("the longest origin has %d bytes, and MaxLen is %d", len(longest), MaxLen)
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	all := append(append([]string{}, serialized...), malformed...)
	if n := testing.AllocsPerRun(100, func() {
		for _, s := range all {
			Parse(s)
		}
	}); n != 0 {
		t.Errorf("parsing %d origins allocates %v times", len(all), n)
	}
}

func TestIsHost(t *testing.T) {
	tests := []struct {
		origin, host string
		want         bool
	}{
		{"https://example.com", "example.com", true},
		{"https://example.com", "example.com:443", true},
		{"http://example.com", "example.com:80", true},
		{"https://example.com", "example.com:80", false},
		{"https://example.com", "example.com:8443", false},
		{"https://example.com", "example.com:", false},
		{"https://example.com", "example.com.evil.example", false},
		{"https://example.com", "example.co", false},
		{"https://example.com", "", false},
		{"https://example.com:8443", "example.com:8443", true},
		{"https://example.com:8443", "example.com", false},
		{"http://[::1]:8080", "[::1]:8080", true},
		{"http://[::1]", "[::1]:80", true},
		{"app://example.com", "example.com", true},
		{"app://example.com", "example.com:", false},
		{"app://example.com", "example.com:80", false},
	}
	for _, tt := range tests {
		o, ok := Parse(tt.origin)
		if !ok {
			t.Fatalf("Parse(%q) refuses it", tt.origin)
		}
		if got := o.IsHost(tt.host); got != tt.want {
			t.Errorf("origin %q is host %q: %v, want %v", tt.origin, tt.host, got, tt.want)
		}
	}
}

// FuzzParse checks what Parse accepts against net/netip and against itself.
func FuzzParse(f *testing.F) {
	for _, s := range append(append([]string{}, serialized...), malformed...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > MaxLen {
			return
		}
		o, ok := Parse(s)
		if !ok {
			return
		}
		if i := strings.IndexFunc(s, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_.:/[]+", r)
		}); i >= 0 {
			t.Errorf("Parse(%q) accepts %q", s, s[i:])
		}
		if !strings.HasPrefix(o.Host, "[") {
			return
		}
		addr, err := netip.ParseAddr(o.Host[1 : len(o.Host)-1])
		if err != nil {
			t.Errorf("Parse(%q) accepts an IPv6 address that net/netip refuses: %v", s, err)
		} else if canonicalIP(addr) != o.Host {
			t.Errorf("Parse(%q) accepts %s, whose canonical form is %s", s, o.Host, canonicalIP(addr))
		}
	})
}

// FuzzIPv6 checks that every address is accepted in its canonical form.
func FuzzIPv6(f *testing.F) {
	f.Add(uint64(0), uint64(1))
	f.Add(uint64(0x0001_0000_0000_0004), uint64(0x0000_0000_0000_0008))
	f.Add(uint64(0), uint64(0xffff_0102_0304))
	f.Fuzz(func(t *testing.T, high, low uint64) {
		var b [16]byte
		for i := range 8 {
			b[i], b[8+i] = byte(high>>(56-8*i)), byte(low>>(56-8*i))
		}
		s := canonicalIP(netip.AddrFrom16(b))
		if !isIPv6(s[1 : len(s)-1]) {
			t.Errorf("isIPv6(%q) = false", s)
		}
	})
}
