package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A web is what all servers answer, by method and URL.
type web map[string]answer

type answer struct {
	status int
	header http.Header
}

func (w web) send(r *http.Request) (*http.Response, error) {
	a, ok := w[r.Method+" "+r.URL.String()]
	if !ok {
		return nil, errors.New("no such server")
	}
	recorder := httptest.NewRecorder()
	for name, values := range a.header {
		recorder.Header()[name] = values
	}
	recorder.WriteHeader(a.status)
	return recorder.Result(), nil
}

// sent writes down what was sent.
func sent(o Outcome) (lines []string) {
	for _, x := range o.Sent {
		line := x.Request.Method + " " + x.Request.URL.String()
		for _, name := range []string{"Origin", "Cookie", "Authorization", "Range", "Access-Control-Request-Method", "Access-Control-Request-Headers"} {
			if value, ok := get(x.Request.Header, name); ok {
				line += " " + name + "=" + value
			}
		}
		lines = append(lines, line)
	}
	return lines
}

const (
	api     = "https://api.example.com"
	other   = "https://other.example"
	acam    = "Access-Control-Allow-Methods: "
	acah    = "Access-Control-Allow-Headers: "
	isPUT   = " Access-Control-Request-Method=PUT"
	asksPUT = "OPTIONS https://api.example.com/ Origin=https://app.example.com" + isPUT
)

func TestFetch(t *testing.T) {
	ok := answer{200, headers(own, "X-Total: 1", "Set-Cookie: a=b", "Cache-Control: no-store")}
	secret := answer{200, headers("X-Total: 1", "Set-Cookie: a=b")}
	credentialed := answer{200, headers(own, yes)}
	to := func(status int, location string, lines ...string) answer {
		return answer{status, headers(append(lines, "Location: "+location)...)}
	}
	null := "Access-Control-Allow-Origin: null"
	for _, c := range []struct {
		name    string
		request Request
		web     web
		result  Result
		reason  Reason
		at      string // where, if not at the request's URL
		status  int
		header  string
		sent    []string
	}{
		// Modes.
		{"cors", Request{URL: api + "/"}, web{"GET " + api + "/": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"cors, refused", Request{URL: api + "/"}, web{"GET " + api + "/": secret}, Blocked, MissingAllowOrigin, "", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"same origin", Request{URL: page + "/#a"}, web{"GET " + page + "/": secret}, Readable, None, "", 200, "X-Total",
			[]string{"GET https://app.example.com/"}},
		{"same origin, default port and upper case", Request{URL: "https://APP.example.com:443/"}, web{"GET https://APP.example.com:443/": secret}, Readable, None, "", 200, "X-Total",
			[]string{"GET https://APP.example.com:443/"}},
		{"another port", Request{URL: page + ":444/"}, web{"GET " + page + ":444/": secret}, Blocked, MissingAllowOrigin, "", 0, "",
			[]string{"GET https://app.example.com:444/ Origin=https://app.example.com"}},
		{"same origin, PUT", Request{URL: page + "/", Method: "PUT", Header: headers("X-A: 1")}, web{"PUT " + page + "/": secret}, Readable, None, "", 200, "X-Total",
			[]string{"PUT https://app.example.com/ Origin=https://app.example.com"}},
		{"an opaque origin has no URLs", Request{Origin: "null", URL: api + "/"}, web{"GET " + api + "/": {200, headers(null)}}, Readable, None, "", 200, "",
			[]string{"GET https://api.example.com/ Origin=null"}},
		{"no-cors", Request{URL: api + "/", Mode: ModeNoCORS}, web{"GET " + api + "/": ok}, Opaque, None, "", 0, "",
			[]string{"GET https://api.example.com/"}},
		{"no-cors, POST", Request{URL: api + "/", Method: "post", Mode: ModeNoCORS, Credentials: Include, Cookie: "a=b", Header: headers("Authorization: x", "Range: bytes=0-", "Content-Type: text/plain")},
			web{"POST " + api + "/": secret}, Opaque, None, "", 0, "",
			[]string{"POST https://api.example.com/ Origin=https://app.example.com Cookie=a=b"}},
		{"no-cors, to plain http", Request{URL: "http://api.example.com/", Method: "POST", Mode: ModeNoCORS}, web{"POST http://api.example.com/": secret}, Opaque, None, "", 0, "",
			[]string{"POST http://api.example.com/ Origin=null"}},
		{"no-cors, same origin", Request{URL: page + "/", Mode: ModeNoCORS}, web{"GET " + page + "/": secret}, Readable, None, "", 200, "X-Total", []string{"GET https://app.example.com/"}},
		{"no-cors, PUT", Request{URL: api + "/", Method: "PUT", Mode: ModeNoCORS}, nil, Blocked, InvalidRequest, "", 0, "", nil},
		{"same-origin", Request{URL: api + "/", Mode: ModeSameOrigin}, nil, Blocked, DisallowedByMode, "", 0, "", nil},
		{"same-origin, same origin", Request{URL: page + "/", Mode: ModeSameOrigin}, web{"GET " + page + "/": secret}, Readable, None, "", 200, "X-Total", []string{"GET https://app.example.com/"}},

		// Credentials modes.
		{"include", Request{URL: api + "/", Credentials: Include, Cookie: "a=b"}, web{"GET " + api + "/": credentialed}, Readable, None, "", 200, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com Cookie=a=b"}},
		{"include, not allowed", Request{URL: api + "/", Credentials: Include}, web{"GET " + api + "/": ok}, Blocked, InvalidAllowCredentials, "", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"same-origin credentials elsewhere", Request{URL: api + "/", Cookie: "a=b"}, web{"GET " + api + "/": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"same-origin credentials at home", Request{URL: page + "/", Cookie: "a=b"}, web{"GET " + page + "/": secret}, Readable, None, "", 200, "X-Total",
			[]string{"GET https://app.example.com/ Cookie=a=b"}},
		{"omit at home", Request{URL: page + "/", Cookie: "a=b", Credentials: Omit}, web{"GET " + page + "/": secret}, Readable, None, "", 200, "X-Total",
			[]string{"GET https://app.example.com/"}},

		// Preflights.
		{"preflight", Request{URL: api + "/", Method: "put", Cookie: "a=b", Credentials: Include, Header: headers("X-B: 1", "Content-Type: application/json", "Cookie: x", "Accept: */*")},
			web{"OPTIONS " + api + "/": {204, headers(own, yes, acam+"PUT", acah+"X-B,Content-Type")}, "PUT " + api + "/": credentialed}, Readable, None, "", 200, "",
			[]string{asksPUT + " Access-Control-Request-Headers=content-type,x-b", "PUT https://api.example.com/ Origin=https://app.example.com Cookie=a=b"}},
		{"preflight, refused", Request{URL: api + "/", Method: "PUT"}, web{"OPTIONS " + api + "/": {204, headers(own)}, "PUT " + api + "/": ok},
			Blocked, MethodNotAllowed, "", 0, "", []string{asksPUT}},
		{"preflight, but no response", Request{URL: api + "/", Method: "PUT"}, web{"PUT " + api + "/": ok}, Blocked, NoResponse, "", 0, "", []string{asksPUT}},
		{"preflight passed, response refused", Request{URL: api + "/", Method: "PUT"}, web{"OPTIONS " + api + "/": {204, headers(own, acam+"PUT")}, "PUT " + api + "/": {500, nil}},
			Blocked, MissingAllowOrigin, "", 0, "", []string{asksPUT, "PUT https://api.example.com/ Origin=https://app.example.com"}},
		{"an error page that can be read", Request{URL: api + "/"}, web{"GET " + api + "/": {500, headers(anyone)}}, Readable, None, "", 500, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"use-CORS-preflight flag", Request{URL: api + "/", Method: "POST", UseCORSPreflight: true}, web{"OPTIONS " + api + "/": {204, headers(own)}, "POST " + api + "/": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"OPTIONS https://api.example.com/ Origin=https://app.example.com Access-Control-Request-Method=POST", "POST https://api.example.com/ Origin=https://app.example.com"}},
		{"use-CORS-preflight flag at home", Request{URL: page + "/", Method: "POST", UseCORSPreflight: true}, web{"POST " + page + "/": secret}, Readable, None, "", 200, "X-Total",
			[]string{"POST https://app.example.com/ Origin=https://app.example.com"}},
		{"a preflight is not redirected", Request{URL: api + "/", Method: "PUT"}, web{"OPTIONS " + api + "/": to(307, "/b", own, acam+"PUT")}, Blocked, PreflightRedirect, "", 0, "", []string{asksPUT}},

		// What cannot be sent.
		{"forbidden method", Request{URL: api + "/", Method: "trace"}, nil, Blocked, InvalidRequest, "", 0, "", nil},
		{"no method", Request{URL: api + "/", Method: "G T"}, nil, Blocked, InvalidRequest, "", 0, "", nil},
		{"no header name", Request{URL: api + "/", Header: http.Header{"A B": {"1"}}}, nil, Blocked, InvalidRequest, "", 0, "", nil},
		{"no header value", Request{URL: api + "/", Header: http.Header{"A": {"1\n2"}}}, nil, Blocked, InvalidRequest, "", 0, "", nil},
		{"a password", Request{URL: "https://a:b@api.example.com/"}, nil, Blocked, InvalidRequest, "", 0, "", nil},
		{"no URL", Request{URL: "/"}, nil, Blocked, InvalidRequest, "", 0, "", nil},
		{"another scheme", Request{URL: "foo://bar/"}, nil, Blocked, UnsupportedScheme, "", 0, "", nil},
		{"another scheme at home", Request{Origin: "foo://bar", URL: "foo://bar/"}, nil, Blocked, UnsupportedScheme, "", 0, "", nil},
		{"no server", Request{URL: api + "/"}, nil, Blocked, NoResponse, "", 0, "", []string{"GET https://api.example.com/ Origin=https://app.example.com"}},

		// Redirects.
		{"every hop needs headers", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, "/b"), "GET " + api + "/b": ok}, Blocked, MissingAllowOrigin, "", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"to the same origin", Request{URL: api + "/", Header: headers("Accept: a")}, web{"GET " + api + "/": to(302, "/b", own), "GET " + api + "/b": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com", "GET https://api.example.com/b Origin=https://app.example.com"}},
		{"without a location", Request{URL: api + "/"}, web{"GET " + api + "/": {302, headers(own)}}, Readable, None, "", 302, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"to another origin", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, other+"/", own), "GET " + other + "/": ok}, Blocked, AllowOriginMismatch, other + "/", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com", "GET https://other.example/ Origin=null"}},
		{"to another origin that takes null", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, other+"/", own), "GET " + other + "/": {200, headers(null)}}, Readable, None, "", 200, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com", "GET https://other.example/ Origin=null"}},
		{"back home", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, page+"/", own), "GET " + page + "/": secret}, Blocked, MissingAllowOrigin, page + "/", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com", "GET https://app.example.com/ Origin=null"}},
		{"from home", Request{URL: page + "/", Cookie: "a=b"}, web{"GET " + page + "/": to(302, api+"/"), "GET " + api + "/": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"GET https://app.example.com/ Cookie=a=b", "GET https://api.example.com/ Origin=https://app.example.com"}},
		{"from home, without cookies", Request{URL: page + "/", Cookie: "a=b", Credentials: Include}, web{"GET " + page + "/": to(302, api+"/"), "GET " + api + "/": credentialed}, Readable, None, "", 200, "",
			[]string{"GET https://app.example.com/ Cookie=a=b", "GET https://api.example.com/ Origin=https://app.example.com"}},
		{"a range", Request{URL: api + "/", Header: headers("Range: bytes=0-")}, web{"GET " + api + "/": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com Range=bytes=0-"}},
		{"same-origin, redirected elsewhere", Request{URL: page + "/", Mode: ModeSameOrigin}, web{"GET " + page + "/": to(302, api+"/")}, Blocked, DisallowedByMode, api + "/", 0, "",
			[]string{"GET https://app.example.com/"}},
		{"no-cors, redirected", Request{URL: api + "/", Mode: ModeNoCORS}, web{"GET " + api + "/": to(302, page+"/"), "GET " + page + "/": secret}, Opaque, None, "", 0, "",
			[]string{"GET https://api.example.com/", "GET https://app.example.com/"}},
		{"307 asks again, without Authorization", Request{URL: api + "/", Method: "PUT", Header: headers("Authorization: x")}, web{
			"OPTIONS " + api + "/": {204, headers(own, acam+"PUT", acah+"Authorization")}, "PUT " + api + "/": to(307, other+"/", own),
			"OPTIONS " + other + "/": {204, headers(anyone, acam+"PUT")}, "PUT " + other + "/": {200, headers(anyone)}}, Readable, None, "", 200, "",
			[]string{asksPUT + " Access-Control-Request-Headers=authorization", "PUT https://api.example.com/ Origin=https://app.example.com Authorization=x",
				"OPTIONS https://other.example/ Origin=null" + isPUT, "PUT https://other.example/ Origin=null"}},
		{"303 makes it a GET", Request{URL: page + "/", Method: "PUT", Header: headers("Content-Type: application/json")}, web{"PUT " + page + "/": to(303, api+"/"), "GET " + api + "/": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"PUT https://app.example.com/ Origin=https://app.example.com", "GET https://api.example.com/ Origin=https://app.example.com"}},
		{"302 makes a POST a GET", Request{URL: api + "/", Method: "POST"}, web{"POST " + api + "/": to(302, "b", own), "GET " + api + "/b": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"POST https://api.example.com/ Origin=https://app.example.com", "GET https://api.example.com/b Origin=https://app.example.com"}},
		{"308 leaves a POST alone", Request{URL: api + "/", Method: "POST"}, web{"POST " + api + "/": to(308, "b", own), "POST " + api + "/b": ok}, Readable, None, "", 200, "Cache-Control",
			[]string{"POST https://api.example.com/ Origin=https://app.example.com", "POST https://api.example.com/b Origin=https://app.example.com"}},
		{"to a password", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, "https://a:b@api.example.com/", own)}, Blocked, RedirectCredentials, "", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"to a password, back home", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, "https://a:b@app.example.com/", own)}, Blocked, RedirectCredentials, "", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"to a password, at home", Request{URL: page + "/"}, web{"GET " + page + "/": to(302, "https://a:b@app.example.com/"), "GET https://a:b@app.example.com/": secret}, Readable, None, "", 200, "X-Total",
			[]string{"GET https://app.example.com/", "GET https://a:b@app.example.com/"}},
		{"to another scheme", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, "data:,", own)}, Blocked, InvalidRedirect, "", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"to nowhere", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, "https://[", own)}, Blocked, InvalidRedirect, "", 0, "",
			[]string{"GET https://api.example.com/ Origin=https://app.example.com"}},
		{"for ever", Request{URL: api + "/"}, web{"GET " + api + "/": to(302, "/", own)}, Blocked, InvalidRedirect, "", 0, "",
			strings.Split(strings.Repeat(",GET https://api.example.com/ Origin=https://app.example.com", 21)[1:], ",")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.request.Origin == "" {
				c.request.Origin = page
			}
			before := c.request.Header.Clone()
			o := Fetch(t.Context(), c.request, c.web.send, new(Cache))
			assert.Equal(t, c.result, o.Result, "%s", o.Failure.Reason)
			assert.Equal(t, c.reason.String(), o.Failure.Reason.String())
			assert.Equal(t, c.at, o.Failure.URL, "where it fails")
			assert.Equal(t, c.status, o.Status)
			for _, name := range strings.Fields(c.header) {
				assert.Contains(t, o.Header, name)
			}
			assert.NotContains(t, o.Header, "Set-Cookie", "a script reads a cookie")
			assert.Equal(t, c.result == Readable, o.Header != nil)
			assert.Equal(t, c.sent, sent(o))
			assert.Equal(t, c.reason == NoResponse, o.Err != nil)
			assert.Equal(t, before, c.request.Header, "Fetch changes the header of the request")

			preflights := 0
			for _, x := range o.Sent {
				assert.Len(t, x.Request.Header["Accept"], 1, "there is always an Accept header")
				if x.Request.Method == "OPTIONS" {
					preflights++
					assert.Empty(t, x.Request.Header["Cookie"], "a preflight has a cookie")
				}
			}
			assert.Equal(t, preflights, o.Preflights())
			if p, ok := Preflight(c.request); ok {
				assert.Equal(t, p.Header, o.Sent[0].Request.Header, "Preflight and Fetch differ")
			} else if c.request.URL == api+"/" {
				assert.False(t, preflights > 0, "Preflight knows of none, and Fetch sends one")
			}
		})
	}
}

// The header of a response that is hidden from the script is in Sent alone.
func TestSentHasAllHeaders(t *testing.T) {
	o := Fetch(t.Context(), Request{Origin: page, URL: api + "/"}, web{"GET " + api + "/": {200, headers("X-Total: 1")}}.send, nil)
	assert.Equal(t, Blocked, o.Result)
	assert.Equal(t, "1", o.Sent[0].Header.Get("X-Total"))
	assert.Equal(t, 200, o.Sent[0].Status)
	assert.Empty(t, o.Header)
}

func TestContext(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "here")
	Fetch(ctx, Request{Origin: page, URL: api, Method: "PUT"}, func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, "here", r.Context().Value(key{}), r.Method)
		return web{"OPTIONS " + api: {204, headers(anyone, acam+"*")}}.send(r)
	}, nil)
}

func TestResultNames(t *testing.T) {
	assert.Equal(t, "blocked opaque readable unknown", fmt.Sprint(Blocked, Opaque, Readable, Readable+1))
}

// TestCache makes fetches one after another, and says which needs a preflight.
func TestCache(t *testing.T) {
	at := func(r Request, change func(*Request)) Request { change(&r); return r }
	put := Request{Origin: page, URL: api + "/", Method: "PUT", Header: headers("X-A: 1")}
	elsewhere := at(put, func(r *Request) { r.URL = api + "/?b" })
	stranger := at(put, func(r *Request) { r.Origin = other })
	credentialed := at(put, func(r *Request) { r.Credentials = Include })
	omit := at(put, func(r *Request) { r.Credentials = Omit })
	remove := at(put, func(r *Request) { r.Method = "DELETE" })
	more := at(put, func(r *Request) { r.Header = headers("X-A: 1", "X-B: 1") })
	authorized := at(put, func(r *Request) { r.Header = headers("Authorization: 1") })
	post := at(put, func(r *Request) { r.Method, r.Header = "POST", nil })
	flagged := at(post, func(r *Request) { r.UseCORSPreflight = true })
	type step struct {
		after     time.Duration
		request   Request
		preflight bool
	}
	for _, c := range []struct {
		name  string
		lines []string // of the responses to preflights
		limit time.Duration
		steps []step
	}{
		{"five seconds by default", []string{acam + "PUT", acah + "X-A"}, 0, []step{
			{0, put, true}, {0, put, false}, {5*time.Second - 1, put, false}, {1, put, true}, {0, put, false}}},
		{"max-age", []string{acam + "PUT", acah + "X-A", "Access-Control-Max-Age: 60"}, 0, []step{
			{0, put, true}, {time.Minute - 1, put, false}, {1, put, true}}},
		{"max-age 0", []string{acam + "PUT", acah + "X-A", "Access-Control-Max-Age: 0"}, 0, []step{{0, put, true}, {0, put, true}}},
		{"max-age that is no number", []string{acam + "PUT", acah + "X-A", "Access-Control-Max-Age: -1"}, 0, []step{
			{0, put, true}, {5*time.Second - 1, put, false}, {1, put, true}}},
		{"max-age twice", []string{acam + "PUT", acah + "X-A", "Access-Control-Max-Age: 60", "Access-Control-Max-Age: 60"}, 0, []step{
			{0, put, true}, {5*time.Second - 1, put, false}, {1, put, true}}},
		{"max-age beyond all measure", []string{acam + "PUT", acah + "X-A", "Access-Control-Max-Age: 99999999999999999999999"}, 0, []step{
			{0, put, true}, {(1<<31 - 1) * time.Second, put, false}, {time.Second, put, true}}},
		{"the imposed limit", []string{acam + "PUT", acah + "X-A", "Access-Control-Max-Age: 86400"}, 2 * time.Hour, []step{
			{0, put, true}, {2*time.Hour - 1, put, false}, {1, put, true}}},
		{"the full lists serve other requests", []string{acam + "PUT,DELETE", acah + "x-b,x-a"}, 0, []step{
			{0, put, true}, {0, remove, false}, {0, more, false}, {0, omit, false}, {0, post, false}}},
		{"what is asked for does not", []string{acam + "PUT", acah + "X-A"}, 0, []step{{0, put, true}, {0, remove, true}, {0, more, true}}},
		{"the key", []string{acam + "PUT", acah + "X-A"}, 0, []step{
			{0, put, true}, {0, elsewhere, true}, {0, stranger, true}, {0, credentialed, true}, {0, put, false}, {0, elsewhere, false}}},
		{"credentials serve requests without", []string{acam + "PUT", acah + "X-A"}, 0, []step{{0, credentialed, true}, {0, put, false}, {0, credentialed, false}}},
		{"wildcards", []string{acam + "*", acah + "*"}, 0, []step{{0, put, true}, {0, remove, false}, {0, more, false}, {0, authorized, true}}},
		{"wildcards beside names are names with credentials", []string{acam + "PUT,*", acah + "X-A,*"}, 0, []step{
			{0, credentialed, true}, {0, at(credentialed, func(r *Request) { r.Method = "DELETE" }), true},
			{0, credentialed, true}, {0, at(credentialed, func(r *Request) { r.Header = more.Header }), true}}},
		{"the use-CORS-preflight flag", nil, 0, []step{{0, flagged, true}, {0, flagged, false}, {0, post, false}}},
		{"the use-CORS-preflight flag, with a list", []string{acam + "PUT"}, 0, []step{{0, flagged, true}, {0, flagged, true}}},
		{"renewal", []string{acam + "PUT", acah + "X-A"}, 0, []step{
			{0, put, true}, {4 * time.Second, flagged, true}, {4 * time.Second, put, false}, {time.Second, put, true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
			cache := &Cache{Now: func() time.Time { return now }, Limit: c.limit}
			for i, s := range c.steps {
				now = now.Add(s.after)
				o := Fetch(t.Context(), s.request, func(r *http.Request) (*http.Response, error) {
					w := httptest.NewRecorder()
					for name, values := range headers(append(c.lines, yes, "Access-Control-Allow-Origin: "+s.request.Origin)...) {
						w.Header()[name] = values
					}
					return w.Result(), nil
				}, cache)
				assert.Equal(t, s.preflight, o.Preflights() == 1, "request %d sends a preflight", i+1)
			}
		})
	}
}

// TestCacheIsCleared checks the two ways, and what they spare.
func TestCacheIsCleared(t *testing.T) {
	cache := new(Cache)
	put := Request{Origin: page, URL: api + "/", Method: "PUT"}
	elsewhere := Request{Origin: page, URL: api + "/b", Method: "PUT"}
	allowed := answer{200, headers(own, acam+"PUT")}
	w := web{"OPTIONS " + api + "/": allowed, "PUT " + api + "/": allowed, "OPTIONS " + api + "/b": allowed, "PUT " + api + "/b": allowed}
	preflights := func(r Request, want int, why string) {
		t.Helper()
		assert.Equal(t, want, Fetch(t.Context(), r, w.send, cache).Preflights(), why)
	}
	preflights(put, 1, "the cache is empty")
	preflights(elsewhere, 1, "the cache has another URL")
	preflights(put, 0, "the cache has the URL")
	w["PUT "+api+"/"] = answer{200, nil}
	preflights(put, 0, "the preflight is cached, and the response is refused")
	preflights(put, 1, "a network error has cleared the cache")
	w["PUT "+api+"/"] = allowed
	preflights(elsewhere, 0, "a network error has cleared the entries of another URL")
	cache.Clear()
	preflights(elsewhere, 1, "Clear has left an entry")
	cache = nil
	preflights(elsewhere, 1, "a nil cache stores")
	preflights(elsewhere, 1, "a nil cache stores")
}
