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
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/corskit/corskit/conformance"
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
		fmt.Fprintf(stderr, "peers: %v\n", err)
		return exitUsage
	}
	config, faults := load(options.policy)
	if len(faults) > 0 {
		for _, fault := range faults {
			fmt.Fprintf(stderr, "peers: %s\n", fault)
		}
		return exitError
	}
	lacks := options.peer.lacks(config)
	if options.describe {
		err = json.NewEncoder(stdout).Encode(description{options.peer.versions(), lacks})
	} else if len(lacks) > 0 {
		err = fmt.Errorf("-policy: %s: %s: -describe lists all that %s cannot express", lacks[0].Field, lacks[0].Why, options.peer.name)
	} else {
		err = options.serve(ctx, config, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "peers: %v\n", err)
		return exitError
	}
	return exitOK
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

func (o options) serve(ctx context.Context, config cors.Config, stdout io.Writer) error {
	listener, err := serve.Listen(o.addr)
	if err != nil {
		return err
	}
	return serve.Until(ctx, o.peer.mount(config, conformance.Routes(conformance.Global)), listener, stdout)
}

func parse(args []string) (options, error) {
	var o options
	var name string
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // one line is enough, and ours
	flags.StringVar(&name, "peer", "", "")
	flags.StringVar(&o.policy, "policy", "", "")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "")
	flags.BoolVar(&o.describe, "describe", false, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, fmt.Errorf("%w: -h lists the flags", err)
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is not a flag: -h lists the flags", flags.Arg(0))
	case name == "":
		return o, fmt.Errorf("-peer is missing: write one of %s", names())
	case o.policy == "":
		return o, errors.New("-policy is missing: write the path of a policy file")
	}
	for _, o.peer = range peers {
		if o.peer.name == name {
			return o, nil
		}
	}
	return o, fmt.Errorf("-peer: %q is not known: write one of %s", name, names())
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

// load reads a policy file. Each fault is one line with its position.
func load(path string) (cors.Config, []string) {
	data, err := os.ReadFile(path)
	if err != nil {
		return cors.Config{}, []string{fmt.Sprintf("-policy: %v: write the path of a file that can be read", err)}
	}
	_, err = cors.ParsePolicy(data)
	var faults []string
	for _, fault := range cors.ConfigErrors(err) {
		faults = append(faults, path+":"+fault.Error())
	}
	if len(faults) > 0 {
		return cors.Config{}, faults
	}
	config, err := cors.ParseConfig(data)
	if err != nil {
		return cors.Config{}, []string{path + ": " + err.Error()}
	}
	return config, nil
}
