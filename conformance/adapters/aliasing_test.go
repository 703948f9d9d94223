package adapters

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// How the middleware around a site edits a response, by the X-Edit header of
// the request.
const (
	editNothing   = "nothing"
	editOverwrite = "overwrite" // every value, in place, before and after it is sent
	editAppend    = "append"    // into the room behind the values, and throws that away
	editShare     = "share"     // a Vary header that all responses share, before the adapter runs
)

// edited is what values are overwritten with, on fasthttp up to their length.
const edited = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

// TestEditedInPlace edits values of responses in place, on many connections at
// once. No other response changes, whatever it answers.
func TestEditedInPlace(t *testing.T) {
	const connections, requests = 64, 20
	policies := map[string]cors.Config{
		"patterns": {
			AllowOrigins:     []string{wireApp, "https://*.wild.example"},
			AllowMethods:     []string{"PUT"},
			AllowHeaders:     []string{"X-Key"},
			ExposeHeaders:    []string{"X-Total"},
			AllowCredentials: true,
			MaxAge:           time.Hour,
			RejectDisallowed: true,
		},
		"any":  wirePolicies()[3].config,
		"echo": wirePolicies()[4].config,
	}
	for name, config := range policies {
		policy := cors.MustNew(config)
		for _, a := range All {
			t.Run(name+"/"+a.Name, func(t *testing.T) {
				shared := append(make([]string, 0, 8), "Accept-Language")
				dial, stop := serveEdited(t, shared, engineOf(t, a, conformance.Site{Policy: policy, Mount: conformance.Global, Routes: []conformance.Route{
					{Method: "GET", Path: "/items", Handler: func(header func(string) string) conformance.Answer {
						if header("X-Edit") == editShare {
							return conformance.Answer{Status: http.StatusOK} // or else it would add to what is shared
						}
						return conformance.Answer{Status: http.StatusOK, Add: [][2]string{{"Vary", "Accept-Encoding"}}}
					}},
				}}))
				var running sync.WaitGroup
				for c := range connections {
					running.Go(func() {
						var all []editedRequest
						var sent strings.Builder
						for i := range requests {
							r := newEditedRequest(c, i)
							all = append(all, r)
							sent.WriteString(r.raw)
						}
						received, err := exchange(dial(), []byte(sent.String()))
						if !assert.NoError(t, err) {
							return
						}
						names := make([]string, len(all))
						for i, r := range all {
							names[i] = fmt.Sprintf("%s: %s on connection %d", a.Name, r.what, c)
						}
						responses := parseWire(t, names, received)
						if !assert.Len(t, responses, len(all)) {
							return
						}
						for i, r := range all {
							r.check(t, names[i], policy, responses[i])
						}
					})
				}
				running.Wait()
				stop()
				assert.Equal(t, make([]string, 7), shared[1:8], "%s: the adapter writes into the room behind a Vary header that it found", a.Name)
			})
		}
	}
}

// An editedRequest is a request with the edit that its response undergoes.
type editedRequest struct{ what, edit, raw string }

// newEditedRequest returns request i of connection c. Half of the connections
// edit.
func newEditedRequest(c, i int) editedRequest {
	origins := []string{wireApp, wireEvil, fmt.Sprintf("https://a%02d%02d.wild.example", c, i), "null", ""}
	origin := origins[i%len(origins)]
	method := []string{"GET", "OPTIONS"}[i%2]
	edit := []string{editNothing, editShare}[i/2%2]
	if c%2 == 0 {
		edit = []string{editOverwrite, editAppend}[i/2%2]
	}
	lines := "X-Edit: " + edit + "\r\n"
	if origin != "" {
		lines += "Origin: " + origin + "\r\n"
	}
	if method == "OPTIONS" {
		lines += fmt.Sprintf("Access-Control-Request-Method: M%02d\r\nAccess-Control-Request-Headers: x-%02d\r\n", c, i)
	}
	return editedRequest{fmt.Sprintf("%s %d from %q, edit %s", method, i, origin, edit), edit, wireRequest(method, lines)}
}

func (e editedRequest) check(t *testing.T, what string, p *cors.Policy, response wireResponse) {
	got := seen(response.Response)
	if e.edit == editOverwrite {
		for name, values := range got.headers {
			for _, value := range values {
				if value == "" || !strings.HasPrefix(edited, value) {
					assert.Fail(t, fmt.Sprintf("%s: the edit of %s has no effect: %q", what, name, values))
				}
			}
		}
		return
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(e.raw)))
	if !assert.NoError(t, err) {
		return
	}
	d := p.Decide(context.Background(), *corshttp.Describe(r, nil))
	want := carried(d)
	switch {
	case d.Status != 0:
	case r.Method == "GET":
		want.status = http.StatusOK
		if e.edit != editShare {
			want.vary = append(want.vary, "accept-encoding")
		}
	default:
		got.status = 0 // the framework answers
	}
	if e.edit == editShare {
		want.vary = append(want.vary, "accept-language")
	}
	slices.Sort(want.vary)
	if !assert.ObjectsAreEqual(want, got) { // which is cheaper
		assert.Equal(t, want, got, "%s: the response has changed", what)
	}
}

// serveEdited serves e on loopback, with middleware around it that edits.
func serveEdited(t *testing.T, shared []string, e engine) (dial func() net.Conn, stop func()) {
	if e.http != nil {
		return serve(t, conformance.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			edit := r.Header.Get("X-Edit")
			if edit == editShare {
				w.Header()["Vary"] = shared
			}
			e.http.ServeHTTP(editing{w, edit}, r)
			editHeader(w.Header(), edit)
		})))
	}
	return serve(t, fastApp{&fasthttp.Server{Handler: func(c *fasthttp.RequestCtx) {
		edit := string(c.Request.Header.Peek("X-Edit"))
		if edit == editShare {
			c.Response.Header.Add("Vary", shared[0])
		}
		e.fast(c)
		if edit != editOverwrite {
			return
		}
		for name := range c.Response.Header.All() {
			if conformance.IsCORSHeader(string(name)) || string(name) == "Vary" {
				for _, value := range c.Response.Header.PeekAll(string(name)) {
					copy(value, edited)
				}
			}
		}
		runtime.Gosched()
	}}})
}

// editing edits the header of a response as it is sent.
type editing struct {
	http.ResponseWriter
	edit string
}

func (w editing) WriteHeader(status int) {
	editHeader(w.Header(), w.edit)
	runtime.Gosched() // so that others meet what is edited
	w.ResponseWriter.WriteHeader(status)
}

func editHeader(h http.Header, edit string) {
	for name, values := range h {
		if !conformance.IsCORSHeader(name) && name != "Vary" {
			continue
		}
		switch edit {
		case editOverwrite:
			for i := range values[:cap(values)] {
				values[:cap(values)][i] = edited
			}
		case editAppend:
			_ = append(values, edited)
		}
	}
}

// A fastApp is an application of a fasthttp server.
type fastApp struct{ server *fasthttp.Server }

func (a fastApp) Serve(l net.Listener) error { return a.server.Serve(l) }
func (a fastApp) Close() error               { return a.server.Shutdown() }
func (a fastApp) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.ErrUnsupported
}

// TestNothingOutlivesItsRequest keeps what a predicate, an error and the hooks
// of Observe and Shadow may keep of requests on one connection, whose origins
// are all of one length, and compares it in the end with copies made at the
// time. In between handlers panic, and frameworks answer errors.
func TestNothingOutlivesItsRequest(t *testing.T) {
	const n = 300
	paths := []string{"/items", "/panic", "/e500", "/nowhere"}
	statuses := []int{http.StatusOK, http.StatusInternalServerError, http.StatusInternalServerError, http.StatusNotFound}
	configs := map[string]cors.Config{
		"lists": {AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-Key"}, ExposeHeaders: []string{"X-Total"}, MaxAge: time.Hour},
		"echo":  {AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true},
	}
	for name, config := range configs {
		config.AllowOrigins = []string{"https://good-000.example", "https://*.wild.example"}
		config.AllowOriginFunc = judgeByName
		policy := cors.MustNew(config)
		for _, a := range All {
			for _, pipelined := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/pipelined %v", name, a.Name, pipelined), func(t *testing.T) {
					k := new(keeper)
					config.AllowOriginFunc = func(ctx context.Context, origin string) (bool, error) {
						k.keep("an origin that the predicate was given", origin)
						return judgeByName(ctx, origin)
					}
					k.policy = cors.MustNew(config)
					fails := func(status int) conformance.Handler {
						return func(func(string) string) conformance.Answer {
							return conformance.Answer{Status: status, Failed: true}
						}
					}
					candidate := cors.MustNew(cors.Config{AllowOrigins: []string{"*"}})
					watched := cors.Shadow(cors.Observe(k, k.observe), candidate, k.differ)
					dial, stop := serve(t, a.Mount(conformance.Site{Policy: watched, Mount: conformance.Global, Routes: []conformance.Route{
						{Method: "GET", Path: "/items", Handler: func(func(string) string) conformance.Answer { return conformance.Answer{Status: 200} }},
						{Method: "GET", Path: "/panic", Handler: func(func(string) string) conformance.Answer { panic("the handler panics") }},
						{Method: "GET", Path: "/e500", Handler: fails(http.StatusInternalServerError)},
					}}))
					defer stop()

					var requests []string
					for i := range n {
						origin := fmt.Sprintf([]string{
							"https://good-%03d.example", "https://evil-%03d.example", "https://fail-%03d.example", "https://w%02d.wild.example",
						}[i*7/4%4], i%100)
						lines := "Origin: " + origin + "\r\n"
						if i%3 == 0 {
							lines += fmt.Sprintf("Access-Control-Request-Method: M%03d\r\nAccess-Control-Request-Headers: x-%03d\r\n", i, i)
							requests = append(requests, wireRequest("OPTIONS", lines))
						} else {
							requests = append(requests, strings.Replace(wireRequest("GET", lines), "/items", paths[i%4], 1))
						}
					}
					responses := converse(t, dial(), requests, pipelined)
					for i, raw := range requests {
						r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
						require.NoError(t, err)
						d := policy.Decide(t.Context(), *corshttp.Describe(r, nil))
						want := carried(d)
						if d.Status == 0 {
							want.status = statuses[slices.Index(paths, r.URL.Path)]
						}
						assert.Equal(t, want, seen(responses[i]), "request %d, %s %s from %s", i, r.Method, r.URL.Path, r.Header.Get("Origin"))
					}
					k.check(t, n)
				})
			}
		}
	}
}

// converse sends requests and reads the responses, one by one or all at once.
func converse(t *testing.T, conn net.Conn, requests []string, pipelined bool) (responses []*http.Response) {
	defer conn.Close()
	if pipelined {
		go io.WriteString(conn, strings.Join(requests, ""))
	}
	in := bufio.NewReader(conn)
	for i, raw := range requests {
		if !pipelined {
			_, err := io.WriteString(conn, raw)
			require.NoError(t, err)
		}
		r, err := http.ReadResponse(in, nil)
		require.NoError(t, err, "there is no response to request %d", i)
		_, err = io.Copy(io.Discard, r.Body)
		require.NoError(t, err)
		responses = append(responses, r)
	}
	return responses
}

// judgeByName is a predicate that goes by the first letters of a host.
func judgeByName(_ context.Context, origin string) (bool, error) {
	if strings.HasPrefix(origin, "https://fail") {
		return false, fmt.Errorf("asking about it: %w", originError{origin})
	}
	return strings.HasPrefix(origin, "https://good"), nil
}

// An originError holds the very string that the predicate was given.
type originError struct{ origin string }

func (e originError) Error() string { return "no answer about " + e.origin }

// A keeper stands around a policy, and has the hooks that watch it. It keeps
// every string that it may keep.
type keeper struct {
	policy cors.Decider

	mu       sync.Mutex
	asked    int
	observed int
	differed int
	kept     []keptString
	failed   []keptError
}

// What was kept, and a copy made at that time.
type (
	keptString struct{ what, given, copied string }
	keptError  struct {
		given  error
		copied string
	}
)

func (k *keeper) keep(what, s string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, keptString{what, s, strings.Clone(s)})
}

// Decide is the decision of the policy.
func (k *keeper) Decide(ctx context.Context, r cors.Request) cors.Decision {
	d := k.policy.Decide(ctx, r)
	k.keep("Decision.AllowCredentials", d.AllowCredentials)
	k.keep("Decision.MaxAge", d.MaxAge)
	k.keep("Decision.ExposeHeaders", d.ExposeHeaders)
	k.keep("Decision.Vary", d.Vary)
	if !r.Borrowed {
		k.keep("Request.Method", r.Method)
		k.keep("Request.Host", r.Host)
		k.keep("Request.SecFetchSite", r.SecFetchSite)
		k.keep("Request.Origin", r.Origin.First)
		k.keep("Request.RequestMethod", r.RequestMethod.First)
		k.keep("Request.RequestHeaders", r.RequestHeaders.First)
		k.keep("Decision.AllowOrigin", d.AllowOrigin)
		k.keep("Decision.AllowMethods", d.AllowMethods)
		k.keep("Decision.AllowHeaders", d.AllowHeaders)
		k.keep("Decision.Header", d.Header)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	if d.Err != nil {
		k.failed = append(k.failed, keptError{d.Err, strings.Clone(d.Err.Error())})
	}
	return d
}

// observe is a hook for Observe.
func (k *keeper) observe(_ context.Context, e cors.Event) {
	k.keepEvent("Observe", e)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.observed++
}

// differ is a hook for Shadow.
func (k *keeper) differ(_ context.Context, current, candidate cors.Event) {
	k.keepEvent("Shadow, of the current", current)
	k.keepEvent("Shadow, of the candidate", candidate)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.differed++
}

// keepEvent keeps every string of an event, which hooks may always keep.
func (k *keeper) keepEvent(hook string, e cors.Event) {
	for _, v := range []reflect.Value{reflect.ValueOf(e), reflect.ValueOf(e.Decision)} {
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.String {
				k.keep("the event's "+v.Type().Field(i).Name+" for the hook of "+hook, f.String())
			}
		}
	}
}

func (k *keeper) check(t *testing.T, asked int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	assert.Equal(t, asked, k.observed, "the hook of Observe is called another number of times")
	assert.Positive(t, k.differed, "the hook of Shadow is never called")
	assert.Equal(t, asked, k.asked, "the policy is asked another number of times")
	assert.NotEmpty(t, k.failed, "no predicate has failed")
	changed := map[string]bool{}
	for _, s := range k.kept {
		if changed[s.what] || s.given == s.copied {
			continue // one of a kind is enough
		}
		changed[s.what] = true
		assert.Fail(t, fmt.Sprintf("%s was %q, and is %q after the request", s.what, s.copied, s.given))
	}
	for _, e := range k.failed {
		if e.given.Error() != e.copied {
			assert.Fail(t, fmt.Sprintf("the predicate's error was %q, and is %q after the request", e.copied, e.given))
			return
		}
	}
}
