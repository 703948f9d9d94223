// Command chi serves two groups of routes under two policies with chi.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/go-chi/chi/v5"

	corschi "github.com/corskit/corskit/adapters/chi"
	cors "github.com/corskit/corskit/core"
)

// Any page of ours, and pages under development, may read what is public.
var publicPolicy = cors.MustNew(cors.Config{
	AllowOrigins: []string{"https://*.example.com", "http://localhost:*"},
})

// One page may act for its user.
var accountPolicy = cors.MustNew(cors.Config{
	AllowOrigins:     []string{"https://app.example.com"},
	AllowMethods:     []string{"PUT"},
	AllowHeaders:     []string{"X-CSRF-Token"},
	AllowCredentials: true,
})

func newApp() http.Handler {
	router := chi.NewRouter()

	router.Route("/public", func(r chi.Router) {
		r.Use(corschi.New(publicPolicy))
		r.Get("/items", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "three items")
		})
	})

	router.Route("/account", func(r chi.Router) {
		r.Use(corschi.New(accountPolicy))
		r.Put("/name", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "name changed")
		})
	})

	return router
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`HOST:PORT` to listen on")
	flag.Parse()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf(hints, listener.Addr())
	log.Fatal(http.Serve(listener, newApp()))
}

const hints = `listening on http://%[1]s, try:
  curl -i http://%[1]s/public/items -H 'Origin: https://shop.example.com'
  curl -i http://%[1]s/account/name -H 'Origin: https://app.example.com' -X OPTIONS -H 'Access-Control-Request-Method: PUT'
  curl -i http://%[1]s/account/name -H 'Origin: https://shop.example.com' -X OPTIONS -H 'Access-Control-Request-Method: PUT'
`
