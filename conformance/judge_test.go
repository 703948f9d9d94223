package conformance

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestJudge(t *testing.T) {
	yes, no := true, false
	c := Case{Response: Response{
		Status:  []int{200},
		Handler: &yes,
		Headers: map[string]string{"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Expose-Headers": "A,B"},
		Vary:    []string{"Origin", "Accept-Encoding"},
	}}
	answered := Case{Response: Response{Status: []int{403}, Handler: &no, Vary: []string{"Origin"}}}
	either := Case{Response: Response{Status: []int{404, 405}}}
	right := func() *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{
			"X-Handler":                     {"1"},
			"Access-Control-Allow-Origin":   {"https://a.example"},
			"Access-Control-Expose-Headers": {"A,B"},
			"Vary":                          {"Origin", "Accept-Encoding"},
		}}
	}
	tests := []struct {
		name   string
		c      Case
		change func(*http.Response)
		want   []string
	}{
		{"right", c, func(r *http.Response) {}, nil},
		{"blanks in a list", c, func(r *http.Response) { r.Header.Set("Access-Control-Expose-Headers", " A, B,") }, nil},
		{"Vary on one line, in other case and order", c, func(r *http.Response) { r.Header.Set("Vary", "accept-encoding , ORIGIN") }, nil},
		{"a body of the handler", c, func(r *http.Response) { r.Body = io.NopCloser(strings.NewReader("x")) }, nil},
		{"status", c, func(r *http.Response) { r.StatusCode = 500 }, []string{"The status is 500, want 200."}},
		{"one of two statuses", either, func(r *http.Response) { *r = http.Response{StatusCode: 405} }, nil},
		{"none of two statuses", either, func(r *http.Response) { *r = http.Response{StatusCode: 200} }, []string{"The status is 200, want 404 or 405."}},
		{"no handler", c, func(r *http.Response) { r.Header.Del("X-Handler") }, []string{"The handler did not answer: X-Handler is absent."}},
		{"absent header", c, func(r *http.Response) { r.Header.Del("Access-Control-Allow-Origin") },
			[]string{`Access-Control-Allow-Origin is absent, want "https://a.example".`}},
		{"other value", c, func(r *http.Response) { r.Header.Set("Access-Control-Allow-Origin", "https://A.example") },
			[]string{`Access-Control-Allow-Origin is "https://A.example", want "https://a.example".`}},
		{"two lines", c, func(r *http.Response) { r.Header.Add("Access-Control-Expose-Headers", "A,B") },
			[]string{`Access-Control-Expose-Headers is there 2 times, as "A,B", "A,B", want "A,B" once.`}},
		{"other order of a list", c, func(r *http.Response) { r.Header.Set("Access-Control-Expose-Headers", "B,A") },
			[]string{`Access-Control-Expose-Headers is "B,A", want "A,B".`}},
		{"other header", c, func(r *http.Response) { r.Header.Set("Access-Control-Allow-Private-Network", "true") },
			[]string{`Access-Control-Allow-Private-Network is "true", and must be absent.`}},
		{"empty header", c, func(r *http.Response) { r.Header.Set("Access-Control-Max-Age", "") },
			[]string{`Access-Control-Max-Age is "", and must be absent.`}},
		{"Vary lacks a member", c, func(r *http.Response) { r.Header.Set("Vary", "Accept-Encoding") }, []string{`Vary lacks Origin: it is "Accept-Encoding".`}},
		{"Vary has another member", c, func(r *http.Response) { r.Header.Add("Vary", "Cookie") },
			[]string{`Vary names Cookie, and must not: it is "Origin", "Accept-Encoding", "Cookie".`}},
		{"Vary has a member twice", c, func(r *http.Response) { r.Header.Add("Vary", "origin") },
			[]string{`Vary names origin more than once: it is "Origin", "Accept-Encoding", "origin".`}},
		{"handler where the adapter answers", answered, func(r *http.Response) {
			*r = http.Response{StatusCode: 403, Header: http.Header{"X-Handler": {"1"}, "Vary": {"Origin"}}, Body: io.NopCloser(strings.NewReader("no"))}
		}, []string{"The handler answered, where the adapter has to answer by itself.", `The body is "no", want none.`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := right()
			test.change(r)
			if r.Body == nil {
				r.Body = http.NoBody
			}
			assert.Equal(t, test.want, Judge(test.c, r))
		})
	}
}
