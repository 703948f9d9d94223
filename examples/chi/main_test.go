package main

import (
	"testing"

	"github.com/corskit/corskit/examples/internal/exampletest"
)

func TestApp(t *testing.T) { exampletest.CheckHTTP(t, newApp()) }
