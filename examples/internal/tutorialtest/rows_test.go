package tutorialtest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestRows checks that each row says what it is about: of a difference the reason,
// and of what is the same none.
func TestRows(t *testing.T) {
	for _, u := range tutorials {
		names := map[string]bool{}
		verdicts := map[verdict]int{}
		for _, r := range u.rows {
			assert.False(t, names[r.name], "%s: %q is there twice", u.original, r.name)
			names[r.name] = true
			verdicts[r.verdict]++
			if r.verdict == same {
				assert.Equal(t, r.original, r.ours, "%s: %q is called the same", u.original, r.name)
				assert.Empty(t, r.why, "%s: %q has a reason to differ and does not", u.original, r.name)
			} else {
				assert.NotEqual(t, r.original, r.ours, "%s: %q is called %s", u.original, r.name, r.verdict)
				assert.NotEmpty(t, r.why, "%s: %q differs without a reason", u.original, r.name)
			}
		}
		assert.NotZero(t, verdicts[same], "%s: rows that are the same", u.original)
		assert.NotZero(t, verdicts[safer], "%s: rows in which ours is safer", u.original)
		for _, v := range []verdict{same, safer, stricter, looser} {
			delete(verdicts, v)
		}
		assert.Empty(t, verdicts, "%s: verdicts that are none", u.original)
	}
}
