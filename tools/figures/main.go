// Figures writes into SECURITY.md what has been measured: the number of cases,
// which it counts, and what the last "make fuzz" and "make mutation" have left
// in .cache. What they have left nothing about stays as SECURITY.md has it.
//
// Standard input is the list of fuzz targets, each of which must have been run
// for long enough.
//
//	go build -C tools -o ../bin/ ./figures && tools/targets | bin/figures
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	targets, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = write(".", string(targets))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "figures: %v\n", err)
		os.Exit(1)
	}
}

// The lines of SECURITY.md between which the figures stand.
const (
	begin = "<!-- figures: written by make figures -->\n"
	end   = "<!-- end of figures -->\n"
)

func write(root, targets string) error {
	name := filepath.Join(root, "SECURITY.md")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begin)
	old, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("SECURITY.md: lacks %q or %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	cases, err := countCases(root)
	if err != nil {
		return err
	}
	rows := [][3]string{{"what", "figure", "reproduce with"}, {"---", "---", "---"}, cases}
	fuzz, err := readFuzz(root, targets, old)
	if err != nil {
		return err
	}
	rows = append(rows, fuzz...)
	mutation, err := readMutation(root, old)
	if err != nil {
		return err
	}
	rows = append(rows, mutation)
	var table strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", row[0], row[1], row[2])
	}
	return os.WriteFile(name, []byte(before+begin+table.String()+end+after), 0o644)
}

// countCases counts what stands in the conformance suite's table.
func countCases(root string) (row [3]string, err error) {
	files, err := filepath.Glob(filepath.Join(root, "conformance/cases/*.json"))
	if err == nil && len(files) == 0 {
		err = errors.New("there is no conformance/cases/*.json: run it at the root of the repository")
	}
	if err != nil {
		return row, err
	}
	cases, refused, advisories := 0, 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return row, err
		}
		var f struct{ Cases, Refused []json.RawMessage }
		if err := json.Unmarshal(data, &f); err != nil {
			return row, fmt.Errorf("%s: %w", file, err)
		}
		cases, refused = cases+len(f.Cases), refused+len(f.Refused)
		if filepath.Base(file) == "advisories.json" {
			advisories = len(f.Cases) + len(f.Refused)
		}
	}
	return [3]string{
		"requests that every adapter answers as the table says, in process and over TCP, and policies that are refused",
		fmt.Sprintf("%d requests, %d policies, %d of both for faults that other libraries had", cases, refused, advisories),
		"`make test`",
	}, nil
}

// leastFuzzed is how long a target must have been run.
const leastFuzzed = 10 * time.Minute

// readFuzz reads what tools/fuzz has left about the targets, which are lines of
// "directory name": for each a file with "directory name time executions", or its
// row in the old table.
func readFuzz(root, targets, old string) (rows [][3]string, err error) {
	for target := range strings.Lines(targets) {
		target = strings.TrimSpace(target)
		dir, name, _ := strings.Cut(target, " ")
		what := fmt.Sprintf("executions of `%s` in `%s`, none of which failed", name, dir)
		data, err := os.ReadFile(filepath.Join(root, ".cache/fuzz", name))
		if row, kept := keep(old, what); kept && errors.Is(err, fs.ErrNotExist) {
			rows = append(rows, row)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: run make fuzz FUZZTIME=%s FUZZ=%s first", err, leastFuzzed, name)
		}
		f := strings.Fields(string(data))
		if len(f) != 4 || f[0]+" "+f[1] != target {
			return nil, fmt.Errorf(".cache/fuzz/%s does not hold directory, target, time and executions: run make fuzz again", name)
		}
		if d, err := time.ParseDuration(f[2]); err != nil || d < leastFuzzed {
			return nil, fmt.Errorf("%s has been run for %s: run make fuzz FUZZTIME=%s", name, f[2], leastFuzzed)
		}
		rows = append(rows, [3]string{
			what,
			thousands(f[3]) + " in " + f[2],
			"`make fuzz FUZZTIME=" + f[2] + " FUZZ=" + name + "`",
		})
	}
	if len(rows) == 0 {
		return nil, errors.New("there are no fuzz targets: give their list on standard input")
	}
	return rows, nil
}

// readMutation reads what tools/mutation has left, or the row of the old table.
func readMutation(root, old string) (row [3]string, err error) {
	const what = "mutants of the core and the adapters that the tests kill; [the others](tools/mutation/survivors.yaml) differ in nothing that a test can tell"
	data, err := os.ReadFile(filepath.Join(root, ".cache/mutation.json"))
	if row, kept := keep(old, what); kept && errors.Is(err, fs.ErrNotExist) {
		return row, nil
	}
	if err != nil {
		return row, fmt.Errorf("%w: run make mutation first", err)
	}
	var m struct{ Killed, Survived int }
	if err := json.Unmarshal(data, &m); err != nil {
		return row, err
	}
	all := m.Killed + m.Survived
	return [3]string{
		what,
		fmt.Sprintf("%d of %d (%.1f %%)", m.Killed, all, 100*float64(m.Killed)/float64(all)),
		"`make mutation`",
	}, nil
}

// keep returns the row of the old table that says what.
func keep(old, what string) (row [3]string, found bool) {
	for line := range strings.Lines(old) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		if len(cells) == len(row) && cells[0] == what {
			return [3]string(cells), true
		}
	}
	return row, false
}

// thousands sets commas into a decimal number.
func thousands(digits string) string {
	if n, err := strconv.Atoi(digits); err != nil || n < 1000 {
		return digits
	}
	cut := len(digits) - 3
	return thousands(digits[:cut]) + "," + digits[cut:]
}
