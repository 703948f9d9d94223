package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What the program that stands in for "go" must know.
const (
	envGo     = "MUTATION_GO"     // the real one
	envTree   = "MUTATION_TREE"   // the copy of the repository, where nothing is mutated
	envModule = "MUTATION_MODULE" // the module that is, as a path below it
	envFates  = "MUTATION_FATES"  // a directory that remembers what became of each mutant
)

const ours = "github.com/corskit/corskit/"

// The statuses by which gremlins knows the fate of a mutant.
const (
	lived     = 0
	wasKilled = 1
	notViable = 2 // it does not compile
)

// standIn does what gremlins asks of "go" and returns the exit status.
func standIn(args []string) int {
	var status int
	var err error
	switch i := slices.Index(args, "-coverprofile"); {
	case args[0] == "mod": // "go mod download": all is there, or is got by the tests
	case i >= 0:
		status, err = coverage(args[i+1])
	default:
		status, err = suite(args[len(args)-1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		return 3
	}
	return status
}

// coverage runs the tests on what is not mutated, as it is done for mutants, and
// claims that they cover every line: gremlins leaves out mutants that no test
// reaches, and counts neither constants nor what the tests of other modules
// reach.
func coverage(profile string) (int, error) {
	if out, ok := test("", ours+os.Getenv(envModule)+"/..."); !ok {
		return 0, fmt.Errorf("the tests fail before anything is mutated:\n%s", out)
	}
	time.Sleep(time.Second) // gremlins takes the time for the unit of its limits, which would be 0
	text := "mode: set\n"
	err := eachSource(module(), func(name string) error {
		text += fmt.Sprintf("%s%s/%s:1.1,1000000.1 1 1\n", ours, os.Getenv(envModule), name)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return 0, os.WriteFile(profile, []byte(text), 0o644)
}

// suite runs the tests on the mutant in the working directory, a copy of the
// module.
func suite(pkg string) (int, error) {
	name, data, err := mutated()
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(append([]byte(os.Getenv(envModule)+"/"+name+"\x00"), data...))
	note := filepath.Join(os.Getenv(envFates), hex.EncodeToString(sum[:8]))
	if fate, err := os.ReadFile(note); err == nil {
		return strconv.Atoi(string(fate))
	}
	overlay, err := writeOverlay(name)
	if err != nil {
		return 0, err
	}
	defer os.Remove(overlay)
	fate := lived
	if out, ok := test(overlay, pkg); !ok {
		switch {
		case bytes.Contains(out, []byte("[build failed]")):
			fate = notViable
		case failure.Match(out):
			fate = wasKilled
		default: // the machine's fault, or ours
			return 0, fmt.Errorf("the tests of a mutant of %s did not fail, and did not pass:\n%s", name, out)
		}
	}
	return fate, os.WriteFile(note, []byte(strconv.Itoa(fate)), 0o644)
}

// failure matches what is printed by a test that fails, panics, or runs into
// its time limit, as a panic.
var failure = regexp.MustCompile(`(?m)^ *--- FAIL: |^panic: |^fatal error: `)

// test runs the tests of a package, or of a pattern of packages, then those of
// its module, then all the others, until one fails. It looks at files as the
// overlay replaces them.
func test(overlay, pkg string) (out []byte, ok bool) {
	// A loop without an end may also take memory without an end.
	limit := syscall.Rlimit{Cur: 16 << 30, Max: 16 << 30}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		return []byte(err.Error()), false
	}
	for _, run := range []struct {
		limit    string // many times what the tests need
		packages []string
	}{
		{"30s", []string{pkg}},
		{"2m", []string{ours + os.Getenv(envModule) + "/..."}},
		// All but the browsers, which are never asked here.
		{"2m", []string{ours + "core/...", ours + "adapters/...", ours + "conformance", ours + "conformance/adapters", ours + "conformance/broken",
			ours + "conformance/fetch", ours + "conformance/cmd/...", ours + "examples/...", ours + "source/..."}},
	} {
		args := []string{"test", "-overlay=" + overlay, "-vet=off", "-failfast", "-timeout=" + run.limit}
		cmd := exec.Command(os.Getenv(envGo), append(args, run.packages...)...)
		cmd.Dir = os.Getenv(envTree)
		if out, err := cmd.CombinedOutput(); err != nil {
			return out, false
		}
	}
	return nil, true
}

func module() string { return filepath.Join(os.Getenv(envTree), os.Getenv(envModule)) }

// mutated returns the file of the working directory that is not as it was.
func mutated() (name string, data []byte, err error) {
	err = eachSource(module(), func(file string) error {
		was, err := os.ReadFile(filepath.Join(module(), file))
		if err != nil {
			return err
		}
		is, err := os.ReadFile(file)
		if err == nil && !bytes.Equal(was, is) {
			if name != "" {
				return fmt.Errorf("%s and %s are both mutated", name, file)
			}
			name, data = file, is
		}
		return err
	})
	if err == nil && name == "" {
		err = errors.New("no file is mutated")
	}
	return name, data, err
}

// eachSource calls f for each file of a module that may be mutated.
func eachSource(dir string, f func(name string) error) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return f(filepath.ToSlash(name))
	})
}

// writeOverlay lets "go test -overlay" see the mutant in the place of the file.
func writeOverlay(name string) (string, error) {
	mutant, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	overlay := map[string]map[string]string{"Replace": {filepath.Join(module(), name): mutant}}
	data, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp("", "overlay*.json")
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	return file.Name(), errors.Join(err, file.Close())
}
