package corsecho_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"

	corsecho "github.com/corskit/corskit/adapters/echo"
	cors "github.com/corskit/corskit/core"
)

func Example() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	e := echo.New()
	e.Use(corsecho.New(policy))
	e.PUT("/items", putItem)

	printPreflight(e, "/items")
	// Output:
	// OPTIONS /items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
}

func ExampleNew_group() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	e := echo.New()
	g := e.Group("/api", corsecho.New(policy))
	g.PUT("/items", putItem)
	e.PUT("/other", putItem)

	printPreflight(e, "/api/items")
	printPreflight(e, "/other")
	// Output:
	// OPTIONS /api/items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
	// OPTIONS /other: 204 No Content
}

func ExampleScopes() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	adminPolicy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://admin.example.com"}})
	itemPolicy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT", "DELETE"},
	})
	e := echo.New()
	scopes := corsecho.Scopes(e) // before authentication
	api := e.Group("/api")
	scopes.Group(api, policy)
	scopes.Group(api.Group("/admin"), adminPolicy)
	scopes.Route("PUT", "/items/:id", itemPolicy)
	api.PUT("/items", putItem)
	e.PUT("/items/:id", putItem)
	e.PUT("/other", putItem)

	printPreflight(e, "/api/items")
	printPreflight(e, "/api/admin/users")
	printPreflight(e, "/items/7")
	printPreflight(e, "/other")
	// Output:
	// OPTIONS /api/items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
	// OPTIONS /api/admin/users: 403 Forbidden
	// OPTIONS /items/7: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT,DELETE
	// OPTIONS /other: 204 No Content
}

func ExampleVerify() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	e := echo.New()
	corsecho.Scopes(e).Group(e.Group("/api"), policy)
	e.PUT("/api/items", putItem)
	e.PUT("/items", putItem) // forgotten
	e.GET("/health", putItem)

	findings, err := corsecho.Verify(e, "GET /health") // which has no policy on purpose
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// high: PUT /items: no policy covers it: mount the policy with e.Use(corsecho.New(policy)), or give the route one with Scope.Group or Scope.Route
}

func ExampleSeal() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	e := echo.New()
	e.Use(corsecho.New(policy, corsecho.Seal()))
	e.GET("/items", func(c echo.Context) error {
		c.Response().Header().Add("Access-Control-Allow-Origin", "*") // a proxied server, perhaps
		return c.NoContent(http.StatusOK)
	})

	r := httptest.NewRequest("GET", "/items", nil)
	r.Header.Set("Origin", "https://app.example.com")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	fmt.Println(w.Header()["Access-Control-Allow-Origin"])
	// Output: [https://app.example.com]
}

func ExampleNew_methodsFromRoutes() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins:      []string{"https://app.example.com"},
		MethodsFromRoutes: true, // what echo has routes for, at the path of the request
	})
	e := echo.New()
	e.Use(corsecho.New(policy))
	e.GET("/items", putItem)
	e.PUT("/items", putItem)
	e.DELETE("/other", putItem)

	printPreflight(e, "/items")
	// Output:
	// OPTIONS /items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: GET,PUT
}

func putItem(c echo.Context) error { return c.NoContent(http.StatusOK) }

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
