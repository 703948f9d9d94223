package cors_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

func Example() {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /items", func(http.ResponseWriter, *http.Request) {})

	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT", "DELETE"},
		AllowHeaders: []string{"Content-Type"},
	})
	handler := corshttp.New(policy)(mux)

	r := httptest.NewRequest("OPTIONS", "/items", nil)
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "PUT")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Access-Control-Allow-Methods"))
	// Output: 204 PUT,DELETE
}

func ExampleNew() {
	_, err := cors.New(cors.Config{
		AllowOrigins:     []string{"https://App.example.com/", "https://*.co.uk"},
		AllowCredentials: true,
	})
	for _, fault := range cors.ConfigErrors(err) {
		fmt.Println(fault)
	}
	// Output:
	// AllowOrigins: "https://App.example.com/" has a trailing slash: write https://app.example.com
	// AllowOrigins: "https://*.co.uk" allows names under a public suffix, which anyone can register, to send credentials: name a domain of yours below it, or set DangerouslyAllowPublicSuffixes
}

// An adapter for a framework, here net/http, from nothing but this package.
func ExampleAsk() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	middleware := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d := cors.Ask(r.Context(), policy, &cors.Request{
				Method:         r.Method,
				Host:           r.Host,
				SecFetchSite:   r.Header.Get("Sec-Fetch-Site"),
				Origin:         cors.NewLines(r.Header["Origin"]),
				RequestMethod:  cors.NewLines(r.Header["Access-Control-Request-Method"]),
				RequestHeaders: cors.NewLines(r.Header["Access-Control-Request-Headers"]),
			})
			for name, value := range map[string]string{
				"Access-Control-Allow-Origin":      d.AllowOrigin,
				"Access-Control-Allow-Credentials": d.AllowCredentials,
				"Access-Control-Allow-Methods":     d.AllowMethods,
				"Access-Control-Allow-Headers":     d.AllowHeaders,
				"Access-Control-Max-Age":           d.MaxAge,
				"Access-Control-Expose-Headers":    d.ExposeHeaders,
			} {
				w.Header().Del(name)
				if value != "" {
					w.Header().Set(name, value)
				}
			}
			if vary := d.MissingVary(w.Header()["Vary"]); vary != "" {
				w.Header().Add("Vary", vary)
			}
			if d.Status != 0 {
				w.WriteHeader(d.Status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}

	r := httptest.NewRequest("GET", "/items", nil)
	r.Header.Set("Origin", "https://app.example.com")
	w := httptest.NewRecorder()
	middleware(http.NotFoundHandler()).ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Access-Control-Allow-Origin"), w.Header().Get("Vary"))
	// Output: 404 https://app.example.com Origin
}

func ExamplePolicy_Decide() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://*.example.com"},
		AllowHeaders: []string{"X-Request-ID"},
	})
	d := policy.Decide(context.Background(), cors.Request{
		Method:         "OPTIONS",
		Origin:         cors.NewLines([]string{"https://app.example.com"}),
		RequestMethod:  cors.NewLines([]string{"GET"}),
		RequestHeaders: cors.NewLines([]string{"x-request-id,x-trace"}),
	})
	fmt.Println(d.Kind, d.Status, d.AllowOrigin)
	fmt.Println(d.Reason, d.Header)
	// Output:
	// preflight 204 https://app.example.com
	// header-not-allowed x-trace
}

func ExamplePolicy_CredentialedOrigins() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins:     []string{"https://app.example.com", "https://*.example.org"},
		AllowCredentials: true,
	})
	csrf := http.NewCrossOriginProtection()
	for _, origin := range policy.CredentialedOrigins() {
		if err := csrf.AddTrustedOrigin(origin); err != nil {
			panic(err)
		}
	}
	fmt.Println(policy.CredentialedOrigins())
	// Output: [https://app.example.com]
}

// A server that reads its policy again, for instance on SIGHUP, keeps the one
// it has where the new one has a fault.
func ExampleLive() {
	live := cors.NewLive(cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}}))
	mux := http.NewServeMux()
	handler := corshttp.New(live)(mux) // as with every adapter

	reload := func(file string) error {
		return live.Reload(func() (cors.Decider, error) { return cors.ParsePolicy([]byte(file)) })
	}
	allowed := func() string {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Origin", "https://admin.example.com")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Header().Get("Access-Control-Allow-Origin")
	}
	fmt.Printf("%q\n", allowed())
	fmt.Println(reload(`{"allowOrigins": ["https://admin.example.com"]}`))
	fmt.Printf("%q\n", allowed())
	fmt.Println(reload(`{"allowOrigins": ["https://admin.example.com/"]}`))
	fmt.Printf("%q\n", allowed())
	// Output:
	// ""
	// <nil>
	// "https://admin.example.com"
	// cors: Live.Reload: the current policy stays: 1:19: allowOrigins: "https://admin.example.com/" has a trailing slash: write https://admin.example.com
	// "https://admin.example.com"
}

// Each tenant has a policy of its own, and the whole table can be replaced, for
// instance when a tenant signs up.
func ExampleByHost() {
	byHost, err := cors.ByHost(map[string]cors.Decider{
		"acme.api.example":     cors.MustNew(cors.Config{AllowOrigins: []string{"https://acme.example"}}),
		"*.globex.api.example": cors.MustNew(cors.Config{AllowOrigins: []string{"https://globex.example"}}),
	})
	if err != nil {
		panic(err)
	}
	for _, host := range []string{"acme.api.example", "eu.globex.api.example", "other.example"} {
		d := byHost.Decide(context.Background(), cors.Request{
			Method: "GET",
			Host:   host,
			Origin: cors.NewLines([]string{"https://acme.example"}),
		})
		fmt.Printf("%s %q\n", host, d.AllowOrigin)
	}
	// Output:
	// acme.api.example "https://acme.example"
	// eu.globex.api.example ""
	// other.example ""
}

// The combinators fit into each other: here policies by tenant, replaceable as a
// whole, with a log of what is refused.
func ExampleObserve() {
	tenants, err := cors.ByHost(map[string]cors.Decider{
		"acme.api.example": cors.MustNew(cors.Config{AllowOrigins: []string{"https://acme.example"}}),
	})
	if err != nil {
		panic(err)
	}
	live := cors.NewLive(tenants)
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	mux := http.NewServeMux()
	handler := corshttp.New(cors.Observe(live, cors.LogEvents(logger)))(mux)

	r := httptest.NewRequest("GET", "http://acme.api.example/", nil)
	r.Header.Set("Origin", "https://evil.example")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	// Output: level=INFO msg=cors reason=origin-not-allowed kind=actual origin="\"https://evil.example\"" host="\"acme.api.example\"" method="\"GET\""
}

// However many requests a hostile client sends, there are ten lines in the log
// for each reason and minute.
func ExampleObserveSampled() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	lines := 0
	d := cors.ObserveSampled(policy, 10, time.Minute, func(context.Context, cors.Event) { lines++ })
	for range 1000 {
		d.Decide(context.Background(), cors.Request{Method: "GET", Origin: cors.NewLines([]string{"https://evil.example"})})
	}
	fmt.Println(lines)
	// Output: 10
}

func ExampleShadow() {
	current := cors.MustNew(cors.Config{AllowOrigins: []string{"https://*.example.com"}})
	candidate := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	d := cors.Shadow(current, candidate, func(_ context.Context, current, candidate cors.Event) {
		fmt.Printf("%q: %s, would be %s\n", current.Origin, current.Reason, candidate.Reason)
	})
	for _, origin := range []string{"https://app.example.com", "https://old.example.com"} {
		d.Decide(context.Background(), cors.Request{Method: "GET", Origin: cors.NewLines([]string{origin})})
	}
	// Output: "https://old.example.com": allowed, would be origin-not-allowed
}

func ExampleConfig_With() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowHeaders: []string{"Authorization"},
	}.With(cors.PresetGRPCWeb(), cors.PresetTraceContext()))
	d := policy.Decide(context.Background(), cors.Request{
		Method:        "OPTIONS",
		Origin:        cors.NewLines([]string{"https://app.example.com"}),
		RequestMethod: cors.NewLines([]string{"POST"}),
	})
	fmt.Println(d.AllowHeaders)
	// Output: Authorization,Content-Type,Grpc-Timeout,X-Grpc-Web,X-User-Agent,traceparent,tracestate
}

func ExampleParsePolicy() {
	_, err := cors.ParsePolicy([]byte(`{
  "allowOrigins": ["https://app.example.com:443"],
  "allowedMethods": ["PUT"]
}`))
	fmt.Println(err)
	// Output:
	// 2:20: allowOrigins: "https://app.example.com:443" names the default port of https, which browsers leave out: write https://app.example.com
	// 3:3: allowedMethods: is not a key of a policy file: write allowMethods
}
