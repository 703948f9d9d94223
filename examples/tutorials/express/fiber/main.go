// Command fiber is the server of the Express tutorial with fiber v2: one policy for
// everything, and a stricter one for a single route.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"

	"github.com/gofiber/fiber/v2"

	corsfiber "github.com/corskit/corskit/adapters/fiber"
	cors "github.com/corskit/corskit/core"
)

// What cors() stands for: any page may read everything, and ask for everything.
var globalConfig = cors.Config{
	AllowOrigins: []string{"*"},
	AllowMethods: []string{"PUT", "PATCH", "DELETE"}, // beyond GET, HEAD and POST
	AllowHeaders: []string{"*", "Authorization"},
}

// What corsOptions stands for: one page may see and delete a product.
var strictConfig = cors.Config{
	AllowOrigins:    []string{"https://app.example.com"},
	AllowMethods:    []string{"DELETE"},
	AllowHeaders:    []string{"*", "Authorization"},
	PreflightStatus: 200,
}

func newApp() (*fiber.App, error) {
	globalPolicy, globalErr := cors.New(globalConfig)
	strictPolicy, strictErr := cors.New(strictConfig)
	if err := errors.Join(globalErr, strictErr); err != nil {
		return nil, err
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	scopes := corsfiber.Scopes(app) // before everything else
	scopes.Group(app, globalPolicy)

	app.Get("/products", func(c *fiber.Ctx) error {
		return c.SendString("three products\n")
	})
	app.Post("/products", func(c *fiber.Ctx) error {
		return c.Status(fiber.StatusCreated).SendString("product made\n")
	})

	product := app.Group("/products/:id")
	scopes.Group(product, strictPolicy)
	product.Get("", func(c *fiber.Ctx) error {
		return c.SendString("product " + c.Params("id") + "\n")
	})
	product.Delete("", func(c *fiber.Ctx) error {
		return c.SendString("product deleted\n")
	})

	return app, nil
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`HOST:PORT` to listen on")
	flag.Parse()
	log.SetFlags(0)
	app, err := newApp()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatalf("%v: name another address with -addr", err)
	}
	fmt.Printf(hints, listener.Addr())
	log.Fatal(app.Listener(listener))
}

const hints = `listening on http://%[1]s, try:
  curl -i http://%[1]s/products -H 'Origin: https://shop.example.com'
  curl -i http://%[1]s/products/1 -H 'Origin: https://app.example.com' -X OPTIONS -H 'Access-Control-Request-Method: DELETE'
  curl -i http://%[1]s/products/1 -H 'Origin: https://shop.example.com' -X OPTIONS -H 'Access-Control-Request-Method: DELETE'
`
