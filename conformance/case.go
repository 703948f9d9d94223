package conformance

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	cors "github.com/corskit/corskit/core"
)

// A Case is one case of the table: a request, and what must come of it.
type Case struct {
	// Name is unique. Its first element is the name of the case's file.
	Name string `json:"name"`

	// Rule is the number of the rule that the case checks, 1 to 13. The rules
	// are listed in the README.
	Rule int `json:"rule"`

	// Clause names, in a sentence, what the case checks.
	Clause string `json:"clause"`

	// Policy is the name that the policy has in the case's file, and PolicyFile
	// the policy, as [cors.ParseConfig] reads it.
	Policy     string          `json:"policy"`
	PolicyFile json.RawMessage `json:"-"`

	// Predicate, if not nil, complements the policy with a function, which no
	// policy file can hold: such a case applies to adapters only, not to
	// servers of which nothing but the policy file is known.
	Predicate *Predicate `json:"predicate"`

	// Mount is where the policy is mounted: [Global], [Group], [Scopes] or
	// [Outside].
	Mount string `json:"mount"`

	// Scopes are the parts of the site with policies of their own, if Mount is
	// Scopes. Policy is then that of them which must decide.
	Scopes []CaseScope `json:"scopes"`

	// Seal says that the policy is mounted with the option Seal.
	Seal bool `json:"seal"`

	// Through is what the routes' handlers are behind: see [Site.Through].
	Through string `json:"through"`

	// Auth is where the site has authentication, if it has: see [Site.Auth].
	Auth string `json:"auth"`

	// Before holds requests that are sent first, on the same connection, and
	// whose responses are not judged.
	Before []Request `json:"before"`

	// Request is the request whose response is judged.
	Request Request `json:"request"`

	// RouteMethods is what the router serves at the path of the request, as
	// [cors.ServedMethods] lists it, where the policy wants to know.
	RouteMethods []string `json:"routeMethods"`

	// Kind and Reason are those of the core's decision. Both are empty if the
	// policy does not cover the request, so that nothing may ask it.
	Kind   string `json:"kind"`
	Reason string `json:"reason"`

	// Response is what must come back.
	Response Response `json:"response"`

	// Differs says which browsers do not do with the response what the Fetch
	// standard says.
	Differs []Difference `json:"differs"`
}

// A Difference is what browsers do otherwise than the standard says.
type Difference struct {
	Engines     []string `json:"engines"`     // "chromium", "firefox", "webkit"
	Credentials string   `json:"credentials"` // the credentials mode of the requests that it is about
	Result      string   `json:"result"`      // what a script gets: "readable", "opaque" or "blocked"
	Why         string   `json:"why"`
}

// A CaseScope is a [Scope] in the table.
type CaseScope struct {
	Prefix string `json:"prefix"`
	Method string `json:"method"`
	Path   string `json:"path"`

	// Policy and PolicyFile are as in a Case.
	Policy     string          `json:"policy"`
	PolicyFile json.RawMessage `json:"-"`
}

// A Request is an HTTP request without a body.
type Request struct {
	// Method and Path are sent as they are, and must be valid.
	Method string `json:"method"`
	Path   string `json:"path"`

	// Headers holds the field lines in their order. Without one for Host, the
	// request is sent to api.example.
	Headers []Field `json:"headers"`
}

// A Field is a field line. In the table it is a list of name and value, with
// the number of times that the line is sent as an optional third element.
//
//	["Origin", "https://app.example.com"]
//	["Origin", "https://app.example.com", 2]
//	["Origin", {"prefix": "https://", "repeat": "a.", "times": 1000, "suffix": "example.com"}]
type Field struct {
	Name, Value string

	// Lines is the number of times that the line is sent; 0 stands for 1.
	Lines int
}

// lines returns the values of the lines that f stands for.
func (f Field) lines() []string { return slices.Repeat([]string{f.Value}, max(f.Lines, 1)) }

// A Response is what is expected of a response. What it does not mention is
// not judged, but for CORS headers: no others than those in Headers may be
// there.
type Response struct {
	// Status holds the statuses of which one must be the response's. It is
	// more than one only where the framework answers in its own way.
	Status []int `json:"status"`

	// Handler says whether the handler of a route must have run. If it says
	// no, the adapter answers by itself, and the response has no body. It is
	// nil where the framework answers, or may have answered for the handler.
	Handler *bool `json:"handler"`

	// Headers holds the CORS headers, those whose names start with
	// "Access-Control-". Each must be there once. Lists are compared member
	// by member, other values byte by byte.
	Headers map[string]string `json:"headers"`

	// Vary is the set of the Vary header's members.
	Vary []string `json:"vary"`
}

// A Predicate stands for an AllowOriginFunc.
type Predicate struct {
	// Allow holds the origins that it says yes to; "*" is every string that
	// it may be asked about.
	Allow []string `json:"allow"`

	// Fail holds the origins for which it returns an error.
	Fail []string `json:"fail"`
}

// Ask is the [cors.Config.AllowOriginFunc] that p stands for.
func (p *Predicate) Ask(ctx context.Context, origin string) (bool, error) {
	if ctx == nil {
		return false, errors.New("the adapter hands over no context")
	}
	if slices.Contains(p.Fail, origin) {
		return false, errors.New("the predicate of the case fails")
	}
	return slices.Contains(p.Allow, "*") || slices.Contains(p.Allow, origin), nil
}

// Cases returns the table, in the order of the files' names. It is the same at
// every call; callers may reorder and filter what they get, but must not change
// what it points to.
//
// A Case describes requests and responses alone, so that the table can also be
// sent to a server elsewhere and judged by [Judge]. Those cases apply to a
// server whose policy is the case's, whose routes are those of [Routes], and
// which needs no Predicate.
func Cases() []Case { return slices.Clone(table().cases) }

//go:embed cases/*.json
var caseFiles embed.FS

// A caseFile is one file of the table.
type caseFile struct {
	Policies map[string]json.RawMessage `json:"policies"`
	Cases    []Case                     `json:"cases"`
	Refused  []refusal                  `json:"refused"`
}

// A refusal is a policy that must not be accepted.
type refusal struct {
	Name   string          `json:"name"`
	Rule   int             `json:"rule"`
	Clause string          `json:"clause"`
	Policy json.RawMessage `json:"policy"`
	Faults []string        `json:"faults"` // the faulty fields, in the order of the errors
}

type allCases struct {
	cases    []Case
	refusals []refusal
}

var table = sync.OnceValue(func() (all allCases) {
	names, err := fs.Glob(caseFiles, "cases/*.json")
	for _, name := range names {
		var data []byte
		if data, err = caseFiles.ReadFile(name); err != nil {
			break
		}
		var f caseFile
		if f, err = parseCases(data); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			break
		}
		all.cases = append(all.cases, f.Cases...)
		all.refusals = append(all.refusals, f.Refused...)
	}
	if err != nil {
		panic("conformance: " + err.Error()) // the package's own tests read every file
	}
	return all
})

// parseCases reads one file of the table and gives each case its policy.
func parseCases(data []byte) (f caseFile, err error) {
	if err := decode(data, &f); err != nil {
		return f, err
	}
	for i := range f.Cases {
		c := &f.Cases[i]
		var ok bool
		if c.PolicyFile, ok = f.Policies[c.Policy]; !ok {
			return f, fmt.Errorf("case %s: policy %q is not in the file: add it under policies", c.Name, c.Policy)
		}
		for j := range c.Scopes {
			scope := &c.Scopes[j]
			if scope.PolicyFile, ok = f.Policies[scope.Policy]; !ok {
				return f, fmt.Errorf("case %s: policy %q of a scope is not in the file: add it under policies", c.Name, scope.Policy)
			}
		}
		if c.Mount == "" {
			c.Mount = Global
		}
		if (c.Mount == Scopes) != (len(c.Scopes) > 0) {
			return f, fmt.Errorf("case %s: mount %s with %d scopes: scopes are for the mount %s alone", c.Name, c.Mount, len(c.Scopes), Scopes)
		}
	}
	return f, nil
}

// decode decodes one JSON value strictly.
func decode(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("before byte %d: %w", d.InputOffset()+1, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more after the object: keep one object in the file")
	}
	return nil
}

// UnmarshalJSON reads the forms that [Field] shows.
func (f *Field) UnmarshalJSON(data []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	if len(parts) != 2 && len(parts) != 3 {
		return fmt.Errorf("header %s: write [name, value] or [name, value, number of lines]", data)
	}
	var value text
	if err := errors.Join(json.Unmarshal(parts[0], &f.Name), json.Unmarshal(parts[1], &value)); err != nil {
		return err
	}
	f.Value = string(value)
	if len(parts) == 3 {
		return json.Unmarshal(parts[2], &f.Lines)
	}
	return nil
}

// UnmarshalJSON reads the headers' values in the same two forms as those of
// requests.
func (r *Response) UnmarshalJSON(data []byte) error {
	type plain Response // without this method
	in := struct {
		*plain
		Headers map[string]text `json:"headers"`
	}{plain: (*plain)(r)}
	if err := decode(data, &in); err != nil {
		return err
	}
	r.Headers = make(map[string]string, len(in.Headers))
	for name, value := range in.Headers {
		r.Headers[name] = string(value)
	}
	return nil
}

// A text is a string, or an object that spells a long one.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, (*string)(t))
	}
	var long struct {
		Prefix, Repeat, Suffix string
		Times                  int
	}
	if err := decode(data, &long); err != nil {
		return err
	}
	*t = text(long.Prefix + strings.Repeat(long.Repeat, long.Times) + long.Suffix)
	return nil
}

// Site returns the site that the case is sent to: its policies, compiled, and the
// routes of [Routes]. Every call makes another.
func (c Case) Site() (Site, error) {
	if c.Predicate == nil {
		return c.site(nil)
	}
	return c.site(c.Predicate.Ask)
}

// site is Site with ask in the place of the Predicate, if the case has one.
func (c Case) site(ask func(context.Context, string) (bool, error)) (Site, error) {
	s := Site{Mount: c.Mount, Seal: c.Seal, Auth: c.Auth, Through: c.Through, Routes: Routes(c.Mount)}
	if c.Mount != Scopes {
		policy, err := c.newPolicy(ask)
		if err != nil {
			return s, err
		}
		s.Policy = policy
		return s, nil
	}
	for _, scope := range c.Scopes {
		policy, err := c.compile(scope.Policy, scope.PolicyFile, ask)
		if err != nil {
			return s, err
		}
		s.Scopes = append(s.Scopes, Scope{scope.Prefix, scope.Method, scope.Path, policy})
	}
	return s, nil
}

// newPolicy compiles the case's policy, with ask in the place of the Predicate,
// if the case has one.
func (c *Case) newPolicy(ask func(context.Context, string) (bool, error)) (*cors.Policy, error) {
	return c.compile(c.Policy, c.PolicyFile, ask)
}

// compile is newPolicy for any policy of the case.
func (c *Case) compile(name string, file json.RawMessage, ask func(context.Context, string) (bool, error)) (*cors.Policy, error) {
	config, err := cors.ParseConfig(file)
	if err == nil {
		if c.Predicate != nil {
			config.AllowOriginFunc = ask
		}
		var p *cors.Policy
		if p, err = cors.New(config); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("policy %q: %w", name, err)
}
