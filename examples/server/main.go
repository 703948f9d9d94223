// Command server serves the routes of the conformance suite through any of the
// adapters, under the policy in a file:
//
//	go build -o bin/server ./examples/server
//	bin/server -adapter gin -policy policy.json -addr 127.0.0.1:8080
//
// It prints one line when it is ready to answer, and ends on an interrupt.
// It exits with 0 after an interrupt, 2 on wrong usage and 1 on other errors.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	"github.com/corskit/corskit/conformance/adapters/serve"
	cors "github.com/corskit/corskit/core"
)

func main() { program.Main() }

var program = serve.Program{Name: "server", Usage: usage(), Do: do}

// do serves until ctx is done.
func do(ctx context.Context, args []string, stdout io.Writer) error {
	options, err := parse(args)
	if err != nil {
		return err
	}
	config, err := serve.ReadPolicy(options.policy)
	if err != nil {
		return err
	}
	policy, err := cors.New(config)
	if err != nil {
		return err
	}
	listener, err := serve.Listen(options.addr)
	if err != nil {
		return err
	}
	app := options.adapter.Mount(conformance.Site{
		Policy: policy,
		Mount:  options.mount,
		Seal:   options.seal,
		Routes: conformance.Routes(options.mount),
	})
	return serve.Until(ctx, app, listener, stdout)
}

type options struct {
	adapter conformance.Adapter
	policy  string
	addr    string
	mount   string
	seal    bool
}

func parse(args []string) (options, error) {
	var o options
	var adapter string
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.StringVar(&adapter, "adapter", "", "")
	flags.StringVar(&o.policy, "policy", "", "")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "")
	flags.StringVar(&o.mount, "mount", conformance.Global, "")
	flags.BoolVar(&o.seal, "seal", false, "")
	if err := serve.ParseFlags(flags, args); err != nil {
		return o, err
	}
	switch {
	case adapter == "":
		return o, serve.Misuse("-adapter is missing: write one of %s", names())
	case o.policy == "":
		return o, serve.Misuse("-policy is missing: write the path of a policy file")
	case o.mount != conformance.Global && o.mount != conformance.Group:
		return o, serve.Misuse("-mount: %q is not known: write %s or %s", o.mount, conformance.Global, conformance.Group)
	}
	for _, o.adapter = range adapters.All {
		if o.adapter.Name == adapter {
			return o, nil
		}
	}
	return o, serve.Misuse("-adapter: %q is not known: write one of %s", adapter, names())
}

func names() string {
	var names []string
	for _, a := range adapters.All {
		names = append(names, a.Name)
	}
	return strings.Join(names, ", ")
}

func usage() string {
	return fmt.Sprintf(`usage: server -adapter NAME -policy FILE [-addr HOST:PORT] [-mount global|group] [-seal]

  -adapter NAME      the framework to serve with: %s
  -policy FILE       the policy file (JSON)
  -addr HOST:PORT    where to listen, 127.0.0.1:8080 by default; port 0 picks a free one
  -mount global      the policy covers the whole server (default)
  -mount group       the policy covers %s and nothing else
  -seal              handlers cannot change CORS headers and Vary
`, names(), conformance.Prefix)
}
