package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browser/engine"
	"github.com/corskit/corskit/conformance/fetch"
)

// A bench is one engine with its pages. It is not safe for concurrent use.
type bench struct {
	network *network
	engine  engine.Engine
	tabs    map[string]engine.Tab // by the origin of their pages
	last    int                   // the number of the last request
	again   int                   // how often one was sent again: see send
}

// hasCodes reports whether the engine says why it has blocked a request, in a code
// that the model knows.
func (b *bench) hasCodes() bool { return b.engine.Name() == "chromium" }

// patience is how long a script may take; nothing that works comes near it.
const patience = 20 * time.Second

// An observation is what has come of a trial.
type observation struct {
	seen
	URL       string           // what was asked for
	Complaint engine.Complaint // what the engine says of the request, if it is Blocked
	Exchanges []exchange       // what the server has got, and answered
}

// seen is what the script gets, as script.js tells it.
type seen struct {
	Result  string      // as fetch.Result has them
	Status  int         // if it is readable
	Headers [][2]string // if it is readable
	Error   string      // if it is blocked
}

// observe tries a trial against an adapter, on a server of its own. It says wants if
// the server must get something.
func (b *bench) observe(ctx context.Context, a conformance.Adapter, t trial, wants bool) (o observation, err error) {
	site, err := t.Case.Site()
	if err != nil {
		return o, err
	}
	// Pages are opened before their servers' places are taken.
	for _, r := range append(slices.Clone(t.Before), t.Request) {
		if _, err := b.tab(ctx, r.Origin); err != nil {
			return o, fmt.Errorf("the page of %s: %w", r.Origin, err)
		}
	}
	if t.Request.Cookie != "" {
		forget, err := b.setCookies(ctx, t.Request)
		if err != nil {
			return o, err
		}
		defer func() { err = errors.Join(err, forget()) }()
	}
	wire, stop, err := b.network.serve(originOf(t.Request.URL), a.Mount(site))
	if err != nil {
		return o, err
	}
	defer func() {
		if stopErr := stop(); err == nil {
			err = stopErr
		}
	}()
	for _, r := range t.Before {
		o, err := b.send(ctx, wire, r, wants)
		if err != nil {
			return o, err
		}
		if wants && len(o.Exchanges) == 0 {
			return o, fmt.Errorf("%s %s, which is to come before, does not reach the server", r.Method, r.URL)
		}
	}
	if o, err = b.send(ctx, wire, t.Request, wants); err != nil {
		return o, err
	}
	if o.Result == fetch.Blocked.String() && b.hasCodes() {
		o.Complaint, _ = b.tabs[t.Request.Origin].Complaint(ctx, o.URL)
	}
	return o, nil
}

// attempts is how often a request is sent if need be: a browser may pick a connection
// to the last server of the same name, which is being closed, and say that the request
// is blocked while nothing comes here.
const attempts = 3

// send has a page send a request, and waits for what comes of it. It is sent again if
// a server must get it and none does.
func (b *bench) send(ctx context.Context, w *wire, r fetch.Request, wanted bool) (o observation, err error) {
	before, err := w.exchanges()
	if err != nil {
		return o, err
	}
	for range attempts {
		r := b.number(r)
		o.URL = r.URL
		if o.seen, err = b.fetch(ctx, r); err != nil {
			return o, err
		}
		all, err := w.exchanges()
		if err != nil {
			return o, err
		}
		o.Exchanges = all[len(before):]
		if !wanted || len(o.Exchanges) > 0 || o.Result != fetch.Blocked.String() {
			break
		}
		b.again++
	}
	return o, nil
}

// setCookies has a page of the server's own get the cookies of r, so that requests
// from other sites have them too, and returns a function that takes them away. Once
// the page has the response that sets them, requests of every page have them, which
// document.cookie does not promise: it does not wait for other processes.
func (b *bench) setCookies(ctx context.Context, r fetch.Request) (forget func() error, err error) {
	origin := originOf(r.URL)
	// Of cookies with the same name that with the longest path comes first:
	// https://www.rfc-editor.org/rfc/rfc6265#section-5.4
	paths := []string{strings.TrimPrefix(r.URL, origin), "/"}
	cookies := strings.Split(r.Cookie, "; ")
	set := func(maxAge int) error {
		query := url.Values{}
		for i, cookie := range cookies {
			path := paths[len(paths)-len(cookies)+i]
			query.Add(setCookie, fmt.Sprintf("%s; Path=%s; Secure; SameSite=None; Max-Age=%d", cookie, path, maxAge))
		}
		why := ""
		for range attempts {
			s, err := b.fetch(ctx, fetch.Request{Method: http.MethodGet, URL: origin + "/?" + query.Encode(), Origin: origin})
			if err != nil || s.Result == fetch.Readable.String() {
				return err
			}
			why = s.Error
		}
		return fmt.Errorf("the page of %s does not get its cookies: %s", origin, why)
	}
	return func() error { return set(0) }, set(3600)
}

func (b *bench) number(r fetch.Request) fetch.Request {
	b.last++
	return numbered(r, b.last)
}

// tab returns the tab with a page of an origin. Pages whose origin is "null" are
// frames in a sandbox.
func (b *bench) tab(ctx context.Context, origin string) (engine.Tab, error) {
	if tab, ok := b.tabs[origin]; ok {
		return tab, nil
	}
	at := origin
	if origin == "null" {
		at = "https://sandbox.example"
	}
	if err := b.network.page(at); err != nil {
		return nil, err
	}
	tab, err := b.engine.Open(ctx, at+"/")
	if err != nil {
		return nil, err
	}
	b.tabs[origin] = tab
	var is string
	if err := tab.Run(ctx, "return location.origin", &is); err != nil {
		return nil, err
	}
	if is != at {
		return nil, fmt.Errorf("the engine takes it for %s", is)
	}
	return tab, nil
}

//go:embed script.js
var script string

// fetch has a page of the request's origin call fetch.
func (b *bench) fetch(ctx context.Context, r fetch.Request) (s seen, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tab, err := b.tab(ctx, r.Origin)
	if err != nil {
		return s, err
	}
	what := map[string]any{
		"url":         r.URL,
		"method":      r.Method,
		"headers":     headerPairs(r.Header),
		"mode":        []string{"cors", "no-cors", "same-origin"}[r.Mode],
		"credentials": credentialsMode(r),
		"upload":      r.UseCORSPreflight,
	}
	literal, err := json.Marshal(what)
	if err != nil {
		return s, err
	}
	call := fmt.Sprintf("%s\nreturn callIn(%t, look, %s)", script, r.Origin == "null", literal)
	return s, tab.Run(ctx, call, &s)
}

func credentialsMode(r fetch.Request) string {
	return []string{"same-origin", "include", "omit"}[r.Credentials]
}

func headerPairs(h http.Header) [][2]string {
	pairs := [][2]string{}
	for name, values := range h {
		for _, value := range values {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	return pairs
}

// compare returns a sentence for each thing that is not as the model wants it and
// as the case expects.
func (b *bench) compare(t trial, want fetch.Outcome, o observation) (problems []string) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if o.Result != want.Result.String() {
		problem("The script's response is %s, want %s.", o.Result, want.Result)
	}
	if o.Status != want.Status {
		problem("The script reads the status %d, want %d.", o.Status, want.Status)
	}
	if got, want := own(o.header()), own(want.Header); !slices.Equal(got, want) {
		problem("The script reads the headers %q, want %q.", got, want)
	}
	if b.hasCodes() && o.Complaint.Code != want.Failure.CORSError() {
		problem("The browser's code is %q, want %q.", o.Complaint.Code, want.Failure.CORSError())
	}
	var got, sent []string
	for _, x := range o.Exchanges {
		got = append(got, describe(x.Request))
	}
	for _, x := range want.Sent {
		sent = append(sent, describe(x.Request))
	}
	if !slices.Equal(got, sent) {
		problem("The server was sent:\n    %s\n  want:\n    %s", strings.Join(got, "\n    "), strings.Join(sent, "\n    "))
	}
	if len(want.Sent) > 0 {
		problems = append(problems, judge(t.Case, o)...)
	}
	return problems
}

// judge returns a sentence for each thing that the case expects otherwise of what has
// passed over the wire.
func judge(c conformance.Case, o observation) (problems []string) {
	sent := false
	for _, x := range o.Exchanges {
		if !isRequestOf(c, x.Request) {
			continue
		}
		sent = true
		if x.Response == nil {
			problems = append(problems, "The server did not answer the request.")
			continue
		}
		problems = append(problems, conformance.Judge(c, x.Response)...)
	}
	if !sent {
		problems = append(problems, "The request of the case was not sent.")
	}
	return problems
}

func (o observation) header() http.Header {
	h := http.Header{}
	for _, pair := range o.Headers {
		h.Add(pair[0], pair[1])
	}
	return h
}

// own returns the names of the headers that scripts can read, of those that the
// site's handlers set: frameworks and browsers differ as to others.
func own(h http.Header) (names []string) {
	for _, name := range []string{"X-Handler", "X-Secret", "X-Total"} {
		if h[name] != nil {
			names = append(names, name)
		}
	}
	return names
}

// originOf returns the origin of a URL.
func originOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
