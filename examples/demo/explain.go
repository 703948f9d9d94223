package main

import (
	"context"
	"fmt"
	"strings"

	cors "github.com/corskit/corskit/core"
)

// An explanation is what the policy thinks of a call.
type explanation struct {
	Kind    string `json:"kind"` // of the request that settles the call
	Reason  string `json:"reason"`
	Status  int    `json:"status"` // 0 if the handler runs
	Allowed bool   `json:"allowed"`
	Text    string `json:"text"`
}

// explain asks the policy about the requests that a browser sends for a call,
// and puts the decision that settles it into words.
func explain(ctx context.Context, policy *cors.Policy, origin string, c call) explanation {
	actual := cors.Request{Method: c.Method, Origin: cors.NewLines([]string{origin})}
	if !c.needsPreflight() {
		return describe(policy.Decide(ctx, actual), origin, c)
	}
	preflight := cors.Request{
		Method:        "OPTIONS",
		Origin:        actual.Origin,
		RequestMethod: cors.NewLines([]string{c.Method}),
	}
	if c.Header != "" {
		preflight.RequestHeaders = cors.NewLines([]string{strings.ToLower(c.Header)})
	}
	return describe(policy.Decide(ctx, preflight), origin, c)
}

func describe(d cors.Decision, origin string, c call) explanation {
	e := explanation{
		Kind: d.Kind.String(), Reason: d.Reason.String(), Status: d.Status,
		Allowed: d.Reason == cors.Allowed,
	}
	preflight := d.Kind == cors.Preflight
	list := func(s string) string { return strings.ReplaceAll(s, ",", ", ") }
	switch {
	case e.Allowed && preflight:
		e.Text = fmt.Sprintf("Origin, method and headers are listed: after the preflight the browser sends the %s.", c.Method)
	case e.Allowed:
		e.Text = "The origin is listed: the page may read the response."
	case d.Reason == cors.OriginNotAllowed && preflight:
		e.Text = fmt.Sprintf("The origin %s is not listed: the preflight gets %d, and the %s is never sent.", origin, d.Status, c.Method)
	case d.Reason == cors.OriginNotAllowed:
		e.Text = fmt.Sprintf("The origin %s is not listed: the server answers, but the page may not read the response.", origin)
	case d.Reason == cors.MethodNotAllowed:
		e.Text = fmt.Sprintf("%s is not listed: the preflight grants %s, and the %s is never sent.", c.Method, list(d.AllowMethods), c.Method)
	case d.Reason == cors.HeaderNotAllowed:
		e.Text = fmt.Sprintf("The header %s is not listed: the preflight grants %s, and the %s is never sent.", d.Header, list(d.AllowHeaders), c.Method)
	default:
		e.Text = "The policy refuses it."
	}
	return e
}
