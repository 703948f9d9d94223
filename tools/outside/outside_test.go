package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOpenModuleRewritesOnlyOurRequirements(t *testing.T) {
	tree := t.TempDir()
	write(t, tree, "adapters/gin/go.mod", `module github.com/corskit/corskit/adapters/gin

go 1.25.0

require (
	github.com/corskit/corskit/core v0.1.0
	github.com/gin-gonic/gin v1.12.0
)
`)
	write(t, tree, "adapters/gin/go.sum", `github.com/corskit/corskit/core v0.1.0 h1:stale=
github.com/gin-gonic/gin v1.12.0 h1:kept=
`)
	if _, err := openModule(tree, "adapters/gin", "v0.1.1-dev.x0"); err != nil {
		t.Fatal(err)
	}
	want := `module github.com/corskit/corskit/adapters/gin

go 1.25.0

require (
	github.com/corskit/corskit/core v0.1.1-dev.x0
	github.com/gin-gonic/gin v1.12.0
)
`
	if got := read(t, tree, "adapters/gin/go.mod"); got != want {
		t.Errorf("go.mod is\n%s\nwant\n%s", got, want)
	}
	if got, want := read(t, tree, "adapters/gin/go.sum"), "github.com/gin-gonic/gin v1.12.0 h1:kept=\n"; got != want {
		t.Errorf("go.sum is %q, want %q", got, want)
	}
}

func TestOpenModuleRefuses(t *testing.T) {
	for name, test := range map[string]struct{ goMod, want string }{
		"a path that is not its directory's": {
			"module github.com/corskit/corskit/gin\n\ngo 1.25.0\n",
			"adapters/gin/go.mod: the module is github.com/corskit/corskit/gin: write github.com/corskit/corskit/adapters/gin, as its directory says",
		},
		"a replace": {
			"module github.com/corskit/corskit/adapters/gin\n\ngo 1.25.0\n\nreplace github.com/corskit/corskit/core => ../../core\n",
			"adapters/gin/go.mod: has a replace, which those who require it never see: move it to go.work",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tree := t.TempDir()
			write(t, tree, "adapters/gin/go.mod", test.goMod)
			if _, err := openModule(tree, "adapters/gin", "v0.1.1-dev.x0"); err == nil || err.Error() != test.want {
				t.Errorf("the error is %q, want %q", err, test.want)
			}
		})
	}
}

func TestLayProxy(t *testing.T) {
	tree, proxy := t.TempDir(), t.TempDir()
	write(t, tree, "LICENSE", "MIT\n")
	write(t, tree, "core/go.mod", "module github.com/corskit/corskit/core\n\ngo 1.25.0\n")
	write(t, tree, "core/cors.go", "package cors\n")
	m, err := openModule(tree, "core", "v0.1.1-dev.x0")
	if err != nil {
		t.Fatal(err)
	}
	if err := layProxy(proxy, tree, []*ourModule{m}, "v0.1.1-dev.x0"); err != nil {
		t.Fatal(err)
	}
	dir := "github.com/corskit/corskit/core/@v/"
	if got, want := read(t, proxy, dir+"v0.1.1-dev.x0.info"), `{"Version":"v0.1.1-dev.x0"}`; got != want {
		t.Errorf("the .info file is %s, want %s", got, want)
	}
	if got, want := read(t, proxy, dir+"v0.1.1-dev.x0.mod"), read(t, tree, "core/go.mod"); got != want {
		t.Errorf("the .mod file is %q, want %q", got, want)
	}
	archive := read(t, proxy, dir+"v0.1.1-dev.x0.zip")
	for _, name := range []string{"LICENSE", "go.mod", "cors.go"} {
		if !strings.Contains(archive, "github.com/corskit/corskit/core@v0.1.1-dev.x0/"+name) {
			t.Errorf("the zip does not hold %s", name)
		}
	}
}

func TestRootQuickStart(t *testing.T) {
	readme := "# corskit\n\n```go\npolicy, err := cors.New(cors.Config{})\n```\n\n" +
		"**chi** — `github.com/corskit/corskit/adapters/chi`\n\n```go\nr := chi.NewRouter()\n```\n"
	m := &ourModule{name: "adapters/chi", path: ours + "adapters/chi"}
	source, err := rootQuickStart(readme, m, frameworks["adapters/chi"])
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`cors "github.com/corskit/corskit/core"`,
		`	"github.com/corskit/corskit/adapters/chi"`,
		"policy, err := cors.New(cors.Config{})\n",
		"r := chi.NewRouter()\n",
	} {
		if !strings.Contains(source, part) {
			t.Errorf("the program lacks %s:\n%s", part, source)
		}
	}

	m = &ourModule{name: "adapters/gin", path: ours + "adapters/gin"}
	_, err = rootQuickStart(readme, m, frameworks["adapters/gin"])
	want := "README.md: no line ends in `github.com/corskit/corskit/adapters/gin` above a block of Go: add the quick start"
	if err == nil || err.Error() != want {
		t.Errorf("without a quick start for gin the error is %q, want %q", err, want)
	}
}

func TestAsk(t *testing.T) {
	const origin = "https://app.example.com"
	for name, test := range map[string]struct {
		status  int
		allowed []string
		want    string
	}{
		"allowed":        {http.StatusNoContent, []string{origin}, ""},
		"another status": {http.StatusOK, []string{origin}, "with status 200"},
		"another origin": {http.StatusNoContent, []string{"*"}, `Access-Control-Allow-Origin ["*"]`},
		"two origins":    {http.StatusNoContent, []string{origin, origin}, "want 204 and the origin"},
		"no answer":      {http.StatusNotFound, nil, "with status 404"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodOptions || r.Header.Get("Origin") != origin {
					t.Errorf("got a %s request of %q, want OPTIONS of %s", r.Method, r.Header.Get("Origin"), origin)
				}
				w.Header()["Access-Control-Allow-Origin"] = test.allowed
				w.WriteHeader(test.status)
			}))
			defer server.Close()
			stdout := strings.NewReader("a banner\naddress " + server.Listener.Addr().String() + "\n")
			err := ask(t.Context(), stdout, origin)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
		})
	}
	t.Run("no address", func(t *testing.T) {
		if err := ask(t.Context(), strings.NewReader("a banner\n"), origin); err == nil || err.Error() != "ended before it listened" {
			t.Errorf("the error is %v, want that it ended before it listened", err)
		}
	})
}

func TestReportCountsAndNamesFailures(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out}
	r.group("outside/core", func() {
		r.check("build", func() error { return nil })
		r.check("vet", func() error { return errors.New("no luck") })
	})
	var got []string
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var e event
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(strings.Join([]string{e.Package, e.Test, e.Action, e.Output}, " ")))
	}
	want := []string{
		"outside/core build run", "outside/core build pass",
		"outside/core vet run", "outside/core vet output no luck", "outside/core vet fail",
		"outside/core  fail",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the events are\n%q\nwant\n%q", got, want)
	}
	if r.checks != 2 || r.failed != 1 {
		t.Errorf("%d of %d checks failed, want 1 of 2", r.failed, r.checks)
	}
}

func write(t *testing.T, dir, name, data string) {
	t.Helper()
	if err := writeFiles(filepath.Join(dir, filepath.Dir(name)), map[string]string{filepath.Base(name): data}); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := fs.ReadFile(os.DirFS(dir), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
