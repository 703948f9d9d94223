package main

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// rules are those keys of a policy file that decide about a request from a
// given origin, or about whether the file may say more.
type rules struct {
	AllowOrigins                    []string `json:"allowOrigins,omitempty"`
	AllowMethods                    []string `json:"allowMethods,omitempty"`
	AllowHeaders                    []string `json:"allowHeaders,omitempty"`
	AllowCredentials                bool     `json:"allowCredentials,omitempty"`
	DangerouslyAllowNullOrigin      bool     `json:"dangerouslyAllowNullOrigin,omitempty"`
	DangerouslyAllowInsecureOrigins bool     `json:"dangerouslyAllowInsecureOrigins,omitempty"`
}

// compile returns the policy of the rules. Its faults use the words of policy
// files.
func (r rules) compile() (*cors.Policy, []*cors.ConfigError) {
	data, _ := json.Marshal(r) // cannot fail
	policy, err := cors.ParsePolicy(data)
	return policy, cors.ConfigErrors(err)
}

// fix says what to change in the policy file, or in the request, so that r is
// allowed; "" if there is nothing to mend.
func (e *explainer) fix(ctx context.Context, r *request, d cors.Decision) string {
	switch d.Reason {
	case cors.MalformedOrigin:
		return originFix(r.Origin.First)
	case cors.RepeatedOrigin:
		return "send one Origin line"
	case cors.RepeatedMethod:
		return "send one Access-Control-Request-Method line"
	case cors.MalformedMethod:
		return "name the method in Access-Control-Request-Method"
	case cors.OriginNotAllowed:
		if d.Status == 0 && isSameOrigin(r) {
			return ""
		}
		return e.changes(ctx, r, d)
	case cors.MethodNotAllowed, cors.HeaderNotAllowed:
		return e.changes(ctx, r, d)
	}
	switch networkError(r, d).Reason {
	case fetch.WildcardAllowOrigin:
		return `list the origin of the page in allowOrigins instead of "*", and set allowCredentials to true`
	case fetch.InvalidAllowCredentials:
		return "set allowCredentials to true"
	}
	return ""
}

// originFix says what is wrong with an Origin header that is malformed.
func originFix(origin string) string {
	const fix = `send "null" or a valid serialized origin`
	_, faults := rules{AllowOrigins: []string{origin}}.compile()
	if origin == "" || len(faults) == 0 { // nothing to point at, or an origin pattern
		return fix
	}
	return fix + ": " + withoutPlace(faults[0])
}

// changes tries changes to the policy until r is allowed, and says which.
func (e *explainer) changes(ctx context.Context, r *request, d cors.Decision) string {
	const most = 64 // headers, of which a browser sends few
	trial := e.rules
	trial.AllowOrigins = []string{d.AllowOrigin}
	var said, names []string // names are what to add to allowHeaders
	hindrance := ""
	for d.Reason != cors.Allowed && len(names) < most {
		change, value := trial.grant(r, d)
		if change == "" {
			hindrance = shapeFix(r, d)
			break
		}
		policy, faults := trial.compile()
		if len(faults) > 0 {
			hindrance = refusal(faults, value)
			break
		}
		before := d.Reason
		if d = policy.Decide(ctx, r.Request); before == cors.MethodNotAllowed && d.Reason == before {
			hindrance = "send the method as browsers do: " + strings.ToUpper(value)
			break
		}
		if before == cors.HeaderNotAllowed {
			names = append(names, strconv.Quote(value))
		} else {
			said = append(said, change)
		}
	}
	if len(names) > 0 {
		said = append(said, "add "+strings.Join(names, ", ")+" to allowHeaders")
	}
	if hindrance != "" {
		said = append(said, hindrance)
	}
	return strings.Join(said, "; ")
}

// grant adds to the rules what a decision about r says is missing. It returns
// the change in words and the value that was added, or "" if no rule is missing.
func (t *rules) grant(r *request, d cors.Decision) (change, value string) {
	switch {
	case d.Reason == cors.OriginNotAllowed && r.Origin.First == "null":
		t.AllowOrigins, t.DangerouslyAllowNullOrigin = []string{"null"}, true
		return "set dangerouslyAllowNullOrigin to true", "null"
	case d.Reason == cors.OriginNotAllowed:
		value = r.Origin.First
		t.AllowOrigins = []string{value}
		return "add " + strconv.Quote(value) + " to allowOrigins", value
	case d.Reason == cors.MethodNotAllowed:
		value = r.RequestMethod.First
		t.AllowMethods = append(slices.Clip(t.AllowMethods), value)
		return "add " + strconv.Quote(value) + " to allowMethods", value
	case d.Reason == cors.HeaderNotAllowed && d.Header != "":
		t.AllowHeaders = append(slices.Clip(t.AllowHeaders), d.Header)
		return "add " + strconv.Quote(d.Header) + " to allowHeaders", d.Header
	}
	return "", ""
}

// shapeFix mends a list of headers that is refused for its shape, if that
// matters to a browser.
func shapeFix(r *request, d cors.Decision) string {
	if networkError(r, d).Reason != fetch.HeaderNotAllowed {
		return ""
	}
	return "ask for fewer headers, in a list without blanks and empty members"
}

// refusal says why value cannot be allowed.
func refusal(faults []*cors.ConfigError, value string) string {
	for _, f := range faults {
		if f.Value == value {
			return withoutPlace(f)
		}
	}
	return withoutPlace(faults[0])
}

// withoutPlace returns a fault's text without the place where it was found.
func withoutPlace(f *cors.ConfigError) string {
	fault := *f
	fault.Line, fault.Column, fault.Field = 0, 0, ""
	return fault.Error()
}
