package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
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

	// Curl is a command for a POSIX shell that shows it: see [Target.Curl].
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
// cannot be reached, and another error if the origin or the target is none. It
// stops after three requests without a response. If those or the others tell too
// little, it returns what it has found with an [*InconclusiveError].
func Audit(ctx context.Context, target Target, origin string) ([]Finding, error) {
	c, err := target.open()
	if err != nil {
		return nil, err
	}
	defer c.transport.CloseIdleConnections()
	named := origin != ""
	if !named {
		origin = c.origin()
	}
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok || scheme == "" || rest == "" || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' }) || strings.ContainsAny(rest, "/?#@*") {
		return nil, fmt.Errorf("%q is not an origin: write one such as https://app.example.com", origin)
	}
	p, err := openProber(ctx, c)
	if err != nil {
		return nil, err
	}
	a := &auditor{prober: p, known: origin, named: named, pattern: split(origin)}
	a.run()
	slices.SortStableFunc(a.findings, func(x, y Finding) int { return int(y.Severity) - int(x.Severity) })
	return a.findings, a.inconclusive()
}

// An auditor is one audit.
type auditor struct {
	*prober
	known    string // an origin that is, or may be, allowed
	named    bool   // the caller has said so
	pattern  pattern
	findings []Finding

	allowed fetch.Exchange // the answer to the known origin
	foreign fetch.Exchange // to one that nobody knows

	// What every origin may do, so that no single one is worse for it.
	anyReads, anyUses bool // read responses; read them with credentials
	reflects          bool // every origin is sent back, rather than "*"
}

func (a *auditor) run() {
	a.allowed, a.foreign = a.from(a.known), a.from(invented)
	a.anyOrigin()
	if !a.anyUses {
		a.origins()
	}
	a.preflights()
	if !a.reflects {
		a.lists()
		a.vary()
	}
	a.values()
	a.options()
	a.hostile()
	a.refused()
	a.unanswered()
}

// from asks as some origin, with a cookie where reading without is no fault.
func (a *auditor) from(origins ...string) fetch.Exchange {
	m := message{origin: origins}
	if a.anyReads {
		m.more = http.Header{"Cookie": {ownCookie}}
	}
	return a.ask(m)
}

// worse is like reads, but for what every origin may do.
func (a *auditor) worse(x fetch.Exchange) (can, credentialed bool) {
	can, credentialed = reads(x)
	credentialed = credentialed && !a.anyUses
	return can && !a.anyReads || credentialed, credentialed
}

func (a *auditor) found(id string, s Severity, x fetch.Exchange, fix, format string, args ...any) {
	a.findings = append(a.findings, Finding{
		ID: id, Severity: s, Title: fmt.Sprintf(format, args...), Fix: fix,
		Curl: a.client.target.Curl(x), Exchange: x,
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
	for _, x := range []fetch.Exchange{cookie, a.foreign} {
		can, credentialed := reads(x)
		star := slices.Contains(x.Header["Access-Control-Allow-Origin"], "*")
		a.anyReads, a.anyUses = a.anyReads || can || star, a.anyUses || credentialed
		if !can || star || a.reflects {
			continue
		}
		a.reflects = true
		title := "Every origin is sent back, so that every site can read the response"
		if credentialed {
			title += " with the user's credentials"
		}
		a.found("any-origin", severity(credentialed), x, "compare the Origin with a list of origins, and send it back only if it is there",
			"%s: %s is allowed.", title, invented)
	}
	if a.anyReads && !a.reflects && (a.foreign.Header.Get("Set-Cookie") != "" || a.isPrivate()) {
		a.found("wildcard-private", Info, a.foreign, "name the origins that need the response, or leave out what is private",
			"Every site can read the response, and it looks private: it goes with credentials, sets a cookie or is marked as private.")
	}
}

// preflights: CORS-preflight requests that are granted to origins to which actual
// requests are not, so that they do what they like and only cannot read of it.
func (a *auditor) preflights() {
	for _, origin := range []string{invented, "null"} {
		if can, credentialed := reads(a.from(origin)); credentialed || can && a.anyUses {
			continue // what is found already is no worse
		}
		for _, m := range []message{
			message{}.preflight("DELETE"),
			message{requestHeaders: []string{"content-type"}}.preflight("DELETE"),
			message{requestHeaders: []string{"content-type"}}.preflight("POST"),
		} {
			m.origin = []string{origin}
			x := a.ask(m)
			granted := func(c fetch.Credentials) bool {
				return x.Status != 0 && fetch.CheckPreflight(x.Request, c, x.Status, x.Header).Reason == fetch.None
			}
			credentialed := granted(fetch.Include)
			if !credentialed && (a.anyReads || !granted(fetch.SameOrigin)) {
				continue
			}
			a.found("preflight-any-origin", severity(credentialed), x, "answer CORS-preflight requests by the same list of origins as others",
				"A CORS-preflight request is granted to %s, so that the %s request of its pages runs, though they cannot read the response.", origin, m.requestMethod[0])
			return
		}
	}
}

// refused: nothing can be told of origins that resemble one that is refused.
func (a *auditor) refused() {
	known := len(a.allowed.Header["Access-Control-Allow-Origin"]) > 0 || slices.ContainsFunc(a.findings, func(f Finding) bool { return f.ID == "any-origin" })
	if known || a.allowed.Status == 0 || a.ended() {
		return
	}
	s := Info
	if a.named {
		s = Low
	}
	a.found("known-refused", s, a.allowed, "name an origin that the server allows, and what else it wants",
		"Nothing could be told of origins that resemble an allowed one: %s is not allowed, and the status is %d.", a.known, a.allowed.Status)
}

// unanswered: requests that a server which answers others leaves without response.
func (a *auditor) unanswered() {
	if len(a.lost) == 0 || a.silent != nil || slices.ContainsFunc(a.findings, func(f Finding) bool { return f.ID == "server-error" }) {
		return
	}
	a.found("server-error", Medium, a.lost[0], "answer every request, whatever its headers say",
		"The server gives no response to a request, where it answers one without Origin before and after: %v.", a.err)
}

// isPrivate reports whether responses look as if they were for one user only.
func (a *auditor) isPrivate() bool {
	h := a.client.target.Header
	return h["Authorization"] != nil || h["Cookie"] != nil || containsFold(members(a.foreign.Header["Cache-Control"]), "private")
}

// lists: what refused origins learn.
func (a *auditor) lists() {
	for _, origin := range []string{invented, "null"} {
		x := a.ask(message{origin: []string{origin}, requestHeaders: []string{"x-corskit"}}.preflight("CORSKIT"))
		if can, _ := reads(x); can {
			continue
		}
		for _, list := range []struct{ name, asked string }{{"Access-Control-Allow-Methods", "CORSKIT"}, {"Access-Control-Allow-Headers", "x-corskit"}} {
			if slices.ContainsFunc(members(x.Header[list.name]), func(m string) bool { return !strings.EqualFold(m, list.asked) }) {
				a.found("lists-leaked", Low, x, "send lists to allowed origins only", "An origin that is not allowed, %s, is told what others may do: %s is %s.", origin, list.name, quote(x.Header[list.name]))
				return
			}
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
		if slices.Contains(lines, "*") && x.Header.Get("Access-Control-Allow-Credentials") == "true" {
			a.found("wildcard-credentials", Low, x, "leave Access-Control-Allow-Credentials out, or name the origins",
				"Access-Control-Allow-Credentials goes with *: browsers refuse it, and the next change may be to send every origin back.")
			return
		}
	}
	two := a.from(a.known, invented)
	if lines := two.Header[header]; len(lines) > 1 || len(lines) == 1 && strings.Contains(lines[0], invented) && !a.reflects {
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
		a.fails()
	}
	a.control()
}

// fails: bytes on which the server fails. Where it gives no response, see
// unanswered.
func (a *auditor) fails() {
	for _, s := range shapes(a.known, nil) {
		for _, m := range []message{{origin: s.lines}, message{origin: s.lines}.preflight("PUT"), message{origin: []string{a.known}, requestHeaders: s.lines}.preflight("PUT")} {
			x := a.ask(m)
			if x.Status >= 500 && x.Status != http.StatusNotImplemented {
				a.found("server-error", Medium, x, "answer 400 to what cannot be read, and grant nothing", "The server fails on a header with %s: the status is %d.", s.why, x.Status)
			}
			if x.Status == 0 || x.Status >= 500 && x.Status != http.StatusNotImplemented {
				return
			}
		}
	}
}

// control: control bytes that come back.
func (a *auditor) control() {
	for _, c := range []string{"\x01", "\x0b", "\x7f", "\x00"} {
		if a.ended() {
			return
		}
		r := a.client.request(message{origin: []string{a.known + c + ".evil.example"}})
		a.client.dress(r)
		head, err := a.client.raw(a.ctx, r)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return // the others may take as long
		}
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
