package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/template"
	"time"

	"golang.org/x/mod/modfile"
)

// framework is what this program must know of one. Handler and serve are what
// the quick starts of the root README leave out.
type framework struct {
	imports []string // what the quick start imports
	also    []string // what else our module may import, of modules that it requires
	handler string   // func putItem
	serve   string   // listens, if the quick start does not
}

var frameworks = map[string]framework{
	"core": { // net/http
		also:    []string{"golang.org/x/net/publicsuffix"},
		handler: "func putItem(w http.ResponseWriter, r *http.Request) {}",
	},
	"adapters/chi": {
		imports: []string{"github.com/go-chi/chi/v5", "github.com/go-chi/chi/v5/middleware"},
		handler: "func putItem(w http.ResponseWriter, r *http.Request) {}",
		serve:   `http.ListenAndServe(":8080", r)`,
	},
	"adapters/echo": {
		imports: []string{"github.com/labstack/echo/v4", "github.com/labstack/echo/v4/middleware"},
		handler: "func putItem(c echo.Context) error { return c.NoContent(http.StatusOK) }",
		serve:   `e.Start(":8080")`,
	},
	"adapters/echov5": {
		imports: []string{"github.com/labstack/echo/v5", "github.com/labstack/echo/v5/middleware"},
		handler: "func putItem(c *echo.Context) error { return c.NoContent(http.StatusOK) }",
		serve:   `e.Start(":8080")`,
	},
	"adapters/fiber": {
		imports: []string{"github.com/gofiber/fiber/v2", "github.com/gofiber/fiber/v2/middleware/recover"},
		also:    []string{"github.com/valyala/fasthttp"},
		handler: "func putItem(c *fiber.Ctx) error { return c.SendStatus(http.StatusOK) }",
		serve:   `app.Listen(":8080")`,
	},
	"adapters/fiberv3": {
		imports: []string{"github.com/gofiber/fiber/v3", "github.com/gofiber/fiber/v3/middleware/recover"},
		also:    []string{"github.com/valyala/fasthttp"},
		handler: "func putItem(c fiber.Ctx) error { return c.SendStatus(http.StatusOK) }",
		serve:   `app.Listen(":8080")`,
	},
	"adapters/gin": {
		imports: []string{"github.com/gin-gonic/gin"},
		handler: "func putItem(c *gin.Context) { c.Status(http.StatusOK) }",
		serve:   `r.Run(":8080")`,
	},
	"source/file": { // any framework
		also: []string{"github.com/fsnotify/fsnotify"},
	},
}

// checkConsumer checks what a module costs those who require it, and that the
// quick starts work for them. The scratch modules that this needs are below temp.
func checkConsumer(ctx context.Context, r *report, m *ourModule, readme, version, temp string, env []string) {
	fw, known := frameworks[m.name]
	scratch := filepath.Join(temp, "scratch", m.name)
	r.check("requirements", func() error {
		if !known {
			return fmt.Errorf("%s: its framework is not known: add it to tools/outside/consumer.go", m.name)
		}
		needed, err := m.checkRequirements(ctx, fw, filepath.Join(scratch, "bare"), env)
		r.log("requirements", strings.Join(needed, "\n"))
		return err
	})
	if !strings.HasPrefix(m.name, "source/") { // which are mounted on nothing
		r.check("quick start of the root README", func() error {
			source, err := rootQuickStart(readme, m, fw)
			if err != nil {
				return err
			}
			return m.checkQuickStart(ctx, source, "", version, filepath.Join(scratch, "root"), env)
		})
	}
	if m.name == "core" {
		return // it has no README of its own
	}
	r.check("quick start of its README", func() error {
		data, err := os.ReadFile(filepath.Join(m.dir, "README.md"))
		if err != nil {
			return fmt.Errorf("%s/README.md is missing: write one, with a quick start", m.name)
		}
		source, found := block(string(data), "go")
		if !found || !strings.HasPrefix(source, "package main\n") {
			return fmt.Errorf("%s/README.md: the first block of Go is not a program: begin it with package main", m.name)
		}
		policy, _ := block(string(data), "json")
		return m.checkQuickStart(ctx, source, policy, version, filepath.Join(scratch, "own"), env)
	})
}

// checkRequirements compares the modules that ours needs with those that its
// framework and golang.org/x/net need without it, and returns the former.
func (m *ourModule) checkRequirements(ctx context.Context, fw framework, scratch string, env []string) (needed []string, err error) {
	bare := new(modfile.File)
	bare.AddModuleStmt("scratch.test/bare")
	bare.AddGoStmt(m.file.Go.Version)
	packages := slices.Concat(fw.imports, fw.also)
	for _, require := range m.file.Require {
		name := require.Mod.Path
		if name == ours+"core" || require.Indirect && name != "golang.org/x/net" {
			continue
		}
		if !require.Indirect && !slices.ContainsFunc(packages, func(p string) bool { return strings.HasPrefix(p+"/", name+"/") }) {
			return nil, fmt.Errorf("%s/go.mod requires %s: it may require the core and its framework only", m.name, name)
		}
		bare.AddRequire(name, require.Mod.Version)
	}
	goMod, err := bare.Format()
	if err != nil {
		return nil, err
	}
	source := "package bare\n\nimport _ \"golang.org/x/net/publicsuffix\"\n"
	for _, p := range packages {
		source += fmt.Sprintf("import _ %q\n", p)
	}
	if err := writeFiles(scratch, map[string]string{"go.mod": string(goMod), "bare.go": source}); err != nil {
		return nil, err
	}
	if _, err := command(ctx, scratch, env, "go", "mod", "tidy"); err != nil {
		return nil, err
	}
	without, err := command(ctx, scratch, env, "go", "list", "-m", "all")
	if err != nil {
		return nil, err
	}
	with, err := command(ctx, m.dir, env, "go", "list", "-m", "all")
	if err != nil {
		return nil, err
	}
	allowed := strings.Split(without, "\n")
	var excess []string
	for line := range strings.Lines(with) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, m.path) || strings.HasPrefix(line, ours+"core ") {
			continue
		}
		needed = append(needed, line)
		if !slices.Contains(allowed, line) {
			excess = append(excess, line)
		}
	}
	if len(excess) > 0 {
		return needed, fmt.Errorf("%s needs more than its framework does: %s", m.name, strings.Join(excess, ", "))
	}
	fmt.Fprintf(os.Stderr, "%s needs %d modules, none of them beyond its framework's and golang.org/x/net's\n", m.name, len(needed))
	return needed, nil
}

// checkQuickStart builds a quick start in a module of its own, and has it answer
// a CORS-preflight request. It runs beside its policy.json, if there is one.
func (m *ourModule) checkQuickStart(ctx context.Context, source, policy, version, scratch string, env []string) error {
	match := firstOrigin.FindStringSubmatch(source + policy)
	if match == nil || !strings.Contains(source, `":8080"`) {
		return errors.New("the quick start does not allow an origin or does not listen on \":8080\"")
	}
	err := writeFiles(scratch, map[string]string{
		"main.go":     strings.Replace(source, `":8080"`, "address()", 1),
		"address.go":  address,
		"policy.json": policy,
	})
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"mod", "init", "scratch.test/quickstart"},
		{"get", m.path + "@" + version},
		{"mod", "tidy"},
		{"build", "-o", "quickstart", "."},
	} {
		if _, err := command(ctx, scratch, env, "go", args...); err != nil {
			return err
		}
	}
	return answers(ctx, filepath.Join(scratch, "quickstart"), match[1])
}

var firstOrigin = regexp.MustCompile(`(?:AllowOrigins:\s*\[\]string\{|"allowOrigins":\s*\[)"([^"]+)"`)

// address stands in for the port of a quick start, which may be in use here.
const address = `package main

import (
	"fmt"
	"net"
)

func address() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	// Closed before it is printed, or the request would come in here.
	listener.Close()
	fmt.Println("address", listener.Addr())
	return listener.Addr().String()
}
`

var program = template.Must(template.New("").Parse(`package main

import (
	"log"
	"net/http"
{{range .Imports}}
	{{.}}{{end}}
)

func main() {
	{{.Policy}}
	if err != nil {
		log.Fatal(err)
	}
	{{.Start}}
	{{.Serve}}
}

{{.Handler}}
`))

// rootQuickStart makes a program from the root README: its first block of Go is
// the policy, and the block below the name of the module is the rest.
func rootQuickStart(readme string, m *ourModule, fw framework) (string, error) {
	name := m.path
	if m.name == "core" {
		name += "/corshttp"
	}
	imports := []string{`cors "` + ours + `core"`}
	for _, p := range append([]string{name}, fw.imports...) {
		imports = append(imports, `"`+p+`"`)
	}
	policy, _ := block(readme, "go")
	_, below, _ := strings.Cut(readme, "`"+name+"`\n")
	start, found := block(below, "go")
	if !found {
		return "", fmt.Errorf("README.md: no line ends in `%s` above a block of Go: add the quick start", name)
	}
	var out strings.Builder
	err := program.Execute(&out, map[string]any{
		"Imports": imports,
		"Policy":  policy,
		"Start":   start,
		"Serve":   fw.serve,
		"Handler": fw.handler,
	})
	return out.String(), err
}

// block returns the first fenced block of a language in a text of Markdown.
func block(markdown, language string) (string, bool) {
	_, rest, _ := strings.Cut(markdown, "\n```"+language+"\n")
	block, _, closed := strings.Cut(rest, "```\n")
	return block, closed
}

// answers starts a quick start and asks it for permission as a browser would.
func answers(ctx context.Context, program, origin string) error {
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir = filepath.Dir(program)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = ask(ctx, stdout, origin)
	stop()
	cmd.Wait()
	if err != nil {
		return fmt.Errorf("the quick start %w\n%s", err, stderr.String())
	}
	return nil
}

// ask sends a CORS-preflight request to the address that a program prints.
func ask(ctx context.Context, stdout io.Reader, origin string) error {
	url := ""
	for lines := bufio.NewScanner(stdout); url == "" && lines.Scan(); {
		if address, found := strings.CutPrefix(lines.Text(), "address "); found {
			url = "http://" + address + "/items"
		}
	}
	if url == "" {
		return errors.New("ended before it listened")
	}
	go io.Copy(io.Discard, stdout)

	request, err := http.NewRequestWithContext(ctx, http.MethodOptions, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Origin", origin)
	request.Header.Set("Access-Control-Request-Method", http.MethodPut)
	response, err := http.DefaultClient.Do(request)
	for errors.Is(err, syscall.ECONNREFUSED) && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond) // it listens soon after it has printed the address
		response, err = http.DefaultClient.Do(request)
	}
	if err != nil {
		return fmt.Errorf("did not answer: %w", err)
	}
	defer response.Body.Close()
	allowed := response.Header.Values("Access-Control-Allow-Origin")
	if response.StatusCode != http.StatusNoContent || !slices.Equal(allowed, []string{origin}) {
		return fmt.Errorf("answered a CORS-preflight request of %s with status %d and Access-Control-Allow-Origin %q: want 204 and the origin",
			origin, response.StatusCode, allowed)
	}
	return nil
}

func writeFiles(dir string, files map[string]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			return err
		}
	}
	return nil
}
