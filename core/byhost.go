package cors

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/corskit/corskit/core/internal/origin"
)

// HostDecider is a [Decider] that leaves each request to the Decider of the
// host that it was sent to. Make one with [ByHost]. It is immutable and safe
// for concurrent use; to change a tenant's rules while the server runs, give
// the tenant a [Live], and to add tenants, put the HostDecider itself in one.
// A nil HostDecider and the zero value refuse every host.
type HostDecider struct {
	exact   map[string]Decider // by host or host:port
	below   map[string]Decider // by what stands behind "*."
	deepest int                // the most labels that a host of below has
}

// ByHost returns a Decider for servers of several hosts, such as one for each
// tenant. The keys are hosts as they stand in a Host header:
//
//	tenant.example         that host, on every port
//	tenant.example:8443    that host, on that port
//	*.tenant.example       every host below tenant.example, however deep
//	[2001:db8::1]          an IPv6 address, in brackets
//
// Of the keys that match, the most specific one decides alone: an exact host
// before a wildcard, a longer wildcard before a shorter one, and then one with
// a port before one without. Browsers leave default ports out, so no key has
// port 80 or 443.
//
// Keys are lower case; requests may spell their host in any case, as RFC 9110
// has it: https://www.rfc-editor.org/rfc/rfc9110#section-4.2.3. A host with a
// trailing dot is another one, which no key names.
//
// A host that no key matches is refused, as a nil [Policy] refuses: 403 to a
// CORS-preflight request, and no CORS headers on any other response. A request
// without a Host, or with a malformed one, is refused too.
//
// The host is [Request].Host, and no X-Forwarded-Host: a proxy in front must
// hand the Host header on. Responses need not vary on it, because every cache
// tells them apart by their URLs:
// https://www.rfc-editor.org/rfc/rfc9111#section-2
//
// The error joins one [ConfigError] for every faulty key, in the order of the
// keys, each with what to write instead. A key without a Decider is a fault; a
// nil *Policy is a Decider. ByHost copies the map.
func ByHost(hosts map[string]Decider) (*HostDecider, error) {
	const field = "ByHost"
	h := &HostDecider{exact: make(map[string]Decider), below: make(map[string]Decider)}
	var faults []error
	fault := func(value, reason, fix string) {
		faults = append(faults, &ConfigError{Field: field, Value: value, Reason: reason, Fix: fix, index: -1})
	}
	if len(hosts) == 0 {
		fault("", "names no host, so that every host is refused", "name the hosts of your server, such as api.example.com")
	}
	var keys []string
	for key := range hosts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		p, bad := origin.ParseHostPattern(key)
		if bad != nil {
			fault(key, bad.Reason, bad.Fix)
		}
		d := hosts[key]
		if d == nil {
			fault(key, "has no Decider", "give it one made with cors.New, or a nil *cors.Policy to refuse it")
		}
		if bad != nil || d == nil {
			continue
		}
		if name, below := strings.CutPrefix(key, "*."); below {
			h.below[name] = d
			h.deepest = max(h.deepest, 1+strings.Count(p.Host, "."))
		} else {
			h.exact[key] = d
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return h, nil
}

// Decide decides as the Decider of the request's host does.
func (h *HostDecider) Decide(ctx context.Context, r Request) (d Decision) {
	ask(ctx, h, &r, &d)
	return d
}

// find returns the Decider of a host. It looks up the host, and then what
// stands behind each of its dots, as far as there are keys that long.
func (h *HostDecider) find(host string) Decider {
	refuses := Decider((*Policy)(nil))
	if h == nil {
		return refuses
	}
	var buf [origin.MaxHostPort]byte
	n, end, ok := origin.LowerHost(&buf, host)
	if !ok {
		return refuses
	}
	hostPort, name := buf[:n], buf[:end]
	if d := either(h.exact, hostPort, name); d != nil {
		return d
	}
	found := refuses
	for range h.deepest {
		if end = bytes.LastIndexByte(name[:end], '.'); end < 0 {
			break
		}
		if d := either(h.below, hostPort[end+1:], name[end+1:]); d != nil {
			found = d // and a longer one may follow
		}
	}
	return found
}

// either returns what is held under the host with its port or, failing that,
// under the host alone.
func either(m map[string]Decider, hostPort, host []byte) Decider {
	if d, ok := m[string(hostPort)]; ok {
		return d
	}
	return m[string(host)]
}
