// Corskit checks CORS policy files and explains what a policy decides.
//
//	corskit check policy.json
//	corskit explain -policy policy.json -requests requests.jsonl
//
// See README.md for what the commands print. The exit status is 0 if all is
// well, 1 if a file is at fault, and 2 if the command line is.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // a file is at fault
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
	err := root.Run(context.Background(), append([]string{root.Name}, args...))
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

func rootCommand() *cli.Command {
	return &cli.Command{
		Name:      "corskit",
		Usage:     "checks CORS policy files and explains what a policy decides",
		UsageText: "corskit check [-json] FILE...\ncorskit explain -policy FILE [-requests FILE|-] [-json]",
		Description: "Flags may be written with one dash or two.\n" +
			"Exit status: 0 if all is well, 1 if a file is at fault, 2 if the command line is.",
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
