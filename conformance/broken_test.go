package conformance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/broken"
)

// TestBrokenAdapters checks that the suite finds what it is meant to find.
func TestBrokenAdapters(t *testing.T) {
	cases := map[string]conformance.Case{}
	for _, c := range conformance.Cases() {
		cases[c.Name] = c
	}
	for _, a := range broken.All() {
		t.Run(a.Name, func(t *testing.T) {
			assert.Contains(t, cases, a.Case)
			for _, over := range conformance.Transports {
				c := cases[a.Case]
				right := conformance.Adapter{Name: "right", Mount: broken.Right}
				assert.Empty(t, conformance.Check(right, c, over), "%s fails without the breakage", c.Name)
				problems := strings.Join(conformance.Check(a.Adapter, c, over), " ")
				assert.Contains(t, problems, a.Says, "%s does not find the breakage %s", c.Name, over)
			}
		})
	}
}
