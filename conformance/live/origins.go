package live

import (
	"net"
	"strconv"
	"strings"
)

// Here are the origins that are asked as: those that an origin pattern stands
// for, and near misses. "Origin pattern" is the core's word.

// A pattern is an origin pattern, taken apart.
type pattern struct {
	scheme  string
	subs    bool   // it stands for subdomains of host
	host    string // "*" if it stands for every host of the scheme
	port    string // with its colon; "" is the default one
	anyPort bool
}

// split takes apart an origin pattern that the core accepts and that is not "*"
// or "null".
func split(s string) pattern {
	scheme, rest, _ := strings.Cut(s, "://")
	p := pattern{scheme: scheme}
	p.host = rest
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
		p.host, p.port = rest[:i], rest[i:]
	}
	if p.port == ":*" {
		p.port, p.anyPort = "", true
	}
	if base, ok := strings.CutPrefix(p.host, "*."); ok {
		p.host, p.subs = base, true
	}
	return p
}

// inside returns origins that p stands for, the plainest first.
func (p pattern) inside() []string {
	hosts := []string{p.host}
	switch {
	case p.subs:
		hosts = []string{"corskit." + p.host, "a.corskit." + p.host}
	case p.host == "*":
		hosts = []string{"corskit"}
	}
	ports := []string{p.port}
	if p.anyPort {
		ports = []string{"", ":8081", ":65535"}
	}
	var all []string
	for i, host := range hosts {
		for _, port := range ports[:max(1, len(ports)-2*i)] { // all ports for the first host
			all = append(all, p.scheme+"://"+host+port)
		}
	}
	return all
}

// A nearMiss is an origin that resembles an allowed one.
type nearMiss struct {
	origin string
	why    string // the end of a clause: "here …"
}

// outside returns near misses of p. Some of them may be allowed by another
// pattern of the same policy.
func (p pattern) outside() []nearMiss {
	if p.host == "*" {
		return []nearMiss{{"https://corskit", "another scheme"}}
	}
	at := p.scheme + "://"
	host := p.host
	if p.subs {
		host = "corskit." + host
	}
	other := map[string]string{"https": "http", "http": "https"}[p.scheme]
	if other == "" {
		other = "https"
	}
	all := []nearMiss{{other + "://" + host + p.port, "another scheme"}}
	if !p.anyPort {
		defaultPort := map[string]string{"http": ":80", "https": ":443"}[p.scheme]
		for _, port := range []string{":80", ":443", ":3000", ":8080", ":8443", ":8444"} {
			if port != p.port && port != defaultPort {
				all = append(all, nearMiss{at + host + port, "another port"})
			}
		}
		if p.port != "" {
			all = append(all, nearMiss{at + host, "the default port"})
		}
	}
	longer := p
	longer.host = host
	all = append(all, longer.longer()...)
	if p.isAddress() {
		return all
	}
	all = append(all,
		nearMiss{at + "evil" + p.host + p.port, "the allowed host is the end of another, without a dot between"},
		nearMiss{at + "evil-" + p.host + p.port, "the allowed host is the end of another, behind a hyphen"},
		nearMiss{at + strings.Replace(p.host, ".", "-", 1) + p.port, "a hyphen for a dot"},
	)
	if i := strings.LastIndexByte(p.host, '.'); i >= 0 {
		all = append(all, nearMiss{at + p.host[:i] + "x" + p.host[i+1:] + p.port, "another byte for a dot"})
	}
	if !p.subs {
		all = append(all, nearMiss{at + "evil." + host + p.port, "a subdomain"})
		if _, parent, ok := strings.Cut(host, "."); ok && strings.Contains(parent, ".") {
			all = append(all, nearMiss{at + parent + p.port, "the parent domain"})
		}
	} else {
		all = append(all, nearMiss{at + p.host + p.port, "the domain whose subdomains are allowed"})
	}
	return all
}

// isAddress reports whether the host of p is an IP address.
func (p pattern) isAddress() bool {
	return net.ParseIP(strings.Trim(p.host, "[]")) != nil
}

// longer returns origins that begin like p, or like the host of p.
func (p pattern) longer() (all []nearMiss) {
	at := p.scheme + "://" + p.host
	if !strings.HasSuffix(p.host, "]") {
		all = append(all,
			nearMiss{at + ".evil.example" + p.port, "the allowed host is the beginning of another"},
			nearMiss{at + "evil.example" + p.port, "the allowed host runs into another"},
			nearMiss{at + "-evil.example" + p.port, "the allowed host is the beginning of another, up to a hyphen"})
	}
	if number, err := strconv.Atoi(strings.TrimPrefix(p.port, ":")); err == nil && number*10+1 <= 65535 {
		all = append(all, nearMiss{at + p.port + "1", "the allowed port is the beginning of another"})
	}
	return all
}

// joined returns the origins whose host is made of the hosts of two patterns, as
// matchers by prefix trees were seen to allow.
func joined(a, b pattern) []nearMiss {
	first, _, _ := strings.Cut(a.host, ".")
	if a.subs || b.subs || a.host == "*" || b.host == "*" || a.host == b.host || strings.HasPrefix(b.host, "[") {
		return nil
	}
	return []nearMiss{{b.scheme + "://" + first + b.host + b.port, "two allowed hosts together"}}
}

// A shape is an Origin header that no browser sends, in one or more field lines.
type shape struct {
	name  string // a part of a case's name
	lines []string
	why   string
}

// shapes returns malformed and repeated Origin headers that resemble an allowed
// origin.
func shapes(allowed string, subs []pattern) []shape {
	scheme, rest, _ := strings.Cut(allowed, "://")
	first, others, _ := strings.Cut(rest, ".")
	all := []shape{
		{"empty", []string{""}, "an empty one"},
		{"upper-case-null", []string{"NULL"}, "null in upper case"},
		{"no-scheme", []string{rest}, "a host without a scheme"},
		{"upper-case-scheme", []string{strings.ToUpper(scheme) + "://" + rest}, "a scheme in upper case"},
		{"upper-case-host", []string{scheme + "://" + strings.ToUpper(rest)}, "a host in upper case"},
		{"trailing-dot", []string{allowed + "."}, "a trailing dot"},
		{"trailing-slash", []string{allowed + "/"}, "a trailing slash"},
		{"path", []string{allowed + "/index.html"}, "a path"},
		{"query", []string{allowed + "?evil.example"}, "a query"},
		{"fragment", []string{allowed + "#evil.example"}, "a fragment"},
		{"userinfo", []string{allowed + "@evil.example"}, "the allowed origin for a user name"},
		{"username", []string{scheme + "://evil@" + rest}, "a user name"},
		{"backslash", []string{allowed + `\.evil.example`}, "a backslash"},
		{"blank", []string{allowed + " evil.example"}, "a blank"},
		{"tab", []string{allowed + "\tevil.example"}, "a tab, the one control character that HTTP allows"},
		{"high-byte", []string{allowed + "\xff"}, "a byte that is not ASCII"},
		{"backtick", []string{allowed + "`.evil.example"}, "a backtick"},
		{"brace", []string{allowed + "{.evil.example"}, "a brace"},
		{"percent", []string{allowed + "%60.evil.example"}, "a percent sign"},
		{"markup", []string{allowed + "<b>"}, "markup"},
		{"comma", []string{allowed + ",https://evil.example"}, "two origins joined by a comma"},
		{"comma-and-blank", []string{"https://evil.example, " + allowed}, "two origins joined by a comma and a blank"},
		{"two-lines", []string{allowed, "https://evil.example"}, "two lines, the allowed origin first"},
		{"two-lines-last", []string{"https://evil.example", allowed}, "two lines, the allowed origin last"},
		{"two-lines-equal", []string{allowed, allowed}, "two lines that agree"},
		{"long", []string{scheme + "://" + strings.Repeat("a.", 200) + rest}, "more bytes than any origin has"},
		{"very-long", []string{scheme + "://" + strings.Repeat("a.", 4000) + rest}, "8000 bytes"},
	}
	if !strings.Contains(rest, ":") {
		port := map[string]string{"http": ":80", "https": ":443"}[scheme]
		all = append(all, shape{"default-port", []string{allowed + port}, "the default port spelled out"},
			shape{"port-without-number", []string{allowed + ":"}, "a colon without a port"},
			shape{"port-out-of-range", []string{allowed + ":65536"}, "a port out of range"})
	}
	if strings.Contains(rest, ":") && !strings.HasSuffix(rest, "]") {
		all = append(all, shape{"port-longer", []string{allowed + "00001"}, "a port out of range that begins with the allowed one"})
	}
	if others != "" {
		all = append(all, shape{"empty-label", []string{scheme + "://" + first + ".." + others}, "an empty label"})
	}
	if len(subs) > 0 {
		all = append(all, subs[0].malformed()...)
	}
	return all
}

// malformed returns shapes that resemble the subdomains that p stands for.
func (p pattern) malformed() []shape {
	below := "." + p.host + p.port
	return []shape{
		{"star-itself", []string{p.scheme + "://*" + below}, "the origin pattern itself"},
		{"subdomain-empty", []string{p.scheme + "://" + below}, "an empty label for a wildcard"},
		{"subdomain-path", []string{p.scheme + "://evil.example/" + below}, "a path before the allowed domain"},
		{"subdomain-query", []string{p.scheme + "://evil.example?" + below}, "a query before the allowed domain"},
		{"subdomain-fragment", []string{p.scheme + "://evil.example#" + below}, "a fragment before the allowed domain"},
		{"subdomain-backtick", []string{p.scheme + "://evil.example`" + below}, "a backtick before the allowed domain"},
		{"subdomain-blank", []string{p.scheme + "://evil.example " + below}, "a blank before the allowed domain"},
	}
}

// sample returns at most so many elements of list, evenly spread, the first and
// the last among them.
func sample[T any](list []T, most int) []T {
	if len(list) <= most {
		return list
	}
	some := make([]T, 0, most)
	for i := range most {
		some = append(some, list[i*(len(list)-1)/(most-1)])
	}
	return some
}
