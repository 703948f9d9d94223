package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// An outcome is what comes of a call.
type outcome struct {
	preflight *answer // nil if a browser sends none
	actual    *answer // nil if a browser stops after the preflight
	blocked   string  // what a browser says when it keeps the response from the page, else ""
}

// An answer is what a server says to one request, as far as CORS is concerned.
type answer struct {
	status int
	header http.Header // the CORS headers and Vary
}

// fetch makes a call to the API at url as a browser does for a page of the
// given origin, and judges the answers as it does. The error is that of a
// request that got no answer.
func fetch(ctx context.Context, client *http.Client, url, origin string, c call) (outcome, error) {
	var o outcome
	if c.needsPreflight() {
		header := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {c.Method}}
		if c.Header != "" {
			header.Set("Access-Control-Request-Headers", strings.ToLower(c.Header))
		}
		a, err := send(ctx, client, http.MethodOptions, url+c.Path, header)
		if err != nil {
			return outcome{}, err
		}
		o.preflight = &a
		if o.blocked = judgePreflight(a, origin, c); o.blocked != "" {
			return o, nil
		}
	}
	header := http.Header{"Origin": {origin}}
	if c.Header != "" {
		header.Set(c.Header, "1")
	}
	if c.Credentials {
		header.Set("Cookie", "id=1")
	}
	a, err := send(ctx, client, c.Method, url+c.Path, header)
	if err != nil {
		return outcome{}, err
	}
	o.actual, o.blocked = &a, judge(a, origin, c)
	return o, nil
}

func send(ctx context.Context, client *http.Client, method, url string, header http.Header) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return answer{}, err
	}
	r.Header = header
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return answer{}, err
	}
	a := answer{status: response.StatusCode, header: http.Header{}}
	for name, values := range response.Header {
		switch {
		case strings.HasPrefix(name, "Access-Control-"):
			a.header[name] = values
		case name == "Vary":
			a.header[name] = slices.Compact(slices.Sorted(slices.Values(members(values))))
		}
	}
	return a, nil
}

// judge is the CORS check: https://fetch.spec.whatwg.org/#concept-cors-check
func judge(a answer, origin string, c call) (blocked string) {
	allowed := strings.Join(a.header.Values("Access-Control-Allow-Origin"), ", ")
	switch {
	case allowed == "":
		return "no Access-Control-Allow-Origin"
	case allowed == "*" && !c.Credentials:
		return ""
	case allowed != origin:
		return "Access-Control-Allow-Origin is " + allowed
	case c.Credentials && strings.Join(a.header.Values("Access-Control-Allow-Credentials"), ", ") != "true":
		return "no Access-Control-Allow-Credentials"
	}
	return ""
}

// judgePreflight is step 7 of the CORS-preflight fetch:
// https://fetch.spec.whatwg.org/#cors-preflight-fetch-0
func judgePreflight(a answer, origin string, c call) (blocked string) {
	allows := func(field, name string, same func(string, string) bool) bool {
		return slices.ContainsFunc(members(a.header.Values(field)), func(m string) bool {
			return m == "*" && !c.Credentials || same(m, name)
		})
	}
	equal := func(a, b string) bool { return a == b }
	if blocked := judge(a, origin, c); blocked != "" {
		return blocked
	}
	switch {
	case a.status < 200 || a.status > 299:
		return "the preflight's status is " + strconv.Itoa(a.status)
	case !safelisted(c.Method) && !allows("Access-Control-Allow-Methods", c.Method, equal):
		return c.Method + " is not in Access-Control-Allow-Methods"
	case c.Header != "" && !allows("Access-Control-Allow-Headers", c.Header, strings.EqualFold):
		return c.Header + " is not in Access-Control-Allow-Headers"
	}
	return ""
}

// members returns the members of a list header.
func members(lines []string) []string {
	var all []string
	for m := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if m = strings.TrimSpace(m); m != "" {
			all = append(all, m)
		}
	}
	return all
}

// String returns the outcome as a cell of the matrix: the statuses of the
// preflight and of the actual request, and what the browser makes of them.
func (o outcome) String() string {
	var parts []string
	for _, a := range []*answer{o.preflight, o.actual} {
		if a != nil {
			parts = append(parts, strconv.Itoa(a.status))
		}
	}
	if o.blocked != "" {
		return strings.Join(append(parts, "✕"), " ")
	}
	return strings.Join(append(parts, "✓"), " ")
}

// details returns all that the servers said, and what the browser makes of it,
// one per line: outcomes are the same if their details are.
func (o outcome) details() []string {
	var lines []string
	for _, exchange := range []struct {
		name string
		*answer
	}{{"preflight", o.preflight}, {"actual request", o.actual}} {
		if exchange.answer == nil {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: status %d", exchange.name, exchange.status))
		for name, values := range exchange.header {
			for _, value := range values {
				lines = append(lines, fmt.Sprintf("%s: %s: %s", exchange.name, name, value))
			}
		}
	}
	if o.blocked != "" {
		lines = append(lines, "blocked: "+o.blocked)
	}
	slices.Sort(lines)
	return lines
}
