// Command fiber serves two groups of routes under two policies with fiber v2.
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

// Any page of ours, and pages under development, may read what is public.
var publicConfig = cors.Config{
	AllowOrigins: []string{"https://*.example.com", "http://localhost:*"},
}

// One page may act for its user.
var accountConfig = cors.Config{
	AllowOrigins:     []string{"https://app.example.com"},
	AllowMethods:     []string{"PUT"},
	AllowHeaders:     []string{"X-CSRF-Token"},
	AllowCredentials: true,
}

func newApp() (*fiber.App, error) {
	publicPolicy, publicErr := cors.New(publicConfig)
	accountPolicy, accountErr := cors.New(accountConfig)
	if err := errors.Join(publicErr, accountErr); err != nil {
		return nil, err
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})

	public := app.Group("/public", corsfiber.New(publicPolicy))
	public.Get("/items", func(c *fiber.Ctx) error {
		return c.SendString("three items\n")
	})

	account := app.Group("/account", corsfiber.New(accountPolicy))
	account.Put("/name", func(c *fiber.Ctx) error {
		return c.SendString("name changed\n")
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
  curl -i http://%[1]s/public/items -H 'Origin: https://shop.example.com'
  curl -i http://%[1]s/account/name -H 'Origin: https://app.example.com' -X OPTIONS -H 'Access-Control-Request-Method: PUT'
  curl -i http://%[1]s/account/name -H 'Origin: https://shop.example.com' -X OPTIONS -H 'Access-Control-Request-Method: PUT'
`
