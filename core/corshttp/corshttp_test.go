package corshttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
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
	if got := corshttp.Describe(r); !reflect.DeepEqual(got, want) {
		t.Errorf("the request is described as\n%+v,\nwant\n%+v", got, want)
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
		corshttp.SetHeaders(w.Header(), policy().Decide(context.Background(), corshttp.Describe(request("GET", actual))))
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
		"an actual request":   request("GET", actual),
		"a preflight request": request("OPTIONS", preflight),
	} {
		w := &writer{header: http.Header{}}
		if n := testing.AllocsPerRun(100, func() {
			clear(w.header)
			handler.ServeHTTP(w, r)
		}); n > 1 {
			t.Errorf("%s costs %v allocations, want one at most", name, n)
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
