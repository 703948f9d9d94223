package corshttp_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

const app = "https://app.example.com"

func policy() *cors.Policy {
	return cors.MustNew(cors.Config{
		AllowOrigins:     []string{app},
		AllowMethods:     []string{"PUT"},
		AllowHeaders:     []string{"X-A"},
		ExposeHeaders:    []string{"X-Total"},
		AllowCredentials: true,
		MaxAge:           600e9,
	})
}

func request(method string, header http.Header) *http.Request {
	r := httptest.NewRequest(method, "/items", nil)
	r.Header = header
	return r
}

var (
	actual    = http.Header{"Origin": {app}}
	preflight = http.Header{"Origin": {app}, "Access-Control-Request-Method": {"PUT"}}
)

func TestMiddleware(t *testing.T) {
	tests := []struct {
		name    string
		method  string
		header  http.Header
		before  http.Header // set by middleware in front
		status  int
		handled bool
		want    http.Header
	}{
		{"no origin", "GET", http.Header{}, nil, 200, true, http.Header{"Vary": {"Origin"}}},
		{"actual request", "GET", actual, nil, 200, true, http.Header{
			"Access-Control-Allow-Origin": {app}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Expose-Headers": {"X-Total"}, "Vary": {"Origin"},
		}},
		{"preflight", "OPTIONS", preflight, nil, 204, false, http.Header{
			"Access-Control-Allow-Origin": {app}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Allow-Methods": {"PUT"}, "Access-Control-Allow-Headers": {"X-A"}, "Access-Control-Max-Age": {"600"},
			"Vary": {"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"},
		}},
		{"refused preflight", "OPTIONS", http.Header{"Origin": {"https://evil.example"}, "Access-Control-Request-Method": {"PUT"}}, nil, 403, false, http.Header{
			"Vary": {"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"},
		}},
		{"OPTIONS that is no preflight", "OPTIONS", actual, nil, 200, true, http.Header{
			"Access-Control-Allow-Origin": {app}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Expose-Headers": {"X-Total"}, "Vary": {"Origin"},
		}},
		{"Vary from in front", "GET", http.Header{}, http.Header{"Vary": {"Accept-Encoding"}}, 200, true, http.Header{"Vary": {"Accept-Encoding", "Origin"}}},
		{"Vary with Origin from in front", "GET", http.Header{}, http.Header{"Vary": {"Accept , ORIGIN"}}, 200, true, http.Header{"Vary": {"Accept , ORIGIN"}}},
		{"Vary on everything from in front", "GET", http.Header{}, http.Header{"Vary": {"*"}}, 200, true, http.Header{"Vary": {"*"}}},
		{"some members of Vary from in front", "OPTIONS", http.Header{"Origin": {"null"}, "Access-Control-Request-Method": {"PUT"}}, http.Header{"Vary": {"access-control-request-method"}}, 403, false, http.Header{
			"Vary": {"access-control-request-method", "Origin, Access-Control-Request-Headers"},
		}},
		{"another origin from in front", "GET", actual, http.Header{"Access-Control-Allow-Origin": {"*", "https://x.example"}}, 200, true, http.Header{
			"Access-Control-Allow-Origin": {app}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Expose-Headers": {"X-Total"}, "Vary": {"Origin"},
		}},
		{"a grant from in front, refused here", "GET", http.Header{"Origin": {"https://evil.example"}}, http.Header{
			"Access-Control-Allow-Origin": {"https://evil.example"}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Expose-Headers": {"X-Other"}, "Vary": {"Origin"},
		}, 200, true, http.Header{"Vary": {"Origin"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			handled := false
			handler := corshttp.New(policy())(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { handled = true }))
			w := httptest.NewRecorder()
			for name, values := range tt.before {
				w.Header()[name] = values
			}
			handler.ServeHTTP(w, request(tt.method, tt.header))
			if w.Code != tt.status || handled != tt.handled {
				t.Errorf("the answer is %d, handled: %v; want %d, handled: %v", w.Code, handled, tt.status, tt.handled)
			}
			if got := w.Header(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("the response's header is\n%v,\nwant\n%v", got, tt.want)
			}
			if w.Body.Len() > 0 {
				t.Errorf("the response has the body %q", w.Body)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	r := request("OPTIONS", http.Header{
		"Origin":                         {"a", "b"},
		"Access-Control-Request-Method":  {"PUT"},
		"Access-Control-Request-Headers": {"x-a", "x-b", "x-c"},
		"Sec-Fetch-Site":                 {"same-origin"},
	})
	r.Host = "api.example"
	want := cors.Request{
		Method: "OPTIONS", Host: "api.example", SecFetchSite: "same-origin",
		Origin:         cors.Lines{First: "a", N: 2, More: []string{"b"}},
		RequestMethod:  cors.Lines{First: "PUT", N: 1, More: []string{}},
		RequestHeaders: cors.Lines{First: "x-a", N: 3, More: []string{"x-b", "x-c"}},
	}
	if got := *corshttp.Describe(r, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("the request is described as\n%+v,\nwant\n%+v", got, want)
	}
}

// TestDescribeFor describes what a Decider looks at.
func TestDescribeFor(t *testing.T) {
	r := request("GET", http.Header{"Origin": {app}, "Sec-Fetch-Site": {"same-origin"}})
	rejects := cors.MustNew(cors.Config{AllowOrigins: []string{app}, RejectDisallowed: true})
	for _, tt := range []struct {
		name    string
		decider cors.Decider
		want    string
	}{
		{"a policy that rejects", rejects, "same-origin"},
		{"a policy that does not", policy(), ""},
		{"one that is not known", cors.NewLive(policy()), "same-origin"},
	} {
		if got := corshttp.Describe(r, tt.decider).SecFetchSite; got != tt.want {
			t.Errorf("for %s, Sec-Fetch-Site is described as %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A policy is the one Decider that is known to look at nothing where there is no
// Origin.
func TestDescribeWithoutOrigin(t *testing.T) {
	r := request("OPTIONS", http.Header{"Access-Control-Request-Method": {"PUT"}})
	for name, tt := range map[string]struct {
		decider cors.Decider
		want    string
	}{
		"a policy":              {policy(), ""},
		"one that may be told":  {cors.Observe(policy(), func(context.Context, cors.Event) {}), "PUT"},
		"one that is not known": {nil, "PUT"},
	} {
		if got := corshttp.Describe(r, tt.decider).RequestMethod.First; got != tt.want {
			t.Errorf("for %s, the requested method is described as %q, want %q", name, got, tt.want)
		}
	}
}

// The header list means nothing without a method, so that it is not looked up.
func TestDescribeWithoutARequestMethod(t *testing.T) {
	r := request("OPTIONS", http.Header{"Origin": {"a"}, "Access-Control-Request-Headers": {"x-a"}})
	if got := corshttp.Describe(r, nil).RequestHeaders; got.N != 0 {
		t.Errorf("the requested headers are described as %+v, want none", got)
	}
}

func TestResponsesShareNoSlice(t *testing.T) {
	handler := corshttp.New(policy())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range w.Header() {
			values[0] = "edited"
			_ = append(values, "appended to "+name)
		}
	}))
	for range 2 {
		w := httptest.NewRecorder()
		shared := []string{"Accept", "spare"}[:1]
		w.Header()["Vary"] = shared
		handler.ServeHTTP(w, request("GET", actual))
		if shared[:2][1] != "spare" {
			t.Error("the slice of the middleware in front was written to")
		}
		for name, values := range w.Header() {
			if values[0] != "edited" {
				t.Errorf("appending to one header changed %s to %q", name, values)
			}
		}
		w = httptest.NewRecorder()
		d := policy().Decide(context.Background(), *corshttp.Describe(request("GET", actual), nil))
		corshttp.SetHeaders(w.Header(), &d)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != app {
			t.Errorf("after another response was edited, this one allows the origin %q", got)
		}
	}
}

func TestNewPanicsWithoutADecider(t *testing.T) {
	defer func() {
		if got, want := recover(), "corshttp: New: the Decider is nil: make one with cors.New"; got != want {
			t.Errorf("New(nil) panics with %v, want %q", got, want)
		}
	}()
	corshttp.New(nil)
}

func TestAllocations(t *testing.T) {
	handler := corshttp.New(policy())(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, r := range map[string]*http.Request{
		"an actual request":        request("GET", actual),
		"a CORS-preflight request": request("OPTIONS", preflight),
	} {
		for _, others := range []http.Header{nil, {"X-Request-Id": {"1"}}} {
			w := &writer{header: http.Header{}}
			if n := testing.AllocsPerRun(100, func() {
				clear(w.header)
				maps.Copy(w.header, others)
				handler.ServeHTTP(w, r)
			}); n > 1 {
				t.Errorf("%s costs %v allocations where %v is in the header, want one at most", name, n, others)
			}
		}
	}
}

// hostileRequests are of the shapes that have cost CORS middleware most.
func hostileRequests() map[string]*http.Request {
	const miB = 1 << 20
	repeated := func(line string, n int) []string { return slices.Repeat([]string{line}, n) }
	asking := func(lines ...string) *http.Request {
		return request("OPTIONS", http.Header{
			"Origin": {app}, "Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": lines,
		})
	}
	from := func(lines ...string) *http.Request {
		return request("OPTIONS", http.Header{"Origin": lines, "Access-Control-Request-Method": {"PUT"}})
	}
	return map[string]*http.Request{
		"names: 1 MiB of commas":           asking(strings.Repeat(",", miB)),
		"names: 64 KiB of commas":          asking(strings.Repeat(",", miB/16)),
		"names: 1 MiB, one name":           asking(strings.Repeat("x", miB)),
		"names: 1 MiB, one-letter names":   asking(strings.Repeat("a,b,", miB/4)),
		"names: 1 MiB, short names":        asking(strings.Repeat("x-a1,x-a2,", miB/10)),
		"names: 1 MiB, one allowed name":   asking(strings.Repeat("x-a,", miB/4)),
		"names: 1000 lines of 1000 commas": asking(repeated(strings.Repeat(",", 1000), 1000)...),
		"names: 30 000 empty lines":        asking(repeated("", 30_000)...),
		"names: 1 MiB of blanks":           asking(strings.Repeat(" ", miB)),
		"method: 1 MiB":                    request("OPTIONS", http.Header{"Origin": {app}, "Access-Control-Request-Method": {strings.Repeat("M", miB)}}),
		"origin: 1 MiB":                    from(strings.Repeat("a", miB)),
		"origin: 1 MiB, right suffix":      from("https://" + strings.Repeat("a", miB) + ".example.org"),
		"origin: 1 MiB, many labels":       from("https://" + strings.Repeat("a.", miB/2) + "example.org"),
		"origin: 253 bytes, many labels":   from("https://" + strings.Repeat("a.", 121) + "example.com"),
		"origin: 64 KiB":                   from("https://" + strings.Repeat("a", miB/16) + ".example.org"),
		"origin: 10 000 lines":             from(repeated(app, 10_000)...),
		"origin: 1 MiB, upper case":        from("HTTPS://" + strings.Repeat("A", miB)),
	}
}

// policies returns policies of every kind that looks at a request in its own
// way.
func policies() map[string]*cors.Policy {
	lists := cors.Config{AllowOrigins: []string{app, "https://*.example.org"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-A"}, RejectDisallowed: true}
	for i := range 1000 {
		lists.AllowOrigins = append(lists.AllowOrigins, fmt.Sprintf("https://app%d.example.com", i))
	}
	for i := range 100 {
		lists.AllowOrigins = append(lists.AllowOrigins, fmt.Sprintf("https://*.tenant%d.example.net", i))
	}
	anything := lists
	anything.AllowMethods, anything.AllowHeaders = []string{"*"}, []string{"*"}
	spelledOut := anything
	spelledOut.AllowCredentials = true
	asking := lists
	asking.AllowOriginFunc = func(context.Context, string) (bool, error) { return false, nil }
	return map[string]*cors.Policy{
		"lists": cors.MustNew(lists), "any header": cors.MustNew(anything),
		`"*" spelled out`: cors.MustNew(spelledOut), "a predicate": cors.MustNew(asking),
		"any origin": cors.MustNew(cors.Config{AllowOrigins: []string{"*"}}),
	}
}

// TestHostileRequestsCostWhatOthersDo checks that the middleware as a whole
// allocates the one slice of its headers, of seven strings at most, whatever
// the size of the request.
func TestHostileRequestsCostWhatOthersDo(t *testing.T) {
	for name, p := range policies() {
		handler := corshttp.New(p)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for shape, r := range hostileRequests() {
			const runs, most = 20, 7 * 16
			w := &writer{header: http.Header{}}
			n, bytes := cost(runs, func() {
				clear(w.header)
				handler.ServeHTTP(w, r)
			})
			// The header map itself grows once; 4 KiB over all runs are ample.
			if n > 1 || bytes > (runs+1)*most+4<<10 {
				t.Errorf("%s with %s costs %v allocations, and %d bytes in %d runs; want one of %d bytes at most", shape, name, n, bytes, runs+1, most)
			}
		}
	}
}

// cost returns the allocations of one call of f, and the bytes of runs+1. It is
// the least of several tries, as the runtime allocates too at times.
func cost(runs int, f func()) (allocations float64, bytes uint64) {
	for try := range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n := testing.AllocsPerRun(runs, f)
		runtime.ReadMemStats(&after)
		if b := after.TotalAlloc - before.TotalAlloc; try == 0 || b < bytes {
			allocations, bytes = n, b
		}
	}
	return allocations, bytes
}

func BenchmarkHostile(b *testing.B) {
	for name, p := range policies() {
		handler := corshttp.New(p)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for shape, r := range hostileRequests() {
			b.Run(name+"/"+shape, func(b *testing.B) {
				w := &writer{header: http.Header{}}
				b.ReportAllocs()
				for b.Loop() {
					clear(w.header)
					handler.ServeHTTP(w, r)
				}
			})
		}
	}
}

// writer is a response writer that costs nothing itself.
type writer struct{ header http.Header }

func (w *writer) Header() http.Header         { return w.header }
func (w *writer) Write(b []byte) (int, error) { return len(b), nil }
func (w *writer) WriteHeader(int)             {}

func BenchmarkMiddleware(b *testing.B) {
	handler := corshttp.New(policy())(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, r := range map[string]*http.Request{
		"actual":    request("GET", actual),
		"preflight": request("OPTIONS", preflight),
	} {
		b.Run(name, func(b *testing.B) {
			w := &writer{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				handler.ServeHTTP(w, r)
			}
		})
	}
}
