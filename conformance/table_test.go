package conformance

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// TestTable checks what a table must be to be trusted, file by file.
func TestTable(t *testing.T) {
	files, err := fs.Glob(caseFiles, "cases/*.json")
	require.NoError(t, err)
	names, rules := map[string]bool{}, map[int]int{}
	wellFormed := regexp.MustCompile(`^[a-z0-9]+/[a-z0-9-]+$`)
	for _, file := range files {
		t.Run(path.Base(file), func(t *testing.T) {
			data, err := caseFiles.ReadFile(file)
			require.NoError(t, err)
			f, err := parseCases(data)
			require.NoError(t, err)
			used := map[string]bool{}
			theme := strings.TrimSuffix(path.Base(file), ".json")
			named := func(name, clause string, rule int) {
				assert.Regexp(t, wellFormed, name)
				assert.Equal(t, theme, path.Dir(name), "%s stands in another file than its name says", name)
				assert.False(t, names[name], "%s stands in the table twice", name)
				assert.True(t, strings.HasSuffix(clause, ".") && len(clause) > 20, "%s: the clause is no sentence", name)
				assert.True(t, rule >= 1 && rule <= 13, "%s: there is no rule %d", name, rule)
				names[name] = true
				rules[rule]++
			}
			for _, c := range f.Cases {
				named(c.Name, c.Clause, c.Rule)
				used[c.Policy] = true
				for _, scope := range c.Scopes {
					used[scope.Policy] = true
				}
				assert.Empty(t, c.faults(), c.Name)
			}
			for _, r := range f.Refused {
				named(r.Name, r.Clause, r.Rule)
			}
			for name := range f.Policies {
				assert.True(t, used[name], "policy %s is not used", name)
			}
		})
	}
	for rule := 1; rule <= 13; rule++ {
		assert.GreaterOrEqual(t, rules[rule], 2, "rule %d needs cases both ways", rule)
	}
}

// faults returns what contradicts itself in a case.
func (c *Case) faults() (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	_, below := cutPrefix(c.Request.Path)
	switch want := c.Response; {
	case !slices.Contains([]string{Global, Group, Scopes, Outside}, c.Mount):
		fault("there is no mount %q", c.Mount)
	case c.Mount == Scopes && !slices.ContainsFunc(c.Scopes, func(s CaseScope) bool { return s.Policy == c.Policy }):
		fault("no scope has the policy")
	case !slices.Contains([]string{"", BehindProxy, BehindTimeout}, c.Through):
		fault("handlers cannot be behind %q", c.Through)
	case c.Auth != "" && (c.Mount != Global && c.Mount != Scopes || c.Auth != AuthOutside && c.Auth != AuthInside):
		fault("there is no authentication %q with the mount %q", c.Auth, c.Mount)
	case c.Mount != Scopes && c.Auth != AuthOutside && (c.Kind == "") != (c.Mount == Group && !below):
		fault("kind must be there exactly if the policy covers the path")
	case (c.Kind == "") != (c.Reason == ""):
		fault("kind and reason belong together")
	case len(want.Status) == 0:
		fault("there is no status")
	case len(want.Status) > 1 && want.Handler != nil:
		fault("there are several statuses, though it is not the framework that answers")
	case c.Kind == "preflight" && (want.Handler == nil || *want.Handler):
		fault("a CORS-preflight request reaches a handler")
	}
	for name := range c.Response.Headers {
		if !IsCORSHeader(name) || name != http.CanonicalHeaderKey(name) {
			fault("%s is no CORS header, or not in its canonical form", name)
		}
	}
	for _, r := range append(c.Before, c.Request) {
		for _, f := range r.Headers {
			if f.Name == "" || f.Lines < 0 || strings.ContainsAny(f.Value, "\r\n\x00") {
				fault("header %q cannot be sent", f.Name)
			}
		}
	}
	return faults
}

// TestStrictFiles checks that slips in a file of cases are found.
func TestStrictFiles(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"unknown key", `{"policys": {}}`, `unknown field "policys"`},
		{"unknown key of a case", `{"cases": [{"nam": "x"}]}`, `unknown field "nam"`},
		{"unknown key of a response", `{"cases": [{"response": {"body": ""}}]}`, `unknown field "body"`},
		{"unknown key of a long value", `{"cases": [{"request": {"headers": [["A", {"repeated": "x"}]]}}]}`, `unknown field "repeated"`},
		{"header without a value", `{"cases": [{"request": {"headers": [["Origin"]]}}]}`, "write [name, value]"},
		{"header with too much", `{"cases": [{"request": {"headers": [["Origin", "a", 1, 2]]}}]}`, "write [name, value]"},
		{"policy that is not there", `{"cases": [{"name": "x/y", "policy": "p"}]}`, `case x/y: policy "p" is not in the file`},
		{"policy of a scope that is not there", `{"policies": {"p": {}}, "cases": [{"name": "x/y", "policy": "p", "mount": "scopes", "scopes": [{"policy": "q"}]}]}`, `case x/y: policy "q" of a scope is not in the file`},
		{"scopes without their mount", `{"policies": {"p": {}}, "cases": [{"name": "x/y", "policy": "p", "scopes": [{"policy": "p"}]}]}`, "case x/y: mount global with 1 scopes"},
		{"a mount without scopes", `{"policies": {"p": {}}, "cases": [{"name": "x/y", "policy": "p", "mount": "scopes"}]}`, "case x/y: mount scopes with 0 scopes"},
		{"more after the object", `{} {}`, "there is more after the object"},
		{"no JSON", `{"cases": [}`, "invalid character"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseCases([]byte(test.file))
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestLongValues(t *testing.T) {
	f, err := parseCases([]byte(`{"policies": {"p": {}}, "cases": [{"policy": "p",
		"request": {"headers": [["A", {"prefix": "<", "repeat": "ab", "times": 3, "suffix": ">"}, 4], ["B", "b"]]},
		"response": {"headers": {"C": {"repeat": "c", "times": 2}}}}]}`))
	require.NoError(t, err)
	assert.Equal(t, []Field{{"A", "<ababab>", 4}, {"B", "b", 0}}, f.Cases[0].Request.Headers)
	assert.Equal(t, map[string]string{"C": "cc"}, f.Cases[0].Response.Headers)
	assert.Equal(t, Global, f.Cases[0].Mount)
}

// TestCore checks the core's own decision, without any adapter: what a response
// cannot show, and that borrowed strings make no difference.
func TestCore(t *testing.T) {
	for _, c := range Cases() {
		if c.Kind == "" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			policy, err := c.newPolicy(c.Predicate.Ask)
			require.NoError(t, err)
			r := *corshttp.Describe(c.Request.HTTP(), nil)
			r.RouteMethods = c.RouteMethods
			d := policy.Decide(t.Context(), r)
			assert.Equal(t, c.Kind, d.Kind.String(), c.Clause)
			assert.Equal(t, c.Reason, d.Reason.String(), c.Clause)
			if answered := c.Response.Handler != nil && !*c.Response.Handler; answered {
				assert.Equal(t, c.Response.Status, []int{d.Status}, c.Clause)
			} else {
				assert.Zero(t, d.Status, c.Clause)
			}
			header := http.Header{}
			corshttp.SetHeaders(header, &d)
			assert.Empty(t, judgeHeaders(c.Response.Headers, header), c.Clause)

			r.Borrowed = true
			assert.Equal(t, d, policy.Decide(t.Context(), r), "the decision about a borrowed request differs")
		})
	}
}

// TestRefusals checks the policies that no policy file may hold.
func TestRefusals(t *testing.T) {
	for _, r := range table().refusals {
		t.Run(r.Name, func(t *testing.T) {
			config, err := cors.ParseConfig(r.Policy)
			require.NoError(t, err, "the file is a fault of its own")
			_, err = cors.New(config)
			var fields []string
			for _, fault := range cors.ConfigErrors(err) {
				fields = append(fields, fault.Field)
				assert.NotEmpty(t, fault.Fix, "%s does not say how to mend it", fault.Field)
			}
			assert.Equal(t, r.Faults, fields, r.Clause)
		})
	}
}

func TestPredicate(t *testing.T) {
	p := Predicate{Allow: []string{"https://a.example"}, Fail: []string{"https://b.example"}}
	for origin, want := range map[string]bool{"https://a.example": true, "https://c.example": false} {
		got, err := p.Ask(t.Context(), origin)
		assert.NoError(t, err)
		assert.Equal(t, want, got, origin)
	}
	_, err := p.Ask(t.Context(), "https://b.example")
	assert.Error(t, err)
	var none context.Context
	_, err = p.Ask(none, "https://a.example")
	assert.ErrorContains(t, err, "no context")
}

// TestREADME checks that the README's list of rules has all of them, and that
// the files it names exist.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for rule := 1; rule <= 13; rule++ {
		assert.Contains(t, string(readme), fmt.Sprintf("\n%d. ", rule))
	}
	files, err := fs.Glob(caseFiles, "cases/*.json")
	require.NoError(t, err)
	for _, file := range files {
		assert.Contains(t, string(readme), "`"+path.Base(file)+"`")
	}
}
