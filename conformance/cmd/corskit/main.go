// Corskit checks CORS policy files, explains what a policy decides, and checks
// servers, in any language, from outside.
//
//	corskit check policy.json
//	corskit explain -policy policy.json -requests requests.jsonl
//	corskit test -policy policy.json https://api.example.com/items
//	corskit audit https://api.example.com/items
//
// See README.md for what the commands print. The exit status is 0 if all is
// well, 1 if a file or a server is at fault, and 2 if the command line is.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/urfave/cli/v3"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // a file or a server is at fault
	exitUsage  = 2 // the command line is at fault
)

// errFailed is a failure that has already been reported.
var errFailed = errors.New("failed")

// failure is an error that is not the command line's fault.
type failure struct{ error }

// run runs the command line in args, which is without the program's name, and
// returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{w: stdout}
	root := rootCommand()
	root.Reader, root.Writer, root.ErrWriter = stdin, out, stderr
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := root.Run(ctx, append([]string{root.Name}, args...))
	if err == nil && out.err != nil {
		err = failure{fmt.Errorf("cannot write the output: %w", out.err)}
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	}
	fmt.Fprintf(stderr, "corskit: %s\n", err)
	if errors.As(err, new(failure)) {
		return exitFailed
	}
	return exitUsage
}

// output is a writer that keeps its first error, so that commands need not look.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// What the commands that ask servers are called with.
const (
	testUsage  = "corskit test [-policy FILE] [-path PATH] [-method METHOD] [-header 'NAME: VALUE']... [-origin ORIGIN]... [-insecure] [-timeout TIME] [-concurrency NUMBER] [-json] [-junit FILE] [-known-failing FILE] URL"
	auditUsage = "corskit audit [-method METHOD] [-header 'NAME: VALUE']... [-origin ORIGIN] [-insecure] [-timeout TIME] [-json] URL"
)

func rootCommand() *cli.Command {
	return &cli.Command{
		Name:  "corskit",
		Usage: "checks CORS policy files and servers, and explains what a policy decides",
		UsageText: "corskit check [-json] FILE...\ncorskit explain -policy FILE [-requests FILE|-] [-json]\n" +
			testUsage + "\n" + auditUsage,
		Description: "Flags may be written with one dash or two.\n" +
			"Exit status: 0 if all is well, 1 if a file or a server is at fault, 2 if the command line is.",
		Commands: []*cli.Command{
			{
				Name:      "check",
				Usage:     "finds every fault of policy files",
				UsageText: "corskit check [-json] FILE...",
				Description: "A policy file is JSON or YAML; - stands for the standard input. Each fault is\n" +
					"printed on a line of its own, with its position and how to mend it.",
				Flags: []cli.Flag{
					&cli.BoolFlag{Name: "json", Usage: "print one JSON object for each file", Local: true},
				},
				Action:          func(_ context.Context, cmd *cli.Command) error { return check(cmd) },
				OnUsageError:    onUsageError,
				HideHelpCommand: true, // "help" is a file's name here
			},
			{
				Name:      "explain",
				Usage:     "prints what a policy decides about requests, what the browser says, and how to allow them",
				UsageText: "corskit explain -policy FILE [-requests FILE|-] [-json]",
				Description: "Requests are JSON Lines:\n" +
					`{"method": "PUT", "headers": [["Origin", "https://app.example.com"]]}` + "\n" +
					"Each is answered with one line of JSON.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "policy", Usage: "the policy `FILE`, JSON or YAML", Local: true, OnlyOnce: true},
					&cli.StringFlag{Name: "requests", Usage: "the `FILE` of requests; - is the standard input", Value: "-", Local: true, OnlyOnce: true},
					&cli.BoolFlag{Name: "json", Usage: "has no effect: the output is JSON anyway", Local: true},
				},
				Action:          explain,
				OnUsageError:    onUsageError,
				HideHelpCommand: true, // "help" is a file's name here
			},
			{
				Name:      "test",
				Usage:     "checks a server, in any language, against a policy",
				UsageText: testUsage,
				Description: "The cases are drawn from the policy; see README.md for what is a failure. Without\n" +
					"a policy, it prints the one that the server appears to have.",
				Flags: append([]cli.Flag{
					&cli.StringFlag{Name: "policy", Usage: "the policy `FILE`, JSON or YAML", Local: true, OnlyOnce: true},
					&cli.StringFlag{Name: "path", Usage: "the `PATH` of the endpoint, instead of the URL's", Local: true, OnlyOnce: true},
					&cli.IntFlag{Name: "concurrency", Usage: "the `NUMBER` of cases at a time", Value: 4, Local: true, OnlyOnce: true},
					&cli.StringFlag{Name: "junit", Usage: "write a JUnit report to `FILE`", Local: true, OnlyOnce: true},
					&cli.StringFlag{Name: "known-failing", Usage: "the `FILE` of patterns of cases that are known to fail", Local: true, OnlyOnce: true},
				}, targetFlags()...),
				Action:                    test,
				OnUsageError:              onUsageError,
				HideHelpCommand:           true,
				DisableSliceFlagSeparator: true, // headers have commas
			},
			{
				Name:      "audit",
				Usage:     "looks for the misconfigurations of a server that attackers look for",
				UsageText: auditUsage,
				Description: "Each finding comes with a curl command that shows it, and with what to change. The\n" +
					"exit status is 1 if there are findings of a severity above info.",
				Flags:                     targetFlags(),
				Action:                    audit,
				OnUsageError:              onUsageError,
				HideHelpCommand:           true,
				DisableSliceFlagSeparator: true, // headers have commas
			},
		},
		Action:         noCommand,
		OnUsageError:   onUsageError,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // run returns the status
	}
}

// noCommand is what runs if args do not begin with the name of a command.
func noCommand(_ context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return usageError(cmd, "there is no command %q", cmd.Args().First())
	}
	cli.HelpPrinter(cmd.ErrWriter, cli.RootCommandHelpTemplate, cmd)
	return usageError(cmd, "no command is given")
}

func onUsageError(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	return usageError(cmd, "%s", err)
}

// usageError returns an error on one line that says where to read on.
func usageError(cmd *cli.Command, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if cmd.Root() == cmd {
		return fmt.Errorf("%s: see %s -h", text, cmd.FullName())
	}
	return fmt.Errorf("%s: %s: see %s -h", cmd.Name, text, cmd.FullName())
}
