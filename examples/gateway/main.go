// Command gateway puts two policies in front of a server that has CORS headers of
// its own. The ServeMux of grpc-gateway is a handler as the proxy is, and may stand
// in its place.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"

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

// newApp returns a gateway to an upstream.
func newApp(upstream *url.URL) (http.Handler, error) {
	publicPolicy, publicErr := cors.New(publicConfig)
	accountPolicy, accountErr := cors.New(accountConfig)
	if err := errors.Join(publicErr, accountErr); err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(upstream)
		// The policy answers for the upstream, which need not know of origins.
		r.Out.Header.Del("Origin")
	}}
	// Without Seal, responses would have the upstream's CORS headers beside those
	// of the policy, and browsers refuse all that have two.
	mux := http.NewServeMux()
	mux.Handle("/public/", corshttp.New(publicPolicy, corshttp.Seal())(proxy))
	mux.Handle("/account/", corshttp.New(accountPolicy, corshttp.Seal())(proxy))
	return mux, nil
}

// newUpstream returns a server that is not ours to change: it lets everybody in.
func newUpstream() http.Handler {
	mux := http.NewServeMux()
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Access-Control-Allow-Headers", "*")
			w.Header().Set("Vary", "Accept-Encoding")
			fmt.Fprintln(w, text)
		}
	}
	mux.HandleFunc("GET /public/items", answer("three items"))
	mux.HandleFunc("PUT /account/name", answer("name changed"))
	return mux
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`HOST:PORT` to listen on")
	flag.Parse()
	log.SetFlags(0)
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(upstream, newUpstream())) }()
	app, err := newApp(&url.URL{Scheme: "http", Host: upstream.Addr().String()})
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
