// Command nethttp serves two groups of routes under two policies with net/http.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
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
	public := http.NewServeMux()
	public.HandleFunc("GET /public/items", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "three items")
	})

	account := http.NewServeMux()
	account.HandleFunc("PUT /account/name", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "name changed")
	})

	// The middleware goes around the whole of each group, so that it sees the
	// CORS-preflight requests, for which no route is registered.
	mux := http.NewServeMux()
	mux.Handle("/public/", corshttp.New(publicPolicy)(public))
	mux.Handle("/account/", corshttp.New(accountPolicy)(account))
	return mux, nil
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
