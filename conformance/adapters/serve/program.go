package serve

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

	cors "github.com/corskit/corskit/core"
)

// What a [Program] exits with.
const (
	ExitOK    = 0
	ExitError = 1
	ExitUsage = 2
)

// A Program is a command that serves until it is told to stop. All its fields are
// needed.
type Program struct {
	Name  string // opens each line on the standard error
	Usage string // what -h prints

	// Do does what the arguments say until ctx is done, which is no error. Of an
	// error each line is printed. [flag.ErrHelp] stands for -h, and what [Misuse]
	// returns for wrong usage.
	Do func(ctx context.Context, args []string, stdout io.Writer) error
}

// Main runs the program with the arguments of the process until an interrupt or
// SIGTERM, and exits. A second signal ends it at once.
func (p Program) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(p.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Run runs the program until ctx is done and returns the exit code.
func (p Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := p.Do(ctx, args, stdout)
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, p.Usage)
		return ExitOK
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(stderr, "%s: %s\n", p.Name, line)
	}
	if errors.As(err, new(misuse)) {
		return ExitUsage
	}
	return ExitError
}

type misuse struct{ error }

// Misuse returns an error about the command line.
func Misuse(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

// ParseFlags parses the arguments of a program that takes nothing but flags. It
// returns [flag.ErrHelp] or what [Misuse] returns.
func ParseFlags(flags *flag.FlagSet, args []string) error {
	flags.SetOutput(io.Discard) // one line is enough, and ours
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return Misuse("%w: -h lists the flags", err)
	case flags.NArg() > 0:
		return Misuse("%q is not a flag: -h lists the flags", flags.Arg(0))
	}
	return nil
}

// ReadPolicy reads the policy file that -policy names. Of an error each line is a
// fault with its position. [cors.New] accepts what it returns.
func ReadPolicy(path string) (cors.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return cors.Config{}, fmt.Errorf("-policy: %w: write the path of a file that can be read", err)
	}
	_, err = cors.ParsePolicy(data)
	var faults []error
	for _, fault := range cors.ConfigErrors(err) {
		faults = append(faults, fmt.Errorf("%s:%w", path, fault))
	}
	if len(faults) > 0 {
		return cors.Config{}, errors.Join(faults...)
	}
	return cors.ParseConfig(data)
}
