package corsfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	cors "github.com/corskit/corskit/core"
)

const valid = `{"allowOrigins": ["https://app.example.com"]}`

// place makes a directory tree and returns its real path.
func place(t *testing.T, links map[string]string, files ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(dir+"/"+file), 0o755), os.WriteFile(dir+"/"+file, []byte(valid), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range links {
		if err := errors.Join(os.MkdirAll(filepath.Dir(dir+"/"+link), 0o755), os.Symlink(target, dir+"/"+link)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTrailOf(t *testing.T) {
	tests := []struct {
		name  string
		links map[string]string
		path  string
		want  []string
	}{
		{"a file", nil, "etc/policy.json", []string{"etc/policy.json"}},
		{"a missing file", nil, "etc/missing.json", []string{"etc/missing.json"}},
		{"a missing directory", nil, "var/lib/policy.json", []string{"var"}},
		{"a link to a file", map[string]string{"link.json": "etc/policy.json"}, "link.json", []string{"link.json", "etc/policy.json"}},
		{"a link to a directory", map[string]string{"current": "etc"}, "current/policy.json", []string{"current", "etc/policy.json"}},
		{"a link upwards", map[string]string{"a/b/link.json": "../../etc/policy.json"}, "a/b/link.json", []string{"a/b/link.json", "etc/policy.json"}},
		{"a ConfigMap", map[string]string{"cm/..data": "../etc", "cm/policy.json": "..data/policy.json"}, "cm/policy.json",
			[]string{"cm/policy.json", "cm/..data", "etc/policy.json"}},
		{"a link to nothing", map[string]string{"link.json": "nothing"}, "link.json", []string{"link.json", "nothing"}},
	}
	for _, tt := range tests {
		dir := place(t, tt.links, "etc/policy.json")
		var want []string
		for _, entry := range tt.want {
			want = append(want, dir+"/"+entry)
		}
		if got := trailOf(dir + "/" + tt.path); !slices.Equal(got, want) {
			t.Errorf("the trail of %s is %q, want %q", tt.name, got, want)
		}
	}
}

func TestTrailOfALoopEnds(t *testing.T) {
	dir := place(t, map[string]string{"a": "b", "b": "a"})
	if got := trailOf(dir + "/a/policy.json"); len(got) > 100 {
		t.Errorf("the trail of a loop has %d entries", len(got))
	}
}

func newWatcher(t *testing.T, path string) (*watcher, chan error) {
	t.Helper()
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { notify.Close() })
	reported := make(chan error, 10)
	return &watcher{
		live: new(cors.Live), name: "policy.json", path: path, notify: notify, add: notify.Add,
		report: func(err error) { reported <- err },
	}, reported
}

func TestOnlyTheTrailMatters(t *testing.T) {
	dir := place(t, map[string]string{"cm/..data": "../etc", "cm/policy.json": "..data/policy.json"}, "etc/policy.json")
	w, _ := newWatcher(t, dir+"/cm/policy.json")
	if err := w.follow(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"cm/policy.json": true, "cm/..data": true, "etc/policy.json": true, "cm": true, "etc": true,
		"cm/other.json": false, "etc/policy.json~": false, "etc/policy.jso": false, "": false,
	} {
		if got := w.matters(filepath.Join(dir, path)); got != want {
			t.Errorf("a change of %q matters: %v, want %v", path, got, want)
		}
	}
}

func TestFollowLeavesNoWatchBehind(t *testing.T) {
	dir := place(t, map[string]string{"current": "1"}, "1/policy.json", "2/policy.json")
	w, _ := newWatcher(t, dir+"/current/policy.json")
	for _, release := range []string{"1", "2", "1"} {
		if err := errors.Join(os.Remove(dir+"/current"), os.Symlink(release, dir+"/current"), w.follow()); err != nil {
			t.Fatal(err)
		}
		want := []string{dir, dir + "/" + release}
		got := w.notify.WatchList()
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("with release %s these are watched: %q, want %q", release, got, want)
		}
	}
}

// TestFollowSeesAChangeUnderWay swaps a link before its directory is watched.
func TestFollowSeesAChangeUnderWay(t *testing.T) {
	dir := place(t, map[string]string{"current": "1"}, "1/policy.json", "2/policy.json")
	w, _ := newWatcher(t, dir+"/current/policy.json")
	swapped := false
	w.add = func(watched string) error {
		if !swapped {
			swapped = true
			if err := errors.Join(os.Remove(dir+"/current"), os.Symlink("2", dir+"/current")); err != nil {
				t.Fatal(err)
			}
		}
		return w.notify.Add(watched)
	}
	if err := w.follow(); err != nil {
		t.Fatal(err)
	}
	if want := []string{dir + "/current", dir + "/2/policy.json"}; !slices.Equal(w.trail, want) {
		t.Errorf("a link that was swapped meanwhile leaves the trail at %q, want %q", w.trail, want)
	}
}

func TestTheSameContentIsNoChange(t *testing.T) {
	dir := place(t, nil, "policy.json")
	w, _ := newWatcher(t, dir+"/policy.json")
	for _, step := range []struct {
		name   string
		do     func() error
		change bool
	}{
		{"the first look", func() error { return nil }, true},
		{"another look", func() error { return nil }, false},
		{"the same content in another file", func() error {
			return errors.Join(os.WriteFile(dir+"/new", []byte(valid), 0o644), os.Rename(dir+"/new", dir+"/policy.json"))
		}, false},
		{"a faulty content", func() error { return os.WriteFile(dir+"/policy.json", nil, 0o644) }, true},
		{"the same fault", func() error { return os.WriteFile(dir+"/policy.json", nil, 0o644) }, false},
		{"no file", func() error { return os.Remove(dir + "/policy.json") }, true},
		{"still no file", func() error { return nil }, false},
		{"the file again", func() error { return os.WriteFile(dir+"/policy.json", []byte(valid), 0o644) }, true},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if changed, err := w.load(); changed != step.change {
			t.Errorf("%s is a change: %v (%v), want %v", step.name, changed, err, step.change)
		}
	}
}

// TestBlindWatcherLooksAgain has the system refuse two watches, and changes the
// file in between, of which no notification tells.
func TestBlindWatcherLooksAgain(t *testing.T) {
	dir := place(t, nil, "policy.json")
	w, reported := newWatcher(t, dir+"/policy.json")
	refused := errors.New("no space left for watches")
	calls := 0
	w.add = func(string) error {
		if calls++; calls <= 2 {
			return refused
		}
		return w.notify.Add(dir)
	}
	w.content = "file something else"
	if w.look() {
		t.Error("a directory that is not watched goes unnoticed")
	}
	if err := next(t, reported); !errors.Is(err, refused) {
		t.Errorf("a directory that is not watched is reported as %v", err)
	}
	if err := next(t, reported); err != nil {
		t.Errorf("the file is not loaded: %v", err)
	}
	if err := os.WriteFile(dir+"/policy.json", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.run(ctx) }()
	defer func() { cancel(); <-done }()
	w.notify.Errors <- fsnotify.ErrEventOverflow // starts the looks
	if err := next(t, reported); err == nil || errors.Is(err, refused) {
		t.Errorf("what was changed while nothing was watched is reported as %v, want the fault of an empty file", err)
	}
	if err := os.WriteFile(dir+"/policy.json", []byte(valid), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := next(t, reported); err != nil {
		t.Errorf("the mended file is reported as %v", err)
	}
}

func next(t *testing.T, reported <-chan error) error {
	t.Helper()
	select {
	case err := <-reported:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the change is not reported")
		return nil
	}
}
