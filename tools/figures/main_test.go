package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The count of cases is the one figure that a change can make untrue without
// running anything for long.
func TestSECURITYCountsTheCases(t *testing.T) {
	root := filepath.Join("..", "..")
	row, err := countCases(root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "| "+row[1]+" |") {
		t.Errorf("SECURITY.md does not say %q: run make figures", row[1])
	}
}

func TestWrite(t *testing.T) {
	root := t.TempDir()
	for name, data := range map[string]string{
		"conformance/cases/advisories.json": `{"cases": [{}], "refused": [{}]}`,
		"conformance/cases/vary.json":       `{"cases": [{}, {}]}`,
		".cache/fuzz/FuzzB.log":             "much",
		".cache/fuzz/FuzzB":                 "core FuzzB 10m 1234567\n",
		".cache/fuzz/FuzzA":                 "core FuzzA 10m 89\n",
		".cache/mutation.json":              `{"Killed": 99, "Survived": 1, "NotViable": 5}`,
		"SECURITY.md":                       "before\n" + begin + "old\n" + end + "after\n",
	} {
		put(t, root, name, data)
	}
	if err := write(root, "core FuzzA\ncore FuzzB\n"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	if !strings.HasPrefix(got, "before\n"+begin) || !strings.HasSuffix(got, end+"after\n") || strings.Contains(got, "old") {
		t.Errorf("what is around the figures has changed, or the old ones are still there:\n%s", got)
	}
	rest := got
	for _, want := range []string{
		"| 3 requests, 1 policies, 2 of both for faults that other libraries had |",
		"`FuzzA` in `core`, none of which failed | 89 in 10m |",
		"| 1,234,567 in 10m | `make fuzz FUZZTIME=10m FUZZ=FuzzB` |",
		"| 99 of 100 (99.0 %) | `make mutation` |",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("%q does not come next in\n%s", want, got)
		}
		rest = after
	}
}

func TestWriteKeepsWhatHasNotBeenMeasuredAgain(t *testing.T) {
	root := t.TempDir()
	put(t, root, "conformance/cases/vary.json", `{"cases": [{}]}`)
	put(t, root, ".cache/fuzz/FuzzA", "core FuzzA 10m 89\n")
	put(t, root, ".cache/fuzz/FuzzB", "core FuzzB 10m 90\n")
	put(t, root, ".cache/mutation.json", `{"Killed": 99, "Survived": 1}`)
	put(t, root, "SECURITY.md", begin+end)
	if err := write(root, "core FuzzA\ncore FuzzB\n"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(root, ".cache")); err != nil {
		t.Fatal(err)
	}
	put(t, root, ".cache/fuzz/FuzzB", "core FuzzB 20m 91\n")
	if err := write(root, "core FuzzA\ncore FuzzB\n"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 89 in 10m |", "| 91 in 20m |", "| 99 of 100 (99.0 %) |"} {
		if strings.Count(string(data), want) != 1 {
			t.Errorf("%q is not there once:\n%s", want, data)
		}
	}
}

func TestWriteNeedsWhatHasBeenMeasured(t *testing.T) {
	cases := [2]string{"conformance/cases/vary.json", "{}"}
	fuzz := func(line string) [2]string { return [2]string{".cache/fuzz/FuzzA", line + "\n"} }
	for want, files := range map[string][][2]string{
		"run it at the root of the repository":          nil,
		"run make fuzz FUZZTIME=10m0s FUZZ=FuzzA first": {cases},
		"run make fuzz again":                           {cases, fuzz("core FuzzA")},
		"run make fuzz again ":                          {cases, fuzz("conformance FuzzA 10m 89")},
		"has been run for 9m59s":                        {cases, fuzz("core FuzzA 9m59s 89")},
		"unexpected end of JSON input":                  {cases, fuzz("core FuzzA 10m 89"), {".cache/mutation.json", "{"}},
		"run make mutation first":                       {cases, fuzz("core FuzzA 10m 89")},
	} {
		root := t.TempDir()
		put(t, root, "SECURITY.md", begin+end)
		for _, f := range files {
			put(t, root, f[0], f[1])
		}
		if err := write(root, "core FuzzA\n"); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("with the files %q the error is %v, want one that says %q", files, err, want)
		}
	}
}

func put(t *testing.T, root, name, data string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}
