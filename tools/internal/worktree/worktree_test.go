package worktree

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestCopy(t *testing.T) {
	repository := t.TempDir()
	git(t, repository, "init", "-q")
	write(t, repository, ".gitignore", "/bin/\n")
	write(t, repository, "bin/ignored", "")
	write(t, repository, "core/deleted.go", "package cors\n")
	write(t, repository, "core/tracked.go", "package cors\n")
	git(t, repository, "add", "core")
	write(t, repository, "core/untracked.go", "package cors\n")
	if err := os.Remove(filepath.Join(repository, "core/deleted.go")); err != nil {
		t.Fatal(err)
	}

	files, hash, err := Copy(repository, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	if want := []string{".gitignore", "core/tracked.go", "core/untracked.go"}; !slices.Equal(files, want) {
		t.Errorf("copied %q, want %q", files, want)
	}
	_, same, err := Copy(repository, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if same != hash {
		t.Errorf("the same tree has the hashes %s and %s", hash, same)
	}
	write(t, repository, "core/untracked.go", "package cors // changed\n")
	_, changed, err := Copy(repository, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if changed == hash {
		t.Errorf("a changed tree still has the hash %s, so the module cache would serve the old one", hash)
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
}

func write(t *testing.T, tree, name, data string) {
	t.Helper()
	path := filepath.Join(tree, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}
