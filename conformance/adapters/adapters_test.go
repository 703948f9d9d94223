package adapters

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

func TestAll(t *testing.T) {
	for _, a := range All {
		conformance.Run(t, a)
	}
}

// TestSameBytes checks that it makes no difference which adapter answers, and
// over what: the CORS headers are those of the core's decision, byte for byte,
// and so is the status, unless the framework has its own.
func TestSameBytes(t *testing.T) {
	for _, c := range conformance.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			want := decided(t, c)
			for _, a := range All {
				for _, over := range conformance.Transports {
					x, err := conformance.Send(a, c, over)
					require.NoError(t, err, "%s %s", a.Name, over)
					got := seen(x.Response)
					if want.status == 0 {
						// The status is the framework's, or its handler's.
						assert.Contains(t, c.Response.Status, got.status, "%s %s: %s", a.Name, over, c.Clause)
						got.status = 0
					}
					got.vary = slices.DeleteFunc(got.vary, func(m string) bool { return m == "accept-encoding" })
					assert.Equal(t, want, got, "%s %s: %s", a.Name, over, c.Clause)
				}
			}
		})
	}
}

// An answer is what must not differ.
type answer struct {
	status  int
	headers map[string][]string
	vary    []string // sorted, in lower case
}

// decided returns the answer that the core decides for a case; the status is 0
// if a handler or the framework answers.
func decided(t *testing.T, c conformance.Case) answer {
	r := http.Response{Header: http.Header{}}
	if c.Kind != "" {
		config, err := cors.ParseConfig(c.PolicyFile)
		require.NoError(t, err)
		if c.Predicate != nil {
			config.AllowOriginFunc = c.Predicate.Ask
		}
		policy, err := cors.New(config)
		require.NoError(t, err)
		described := *corshttp.Describe(c.Request.HTTP(), nil)
		described.RouteMethods = c.RouteMethods
		d := policy.Decide(t.Context(), described)
		r.StatusCode = d.Status
		corshttp.SetHeaders(r.Header, &d)
	}
	return seen(&r)
}

func seen(r *http.Response) answer {
	a := answer{status: r.StatusCode, headers: map[string][]string{}, vary: []string{}}
	for name, values := range r.Header {
		if conformance.IsCORSHeader(name) {
			a.headers[name] = values
		}
	}
	for m := range strings.SplitSeq(strings.ToLower(strings.Join(r.Header["Vary"], ",")), ",") {
		if m = strings.TrimSpace(m); m != "" {
			a.vary = append(a.vary, m)
		}
	}
	slices.Sort(a.vary)
	return a
}

// TestBrokenOnFiber checks that the suite finds what goes wrong only on a
// server that reuses the memory of its requests.
func TestBrokenOnFiber(t *testing.T) {
	tests := []struct {
		name        string
		decide      func(d cors.Decider) cors.Decider
		meant, says string
	}{
		{"keeps a string of a request in a memo of one entry",
			func(d cors.Decider) cors.Decider { return &memo{decider: d} },
			"connection/allowed-then-foreign", "Access-Control-Allow-Origin is"},
		{"does not say that strings are borrowed",
			func(d cors.Decider) cors.Decider { return unborrowed{d} },
			"connection/predicate-keeps-strings", "in memory that was reused later"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cases := conformance.Cases()
			c := cases[slices.IndexFunc(cases, func(c conformance.Case) bool { return c.Name == test.meant })]
			broken := func(mount func(conformance.Site) conformance.App) conformance.Adapter {
				return conformance.Adapter{Name: "broken", Mount: func(s conformance.Site) conformance.App {
					s.Policy = test.decide(s.Policy)
					return mount(s)
				}}
			}
			assert.Empty(t, conformance.Check(broken(NetHTTP), c, conformance.TCP), "on net/http nothing is reused")
			for name, fiber := range map[string]func(conformance.Site) conformance.App{"v2": Fiber, "v3": FiberV3} {
				assert.Empty(t, conformance.Check(conformance.Adapter{Mount: fiber}, c, conformance.TCP), name)
				problems := strings.Join(conformance.Check(broken(fiber), c, conformance.TCP), " ")
				assert.Contains(t, problems, test.says, name)
			}
		})
	}
}

// memo remembers its last decision under the very string that it was asked
// about.
type memo struct {
	decider  cors.Decider
	origin   string
	decision cors.Decision
}

func (m *memo) Decide(ctx context.Context, r cors.Request) cors.Decision {
	if decision := m.decider.Decide(ctx, r); m.origin == "" || m.origin != r.Origin.First {
		m.origin, m.decision = r.Origin.First, decision
	}
	return m.decision
}

type unborrowed struct{ decider cors.Decider }

func (u unborrowed) Decide(ctx context.Context, r cors.Request) cors.Decision {
	r.Borrowed = false
	return u.decider.Decide(ctx, r)
}
