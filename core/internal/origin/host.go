package origin

import "strings"

// MaxHostPort is the length of the longest host with a port, in bytes.
const MaxHostPort = maxHost + len(":65535")

// ParseHostPattern parses the name of a server as a Host header gives it: a
// host or host:port, or either behind "*.", which stands for one or more
// labels. It is as strict as ParsePattern, and the Port is "" for any port. The
// fault is nil if s is valid.
func ParseHostPattern(s string) (Pattern, *Fault) {
	const scheme = "https://" // whose hosts are those of http, too
	p, ok := parsePattern(scheme + s)
	if ok && p.Port != "80" && !p.AnyPort {
		p.Text = s
		return p, nil
	}
	f := new(Fault)
	_, host, hasScheme := strings.Cut(s, "://")
	if !hasScheme {
		host = s
	}
	switch {
	case isList(s):
		return Pattern{}, &Fault{Reason: "holds several hosts in one string", Fix: "give each host a key of its own"}
	case hasScheme:
		f.Reason = "has a scheme, which no Host header has"
	case strings.Trim(s, " ") != s:
		f.Reason = "has blanks around it"
		host = strings.Trim(s, " ")
	case s == "*":
		f.Reason = "stands for every host"
	case ok && p.AnyPort:
		f.Reason = "names every port, as a host without a port does"
		host = strings.TrimSuffix(s, ":*")
	case ok:
		f.Reason = "names the default port of http, which browsers leave out"
	default:
		f.Reason = reason(scheme + s)
	}
	if repaired, ok := repair(scheme + host); ok && !strings.HasSuffix(repaired, ":*") {
		f.Fix = "write " + strings.TrimSuffix(strings.TrimPrefix(repaired, scheme), ":80")
	} else {
		f.Fix = "write a host or host:port such as api.example.com, or *.example.com for every host below it"
	}
	return Pattern{}, f
}

// LowerHost splits the value of a Host header. It writes the value to buf in
// lower case, since hosts are compared without regard to case, and returns how
// much of buf that takes and how much of it is the host; the rest is the port
// with its colon, if there is one.
//
// It reports false for what is not made of valid labels and a valid port.
// Between brackets it takes anything: what ends in a bracket lies below no
// domain, and can but equal an address that was parsed.
//
// See https://www.rfc-editor.org/rfc/rfc9110#section-4.2.3
func LowerHost(buf *[MaxHostPort]byte, s string) (n, host int, ok bool) {
	if len(s) > len(buf) {
		return 0, 0, false
	}
	host = len(s)
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		if host = i; !isPort(s[i+1:]) {
			return 0, 0, false
		}
	}
	if host > maxHost {
		return 0, 0, false
	}
	bracketed := strings.HasPrefix(s, "[") && s[host-1] == ']'
	start := 0 // of the label
	for i := 0; i < host; i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
		switch {
		case bracketed, isLabelByte(c):
		case c == '.' && i > start && i-start <= maxLabel:
			start = i + 1
		default:
			return 0, 0, false
		}
	}
	if !bracketed && (host == start || host-start > maxLabel) {
		return 0, 0, false
	}
	copy(buf[host:], s[host:])
	return len(s), host, true
}
