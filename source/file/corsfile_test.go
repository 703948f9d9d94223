package corsfile_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/source/file"
)

const (
	app   = "https://app.example.com"
	other = "https://other.example.com"
)

func policyOf(origin string) string { return `{"allowOrigins": ["` + origin + `"]}` }

// allows returns the one of app and other that d allows, or "neither" or "both".
func allows(d cors.Decider) string {
	ask := func(origin string) string {
		return d.Decide(context.Background(), cors.Request{Method: "GET", Origin: cors.NewLines([]string{origin})}).AllowOrigin
	}
	switch a, b := ask(app), ask(other); {
	case a != "" && b != "":
		return "both"
	case a+b == "":
		return "neither"
	default:
		return a + b
	}
}

// reports are what a Watch has reported. They are what tests wait for: a failure
// to report ends a test, but no success depends on the time that it takes.
type reports chan error

func (r reports) next(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the change is not reported")
		return nil
	}
}

// untilLoaded waits for a policy to be in force, whatever is found before.
func (r reports) untilLoaded(t *testing.T) {
	t.Helper()
	for r.next(t) != nil {
	}
}

// watch watches a file that allows app, and stops at the end of the test.
func watch(t *testing.T, file string) (*cors.Live, reports) {
	t.Helper()
	live, reported := new(cors.Live), make(reports, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	done, err := corsfile.Watch(ctx, live, file, func(err error) { reported <- err })
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("Watch does not end with its context")
		}
	})
	if got := allows(live); got != app {
		t.Fatalf("when Watch has returned, the Live allows %s, want %s", got, app)
	}
	return live, reported
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(text), 0o644))
}

func replaceLink(t *testing.T, link, target string) {
	t.Helper()
	must(t, os.Symlink(target, link+".new"))
	must(t, os.Rename(link+".new", link))
}

// way is a way in which a file changes: the first call makes it below dir and
// returns its name, every later one changes it.
type way struct {
	name   string
	change func(t *testing.T, dir string, n int, text string) (file string)
}

var ways = []way{
	{"written in place", func(t *testing.T, dir string, _ int, text string) string {
		write(t, dir+"/policy.json", text)
		return dir + "/policy.json"
	}},
	{"a rename over it", func(t *testing.T, dir string, _ int, text string) string {
		write(t, dir+"/.policy.json.swp", text)
		must(t, os.Rename(dir+"/.policy.json.swp", dir+"/policy.json"))
		return dir + "/policy.json"
	}},
	{"moved away and made again, as editors with backups do", func(t *testing.T, dir string, n int, text string) string {
		if n > 0 {
			must(t, os.Rename(dir+"/policy.json", dir+"/policy.json~"))
		}
		write(t, dir+"/policy.json", text)
		return dir + "/policy.json"
	}},
	{"deleted and made again", func(t *testing.T, dir string, n int, text string) string {
		if n > 0 {
			must(t, os.Remove(dir+"/policy.json"))
		}
		write(t, dir+"/policy.json", text)
		return dir + "/policy.json"
	}},
	{"truncated, then written in parts", func(t *testing.T, dir string, _ int, text string) string {
		f, err := os.Create(dir + "/policy.json")
		must(t, err)
		for _, b := range []byte(text) {
			_, err := f.Write([]byte{b})
			must(t, err)
		}
		must(t, f.Close())
		return dir + "/policy.json"
	}},
	{"a ConfigMap", func(t *testing.T, dir string, n int, text string) string {
		// The steps of the kubelet's atomic writer: a new directory, a swap of
		// the link ..data, and the end of the old directory.
		old, _ := os.Readlink(dir + "/..data")
		fresh := "..2026_01_0" + string(rune('1'+n))
		must(t, os.Mkdir(dir+"/"+fresh, 0o755))
		write(t, dir+"/"+fresh+"/policy.json", text)
		must(t, os.Symlink(fresh, dir+"/..data_tmp"))
		must(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
		if n == 0 {
			must(t, os.Symlink("..data/policy.json", dir+"/policy.json"))
		} else {
			must(t, os.RemoveAll(dir+"/"+old))
		}
		return dir + "/policy.json"
	}},
	{"a link to a release", func(t *testing.T, dir string, n int, text string) string {
		release := dir + "/releases/" + string(rune('1'+n)) + "/config"
		must(t, os.MkdirAll(release, 0o755))
		write(t, release+"/policy.json", text)
		replaceLink(t, dir+"/current", filepath.Dir(release))
		return dir + "/current/config/policy.json"
	}},
	{"a link to a file elsewhere", func(t *testing.T, dir string, n int, text string) string {
		target := dir + "/policy-" + string(rune('1'+n)) + ".json"
		write(t, target, text)
		must(t, os.MkdirAll(dir+"/etc", 0o755))
		replaceLink(t, dir+"/etc/policy.json", "../"+filepath.Base(target))
		return dir + "/etc/policy.json"
	}},
	{"the file behind a link", func(t *testing.T, dir string, n int, text string) string {
		must(t, os.MkdirAll(dir+"/etc", 0o755))
		must(t, os.MkdirAll(dir+"/var", 0o755))
		write(t, dir+"/var/policy.json", text)
		if n == 0 {
			must(t, os.Symlink(dir+"/var", dir+"/lib"))
			must(t, os.Symlink("../lib/policy.json", dir+"/etc/policy.json"))
		}
		return dir + "/etc/policy.json"
	}},
	{"its directory moved away and another put there", func(t *testing.T, dir string, n int, text string) string {
		must(t, os.Mkdir(dir+"/next", 0o755))
		write(t, dir+"/next/policy.json", text)
		if n > 0 {
			must(t, os.Rename(dir+"/etc", dir+"/old-"+string(rune('1'+n))))
		}
		must(t, os.Rename(dir+"/next", dir+"/etc"))
		return dir + "/etc/policy.json"
	}},
	{"its directories deleted and made again", func(t *testing.T, dir string, _ int, text string) string {
		must(t, os.RemoveAll(dir+"/a"))
		must(t, os.MkdirAll(dir+"/a/b/c", 0o755))
		write(t, dir+"/a/b/c/policy.json", text)
		return dir + "/a/b/c/policy.json"
	}},
}

func TestWatchNotices(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			live, reported := watch(t, way.change(t, dir, 0, policyOf(app)))
			// Several times, since a change can end what the next one needs.
			for n, want := range []string{other, app, other} {
				way.change(t, dir, n+1, policyOf(want))
				reported.untilLoaded(t)
				if got := allows(live); got != want {
					t.Fatalf("after change %d the Live allows %s, want %s", n+1, got, want)
				}
			}
		})
	}
}

// TestWatchNoticesAfterAnError goes through a state without a file first.
func TestWatchNoticesAfterAnError(t *testing.T) {
	for _, gone := range []string{"etc/policy.json", "etc"} {
		t.Run(gone, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, os.Mkdir(dir+"/etc", 0o755))
			write(t, dir+"/etc/policy.json", policyOf(app))
			live, reported := watch(t, dir+"/etc/policy.json")
			must(t, os.RemoveAll(filepath.Join(dir, gone)))
			if err := reported.next(t); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file that was deleted is reported as %v", err)
			}
			if got := allows(live); got != app {
				t.Errorf("with the file deleted the Live allows %s, want %s", got, app)
			}
			must(t, os.MkdirAll(dir+"/etc", 0o755))
			write(t, dir+"/etc/policy.json", policyOf(other))
			reported.untilLoaded(t)
			if got := allows(live); got != other {
				t.Errorf("with the file made again the Live allows %s, want %s", got, other)
			}
		})
	}
}

func TestWatchKeepsThePolicyThroughFaults(t *testing.T) {
	tests := []struct {
		name string
		harm func(t *testing.T, file string)
		want string // a part of the report
	}{
		{"an empty file", func(t *testing.T, file string) { write(t, file, "") }, "/policy.json:1:1: the file is empty"},
		{"half of the file", func(t *testing.T, file string) { write(t, file, policyOf(other)[:20]) }, "/policy.json:1:21: the file ends within the object"},
		{"a fault", func(t *testing.T, file string) { write(t, file, policyOf(other+"/")) }, `/policy.json:1:19: allowOrigins: "https://other.example.com/" has a trailing slash: write https://other.example.com`},
		{"a second fault", func(t *testing.T, file string) { write(t, file, `{"allowOrigins": ["a"], "maxAge": -5}`) }, `/policy.json:1:35: maxAge: "-5" is negative`},
		{"no file", func(t *testing.T, file string) { must(t, os.Remove(file)) }, "no such file"},
		{"a link to nothing", func(t *testing.T, file string) { replaceLink(t, file, "nothing") }, "no such file"},
		{"a link to itself", func(t *testing.T, file string) { replaceLink(t, file, "policy.json") }, "too many levels of symbolic links"},
		{"a directory", func(t *testing.T, file string) { must(t, os.Remove(file)); must(t, os.Mkdir(file, 0o755)) }, "is a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := t.TempDir() + "/policy.json"
			write(t, file, policyOf(app))
			live, reported := watch(t, file)
			tt.harm(t, file)
			for {
				err := reported.next(t)
				if err == nil {
					t.Fatalf("%s is put in force: the Live allows %s", tt.name, allows(live))
				}
				if strings.Contains(err.Error(), tt.want) {
					break
				}
				// A state on the way, such as a file that is not there yet.
				if !strings.Contains(err.Error(), "the current policy stays") {
					t.Fatalf("%s is reported as %v, want %s", tt.name, err, tt.want)
				}
			}
			if got := allows(live); got != app {
				t.Errorf("with %s the Live allows %s, want %s", tt.name, got, app)
			}
			must(t, os.RemoveAll(file))
			write(t, file, policyOf(other))
			reported.untilLoaded(t)
			if got := allows(live); got != other {
				t.Errorf("once it was mended the Live allows %s, want %s", got, other)
			}
		})
	}
}

func TestWatchRefusesABadStart(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/faulty.json", `{"allowOrigins": ["a"], "maxAge": -5}`)
	live := cors.NewLive(cors.MustNew(cors.Config{AllowOrigins: []string{app}}))
	for file, want := range map[string]string{
		"faulty.json":      "cors: Live.Reload: the current policy stays: " + dir + "/faulty.json:1:19: ",
		"missing.json":     "cors: Live.Reload: the current policy stays: open " + dir + "/missing.json: ",
		"missing/dir.json": "cors: Live.Reload: the current policy stays: open " + dir + "/missing/dir.json: ",
	} {
		done, err := corsfile.Watch(t.Context(), live, dir+"/"+file, func(error) { t.Error("what Watch returns is reported too") })
		if done != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Watch of %s returns the error %v, want %s", file, err, want)
		}
		if n := len(cors.ConfigErrors(err)); file == "faulty.json" && n != 2 {
			t.Errorf("the error holds %d faults of two: %v", n, err)
		}
		if got := allows(live); got != app {
			t.Errorf("after the start with %s was refused, the Live allows %s, want %s", file, got, app)
		}
	}
}

func TestWatchTakesARelativeName(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "policy.json", policyOf(app))
	live, reported := watch(t, "policy.json")
	t.Chdir(t.TempDir()) // which must not matter any more
	write(t, dir+"/policy.json", policyOf(other+"/"))
	if err := reported.next(t); err == nil || !strings.Contains(err.Error(), ": policy.json:1:19: ") {
		t.Errorf("a fault is reported as %v, want the name that was given", err)
	}
	write(t, dir+"/policy.json", policyOf(other))
	reported.untilLoaded(t)
	if got := allows(live); got != other {
		t.Errorf("the Live allows %s, want %s", got, other)
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	file := t.TempDir() + "/policy.json"
	write(t, file, policyOf(app))
	ctx, cancel := context.WithCancel(context.Background())
	done, err := corsfile.Watch(ctx, new(cors.Live), file, func(error) {})
	must(t, err)
	select {
	case <-done:
		t.Error("Watch ends before its context")
	default:
	}
	cancel()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("Watch does not end with its context")
	}
}

func TestWatchPanicsWithoutItsParts(t *testing.T) {
	for name, call := range map[string]func(){
		"Live":     func() { corsfile.Watch(t.Context(), nil, "policy.json", func(error) {}) },
		"function": func() { corsfile.Watch(t.Context(), new(cors.Live), "policy.json", nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("without a %s Watch does not panic", name)
				}
			}()
			call()
		}()
	}
}

// TestDecisionsDuringChanges is for the race detector, and checks that there is
// no moment without a policy: both allow app.
func TestDecisionsDuringChanges(t *testing.T) {
	file := t.TempDir() + "/policy.json"
	write(t, file, policyOf(app))
	live, reported := watch(t, file)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				if got := allows(live); got != app && got != "both" {
					t.Errorf("during a change the Live allows %s, want %s at all times", got, app)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := range 5 {
		write(t, file, policyOf([]string{app + `", "` + other, app}[n%2]))
		reported.untilLoaded(t)
	}
	close(done)
	readers.Wait()
}
