package live_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/live"
)

func TestKnown(t *testing.T) {
	known, err := live.ReadKnown(strings.NewReader(`
# a server
vary/*            # adds none
preflight/method/P?T#1	# not a comment at first
	hostile/origin/tab
stale/*/*
`))
	require.NoError(t, err)
	for name, want := range map[string]bool{
		"vary/allowed":           true,
		"vary/a/b":               false,
		"preflight/method/PUT#1": true,
		"preflight/method/PUT":   false,
		"hostile/origin/tab":     true,
		"hostile/origin/tabs":    false,
	} {
		assert.Equal(t, want, known.Match(name), "whether %s is known to fail", name)
	}
	assert.Equal(t, []string{"6: stale/*/* matches no case: remove it"}, known.Stale(), "what is stale")
}

func TestLinesThatAreNoPatterns(t *testing.T) {
	for line, want := range map[string]string{
		"vary/[":                             `1: "vary/[" is not a pattern: write one such as vary/*, and a # before the reason`,
		"vary/* no":                          `1: "vary/* no" is not a pattern: write one such as vary/*, and a # before the reason`,
		"vary\x00":                           `1: "vary\x00" is not a pattern: write one such as vary/*, and a # before the reason`,
		"a\n" + strings.Repeat("b", 70000):   "2: the line is longer than 4096 bytes: write one pattern on each line",
		"a\n" + strings.Repeat("b\n", 1<<19): "524289: the list goes on behind 1 MiB: leave out what follows",
		"\xff\xfe":                           `1: "\xff\xfe" is not a pattern: write one such as vary/*, and a # before the reason`,
		"# well\nvary[":                      `2: "vary[" is not a pattern: write one such as vary/*, and a # before the reason`,
	} {
		_, err := live.ReadKnown(strings.NewReader(line))
		assert.EqualError(t, err, want, "the error of %q", line)
	}
}

// TestByteOrderMark checks that what editors put before a list is not in it.
func TestByteOrderMark(t *testing.T) {
	known, err := live.ReadKnown(strings.NewReader("\ufeffvary/*\r\n"))
	require.NoError(t, err)
	assert.True(t, known.Match("vary/allowed"))
}
