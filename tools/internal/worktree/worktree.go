// Package worktree copies the repository as its next commit would have it.
package worktree

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Copy copies what is in the git repository at from, or would be after "git
// add", and returns the names and a hash of names and contents.
func Copy(from, to string) (files []string, hash string, err error) {
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	git.Dir, git.Stderr = from, os.Stderr
	list, err := git.Output()
	if err != nil {
		return nil, "", fmt.Errorf("git ls-files: %w", err)
	}
	sum := sha256.New()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
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
