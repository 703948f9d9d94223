package live

import (
	"slices"
	"strings"
)

// Here is what [Audit] asks as: origins of attackers.

// A disguise is an origin of an attacker that may be taken for the known one.
type disguise struct {
	id, fix, title string
	origins        []string
	info           bool   // it may be meant
	unless         string // the ID of a finding that it follows from
}

// origins: matchers that allow more than is meant.
func (a *auditor) origins() {
	for _, d := range a.disguises() {
		if slices.ContainsFunc(a.findings, func(f Finding) bool { return f.ID == d.unless }) {
			continue
		}
		for _, origin := range d.origins {
			if origin == a.known {
				continue
			}
			x := a.from(origin)
			can, credentialed := a.worse(x)
			if !can {
				continue
			}
			s := severity(credentialed)
			if d.info {
				s = Info
			}
			a.found(d.id, s, x, d.fix, "%s: %s is.", d.title, shown(origin))
			break
		}
	}
}

// disguises returns what the known origin may be taken for, in the order in which
// it is asked.
func (a *auditor) disguises() []disguise {
	all := []disguise{
		{id: "null", title: "null is allowed, which any site can be by a sandboxed frame", fix: "take null from the list of origins", origins: []string{"null"}},
		{id: "third-party", title: "An origin is allowed whose pages anyone can write", fix: "list the origins of your own pages, and no domain where others have theirs",
			origins: []string{"https://corskit.github.io", "https://corskit.herokuapp.com", "https://corskit.netlify.app", "https://corskit.vercel.app", "https://corskit.pages.dev", "https://jsfiddle.net", "https://jsbin.com", "https://codepen.io"}},
		{id: "localhost", title: "Programs on the user's own machine are allowed", fix: "take localhost from the list of origins of servers that are not for development",
			origins: []string{"http://localhost", "http://localhost:3000", "https://localhost", "http://127.0.0.1", "http://127.0.0.1:8080"}, info: true},
	}
	if a.pattern.scheme == "https" {
		all = append(all, disguise{id: "scheme-downgrade", title: "The origin is allowed over plain http too, so that whoever is on the network can be it",
			fix: "list the origin with https alone", origins: []string{"http://" + a.pattern.host + a.pattern.port}})
	}
	if a.pattern.isAddress() {
		return append(all, a.beginsLike())
	}
	return append(append(all, a.beginsLike()), a.ofDomains()...)
}

const wholeOrigin = "compare the whole Origin, byte for byte, with a list of origins"

// beginsLike is an origin that begins with the known one. Where any port is
// allowed, a longer one says nothing.
func (a *auditor) beginsLike() disguise {
	p := a.pattern
	d := disguise{id: "prefix", title: "Origins are compared by their beginning, so that a longer one is allowed", fix: wholeOrigin}
	anyPort, _ := a.worse(a.from(p.scheme + "://" + p.host + ":49151"))
	for _, o := range p.longer() {
		if anyPort && strings.HasSuffix(o.origin, p.port+"1") {
			continue
		}
		d.origins = append(d.origins, o.origin)
	}
	return d
}

// ofDomains are those that only names have, and addresses have not.
func (a *auditor) ofDomains() []disguise {
	at, host, port := a.pattern.scheme+"://", a.pattern.host, a.pattern.port
	base := a.base()
	var dots []string
	for i := len(host) - len(base); i < len(host); i++ { // a dot before base is no part of it: see suffix
		if host[i] == '.' {
			dots = append(dots, at+host[:i]+"x"+host[i+1:]+port)
		}
	}
	return []disguise{
		{id: "suffix", title: "Origins are compared by their end, so that a host that runs into it is allowed", fix: wholeOrigin + ", and subdomains with the dot before them",
			origins: []string{at + "evil" + base + port, at + "evil-" + base + port, at + "evil.example?." + base + port, at + "evil.example#." + base + port}},
		{id: "special-characters", title: "What follows a host is not looked at, which browsers let begin with other characters than a dot", fix: "parse the Origin, and refuse hosts that are no domain",
			origins: special(at+host, port), unless: "prefix"},
		{id: "subdomain", title: "Every subdomain is allowed, so that the weakest of them can read what the others may", fix: "list the subdomains that need it, if they are few",
			origins: []string{at + "corskit." + base + port, at + "corskit." + host + port}, info: true, unless: "suffix"},
		{id: "unescaped-dot", title: "A dot of the origin stands for any character, as it does in a regular expression", fix: "escape the dots, or better compare strings", origins: dots},
	}
}

// base returns the domain whose subdomains are allowed, as far as the known origin
// shows; it is the known origin's host if no other one beside it is.
func (a *auditor) base() string {
	base := a.pattern.host
	for {
		_, parent, ok := strings.Cut(base, ".")
		if !ok || !strings.Contains(parent, ".") {
			return base
		}
		if can, _ := a.worse(a.from(a.pattern.scheme + "://corskit." + parent + a.pattern.port)); !can {
			return base
		}
		base = parent
	}
}

// special returns hosts that go on behind an allowed one, in characters that some
// browsers let be in a host. A server may see them percent-encoded.
func special(origin, port string) (all []string) {
	for _, c := range []string{"_", "-", "`", "{", "}", "|", "^", "!", "$", "&", "'", "(", ")", "*", "+", ",", ";", "=", "~", "%60", "%7b", "%0b"} {
		all = append(all, origin+c+".evil.example"+port)
	}
	return all
}
