package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/examples/internal/exampletest"
)

func TestApp(t *testing.T) {
	app, err := newApp()
	require.NoError(t, err)
	exampletest.CheckHTTP(t, app)
}
