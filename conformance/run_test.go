package conformance

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoResponse checks that a server that does not answer fails its case, and
// only that.
func TestNoResponse(t *testing.T) {
	panics := Adapter{Name: "panics", Mount: func(Site) App {
		return HTTP(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	}}
	c := Cases()[0]
	assert.Equal(t, []string{"There is no response: panic: net/http: abort Handler."}, Check(panics, c, InProcess))
	assert.Equal(t, []string{"There is no response: unexpected EOF."}, Check(panics, c, TCP))

	c.Before = []Request{{Method: "POST", Path: "/items"}}
	assert.Equal(t, []string{"There is no response: to POST /items, sent before: panic: net/http: abort Handler."}, Check(panics, c, InProcess))

	c.Policy, c.PolicyFile = "bad", []byte(`{"allowOrigins": ["x"]}`)
	problems := Check(panics, c, InProcess)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0], `There is no response: policy "bad": AllowOrigins: "x" has no scheme`)
}

// TestRequest checks that both transports send the same, and all of it.
func TestRequest(t *testing.T) {
	r := Request{Method: "PUT", Path: "/a?b", Headers: []Field{
		{"origin", " a\t", 2}, {"X-Empty", "", 1}, {"Host", "b.example:1", 1}, {"Origin", "c", 1},
	}}
	assert.Equal(t, "PUT /a?b HTTP/1.1\r\nHost: b.example:1\r\norigin:  a\t\r\norigin:  a\t\r\nX-Empty: \r\nOrigin: c\r\n\r\n", string(r.wire()))
	h := r.HTTP()
	assert.Equal(t, "PUT", h.Method)
	assert.Equal(t, "b.example:1", h.Host)
	assert.Equal(t, http.Header{"Origin": {"a", "a", "c"}, "X-Empty": {""}}, h.Header)
	assert.Equal(t, "GET / HTTP/1.1\r\nHost: api.example\r\n\r\n", string(Request{Method: "GET", Path: "/"}.wire()))
}

func TestReport(t *testing.T) {
	c := Case{
		Clause: "The clause.", Rule: 3, Policy: "p", PolicyFile: []byte("{\n  \"maxAge\": 1}"), Mount: Global,
		Predicate: &Predicate{Allow: []string{"*"}},
		Before:    []Request{{Method: "GET", Path: "/before"}},
		Request:   Request{Method: "GET", Path: "/", Headers: []Field{{"Origin", "a", 2}}},
	}
	x := &Exchange{Response: &http.Response{Status: "200 OK", Header: http.Header{"Vary": {"A", "B"}}}}
	assert.Equal(t, `
It is wrong.
  clause    The clause. (rule 3)
  policy    p: { "maxAge": 1}, mount global
  predicate says yes to ["*"], fails for []
  before    GET /before
  request   GET /
              Origin: a (2 lines)
  response  200 OK
              Vary: A
              Vary: B`, report(c, x, []string{"It is wrong."}))
}
