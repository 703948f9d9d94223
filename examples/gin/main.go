// Command gin serves two groups of routes under two policies with gin.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	corsgin "github.com/corskit/corskit/adapters/gin"
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
	gin.SetMode(gin.ReleaseMode) // no list of routes on standard output
	engine := gin.New()
	// CORS comes first, and gets the engine: gin never sends CORS-preflight
	// requests through the middleware of a group.
	scopes := corsgin.Scopes(engine)
	engine.Use(gin.Recovery())

	public := engine.Group("/public")
	scopes.Group(public, publicPolicy)
	public.GET("/items", func(c *gin.Context) {
		c.String(http.StatusOK, "three items\n")
	})

	account := engine.Group("/account")
	scopes.Group(account, accountPolicy)
	account.PUT("/name", func(c *gin.Context) {
		c.String(http.StatusOK, "name changed\n")
	})

	return engine, nil
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
