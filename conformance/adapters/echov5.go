package adapters

import (
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	corsecho "github.com/corskit/corskit/adapters/echov5"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core/corshttp"
)

// EchoV5 builds the site with echo v5. Panics are recovered outside of the
// policy, and nothing is logged.
func EchoV5(s conformance.Site) conformance.App {
	e := echo.NewWithConfig(echo.Config{Logger: slog.New(slog.DiscardHandler)})
	e.Use(middleware.Recover())
	if s.Auth == conformance.AuthOutside {
		e.Use(echov5Auth)
	}
	var seal []corsecho.Option
	if s.Seal {
		seal = append(seal, corsecho.Seal())
	}
	add := e.Add
	switch s.Mount {
	case conformance.Scopes:
		scopes := corsecho.Scopes(e, seal...)
		for _, scope := range s.Scopes {
			if scope.Prefix != "" {
				scopes.Group(e.Group(echoPath(scope.Prefix)), scope.Policy)
			} else {
				scopes.Route(scope.Method, echoPath(scope.Path), scope.Policy)
			}
		}
	case conformance.Group:
		add = e.Group(conformance.Prefix, corsecho.New(s.Policy, seal...)).Add
	case conformance.Global:
		e.Use(corsecho.New(s.Policy, seal...))
	}
	if s.Auth == conformance.AuthInside {
		e.Use(echov5Auth)
	}
	for _, r := range s.Inside() {
		add(r.Method, echoPath(r.Path), echoV5Handler(s, r.Handler))
	}
	for _, r := range s.Outside() {
		e.Add(r.Method, echoPath(r.Path), echoV5Handler(s, r.Handler))
	}
	if s.Mount == conformance.Outside {
		var seal []corshttp.Option
		if s.Seal {
			seal = append(seal, corshttp.Seal())
		}
		return conformance.HTTP(corshttp.New(s.Policy, seal...)(e))
	}
	return conformance.HTTP(e)
}

func echoV5Handler(s conformance.Site, h conformance.Handler) echo.HandlerFunc {
	if behind := s.Behind(h); behind != nil {
		return echo.WrapHandler(behind)
	}
	return EchoV5Handler(h)
}

// EchoV5Handler answers as h does, in echo's own way.
func EchoV5Handler(h conformance.Handler) echo.HandlerFunc {
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

func echov5Auth(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		if c.Request().Header.Get("Authorization") == "" {
			return c.NoContent(http.StatusUnauthorized)
		}
		return next(c)
	}
}
