package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const source = "package p\n\nfunc f(a, b int) bool {\n\treturn a < b && b < 9\n}\n"

// reported returns the result of a report in which the two comparisons of
// source have the given fates.
func reported(t *testing.T, first, second string) result {
	t.Helper()
	tree := t.TempDir()
	if err := os.Mkdir(filepath.Join(tree, "core"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree, "core/p.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	var of report
	if err := json.Unmarshal([]byte(`{"files": [{"file_name": "p.go", "mutations": [
		{"type": "CONDITIONALS_BOUNDARY", "status": "`+first+`", "line": 4, "column": 11},
		{"type": "CONDITIONALS_BOUNDARY", "status": "`+second+`", "line": 4, "column": 20}]}]}`), &of); err != nil {
		t.Fatal(err)
	}
	var r result
	if err := r.add(tree, "core", of); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestJudge(t *testing.T) {
	first := survivor{mutant{"core/p.go", "return a < b && b < 9", "CONDITIONALS_BOUNDARY", 10}, "a is never b"}
	second := first
	second.Column = 19
	elsewhere := first
	elsewhere.File = "adapters/gin/p.go"
	for name, test := range map[string]struct {
		fates  [2]string
		known  []survivor
		prints string
		fails  string
	}{
		"all are killed":                {[2]string{"KILLED", "TIMED OUT"}, nil, "2 mutants killed, 0 survived: 100.00 % killed (0 more do not compile)", ""},
		"one does not compile":          {[2]string{"KILLED", "NOT VIABLE"}, nil, "1 mutants killed, 0 survived: 100.00 % killed (1 more do not compile)", ""},
		"one survives, not listed":      {[2]string{"KILLED", "LIVED"}, []survivor{elsewhere}, "survived, and is not listed:\n- file: core/p.go\n  line: \"return a < b && b < 9\"\n  type: CONDITIONALS_BOUNDARY\n  column: 19\n", "1 differences"},
		"the other one is listed":       {[2]string{"KILLED", "LIVED"}, []survivor{first}, "is listed, but does not survive:", "2 differences"},
		"a listed one is killed":        {[2]string{"KILLED", "KILLED"}, []survivor{first}, "is listed, but does not survive:", "1 differences"},
		"too many survive, even listed": {[2]string{"LIVED", "LIVED"}, []survivor{first, second}, "0 mutants killed, 2 survived", "less than 95 %"},
	} {
		t.Run(name, func(t *testing.T) {
			r := reported(t, test.fates[0], test.fates[1])
			var out strings.Builder
			err := r.judge(&out, test.known, []string{"core"})
			if !strings.Contains(out.String(), test.prints) {
				t.Errorf("it prints\n%s\nwant\n%s", out.String(), test.prints)
			}
			switch {
			case test.fails == "" && err != nil:
				t.Errorf("the error is %v, want none", err)
			case test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)):
				t.Errorf("the error is %v, want one that says %q", err, test.fails)
			}
		})
	}
}

func TestReadSurvivors(t *testing.T) {
	entry := reported(t, "LIVED", "KILLED").lived[0].String()
	for name, test := range map[string]struct{ file, want string }{
		"a reason":     {entry + "  reason: a is never b\n", ""},
		"no reason":    {entry, "has no reason"},
		"another key":  {entry + "  because: a is never b\n", "because"},
		"an empty one": {"", ""},
	} {
		file := filepath.Join(t.TempDir(), "survivors.yaml")
		if err := os.WriteFile(file, []byte(test.file), 0o644); err != nil {
			t.Fatal(err)
		}
		all, err := readSurvivors(file)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: the error is %v, want none", name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: the error is %v, want one that says %q", name, err, test.want)
		case test.want == "" && len(all) != strings.Count(test.file, "- file"):
			t.Errorf("%s: %d are read", name, len(all))
		}
	}
}

// TestSurvivors checks the list itself as far as it can be without mutating.
func TestSurvivors(t *testing.T) {
	all, err := readSurvivors("survivors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		data, err := os.ReadFile(filepath.Join("..", "..", s.File))
		if err != nil {
			t.Errorf("%s is listed: %v", s.File, err)
		} else if !strings.Contains(string(data), s.Line) {
			t.Errorf("%s has no line %q any more", s.File, s.Line)
		}
	}
}
