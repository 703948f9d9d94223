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
