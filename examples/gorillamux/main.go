// Command gorillamux serves two groups of routes under two policies with
// gorilla/mux.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/gorilla/mux"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Any page of ours, and pages under development, may read what is public.
var publicConfig = cors.Config{
	AllowOrigins: []string{"https://*.example.com", "http://localhost:*"},
}

// One page may act for its user, by the methods that the router serves.
var accountConfig = cors.Config{
	AllowOrigins:      []string{"https://app.example.com"},
	MethodsFromRoutes: true,
	AllowHeaders:      []string{"X-CSRF-Token"},
	AllowCredentials:  true,
}

func newApp() (http.Handler, error) {
	publicPolicy, publicErr := cors.New(publicConfig)
	accountPolicy, accountErr := cors.New(accountConfig)
	if err := errors.Join(publicErr, accountErr); err != nil {
		return nil, err
	}
	public := mux.NewRouter()
	public.HandleFunc("/public/items", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "three items")
	}).Methods("GET")

	account := mux.NewRouter()
	account.HandleFunc("/account/name", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "name changed")
	}).Methods("PUT")

	// The middleware goes around a router. What Router.Use takes does not run
	// where the router finds no route, as for CORS-preflight requests.
	router := mux.NewRouter()
	router.PathPrefix("/public/").Handler(corshttp.New(publicPolicy)(public))
	router.PathPrefix("/account/").Handler(corshttp.New(accountPolicy, methodsOf(account))(account))
	return router, nil
}

// methodsOf tells the middleware which methods a router serves at a path.
func methodsOf(router *mux.Router) corshttp.Option {
	return corshttp.RouteMethods(func(r *http.Request) []string {
		return cors.ServedMethods(func(method string) bool {
			var match mux.RouteMatch
			asked := &http.Request{Method: method, URL: r.URL, Host: r.Host, Header: http.Header{}}
			return router.Match(asked, &match) && match.MatchErr == nil
		})
	})
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
