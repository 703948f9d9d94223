package conformance

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cors "github.com/corskit/corskit/core"
)

// A Transport is a way in which a request reaches an [App].
type Transport string

const (
	// InProcess calls [App.RoundTrip].
	InProcess Transport = "in-process"

	// TCP writes the request, byte for byte as the table has it, to a
	// connection that [App.Serve] accepted.
	TCP Transport = "tcp"
)

// Transports lists all of them.
var Transports = []Transport{InProcess, TCP}

// Run runs every case of the table on an adapter, over every [Transport], as
// subtests named adapter/transport/case. Each runs on an App of its own.
func Run(t *testing.T, a Adapter) {
	t.Run(a.Name, func(t *testing.T) {
		for _, over := range Transports {
			for _, c := range Cases() {
				t.Run(string(over)+"/"+c.Name, func(t *testing.T) {
					x, problems := check(a, c, over)
					if len(problems) > 0 {
						t.Error(report(c, x, problems))
					}
				})
			}
		}
	})
}

// Check runs one case on an adapter, on an App of its own, and returns a
// sentence for each thing that is wrong; none if all is right.
func Check(a Adapter, c Case, over Transport) []string {
	_, problems := check(a, c, over)
	return problems
}

func check(a Adapter, c Case, over Transport) (*Exchange, []string) {
	x, err := Send(a, c, over)
	if err != nil {
		return nil, []string{"There is no response: " + err.Error() + "."}
	}
	return x, append(Judge(c, x.Response), x.judge(c)...)
}

// An Exchange is what became of the judged request of a case.
type Exchange struct {
	// Response is the response. Its body is in memory and need not be closed.
	Response *http.Response

	// Asked counts how often the case's policy was asked, and Others how often
	// those of other scopes were.
	Asked, Others int

	// Handled counts how often the handler of a route ran.
	Handled int

	// Changed holds origins that the predicate was given, and that no longer
	// are what they were then: the adapter lent it memory that the server
	// reused.
	Changed []string
}

// judge finds what the response does not show.
func (x *Exchange) judge(c Case) (problems []string) {
	covered, handler := c.Kind != "", c.Response.Handler
	switch {
	case covered && x.Asked != 1:
		problems = append(problems, fmt.Sprintf("The policy was asked %d times, want once.", x.Asked))
	case !covered && x.Asked != 0:
		problems = append(problems, fmt.Sprintf("The policy was asked %d times, but does not cover the request.", x.Asked))
	}
	if x.Others != 0 {
		problems = append(problems, fmt.Sprintf("Policies of other scopes were asked %d times.", x.Others))
	}
	switch {
	case handler == nil:
	case *handler && x.Handled != 1:
		problems = append(problems, fmt.Sprintf("The handler ran %d times, want once.", x.Handled))
	case !*handler && x.Handled != 0:
		problems = append(problems, "The handler ran, where the adapter has to answer by itself.")
	}
	for _, s := range x.Changed {
		problems = append(problems, fmt.Sprintf("The predicate was given %s in memory that was reused later.", quote(s)))
	}
	return problems
}

// Send mounts the site of a case by the adapter, sends the case's requests, and
// returns what became of the last one. An error means that there was no
// response.
func Send(a Adapter, c Case, over Transport) (x *Exchange, err error) {
	w := &watch{predicate: c.Predicate}
	site, err := w.site(c)
	if err != nil {
		return nil, err
	}
	app := a.Mount(site)
	send, stop, err := client(app, over)
	if err != nil {
		return nil, err
	}
	defer func() {
		if stopErr := stop(); err == nil {
			err = stopErr
		}
	}()
	for _, r := range c.Before {
		if _, err := send(r); err != nil {
			return nil, fmt.Errorf("to %s %s, sent before: %w", r.Method, r.Path, err)
		}
	}
	w.reset()
	response, err := send(c.Request)
	if err != nil {
		return nil, err
	}
	return w.exchange(response), nil
}

// client returns a function that sends requests to app, one after another, and
// one that ends it all.
func client(app App, over Transport) (send func(Request) (*http.Response, error), stop func() error, err error) {
	if over == InProcess {
		send := func(r Request) (*http.Response, error) { return buffered(roundTrip(app, r)) }
		return send, app.Close, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	l := &onceListener{Listener: listener}
	served := make(chan struct{})
	var serveErr error // to be read once served is closed
	go func() {
		defer close(served)
		serveErr = app.Serve(l)
		l.Close() // or else a client would wait for a server that has given up
	}()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, nil, errors.Join(err, app.Close())
	}
	conn := dialed.(*net.TCPConn)
	// A limit for servers that hang; nothing that works comes near it.
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(conn)
	send = func(r Request) (*http.Response, error) {
		if _, err := conn.Write(r.wire()); err != nil {
			return nil, err
		}
		response, err := buffered(http.ReadResponse(in, &http.Request{Method: r.Method}))
		if err != nil {
			select {
			case <-served:
				err = errors.Join(err, serveErr)
			default:
			}
		}
		return response, err
	}
	stop = func() error {
		// Servers that find all at rest close at once; others look again
		// after a while, which adds up over the table.
		conn.CloseWrite()
		io.Copy(io.Discard, conn)
		conn.Close()
		l.Close()
		select {
		case <-served:
		case <-time.After(time.Second):
		}
		err := app.Close()
		<-served
		return err
	}
	return send, stop, nil
}

// A onceListener may be closed a second time.
type onceListener struct {
	net.Listener
	once sync.Once
	err  error
}

func (l *onceListener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

// roundTrip turns a panic that the framework let through into an error, so
// that it fails one case.
func roundTrip(app App, r Request) (response *http.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return app.RoundTrip(r.HTTP())
}

// buffered reads the body of a response into memory.
func buffered(r *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r, err
}

const defaultHost = "api.example"

// host returns the value of the Host header.
func (r Request) host() string {
	for _, f := range r.Headers {
		if strings.EqualFold(f.Name, "Host") {
			return f.Value
		}
	}
	return defaultHost
}

// HTTP returns r as a server on net/http sees it.
func (r Request) HTTP() *http.Request {
	h := httptest.NewRequest(r.Method, r.Path, nil)
	h.Host = r.host()
	for _, f := range r.Headers {
		if name := http.CanonicalHeaderKey(f.Name); name != "Host" {
			for _, value := range f.lines() {
				h.Header[name] = append(h.Header[name], strings.Trim(value, " \t"))
			}
		}
	}
	return h
}

// wire returns r as a client writes it.
func (r Request) wire() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Path, r.host())
	for _, f := range r.Headers {
		if !strings.EqualFold(f.Name, "Host") {
			for _, value := range f.lines() {
				b.WriteString(f.Name + ": " + value + "\r\n")
			}
		}
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// A watch stands between a site and its policies, predicate and handlers, and
// sees what a response does not show.
type watch struct {
	predicate *Predicate

	mu                     sync.Mutex
	asked, others, handled int
	kept                   []keptOrigin
}

// A keptOrigin is what a predicate was given, and a copy made at that time.
type keptOrigin struct{ given, copied string }

// site returns the site of a case.
func (w *watch) site(c Case) (Site, error) {
	s, err := c.site(w.ask)
	if err != nil {
		return s, err
	}
	for i, r := range s.Routes {
		s.Routes[i].Handler = w.handler(r.Handler)
	}
	if s.Policy != nil {
		s.Policy = &watchedPolicy{s.Policy, w, &w.asked}
	}
	for i, scope := range s.Scopes {
		asked := &w.others
		if c.Scopes[i].Policy == c.Policy {
			asked = &w.asked
		}
		s.Scopes[i].Policy = &watchedPolicy{scope.Policy, w, asked}
	}
	return s, nil
}

// A watchedPolicy counts how often it is asked.
type watchedPolicy struct {
	policy cors.Decider
	*watch
	asked *int
}

func (p *watchedPolicy) Decide(ctx context.Context, r cors.Request) cors.Decision {
	p.mu.Lock()
	*p.asked++
	p.mu.Unlock()
	return p.policy.Decide(ctx, r)
}

func (p *watchedPolicy) Unwrap() cors.Decider { return p.policy }

func (w *watch) ask(ctx context.Context, origin string) (bool, error) {
	w.mu.Lock()
	w.kept = append(w.kept, keptOrigin{origin, strings.Clone(origin)})
	w.mu.Unlock()
	return w.predicate.Ask(ctx, origin)
}

func (w *watch) handler(h Handler) Handler {
	return func(header func(string) string) Answer {
		w.mu.Lock()
		w.handled++
		w.mu.Unlock()
		return h(header)
	}
}

func (w *watch) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.others, w.handled = 0, 0, 0
}

func (w *watch) exchange(r *http.Response) *Exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := &Exchange{Response: r, Asked: w.asked, Others: w.others, Handled: w.handled}
	for _, k := range w.kept {
		if k.given != k.copied {
			x.Changed = append(x.Changed, k.copied)
		}
	}
	return x
}

// report tells what is wrong with a response, and all that it takes to see why.
func report(c Case, x *Exchange, problems []string) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "\n%s", p)
	}
	fmt.Fprintf(&b, "\n  clause    %s (rule %d)", c.Clause, c.Rule)
	fmt.Fprintf(&b, "\n  policy    %s: %s, mount %s", c.Policy, strings.Join(strings.Fields(string(c.PolicyFile)), " "), c.Mount)
	if c.Seal {
		b.WriteString(", sealed")
	}
	if c.Through != "" {
		fmt.Fprintf(&b, ", handlers behind a %s", c.Through)
	}
	if c.Auth != "" {
		fmt.Fprintf(&b, ", authentication %s of it", c.Auth)
	}
	for _, s := range c.Scopes {
		fmt.Fprintf(&b, "\n  scope     %s%s %s: %s", s.Prefix, s.Method, s.Path, s.Policy)
	}
	if c.Predicate != nil {
		fmt.Fprintf(&b, "\n  predicate says yes to %q, fails for %q", c.Predicate.Allow, c.Predicate.Fail)
	}
	for _, r := range c.Before {
		r.describe(&b, "before")
	}
	c.Request.describe(&b, "request")
	if x != nil {
		fmt.Fprintf(&b, "\n  response  %s", x.Response.Status)
		for _, name := range slices.Sorted(maps.Keys(x.Response.Header)) {
			for _, value := range x.Response.Header[name] {
				fmt.Fprintf(&b, "\n              %s: %s", name, shorten(value))
			}
		}
	}
	return b.String()
}

func (r Request) describe(b *strings.Builder, what string) {
	fmt.Fprintf(b, "\n  %-9s %s %s", what, r.Method, r.Path)
	for _, f := range r.Headers {
		fmt.Fprintf(b, "\n              %s: %s", f.Name, shorten(f.Value))
		if f.Lines > 1 {
			fmt.Fprintf(b, " (%d lines)", f.Lines)
		}
	}
}
