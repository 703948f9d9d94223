package corsfiber_test

import (
	"fmt"
	"net/http/httptest"

	corsfiber "github.com/corskit/corskit/adapters/fiberv3"
	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"
)

func putItem(c fiber.Ctx) error { return c.SendString("saved") }

func Example() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	app := fiber.New()
	app.Use(corsfiber.New(policy)) // before routes and authentication
	app.Use(recover.New())         // fiber's own: without it a panic ends the process
	app.Put("/items", putItem)
	// app.Listen(":8080")

	preflight := httptest.NewRequest("OPTIONS", "/items", nil)
	preflight.Header.Set("Origin", "https://app.example.com")
	preflight.Header.Set("Access-Control-Request-Method", "PUT")
	response, err := app.Test(preflight)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.Status)
	fmt.Println(response.Header.Get("Access-Control-Allow-Origin"))
	fmt.Println(response.Header.Get("Access-Control-Allow-Methods"))
	// Output:
	// 204 No Content
	// https://app.example.com
	// PUT
}

func ExampleNew_group() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	app := fiber.New()
	api := app.Group("/api", corsfiber.New(policy))
	api.Get("/items", func(c fiber.Ctx) error { return c.SendString("items") })
	app.Get("/apix", func(c fiber.Ctx) error { return c.SendString("outside") })

	for _, path := range []string{"/api/items", "/api/nowhere", "/apix"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Origin", "https://app.example.com")
		response, err := app.Test(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %d %q\n", path, response.StatusCode, response.Header.Get("Access-Control-Allow-Origin"))
	}
	// Output:
	// /api/items 200 "https://app.example.com"
	// /api/nowhere 404 "https://app.example.com"
	// /apix 200 ""
}

func ExampleScopes() {
	origins := func(origin string) *cors.Policy {
		return cors.MustNew(cors.Config{AllowOrigins: []string{origin}, AllowMethods: []string{"PUT"}})
	}
	app := fiber.New()
	scope := corsfiber.Scopes(app) // before routes and authentication
	api := app.Group("/api")
	admin := api.Group("/admin")
	scope.Group(api, origins("https://app.example.com"))
	scope.Group(admin, origins("https://admin.example.com"))
	scope.Route("PUT", "/upload/:id", origins("https://upload.example.com"))
	api.Put("/items", putItem)
	admin.Put("/items", putItem)
	app.Put("/upload/:id", putItem)

	for path, origin := range map[string]string{
		"/api/items":       "https://app.example.com",
		"/api/admin/items": "https://admin.example.com",
		"/upload/1":        "https://upload.example.com",
	} {
		preflight := httptest.NewRequest("OPTIONS", path, nil)
		preflight.Header.Set("Origin", origin)
		preflight.Header.Set("Access-Control-Request-Method", "PUT")
		response, err := app.Test(preflight)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(path, response.StatusCode, response.Header.Get("Access-Control-Allow-Origin"))
	}
	// Unordered output:
	// /api/items 204 https://app.example.com
	// /api/admin/items 204 https://admin.example.com
	// /upload/1 204 https://upload.example.com
}

func ExampleVerify() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	app := fiber.New()
	app.Get("/health", func(c fiber.Ctx) error { return nil })
	api := app.Group("/api")
	api.Get("/items", func(c fiber.Ctx) error { return nil })
	api.Use(corsfiber.New(policy))

	findings, err := corsfiber.Verify(app, "GET /health") // which needs no policy
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range findings {
		fmt.Println(f.Method, f.Route)
		fmt.Println(f.Problem)
		fmt.Println(f.Fix)
	}
	// Output:
	// GET /api/items
	// CORS-preflight requests are answered, but no policy covers the request itself
	// write app.Use(corsfiber.New(policy)) before routes, authentication and all else that answers by itself
}

func ExampleSeal() {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{"https://app.example.com"}})
	app := fiber.New()
	app.Use(corsfiber.New(policy, corsfiber.Seal()))
	app.Get("/legacy", func(c fiber.Ctx) error {
		c.Set("Vary", "Accept-Encoding")
		c.Set("Access-Control-Allow-Origin", "*") // or an upstream's
		return nil
	})

	r := httptest.NewRequest("GET", "/legacy", nil)
	r.Header.Set("Origin", "https://app.example.com")
	response, err := app.Test(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.Header["Access-Control-Allow-Origin"])
	fmt.Println(response.Header["Vary"])
	// Output:
	// [https://app.example.com]
	// [Accept-Encoding, Origin]
}

func ExampleNew_methodsFromRoutes() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins:      []string{"https://app.example.com"},
		MethodsFromRoutes: true,
	})
	app := fiber.New()
	app.Use(corsfiber.New(policy))
	app.Put("/items/:id", putItem)
	app.Delete("/items/:id", func(c fiber.Ctx) error { return nil })

	preflight := httptest.NewRequest("OPTIONS", "/items/1", nil)
	preflight.Header.Set("Origin", "https://app.example.com")
	preflight.Header.Set("Access-Control-Request-Method", "DELETE")
	response, err := app.Test(preflight)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.Header.Get("Access-Control-Allow-Methods"))
	// Output:
	// PUT,DELETE
}
