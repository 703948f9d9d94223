// Command chi is the server of the Express tutorial with chi: one policy for
// everything, and a stricter one for a single route.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/go-chi/chi/v5"

	corschi "github.com/corskit/corskit/adapters/chi"
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
	router := chi.NewRouter()
	scopes := corschi.Scopes(router) // before everything else
	scopes.Group("/", globalPolicy)
	scopes.Group("/products/{id}", strictPolicy)

	router.Get("/products", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "three products")
	})
	router.Post("/products", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintln(w, "product made")
	})
	router.Get("/products/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "product", chi.URLParam(r, "id"))
	})
	router.Delete("/products/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "product deleted")
	})

	return router, nil
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
