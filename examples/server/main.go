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
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	"github.com/corskit/corskit/conformance/adapters/serve"
	cors "github.com/corskit/corskit/core"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// run serves until ctx is done and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	options, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage())
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "server: %v\n", err)
		return exitUsage
	}
	policy, faults := load(options.policy)
	if len(faults) > 0 {
		for _, fault := range faults {
			fmt.Fprintf(stderr, "server: %s\n", fault)
		}
		return exitError
	}
	app := options.adapter.Mount(conformance.Site{
		Policy: policy,
		Mount:  options.mount,
		Seal:   options.seal,
		Routes: conformance.Routes(options.mount),
	})
	listener, err := serve.Listen(options.addr)
	if err == nil {
		err = serve.Until(ctx, app, listener, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "server: %v\n", err)
		return exitError
	}
	return exitOK
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
	flags.SetOutput(io.Discard) // one line is enough, and ours
	flags.StringVar(&adapter, "adapter", "", "")
	flags.StringVar(&o.policy, "policy", "", "")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "")
	flags.StringVar(&o.mount, "mount", conformance.Global, "")
	flags.BoolVar(&o.seal, "seal", false, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, fmt.Errorf("%w: -h lists the flags", err)
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is not a flag: -h lists the flags", flags.Arg(0))
	case adapter == "":
		return o, fmt.Errorf("-adapter is missing: write one of %s", names())
	case o.policy == "":
		return o, errors.New("-policy is missing: write the path of a policy file")
	case o.mount != conformance.Global && o.mount != conformance.Group:
		return o, fmt.Errorf("-mount: %q is not known: write %s or %s", o.mount, conformance.Global, conformance.Group)
	}
	for _, o.adapter = range adapters.All {
		if o.adapter.Name == adapter {
			return o, nil
		}
	}
	return o, fmt.Errorf("-adapter: %q is not known: write one of %s", adapter, names())
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

// load compiles a policy file. Each fault is one line with its position.
func load(path string) (*cors.Policy, []string) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, []string{fmt.Sprintf("-policy: %v: write the path of a file that can be read", err)}
	}
	policy, err := cors.ParsePolicy(data)
	var faults []string
	for _, fault := range cors.ConfigErrors(err) {
		faults = append(faults, path+":"+fault.Error())
	}
	return policy, faults
}
