package main

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/examples/internal/exampletest"
)

func TestApp(t *testing.T) {
	app := newApp()
	exampletest.Check(t, func(r *http.Request) (*http.Response, error) { return app.Test(r, -1) })
}
