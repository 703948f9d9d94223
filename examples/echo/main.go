// Command echo serves two groups of routes under two policies with echo v4.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"

	corsecho "github.com/corskit/corskit/adapters/echo"
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

func newApp() (http.Handler, error) {
	publicPolicy, publicErr := cors.New(publicConfig)
	accountPolicy, accountErr := cors.New(accountConfig)
	if err := errors.Join(publicErr, accountErr); err != nil {
		return nil, err
	}
	e := echo.New()

	// The policy is given as the group is made, before its routes.
	public := e.Group("/public", corsecho.New(publicPolicy))
	public.GET("/items", func(c echo.Context) error {
		return c.String(http.StatusOK, "three items\n")
	})

	account := e.Group("/account", corsecho.New(accountPolicy))
	account.PUT("/name", func(c echo.Context) error {
		return c.String(http.StatusOK, "name changed\n")
	})

	return e, nil
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
	log.Fatal(http.Serve(listener, app))
}

const hints = `listening on http://%[1]s, try:
  curl -i http://%[1]s/public/items -H 'Origin: https://shop.example.com'
  curl -i http://%[1]s/account/name -H 'Origin: https://app.example.com' -X OPTIONS -H 'Access-Control-Request-Method: PUT'
  curl -i http://%[1]s/account/name -H 'Origin: https://shop.example.com' -X OPTIONS -H 'Access-Control-Request-Method: PUT'
`
