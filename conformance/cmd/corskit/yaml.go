package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	cors "github.com/corskit/corskit/core"
	"go.yaml.in/yaml/v3"
)

// A yamlFile is a YAML policy file that is rewritten as JSON, so that both are
// judged by the same rules. Whatever JSON does not have (aliases, tags, other
// spellings of numbers, ...) is a fault: it would be read as one thing by some
// programs and as another by others.
type yamlFile struct {
	lines  []string
	json   bytes.Buffer              // on one line
	places map[int]place             // of the keys and values that start at an offset of json
	faults map[int]*cors.ConfigError // what JSON does not have; json holds null in its stead

	last          place // what place returned last
	lastCharacter int   // its column in characters
}

// place is a position in the YAML file, counted from 1, columns in bytes.
type place struct{ line, column int }

// parseYAML reads and rewrites a YAML file, unless a fault makes it unreadable.
func parseYAML(data []byte) (*yamlFile, *cors.ConfigError) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	f := &yamlFile{
		lines:  strings.Split(string(data), "\n"),
		places: map[int]place{},
		faults: map[int]*cors.ConfigError{},
	}
	var document, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	switch err := dec.Decode(&document); {
	case errors.Is(err, io.EOF):
		f.places[0] = place{1, 1}
		return f, nil // ParsePolicy says that the file is empty
	case err != nil:
		return nil, syntaxFault(err)
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		p := f.place(&second)
		return nil, &cors.ConfigError{
			Line: p.line, Column: p.column,
			Reason: "a second document starts here", Fix: "keep one document in the file",
		}
	case !errors.Is(err, io.EOF):
		return nil, syntaxFault(err)
	}
	f.write("", document.Content[0])
	return f, nil
}

// Errors of the YAML library. Those of its parser, unlike those of its scanner,
// count lines from 0. Neither names the first line.
var (
	yamlError   = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)
	parserError = regexp.MustCompile(`^did not find expected (<|key|node content|'-' indicator|',' or)`)
)

func syntaxFault(err error) *cors.ConfigError {
	fault := &cors.ConfigError{
		Line: 1, Column: 1, Reason: "is not YAML: " + err.Error(),
		Fix: "mend the syntax at or below this line, and quote what starts with * or another special character",
	}
	if m := yamlError.FindStringSubmatch(err.Error()); m != nil {
		fault.Reason = "is not YAML: " + m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			fault.Line = n
			if parserError.MatchString(m[2]) {
				fault.Line++
			}
		}
	}
	return fault
}

// write appends a node, which belongs to the value of field, to the JSON.
func (f *yamlFile) write(field string, n *yaml.Node) {
	f.places[f.json.Len()] = f.place(n)
	if fault := notJSON(n); fault != nil {
		f.refuse(field, n, fault)
		f.json.WriteString("null")
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		f.json.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				f.json.WriteByte(',')
			}
			key := n.Content[i]
			f.key(key)
			f.json.WriteByte(':')
			f.write(cmp.Or(field, key.Value), n.Content[i+1])
		}
		f.json.WriteByte('}')
	case yaml.SequenceNode:
		f.json.WriteByte('[')
		for i, element := range n.Content {
			if i > 0 {
				f.json.WriteByte(',')
			}
			f.write(field, element)
		}
		f.json.WriteByte(']')
	default:
		f.json.WriteString(scalar(n))
	}
}

// key appends a key. Scalars of any type stand for their text: no key of a
// policy file looks like anything but a string.
func (f *yamlFile) key(n *yaml.Node) {
	f.places[f.json.Len()] = f.place(n)
	switch {
	case n.Kind == yaml.MappingNode, n.Kind == yaml.SequenceNode:
		f.refuse("", n, &cors.ConfigError{Reason: "a key is not a string", Fix: "write a key of a policy file"})
	case n.Kind == yaml.AliasNode, n.Anchor != "", n.Style&yaml.TaggedStyle != 0:
		f.refuse("", n, notJSON(n))
	}
	f.json.WriteString(quoteJSON(n.Value))
}

// refuse records a fault of a node whose JSON is about to be written.
func (f *yamlFile) refuse(field string, n *yaml.Node, fault *cors.ConfigError) {
	p := f.place(n)
	fault.Field, fault.Line, fault.Column = field, p.line, p.column
	f.faults[f.json.Len()] = fault
}

// notJSON says what of a node, its children aside, JSON does not have.
func notJSON(n *yaml.Node) *cors.ConfigError {
	switch {
	case n.Kind == yaml.AliasNode:
		return &cors.ConfigError{Value: "*" + n.Value, Reason: "is an alias", Fix: "write the value out, or quote it"}
	case n.Anchor != "":
		return &cors.ConfigError{Value: "&" + n.Anchor, Reason: "is an anchor", Fix: "remove it"}
	case n.Style&yaml.TaggedStyle != 0:
		return &cors.ConfigError{Value: n.Tag, Reason: "is a tag", Fix: "remove it"}
	case n.Kind == yaml.ScalarNode && scalar(n) == "":
		return &cors.ConfigError{
			Value:  n.Value,
			Reason: "is neither true, false, a decimal number nor a string",
			Fix:    "write it in one of these ways, or quote it",
		}
	}
	return nil
}

// scalar returns a scalar as JSON, or "" if JSON has no such value.
func scalar(n *yaml.Node) string {
	switch tag := n.ShortTag(); {
	case tag == "!!str":
		return quoteJSON(n.Value)
	case tag == "!!null":
		return "null"
	case json.Valid([]byte(n.Value)):
		return n.Value
	}
	return ""
}

func quoteJSON(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(s) // cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

// locate rewrites the faults that the JSON was found to have to the positions
// of the YAML file, and adds those of the file itself.
func (f *yamlFile) locate(faults []*cors.ConfigError) []*cors.ConfigError {
	var all []*cors.ConfigError
	for _, fault := range faults {
		offset := fault.Column - 1
		if f.faults[offset] != nil {
			continue // it is about the null that was written instead
		}
		p := f.places[offset]
		fault.Line, fault.Column = p.line, p.column
		all = append(all, fault)
	}
	for _, fault := range f.faults {
		all = append(all, fault)
	}
	return all
}

// place returns the position of a node, whose column is counted in characters.
// It counts on from the last node's, so that long lines cost no more than long
// files.
func (f *yamlFile) place(n *yaml.Node) place {
	if n.Line < 1 || n.Line > len(f.lines) {
		return place{n.Line, n.Column}
	}
	if f.last.line != n.Line || f.lastCharacter > n.Column {
		f.last, f.lastCharacter = place{n.Line, 1}, 1
	}
	line := f.lines[n.Line-1]
	for f.lastCharacter < n.Column && f.last.column <= len(line) {
		_, size := utf8.DecodeRuneInString(line[f.last.column-1:])
		f.last.column += size
		f.lastCharacter++
	}
	return f.last
}
