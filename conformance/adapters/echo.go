package adapters

import (
	"io"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	corsecho "github.com/corskit/corskit/adapters/echo"
	"github.com/corskit/corskit/conformance"
)

// Echo builds the site with echo v4. Panics are recovered outside of the
// policy, and nothing is logged.
func Echo(s conformance.Site) conformance.App {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(middleware.Recover())
	add := e.Add
	if s.Mount == conformance.Group {
		add = e.Group(conformance.Prefix, corsecho.New(s.Policy)).Add
	} else {
		e.Use(corsecho.New(s.Policy))
	}
	for _, r := range s.Inside() {
		add(r.Method, r.Path, echoHandler(r.Handler))
	}
	for _, r := range s.Outside() {
		e.Add(r.Method, r.Path, echoHandler(r.Handler))
	}
	return conformance.HTTP(e)
}

func echoHandler(h conformance.Handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		a := h(c.Request().Header.Get)
		header := c.Response().Header()
		for _, f := range a.Set {
			header.Set(f[0], f[1])
		}
		for _, f := range a.Add {
			header.Add(f[0], f[1])
		}
		if a.Failed {
			return echo.NewHTTPError(a.Status)
		}
		return c.NoContent(a.Status)
	}
}
