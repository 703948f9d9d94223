//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

var lastOrigin atomic.Int32

// anew returns an origin like the given one that no browser has heard of: what they
// keep of a server, they keep by its origin or its URLs, and connections too.
func anew(origin string) string {
	name, domain, _ := strings.Cut(origin, ".")
	return fmt.Sprintf("%s-%d.%s", name, lastOrigin.Add(1), domain)
}

// visits are the requests that servers get. The zero value is ready; it is safe for
// concurrent use.
type visits struct {
	mu   sync.Mutex
	list []*http.Request
	more chan struct{} // closed when there is another one; nil if nobody waits
}

// to writes down the requests that a handler gets, before it does.
func (v *visits) to(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		v.list = append(v.list, r.Clone(context.Background()))
		if v.more != nil {
			close(v.more)
			v.more = nil
		}
		v.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

// all returns the requests so far.
func (v *visits) all() []*http.Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.list[:len(v.list):len(v.list)]
}

// lines describes the requests so far.
func (v *visits) lines() (lines []string) {
	for _, r := range v.all() {
		lines = append(lines, describe(r))
	}
	return lines
}

// wait waits for n requests.
func (v *visits) wait(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		v.mu.Lock()
		have := len(v.list)
		if v.more == nil {
			v.more = make(chan struct{})
		}
		more := v.more
		v.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			require.FailNow(t, "requests are missing", "The server has got %d requests, want %d: %q", have, n, v.lines())
		}
	}
}

// isPreflight reports whether a request is a CORS-preflight request:
// https://fetch.spec.whatwg.org/#cors-preflight-request
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header["Access-Control-Request-Method"] != nil
}

// An answer is what a script gets: a response, or what the call of fetch throws.
type answer struct {
	Status int
	Body   string
	Error  string
}

// ask has a page of an origin call fetch with a URL and further options.
func ask(t *testing.T, b *bench, page, url string, init map[string]any) answer {
	t.Helper()
	literal, err := json.Marshal(init)
	require.NoError(t, err)
	return run[answer](t, b, page, fmt.Sprintf(`
		try {
			const response = await fetch(%q, %s)
			return { status: response.status, body: await response.text() }
		} catch (e) {
			return { error: String(e) }
		}`, url, literal))
}

const cookie = "session=alice"

// withLogin adds a path to a server, outside of its policy, that sets the cookie.
func withLogin(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			w.Header().Set("Set-Cookie", cookie+"; Path=/")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// login has a page, of the same site, get the cookie of a server that has withLogin.
func login(t *testing.T, b *bench, page, api string) {
	t.Helper()
	got := ask(t, b, page, api+"/login", map[string]any{"mode": "no-cors", "credentials": "include"})
	require.Empty(t, got.Error, "getting the cookie")
}

// inProcess sends requests of the model to handlers, by the host that they have, as
// a browser with a page of the given origin does.
func inProcess(page string, servers map[string]http.Handler) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h, ok := servers[originOf(r.URL.String())]
		if !ok {
			return nil, fmt.Errorf("no server is at %s", r.URL)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, asSent(r, page))
		return w.Result(), nil
	}
}
