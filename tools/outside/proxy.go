package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// copyTree copies what is in the git repository, or would be after "git add",
// and returns the names and a hash of names and contents.
func copyTree(ctx context.Context, from, to string) (files []string, hash string, err error) {
	list, err := command(ctx, from, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	if err != nil {
		return nil, "", err
	}
	sum := sha256.New()
	for name := range strings.SplitSeq(strings.TrimSuffix(list, "\x00"), "\x00") {
		source := filepath.Join(from, name)
		info, err := os.Lstat(source)
		if os.IsNotExist(err) {
			continue // deleted, but not yet in a commit
		}
		if err != nil {
			return nil, "", err
		}
		if !info.Mode().IsRegular() {
			return nil, "", fmt.Errorf("%s is not a regular file: module zips cannot hold it", name)
		}
		data, err := os.ReadFile(source)
		if err != nil {
			return nil, "", err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return nil, "", err
		}
		if err := os.WriteFile(target, data, info.Mode().Perm()); err != nil {
			return nil, "", err
		}
		fmt.Fprintf(sum, "%s\x00%d\x00%s", name, len(data), data)
		files = append(files, name)
	}
	return files, hex.EncodeToString(sum.Sum(nil)[:6]), nil
}

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
