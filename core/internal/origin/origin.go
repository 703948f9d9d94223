// Package origin parses serialized origins and origin patterns, and matches
// the former against sets of the latter.
package origin

import "strings"

// Limits of a serialized origin, in bytes. A request's Origin header that is
// longer than MaxLen is refused before any other work is done on it.
const (
	maxScheme = 64
	maxHost   = 253 // RFC 1035, section 2.3.4, in its textual form
	maxLabel  = 63
	MaxLen    = maxScheme + len("://") + maxHost + len(":65535")
)

// Origin is a valid serialized origin, cut into views of the string that was
// parsed.
type Origin struct {
	Scheme string
	Host   string // a domain, an IPv4 address, or an IPv6 address in brackets
	Port   string // "" stands for the scheme's default port

	hostPort string // Host, and Port if there is one
}

// Parse parses a serialized origin: the ASCII serialization of a tuple origin,
// as a browser writes it into the Origin header.
//
// It accepts what the serializer can produce and nothing else, so that no two
// accepted strings denote one origin and whatever is accepted may be echoed:
// lower case only, no default port, IP addresses in their canonical form.
// Rules about IP addresses hold for http and https; in other schemes the host
// is opaque, and "moz-extension://0f1e2d3c" is as good as any.
//
// Precondition: len(s) <= MaxLen.
//
// See https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin and
// https://url.spec.whatwg.org/#host-serializing
func Parse(s string) (Origin, bool) {
	// Most are of https, with a domain and without a port.
	if host, ok := strings.CutPrefix(s, "https://"); ok {
		if last, ok := lastLabel(host); ok && !isNumber(last) {
			return Origin{Scheme: "https", Host: host, hostPort: host}, true
		}
	}
	scheme, rest, _ := strings.Cut(s, ":") // no scheme has one
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok || !isScheme(scheme) {
		return Origin{}, false
	}
	host, port := rest, ""
	behind := strings.LastIndexByte(rest, ']') + 1 // an IPv6 address, if there is one
	if i := strings.IndexByte(rest[behind:], ':'); i >= 0 {
		host, port = rest[:behind+i], rest[behind+i+1:]
		if !isPort(port) || port == defaultPort(scheme) {
			return Origin{}, false
		}
	}
	if !isHost(host, isSpecial(scheme)) {
		return Origin{}, false
	}
	return Origin{Scheme: scheme, Host: host, Port: port, hostPort: rest}, true
}

// IsHost reports whether host, the value of a Host header, names o's host and
// port. A port that is the default of o's scheme may stand there or not.
func (o Origin) IsHost(host string) bool {
	if o.Port != "" {
		return host == o.hostPort
	}
	rest, ok := strings.CutPrefix(host, o.Host)
	if !ok {
		return false
	}
	port, ok := strings.CutPrefix(rest, ":")
	return rest == "" || ok && port != "" && port == defaultPort(o.Scheme)
}

// isSpecial reports whether the hosts of scheme are domains and IP addresses
// rather than opaque strings. Of the URL standard's special schemes only these
// two occur in the origins of pages.
func isSpecial(scheme string) bool { return scheme == "https" || scheme == "http" }

func defaultPort(scheme string) string {
	switch scheme {
	case "https":
		return "443"
	case "http":
		return "80"
	}
	return ""
}

// isScheme follows https://url.spec.whatwg.org/#url-scheme-string, lower case.
func isScheme(s string) bool {
	if s == "" || len(s) > maxScheme || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

// isPort reports whether s is a port as the URL serializer writes it. Port 0
// can be written in a URL but never connected to, so no origin has it.
func isPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

func isHost(s string, special bool) bool {
	if special && strings.HasPrefix(s, "[") {
		return strings.HasSuffix(s, "]") && isIPv6(s[1:len(s)-1])
	}
	last, ok := lastLabel(s)
	if !ok {
		return false
	}
	if special && isNumber(last) {
		return isIPv4(s)
	}
	return true
}

// lastLabel reports whether s is made of valid labels, and returns the last of
// them that is not empty. A fully qualified domain keeps its trailing dot when
// it is serialized, so one dot may end s.
func lastLabel(s string) (last string, ok bool) {
	if len(s) > maxHost {
		return "", false
	}
	start := 0
	for i := 0; i < len(s); i++ {
		if isLabelByte(s[i]) {
			continue
		}
		if s[i] != '.' || i == start || i-start > maxLabel {
			return "", false
		}
		last, start = s[start:i], i+1
	}
	if start < len(s) {
		last = s[start:]
	}
	return last, last != "" && len(s)-start <= maxLabel
}

// isLabelByte reports whether c may stand in a label. Underscores are no
// letters of host names, but browsers resolve and serialize them.
func isLabelByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// isNumber reports whether a host whose last label is s is an IPv4 address to
// the URL parser: https://url.spec.whatwg.org/#ends-in-a-number-checker
func isNumber(s string) bool {
	hex, isHex := strings.CutPrefix(s, "0x")
	for i := 0; i < len(hex); i++ {
		digit := '0' <= hex[i] && hex[i] <= '9'
		if !digit && (!isHex || hex[i] < 'a' || hex[i] > 'f') {
			return false
		}
	}
	return true
}

// isIPv4 reports whether s is an IPv4 address in its canonical form: four
// decimal numbers up to 255, without leading zeros.
func isIPv4(s string) bool {
	for n := range 4 {
		part, rest, more := strings.Cut(s, ".")
		if more != (n < 3) || part == "" || len(part) > 3 || part[0] == '0' && part != "0" {
			return false
		}
		v := 0
		for i := 0; i < len(part); i++ {
			if part[i] < '0' || part[i] > '9' {
				return false
			}
			v = v*10 + int(part[i]-'0')
		}
		if v > 255 {
			return false
		}
		s = rest
	}
	return true
}

// isIPv6 reports whether s is an IPv6 address in its canonical form, which is
// that of https://url.spec.whatwg.org/#concept-ipv6-serializer: lower-case
// groups without leading zeros, the first longest run of two or more zero
// groups compressed, no embedded dotted IPv4 address, no zone.
func isIPv6(s string) bool {
	left, right, compressed := strings.Cut(s, "::")
	l, okLeft := parseGroups(left)
	r, okRight := parseGroups(right)
	if !okLeft || !okRight {
		return false
	}
	if !compressed {
		return l.n == 8 && l.zeros < 2
	}
	run := 8 - l.n - r.n
	return run >= 2 && !l.lastIsZero && !r.firstIsZero && l.zeros < run && r.zeros <= run
}

// groups is what isIPv6 must know of the groups on one side of the "::".
type groups struct {
	n                       int // how many there are
	zeros                   int // the longest run of zero groups
	firstIsZero, lastIsZero bool
}

func parseGroups(s string) (g groups, ok bool) {
	run := 0
	for more := s != ""; more; {
		var group string
		group, s, more = strings.Cut(s, ":")
		if group == "" || len(group) > 4 || group[0] == '0' && group != "0" {
			return g, false
		}
		for i := 0; i < len(group); i++ {
			if c := group[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return g, false
			}
		}
		g.lastIsZero = group == "0"
		if g.lastIsZero {
			run++
			g.zeros = max(g.zeros, run)
		} else {
			run = 0
		}
		if g.n == 0 {
			g.firstIsZero = g.lastIsZero
		}
		g.n++
	}
	return g, true
}
