package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/urfave/cli/v3"
)

// check prints the faults of the policy files that cmd's arguments name.
func check(cmd *cli.Command) error {
	if !cmd.Args().Present() {
		return usageError(cmd, "no policy file is given")
	}
	valid := true
	for _, name := range cmd.Args().Slice() {
		f := readPolicy(name, cmd.Reader)
		valid = valid && f.valid()
		switch {
		case cmd.Bool("json"):
			encode(cmd.Writer, newReport(f))
		case f.valid():
			fmt.Fprintf(cmd.Writer, "%s: valid\n", name)
		default:
			io.WriteString(cmd.Writer, f.lines())
		}
	}
	if !valid {
		return errFailed
	}
	return nil
}

// A report is what check prints about a file with -json.
type report struct {
	File   string  `json:"file"`
	Valid  bool    `json:"valid"`
	Faults []fault `json:"faults"`
}

type fault struct {
	Line   int    `json:"line"` // 0, like Column, if the fault has no place
	Column int    `json:"column"`
	Field  string `json:"field"`
	Value  string `json:"value"`
	Reason string `json:"reason"`
	Fix    string `json:"fix"`
}

func newReport(f policyFile) report {
	r := report{File: f.name, Valid: f.valid(), Faults: []fault{}}
	for _, e := range f.faults {
		r.Faults = append(r.Faults, fault{e.Line, e.Column, e.Field, e.Value, e.Reason, e.Fix})
	}
	return r
}

// encode prints v as a line of JSON, in which < and > need no escapes.
func encode(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.Encode(v) // run looks at the writer's errors, and there are no others
}
