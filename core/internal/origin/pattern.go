package origin

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Pattern is a valid origin pattern: an exact serialized origin, or one with a
// wildcard in it.
//
//	https://app.example.com     that origin
//	https://*.example.com       one or more labels below example.com
//	http://localhost:*          any port, the scheme's default included
//	https://*.example.com:8443  wildcards combine with ports, and with ":*"
//	moz-extension://*           any host of a scheme that is not http or https
type Pattern struct {
	Origin         // without its wildcards; Host is "" if AnyHost
	Text    string // as configured
	Below   bool   // "*.": one or more labels below Host
	AnyPort bool   // ":*"
	AnyHost bool   // "scheme://*"
}

// Exact reports whether p has no wildcard.
func (p Pattern) Exact() bool { return !p.Below && !p.AnyPort && !p.AnyHost }

// Fault says what is wrong with an origin pattern and what to write instead.
type Fault struct{ Reason, Fix string }

// ParsePattern parses an origin pattern. The fault is nil if s is valid.
func ParsePattern(s string) (Pattern, *Fault) {
	if p, ok := parsePattern(s); ok {
		return p, nil
	}
	return Pattern{}, diagnose(s)
}

// parsePattern takes the wildcards away and leaves what remains to Parse, so
// that patterns are exactly as strict as the origins they are matched with.
func parsePattern(s string) (Pattern, bool) {
	if len(s) > MaxLen {
		return Pattern{}, false
	}
	scheme, host, ok := strings.Cut(s, "://")
	if !ok || neverSerialized(scheme) != nil {
		return Pattern{}, false
	}
	p := Pattern{Text: s}
	if host == "*" {
		p.Scheme, p.AnyHost = scheme, true
		return p, isScheme(scheme) && !isSpecial(scheme)
	}
	host, p.Below = strings.CutPrefix(host, "*.")
	host, p.AnyPort = strings.CutSuffix(host, ":*")
	text := s
	if !p.Exact() {
		text = scheme + "://" + host
	}
	p.Origin, ok = Parse(text)
	switch {
	case !ok, p.AnyPort && p.Port != "", strings.HasSuffix(p.Host, "."):
		return Pattern{}, false
	case p.Below && (p.isIP() || len(p.Host)+len("x.") > maxHost):
		return Pattern{}, false
	}
	return p, true
}

// Insecure reports whether the pattern lets in pages that came over plain http
// from beyond this machine, where anyone on the way can have changed them.
//
// The hosts that are taken for this machine are those of
// https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy
func (p Pattern) Insecure() bool {
	if p.Scheme != "http" {
		return false
	}
	addr, err := netip.ParseAddr(strings.Trim(p.Host, "[]"))
	if err == nil {
		return !addr.IsLoopback() || addr.Is4In6()
	}
	return p.Host != "localhost" && !strings.HasSuffix(p.Host, ".localhost")
}

// PublicSuffix reports whether the pattern's wildcard stands for names that
// anyone can register. A suffix that is only implied by the list's default
// rule, such as localhost or an internal top-level domain, is not one.
func (p Pattern) PublicSuffix() bool {
	if !p.Below || !isSpecial(p.Scheme) {
		return false
	}
	// The second look finds rules such as *.compute.amazonaws.com: below
	// that host, each label is a suffix of its own.
	return isListed(p.Host) || isListed("x."+p.Host)
}

func isListed(domain string) bool {
	suffix, icann := publicsuffix.PublicSuffix(domain)
	return suffix == domain && (icann || strings.Contains(suffix, "."))
}

func (o Origin) isIP() bool {
	if !isSpecial(o.Scheme) {
		return false
	}
	return strings.HasPrefix(o.Host, "[") || isIPv4(o.Host)
}

// neverSerialized says why pages of a scheme never send it in an Origin
// header, or nil if they may. Without a fix, repair knows one.
func neverSerialized(scheme string) *Fault {
	const prefix = "is not an origin: pages of "
	switch scheme = strings.ToLower(scheme); scheme {
	case "file", "data":
		return &Fault{
			Reason: prefix + scheme + " URLs send the origin null",
			Fix:    "serve the page over https or http, or see DangerouslyAllowNullOrigin",
		}
	case "blob", "filesystem", "about", "javascript":
		return &Fault{
			Reason: prefix + scheme + " URLs send that of the page which made them",
			Fix:    "write the origin of that page, such as https://app.example.com",
		}
	case "ws", "wss":
		return &Fault{Reason: "is the URL of a WebSocket, not the origin of a page"}
	}
	return nil
}

// diagnose says what is wrong with s, which is not a pattern. What parsePattern
// accepts does not depend on it.
func diagnose(s string) *Fault {
	f := &Fault{Reason: reason(s)}
	never := neverSerialized(schemeOf(s))
	switch repaired, ok := repair(s); {
	case strings.EqualFold(strings.TrimSpace(s), "null"):
		f.Fix = "write null, and see DangerouslyAllowNullOrigin"
	case s == "":
		f.Fix = "remove it, or write an origin such as https://app.example.com"
	case never != nil && never.Fix != "":
		f.Fix = never.Fix
	case isList(s):
		f.Fix = "write each origin as an element of its own"
	case ok:
		f.Fix = "write " + repaired
	case strings.Contains(s, "*"):
		f.Fix = "write https://*.example.com for every subdomain, http://localhost:* for every port, or * alone for every origin"
	default:
		f.Fix = "write scheme://host or scheme://host:port, such as https://app.example.com"
	}
	return f
}

// isList reports whether s is a list of origins rather than one: no origin holds
// a comma, and none the "://" of a second.
func isList(s string) bool {
	return strings.Contains(strings.Trim(s, ", "), ",") ||
		strings.ContainsAny(s, " ;|") && strings.Count(s, "://") > 1
}

func isBareIPv6(authority string) bool {
	addr, err := netip.ParseAddr(authority)
	return err == nil && addr.Is6()
}

func schemeOf(s string) string {
	scheme, _, found := strings.Cut(s, ":")
	if !found {
		return ""
	}
	return scheme
}

// reason names the first fault of s, in the order in which a reader would meet
// them.
func reason(s string) string {
	scheme, rest, hasScheme := strings.Cut(s, "://")
	authority := rest
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		authority = rest[:i]
	}
	host, port, hasPort := cutPort(authority)
	host, below := strings.CutPrefix(host, "*.")
	switch {
	case s == "":
		return "is empty"
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "holds a control character"
	case neverSerialized(schemeOf(s)) != nil:
		return neverSerialized(schemeOf(s)).Reason
	case isList(s):
		return "holds several origins in one string"
	case strings.TrimSpace(s) != s:
		return "has blanks around it"
	case !hasScheme:
		return "has no scheme"
	case strings.Contains(scheme, "*"):
		return "has a wildcard in its scheme"
	case scheme != strings.ToLower(scheme):
		return "has upper-case letters in its scheme"
	case !isScheme(scheme):
		return "has no valid scheme"
	case strings.Contains(authority, "@"):
		return "holds a user name or password"
	case rest != authority && rest == authority+"/":
		return "has a trailing slash"
	case strings.Contains(rest, "?"):
		return "has a query"
	case strings.Contains(rest, "#"):
		return "has a fragment"
	case rest != authority:
		return "has a path"
	case isBareIPv6(authority):
		return "has an IPv6 address without brackets"
	case hasPort && port == "":
		return "has a colon without a port"
	case hasPort && port != "*" && port == defaultPort(scheme):
		return "names the default port of " + scheme + ", which browsers leave out"
	case hasPort && port != "*" && strings.Contains(port, "*"):
		return "has a wildcard for a part of its port"
	case hasPort && port != "*" && !isPort(port):
		return "has a port that is not a number from 1 to 65535 without leading zeros"
	case authority == "*" || host == "*" || host == "" && below:
		return "matches every host of " + scheme
	case strings.Contains(host, "*"):
		return "has a wildcard that does not stand for whole leftmost labels"
	case host == "":
		return "has no host"
	case !isASCII(host):
		return "has letters beyond ASCII, which browsers send as an A-label"
	case host != strings.ToLower(host):
		return "has upper-case letters in its host"
	case strings.Contains(host, "%"):
		return "has a percent sign in its host: zone ids and escapes never occur in an origin"
	case strings.HasPrefix(host, "[") && below, below && isSpecial(scheme) && isIPv4(host):
		return "has a wildcard before an IP address"
	case strings.HasPrefix(host, "["):
		return "has no IPv6 address in its canonical form"
	case strings.HasSuffix(host, "."):
		return "has a trailing dot"
	case strings.Contains(host, "..") || host[0] == '.':
		return "has an empty label"
	case len(host) > maxHost || below && len(host)+len("x.") > maxHost:
		return fmt.Sprintf("has a host longer than %d bytes", maxHost)
	case hasLongLabel(host):
		return fmt.Sprintf("has a label longer than %d bytes", maxLabel)
	}
	if last, ok := lastLabel(host); ok && isNumber(last) {
		return "has no IPv4 address in its canonical form"
	}
	return "has a character in its host that no label may have"
}

func cutPort(authority string) (host, port string, found bool) {
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		return authority[:i], authority[i+1:], true
	}
	return authority, "", false
}

func hasLongLabel(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if len(label) > maxLabel {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f })
}

// repair returns the pattern that the author of s most likely meant.
func repair(s string) (string, bool) {
	s = strings.TrimSpace(s)
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return repairScheme(s)
	}
	scheme = strings.ToLower(scheme)
	switch scheme {
	case "ws":
		scheme = "http"
	case "wss", "*":
		scheme = "https"
	}
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if isBareIPv6(rest) {
		rest = "[" + rest + "]"
	}
	host, port, hasPort := cutPort(rest)
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		port = strconv.FormatUint(n, 10)
	}
	if host = repairHost(host, isSpecial(scheme)); hasPort && port != "" && port != defaultPort(scheme) {
		host += ":" + port
	}
	repaired := scheme + "://" + host
	_, ok = parsePattern(repaired)
	return repaired, ok
}

// repairScheme repairs a string without "://": what looks like a mistyped
// scheme is one, and without any a server on this machine is one for http.
func repairScheme(s string) (string, bool) {
	for _, scheme := range []string{"https", "http"} {
		rest, ok := strings.CutPrefix(strings.ToLower(s), scheme)
		if ok && rest != "" && (rest[0] == ':' || rest[0] == '/') {
			return repair(scheme + "://" + strings.TrimLeft(rest, ":/"))
		}
	}
	host := strings.TrimLeft(s, "/")
	if repaired, ok := repair("http://" + host); ok {
		if p, _ := parsePattern(repaired); !p.Insecure() {
			return repaired, true
		}
	}
	return repair("https://" + host)
}

func repairHost(host string, special bool) string {
	host = strings.TrimRight(host, ".")
	host, below := strings.CutPrefix(strings.ToLower(host), "*.")
	bare, _, _ := strings.Cut(strings.Trim(host, "[]"), "%")
	if addr, err := netip.ParseAddr(bare); err == nil {
		return canonicalIP(addr)
	}
	if addr, ok := parseIPv4(bare); special && ok {
		return canonicalIP(addr)
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		labels[i] = toASCII(label)
	}
	host = strings.Join(labels, ".")
	if below {
		host = "*." + host
	}
	return host
}

// parseIPv4 parses what browsers take for an IPv4 address beyond its canonical
// form: fewer parts, octal and hexadecimal ones. See
// https://url.spec.whatwg.org/#concept-ipv4-parser
func parseIPv4(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var v uint64
	for i, part := range parts {
		shift, limit := 8*(3-i), uint64(1)<<8
		if i == len(parts)-1 { // which stands for all the bytes that are left
			shift, limit = 0, limit<<shift
		}
		n, err := strconv.ParseUint(part, 0, 64)
		if err != nil || n >= limit || !isNumber(part) {
			return netip.Addr{}, false
		}
		v |= n << shift
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
}

func canonicalIP(addr netip.Addr) string {
	switch {
	case addr.Is4():
		return addr.String()
	case addr.Is4In6():
		// Only the URL serializer writes the last two groups in hexadecimal.
		b := addr.As16()
		return fmt.Sprintf("[::ffff:%x:%x]", uint(b[12])<<8|uint(b[13]), uint(b[14])<<8|uint(b[15]))
	}
	return "[" + addr.String() + "]"
}
