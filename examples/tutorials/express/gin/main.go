// Command gin is the server of the Express tutorial with gin: one policy for
// everything, and a stricter one for a single route.
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

func newApp() (http.Handler, error) {
	globalPolicy, globalErr := cors.New(globalConfig)
	strictPolicy, strictErr := cors.New(strictConfig)
	if err := errors.Join(globalErr, strictErr); err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode) // no list of routes on standard output
	engine := gin.New()
	scopes := corsgin.Scopes(engine) // before everything else
	scopes.Group(&engine.RouterGroup, globalPolicy)
	engine.Use(gin.Recovery())

	engine.GET("/products", func(c *gin.Context) {
		c.String(http.StatusOK, "three products\n")
	})
	engine.POST("/products", func(c *gin.Context) {
		c.String(http.StatusCreated, "product made\n")
	})

	product := engine.Group("/products/:id")
	scopes.Group(product, strictPolicy)
	product.GET("", func(c *gin.Context) {
		c.String(http.StatusOK, "product %s\n", c.Param("id"))
	})
	product.DELETE("", func(c *gin.Context) {
		c.String(http.StatusOK, "product deleted\n")
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
  curl -i http://%[1]s/products -H 'Origin: https://shop.example.com'
  curl -i http://%[1]s/products/1 -H 'Origin: https://app.example.com' -X OPTIONS -H 'Access-Control-Request-Method: DELETE'
  curl -i http://%[1]s/products/1 -H 'Origin: https://shop.example.com' -X OPTIONS -H 'Access-Control-Request-Method: DELETE'
`
