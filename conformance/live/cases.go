package live

import (
	"context"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// derive makes the cases of the policy.
func (s *Suite) derive(c *client, more []string) {
	d := &derivation{Suite: s, own: c.origin(), method: c.target.Method, seen: map[string]bool{}}
	refused := d.chooseOrigins(more)
	d.origins(refused)
	d.methods()
	d.headers()
	d.preflights()
	d.responses()
	d.varies()
	d.rejects()
	d.errors(c)
	d.options()
	d.hostile()
}

// A derivation adds cases to a suite.
type derivation struct {
	*Suite
	own      string // the server's own origin
	method   string
	patterns []pattern // those that are asked about
	seen     map[string]bool
}

// add adds a case, unless there is one of that name.
func (d *derivation) add(name string, rule int, clause string, run func(*check)) {
	if !d.seen[name] {
		d.seen[name] = true
		d.cases = append(d.cases, Case{Name: name, Rule: rule, Clause: clause, run: run})
	}
}

// inName writes an origin as an element of a case's name.
func inName(origin string) string { return strings.Replace(origin, "://", ":", 1) }

// judge returns what the policy decides about an origin.
func (s *Suite) judge(origin string) cors.Decision {
	return s.policy.Decide(context.Background(), cors.Request{Method: "GET", Origin: cors.NewLines([]string{origin})})
}

// chooseOrigins chooses the origins that are asked as. It returns those that are
// refused.
func (d *derivation) chooseOrigins(more []string) (refused []nearMiss) {
	var list []string
	for _, o := range d.config.AllowOrigins {
		if o != "null" && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	d.listed = len(list)
	list = sample(list, mostPatterns)
	d.asked = len(list)
	foreign := []nearMiss{
		{"https://corskit.example", "one that has nothing to do with the policy"},
		{"https://corskit.test", "one that has nothing to do with the policy"},
		{"https://corskit.invalid", "one that has nothing to do with the policy"},
	}
	others := []nearMiss{
		{"null", "null, which any site can be by a sandboxed frame"},
		{"http://localhost", "a program on the user's own machine"},
		{"http://localhost:3000", "a program on the user's own machine, on a port"},
		{"http://127.0.0.1", "the user's own machine by its address"},
	}
	if slices.Contains(list, "*") {
		d.allowed = []string{"https://app.example.com", "http://localhost:3000", "null"}
	} else {
		for _, o := range list {
			p := split(o)
			d.patterns = append(d.patterns, p)
			d.allowed = append(d.allowed, p.inside()...)
			others = append(others, p.outside()...)
		}
		for i := 1; i < len(d.patterns); i++ {
			others = append(others, joined(d.patterns[i-1], d.patterns[i])...)
			others = append(others, joined(d.patterns[i], d.patterns[i-1])...)
		}
	}
	for _, o := range more {
		if d.judge(o).Reason == cors.Allowed {
			d.allowed = append(d.allowed, o)
		}
		others = append(others, nearMiss{o, "one that was named"})
	}
	if d.config.DangerouslyAllowNullOrigin && !slices.Contains(d.allowed, "null") {
		d.allowed = append(d.allowed, "null")
	}
	for _, o := range foreign {
		if d.foreign == "" && d.judge(o.origin).Reason != cors.Allowed {
			d.foreign = o.origin
			refused = append(refused, o)
		}
	}
	for _, o := range others {
		if d.judge(o.origin).Reason != cors.Allowed && !slices.ContainsFunc(refused, func(r nearMiss) bool { return r.origin == o.origin }) {
			refused = append(refused, o)
		}
	}
	return refused
}

// The credentials modes in which a page asks. "omit" is like "same-origin" to
// another origin.
var modes = []struct {
	name        string
	credentials fetch.Credentials
}{{"same-origin", fetch.SameOrigin}, {"include", fetch.Include}}

// ownCookie is the Cookie header of requests with the credentials mode include,
// if the target has none.
const ownCookie = "corskit=1"

// some is the first allowed origin of a page that is not the server's own; it is
// "" and the case not applicable if the policy lists none.
func (k *check) some() string {
	origin := k.first()
	if origin == "" {
		k.skip("no origin is known that the policy allows and that is not the server's own: name one with its own origins")
	}
	return origin
}

// pages are one or two allowed origins of pages that are not the server's own,
// chosen as by some.
func (k *check) pages() (origins []string) {
	for _, origin := range []string{k.some(), k.last()} {
		if origin != "" {
			origins = append(origins, origin)
		}
	}
	return origins
}

// bothModes has pages of allowed origins make a request, with each credentials
// mode, of which the server sees the CORS-preflight request alone.
func (k *check) bothModes(r fetch.Request) {
	for _, r.Origin = range k.pages() {
		for _, mode := range modes {
			r.Credentials = mode.credentials
			k.browser(r, false)
		}
	}
}
