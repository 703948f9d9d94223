package main

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	cors "github.com/corskit/corskit/core"
)

// standardInput is the file name that stands for the standard input.
const standardInput = "-"

// A policyFile is a policy file that was read: either its policy or what is
// wrong with it.
type policyFile struct {
	name   string
	policy *cors.Policy
	json   []byte // the file as JSON
	faults []*cors.ConfigError
}

// readPolicy reads the policy file of that name.
func readPolicy(name string, stdin io.Reader) policyFile {
	f := policyFile{name: name}
	data, err := readFile(name, stdin)
	if err != nil {
		f.faults = []*cors.ConfigError{{
			Reason: "cannot be read: " + err.Error(), Fix: "name a policy file that can be read",
		}}
		return f
	}
	if isYAML(name, data) {
		f.readYAML(data)
	} else {
		f.readJSON(data)
	}
	slices.SortStableFunc(f.faults, func(a, b *cors.ConfigError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f
}

func (f *policyFile) readJSON(data []byte) {
	policy, err := cors.ParsePolicy(data)
	f.policy, f.json, f.faults = policy, data, cors.ConfigErrors(err)
}

func (f *policyFile) readYAML(data []byte) {
	y, fault := parseYAML(data)
	if fault != nil {
		f.faults = []*cors.ConfigError{fault}
		return
	}
	f.readJSON(y.json.Bytes())
	f.faults = y.locate(f.faults)
}

func (f *policyFile) valid() bool { return len(f.faults) == 0 }

// lines returns the file's faults, each on a line.
func (f *policyFile) lines() string {
	var b strings.Builder
	for _, fault := range f.faults {
		b.WriteString(f.name)
		b.WriteByte(':')
		if fault.Line == 0 {
			b.WriteByte(' ')
		}
		b.WriteString(fault.Error())
		b.WriteByte('\n')
	}
	return b.String()
}

// readFile reads a file or the standard input. Its errors do not name the file.
func readFile(name string, stdin io.Reader) ([]byte, error) {
	if name == standardInput {
		return io.ReadAll(stdin)
	}
	data, err := os.ReadFile(name)
	return data, withoutPath(err)
}

func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// isYAML tells by the file's name, or else by its first character, which is an
// opening brace in every policy file that is JSON. Text that is not UTF-8 is
// for the JSON reader to refuse.
func isYAML(name string, data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		return true
	case ".json":
		return false
	}
	text := bytes.TrimSpace(data)
	return len(text) > 0 && text[0] != '{'
}
