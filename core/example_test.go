package cors_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

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
