//go:build browser

package browser

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	chicors "github.com/go-chi/cors"
	rscors "github.com/rs/cors"
	"github.com/stretchr/testify/assert"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

const cachePage, cacheOtherPage = "https://cache-app.example.com", "https://cache-www.example.com"

// A call is a call of fetch.
type call struct {
	method, path string
	header       http.Header
	credentials  string        // "" is "same-origin"
	cache        string        // the cache mode; "" is "default"
	page         string        // "" is cachePage
	after        time.Duration // that pass before
	blocked      bool          // the call is to fail
}

func (c call) String() string { return c.method + " " + c.path }

// with returns c with headers, whose values are made up.
func (c call) with(names ...string) call {
	c.header = http.Header{}
	for _, name := range names {
		value := "any"
		if name == "Content-Type" {
			value = "application/json" // or it might be CORS-safelisted
		}
		c.header.Set(name, value)
	}
	return c
}

// change returns c with changes.
func (c call) change(change func(*call)) call {
	change(&c)
	return c
}

func cachePolicy(maxAge time.Duration) cors.Config {
	return cors.Config{
		AllowOrigins:     []string{cachePage, cacheOtherPage},
		AllowMethods:     []string{"PUT", "PATCH", "DELETE"},
		AllowHeaders:     []string{"Content-Type", "Authorization", "X-Request-Id"},
		AllowCredentials: true,
		MaxAge:           maxAge,
	}
}

// A cacheDifference is what an engine does otherwise, and why.
type cacheDifference struct {
	why  string
	want []int
}

// itemServer serves items, with every method.
func itemServer(config cors.Config) http.Handler {
	mux := http.NewServeMux()
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		mux.HandleFunc(method+" /items/{id}", func(http.ResponseWriter, *http.Request) {})
	}
	return corshttp.New(cors.MustNew(config))(mux)
}

// TestPreflightCache: the answer to a CORS-preflight request lists all that the
// policy allows, and not only what was asked for, so that it serves for later
// requests with other methods and headers to the same URL, for as long as
// Access-Control-Max-Age says: https://fetch.spec.whatwg.org/#concept-cache
func TestPreflightCache(t *testing.T) {
	var (
		get   = call{method: "GET", path: "/items/1"}
		post  = call{method: "POST", path: "/items/1"}
		put   = call{method: "PUT", path: "/items/1"}
		patch = call{method: "PATCH", path: "/items/1"}
		del   = call{method: "DELETE", path: "/items/1"}
	)
	tests := []struct {
		name   string
		config cors.Config
		calls  []call
		want   []int // CORS-preflight requests for each call
		// Engines that do not do as the standard says.
		differs map[string]cacheDifference
	}{
		{
			name: "the same again", config: cachePolicy(10 * time.Minute),
			calls: []call{put, put}, want: []int{1, 0},
		},
		{
			name: "other methods of the policy", config: cachePolicy(10 * time.Minute),
			calls: []call{put, patch, del, put}, want: []int{1, 0, 0, 0},
		},
		{
			name: "other headers of the policy", config: cachePolicy(10 * time.Minute),
			calls: []call{put.with("Content-Type"), put.with("Authorization", "X-Request-Id"), put}, want: []int{1, 0, 0},
		},
		{
			name: "a safelisted method with a header, then others", config: cachePolicy(10 * time.Minute),
			calls: []call{get.with("Authorization"), post.with("Content-Type"), del, patch.with("X-Request-Id")}, want: []int{1, 0, 0, 0},
		},
		{
			name: "any method and header", config: cors.Config{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, MaxAge: 10 * time.Minute},
			calls: []call{put.with("X-Any"), put.with("X-Any"), del.with("X-Other"), {method: "PROPFIND", path: "/items/1"}}, want: []int{1, 0, 0, 0},
			differs: map[string]cacheDifference{
				"firefox": {"Its cache takes the asterisk for a name like any other, so that the answer serves for nothing.", []int{1, 1, 1, 1}},
			},
		},
		{
			name: "methods of routes", config: cors.Config{AllowOrigins: []string{cachePage}, MethodsFromRoutes: true, MaxAge: 10 * time.Minute},
			calls: []call{put, del, patch}, want: []int{1, 0, 0},
		},
		{
			name: "NoPreflightCache", config: cachePolicy(cors.NoPreflightCache),
			calls: []call{put, put, del}, want: []int{1, 1, 1},
		},
		{
			name: "a second later than MaxAge", config: cachePolicy(time.Second),
			calls: []call{put, put.change(func(c *call) { c.after = 2 * time.Second })}, want: []int{1, 1},
		},
		{
			name: "another path", config: cachePolicy(10 * time.Minute),
			calls: []call{put, {method: "PUT", path: "/items/2"}, put}, want: []int{1, 1, 0},
		},
		{
			name: "another query", config: cachePolicy(10 * time.Minute),
			calls: []call{put, {method: "PUT", path: "/items/1?page=2"}, put}, want: []int{1, 1, 0},
		},
		{
			name: "another page's origin", config: cachePolicy(10 * time.Minute),
			calls: []call{put, put.change(func(c *call) { c.page = cacheOtherPage }), put}, want: []int{1, 1, 0},
		},
		{
			name: "without credentials, then with", config: cachePolicy(10 * time.Minute),
			calls: []call{put, put.change(func(c *call) { c.credentials = "include" })}, want: []int{1, 1},
		},
		{
			name: "with credentials, then without", config: cachePolicy(10 * time.Minute),
			calls: []call{put.change(func(c *call) { c.credentials = "include" }), put}, want: []int{1, 0},
			differs: map[string]cacheDifference{
				"firefox": {"Its cache keeps apart what the standard lets an answer for requests with credentials serve for.", []int{1, 1}},
			},
		},
		{
			name: "omit, then same-origin", config: cachePolicy(10 * time.Minute),
			calls: []call{put.change(func(c *call) { c.credentials = "omit" }), put}, want: []int{1, 0},
		},
		{
			name: "a reload", config: cachePolicy(10 * time.Minute),
			calls: []call{put, put.change(func(c *call) { c.cache = "reload" })}, want: []int{1, 0},
			differs: map[string]cacheDifference{
				"chromium": {"A cache mode that goes past the HTTP cache goes past this one.", []int{1, 1}},
				"firefox":  {"A cache mode that goes past the HTTP cache goes past this one.", []int{1, 1}},
			},
		},
		{
			name: "after a refused method", config: cachePolicy(10 * time.Minute),
			calls: []call{put, {method: "PROPFIND", path: "/items/1", blocked: true}, put}, want: []int{1, 1, 1},
			differs: map[string]cacheDifference{
				"webkit": {"It forgets nothing when a CORS-preflight request is refused.", []int{1, 1, 0}},
			},
		},
		{
			name: "after a refused header", config: cachePolicy(10 * time.Minute),
			calls: []call{put, put.with("X-Other").change(func(c *call) { c.blocked = true }), put}, want: []int{1, 1, 1},
			differs: map[string]cacheDifference{
				"webkit": {"It forgets nothing when a CORS-preflight request is refused.", []int{1, 1, 0}},
			},
		},
	}
	t.Run("model", func(t *testing.T) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				clock := time.Now()
				cache := &fetch.Cache{Now: func() time.Time { return clock }}
				const api = "https://cache-api.example.com"
				send := map[string]http.Handler{api: itemServer(tt.config)}
				var got []int
				for _, c := range tt.calls {
					clock = clock.Add(c.after)
					r := fetch.Request{
						Origin: c.page, URL: api + c.path, Method: c.method, Header: c.header,
						Credentials: map[string]fetch.Credentials{"include": fetch.Include, "omit": fetch.Omit}[c.credentials],
					}
					if r.Origin == "" {
						r.Origin = cachePage
					}
					o := fetch.Fetch(t.Context(), r, inProcess(r.Origin, send), cache)
					assert.Equal(t, c.blocked, o.Result == fetch.Blocked, "whether %s is blocked", c)
					n := 0
					for _, x := range o.Sent {
						if x.Preflight {
							n++
						}
					}
					got = append(got, n)
				}
				assert.Equal(t, tt.want, got, "CORS-preflight requests for each of %v", tt.calls)
			})
		}
	})
	inEach(t, func(t *testing.T, b *bench) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				want := tt.want
				if d, ok := tt.differs[b.engine.Name()]; ok {
					assert.NotEqual(t, want, d.want, "what differs")
					t.Log(d.why)
					want = d.want
				}
				api := anew("https://cache-api.example.com")
				var v visits
				serve(t, b, api, v.to(itemServer(tt.config)))
				got := []int{}
				for _, c := range tt.calls {
					n := preflights(&v)
					makeCall(t, b, api, c)
					got = append(got, preflights(&v)-n)
				}
				assert.Equal(t, want, got, "CORS-preflight requests for each of %v; the server has got\n%q", tt.calls, v.lines())
			})
		}
	})
}

func makeCall(t *testing.T, b *bench, api string, c call) {
	t.Helper()
	page := c.page
	if page == "" {
		page = cachePage
	}
	if c.after > 0 { // what is kept expires without an event
		run[bool](t, b, page, fmt.Sprintf("await new Promise((done) => setTimeout(done, %d)); return true", c.after.Milliseconds()))
	}
	init := map[string]any{"method": c.method, "headers": headerPairs(c.header)}
	if c.credentials != "" {
		init["credentials"] = c.credentials
	}
	if c.cache != "" {
		init["cache"] = c.cache
	}
	a := ask(t, b, page, api+c.path, init)
	assert.Equal(t, c.blocked, a.Error != "", "whether %s is blocked (%s)", c, a.Error)
}

// preflights counts the CORS-preflight requests so far.
func preflights(v *visits) (n int) {
	for _, r := range v.all() {
		if isPreflight(r) {
			n++
		}
	}
	return n
}

// A sessionFigure is how many CORS-preflight requests the session of a single-page
// application costs with a server's middleware, besides its requests.
type sessionFigure struct {
	Server               string
	Preflights, Requests int
	Engine               string
}

// sessionFigures has what TestPreflightsOfSession has counted.
var (
	sessionMu      sync.Mutex
	sessionFigures []sessionFigure
)

// callsOfSession is a session: items are listed, one is made, shown, changed and
// deleted, and all that once more. All requests have a token, some a number to find
// them by.
func callsOfSession() (all []call) {
	const list, item = "/items", "/items/1"
	for range 2 {
		for _, c := range []struct {
			method, path string
			header       []string
		}{
			{"GET", list, nil},
			{"POST", list, []string{"Content-Type"}},
			{"GET", item, nil},
			{"PUT", item, []string{"Content-Type"}},
			{"PATCH", item, []string{"Content-Type", "X-Request-Id"}},
			{"DELETE", item, []string{"Content-Type"}},
			{"GET", list, []string{"X-Request-Id"}},
		} {
			all = append(all, call{method: c.method, path: c.path}.with(append(c.header, "Authorization")...))
		}
	}
	return all
}

// TestPreflightsOfSession counts what one session costs, with middleware that lists
// what the policy allows and with middleware that lists what was asked for. The
// policy is the same. Sessions with more URLs cost more with either.
func TestPreflightsOfSession(t *testing.T) {
	session := callsOfSession()
	var (
		origins = []string{cachePage}
		methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
		headers = []string{"Content-Type", "Authorization", "X-Request-Id"}
		// By the standard, what is asked for adds up. Chromium and WebKit keep only
		// the last answer for a URL, so that methods oust each other.
		asked  = map[string]int{"model": 7, "firefox": 7, "chromium": 12, "webkit": 12}
		listed = map[string]int{"model": 2, "firefox": 2, "chromium": 2, "webkit": 2} // one for each URL
	)
	servers := []struct {
		name       string
		middleware func(http.Handler) http.Handler
		want       map[string]int
	}{
		{"corskit", corshttp.New(cors.MustNew(cors.Config{AllowOrigins: origins, AllowMethods: methods, AllowHeaders: headers, MaxAge: 10 * time.Minute})), listed},
		{"github.com/rs/cors v1.11.1", rscors.New(rscors.Options{AllowedOrigins: origins, AllowedMethods: methods, AllowedHeaders: headers, MaxAge: 600}).Handler, asked},
		{"github.com/go-chi/cors v1.2.2", chicors.Handler(chicors.Options{AllowedOrigins: origins, AllowedMethods: methods, AllowedHeaders: headers, MaxAge: 600}), asked},
	}
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	t.Run("model", func(t *testing.T) {
		for _, s := range servers {
			const api = "https://session-api.example.com"
			var v visits
			send := inProcess(cachePage, map[string]http.Handler{api: v.to(s.middleware(nothing))})
			cache := new(fetch.Cache)
			for _, c := range session {
				o := fetch.Fetch(t.Context(), fetch.Request{Origin: cachePage, URL: api + c.path, Method: c.method, Header: c.header}, send, cache)
				assert.Equal(t, fetch.Readable, o.Result, "%s with %s", c, s.name)
			}
			assert.Equal(t, s.want["model"], preflights(&v), "CORS-preflight requests of a session with %s", s.name)
		}
	})
	inEach(t, func(t *testing.T, b *bench) {
		for _, s := range servers {
			t.Run(s.name, func(t *testing.T) {
				api := anew("https://session-api.example.com")
				var v visits
				serve(t, b, api, v.to(s.middleware(nothing)))
				for _, c := range session {
					makeCall(t, b, api, c)
				}
				n := preflights(&v)
				assert.Len(t, v.all(), n+len(session), "the requests of the session, and CORS-preflight requests")
				assert.Equal(t, s.want[b.engine.Name()], n, "CORS-preflight requests of a session with %s; the server has got\n%q", s.name, v.lines())
				sessionMu.Lock()
				defer sessionMu.Unlock()
				sessionFigures = append(sessionFigures, sessionFigure{s.name, n, len(session), b.engine.Name()})
			})
		}
	})
}
