package broken_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/broken"
)

// The package comment has this example as well.
func Example() {
	cases := map[string]conformance.Case{}
	for _, c := range conformance.Cases() {
		cases[c.Name] = c
	}
	for _, a := range broken.All() {
		problems := conformance.Check(a.Adapter, cases[a.Case], conformance.InProcess)
		if !strings.Contains(strings.Join(problems, " "), a.Says) {
			fmt.Printf("The suite does not notice an adapter that %s.\n", a.Name)
		}
	}
	// Output:
}

// TestAll checks what callers may rely on, beyond what each adapter gets wrong.
func TestAll(t *testing.T) {
	names := map[string]bool{}
	for _, a := range broken.All() {
		assert.False(t, names[a.Name], "%s is there twice", a.Name)
		names[a.Name] = true
	}
	broken.All()[0].Name = ""
	assert.NotEmpty(t, broken.All()[0].Name, "a caller's change reaches the next one")
}

// TestAnySite checks that a fault is never a crash: each adapter answers on the
// sites where the others' faults show, which are of all kinds.
func TestAnySite(t *testing.T) {
	cases := conformance.Cases()
	cases = slices.DeleteFunc(cases, func(c conformance.Case) bool {
		return !slices.ContainsFunc(broken.All(), func(a broken.Adapter) bool { return a.Case == c.Name })
	})
	for _, a := range broken.All() {
		t.Run(a.Name, func(t *testing.T) {
			for _, c := range cases {
				assert.NotPanics(t, func() {
					_, err := conformance.Send(a.Adapter, c, conformance.InProcess)
					assert.NoError(t, err, c.Name)
				}, c.Name)
			}
		})
	}
}
