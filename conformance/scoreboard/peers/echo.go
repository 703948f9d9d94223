package main

import (
	"io"
	"log/slog"
	"slices"

	"github.com/labstack/echo/v4"
	echocors "github.com/labstack/echo/v4/middleware"
	echov5 "github.com/labstack/echo/v5"
	echov5cors "github.com/labstack/echo/v5/middleware"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	cors "github.com/corskit/corskit/core"
)

func echoV4(c cors.Config, routes []conformance.Route) conformance.App {
	config := echocors.CORSConfig{
		AllowMethods:     echoMethods(c),
		AllowHeaders:     echoedHeaders(c),
		ExposeHeaders:    c.ExposeHeaders,
		MaxAge:           seconds(c),
		AllowCredentials: c.AllowCredentials,
	}
	config.AllowOrigins, config.AllowOriginFunc = echoOrigins(c, anyOrigin, echo.ErrForbidden)
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(echocors.Recover(), echocors.CORSWithConfig(config))
	for _, r := range routes {
		e.Add(r.Method, r.Path, adapters.EchoHandler(r.Handler))
	}
	return conformance.HTTP(e)
}

func echoV5(c cors.Config, routes []conformance.Route) conformance.App {
	config := echov5cors.CORSConfig{
		AllowMethods:     echoMethods(c),
		AllowHeaders:     echoedHeaders(c),
		ExposeHeaders:    c.ExposeHeaders,
		MaxAge:           seconds(c),
		AllowCredentials: c.AllowCredentials,
	}
	list, allowed := echoOrigins(c, noOrigin, echov5.ErrForbidden)
	config.AllowOrigins = list
	if allowed != nil {
		config.UnsafeAllowOriginFunc = func(_ *echov5.Context, origin string) (string, bool, error) {
			ok, err := allowed(origin)
			return origin, ok, err
		}
	}
	e := echov5.NewWithConfig(echov5.Config{Logger: slog.New(slog.DiscardHandler)})
	e.Use(echov5cors.Recover(), echov5cors.CORSWithConfig(config))
	for _, r := range routes {
		e.Add(r.Method, r.Path, adapters.EchoV5Handler(r.Handler))
	}
	return conformance.HTTP(e)
}

// echoMethods returns the allowed methods. With none echo asks its router.
func echoMethods(c cors.Config) []string {
	if c.MethodsFromRoutes {
		return nil
	}
	return methods(c)
}

// echoOrigins returns the allowed origins for echo's list, or else what its function
// has to answer.
func echoOrigins(c cors.Config, takes func(origin string) bool, refusal error) (list []string, allowed func(origin string) (bool, error)) {
	list, match := listed(c, takes)
	if match == nil && (!c.RejectDisallowed || slices.Contains(list, "*")) {
		return list, nil
	}
	if match == nil {
		match = matcher(list)
	}
	return nil, func(origin string) (bool, error) {
		ok := match(origin)
		if !ok && c.RejectDisallowed {
			return false, refusal
		}
		return ok, nil
	}
}
