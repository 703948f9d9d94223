package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// report is what gremlins says of one module.
type report struct {
	Files []struct {
		Name      string `json:"file_name"`
		Mutations []struct {
			Type         string
			Status       string
			Line, Column int
		}
	}
}

// A mutant is known by what it mutates, not by where that stands: lines move.
type mutant struct {
	File   string `yaml:"file"`   // from the root of the repository
	Line   string `yaml:"line"`   // the code, without blanks around it
	Type   string `yaml:"type"`   // by its name in gremlins
	Column int    `yaml:"column"` // of the mutated token within the line, from 1
}

func (m mutant) String() string {
	return fmt.Sprintf("- file: %s\n  line: %q\n  type: %s\n  column: %d\n", m.File, m.Line, m.Type, m.Column)
}

// A survivor is a mutant that no test can tell from the code.
type survivor struct {
	mutant `yaml:",inline"`
	Reason string `yaml:"reason"` // why that is so
}

func readSurvivors(file string) ([]survivor, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var all []survivor
	if err := decoder.Decode(&all); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	for _, s := range all {
		if s.Reason == "" {
			return nil, fmt.Errorf("%s: %s: %q has no reason: say why no test can tell it from the code", filepath.Base(file), s.File, s.Line)
		}
	}
	return all, nil
}

// result counts what became of the mutants.
type result struct {
	Killed, Survived, NotViable int
	lived                       []mutant
}

// add adds a module's report. What ran into a time limit was noticed.
func (r *result) add(tree, module string, of report) error {
	for _, f := range of.Files {
		name := path.Join(module, f.Name)
		data, err := os.ReadFile(filepath.Join(tree, name))
		if err != nil {
			return err
		}
		lines := strings.Split(string(data), "\n")
		for _, m := range f.Mutations {
			switch m.Status {
			case "KILLED", "TIMED OUT":
				r.Killed++
			case "NOT VIABLE":
				r.NotViable++
			case "LIVED":
				r.Survived++
				line := lines[m.Line-1]
				code := strings.TrimLeft(line, " \t")
				r.lived = append(r.lived, mutant{name, strings.TrimSpace(code), m.Type, m.Column - (len(line) - len(code))})
			default:
				return fmt.Errorf("%s:%d:%d: %s is %s, though the tests should have been run", name, m.Line, m.Column, m.Type, m.Status)
			}
		}
	}
	return nil
}

func (r *result) save(file string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

// judge prints the result, and returns an error if it is not good enough. Of
// the known survivors those in modules count.
func (r *result) judge(out io.Writer, known []survivor, modules []string) error {
	share := float64(r.Killed) / float64(r.Killed+r.Survived)
	fmt.Fprintf(out, "%d mutants killed, %d survived: %.2f %% killed (%d more do not compile)\n",
		r.Killed, r.Survived, 100*share, r.NotViable)
	faults := 0
	for _, m := range r.lived {
		if !slices.ContainsFunc(known, func(s survivor) bool { return s.mutant == m }) {
			fmt.Fprintf(out, "survived, and is not listed:\n%v", m)
			faults++
		}
	}
	for _, s := range known {
		mutated := slices.ContainsFunc(modules, func(m string) bool { return strings.HasPrefix(s.File, m+"/") })
		if mutated && !slices.Contains(r.lived, s.mutant) {
			fmt.Fprintf(out, "is listed, but does not survive:\n%v", s.mutant)
			faults++
		}
	}
	switch {
	case faults > 0:
		return fmt.Errorf("%d differences from survivors.yaml: add a test, or list the mutant with a reason", faults)
	case share < leastKilled:
		return fmt.Errorf("less than %.0f %% of the mutants are killed", 100*leastKilled)
	}
	return nil
}
