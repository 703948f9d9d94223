package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// ourModule is one of ours in the copied tree.
type ourModule struct {
	name string // "adapters/gin"
	path string
	dir  string
	file *modfile.File // its requirements of ours raised to the version of this run
	sum  string        // go.sum without our own modules
}

// openModule reads the module and rewrites its go.mod and go.sum in place.
func openModule(tree, name, version string) (*ourModule, error) {
	m := &ourModule{name: name, path: ours + name, dir: filepath.Join(tree, name)}
	data, err := os.ReadFile(m.goMod())
	if err != nil {
		return nil, err
	}
	if m.file, err = modfile.Parse(name+"/go.mod", data, nil); err != nil {
		return nil, err
	}
	if m.file.Module.Mod.Path != m.path {
		return nil, fmt.Errorf("%s/go.mod: the module is %s: write %s, as its directory says", name, m.file.Module.Mod.Path, m.path)
	}
	if len(m.file.Replace) > 0 {
		return nil, fmt.Errorf("%s/go.mod: has a replace, which those who require it never see: move it to go.work", name)
	}
	for _, require := range m.file.Require {
		if strings.HasPrefix(require.Mod.Path, ours) {
			if err := m.file.AddRequire(require.Mod.Path, version); err != nil {
				return nil, err
			}
		}
	}
	if data, err = m.file.Format(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(m.goMod(), data, 0o644); err != nil {
		return nil, err
	}
	if m.sum, err = m.readSum(); err != nil {
		return nil, err
	}
	return m, os.WriteFile(m.goSum(), []byte(m.sum), 0o644)
}

// inPrograms says whether other programs are built on the module: the core, the
// adapters and the sources of policies, which therefore hold to our oldest Go
// release and need little.
func (m *ourModule) inPrograms() bool {
	return m.name == "core" || strings.HasPrefix(m.name, "adapters/") || strings.HasPrefix(m.name, "source/")
}

func (m *ourModule) goMod() string { return filepath.Join(m.dir, "go.mod") }
func (m *ourModule) goSum() string { return filepath.Join(m.dir, "go.sum") }

// readSum returns go.sum without the lines of our own modules: their sums
// change with every commit.
func (m *ourModule) readSum() (string, error) {
	data, err := os.ReadFile(m.goSum())
	if err != nil && !os.IsNotExist(err) {
		return "", err
	}
	var kept strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, ours) {
			kept.WriteString(line)
		}
	}
	return kept.String(), nil
}

// tidy completes go.sum with our own modules. Anything else that "go mod tidy"
// would change is an error.
func (m *ourModule) tidy(ctx context.Context, env []string) error {
	before, err := os.ReadFile(m.goMod())
	if err != nil {
		return err
	}
	if _, err := command(ctx, m.dir, env, "go", "mod", "tidy"); err != nil {
		return err
	}
	after, err := os.ReadFile(m.goMod())
	if err != nil {
		return err
	}
	if string(after) != string(before) {
		return fmt.Errorf("%s/go.mod is not tidy: run \"make tidy\"\n%s", m.name, after)
	}
	sum, err := m.readSum()
	if err != nil {
		return err
	}
	if sum != m.sum {
		return fmt.Errorf("%s/go.sum is not tidy: run \"make tidy\"", m.name)
	}
	return nil
}
