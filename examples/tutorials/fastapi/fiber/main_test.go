package main

import (
	"testing"

	"github.com/gofiber/fiber/v2"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/internal/tutorialtest"
)

func TestAllowAll(t *testing.T) {
	tutorialtest.CheckAllowAll(t, serve(allowAllConfig), allowAllConfig)
}

func TestExplicit(t *testing.T) {
	tutorialtest.CheckExplicit(t, serve(explicitConfig), explicitConfig)
}

func serve(config cors.Config) tutorialtest.Serve {
	return tutorialtest.Fiber(func() (*fiber.App, error) { return newApp(config) })
}
