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

// Two groups inside of each other, and one route, each with its own policy.
func ExampleScopes() {
	public := cors.MustNew(cors.Config{AllowOrigins: []string{"*"}})
	admin := cors.MustNew(cors.Config{
		AllowOrigins:     []string{"https://admin.example.com"},
		AllowMethods:     []string{"PUT"},
		AllowCredentials: true,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/items", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("PUT /api/admin/items", func(http.ResponseWriter, *http.Request) {})
	scopes := corshttp.Scopes(mux)
	scopes.Group("/api", public)
	scopes.Group("/api/admin", admin)

	for _, path := range []string{"/api/items", "/api/admin/items", "/other"} {
		r := httptest.NewRequest("OPTIONS", path, nil)
		r.Header.Set("Origin", "https://admin.example.com")
		r.Header.Set("Access-Control-Request-Method", "PUT")
		w := httptest.NewRecorder()
		scopes.ServeHTTP(w, r)
		fmt.Println(path, w.Code, w.Header().Get("Access-Control-Allow-Origin"))
	}
	// Output:
	// /api/items 204 *
	// /api/admin/items 204 https://admin.example.com
	// /other 404
}

// A policy on one handler alone never sees the CORS-preflight request.
func ExampleVerify() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	putItem := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux := http.NewServeMux()
	mux.Handle("PUT /items", corshttp.New(policy)(putItem))

	findings, err := corshttp.Verify(mux, []string{"PUT /items"})
	if err != nil {
		panic(err)
	}
	for _, f := range findings {
		fmt.Println(f.Severity, f.Method, f.Route+":", f.Problem)
	}
	// Output:
	// high PUT /items: CORS-preflight requests get 405 from the router, and reach no policy
}

// A handler, such as a proxied server with a policy of its own, cannot change
// what was decided.
func ExampleSeal() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Access-Control-Allow-Origin", "*")
		w.Header().Set("Vary", "Accept-Encoding")
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Origin", "https://app.example.com")
	for _, handler := range []http.Handler{
		corshttp.New(policy)(upstream),
		corshttp.New(policy, corshttp.Seal())(upstream),
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Header()["Access-Control-Allow-Origin"], w.Header()["Vary"])
	}
	// Output:
	// [https://app.example.com *] [Accept-Encoding]
	// [https://app.example.com] [Accept-Encoding, Origin]
}
