package corschi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	corschi "github.com/corskit/corskit/adapters/chi"
	cors "github.com/corskit/corskit/core"
)

func Example() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	r := chi.NewRouter()
	r.Use(corschi.New(policy))
	r.Put("/items", putItem)

	printPreflight(r, "/items")
	// Output:
	// OPTIONS /items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
}

func ExampleNew_route() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	r := chi.NewRouter()
	r.Route("/api", func(r chi.Router) {
		r.Use(corschi.New(policy))
		r.Put("/items", putItem)
	})
	r.Put("/other", putItem)

	printPreflight(r, "/api/items")
	printPreflight(r, "/other")
	// Output:
	// OPTIONS /api/items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
	// OPTIONS /other: 405 Method Not Allowed
}

func ExampleScopes() {
	app := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"PUT"}})
	admin := cors.MustNew(cors.Config{AllowOrigins: []string{"https://admin.example.com"}, AllowMethods: []string{"PUT"}})

	r := chi.NewRouter()
	scopes := corschi.Scopes(r) // before the routes
	scopes.Group("/api", app)
	scopes.Group("/api/admin", admin)
	scopes.Route("PUT", "/upload/{id}", app)

	r.Route("/api", func(r chi.Router) {
		r.Put("/items", putItem)
		r.Put("/admin/items", putItem)
	})
	r.Put("/upload/{id}", putItem)

	printPreflight(r, "/api/items")
	printPreflight(r, "/api/admin/items")
	printPreflight(r, "/upload/7")
	// Output:
	// OPTIONS /api/items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
	// OPTIONS /api/admin/items: 403 Forbidden
	// OPTIONS /upload/7: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
}

func ExampleVerify() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"PUT"}})
	r := chi.NewRouter()
	r.With(corschi.New(policy)).Put("/items", putItem)
	r.Get("/health", func(http.ResponseWriter, *http.Request) {})

	findings, err := corschi.Verify(r, "GET /health")
	for _, f := range findings {
		fmt.Println(f.Severity, f.Method, f.Route)
		fmt.Println(f.Problem)
		fmt.Println(f.Fix)
	}
	fmt.Println(err)
	// Output:
	// high PUT /items
	// CORS-preflight requests get 405 from the router, and reach no policy
	// mount the policy with r.Use on the router itself, not with r.With nor in r.Group, and register no routes for OPTIONS
	// <nil>
}

func ExampleSeal() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	r := chi.NewRouter()
	r.Use(corschi.New(policy, corschi.Seal()))
	r.Get("/items", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Access-Control-Allow-Origin", "*") // as a proxied server may
		w.WriteHeader(http.StatusOK)
	})

	q := httptest.NewRequest("GET", "/items", nil)
	q.Header.Set("Origin", "https://app.example.com")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	fmt.Println(w.Result().Header["Access-Control-Allow-Origin"])
	// Output: [https://app.example.com]
}

func ExampleNew_methodsFromRoutes() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}, MethodsFromRoutes: true})
	r := chi.NewRouter()
	r.Use(corschi.New(policy))
	r.Get("/items", putItem)
	r.Put("/items", putItem)

	printPreflight(r, "/items")
	// Output:
	// OPTIONS /items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: GET,PUT
}

func putItem(http.ResponseWriter, *http.Request) {}

// printPreflight sends the CORS-preflight request for a PUT request from
// https://app.example.com, and prints the answer.
func printPreflight(h http.Handler, path string) {
	r := httptest.NewRequest("OPTIONS", path, nil)
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "PUT")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)

	fmt.Printf("OPTIONS %s: %s\n", path, w.Result().Status)
	for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Methods"} {
		if value := w.Header().Get(name); value != "" {
			fmt.Println(name+":", value)
		}
	}
}
