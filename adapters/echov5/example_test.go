package corsecho_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v5"

	corsecho "github.com/corskit/corskit/adapters/echov5"
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

func putItem(c *echo.Context) error { return c.NoContent(http.StatusOK) }

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
