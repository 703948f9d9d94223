// Outside builds and tests every module of the repository as those who require
// it see it: from a proxy, without the workspace, and, for what gets tagged,
// with the oldest Go release that we support too.
//
//	go build -C tools -o ../bin/ ./outside && bin/outside | bin/gotestsum --raw-command -- cat
//
// Standard output is what "go test -json" prints, the checks of this program
// being tests as well. The tree itself is never written to.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/corskit/corskit/tools/internal/worktree"
)

const ours = "github.com/corskit/corskit/"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r := &report{out: os.Stdout}
	modules, err := outside(ctx, r)
	if err == nil && r.failed > 0 {
		err = fmt.Errorf("%d of %d checks failed", r.failed, r.checks)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "outside: %v\n", err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "outside: %d modules, %d checks\n", modules, r.checks)
}

// outside returns the number of modules. Its error is about the set-up; checks
// that fail are in the report.
func outside(ctx context.Context, r *report) (int, error) {
	root, err := command(ctx, ".", nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return 0, err
	}
	temp, err := os.MkdirTemp("", "outside")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(temp)

	tree := filepath.Join(temp, "tree")
	files, hash, err := worktree.Copy(strings.TrimSpace(root), tree)
	if err != nil {
		return 0, err
	}
	// The module cache never asks again for a version that it has, so sources
	// that differ need versions that differ.
	version := "v0.1.1-dev.x" + hash
	var modules []*ourModule
	for _, file := range files {
		if path.Base(file) == "go.mod" {
			m, err := openModule(tree, path.Dir(file), version)
			if err != nil {
				return 0, err
			}
			modules = append(modules, m)
		}
	}
	proxy := filepath.Join(temp, "proxy")
	if err := layProxy(proxy, tree, modules, version); err != nil {
		return 0, err
	}
	env, err := environment(ctx, proxy)
	if err != nil {
		return 0, err
	}

	for _, m := range modules {
		r.group("outside/"+m.name, func() { checkModule(ctx, r, m, env) })
	}
	readme, err := os.ReadFile(filepath.Join(tree, "README.md"))
	if err != nil {
		return 0, err
	}
	for _, m := range modules {
		if !m.inPrograms() {
			continue
		}
		floor := append(slices.Clone(env), "GOTOOLCHAIN=go"+m.file.Go.Version)
		r.group("floor/"+m.name, func() { checkFloor(ctx, r, m, floor) })
		r.group("consumer/"+m.name, func() { checkConsumer(ctx, r, m, string(readme), version, temp, env) })
	}
	return len(modules), ctx.Err()
}

func checkModule(ctx context.Context, r *report, m *ourModule, env []string) {
	// Without a workspace nothing but the module's own go.mod and go.sum says
	// what it needs, and only here can "go mod tidy" find our other modules.
	if !r.check("tidy", func() error { return m.tidy(ctx, env) }) {
		return
	}
	r.check("build", func() error { return silent(command(ctx, m.dir, env, "go", "build", "-o", os.DevNull, "./...")) })
	r.check("vet", func() error { return silent(command(ctx, m.dir, env, "go", "vet", "./...")) })
	r.check("test", func() error { return r.goTest(ctx, "outside/", m.dir, env) })
}

func checkFloor(ctx context.Context, r *report, m *ourModule, env []string) {
	r.check("build", func() error { return silent(command(ctx, m.dir, env, "go", "build", "-o", os.DevNull, "./...")) })
	r.check("test", func() error { return r.goTest(ctx, "floor/", m.dir, env) })
}

// environment is that of the user, except that our modules come from the proxy
// and that the checksum database is not asked for them: it knows none of these
// versions, and must not be told of them. (GOPRIVATE would go round the proxy.)
func environment(ctx context.Context, proxy string) ([]string, error) {
	out, err := command(ctx, ".", nil, "go", "env", "GOPROXY", "GONOSUMDB")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(out, "\n")
	return append(os.Environ(),
		"GOWORK=off",
		"GOPROXY=file://"+filepath.ToSlash(proxy)+","+lines[0],
		"GONOSUMDB="+strings.TrimSuffix(ours+"*,"+lines[1], ","),
	), nil
}

// command runs a program and returns its standard output. The first line of
// its error says what was run; the rest is what the program had to say.
func command(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

func silent(_ string, err error) error { return err }
