package tutorialtest

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/fetch"
)

// A verdict says how our answer compares with the original's.
type verdict string

const (
	same     verdict = "same"
	safer    verdict = "safer"    // who uses the site is kept from harm that the original lets happen
	stricter verdict = "stricter" // ours holds to the policy where the original does not, and nobody is harmed
	looser   verdict = "looser"   // ours lets through what the original refuses, and the reason says why that is right
)

// A row is something to ask of a server, and what comes of it.
type row struct {
	name           string
	ask            func(t *testing.T, url string) string
	original, ours string // answers
	verdict        verdict
	why            string // the reason of the difference, if there is one
}

// What can come of what a page does, for whatever reason.
const (
	unread = "it is carried out; the page cannot read the answer"
	unsent = "it is never sent"
)

func reads(status int) string {
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		// Routers differ in how they say that there is nothing.
		return "the page reads the answer, 404 or 405"
	}
	return fmt.Sprintf("the page reads the answer, %d", status)
}

// page has a page do something, in a browser that has a cookie for the server. What
// it asks for is at a path of the server.
func page(path string, r fetch.Request) func(*testing.T, string) string {
	return func(t *testing.T, url string) string {
		r := r
		r.URL, r.Cookie = url+path, "session=1"
		outcome := fetch.Fetch(t.Context(), r, transport(t).RoundTrip, nil)
		require.NoError(t, outcome.Err)
		switch {
		case outcome.Result == fetch.Readable:
			return reads(outcome.Status)
		case outcome.Sent[len(outcome.Sent)-1].Preflight:
			return unsent
		default:
			return unread
		}
	}
}

// message sends a request as it is, and reports on the response.
func message(method, path string, header http.Header, report func(*http.Response) string) func(*testing.T, string) string {
	return func(t *testing.T, url string) string {
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, nil)
		require.NoError(t, err)
		maps.Copy(r.Header, header)
		response, err := transport(t).RoundTrip(r)
		require.NoError(t, err)
		response.Body.Close()
		return report(response)
	}
}

// transport returns one that keeps no connection for the server to wait for.
func transport(t *testing.T) *http.Transport {
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, ResponseHeaderTimeout: time.Minute}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// Reports on a response.

// origin tells which origin is allowed.
func origin(r *http.Response) string {
	return found("Access-Control-Allow-Origin", r)
}

// lists tells whether there are lists of what is allowed.
func lists(r *http.Response) string {
	for _, name := range []string{"Access-Control-Allow-Methods", "Access-Control-Allow-Headers"} {
		if _, ok := r.Header[name]; ok {
			return "lists of methods and headers"
		}
	}
	return "no list"
}

// markup tells whether a requested header is sent back that is none.
func markup(r *http.Response) string {
	if strings.Contains(r.Header.Get("Access-Control-Allow-Headers"), "<b>") {
		return "`<b>` is sent back"
	}
	return "nothing of it is sent back"
}

// maxAge tells how long browsers keep the answer.
func maxAge(r *http.Response) string { return found("Access-Control-Max-Age", r) }

// status tells the status.
func status(r *http.Response) string { return fmt.Sprint(r.StatusCode) }

// vary tells whether caches keep the responses to origins apart.
func vary(r *http.Response) string {
	for _, line := range r.Header["Vary"] {
		for member := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(member), "Origin") {
				return "`Vary: Origin`"
			}
		}
	}
	return "no `Vary: Origin`"
}

// found returns a header field as it is written, and tells if it is absent.
func found(name string, r *http.Response) string {
	if values := r.Header[name]; len(values) > 0 {
		return "`" + name + ": " + strings.Join(values, ", ") + "`"
	}
	return "no `" + name + "`"
}

// Headers of requests.

func from(origins ...string) http.Header { return http.Header{"Origin": origins} }

// asking is the header of a CORS-preflight request.
func asking(origin, method string, headers ...string) http.Header {
	h := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {method}}
	if len(headers) > 0 {
		h["Access-Control-Request-Headers"] = []string{strings.Join(headers, ",")}
	}
	return h
}

// with is the header that a script sets.
func with(names ...string) http.Header {
	h := http.Header{}
	for _, name := range names {
		h.Set(name, "application/json") // which Content-Type needs permission for
	}
	return h
}
