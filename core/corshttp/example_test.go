package corshttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

func Example() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /items", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(corshttp.New(policy)(mux))
	defer server.Close()

	r, _ := http.NewRequest("PUT", server.URL+"/items", nil)
	r.Header.Set("Origin", "https://app.example.com")
	response, err := server.Client().Do(r)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode, response.Header.Get("Access-Control-Allow-Origin"))
	// Output: 200 https://app.example.com
}

// One list of origins serves CORS and the protection against cross-site request
// forgery.
func ExampleTrustOrigins() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins:     []string{"https://app.example.com"},
		AllowCredentials: true,
	})
	csrf := http.NewCrossOriginProtection()
	if err := corshttp.TrustOrigins(csrf, policy); err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /items", func(http.ResponseWriter, *http.Request) {})
	handler := corshttp.New(policy)(csrf.Handler(mux))

	for _, origin := range []string{"https://app.example.com", "https://evil.example"} {
		r := httptest.NewRequest("POST", "/items", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(origin, w.Code)
	}
	// Output:
	// https://app.example.com 200
	// https://evil.example 403
}

// With gorilla/websocket the function is all that the Upgrader needs:
//
//	upgrader := websocket.Upgrader{CheckOrigin: corshttp.CheckOrigin(policy)}
//
// Packages without such a field, as coder/websocket, are told not to check the
// origin themselves, and called after it was checked:
func ExampleCheckOrigin() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins:     []string{"https://app.example.com"},
		AllowCredentials: true,
	})
	allowed := corshttp.CheckOrigin(policy)
	socket := func(w http.ResponseWriter, r *http.Request) {
		if !allowed(r) {
			http.Error(w, "origin not allowed", http.StatusForbidden)
			return
		}
		// websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		w.WriteHeader(http.StatusSwitchingProtocols)
	}

	for _, origin := range []string{"https://app.example.com", "https://evil.example"} {
		r := httptest.NewRequest("GET", "/socket", nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		socket(w, r)
		fmt.Println(origin, w.Code)
	}
	// Output:
	// https://app.example.com 101
	// https://evil.example 403
}
