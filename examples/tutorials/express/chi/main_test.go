package main

import (
	"testing"

	"github.com/corskit/corskit/examples/internal/tutorialtest"
)

func TestApp(t *testing.T) {
	tutorialtest.CheckExpress(t, tutorialtest.HTTP(newApp), globalConfig, strictConfig)
}
