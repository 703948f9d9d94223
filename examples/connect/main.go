// Command connect serves a procedure of the Connect protocol to pages of other
// origins.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Pages of ours may call, with the headers that the protocol needs. Calls by GET
// need no more than those by POST.
var config = cors.Config{
	AllowOrigins: []string{"https://app.example.com", "http://localhost:*"},
}.With(cors.PresetConnect())

// greetProcedure is what generated code would have as a constant.
const greetProcedure = "/greet.v1.GreetService/Greet"

func newApp() (http.Handler, error) {
	policy, err := cors.New(config)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(greetProcedure, connect.NewUnaryHandler(greetProcedure, greet))

	// Outside of all handlers: those of Connect answer 405 to OPTIONS.
	return corshttp.New(policy)(mux), nil
}

// greet takes and returns a well-known message, in the place of generated ones.
func greet(_ context.Context, r *connect.Request[wrapperspb.StringValue]) (*connect.Response[wrapperspb.StringValue], error) {
	return connect.NewResponse(wrapperspb.String("Hello, " + r.Msg.GetValue())), nil
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
  curl -i http://%[1]s/greet.v1.GreetService/Greet -H 'Origin: https://app.example.com' -H 'Content-Type: application/json' -d '"world"'
  curl -i http://%[1]s/greet.v1.GreetService/Greet -H 'Origin: https://app.example.com' -X OPTIONS -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: connect-protocol-version,content-type'
  curl -i http://%[1]s/greet.v1.GreetService/Greet -H 'Origin: https://other.example' -X OPTIONS -H 'Access-Control-Request-Method: POST'
`
