package main

import (
	"io"
	"log/slog"

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
	list, allowed := listed(c, withoutPort)
	config.AllowOrigins = list
	if allowed != nil {
		config.AllowOriginFunc = func(origin string) (bool, error) { return allowed(origin), nil }
	}
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
	list, allowed := listed(c, echoV5Origin)
	config.AllowOrigins = list
	if allowed != nil {
		config.UnsafeAllowOriginFunc = func(_ *echov5.Context, origin string) (string, bool, error) {
			return origin, allowed(origin), nil
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

// echoV5Origin is for a list that holds neither patterns nor null.
func echoV5Origin(pattern string) []string {
	if pattern == "null" {
		return nil
	}
	return exact(pattern)
}
