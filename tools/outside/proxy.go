package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// layProxy writes a module proxy as "go help goproxy" describes it, with one
// version of each module.
func layProxy(proxy, tree string, modules []*ourModule, version string) error {
	licence, err := os.ReadFile(filepath.Join(tree, "LICENSE"))
	if err != nil {
		return fmt.Errorf("LICENSE is missing at the root: %w", err)
	}
	for _, m := range modules {
		// The go command does the same for a module below the root of its
		// repository.
		if err := os.WriteFile(filepath.Join(m.dir, "LICENSE"), licence, 0o644); err != nil {
			return err
		}
		mod, err := os.ReadFile(m.goMod())
		if err != nil {
			return err
		}
		dir := filepath.Join(proxy, m.path, "@v")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		archive, err := os.Create(filepath.Join(dir, version+".zip"))
		if err != nil {
			return err
		}
		defer archive.Close()
		if err := zip.CreateFromDir(archive, module.Version{Path: m.path, Version: version}, m.dir); err != nil {
			return err
		}
		for name, data := range map[string][]byte{
			"list":            []byte(version + "\n"),
			version + ".info": fmt.Appendf(nil, `{"Version":%q}`, version),
			version + ".mod":  mod,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
