package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMissing(t *testing.T) {
	assert.NoError(t, missing("x", nil))
	got := missing("x", []need{
		{names: []string{"go"}, debian: "golang"},
		{names: []string{"no-such-a", "no-such-b"}, debian: "a"},
		{names: []string{"no-such-c"}, paths: "/no/such/*", debian: "c"},
	})
	assert.EqualError(t, got,
		"engine: x needs no-such-a or no-such-b and no-such-c, which is not installed; Debian has it: apt-get install a c")
}

func TestMentions(t *testing.T) {
	const url = "https://a.example/x?y=1"
	for text, want := range map[string]bool{
		"Access to fetch at 'https://a.example/x?y=1' from origin":        true,
		"remote resource at https://a.example/x?y=1. (Reason: no)":        true,
		"Fetch API cannot load https://a.example/x?y=1.":                  true,
		"https://a.example/x?y=1":                                         true,
		"at 'https://a.example/x?y=12', not at 'https://a.example/x?y=1'": true,
		"Access to fetch at 'https://a.example/x?y=12' from origin":       false,
		"remote resource at https://a.example/x?y=1.2. (Reason: no)":      false,
		"at 'https://b.example/?to=https://a.example/x?y=1' from origin":  false,
		"": false,
	} {
		assert.Equal(t, want, mentions(text, url), text)
	}
}
