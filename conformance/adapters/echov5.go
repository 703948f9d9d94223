package adapters

import (
	"log/slog"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	corsecho "github.com/corskit/corskit/adapters/echov5"
	"github.com/corskit/corskit/conformance"
)

// EchoV5 builds the site with echo v5. Panics are recovered outside of the
// policy, and nothing is logged.
func EchoV5(s conformance.Site) conformance.App {
	e := echo.NewWithConfig(echo.Config{Logger: slog.New(slog.DiscardHandler)})
	e.Use(middleware.Recover())
	add := e.Add
	if s.Mount == conformance.Group {
		add = e.Group(conformance.Prefix, corsecho.New(s.Policy)).Add
	} else {
		e.Use(corsecho.New(s.Policy))
	}
	for _, r := range s.Inside() {
		add(r.Method, r.Path, echoV5Handler(r.Handler))
	}
	for _, r := range s.Outside() {
		e.Add(r.Method, r.Path, echoV5Handler(r.Handler))
	}
	return conformance.HTTP(e)
}

func echoV5Handler(h conformance.Handler) echo.HandlerFunc {
	return func(c *echo.Context) error {
		a := h(c.Request().Header.Get)
		header := c.Response().Header()
		for _, f := range a.Set {
			header.Set(f[0], f[1])
		}
		for _, f := range a.Add {
			header.Add(f[0], f[1])
		}
		if a.Failed {
			return echo.NewHTTPError(a.Status, "")
		}
		return c.NoContent(a.Status)
	}
}
