package live_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/corskit/corskit/conformance/live"
	cors "github.com/corskit/corskit/core"
)

// A server that lets pages read its responses, and forgets about caches.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") == "https://app.example.com" {
			w.Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
		}
	}))
	defer server.Close()
	config, err := cors.ParseConfig([]byte(`{"allowOrigins": ["https://app.example.com"]}`))
	if err != nil {
		log.Fatal(err)
	}
	suite, err := live.New(config, live.Target{URL: server.URL + "/items"})
	if err != nil {
		log.Fatal(err)
	}
	err = suite.Run(context.Background(), 4, func(r live.Result) {
		if r.Name == "vary/refused" {
			fmt.Println(r.Verdict, r.Name, r.Problems[0].Text)
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// fail vary/refused Vary is absent, but Access-Control-Allow-Origin depends on Origin: a cache hands the response to pages of other origins.
}
