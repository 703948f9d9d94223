package main

import (
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/examples/internal/exampletest"
)

func TestApp(t *testing.T) {
	app, err := newApp()
	require.NoError(t, err)
	exampletest.Check(t, func(r *http.Request) (*http.Response, error) { return app.Test(r, fiber.TestConfig{}) })
}
