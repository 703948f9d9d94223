package conformance_test

import (
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/broken"
)

// Run takes a [testing.T], so that it is called from a test of the adapter.
func ExampleRun() {
	testConformance := func(t *testing.T) {
		conformance.Run(t, conformance.Adapter{Name: "mine", Mount: broken.Right})
	}
	_ = testConformance
}

func TestExample(t *testing.T) {
	conformance.Run(t, conformance.Adapter{Name: "mine", Mount: broken.Right})
}
