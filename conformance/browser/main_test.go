//go:build browser

package browser

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/browser/engine"
)

// found is what the tests have found.
var found report

// benches holds the engines that have been started, one of each kind.
var benches = map[string]func() (*bench, error){}

func TestMain(m *testing.M) {
	for _, name := range wanted() {
		if !slices.Contains(engine.Names(), name) {
			fmt.Fprintf(os.Stderr, "browser: BROWSERS has %q: write all, or a list of %s\n", name, strings.Join(engine.Names(), ","))
			os.Exit(1)
		}
	}
	os.Exit(func() int {
		var mu sync.Mutex
		var started []*bench
		for _, name := range engine.Names() {
			benches[name] = sync.OnceValues(func() (*bench, error) {
				b, err := newBench(name)
				if err != nil {
					return nil, err
				}
				mu.Lock()
				started = append(started, b)
				mu.Unlock()
				found.ran(name, b.engine.Version())
				return b, nil
			})
		}
		code := m.Run()
		for _, b := range started {
			if err := errors.Join(b.engine.Close(), b.network.Close()); err != nil {
				fmt.Fprintf(os.Stderr, "browser: %s: %v\n", b.engine.Name(), err)
				code = 1
			}
		}
		if everything := flag.Lookup("test.run").Value.String() == "" && os.Getenv("BROWSERS") == "all"; everything && code == 0 {
			if err := writeReport(); err != nil {
				fmt.Fprintln(os.Stderr, "browser:", err)
				code = 1
			}
		}
		return code
	}())
}

// newBench starts an engine, with a network of its own.
func newBench(name string) (*bench, error) {
	n, err := newNetwork()
	if err != nil {
		return nil, err
	}
	o := engine.Options{Proxy: n.Proxy, Certificate: n.Certificate}
	if name == "chromium" {
		// Frames in a sandbox would have a process of their own, and what it says of
		// their requests would not be heard in the page.
		o.Flags = []string{"--disable-features=IsolateSandboxedIframes"}
	}
	e, err := engine.Start(context.Background(), name, o)
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return &bench{network: n, engine: e, tabs: map[string]engine.Tab{}}, nil
}

func writeReport() error {
	var table strings.Builder
	sessionMu.Lock()
	defer sessionMu.Unlock()
	slices.SortFunc(sessionFigures, func(a, b sessionFigure) int {
		return cmp.Or(strings.Compare(a.Server, b.Server), strings.Compare(a.Engine, b.Engine))
	})
	for _, f := range sessionFigures {
		fmt.Fprintf(&table, "| %s | %s | %d | %d |\n", f.Server, f.Engine, f.Preflights, f.Requests)
	}
	found.add("CORS-preflight requests of a session", `A page lists items, and adds, changes and removes some, with a token and JSON. Servers
that answer with what was asked for, and not with all that they allow, are asked again.

| server | engine | CORS-preflight requests | requests |
| --- | --- | ---: | ---: |
`+table.String())
	text, err := found.markdown()
	if err != nil {
		return err
	}
	return os.WriteFile("REPORT.md", []byte(text), 0o644)
}

// wanted lists the engines that are to run: those of the environment variable
// BROWSERS, separated by commas, or all.
func wanted() []string {
	list := os.Getenv("BROWSERS")
	if list == "all" {
		return engine.Names()
	}
	return strings.Split(list, ",")
}

// theBench returns the bench of an engine. A test that is for one engine alone is
// skipped where BROWSERS leaves that out, which it never does in .ci/run.
func theBench(t *testing.T, name string) *bench {
	t.Helper()
	if !slices.Contains(wanted(), name) {
		t.Skipf("this test is for %s, which BROWSERS leaves out", name)
	}
	if err := engine.Find(name); err != nil {
		t.Fatalf("%v; or leave it out: make test-browser BROWSERS=...", err)
	}
	b, err := benches[name]()
	require.NoError(t, err)
	return b
}

// inEach runs a test in every engine that is wanted, in all of them at once.
func inEach(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Run("in", func(t *testing.T) {
		for _, name := range wanted() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, theBench(t, name))
			})
		}
	})
}

// serve has a handler answer the requests to an origin for as long as a test runs.
// Pages of that origin, which bench.tab opens, must be open before.
func serve(t *testing.T, b *bench, origin string, h http.Handler) {
	t.Helper()
	stop, err := b.network.handle(origin, h)
	require.NoError(t, err)
	t.Cleanup(func() { stop() })
}

// run has a page of an origin run a script, the body of an async function, and
// returns what it returns.
func run[T any](t *testing.T, b *bench, origin, script string) (result T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tab, err := b.tab(ctx, origin)
	require.NoError(t, err)
	require.NoError(t, tab.Run(ctx, script, &result))
	return result
}
