// Mutation breaks the code of the core and of the adapters in one place at a
// time, and counts how often the tests notice.
//
//	go build -C tools -o ../bin/ ./mutation github.com/go-gremlins/gremlins/cmd/gremlins
//	bin/mutation [-resume] [MODULE...]
//
// Gremlins makes the mutants, one module at a time, in a copy of the tree. What
// it runs for each of them is "go test" of one package, which knows nothing of
// the other modules; so this program stands in for "go" there, and runs the
// tests of the whole workspace: see suite.go.
//
// Mutants that survive must be listed in survivors.yaml, each with the reason
// why no test can tell it from the code. What is listed and is killed, or is no
// longer there, is an error too.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/tools/internal/worktree"
)

// leastKilled is the share of the mutants that the tests must notice.
const leastKilled = 0.95

func main() {
	if filepath.Base(os.Args[0]) == "go" {
		os.Exit(standIn(os.Args[1:]))
	}
	resume := flag.Bool("resume", false, "go on with a run that was interrupted: believe what it has found about the same code and tests")
	flag.Parse()
	if err := mutate(flag.Args(), *resume); err != nil {
		fmt.Fprintf(os.Stderr, "mutation: %v\n", err)
		os.Exit(1)
	}
}

func mutate(modules []string, resume bool) error {
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return fmt.Errorf("git rev-parse: %w: run it inside the repository", err)
	}
	root := strings.TrimSpace(string(top))
	temp, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	tree := filepath.Join(temp, "tree")
	files, _, err := worktree.Copy(root, tree)
	if err != nil {
		return err
	}
	known, err := readSurvivors(filepath.Join(tree, "tools/mutation/survivors.yaml"))
	if err != nil {
		return err
	}
	sum, err := hash(tree, files)
	if err != nil {
		return err
	}
	fates := filepath.Join(root, ".cache/mutation", sum)
	if !resume {
		if err := os.RemoveAll(fates); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(fates, 0o755); err != nil {
		return err
	}
	env, err := environment(temp, tree, fates)
	if err != nil {
		return err
	}
	whole := len(modules) == 0
	if whole {
		if modules, err = mutatedModules(tree); err != nil {
			return err
		}
	}
	var r result
	for _, module := range modules {
		out, err := gremlins(root, tree, module, env)
		if err != nil {
			return err
		}
		if err := r.add(tree, module, out); err != nil {
			return err
		}
	}
	if whole {
		if err := r.save(filepath.Join(root, ".cache/mutation.json")); err != nil {
			return err
		}
	}
	return r.judge(os.Stdout, known, modules)
}

// hash returns a hash of all that the fate of a mutant can depend on.
func hash(tree string, files []string) (string, error) {
	sum := sha256.New()
	for _, name := range files {
		if strings.HasPrefix(name, "tools/") || filepath.Ext(name) == ".md" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(tree, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s\x00%d\x00%s", name, len(data), data)
	}
	return hex.EncodeToString(sum.Sum(nil)[:6]), nil
}

// mutatedModules lists what other programs are built on: the core and the adapters.
func mutatedModules(tree string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(tree, "adapters/*/go.mod"))
	modules := []string{"core"}
	for _, file := range files {
		modules = append(modules, "adapters/"+filepath.Base(filepath.Dir(file)))
	}
	return modules, err
}

// environment is that of gremlins: the user's, with this program as "go".
func environment(temp, tree, fates string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(temp, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return nil, err
	}
	if err := os.Symlink(self, filepath.Join(bin, "go")); err != nil {
		return nil, err
	}
	return append(os.Environ(),
		"PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"GOWORK="+filepath.Join(tree, "go.work"),
		"TMPDIR="+temp,
		envGo+"="+goTool,
		envTree+"="+tree,
		envFates+"="+fates,
	), nil
}

// gremlins mutates a module and returns its report.
func gremlins(root, tree, module string, env []string) (report, error) {
	dir := filepath.Join(tree, module)
	out := filepath.Join(tree, strings.ReplaceAll(module, "/", "-")+".json")
	args := []string{"unleash", "--output", out, "--output-statuses", "l",
		"--workers", strconv.Itoa(runtime.NumCPU()),
		// The tests have time limits of their own.
		"--timeout-coefficient", "1000",
	}
	for _, kind := range []string{"invert-assignments", "invert-bitwise", "invert-bwassign",
		"invert-logical", "invert-loopctrl", "remove-self-assignments"} {
		args = append(args, "--"+kind)
	}
	cmd := exec.Command(filepath.Join(root, "bin/gremlins"), append(args, ".")...)
	cmd.Dir, cmd.Env = dir, append(slices.Clone(env), envModule+"="+module)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return report{}, fmt.Errorf("gremlins in %s: %w", module, err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		return report{}, err
	}
	var r report
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&r); err != nil {
		return report{}, fmt.Errorf("the report of gremlins about %s: %w", module, err)
	}
	return r, nil
}
