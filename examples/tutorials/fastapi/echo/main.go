// Command echo is the server of the FastAPI tutorial with echo v4: any origin, or
// with -explicit two origins, with the methods and headers that they need.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	corsecho "github.com/corskit/corskit/adapters/echo"
	cors "github.com/corskit/corskit/core"
)

// Any page may read and change items, but not with the user's cookies: with
// AllowCredentials New refuses this, as any site could then act for its visitors.
var allowAllConfig = cors.Config{
	AllowOrigins: []string{"*"},
	AllowMethods: []string{"PUT", "PATCH", "DELETE"}, // beyond GET, HEAD and POST
	AllowHeaders: []string{"*", "Authorization"},
	MaxAge:       10 * time.Minute,
}

// Pages of two origins may do so, with cookies.
var explicitConfig = cors.Config{
	AllowOrigins:     []string{"https://app.example.com", "http://localhost:3000"},
	AllowMethods:     []string{"PUT"},
	AllowHeaders:     []string{"Content-Type", "X-CSRF-Token"},
	AllowCredentials: true,
	MaxAge:           10 * time.Minute,
}

func newApp(config cors.Config) (http.Handler, error) {
	policy, err := cors.New(config)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.Use(corsecho.New(policy), middleware.Recover()) // CORS before everything else

	e.GET("/items", func(c echo.Context) error {
		return c.JSON(http.StatusOK, "three items")
	})
	e.PUT("/items/:number", func(c echo.Context) error {
		return c.JSON(http.StatusOK, "item "+c.Param("number")+" changed")
	})
	e.GET("/report", func(c echo.Context) error {
		panic("the report is not written yet")
	})

	return e, nil
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`HOST:PORT` to listen on")
	explicit := flag.Bool("explicit", false, "allow two origins, with credentials, instead of all without")
	flag.Parse()
	log.SetFlags(0)
	config := allowAllConfig
	if *explicit {
		config = explicitConfig
	}
	app, err := newApp(config)
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
  curl -i http://%[1]s/items -H 'Origin: https://app.example.com'
  curl -i http://%[1]s/items/1 -H 'Origin: https://app.example.com' -X OPTIONS -H 'Access-Control-Request-Method: PUT'
  curl -i http://%[1]s/items/1 -H 'Origin: https://shop.example.com' -X OPTIONS -H 'Access-Control-Request-Method: PUT'
`
