package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const keys = "allowOrigins, allowMethods, methodsFromRoutes, allowHeaders, exposeHeaders, allowCredentials, maxAge, preflightStatus, rejectDisallowed, dangerouslyAllowNullOrigin, dangerouslyAllowInsecureOrigins, dangerouslyAllowPublicSuffixes, dangerouslyAllowAnyExtension"

// faultsOf returns the faults of a policy file, without its name.
func faultsOf(t *testing.T, name, text string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	f := readPolicy(path, nil)
	var faults []string
	for line := range strings.Lines(f.lines()) {
		line = strings.TrimPrefix(line, path+":")
		faults = append(faults, strings.TrimSuffix(line, "\n"))
	}
	return faults
}

// JSON is YAML, so that each file is read as both, with one outcome.
func TestFaultsOfJSON(t *testing.T) {
	for _, c := range []struct {
		name   string
		text   string
		faults []string
	}{
		{"valid", validPolicy, nil},
		{"every key", `{
			"allowOrigins": ["https://*.example.com", "http://localhost:*"], "allowMethods": ["PUT", "patch"], "methodsFromRoutes": true,
			"allowHeaders": ["X-A"], "exposeHeaders": ["X-B"], "allowCredentials": true, "maxAge": -1, "preflightStatus": 200,
			"rejectDisallowed": true, "dangerouslyAllowNullOrigin": true, "dangerouslyAllowInsecureOrigins": false,
			"dangerouslyAllowPublicSuffixes": false, "dangerouslyAllowAnyExtension": false}`, nil},
		{"empty", ``, []string{`1:1: the file is empty: write an object such as {"allowOrigins": ["https://app.example.com"]}`}},
		{"no origins", `{}`, []string{`1:1: allowOrigins: is empty, so that no origin is allowed: list the origins of your pages, such as https://app.example.com`}},
		{"not an object", "\n [1]", []string{`2:2: the file does not hold an object: write {"allowOrigins": ["https://app.example.com"]}`}},
		{"faults by their place", `{"maxAge": 90000,
			"allowOrigins": ["https://a.example/", "https://ok.example",
				"http://b.example"],
			"allowCredentials": true}`, []string{
			`1:12: maxAge: "90000" is more than any browser honours: write 24h (86400 seconds) or less`,
			`2:21: allowOrigins: "https://a.example/" has a trailing slash: write https://a.example`,
			`3:5: allowOrigins: "http://b.example" allows pages loaded over plain http to send credentials: write https://b.example, or set dangerouslyAllowInsecureOrigins`,
		}},
		{"columns are bytes", `{"allowOrigins": ["é", "https://a.example/"]}`, []string{
			`1:19: allowOrigins: "é" has no scheme: write https://xn--9ca`,
			`1:25: allowOrigins: "https://a.example/" has a trailing slash: write https://a.example`,
		}},
		{"a key of another case", `{"AllowOrigins": ["*"]}`, []string{`1:2: AllowOrigins: is not a key of a policy file: write allowOrigins`}},
		{"an unknown key", `{"a\nb": 1}`, []string{`1:2: "a\nb": ` + "is not a key of a policy file: remove it, or write one of " + keys}},
		{"a repeated key", `{"allowOrigins": ["*"],
			"allowOrigins": ["https://a.example"]}`, []string{`2:4: allowOrigins: stands here a second time: keep one of the two`}},
		{"values of other types", `{"allowOrigins": "*", "allowMethods": [1, null],
			"allowCredentials": "true", "maxAge": 1.5, "preflightStatus": null, "rejectDisallowed": {}}`, []string{
			`1:18: allowOrigins: "\"*\"" is not a list of strings: write a list of strings`,
			`1:40: allowMethods: "1" is not a string: write a string`,
			`1:43: allowMethods: "null" is not a string: write a string`,
			`2:24: allowCredentials: "\"true\"" is not true or false: write true or false`,
			`2:42: maxAge: "1.5" is not a whole number of seconds: write a whole number of seconds`,
			`2:66: preflightStatus: "null" is not a status: write a status`,
			`2:92: rejectDisallowed: "{}" is not true or false: write true or false`,
		}},
		{"not UTF-8", "{\"allowOrigins\": [\"\xff\"]}", []string{`1:20: is not valid UTF-8: save the file as UTF-8`}},
	} {
		for _, name := range []string{"policy.json", "policy.yaml"} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				assert.Equal(t, c.faults, faultsOf(t, name, c.text))
			})
		}
	}
}

func TestFaultsOfYAML(t *testing.T) {
	const quoting = ": mend the syntax at or below this line, and quote what starts with * or another special character"
	const kinds = " is neither true, false, a decimal number nor a string: write it in one of these ways, or quote it"
	for _, c := range []struct {
		name   string
		text   string
		faults []string
	}{
		{"valid", `
# Pages of ours.
allowOrigins:
  - https://app.example.com
  - "https://*.example.org"
allowMethods: [PUT, 'DELETE']
allowHeaders:
- X-A
allowCredentials: true
maxAge: 3600
`, nil},
		{"only a comment", "# nothing\n", []string{`1:1: the file is empty: write an object such as {"allowOrigins": ["https://app.example.com"]}`}},
		{"nothing", "---\n", []string{`2:1: the file does not hold an object: write {"allowOrigins": ["https://app.example.com"]}`}},
		{"a byte order mark", "\ufeffallowOrigins: [https://a.example/]", []string{
			`1:16: allowOrigins: "https://a.example/" has a trailing slash: write https://a.example`}},
		{"faults by their place", `# first line
maxAge: 90000
allowOrigins:
  # a comment
  - https://a.example/
  - https://ok.example
  - "https://b.example/x"   # another
`, []string{
			`2:9: maxAge: "90000" is more than any browser honours: write 24h (86400 seconds) or less`,
			`5:5: allowOrigins: "https://a.example/" has a trailing slash: write https://a.example`,
			`7:5: allowOrigins: "https://b.example/x" has a path: write https://b.example`,
		}},
		{"a field that is missing", "\nmaxAge: 5\n", []string{
			`2:1: allowOrigins: is empty, so that no origin is allowed: list the origins of your pages, such as https://app.example.com`}},
		{"keys", "allowOrigins: ['*']\nAllowMethods: []\nallowOrigins: ['*']\n1: x\n", []string{
			`2:1: AllowMethods: is not a key of a policy file: write allowMethods`,
			`3:1: allowOrigins: stands here a second time: keep one of the two`,
			`4:1: 1: is not a key of a policy file: remove it, or write one of ` + keys,
		}},
		{"keys that are no strings", "? [allowOrigins]\n: x\n&a allowOrigins: ['*']\n!!str allowMethods: []\n*a : x\n", []string{
			`1:3: a key is not a string: write a key of a policy file`,
			`3:1: "&a" is an anchor: remove it`,
			`4:1: "!!str" is a tag: remove it`,
			`5:1: "*a" is an alias: write the value out, or quote it`,
		}},
		{"an anchor and an alias", "allowOrigins: &o [https://a.example]\nallowHeaders: *o\n", []string{
			`1:15: allowOrigins: "&o" is an anchor: remove it`,
			`2:15: allowHeaders: "*o" is an alias: write the value out, or quote it`,
		}},
		{"a merge key", "<<: {allowOrigins: ['*']}\n", []string{
			`1:1: "<<": is not a key of a policy file: remove it, or write one of ` + keys}},
		{"a tag", "allowOrigins: ['*']\nmaxAge: !!int 5\n", []string{`2:9: maxAge: "!!int" is a tag: remove it`}},
		{"two documents", "allowOrigins: ['*']\n---\nmaxAge: 5\n", []string{`2:1: a second document starts here: keep one document in the file`}},
		{"an empty second document", "allowOrigins: ['*']\n---\n", []string{`2:1: a second document starts here: keep one document in the file`}},
		{"nothing as a value", "allowOrigins:\nallowMethods: [~, null]\n", []string{
			`1:14: allowOrigins: "null" is not a list of strings: write a list of strings`,
			`2:16: allowMethods: "null" is not a string: write a string`,
			`2:19: allowMethods: "null" is not a string: write a string`,
		}},
		{"words for true", "allowOrigins: ['*']\nallowCredentials: yes\nrejectDisallowed: True\nmethodsFromRoutes: on\n", []string{
			`2:19: allowCredentials: "\"yes\"" is not true or false: write true or false`,
			`3:19: rejectDisallowed: "True"` + kinds,
			`4:20: methodsFromRoutes: "\"on\"" is not true or false: write true or false`,
		}},
		{"an octal number", "allowOrigins: ['*']\nmaxAge: 0600\n", []string{`2:9: maxAge: "0600"` + kinds}},
		{"other numbers", "maxAge: 1_000\npreflightStatus: 0xCC\nallowMethods: [0o17, .inf, 1e3, +1, 2026-01-01, 1:20]\n", []string{
			`1:9: maxAge: "1_000"` + kinds,
			`2:18: preflightStatus: "0xCC"` + kinds,
			`3:16: allowMethods: "0o17"` + kinds,
			`3:22: allowMethods: ".inf"` + kinds,
			`3:28: allowMethods: "1e3" is not a string: write a string`,
			`3:33: allowMethods: "+1"` + kinds,
			`3:37: allowMethods: "2026-01-01"` + kinds,
			`3:49: allowMethods: "1:20" is not a method: write a token such as PUT`,
		}},
		{"a number in quotes", "allowOrigins: ['*']\nmaxAge: '5'\n", []string{`2:9: maxAge: "\"5\"" is not a whole number of seconds: write a whole number of seconds`}},
		{"a wildcard without quotes", "allowOrigins: [*]\n", []string{`1:1: is not YAML: did not find expected alphabetic or numeric character` + quoting}},
		{"an unknown alias", "allowOrigins: *o\n", []string{`1:1: is not YAML: unknown anchor 'o' referenced` + quoting}},
		{"a tab", "allowOrigins:\n\t- https://a.example\n", []string{`2:1: is not YAML: found character that cannot start any token` + quoting}},
		{"wrong indentation", "allowOrigins:\n - a\n  - b\n- c\n", []string{`4:1: is not YAML: did not find expected key` + quoting}},
		{"an open list", "maxAge: 5\nallowOrigins: [a\nmaxAge: 5\n", []string{`2:1: is not YAML: did not find expected ',' or ']'` + quoting}},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.faults, faultsOf(t, "policy.yaml", c.text))
		})
	}
}

func TestFormat(t *testing.T) {
	const json, yaml = `{"allowOrigins": ["*"]}`, "allowOrigins: ['*']\n"
	for _, c := range []struct {
		name, text string
		valid      bool
	}{
		{"p.json", json, true},
		{"p.JSON", yaml, false},
		{"p.yaml", json, true},
		{"p.yml", yaml, true},
		{"p.YAML", yaml, true},
		{"p", json, true},
		{"p", yaml, true},
		{"p.conf", "\n# comment\n" + yaml, true},
		{"p.conf", "{allowOrigins: ['*']}", false},
	} {
		f := faultsOf(t, c.name, c.text)
		assert.Equal(t, c.valid, len(f) == 0, "%s that holds %q: %q", c.name, c.text, f)
	}
}

// Whatever a YAML file holds, each fault takes one line and has a place.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{
		"allowOrigins: [https://a.example/]\n", "---\n---\n", "? [a]\n: {b: c}\n", "a: &x {b: *x}\n", "a: |\n  b\n  c\n", "- é\n- ~\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := policyFile{name: "f"}
		if !isYAML("f.yaml", data) {
			return
		}
		file.readYAML(data)
		for _, fault := range file.faults {
			if fault.Line < 1 || fault.Column < 1 {
				t.Errorf("%q: a fault without a place: %v", data, fault)
			}
		}
		if n := strings.Count(file.lines(), "\n"); n != len(file.faults) {
			t.Errorf("%q: %d faults on %d lines", data, len(file.faults), n)
		}
	})
}
