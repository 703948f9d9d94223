package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorded is what corskit test has printed once.
func recorded(t *testing.T) []result {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "output.jsonl"))
	require.NoError(t, err)
	results, err := decode(string(text))
	require.NoError(t, err)
	return results
}

func knownFrom(t *testing.T, text string) []known {
	t.Helper()
	all, err := parseKnown("known/theirs.reasons", text)
	require.NoError(t, err)
	return all
}

func TestDecode(t *testing.T) {
	results := recorded(t)
	require.Len(t, results, 3, "results, without the one that is not applicable")
	assert.Equal(t, result{Case: "origins/exact/https:app.example.com", Rule: 3, Result: passes}, results[0])
	assert.Equal(t, result{
		Case: "vary/without-origin", Rule: 8, Result: fails,
		Problems: []string{"Vary is absent.", "A cache hands it to others."}, Request: "GET http://HOST/items",
	}, results[1])
}

func TestDecodeFaults(t *testing.T) {
	for _, c := range []struct{ name, output, want string }{
		{"nothing", "", "corskit test prints no summary: it has ended before its time"},
		{"no summary", `{"case":"a","result":"pass"}`, "corskit test prints no summary: it has ended before its time"},
		{"no JSON", "usage", `corskit test prints "usage": invalid character 'u' looking for beginning of value`},
		{"no such result", `{"case":"a","result":"known-failing"}`, `corskit test says "known-failing" of a, which is no result`},
	} {
		_, err := decode(c.output)
		assert.EqualError(t, err, c.want, c.name)
	}
}

func TestParseKnown(t *testing.T) {
	all := knownFrom(t, "# About the list.\n\n# Two\n#  lines.\nvary/allowed\nactual/refused\n\n# Other.\nhostile/origin/tab\n")
	assert.Equal(t, []known{
		{"known/theirs.reasons", 5, "Two lines.", "vary/allowed"},
		{"known/theirs.reasons", 6, "Two lines.", "actual/refused"},
		{"known/theirs.reasons", 9, "Other.", "hostile/origin/tab"},
	}, all)

	for _, c := range []struct{ name, text, want string }{
		{"no reason", "vary/allowed\n", `theirs.reasons:1: "vary/allowed" has no reason: write one above, behind a #`},
		{"a reason that ended", "# One.\nvary/allowed\n\nactual/refused\n", `theirs.reasons:4: "actual/refused" has no reason: write one above, behind a #`},
		{"a reason in between", "# One.\nvary/allowed\n# Two.\n", "theirs.reasons:3: a reason follows cases that it is not for: leave a line blank before it"},
		{"a pattern", "# One.\nvary/*\n", `theirs.reasons:2: "vary/*" is a pattern: name each case`},
		{"two reasons", "# One.\nvary/allowed\n\n# Two.\nvary/allowed\n", `theirs.reasons:5: "vary/allowed" has a reason already: remove the line`},
	} {
		_, err := parseKnown("theirs.reasons", c.text)
		assert.EqualError(t, err, c.want, c.name)
	}
}

// exampleBoard has a server of corskit's and one of others, under two policies.
func exampleBoard(t *testing.T, list string) board {
	pass := []result{{Case: "origins/exact/https:app.example.com", Rule: 3, Result: passes}}
	return board{
		policies: []policy{{name: "exact"}, {name: "reject"}, {name: "subdomains"}},
		rows: []row{
			{
				entrant: entrant{title: "corskit, gin"},
				trials:  []trial{{policy: "exact", results: pass}, {policy: "reject", results: pass}, {policy: "subdomains", results: pass}},
			},
			{
				entrant:  entrant{title: "their/cors", name: "theirs"},
				versions: []version{{"example.com/their/cors", "v1.2.3"}, {"example.com/their", "v4.5.6"}},
				known:    knownFrom(t, list),
				trials: []trial{
					{policy: "exact", results: recorded(t)},
					{policy: "reject", cannot: []lack{{"rejectDisallowed", "has no option that refuses requests"}}},
					{policy: "subdomains", results: recorded(t)},
				},
			},
		},
	}
}

func TestMarkdown(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "board.md"))
	require.NoError(t, err)
	assert.Equal(t, string(want), exampleBoard(t, "# Vary is forgotten.\n# https://example.com/issues/1\nvary/without-origin\n").markdown())
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, known string
		harm        func(*board)
		want        string
	}{
		{"all is known", "# So it is.\nvary/without-origin\nhostile/origin/backtick\n", nil, ""},
		{
			"a failure that is not known", "# So it is.\nvary/without-origin\n", nil,
			"their/cors under exact: hostile/origin/backtick fails: mend it, or say why in conformance/scoreboard/known/theirs.reasons\n" +
				"their/cors under subdomains: hostile/origin/backtick fails: mend it, or say why in conformance/scoreboard/known/theirs.reasons",
		},
		{
			"a known failure that is none", "# So it is.\nvary/without-origin\nhostile/origin/backtick\norigins/none\n", nil,
			"known/theirs.reasons:4: origins/none fails nowhere: remove the line",
		},
		{
			"a failure of corskit's", "# So it is.\nvary/without-origin\nhostile/origin/backtick\n",
			func(b *board) { b.rows[0].trials[0].results = []result{{Case: "vary/without-origin", Result: fails}} },
			"corskit, gin under exact: vary/without-origin fails: mend it",
		},
	} {
		b := exampleBoard(t, c.known)
		if c.harm != nil {
			c.harm(&b)
		}
		if c.want == "" {
			assert.NoError(t, b.faults(), c.name)
		} else {
			assert.EqualError(t, b.faults(), c.want, c.name)
		}
	}
}

// TestKnownLists reads the lists that are there, of which each must be a peer's.
func TestKnownLists(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("known", "*"))
	require.NoError(t, err)
	peers := map[string]bool{}
	for _, e := range entrants {
		peers[filepath.Join("known", e.name+knownExt)] = !e.isOurs()
	}
	for _, file := range files {
		assert.True(t, peers[file], "%s is no peer's", file)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all, err := parseKnown(file, string(text))
		assert.NoError(t, err)
		assert.NotEmpty(t, all, "%s has no lines: remove it", file)
	}
}
