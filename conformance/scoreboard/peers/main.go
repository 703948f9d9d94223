// Command peers serves the routes of the conformance suite through the CORS
// middleware of others, under the policy in a file:
//
//	go build -o bin/peers ./conformance/scoreboard/peers
//	bin/peers -peer rs -policy policy.json -addr 127.0.0.1:0
//	bin/peers -peer rs -policy policy.json -describe
//
// It prints one line when it is ready to answer, and ends on an interrupt. With
// -describe it prints, as JSON, the versions of what it serves with, and what of
// the policy the peer has no option for. It does not serve such a policy.
// It exits with 0 after an interrupt, 2 on wrong usage and 1 on other errors.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters/serve"
)

func main() { program.Main() }

var program = serve.Program{Name: "peers", Usage: usage(), Do: do}

// do serves until ctx is done, or describes.
func do(ctx context.Context, args []string, stdout io.Writer) error {
	options, err := parse(args)
	if err != nil {
		return err
	}
	config, err := serve.ReadPolicy(options.policy)
	if err != nil {
		return err
	}
	lacks := options.peer.lacks(config)
	switch {
	case options.describe:
		return json.NewEncoder(stdout).Encode(description{options.peer.versions(), lacks})
	case len(lacks) > 0:
		return fmt.Errorf("-policy: %s: %s: -describe lists all that %s cannot express", lacks[0].Field, lacks[0].Why, options.peer.name)
	}
	listener, err := serve.Listen(options.addr)
	if err != nil {
		return err
	}
	return serve.Until(ctx, options.peer.mount(config, conformance.Routes(conformance.Global)), listener, stdout)
}

// A description is what -describe prints.
type description struct {
	Versions []version `json:"versions"`
	Cannot   []lack    `json:"cannot"`
}

type options struct {
	peer         peer
	policy, addr string
	describe     bool
}

func parse(args []string) (options, error) {
	var o options
	var name string
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.StringVar(&name, "peer", "", "")
	flags.StringVar(&o.policy, "policy", "", "")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "")
	flags.BoolVar(&o.describe, "describe", false, "")
	if err := serve.ParseFlags(flags, args); err != nil {
		return o, err
	}
	switch {
	case name == "":
		return o, serve.Misuse("-peer is missing: write one of %s", names())
	case o.policy == "":
		return o, serve.Misuse("-policy is missing: write the path of a policy file")
	}
	for _, o.peer = range peers {
		if o.peer.name == name {
			return o, nil
		}
	}
	return o, serve.Misuse("-peer: %q is not known: write one of %s", name, names())
}

func names() string {
	var names []string
	for _, p := range peers {
		names = append(names, p.name)
	}
	return strings.Join(names, ", ")
}

func usage() string {
	return fmt.Sprintf(`usage: peers -peer NAME -policy FILE [-addr HOST:PORT] [-describe]

  -peer NAME         whose middleware to serve with: %s
  -policy FILE       the policy file (JSON)
  -addr HOST:PORT    where to listen, 127.0.0.1:8080 by default; port 0 picks a free one
  -describe          print versions, and what of the policy the peer cannot express
`, names())
}
