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

// Groups in each other, and single routes, each have their own policy.
func ExampleScope_Route() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	adminPolicy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://admin.example.com"},
		AllowMethods: []string{"PUT"},
	})
	e := gin.New()
	scopes := corsgin.Scopes(e)
	api := e.Group("/api")
	scopes.Group(api, policy)
	api.PUT("/items", putItem)
	admin := api.Group("/admin")
	scopes.Group(admin, adminPolicy)
	admin.PUT("/items", putItem)
	scopes.Route("PUT", "/api/items/:id", adminPolicy)
	api.PUT("/items/:id", putItem)

	printPreflight(e, "/api/items")
	printPreflight(e, "/api/admin/items")
	printPreflight(e, "/api/items/1")
	// Output:
	// OPTIONS /api/items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: PUT
	// OPTIONS /api/admin/items: 403 Forbidden
	// OPTIONS /api/items/1: 403 Forbidden
}

// A whole server whose answers list the methods that it has routes for.
func ExampleScope_Group_methodsFromRoutes() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins:      []string{"https://app.example.com"},
		MethodsFromRoutes: true,
	})
	e := gin.New()
	corsgin.Scopes(e).Group(&e.RouterGroup, policy)
	e.GET("/items", putItem)
	e.PUT("/items", putItem)

	printPreflight(e, "/items")
	// Output:
	// OPTIONS /items: 204 No Content
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: GET,PUT
}

// In a test of the server, or when it starts, Verify should find nothing.
func ExampleVerify() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	e := gin.New()
	e.PUT("/items", putItem)
	e.Use(corsgin.New(policy)) // too late for the route above

	findings, err := corsgin.Verify(e)
	fmt.Println(err)
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// <nil>
	// high: PUT /items: CORS-preflight requests are answered, but no policy covers the request itself: call e.Use(corsgin.New(policy)), or corsgin.Scopes(e), before routes, groups and authentication
}

// A proxied upstream with CORS headers of its own would add a second
// Access-Control-Allow-Origin, which browsers refuse.
func ExampleSeal() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	e := gin.New()
	e.Use(corsgin.New(policy, corsgin.Seal()))
	e.GET("/proxied", func(c *gin.Context) {
		c.Writer.Header().Add("Access-Control-Allow-Origin", "*")
		c.String(http.StatusOK, "from upstream")
	})

	r := httptest.NewRequest("GET", "/proxied", nil)
	r.Header.Set("Origin", "https://app.example.com")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	fmt.Println(w.Result().Header["Access-Control-Allow-Origin"])
	// Output: [https://app.example.com]
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
