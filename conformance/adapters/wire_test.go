package adapters

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Origins of one length, so that one overwrites the other where a server
// reuses its memory.
const (
	wireApp  = "https://app.example.com"
	wireEvil = "https://app.example.org"
)

// A wirePolicy is one of the policies that differ in what of a request they
// send back.
type wirePolicy struct {
	name   string
	config cors.Config
}

func wirePolicies() []wirePolicy {
	config := func(set func(*cors.Config)) cors.Config {
		c := cors.Config{
			AllowOrigins:     []string{wireApp},
			AllowMethods:     []string{"PUT"},
			AllowHeaders:     []string{"X-Key"},
			ExposeHeaders:    []string{"X-Total"},
			AllowCredentials: true,
		}
		set(&c)
		return c
	}
	yes := func(context.Context, string) (bool, error) { return true, nil }
	return []wirePolicy{
		{"list", config(func(*cors.Config) {})},
		{"wildcard", config(func(c *cors.Config) { c.AllowOrigins = []string{"https://*.example.com"} })},
		{"predicate", config(func(c *cors.Config) { c.AllowOrigins, c.AllowOriginFunc = nil, yes })},
		{"any", config(func(c *cors.Config) {
			c.AllowOrigins, c.AllowMethods, c.AllowHeaders = []string{"*"}, []string{"*"}, []string{"*"}
			c.AllowCredentials = false
		})},
		{"echo", config(func(c *cors.Config) { c.AllowMethods, c.AllowHeaders = []string{"*"}, []string{"*"} })},
	}
}

// A wireCase is what a client writes.
type wireCase struct {
	name string
	raw  string // requests, byte for byte

	// refusable says that a server may turn the first request away by itself.
	// All others must reach the adapter.
	refusable bool

	// tooLarge says that the head goes on where what is sent ends, and that
	// the server must turn it away for its size.
	tooLarge bool
}

const (
	wireOrigin  = "Origin: " + wireApp + "\r\n"
	wireMethod  = "Access-Control-Request-Method: PUT\r\n"
	wireHeaders = "Access-Control-Request-Headers: x-key\r\n"
)

func wireRequest(method, lines string) string {
	return method + " /items HTTP/1.1\r\nHost: api.example\r\n" + lines + "\r\n"
}

// wireBytes puts every byte that has no place there into every header.
func wireBytes() []wireCase {
	var all []wireCase
	for c := range 0x100 {
		control, high := c < ' ' || c == 0x7f, c >= 0x80
		if !control && !high {
			continue
		}
		b := string([]byte{byte(c)})
		for _, place := range []struct {
			name, lines string
			control     bool // for control bytes only
		}{
			{"the host of Origin", "Origin: https://app" + b + ".example.com\r\n" + wireMethod + wireHeaders, false},
			{"front of Origin", "Origin: " + b + wireApp + "\r\n" + wireMethod + wireHeaders, true},
			{"the end of Origin", "Origin: " + wireApp + b + "\r\n" + wireMethod + wireHeaders, true},
			{"Access-Control-Request-Method", wireOrigin + "Access-Control-Request-Method: PU" + b + "T\r\n" + wireHeaders, false},
			{"the end of Access-Control-Request-Method", wireOrigin + "Access-Control-Request-Method: PUT" + b + "\r\n" + wireHeaders, true},
			{"Access-Control-Request-Headers", wireOrigin + wireMethod + "Access-Control-Request-Headers: x-" + b + "key\r\n", false},
			{"the end of Access-Control-Request-Headers", wireOrigin + wireMethod + "Access-Control-Request-Headers: x-key" + b + "\r\n", true},
		} {
			if control || !place.control {
				all = append(all, wireCase{
					name:      fmt.Sprintf("byte 0x%02x in %s", c, place.name),
					raw:       wireRequest("OPTIONS", place.lines) + wireRequest("GET", place.lines),
					refusable: control && c != '\t',
				})
			}
		}
	}
	return all
}

// wireForms are the other ways to write header lines.
func wireForms() []wireCase {
	var all []wireCase
	add := func(refusable bool, name string, lines ...string) {
		all = append(all, wireCase{
			name:      name,
			raw:       wireRequest("OPTIONS", strings.Join(lines, "")) + wireRequest("GET", strings.Join(lines, "")),
			refusable: refusable,
		})
	}
	const evilOrigin, otherMethod = "Origin: " + wireEvil + "\r\n", "Access-Control-Request-Method: PATCH\r\n"
	fields := []struct{ line, rest string }{
		{wireOrigin, wireMethod + wireHeaders},
		{wireMethod, wireOrigin + wireHeaders},
		{wireHeaders, wireOrigin + wireMethod},
	}
	for _, f := range fields {
		field, value, _ := strings.Cut(strings.TrimSuffix(f.line, "\r\n"), ": ")
		add(true, field+" ended by CR CR LF", field, ": ", value, "\r\r\n", f.rest)
		add(false, field+" ended by LF", field, ": ", value, "\n", f.rest)
		add(true, field+" folded before the value", field, ":\r\n ", value, "\r\n", f.rest)
		add(true, field+" folded within the value", field, ": ", value[:2], "\r\n\t", value[2:], "\r\n", f.rest)
		add(true, field+" folded after the value", field, ": ", value, "\r\n \r\n", f.rest)
		add(true, field+" with a blank before the colon", field, " : ", value, "\r\n", f.rest)
		add(true, field+" with a tab before the colon", field, "\t: ", value, "\r\n", f.rest)
		add(true, field+" with a blank before the name", f.rest, " ", field, ": ", value, "\r\n")
		add(false, field+" in lower case", strings.ToLower(field), ": ", value, "\r\n", f.rest)
		add(false, field+" in upper case", strings.ToUpper(field), ": ", value, "\r\n", f.rest)
		add(false, field+" in mixed case", strings.ToLower(field[:1]), strings.ToUpper(field[1:]), ": ", value, "\r\n", f.rest)
		add(false, field+" without a blank", field, ":", value, "\r\n", f.rest)
		add(false, field+" with blanks around the value", field, ": \t ", value, " \t \r\n", f.rest)
		add(false, field+" without a value", field, ":\r\n", f.rest)
		add(false, field+" absent", f.rest)
		add(false, field+" with an underscore for the hyphen", strings.ReplaceAll(field, "-", "_"), ": ", value, "\r\n", f.rest)
	}
	for _, f := range []struct{ line, other, rest string }{
		{wireOrigin, evilOrigin, wireMethod + wireHeaders},
		{wireMethod, otherMethod, wireOrigin + wireHeaders},
	} {
		field, value, _ := strings.Cut(f.line, ":")
		empty := field + ":\r\n"
		add(false, field+" twice, alike", f.line, f.line, f.rest)
		add(false, field+" twice, alike, apart", f.line, f.rest, f.line)
		add(false, field+" twice, the allowed first", f.line, f.other, f.rest)
		add(false, field+" twice, the allowed last", f.other, f.line, f.rest)
		add(false, field+" twice, the second in lower case", f.line, strings.ToLower(field), ":", value, f.rest)
		add(false, field+" twice, the first in upper case", strings.ToUpper(field), ":", value, f.line, f.rest)
		add(false, field+" twice, the first empty", empty, f.line, f.rest)
		add(false, field+" twice, the last empty", f.line, empty, f.rest)
	}
	for _, value := range []string{
		"null", "NULL", wireEvil, wireApp + ", " + wireApp, wireApp + " " + wireApp, wireApp + "/", wireApp + ":443",
		strings.ToUpper(wireApp), "//app.example.com", "app.example.com", "*", "https://*.example.com",
		"https://.example.com", "https://a..example.com", "https://evil.example/.example.com", "https://user@app.example.com",
	} {
		add(false, "Origin "+value, "Origin: ", value, "\r\n", wireMethod, wireHeaders)
	}
	for _, value := range []string{"PUT,PATCH", "PUT PATCH", "put", "*", "<b>", `"PUT"`, "DELETE"} {
		add(false, "Access-Control-Request-Method "+value, wireOrigin, "Access-Control-Request-Method: ", value, "\r\n", wireHeaders)
	}
	for _, value := range []string{"*", "x-key, X-KEY", "x key", "<b>", `"x-key"`, "x-key;x", ",x-key,", "x-other", "authorization"} {
		add(false, "Access-Control-Request-Headers "+value, wireOrigin, wireMethod, "Access-Control-Request-Headers: ", value, "\r\n")
	}
	for _, method := range []string{"OPTIONS", "GET"} {
		raw := wireRequest(method, wireOrigin+wireMethod+wireHeaders)
		all = append(all, wireCase{name: "LF-only lines, " + method, raw: strings.ReplaceAll(raw, "\r\n", "\n"), refusable: true})
	}
	return all
}

// A wireShape is a way to fill a header up to a size.
type wireShape struct {
	name, field string
	lines       func(size int) []string // values of the field lines
}

func wireShapes() []wireShape {
	const origin, method, headers = "Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"
	fill := func(unit string) func(int) []string {
		return func(size int) []string { return []string{strings.Repeat(unit, size/len(unit))} }
	}
	around := func(before, unit, after string) func(int) []string {
		return func(size int) []string { return []string{before + fill(unit)(size)[0] + after} }
	}
	many := func(value string) func(int) []string {
		return func(size int) []string {
			return slices.Repeat([]string{value}, max(2, size/(len(headers)+len(value)+len(": \r\n"))))
		}
	}
	return []wireShape{
		{"an Origin of many labels", origin, around("https://", "a.", "example.com")},
		{"an Origin of one label", origin, around("https://", "a", ".example.com")},
		{"an Origin of blanks within", origin, around(wireApp, " ", wireApp)},
		{"many Origin lines", origin, many(wireApp)},
		{"one long method", method, fill("M")},
		{"many method lines", method, many("PUT")},
		{"a list of commas", headers, fill(",")},
		{"a list of one name", headers, fill("x")},
		{"a list of one-letter names", headers, fill("a,")},
		{"a list of short names", headers, fill("x-key,")},
		{"a list of blanks", headers, around("x-key,", " ", ",x-key")},
		{"a list of lines of commas", headers, many(strings.Repeat(",", 1000))},
		{"a list of empty lines", headers, many("")},
		{"a list of lines of one name", headers, many("x-key")},
	}
}

// fields returns the field lines of a CORS-preflight request that has s in it.
func (s wireShape) fields(size int) [][2]string {
	fields := [][2]string{
		{"Origin", wireApp},
		{"Access-Control-Request-Method", "PUT"},
		{"Access-Control-Request-Headers", "x-key"},
	}
	fields = slices.DeleteFunc(fields, func(f [2]string) bool { return f[0] == s.field })
	for _, line := range s.lines(size) {
		fields = append(fields, [2]string{s.field, line})
	}
	return fields
}

// wireMedium is a size of hostile headers that every server of ours takes.
const wireMedium = 64 << 10

// maxHead returns the size of the longest head, in bytes, that an adapter's
// server reads.
func maxHead(a conformance.Adapter) int {
	if strings.HasPrefix(a.Name, "fiber") {
		return headLimit
	}
	// What net/http reads more than it says is the size of a bufio.Reader.
	return http.DefaultMaxHeaderBytes + 4<<10
}

func wireMediums() []wireCase {
	var all []wireCase
	for _, s := range wireShapes() {
		lines := wireLines(s.fields(wireMedium))
		all = append(all, wireCase{
			name: fmt.Sprintf("%s, %d bytes", s.name, wireMedium),
			raw:  wireRequest("OPTIONS", lines) + wireRequest("GET", lines),
		})
	}
	return all
}

// wireLimits fills heads up to the last byte that a server takes, and has some
// that are longer by one.
func wireLimits(limit int, every bool) []wireCase {
	var all []wireCase
	for i, s := range wireShapes() {
		if !every && i%4 != 1 { // they cost time
			continue
		}
		lines := wireLines(s.fields(limit-1<<10)) + "X-Fill: "
		request := func(size int) string {
			return wireRequest("OPTIONS", lines+strings.Repeat("x", size-len(wireRequest("OPTIONS", lines+"\r\n")))+"\r\n")
		}
		all = append(all, wireCase{name: fmt.Sprintf("%s, %d bytes, the limit", s.name, limit), raw: request(limit)})
		if i%4 == 1 {
			all = append(all, wireCase{
				name: fmt.Sprintf("%s, one byte more than %d, the limit", s.name, limit),
				// A server that closes the connection before it has read all
				// resets it, and its answer may be lost. It knows by now.
				raw:       request(limit + 1)[:limit],
				refusable: true,
				tooLarge:  true,
			})
		}
	}
	return all
}

func wireLines(fields [][2]string) string {
	var lines strings.Builder
	for _, f := range fields {
		lines.WriteString(f[0] + ": " + f[1] + "\r\n")
	}
	return lines.String()
}

// TestWire writes bytes that no browser writes to a server of every adapter.
// Nothing malformed is granted anything or comes back, what comes back is
// HTTP, the adapters agree with each other, and the servers live on.
func TestWire(t *testing.T) {
	for _, p := range wirePolicies() {
		cases := slices.Concat(wireBytes(), wireForms(), wireMediums())
		for _, a := range All {
			t.Run(p.name+"/"+a.Name, func(t *testing.T) {
				s := serveWire(t, a, p)
				for _, c := range wireLimits(maxHead(a), p.name == "echo") { // which reads the most of them
					s.check(t, c)
				}
				var batch []wireCase
				for i, c := range cases {
					switch {
					case c.refusable: // which may end the connection
						s.check(t, c)
					default:
						batch = append(batch, c)
					}
					if len(batch) == 50 || i == len(cases)-1 {
						s.check(t, batch...)
						batch = nil
					}
				}
			})
		}
	}
}

// A wireSite is a site that listens, and what its policy and handler see.
type wireSite struct {
	policy         *cors.Policy
	anyOrigin      bool
	echoes         bool
	dial           func() net.Conn
	asked, handled atomic.Int64
	logged         *lockedBuffer
	checks         int
}

func serveWire(t *testing.T, a conformance.Adapter, p wirePolicy) *wireSite {
	s := &wireSite{anyOrigin: p.name == "any", echoes: p.name == "echo", logged: captureLog(t)}
	config := p.config
	if yes := config.AllowOriginFunc; yes != nil {
		config.AllowOriginFunc = func(ctx context.Context, origin string) (bool, error) {
			assert.Regexp(t, plainOrigin, origin, "the predicate is asked about %q", origin)
			return yes(ctx, origin)
		}
	}
	s.policy = cors.MustNew(config)
	dial, stop := serve(t, a.Mount(conformance.Site{Policy: s, Mount: conformance.Global, Routes: []conformance.Route{
		{Method: "GET", Path: "/items", Handler: func(func(string) string) conformance.Answer {
			s.handled.Add(1)
			return conformance.Answer{Status: http.StatusOK}
		}},
	}}))
	t.Cleanup(stop)
	s.dial = dial
	return s
}

// Decide is the decision of the site's policy.
func (s *wireSite) Decide(ctx context.Context, r cors.Request) cors.Decision {
	s.asked.Add(1)
	return s.policy.Decide(ctx, r)
}

// maxWireResponse bounds the responses of sites that do not echo, in bytes;
// those that do may add a method and a list of 4 KiB each.
const maxWireResponse, maxWireEcho = 1 << 10, 8 << 10

// refusals are the statuses of servers that cannot read a request, or do not
// want to. No handler answers with them.
var refusals = []int{http.StatusBadRequest, http.StatusRequestHeaderFieldsTooLarge, http.StatusNotImplemented}

// check writes the cases and a good request to a connection, and a good
// request to another, and checks all that comes back.
func (s *wireSite) check(t *testing.T, cases ...wireCase) {
	good := wireCase{name: "a good request afterwards", raw: wireRequest("GET", wireOrigin)}
	if cases[0].tooLarge {
		s.checkOne(t, cases)
	} else {
		s.checkOne(t, append(cases, good))
	}
	if s.checks++; s.checks%20 == 0 || len(cases) != 1 {
		good.name += ", on a new connection"
		s.checkOne(t, []wireCase{good})
	}
}

func (s *wireSite) checkOne(t *testing.T, cases []wireCase) {
	var sent []byte
	var names []string // of the case that a request belongs to
	for _, c := range cases {
		sent = append(sent, c.raw...)
		for i := range strings.Count(c.raw, " HTTP/1.1") {
			names = append(names, fmt.Sprintf("%s, request %d", c.name, i+1))
		}
	}
	s.asked.Store(0)
	s.handled.Store(0)
	received, err := exchange(s.dial(), sent)
	require.NoError(t, err, names[0])
	responses := parseWire(t, names, received)
	asked := int(s.asked.Load())
	if !assert.LessOrEqual(t, len(responses), len(names), "%s: there are more answers than requests", names[0]) {
		return
	}

	reference := bufio.NewReader(bytes.NewReader(sent))
	handled := 0
	for i, response := range responses {
		what := names[i]
		if i == asked || slices.Contains(refusals, response.StatusCode) { // the server's own answer, and its last
			want := answer{headers: map[string][]string{}, vary: []string{}}
			if i < asked { // fiber v3 runs the middleware, on a request without headers
				want = carried(s.policy.Decide(t.Context(), cors.Request{Method: "GET"}))
			}
			got := seen(response.Response)
			assert.Contains(t, refusals, got.status, "%s: the policy was not asked", what)
			if cases[0].tooLarge {
				assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, got.status, "%s: it is too large", what)
			}
			got.status = 0
			assert.Equal(t, want, got, "%s: the server refuses it", what)
			assert.Len(t, responses, i+1, "%s: the server goes on after an answer of its own", what)
			assert.True(t, cases[0].refusable, "%s: the server refuses it", what)
			break
		}
		// Servers may ignore empty lines before a request: RFC 9112, section 2.2.
		for next, _ := reference.Peek(1); len(next) == 1 && (next[0] == '\r' || next[0] == '\n'); next, _ = reference.Peek(1) {
			reference.Discard(1)
		}
		request, err := http.ReadRequest(reference)
		if !assert.NoError(t, err, "%s: there is an answer to what is no request", what) {
			break
		}
		d := s.policy.Decide(t.Context(), *corshttp.Describe(request, nil))
		s.checkResponse(t, what, request, d, response)
		if d.Status == 0 && request.Method == "GET" {
			handled++
		}
	}
	assert.EqualValues(t, handled, s.handled.Load(), "%s: the handler runs another number of times", names[0])
	assert.LessOrEqual(t, asked, len(responses), "%s: the policy was asked, and there is no answer", names[0])
	if cases[0].tooLarge {
		assert.Len(t, responses, 1, "%s: the server does not refuse it", names[0])
	}
	if !cases[0].refusable {
		assert.Equal(t, len(names), asked, "%s: the policy was asked about another number of requests", names[0])
	}
	if got := s.logged.take(); got != "" {
		assert.Fail(t, names[0]+": the server logs", got)
	}
}

// What may be granted anything, told without the parser of the core.
var (
	plainOrigin = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[1-9][0-9]{0,4})?$`)
	plainTokens = regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z` + "`" + `-]+(,[!#$%&'*+.^_|~0-9A-Za-z` + "`" + `-]+)*$`)
)

func (s *wireSite) checkResponse(t *testing.T, what string, r *http.Request, d cors.Decision, response wireResponse) {
	want, got := carried(d), seen(response.Response)
	if d.Status == 0 {
		if r.Method == "GET" {
			want.status = http.StatusOK
		} else {
			assert.Less(t, got.status, 500, what) // the framework answers
			got.status = 0
		}
	}
	if !assert.ObjectsAreEqual(want, got) { // which is cheaper
		assert.Equal(t, want, got, "%s: not what the core decides", what)
	}

	granted := response.Header.Get("Access-Control-Allow-Origin")
	origins := r.Header["Origin"]
	switch {
	case s.anyOrigin:
		if granted != "*" && granted != "" {
			assert.Fail(t, what+": grants "+granted+" by a policy for all origins")
		}
	case len(origins) != 1 || !plainOrigin.MatchString(origins[0]):
		if len(got.headers) != 0 {
			assert.Fail(t, fmt.Sprintf("%s: %v is granted to the origin %q", what, got.headers, origins))
		}
	case granted != "" && granted != origins[0]:
		assert.Fail(t, fmt.Sprintf("%s: the origin %q is granted, want %q", what, granted, origins[0]))
	}
	for _, name := range []string{"Access-Control-Allow-Methods", "Access-Control-Allow-Headers"} {
		value := response.Header.Get(name)
		if value != "" && !plainTokens.MatchString(value) {
			assert.Fail(t, fmt.Sprintf("%s: %s is %q, which is no list of names", what, name, value))
		}
		if len(r.Header["Access-Control-Request-Method"]) > 1 && got.headers["Access-Control-Allow-Methods"] != nil {
			assert.Fail(t, what+": methods are granted to a repeated request method")
		}
	}
	bound := maxWireResponse
	if s.echoes {
		bound += maxWireEcho
	}
	assert.LessOrEqual(t, response.size, bound, "%s: the response grows with the request", what)
}

// carried returns the answer that carries d, told without the code that
// adapters share.
func carried(d cors.Decision) answer {
	a := answer{status: d.Status, headers: map[string][]string{}, vary: []string{}}
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin":      d.AllowOrigin,
		"Access-Control-Allow-Credentials": d.AllowCredentials,
		"Access-Control-Allow-Methods":     d.AllowMethods,
		"Access-Control-Allow-Headers":     d.AllowHeaders,
		"Access-Control-Max-Age":           d.MaxAge,
		"Access-Control-Expose-Headers":    d.ExposeHeaders,
	} {
		if value != "" {
			a.headers[name] = []string{value}
		}
	}
	if d.Vary != "" {
		a.vary = strings.Split(strings.ToLower(d.Vary), ", ")
		slices.Sort(a.vary)
	}
	return a
}

// exchange writes sent to a connection, and reads what comes back until the
// server closes it, which is when it has seen the end of what was sent.
func exchange(conn net.Conn, sent []byte) (received []byte, err error) {
	defer conn.Close()
	written := make(chan struct{})
	go func() {
		defer close(written)
		conn.Write(sent) // may fail where the server does not read on
		conn.(*net.TCPConn).CloseWrite()
	}()
	received, err = io.ReadAll(conn)
	conn.Close()
	<-written
	return received, err
}

// A wireResponse is a response with the number of its bytes.
type wireResponse struct {
	*http.Response
	size int
}

var (
	statusLine = regexp.MustCompile(`^HTTP/1\.1 [1-5][0-9][0-9] [ -~]+$`)
	fieldLine  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ -~]*$")
)

// parseWire parses what a server has sent, which must be responses as RFC 9112
// has them, with no byte beyond printable ASCII and one value for each CORS
// header.
func parseWire(t *testing.T, names []string, received []byte) (all []wireResponse) {
	for len(received) > 0 {
		what := names[min(len(all), len(names)-1)]
		head, _, complete := bytes.Cut(received, []byte("\r\n\r\n"))
		if !complete {
			assert.Fail(t, fmt.Sprintf("%s: the server sends %q, which is no response", what, received))
			return all
		}
		counts := map[string]int{}
		for i, line := range strings.Split(string(head), "\r\n") {
			for _, b := range []byte(line) {
				if b < ' ' || b >= 0x7f {
					assert.Fail(t, fmt.Sprintf("%s: the response reflects byte 0x%02x in %q", what, b, line))
				}
			}
			switch {
			case i == 0 && !statusLine.MatchString(line), i > 0 && !fieldLine.MatchString(line):
				assert.Fail(t, fmt.Sprintf("%s: the response has the line %q, which is not HTTP", what, line))
			case i > 0:
				name, value, _ := strings.Cut(line, ":")
				name = http.CanonicalHeaderKey(name)
				if counts[name]++; conformance.IsCORSHeader(name) && (counts[name] > 1 || strings.TrimSpace(value) == "") {
					assert.Fail(t, fmt.Sprintf("%s: the response has %d lines of %s, the last %q", what, counts[name], name, value))
				}
			}
		}
		in := bytes.NewReader(received)
		buffered := bufio.NewReader(in)
		response, err := http.ReadResponse(buffered, nil)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
		}
		if err != nil {
			assert.Fail(t, fmt.Sprintf("%s: the server sends %q: %v", what, received, err))
			return all
		}
		rest := in.Len() + buffered.Buffered()
		all = append(all, wireResponse{response, len(received) - rest})
		received = received[len(received)-rest:]
	}
	return all
}

// captureLog captures what servers on net/http log: panics, and misuse of
// their ResponseWriter.
func captureLog(t *testing.T) *lockedBuffer {
	b := new(lockedBuffer)
	old := log.Writer()
	log.SetOutput(b)
	t.Cleanup(func() { log.SetOutput(old) })
	return b
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// take returns what was written since it was last called.
func (b *lockedBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.b.Reset()
	return b.b.String()
}

// TestAlternatingOrigins sends hundreds of requests on one connection, of
// which no two in a row are from one origin and all are of one length, one
// after another and all at once. Each is judged by itself.
func TestAlternatingOrigins(t *testing.T) {
	const n = 300
	var requests []string
	for i := range n {
		origin := wireApp
		switch i % 4 {
		case 1, 3:
			origin = wireEvil
		case 2:
			origin = fmt.Sprintf("https://%03d.example.com", i)
		}
		lines := "Origin: " + origin + "\r\n"
		switch i % 6 {
		case 0, 1:
			requests = append(requests, wireRequest("GET", lines))
		case 2, 3:
			requests = append(requests, wireRequest("OPTIONS", lines+wireMethod+wireHeaders))
		default:
			requests = append(requests, wireRequest("OPTIONS", lines+fmt.Sprintf(
				"Access-Control-Request-Method: M%02d\r\nAccess-Control-Request-Headers: x-%03d\r\n", i%100, i)))
		}
	}
	for _, p := range wirePolicies() {
		for _, a := range All {
			t.Run(p.name+"/"+a.Name, func(t *testing.T) {
				s := serveWire(t, a, p)
				conn := s.dial()
				var received []byte
				in := bufio.NewReader(conn)
				for i, r := range requests {
					_, err := conn.Write([]byte(r))
					require.NoError(t, err)
					head, err := readHead(in)
					require.NoError(t, err, "there is no answer to request %d", i)
					received = append(received, head...)
				}
				conn.Close()
				s.checkAll(t, "one after another", requests, received)

				received, err := exchange(s.dial(), []byte(strings.Join(requests, "")))
				require.NoError(t, err)
				s.checkAll(t, "all at once", requests, received)
			})
		}
	}
}

// readHead reads a response that has no body.
func readHead(in *bufio.Reader) (head []byte, err error) {
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		head = append(head, line...)
	}
	return head, nil
}

func (s *wireSite) checkAll(t *testing.T, how string, requests []string, received []byte) {
	names := make([]string, len(requests))
	for i := range names {
		names[i] = fmt.Sprintf("%s, request %d", how, i)
	}
	responses := parseWire(t, names, received)
	require.Len(t, responses, len(requests), how)
	for i, raw := range requests {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		require.NoError(t, err)
		d := s.policy.Decide(t.Context(), *corshttp.Describe(r, nil))
		s.checkResponse(t, names[i], r, d, responses[i])
	}
}

// An engine is an application without its server.
type engine struct {
	http http.Handler
	fast fasthttp.RequestHandler // if http is nil
}

// handler returns the handler of the application's server.
func (a fiberApp) handler() fasthttp.RequestHandler   { return a.app.Handler() }
func (a fiberV3App) handler() fasthttp.RequestHandler { return a.app.Handler() }

// engineOf mounts a site and returns what its server calls.
func engineOf(t *testing.T, a conformance.Adapter, s conformance.Site) engine {
	// A request tells which server has it, and that has the handler.
	servers := make(chan *http.Server, 1)
	policy := s.Policy
	s.Policy = deciderFunc(func(ctx context.Context, r cors.Request) cors.Decision {
		if server, ok := ctx.Value(http.ServerContextKey).(*http.Server); ok {
			select {
			case servers <- server:
			default:
			}
		}
		return policy.Decide(ctx, r)
	})
	app := a.Mount(s)
	if app, ok := app.(interface {
		handler() fasthttp.RequestHandler
	}); ok {
		return engine{fast: app.handler()}
	}
	dial, stop := serve(t, app)
	_, err := exchange(dial(), []byte(wireRequest("GET", wireOrigin)))
	stop()
	require.NoError(t, err)
	require.Len(t, servers, 1, "%s is not on net/http: give its App a method handler, as fiberApp has", a.Name)
	return engine{http: (<-servers).Handler}
}

type deciderFunc func(context.Context, cors.Request) cors.Decision

func (f deciderFunc) Decide(ctx context.Context, r cors.Request) cors.Decision { return f(ctx, r) }

// prepare returns a function that answers a request over and over, and returns
// the status.
func (e engine) prepare(method string, fields [][2]string) (call func() (status int)) {
	call, _ = e.prepareExchange(method, fields)
	return call
}

// prepareExchange is prepare with a function that returns the header of the last
// answer.
func (e engine) prepareExchange(method string, fields [][2]string) (call func() (status int), header func() http.Header) {
	r := conformance.Request{Method: method, Path: "/items"}.HTTP()
	if e.http != nil {
		for _, f := range fields {
			r.Header.Add(f[0], f[1])
		}
		w := &discard{header: http.Header{}}
		call = func() int {
			clear(w.header)
			w.status = http.StatusOK
			e.http.ServeHTTP(w, r)
			return w.status
		}
		return call, func() http.Header { return w.header }
	}
	c := new(fasthttp.RequestCtx)
	c.Request.Header.SetMethod(method)
	c.Request.Header.SetHost(r.Host)
	c.Request.SetRequestURI("/items")
	for _, f := range fields {
		c.Request.Header.Add(f[0], f[1])
	}
	call = func() int {
		c.Response.Reset()
		c.ResetUserValues() // as the server does: middleware leaves some
		e.fast(c)
		return c.Response.StatusCode()
	}
	return call, func() http.Header {
		h := http.Header{}
		for name, value := range c.Response.Header.All() {
			h.Add(string(name), string(value))
		}
		return h
	}
}

// discard is a ResponseWriter that keeps nothing but header and status.
type discard struct {
	header http.Header
	status int
}

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) WriteHeader(status int)      { w.status = status }
func (w *discard) Write(p []byte) (int, error) { return len(p), nil }

// TestBoundedAllocation compares hostile requests with a normal one, without
// the server that has read them: neither the bytes nor the number of
// allocations grow with what is sent.
func TestBoundedAllocation(t *testing.T) {
	const (
		runs, size = 10, 256 << 10
		// What an answer may cost more than one to a browser: an echo of 4 KiB,
		// the views of up to 64 names, and noise, as pools drop what they hold.
		moreBytes, moreAllocations = 6 << 10, 6
	)
	hostile := map[string][][2]string{}
	for _, s := range wireShapes() {
		hostile[s.name] = s.fields(size)
	}
	for _, p := range wirePolicies() {
		for _, a := range All {
			t.Run(p.name+"/"+a.Name, func(t *testing.T) {
				e := engineOf(t, a, conformance.Site{Policy: cors.MustNew(p.config), Mount: conformance.Global, Routes: []conformance.Route{
					{Method: "GET", Path: "/items", Handler: func(func(string) string) conformance.Answer { return conformance.Answer{Status: 200} }},
				}})
				cost := func(fields [][2]string, method string) (bytes, allocations float64) {
					call := e.prepare(method, fields)
					call()
					for try := range 3 { // of which the least counts: the runtime and idle servers allocate too
						var before, after runtime.MemStats
						runtime.ReadMemStats(&before)
						n := testing.AllocsPerRun(runs, func() { call() })
						runtime.ReadMemStats(&after)
						if b := float64(after.TotalAlloc-before.TotalAlloc) / (runs + 1); try == 0 || b < bytes {
							bytes, allocations = b, n
						}
					}
					return bytes, allocations
				}
				normal := [][2]string{
					{"Origin", wireApp},
					{"Access-Control-Request-Method", "PUT"},
					{"Access-Control-Request-Headers", "x-key"},
				}
				require.Equal(t, http.StatusNoContent, e.prepare("OPTIONS", normal)(), "%s: a normal CORS-preflight request", a.Name)
				for _, method := range []string{"OPTIONS", "GET"} {
					wantBytes, wantAllocations := cost(normal, method)
					// What is no CORS-preflight request is answered by the framework.
					b, n := cost(nil, method)
					wantBytes, wantAllocations = max(wantBytes, b), max(wantAllocations, n)
					for name, fields := range hostile {
						bytes, allocations := cost(fields, method)
						what := fmt.Sprintf("%s with %s, 256 KiB: %.0f bytes in %.0f allocations; a normal one %.0f in %.0f",
							method, name, bytes, allocations, wantBytes, wantAllocations)
						assert.LessOrEqual(t, bytes, wantBytes+moreBytes, what)
						assert.LessOrEqual(t, allocations, wantAllocations+moreAllocations, what)
					}
				}
			})
		}
	}
}
