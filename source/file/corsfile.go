// Package corsfile keeps a CORS policy in step with a file, so that origins can
// be changed while a server runs.
//
//	live := new(cors.Live)
//	_, err := corsfile.Watch(ctx, live, "policy.json", func(err error) {
//		log.Printf("CORS policy: %v", err) // <nil> when a new one is in force
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	handler := corshttp.New(live)(mux) // as with every adapter
//
// It reads the format of [cors.ParsePolicy], and notices every way in which
// files are changed: written in place, replaced by a rename as editors and
// deployment tools do, replaced by the swap of a symbolic link as Kubernetes
// does for a ConfigMap, deleted and made again. A file with a fault, such as one
// that is half written, is reported and changes nothing.
package corsfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	cors "github.com/corskit/corskit/core"
)

const (
	// settle is the time between the first sign of a change and the look at
	// the file, which most writers need less of.
	settle = 100 * time.Millisecond

	// retry is the time between two attempts to watch a directory.
	retry = time.Second
)

// Watch puts the policy in file into live, and does so again whenever the file
// changes, until ctx is done. Then it closes the channel that it returned, after
// which it neither touches live nor calls report.
//
// If the file cannot be read at first, or is not a valid policy, Watch returns
// an error and leaves live alone, so that a server can refuse to start. Later
// faults are for report, and the policy that is in force stays. The errors hold
// one [cors.ConfigError] for every fault of the file.
//
// Watch calls report after each change of the file's content, one call at a
// time: with nil if the new policy is in force, else with the error. It must not
// be nil. Relative names are taken from the current directory at the time of the
// call.
//
// Changes are noticed by notification, not by polling. If a directory cannot be
// watched, Watch reports it and looks again every second until it can. Three
// things send no notification: network file systems when another machine writes,
// the renaming of a directory further up than the file's own, and mounts of a
// single file (in Kubernetes with subPath), which keep the file that was mounted.
// Mount the directory, or call [cors.Live.Reload] on a signal.
func Watch(ctx context.Context, live *cors.Live, file string, report func(error)) (done <-chan struct{}, err error) {
	if live == nil || report == nil {
		panic("corsfile: Watch: the Live or the function is nil: pass new(cors.Live) and a function that logs")
	}
	w := &watcher{live: live, name: file, report: report}
	if w.path, err = filepath.Abs(file); err != nil {
		return nil, fmt.Errorf("corsfile: %w", err)
	}
	if w.notify, err = fsnotify.NewWatcher(); err != nil {
		return nil, fmt.Errorf("corsfile: cannot watch files: %w", err)
	}
	w.add = w.notify.Add
	err = w.follow()
	if err == nil {
		_, err = w.load()
	}
	if err != nil {
		w.notify.Close()
		return nil, err
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		defer w.notify.Close()
		w.run(ctx)
	}()
	return stopped, nil
}

type watcher struct {
	live   *cors.Live
	name   string // as the caller wrote it, for messages
	path   string // absolute
	report func(error)
	notify *fsnotify.Watcher
	add    func(dir string) error // notify.Add

	trail   []string // of path, as of the last call of follow
	content string   // what was read last, or why nothing was
	blind   string   // why a directory is not watched, "" if all are
}

func (w *watcher) run(ctx context.Context) {
	look := time.NewTimer(settle)
	look.Stop()
	waiting := false
	lookIn := func(d time.Duration) {
		if !waiting {
			waiting = true
			look.Reset(d)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-w.notify.Events:
			if !open {
				return
			}
			if w.matters(event.Name) {
				lookIn(settle)
			}
		case err := <-w.notify.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) { // or else the look makes up for it
				w.report(fmt.Errorf("corsfile: %s: %w", w.name, err))
			}
			lookIn(settle)
		case <-look.C:
			waiting = false
			if !w.look() {
				lookIn(retry)
			}
		}
	}
}

// look makes sure that the file is watched wherever it is now, and then loads
// it: a change after that sends a notification. It reports false if something
// cannot be watched.
func (w *watcher) look() bool {
	blind := ""
	err := w.follow()
	if err != nil {
		if blind = err.Error(); blind != w.blind {
			w.report(err)
		}
	}
	w.blind = blind
	if changed, err := w.load(); changed {
		w.report(err)
	}
	return blind == ""
}

// load loads the file, if it is not what it was the last time.
func (w *watcher) load() (changed bool, err error) {
	data, err := os.ReadFile(w.path)
	content := "file " + string(data)
	if err != nil {
		content = "error " + err.Error()
	}
	if content == w.content {
		return false, nil
	}
	w.content = content
	return true, w.live.Reload(func() (cors.Decider, error) {
		if err != nil {
			return nil, err
		}
		policy, err := cors.ParsePolicy(data)
		if err != nil { // without it, policy would be a Decider that refuses all
			return nil, w.named(err)
		}
		return policy, nil
	})
}

// named puts the name of the file before each of its faults.
func (w *watcher) named(err error) error {
	var faults []error
	for _, fault := range cors.ConfigErrors(err) {
		faults = append(faults, fmt.Errorf("%s:%w", w.name, fault))
	}
	return errors.Join(faults...)
}

// matters reports whether a change of the file or directory at path can have
// changed what is found under the watched file's name.
func (w *watcher) matters(path string) bool {
	return slices.ContainsFunc(w.trail, func(entry string) bool {
		return path == entry || path == filepath.Dir(entry)
	})
}

// follow watches the directory of every entry on the file's trail, and no other.
func (w *watcher) follow() error {
	for range 10 {
		trail := trailOf(w.path)
		var err error
		for _, entry := range trail {
			if e := w.add(filepath.Dir(entry)); e != nil {
				err = fmt.Errorf("corsfile: %s: cannot watch %s: %w", w.name, filepath.Dir(entry), e)
			}
		}
		if !slices.Equal(trail, trailOf(w.path)) {
			continue // it changed before it was watched
		}
		w.trail = trail
		for _, dir := range w.notify.WatchList() {
			if !w.matters(dir) {
				w.notify.Remove(dir) // an error means that it is gone
			}
		}
		return err
	}
	return fmt.Errorf("corsfile: %s: moves too fast to be watched", w.name)
}

// trailOf returns the entries of directories that decide what path leads to:
// every symbolic link on the way, and then the file, or the first directory
// that is missing. Those it returns have no symbolic link in front of their
// last element.
func trailOf(path string) []string {
	const mostLinks = 40 // as many as Linux follows
	root := filepath.VolumeName(path) + string(filepath.Separator)
	var trail []string
	at, rest := root, path[len(root):]
	for rest != "" {
		var name string
		name, rest, _ = strings.Cut(rest, string(filepath.Separator))
		switch name {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		entry := filepath.Join(at, name)
		info, err := os.Lstat(entry)
		if err != nil {
			return append(trail, entry)
		}
		if info.Mode()&os.ModeSymlink == 0 {
			if at = entry; strings.Trim(rest, string(filepath.Separator)) == "" {
				return append(trail, entry)
			}
			continue
		}
		trail = append(trail, entry)
		target, err := os.Readlink(entry)
		if err != nil || len(trail) > mostLinks {
			return trail
		}
		target = filepath.FromSlash(target)
		if filepath.IsAbs(target) {
			root = filepath.VolumeName(target) + string(filepath.Separator)
			at, target = root, target[len(root):]
		}
		rest = target + string(filepath.Separator) + rest
	}
	return trail
}
