package fetch_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/corskit/corskit/conformance/fetch"
)

// A server that forgets about the methods of its API.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
	}))
	defer server.Close()
	for _, method := range []string{"GET", "PUT"} {
		request := fetch.Request{
			Origin: "https://app.example.com",
			URL:    server.URL,
			Method: method,
		}
		outcome := fetch.Fetch(context.Background(), request, http.DefaultTransport.RoundTrip, nil)
		fmt.Println(method, outcome.Result, outcome.Failure.Reason)
		fmt.Println(outcome.Failure.Text())
	}
	// Output:
	// GET readable none
	//
	// PUT blocked method-not-allowed
	// Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.
}
