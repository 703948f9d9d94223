package live

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Verdict is what came of a case.
type Verdict uint8

const (
	Pass          Verdict = iota // the case holds
	Fail                         // it does not
	NotApplicable                // it cannot be told, or says nothing of this server
)

// String returns "pass", "fail" or "not-applicable".
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	case NotApplicable:
		return "not-applicable"
	}
	return "unknown"
}

// A Case is something that must hold for a server with a given policy.
type Case struct {
	// Name is unique, and the same for the same policy: elements with slashes
	// between, such as "preflight/method/PUT". An origin in it is written with a
	// colon alone behind its scheme.
	Name string

	// Rule is the number of the rule that the case checks. The rules are listed
	// in the README of the module conformance.
	Rule int

	// Clause says what the case checks.
	Clause string

	run func(*check)
}

// A Result is what came of a case on a server.
type Result struct {
	Case

	// Verdict is Pass, Fail or NotApplicable.
	Verdict Verdict

	// Why says why the case is not applicable.
	Why string

	// Problems holds what is wrong, if the verdict is Fail.
	Problems []Problem

	// Differs holds what the server does otherwise than corskit would and nobody
	// is harmed by, a sentence each, which ends with the number of the rule. It
	// may be there with every verdict.
	Differs []string

	// Browser is what a browser prints to the console of the page, if the case
	// fails because a page is blocked. It is empty otherwise.
	Browser string

	// Exchanges holds what was sent to the server, in order, and what came back.
	Exchanges []fetch.Exchange
}

// A Problem is something that is wrong with a response.
type Problem struct {
	Text string // a sentence
	Fix  string // what to change on the server, without a full stop

	// Exchange is the index in Exchanges of the response that shows it.
	Exchange int
}

// A Suite holds the cases that a policy has for a target. It is immutable and
// safe for concurrent use. Make one with [New].
type Suite struct {
	config  cors.Config
	policy  *cors.Policy
	target  Target
	cases   []Case
	allowed []string // origins that the policy allows, one at least unless there is nothing but a predicate
	foreign string   // an origin that the policy does not allow; "" under "*"

	reference     http.Handler // the policy itself around a handler that answers 200
	asked, listed int
}

// Limits on what a policy makes the suite ask.
const (
	mostPatterns = 16 // origin patterns
	mostNames    = 24 // methods, and header names
	mostLater    = 3  // origins behind the first that are asked as in all malformed shapes
)

// New returns the suite of a policy for a target. Further origins are asked as,
// too: whether they are allowed is for the policy to say. Its errors are those of
// [cors.New], and of a target that cannot be asked, or not as one of the origins.
func New(config cors.Config, target Target, origins ...string) (*Suite, error) {
	if _, err := cors.New(config); err != nil {
		return nil, err
	}
	c, err := target.open()
	if err != nil {
		return nil, err
	}
	for _, o := range origins {
		if err := checkOrigin(o); err != nil {
			return nil, err
		}
	}
	s := &Suite{config: config, target: c.target}
	if config.MethodsFromRoutes {
		// Of what the router serves, one method is known. Others are not asked about.
		config.MethodsFromRoutes = false
		config.AllowMethods = append(slices.Clone(config.AllowMethods), c.target.Method)
	}
	if s.policy, err = cors.New(config); err != nil {
		return nil, fmt.Errorf("the method %s of the target: %w", c.target.Method, err)
	}
	s.reference = corshttp.New(s.policy)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.derive(c, origins)
	return s, nil
}

// Cases returns the cases, in a slice that is the caller's.
func (s *Suite) Cases() []Case { return slices.Clone(s.cases) }

// Sampled returns how many of the policy's origin patterns are asked about, and
// how many there are. At most 16 are, evenly spread over the list.
func (s *Suite) Sampled() (asked, listed int) { return s.asked, s.listed }

// Run sends the cases to the target, so many at a time, and calls report with
// each result, in the order of the cases, one after another. It returns an
// [*UnreachableError] if the target cannot be reached, and the error of ctx if that
// ends.
func (s *Suite) Run(ctx context.Context, concurrency int, report func(Result)) error {
	c, err := s.target.open()
	if err != nil {
		return err
	}
	defer c.transport.CloseIdleConnections()
	r := &session{Suite: s, client: c}
	if err := r.survey(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	results := make([]chan Result, len(s.cases))
	for i := range results {
		results[i] = make(chan Result, 1)
	}
	free := make(chan struct{}, min(max(1, concurrency), len(s.cases)))
	var running sync.WaitGroup
	running.Go(func() {
		for i, c := range s.cases {
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
				return
			}
			running.Go(func() {
				results[i] <- r.check(ctx, c)
				<-free
			})
		}
	})
	defer running.Wait() // leave nothing behind
	defer cancel()
	for i := range results {
		select {
		case result := <-results[i]:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			report(result)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// A session is one run of a suite: what was found out first, and what is the same
// for all cases.
type session struct {
	*Suite
	client *client

	plain     fetch.Exchange  // the target's method, without Origin
	permitted *fetch.Exchange // the same from the first allowed origin
	other     *fetch.Exchange // the same from another allowed origin, far from the first in the policy
	refused   *fetch.Exchange // the same from the foreign origin
	constant  []string        // the Access-Control-Allow-Origin lines of plain
	varies    bool            // those of the others are not the same
}

// survey asks the target once without Origin and once for each kind of origin.
func (s *session) survey(ctx context.Context) error {
	ask := func(m message) (fetch.Exchange, error) { return s.exchange(ctx, s.client.request(m)) }
	var err error
	if s.plain, err = ask(message{}); err != nil {
		return &UnreachableError{s.client.url.String(), err}
	}
	for _, o := range []struct {
		origin string
		to     **fetch.Exchange
	}{{s.first(), &s.permitted}, {s.last(), &s.other}, {s.foreign, &s.refused}} {
		if o.origin == "" {
			continue
		}
		x, err := ask(message{origin: []string{o.origin}})
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		*o.to = &x // without a response the cases tell
	}
	s.constant = s.plain.Header["Access-Control-Allow-Origin"]
	for _, x := range []*fetch.Exchange{s.permitted, s.other, s.refused} {
		if x != nil && !slices.Equal(x.Header["Access-Control-Allow-Origin"], s.constant) {
			s.varies = true
		}
	}
	return nil
}

// first is the first allowed origin that is not the server's own, or "".
func (s *session) first() string {
	for _, o := range s.allowed {
		if o != s.client.origin() {
			return o
		}
	}
	return ""
}

// last is the last allowed origin that is neither the server's own nor the first,
// nor null; "" if there is none. A server that sends its first origin to whoever it
// does not know shows it by this one.
func (s *session) last() string {
	for _, o := range slices.Backward(s.allowed) {
		if o != s.client.origin() && o != s.first() && o != "null" {
			return o
		}
	}
	return ""
}

// exchange sends r.
func (s *session) exchange(ctx context.Context, r *http.Request) (fetch.Exchange, error) {
	x := fetch.Exchange{Request: r, Preflight: isPreflight(r)}
	response, err := s.client.send(ctx, r)
	if err == nil {
		x.Status, x.Header = response.StatusCode, response.Header
	}
	return x, err
}

// check runs one case.
func (s *session) check(ctx context.Context, c Case) Result {
	k := &check{session: s, ctx: ctx, result: Result{Case: c}}
	c.run(k)
	switch {
	case len(k.result.Problems) > 0:
		k.result.Verdict, k.result.Why = Fail, ""
	case k.result.Why != "":
		k.result.Verdict = NotApplicable
	}
	return k.result
}

// A check is a case while it runs.
type check struct {
	*session
	ctx    context.Context
	result Result
	judged int // the index of the exchange that is judged
}

// fail says that something is wrong, once, and how to mend it.
func (k *check) fail(fix, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.ContainsFunc(k.result.Problems, func(p Problem) bool { return p.Text == text }) {
		k.result.Problems = append(k.result.Problems, Problem{text, fix, k.judged})
	}
}

// differ says that something is not as corskit would do it, by one of its rules.
func (k *check) differ(rule int, format string, args ...any) {
	text := fmt.Sprintf(format, args...) + fmt.Sprintf(" (rule %d)", rule)
	if !slices.Contains(k.result.Differs, text) {
		k.result.Differs = append(k.result.Differs, text)
	}
}

// skip says that the case is not applicable.
func (k *check) skip(format string, args ...any) { k.result.Why = fmt.Sprintf(format, args...) }

// send sends m. It is false if there is no response, which is a failure.
func (k *check) send(m message) (fetch.Exchange, bool) {
	x, err := k.exchange(k.ctx, k.client.request(m))
	k.record(x)
	if err != nil {
		k.fail("answer every request, whatever its headers say", "There is no response: %v.", err)
	}
	return x, err == nil
}

// record keeps x for the result. It is the one that is judged next.
func (k *check) record(x fetch.Exchange) {
	k.judged = len(k.result.Exchanges)
	k.result.Exchanges = append(k.result.Exchanges, x)
}

// decide returns what the policy decides about the request of x.
func (k *check) decide(x fetch.Exchange) cors.Decision {
	return k.policy.Decide(k.ctx, *corshttp.Describe(x.Request, nil))
}

// refer answers r by the policy itself.
func (s *Suite) refer(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.reference.ServeHTTP(w, r)
	return w.Result(), nil
}

// browser has a browser make the request r, to the server and to the policy, and
// compares what comes of it. The actual request is sent to the server only if
// actual is set; otherwise it is the policy that answers it.
func (k *check) browser(r fetch.Request, actual bool) {
	if r.URL == "" {
		r.URL = k.client.url.String()
	}
	if r.Origin == k.client.origin() {
		k.skip("%s is the server's own origin, for which browsers make no CORS check: ask the server by another name", r.Origin)
		return
	}
	var broken error
	got := fetch.Fetch(k.ctx, r, func(request *http.Request) (*http.Response, error) {
		if !actual && !isPreflight(request) {
			return k.refer(request)
		}
		x, err := k.exchange(k.ctx, request)
		k.record(x)
		if err != nil {
			broken = err
			return nil, err
		}
		k.wire(x)
		seen := x.Header
		if !isPreflight(request) {
			seen = x.Header.Clone()
			seen.Del("Location") // what is there is another endpoint
		}
		return &http.Response{StatusCode: x.Status, Header: seen, Body: http.NoBody}, nil
	}, nil)
	want := fetch.Fetch(k.ctx, r, k.refer, nil)
	switch {
	case broken != nil:
		k.fail("answer every request, whatever its headers say", "There is no response: %v.", broken)
	case got.Result == want.Result && len(got.Sent) > len(want.Sent):
		k.fail("grant nothing to a CORS-preflight request from an origin that the policy does not allow, or for what it does not allow",
			"The CORS-preflight request is granted, so that the %s request of a page of %s runs, which the policy does not allow.", r.Method, r.Origin)
	case got.Result == want.Result:
	case want.Result == fetch.Readable:
		k.result.Browser = got.Failure.Console(r)
		k.fail(k.remedy(r, got), "A page of %s is blocked%s, where the policy allows the request: %s", r.Origin, withCredentials(r), reason(got.Failure))
	default:
		k.fail(k.refusal(r), "A page of %s can read the response%s, where the policy does not allow it.", r.Origin, withCredentials(r))
	}
}

func withCredentials(r fetch.Request) string {
	if r.Credentials == fetch.Include {
		return " with the credentials mode include"
	}
	return ""
}

// reason says why a page is blocked.
func reason(f fetch.Failure) string {
	if text := f.Text(); text != "" {
		return text
	}
	return strings.ReplaceAll(f.Reason.String(), "-", " ") + "."
}

// refusal says how to refuse r.
func (k *check) refusal(r fetch.Request) string {
	if k.config.AllowCredentials || r.Credentials != fetch.Include {
		return "compare the whole Origin, byte for byte, with the origins of the policy before it is sent back"
	}
	return "leave Access-Control-Allow-Credentials out: the policy does not allow credentials"
}

// remedy says what to change so that r is not blocked.
func (k *check) remedy(r fetch.Request, got fetch.Outcome) string {
	last := got.Sent[len(got.Sent)-1]
	if got.Failure.Preflight && (last.Status == 401 || last.Status == 403 || last.Status == 404 || last.Status == 405) {
		return fmt.Sprintf("answer OPTIONS requests with Access-Control-Request-Method before authentication and routing do, which say %d", last.Status)
	}
	switch f := got.Failure; f.Reason {
	case fetch.MissingAllowOrigin, fetch.AllowOriginMismatch, fetch.InvalidAllowOrigin:
		return "send Access-Control-Allow-Origin: " + r.Origin
	case fetch.MultipleAllowOrigins:
		return "have one layer alone set Access-Control-Allow-Origin, to one value"
	case fetch.WildcardAllowOrigin:
		return "send Access-Control-Allow-Origin: " + r.Origin + " instead of *, which does not go with credentials"
	case fetch.InvalidAllowCredentials:
		return "send Access-Control-Allow-Credentials: true"
	case fetch.PreflightRedirect:
		return "answer CORS-preflight requests where they are sent, without a redirect"
	case fetch.PreflightStatus:
		return "answer CORS-preflight requests with status 204"
	case fetch.InvalidAllowMethods, fetch.InvalidAllowHeaders:
		return "send names with commas between, and nothing else"
	case fetch.MethodNotAllowed:
		return "add " + f.Value + " to Access-Control-Allow-Methods" + instead(r)
	case fetch.HeaderNotAllowed:
		return "add " + f.Value + " to Access-Control-Allow-Headers" + instead(r)
	}
	return "answer as the policy says"
}

func instead(r fetch.Request) string {
	if r.Credentials == fetch.Include {
		return ", by name: * does not go with credentials"
	}
	return ""
}
