package corschi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	corschi "github.com/corskit/corskit/adapters/chi"
	cors "github.com/corskit/corskit/core"
)

// meddle is a handler that has views of its own.
func meddle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "https://handler.example")
	w.Header().Add("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Vary", "Accept-Encoding")
}

func withVary(vary string) headers {
	h := headers{}
	for name, value := range granted {
		h[name] = value
	}
	h["Vary"] = vary
	return h
}

// What the handlers and middlewares of an application do to the headers, over a
// connection.
func TestSeal(t *testing.T) {
	const merged = "Accept-Encoding, Origin"
	over := make(chan struct{}) // a handler that returns at the limit may win against http.TimeoutHandler
	defer close(over)
	for _, tt := range []struct {
		name          string
		outer, inner  []func(http.Handler) http.Handler // around the policy, and inside of it
		handler       http.HandlerFunc
		origin        string
		status        int
		body, trailer string
		want          headers
	}{
		{name: "writes nothing", handler: meddle, want: withVary(merged)},
		{name: "writes", handler: func(w http.ResponseWriter, r *http.Request) { meddle(w, r); io.WriteString(w, "a") }, body: "a", want: withVary(merged)},
		{name: "from a refused origin", handler: meddle, origin: refused, want: headers{"Vary": merged}},
		{name: "clears all", handler: func(w http.ResponseWriter, _ *http.Request) { clear(w.Header()); w.WriteHeader(500) }, status: 500, want: granted},
		{name: "streams", handler: func(w http.ResponseWriter, r *http.Request) {
			meddle(w, r)
			for range 2 {
				io.WriteString(w, "a")
				w.(http.Flusher).Flush()
			}
		}, body: "aa", want: withVary(merged)},
		{name: "flushes by a ResponseController", handler: func(w http.ResponseWriter, r *http.Request) {
			meddle(w, r)
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
			meddle(w, r)
		}, want: withVary(merged)},
		{name: "copies", handler: func(w http.ResponseWriter, r *http.Request) {
			meddle(w, r)
			io.Copy(w, strings.NewReader("ab"))
		}, body: "ab", want: withVary(merged)},
		{name: "early hints", handler: func(w http.ResponseWriter, r *http.Request) {
			meddle(w, r)
			w.WriteHeader(103)
			meddle(w, r)
			w.WriteHeader(201)
		}, status: 201, want: withVary(merged)},
		{name: "trailers", handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "a")
			w.Header().Set("X-Sum", "1")
		}, body: "a", trailer: "1", want: granted},
		{name: "hijacks", handler: func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			defer c.Close()
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nh")
		}, body: "h", want: headers{}},
		{name: "chi's middleware inside", inner: []func(http.Handler) http.Handler{
			middleware.SetHeader("Access-Control-Allow-Origin", "*"), middleware.Compress(5), middleware.Logger,
		}, handler: func(w http.ResponseWriter, r *http.Request) { meddle(w, r); io.WriteString(w, "a") }, body: "a", want: withVary(merged)},
		{name: "Compress around", outer: []func(http.Handler) http.Handler{middleware.Compress(5)},
			handler: func(w http.ResponseWriter, r *http.Request) { meddle(w, r); io.WriteString(w, "a") }, body: "a", want: withVary(merged)},
		{name: "another policy around", outer: []func(http.Handler) http.Handler{
			corschi.New(cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}, AllowCredentials: true}), corschi.Seal()),
		}, handler: meddle, want: withVary(merged)},
		{name: "Timeout inside", inner: []func(http.Handler) http.Handler{middleware.Timeout(time.Millisecond)},
			handler: func(w http.ResponseWriter, r *http.Request) { meddle(w, r); <-r.Context().Done() }, status: 504, want: withVary(merged)},
		{name: "Timeout around", outer: []func(http.Handler) http.Handler{middleware.Timeout(time.Millisecond)},
			handler: func(w http.ResponseWriter, r *http.Request) { meddle(w, r); <-r.Context().Done() }, status: 504, want: withVary(merged)},
		{name: "http.TimeoutHandler inside", inner: []func(http.Handler) http.Handler{
			func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Millisecond, "late") },
		}, handler: func(http.ResponseWriter, *http.Request) { <-over }, status: 503, body: "late", want: granted},
	} {
		for _, mount := range []string{"New", "Scopes"} {
			t.Run(mount+"/"+tt.name, func(t *testing.T) {
				r := newRouter()
				r.Use(tt.outer...)
				if policy := cors.MustNew(config); mount == "New" {
					r.Use(corschi.New(policy, corschi.Seal()))
				} else {
					corschi.Scopes(r, corschi.Seal()).Group("/", policy)
				}
				r.Use(tt.inner...)
				r.Get("/", tt.handler)
				server := httptest.NewServer(r)
				defer server.Close()

				origin, status := tt.origin, tt.status
				if origin == "" {
					origin = allowed
				}
				if status == 0 {
					status = 200
				}
				checkServed(t, server.URL, origin, status, tt.body, tt.trailer, tt.want)
			})
		}
	}
}

func checkServed(t *testing.T, url, origin string, status int, body, trailer string, want headers) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", origin)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != body {
		t.Errorf("the body is %q, want %q", got, body)
	}
	if got := response.Trailer.Get("X-Sum"); got != trailer {
		t.Errorf("the trailer is %q, want %q", got, trailer)
	}
	checkResponse(t, &httptest.ResponseRecorder{Code: response.StatusCode, HeaderMap: response.Header}, status, want)
}

// The fourth of the common mistakes: two servers own CORS.
func TestMistakeTwoPoliciesBehindAProxy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		meddle(w, r)
		io.WriteString(w, "upstream")
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	serveWith := func(options ...corschi.Option) string {
		r := newRouter()
		r.Use(corschi.New(cors.MustNew(config), options...))
		r.Mount("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		return server.URL
	}
	t.Run("without Seal, browsers refuse the response", func(t *testing.T) {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", serveWith(), nil)
		r.Header.Set("Origin", allowed)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.Header["Access-Control-Allow-Origin"]; len(got) < 2 {
			t.Errorf("Access-Control-Allow-Origin is %q, want several", got)
		}
	})
	t.Run("with Seal, there is one of each", func(t *testing.T) {
		checkServed(t, serveWith(corschi.Seal()), allowed, 200, "upstream", "", withVary("Origin, Accept-Encoding"))
	})
}

// Where a decision is the answer, nothing further runs.
func TestSealedAnswersAreFinal(t *testing.T) {
	r := newRouter()
	r.Use(corschi.New(cors.MustNew(config), corschi.Seal()))
	addRoutes(r)
	r.Options("/items", func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
	checkResponse(t, serve(r, "OPTIONS", "/items", allowed, "PUT"), 204, preflightGranted)
	checkResponse(t, serve(r, "OPTIONS", "/items", refused, "PUT"), 403, preflightRefused)
}

func TestAllocations(t *testing.T) {
	policy := cors.MustNew(config)
	cost := func(mount func(r chi.Router), method string) float64 {
		r := chi.NewRouter()
		mount(r)
		r.Put("/t/{tenant}/items", func(http.ResponseWriter, *http.Request) {})
		q := httptest.NewRequest(method, "/t/acme/items", nil)
		q.Header.Set("Origin", allowed)
		if method == "OPTIONS" {
			q.Header.Set("Access-Control-Request-Method", "PUT")
		}
		w := &quietWriter{http.Header{}}
		least := 1000.0 // of many, as pools drop what they hold
		for range 100 {
			least = min(least, testing.AllocsPerRun(1, func() {
				clear(w.header)
				r.ServeHTTP(w, q)
			}))
		}
		return least
	}
	c := config
	c.MethodsFromRoutes = true
	for _, method := range []string{"PUT", "OPTIONS"} {
		plain := cost(func(r chi.Router) { r.Use(corschi.New(policy)) }, method)
		for _, tt := range []struct {
			name  string
			mount func(r chi.Router)
			more  float64
		}{
			{"Seal", func(r chi.Router) { r.Use(corschi.New(policy, corschi.Seal())) }, 1},
			{"Scopes", func(r chi.Router) { corschi.Scopes(r).Group("/t/{x}", policy) }, 0},
			{"Scopes for a route", func(r chi.Router) { corschi.Scopes(r).Route("PUT", "/t/{tenant}/items", policy) }, 0},
		} {
			if got := cost(tt.mount, method); got > plain+tt.more {
				t.Errorf("%s takes %v allocations for %s, want at most %v more than the %v without", tt.name, got, method, tt.more, plain)
			}
		}
	}
	bare := cost(func(chi.Router) {}, "PUT")
	outside := cost(func(r chi.Router) { corschi.Scopes(r).Group("/api", policy) }, "PUT")
	if outside > bare {
		t.Errorf("Scopes take %v allocations for a request outside of all, want the %v without", outside, bare)
	}
	listed := cost(func(r chi.Router) { r.Use(corschi.New(policy)) }, "PUT")
	if got := cost(func(r chi.Router) { r.Use(corschi.New(cors.MustNew(c))) }, "PUT"); got > listed {
		t.Errorf("MethodsFromRoutes takes %v allocations for an actual request, want the %v without", got, listed)
	}
}

type quietWriter struct{ header http.Header }

func (w *quietWriter) Header() http.Header         { return w.header }
func (w *quietWriter) WriteHeader(int)             {}
func (w *quietWriter) Write(p []byte) (int, error) { return len(p), nil }
