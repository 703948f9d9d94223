package tutorialtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cors "github.com/corskit/corskit/core"
)

// directory is where the programs are.
const directory = "../../tutorials"

// rowTable writes the rows of a tutorial as a table in Markdown, differences first.
func rowTable(u tutorial) string {
	var w strings.Builder
	fmt.Fprintf(&w, "| what is asked | %s | corskit | |\n|---|---|---|---|\n", u.original)
	order := []verdict{safer, stricter, looser, same}
	rows := slices.Clone(u.rows)
	slices.SortStableFunc(rows, func(a, b row) int { return slices.Index(order, a.verdict) - slices.Index(order, b.verdict) })
	for _, r := range rows {
		verdict := string(r.verdict)
		if r.why != "" {
			verdict = "**" + verdict + "**: " + r.why
		}
		fmt.Fprintf(&w, "| %s | %s | %s | %s |\n", r.name, r.original, r.ours, verdict)
	}
	return w.String()
}

// faultTable writes the faults of an original as a table in Markdown.
func faultTable(u tutorial) string {
	var w strings.Builder
	fmt.Fprintf(&w, "| cases that fail on %s | at | why |\n|---|---|---|\n", u.original)
	for _, f := range u.faults {
		at := "every endpoint"
		if f.at != "" {
			at = "`" + f.at + "`"
		}
		fmt.Fprintf(&w, "| `%s` | %s | %s |\n", strings.Join(f.cases, "`, `"), at, f.why)
	}
	return w.String()
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(directory, "README.md"))
	require.NoError(t, err)
	return string(text)
}

// TestTables checks that the README has the tables.
func TestTables(t *testing.T) {
	text := readme(t)
	for _, u := range tutorials {
		for _, want := range []string{rowTable(u), faultTable(u)} {
			assert.Contains(t, text, want, "README.md lacks a table of %s as the code has it: copy it there", u.original)
		}
	}
}

// excerpt is a block of code whose file is named on the line before, in bold.
var excerpt = regexp.MustCompile("(?m)^\\*\\*`([a-z/.]+)`\\*\\*.*\n\n```[a-z]+\n((?s:.*?))^```$")

// TestExcerpts checks that the code in the README is what is in the files. A line
// with an ellipsis alone stands for lines that are left out.
func TestExcerpts(t *testing.T) {
	text := readme(t)
	found := excerpt.FindAllStringSubmatch(text, -1)
	require.Len(t, found, strings.Count(text, "**`"), "excerpts, of the files that are named")
	named := map[string]bool{}
	for _, match := range found {
		name, code := match[1], match[2]
		named[name] = true
		source, err := os.ReadFile(filepath.Join(directory, name))
		require.NoError(t, err)
		rest := string(source)
		for part := range strings.SplitSeq(code, "…\n") {
			_, after, ok := strings.Cut("\n"+rest, "\n"+part)
			assert.True(t, ok, "README.md: %s does not have, in this order:\n%s", name, part)
			rest = after
		}
	}
	for _, framework := range []string{"gin", "echo", "fiber", "chi"} {
		for _, tutorial := range []string{"express", "fastapi"} {
			assert.True(t, named[tutorial+"/"+framework+"/main.go"], "README.md has no excerpt of %s on %s", tutorial, framework)
		}
	}
	assert.True(t, named["express/server.js"] && named["fastapi/main.py"], "README.md has no excerpt of the originals")
}

// An option is written as it is in the original. Code is in the README's row of the
// option, and stands for config.
type option struct {
	option  string
	code    string
	config  cors.Config
	refused bool // by New
}

// options are those of Express's cors and of Starlette's CORSMiddleware.
var options = []option{
	{"origin: true", "AllowOrigins: []string{\"*\"}", cors.Config{AllowOrigins: []string{"*"}}, false},
	{"origin: true, credentials: true", "AllowOrigins: []string{\"*\"}, AllowCredentials: true", cors.Config{AllowOrigins: []string{"*"}, AllowCredentials: true}, true},
	{"origin: false", "new(cors.Policy)", cors.Config{}, true},
	{"origin: '*'", "AllowOrigins: []string{\"*\"}", cors.Config{AllowOrigins: []string{"*"}}, false},
	{"origin: 'https://app.example.com'", "AllowOrigins: []string{\"https://app.example.com\"}", cors.Config{AllowOrigins: []string{"https://app.example.com"}}, false},
	{"origin: /\\.example\\.com$/", "AllowOrigins: []string{\"https://*.example.com\"}", cors.Config{AllowOrigins: []string{"https://*.example.com"}}, false},
	{"origin: ['https://app.example.com', /\\.example\\.org$/]", "AllowOrigins: []string{\"https://app.example.com\", \"https://*.example.org\"}", cors.Config{AllowOrigins: []string{"https://app.example.com", "https://*.example.org"}}, false},
	{"origin: (origin, cb) => cb(null, allowed)", "AllowOriginFunc", cors.Config{AllowOriginFunc: yes}, false},
	{"methods: ['GET', 'PUT']", "AllowMethods: []string{\"PUT\"}", andOrigin(cors.Config{AllowMethods: []string{"PUT"}}), false},
	{"allowedHeaders: ['Content-Type']", "AllowHeaders: []string{\"Content-Type\"}", andOrigin(cors.Config{AllowHeaders: []string{"Content-Type"}}), false},
	{"headers: ['Content-Type']", "AllowHeaders: []string{\"Content-Type\"}", andOrigin(cors.Config{AllowHeaders: []string{"Content-Type"}}), false},
	{"allowedHeaders: undefined", "AllowHeaders: []string{\"*\", \"Authorization\"}", andOrigin(cors.Config{AllowHeaders: []string{"*", "Authorization"}}), false},
	{"exposedHeaders: ['X-Total']", "ExposeHeaders: []string{\"X-Total\"}", andOrigin(cors.Config{ExposeHeaders: []string{"X-Total"}}), false},
	{"credentials: true", "AllowCredentials: true", andOrigin(cors.Config{AllowCredentials: true}), false},
	{"maxAge: 600", "MaxAge: 10 * time.Minute", andOrigin(cors.Config{MaxAge: 10 * time.Minute}), false},
	{"maxAge: 0", "MaxAge: cors.NoPreflightCache", andOrigin(cors.Config{MaxAge: cors.NoPreflightCache}), false},
	{"preflightContinue: true", "cors.Observe", andOrigin(cors.Config{}), false},
	{"optionsSuccessStatus: 200", "PreflightStatus: 200", andOrigin(cors.Config{PreflightStatus: 200}), false},
	{"cors((req, cb) => cb(null, options))", "Scopes", andOrigin(cors.Config{}), false},

	{"allow_origins=[\"https://app.example.com\"]", "AllowOrigins: []string{\"https://app.example.com\"}", cors.Config{AllowOrigins: []string{"https://app.example.com"}}, false},
	{"allow_origins=[\"*\"]", "AllowOrigins: []string{\"*\"}", cors.Config{AllowOrigins: []string{"*"}}, false},
	{"allow_origins=[\"*\"], allow_credentials=True", "AllowOrigins: []string{\"*\"}, AllowCredentials: true", cors.Config{AllowOrigins: []string{"*"}, AllowCredentials: true}, true},
	{"allow_origin_regex=r\"https://.*\\.example\\.com\"", "AllowOrigins: []string{\"https://*.example.com\"}", cors.Config{AllowOrigins: []string{"https://*.example.com"}}, false},
	{"allow_methods=[\"GET\", \"PUT\"]", "AllowMethods: []string{\"PUT\"}", andOrigin(cors.Config{AllowMethods: []string{"PUT"}}), false},
	{"allow_methods=[\"*\"]", "AllowMethods: []string{\"PUT\", \"PATCH\", \"DELETE\"}", andOrigin(cors.Config{AllowMethods: []string{"PUT", "PATCH", "DELETE"}}), false},
	{"allow_headers=[\"X-CSRF-Token\"]", "AllowHeaders: []string{\"Content-Type\", \"X-CSRF-Token\"}", andOrigin(cors.Config{AllowHeaders: []string{"Content-Type", "X-CSRF-Token"}}), false},
	{"allow_headers=[\"*\"]", "AllowHeaders: []string{\"*\", \"Authorization\"}", andOrigin(cors.Config{AllowHeaders: []string{"*", "Authorization"}}), false},
	{"allow_credentials=True", "AllowCredentials: true", andOrigin(cors.Config{AllowCredentials: true}), false},
	{"expose_headers=[\"X-Total\"]", "ExposeHeaders: []string{\"X-Total\"}", andOrigin(cors.Config{ExposeHeaders: []string{"X-Total"}}), false},
	{"max_age=600", "MaxAge: 10 * time.Minute", andOrigin(cors.Config{MaxAge: 10 * time.Minute}), false},
	{"allow_private_network=True", "", andOrigin(cors.Config{}), false},
}

func yes(context.Context, string) (bool, error) { return true, nil }

// andOrigin returns a config with one origin.
func andOrigin(c cors.Config) cors.Config {
	c.AllowOrigins = []string{"https://app.example.com"}
	return c
}

// optionRow is a row of the README that begins with an option, in code.
var optionRow = regexp.MustCompile("(?m)^\\| `([^`]*[:=(][^`]*)` \\| (.+) \\|$")

// TestOptions checks that the README has a row for each option and no others, with
// code that New accepts, or refuses if that is what the row is there to say.
func TestOptions(t *testing.T) {
	rows := optionRow.FindAllStringSubmatch(readme(t), -1)
	var got, want []string
	for _, r := range rows {
		got = append(got, r[1])
	}
	for _, o := range options {
		want = append(want, o.option)
	}
	require.Equal(t, want, got, "options that README.md has rows for")
	for i, o := range options {
		if o.code != "" {
			assert.Contains(t, rows[i][2], "`"+o.code, "README.md, on %s", o.option)
		}
		_, err := cors.New(o.config)
		assert.Equal(t, o.refused, err != nil, "New refuses what stands for %s: %v", o.option, err)
	}
}

// TestRefusal checks that what the README quotes is what New says of the policy
// that the FastAPI program has.
func TestRefusal(t *testing.T) {
	_, err := cors.New(cors.Config{AllowOrigins: []string{"*"}, AllowCredentials: true})
	require.Error(t, err)
	assert.Contains(t, readme(t), "\n"+err.Error()+"\n")
}
