package live

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
)

// Severity says how bad a [Finding] is.
type Severity uint8

const (
	Info   Severity = iota // worth a look, and right if it is meant
	Low                    // tells attackers something, or breaks clients
	Medium                 // lets some other site or cache read or spoil responses
	High                   // lets some other site act as the user and read the responses
)

// String returns "info", "low", "medium" or "high".
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Low:
		return "low"
	case Medium:
		return "medium"
	case High:
		return "high"
	}
	return "unknown"
}

// A Finding is a misconfiguration of a server.
type Finding struct {
	// ID names the kind of misconfiguration. The names are stable, and the README
	// of the command corskit lists them.
	ID string

	// Severity says how bad it is.
	Severity Severity

	// Title says in a sentence what is wrong.
	Title string

	// Fix says what to change, without a full stop.
	Fix string

	// Curl is a command for a POSIX shell that shows it: see the function [Curl].
	Curl string

	// Exchange is the request that the command sends, and its response. Where the
	// request cannot be sent by net/http, the response is all that there is.
	Exchange fetch.Exchange
}

// Audit asks a target as attackers would, and returns what they would find, the
// worst first. Of origins, one that is allowed should be given; without one, that
// of the URL stands for it. Findings that follow from another are left out: where
// every origin is allowed, so is null.
//
// The request methods are that of the target and OPTIONS; nothing else is asked
// than how the server answers. Audit returns an [*UnreachableError] if the target
// cannot be reached, and another error if the origin or the target is none.
func Audit(ctx context.Context, target Target, origin string) ([]Finding, error) {
	c, err := target.open()
	if err != nil {
		return nil, err
	}
	defer c.transport.CloseIdleConnections()
	if origin == "" {
		origin = c.origin()
	}
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok || scheme == "" || rest == "" || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' }) || strings.ContainsAny(rest, "/?#@*") {
		return nil, fmt.Errorf("%q is not an origin: write one such as https://app.example.com", origin)
	}
	a := &auditor{session: session{Suite: &Suite{}, client: c}, ctx: ctx, known: origin, pattern: split(origin)}
	if a.plain, err = a.exchange(ctx, c.request(message{})); err != nil {
		return nil, &UnreachableError{c.url.String(), err}
	}
	a.run()
	slices.SortStableFunc(a.findings, func(x, y Finding) int { return int(y.Severity) - int(x.Severity) })
	return a.findings, ctx.Err()
}

// An auditor is one audit.
type auditor struct {
	session
	ctx      context.Context
	known    string // an origin that is, or may be, allowed
	pattern  pattern
	findings []Finding

	allowed fetch.Exchange // the answer to the known origin
	foreign fetch.Exchange // to one that nobody knows
	open    bool           // every origin is allowed
}

func (a *auditor) run() {
	a.allowed, a.foreign = a.from(a.known), a.from(invented)
	a.anyOrigin()
	if !a.open {
		a.origins()
		a.lists()
		a.vary()
	}
	a.values()
	a.options()
	a.hostile()
}

// ask sends m. Without a response, it returns an exchange with the status 0.
func (a *auditor) ask(m message) fetch.Exchange {
	x, _ := a.exchange(a.ctx, a.client.request(m))
	return x
}

func (a *auditor) from(origins ...string) fetch.Exchange { return a.ask(message{origin: origins}) }

func (a *auditor) found(id string, s Severity, x fetch.Exchange, fix, format string, args ...any) {
	a.findings = append(a.findings, Finding{
		ID: id, Severity: s, Title: fmt.Sprintf(format, args...), Fix: fix,
		Curl: Curl(x, a.client.target.Insecure), Exchange: x,
	})
}

// reads reports whether a page of the origin in x can read the response, and
// whether it can with the user's credentials.
func reads(x fetch.Exchange) (reads, credentialed bool) {
	r := fetch.Request{Origin: x.Request.Header.Get("Origin")}
	reads = x.Status != 0 && fetch.Check(r, x.Header).Reason == fetch.None
	r.Credentials = fetch.Include
	return reads, x.Status != 0 && fetch.Check(r, x.Header).Reason == fetch.None
}

// severity is that of a response that some other site can read.
func severity(credentialed bool) Severity {
	if credentialed {
		return High
	}
	return Medium
}

// anyOrigin: every origin is sent back, or "*" is.
func (a *auditor) anyOrigin() {
	cookie := a.ask(message{origin: []string{invented}, more: http.Header{"Cookie": {ownCookie}}})
	for _, x := range []fetch.Exchange{a.foreign, cookie} {
		can, credentialed := reads(x)
		star := slices.Contains(x.Header["Access-Control-Allow-Origin"], "*")
		if can && !star {
			a.open = true
			title := "Every origin is sent back, so that every site can read the response"
			if credentialed {
				title += " with the user's credentials"
			}
			a.found("any-origin", severity(credentialed), x, "compare the Origin with a list of origins, and send it back only if it is there",
				"%s: %s is allowed.", title, invented)
			return
		}
		a.open = a.open || star
	}
	if a.open && (a.foreign.Header.Get("Set-Cookie") != "" || a.isPrivate()) {
		a.found("wildcard-private", Info, a.foreign, "name the origins that need the response, or leave out what is private",
			"Every site can read the response, and it looks private: it goes with credentials, sets a cookie or is marked as private.")
	}
}

// isPrivate reports whether responses look as if they were for one user only.
func (a *auditor) isPrivate() bool {
	h := a.client.target.Header
	return h["Authorization"] != nil || h["Cookie"] != nil || containsFold(members(a.foreign.Header["Cache-Control"]), "private")
}

// A disguise is an origin of an attacker that may be taken for the known one.
type disguise struct {
	id, fix, title string
	origins        []string
	info           bool   // it may be meant
	unless         string // the ID of a finding that it follows from
}

// origins: matchers that allow more than is meant.
func (a *auditor) origins() {
	at, host, port := a.pattern.scheme+"://", a.pattern.host, a.pattern.port
	base := a.base()
	const whole = "compare the whole Origin, byte for byte, with a list of origins"
	disguises := []disguise{
		{id: "null", title: "null is allowed, which any site can be by a sandboxed frame", fix: "take null from the list of origins", origins: []string{"null"}},
		{id: "third-party", title: "An origin is allowed whose pages anyone can write", fix: "list the origins of your own pages, and no domain where others have theirs",
			origins: []string{"https://corskit.github.io", "https://corskit.herokuapp.com", "https://corskit.netlify.app", "https://corskit.vercel.app", "https://corskit.pages.dev", "https://jsfiddle.net", "https://jsbin.com", "https://codepen.io"}},
		{id: "localhost", title: "Programs on the user's own machine are allowed", fix: "take localhost from the list of origins of servers that are not for development",
			origins: []string{"http://localhost", "http://localhost:3000", "https://localhost", "http://127.0.0.1", "http://127.0.0.1:8080"}, info: true},
	}
	if a.pattern.scheme == "https" {
		disguises = append(disguises, disguise{id: "scheme-downgrade", title: "The origin is allowed over plain http too, so that whoever is on the network can be it",
			fix: "list the origin with https alone", origins: []string{"http://" + host + port}})
	}
	if net.ParseIP(strings.Trim(host, "[]")) == nil {
		disguises = append(disguises,
			disguise{id: "prefix", title: "Origins are compared by their beginning, so that a longer host is allowed", fix: whole,
				origins: []string{at + host + ".evil.example" + port, at + host + "evil.example" + port, at + host + "-evil.example" + port}},
			disguise{id: "suffix", title: "Origins are compared by their end, so that a host that runs into it is allowed", fix: whole + ", and subdomains with the dot before them",
				origins: []string{at + "evil" + base + port, at + "evil-" + base + port, at + "evil.example?." + base + port, at + "evil.example#." + base + port}},
			disguise{id: "special-characters", title: "What follows a host is not looked at, which browsers let begin with other characters than a dot", fix: "parse the Origin, and refuse hosts that are no domain",
				origins: special(at+host, port), unless: "prefix"},
			disguise{id: "subdomain", title: "Every subdomain is allowed, so that the weakest of them can read what the others may", fix: "list the subdomains that need it, if they are few",
				origins: []string{at + "corskit." + base + port, at + "corskit." + host + port}, info: true, unless: "suffix"},
		)
		var dots []string
		for i := len(host) - len(base); i < len(host); i++ { // a dot before base is no part of it: see suffix
			if host[i] == '.' {
				dots = append(dots, at+host[:i]+"x"+host[i+1:]+port)
			}
		}
		disguises = append(disguises, disguise{id: "unescaped-dot", title: "A dot of the origin stands for any character, as it does in a regular expression", fix: "escape the dots, or better compare strings", origins: dots})
	}
	for _, d := range disguises {
		if slices.ContainsFunc(a.findings, func(f Finding) bool { return f.ID == d.unless }) {
			continue
		}
		for _, origin := range d.origins {
			x := a.from(origin)
			can, credentialed := reads(x)
			if !can || origin == a.known {
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

// base returns the domain whose subdomains are allowed, as far as the known origin
// shows; it is the known origin's host if no other one beside it is.
func (a *auditor) base() string {
	base := a.pattern.host
	for {
		_, parent, ok := strings.Cut(base, ".")
		if !ok || !strings.Contains(parent, ".") || net.ParseIP(a.pattern.host) != nil {
			return base
		}
		if can, _ := reads(a.from(a.pattern.scheme + "://corskit." + parent + a.pattern.port)); !can {
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

// lists: what refused origins learn.
func (a *auditor) lists() {
	if can, _ := reads(a.foreign); can {
		return
	}
	x := a.ask(message{origin: []string{invented}, requestHeaders: []string{"x-corskit"}}.preflight("CORSKIT"))
	for _, list := range []struct{ name, asked string }{{"Access-Control-Allow-Methods", "CORSKIT"}, {"Access-Control-Allow-Headers", "x-corskit"}} {
		if slices.ContainsFunc(members(x.Header[list.name]), func(m string) bool { return !strings.EqualFold(m, list.asked) }) {
			a.found("lists-leaked", Low, x, "send lists to allowed origins only", "An origin that is not allowed is told what others may do: %s is %s.", list.name, quote(x.Header[list.name]))
			return
		}
	}
}

// vary: caches that cannot tell the answers apart.
func (a *auditor) vary() {
	const header = "Access-Control-Allow-Origin"
	answers := []fetch.Exchange{a.allowed, a.foreign, a.plain}
	for _, x := range answers {
		if x.Status == 0 || slices.Equal(x.Header[header], a.plain.Header[header]) && slices.Equal(x.Header[header], a.allowed.Header[header]) {
			continue
		}
		for _, y := range answers {
			if y.Status != 0 && !names(y, "Origin") {
				a.found("missing-vary", Medium, y, "add Origin to Vary on every response, whether there is an Origin or not",
					"%s depends on Origin, and Vary does not say so, so that a cache hands a response to pages of other origins: it is %s for %s and %s for %s.",
					header, quote(a.allowed.Header[header]), a.known, quote(a.foreign.Header[header]), invented)
				return
			}
		}
	}
}

// values: headers that contradict themselves.
func (a *auditor) values() {
	const header = "Access-Control-Allow-Origin"
	for _, x := range []fetch.Exchange{a.allowed, a.foreign, a.plain} {
		lines := x.Header[header]
		if len(lines) > 1 || len(lines) == 1 && strings.ContainsAny(lines[0], ", ") {
			a.found("several-origins", Medium, x, "have one layer alone set it, to one origin", "%s has several values, which browsers refuse: %s.", header, quote(lines))
			return
		}
		if slices.Contains(lines, "*") && x.Header.Get("Access-Control-Allow-Credentials") != "" {
			a.found("wildcard-credentials", Low, x, "leave Access-Control-Allow-Credentials out, or name the origins",
				"Access-Control-Allow-Credentials goes with *: browsers refuse it, and the next change may be to send every origin back.")
			return
		}
	}
	two := a.from(a.known, invented)
	if lines := two.Header[header]; len(lines) > 1 || len(lines) == 1 && strings.Contains(lines[0], invented) && !a.open {
		a.found("several-origins", Medium, two, "grant nothing to a request with several Origin lines", "%s sends back several Origin lines: %s.", header, quote(lines))
	}
}

// options: requests that are the application's.
func (a *auditor) options() {
	if len(a.allowed.Header["Access-Control-Allow-Methods"]) > 0 {
		return // it is on every response, so that it says nothing of who answers
	}
	x := a.ask(message{method: "OPTIONS", origin: []string{a.known}})
	if len(x.Header["Access-Control-Allow-Methods"]) > 0 || len(x.Header["Access-Control-Max-Age"]) > 0 {
		a.found("options-swallowed", Low, x, "take OPTIONS for a CORS-preflight request only if it has both Origin and Access-Control-Request-Method",
			"OPTIONS without Access-Control-Request-Method is answered as a CORS-preflight request, so that the application's own OPTIONS never runs.")
	}
}

// hostile: bytes that no browser sends.
func (a *auditor) hostile() {
	if a.plain.Status < 500 {
		for _, s := range shapes(a.known, nil) {
			for _, m := range []message{{origin: s.lines}, message{origin: s.lines}.preflight("PUT"), message{origin: []string{a.known}, requestHeaders: s.lines}.preflight("PUT")} {
				if x := a.ask(m); x.Status >= 500 && x.Status != http.StatusNotImplemented {
					a.found("server-error", Medium, x, "answer 400 to what cannot be read, and grant nothing", "The server fails on a header with %s: the status is %d.", s.why, x.Status)
					a.control()
					return
				}
			}
		}
	}
	a.control()
}

// control: control bytes that come back.
func (a *auditor) control() {
	for _, c := range []string{"\x01", "\x0b", "\x7f", "\x00"} {
		r := a.client.request(message{origin: []string{a.known + c + ".evil.example"}})
		a.client.dress(r)
		head, err := a.client.raw(a.ctx, r)
		if err != nil {
			continue
		}
		for line := range strings.SplitSeq(head, "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			if strings.EqualFold(name, "Access-Control-Allow-Origin") && strings.Contains(value, c) {
				a.found("control-bytes", Medium, fetch.Exchange{Request: r}, "refuse requests with control bytes, and send nothing back that is no serialized origin",
					"A control byte of Origin comes back in Access-Control-Allow-Origin: %q.", c)
				return
			}
		}
	}
}
