// Command scoreboard starts the servers of corskit's adapters and of their peers,
// runs corskit test on each under each of its policies, and writes SCOREBOARD.md:
//
//	make scoreboard            # installs and builds what it takes
//	make scoreboard CHECK=1    # fails where a result is not the recorded one
//
// Run it at the root of the repository, where bin has the programs. The policies
// are in policies, and known has what is known to fail, with reasons. It exits
// with 0 if all is well, 2 on wrong usage, and 1 on other errors: a failure that
// is not known, a known one that is none any more, any failure of corskit itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	cors "github.com/corskit/corskit/core"
)

func main() {
	var o options
	flag.BoolVar(&o.check, "check", false, "compare with SCOREBOARD.md, and leave it as it is")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "scoreboard: %q is not a flag: -h lists the flags\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "scoreboard: %v\n", err)
		stop()
		os.Exit(1)
	}
}

type options struct{ check bool }

// Where things are, from the root of the repository.
const (
	boardFile   = "SCOREBOARD.md"
	freshFile   = ".cache/SCOREBOARD.md" // what a check has come to
	policiesDir = "conformance/scoreboard/policies"
	knownDir    = "conformance/scoreboard/known"
)

// run tries all, and writes the board or compares it.
func (o options) run(ctx context.Context, out io.Writer) error {
	policies, err := readPolicies(policiesDir)
	if err != nil {
		return err
	}
	b := board{policies: policies}
	for _, e := range entrants {
		row, err := e.try(ctx, policies)
		if err != nil {
			return err
		}
		passed, applicable := row.total()
		fmt.Fprintf(out, "%s: %d of %d\n", e.title, passed, applicable)
		b.rows = append(b.rows, row)
	}
	return errors.Join(b.faults(), o.keep(ctx, b.markdown(), out))
}

// keep writes the board, or compares it with the one that is there.
func (o options) keep(ctx context.Context, text string, out io.Writer) error {
	if !o.check {
		return os.WriteFile(boardFile, []byte(text), 0o644)
	}
	if err := os.MkdirAll(filepath.Dir(freshFile), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(freshFile, []byte(text), 0o644); err != nil {
		return err
	}
	diff := exec.CommandContext(ctx, "git", "diff", "--no-index", "--no-color", "--no-ext-diff", boardFile, freshFile)
	diff.Stdout, diff.Stderr = out, out
	switch err := diff.Run(); {
	case err != nil && diff.ProcessState.ExitCode() != 1:
		return fmt.Errorf("git diff: %w", err)
	case err != nil:
		return fmt.Errorf("results differ from those in %s: mend what has changed, or run \"make scoreboard\" to record them", boardFile)
	}
	return nil
}

// A policy is a policy file.
type policy struct {
	name string // the file's, without its extension
	file string
}

// readPolicies reads the policies in a directory, in the order of their names.
func readPolicies(dir string) ([]policy, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no policies: run it at the root of the repository", dir)
	}
	slices.Sort(files)
	var policies []policy
	var faults []error
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		_, err = cors.ParsePolicy(data)
		for _, fault := range cors.ConfigErrors(err) {
			faults = append(faults, fmt.Errorf("%s:%w", file, fault))
		}
		policies = append(policies, policy{strings.TrimSuffix(filepath.Base(file), ".json"), file})
	}
	return policies, errors.Join(faults...)
}
