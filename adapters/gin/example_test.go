package corsgin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	corsgin "github.com/corskit/corskit/adapters/gin"
	cors "github.com/corskit/corskit/core"
)

func Example() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	e := gin.New()
	e.Use(corsgin.New(policy))
	e.PUT("/items", putItem)

	printPreflight(e, "/items")
	// Output:
	// OPTIONS /items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
}

func ExampleScopes() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	e := gin.New()
	scopes := corsgin.Scopes(e)
	api := e.Group("/api")
	scopes.Group(api, policy)
	api.PUT("/items", putItem)
	e.PUT("/other", putItem)

	printPreflight(e, "/api/items")
	printPreflight(e, "/other")
	// Output:
	// OPTIONS /api/items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
	// OPTIONS /other: 404 Not Found
}

func putItem(c *gin.Context) { c.Status(http.StatusOK) }

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
