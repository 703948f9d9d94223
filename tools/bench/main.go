// Bench measures corskit beside its peers, and writes BENCHMARKS.md.
//
//	go build -C tools -o ../bin/ ./bench && bin/bench [-rounds N] [-more] [-benchtime T] [-bench REGEXP]
//
// Neighbours on a shared machine slow it down for seconds on end, which is as
// long as repeats of one benchmark take. So all benchmarks run once in each
// round, and the minimum and the median of the rounds count. Their output is
// left in .cache/bench.txt, which benchstat reads.
//
// Run it at the root of the repository. With -bench it runs those benchmarks
// that match, prints what it has measured, and leaves BENCHMARKS.md as it is.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 10, "how often each benchmark is run")
	flag.StringVar(&o.benchtime, "benchtime", "20ms", "for how long, as in go test")
	flag.BoolVar(&o.more, "more", false, "pool the rounds with those of the last runs, which .cache/bench.txt has")
	flag.StringVar(&o.bench, "bench", "", "run only the benchmarks that match, and leave BENCHMARKS.md as it is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

type options struct {
	rounds           int
	benchtime, bench string
	more             bool
}

// all matches the benchmarks that BENCHMARKS.md tells about.
const all = "^Benchmark(CORS|Decide|Scale|Build|Reload)$"

const (
	ours     = "github.com/corskit/corskit/"
	peersDir = "conformance/adapters" // where the peers are
	rawFile  = ".cache/bench.txt"
)

func (o options) run(ctx context.Context, out io.Writer) error {
	bench, packages := o.bench, []string{ours + "core/...", ours + peersDir}
	if bench == "" {
		bench, packages = all, []string{ours + "core", ours + peersDir}
	}
	binaries, err := compile(ctx, packages)
	if err != nil {
		return err
	}
	var r report
	for _, b := range binaries {
		if b.pkg != ours+peersDir {
			continue
		}
		// It fails where a benchmark would measure something else.
		checked, err := b.run(ctx, "-test.v", "-test.run=^TestBenchmarksAnswer$")
		if err != nil {
			return err
		}
		if r.notes, err = parseNotes(bytes.NewReader(checked)); err != nil {
			return err
		}
	}
	raw, err := o.measure(ctx, binaries, bench)
	if err != nil {
		return err
	}
	if r.results, err = parseResults(bytes.NewReader(raw)); err != nil {
		return err
	}
	if r.versions, err = readVersions(filepath.Join(peersDir, "go.mod")); err != nil {
		return err
	}
	if r.goVersion, err = output(exec.CommandContext(ctx, "go", "env", "GOVERSION")); err != nil {
		return err
	}
	r.options = o
	r.rounds = len(r.values[r.names[0]]["ns/op"])
	var text bytes.Buffer
	missed := r.write(&text)
	if o.bench == "" {
		if err := r.writeMissed(ctx, &text, missed, binaries); err != nil {
			return err
		}
	}
	if _, err := out.Write(text.Bytes()); err != nil || o.bench != "" {
		return err
	}
	return os.WriteFile("BENCHMARKS.md", text.Bytes(), 0o644)
}

// measure runs the benchmarks that match, and returns what they print.
func (o options) measure(ctx context.Context, binaries []binary, bench string) ([]byte, error) {
	how := os.O_TRUNC
	if o.more {
		how = os.O_APPEND
	}
	file, err := os.OpenFile(rawFile, os.O_CREATE|os.O_WRONLY|how, 0o644)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "bench: round %d of %d\n", round+1, o.rounds)
		for _, b := range binaries {
			raw, err := b.run(ctx, "-test.run=^$", "-test.bench="+bench, "-test.benchtime="+o.benchtime,
				"-test.benchmem", "-test.count=1", "-test.timeout=10m")
			if err != nil {
				return nil, err
			}
			if _, err := file.Write(raw); err != nil {
				return nil, err
			}
		}
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(rawFile)
}

// A binary is the test binary of a package.
type binary struct{ pkg, dir, file string }

// compile compiles the tests of the packages that have some.
func compile(ctx context.Context, packages []string) (binaries []binary, err error) {
	into, err := filepath.Abs(".cache/bench")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return nil, err
	}
	listed, err := output(exec.CommandContext(ctx, "go", append([]string{"list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}\t{{.Dir}}{{end}}"}, packages...)...))
	if err != nil {
		return nil, err
	}
	compiling := exec.CommandContext(ctx, "go", "test", "-c", "-o", into)
	for line := range strings.Lines(listed) {
		pkg, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		binaries = append(binaries, binary{pkg, dir, filepath.Join(into, path.Base(pkg)+".test")})
		compiling.Args = append(compiling.Args, pkg)
	}
	_, err = output(compiling)
	return binaries, err
}

// run runs the binary where "go test" does.
func (b binary) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, b.file, args...)
	cmd.Dir = b.dir
	out, err := output(cmd)
	return []byte(out + "\n"), err
}

// output returns what a command prints. An error says what it has printed too.
func output(cmd *exec.Cmd) (string, error) {
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, failed.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}
