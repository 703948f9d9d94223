package main

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	fibercors "github.com/gofiber/fiber/v2/middleware/cors"
	"github.com/gofiber/fiber/v2/middleware/recover"
	fiberv3 "github.com/gofiber/fiber/v3"
	fiberv3cors "github.com/gofiber/fiber/v3/middleware/cors"
	fiberv3recover "github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	cors "github.com/corskit/corskit/core"
)

func fiberV2(c cors.Config, routes []conformance.Route) conformance.App {
	list, allowed := listed(c, urls)
	app := fiber.New(adapters.FiberConfig())
	app.Use(fibercors.New(fibercors.Config{
		AllowOrigins:     strings.Join(list, ","),
		AllowOriginsFunc: allowed,
		AllowMethods:     strings.Join(methods(c), ","),
		AllowHeaders:     strings.Join(echoedHeaders(c), ","),
		ExposeHeaders:    strings.Join(c.ExposeHeaders, ","),
		MaxAge:           seconds(c),
		AllowCredentials: c.AllowCredentials,
	}), recover.New())
	for _, r := range routes {
		app.Add(r.Method, r.Path, adapters.FiberHandler(r.Handler))
	}
	return adapters.FiberApp(app)
}

func fiberV3(c cors.Config, routes []conformance.Route) conformance.App {
	list, allowed := listed(c, noOrigin)
	app := fiberv3.New(adapters.FiberV3Config())
	app.Use(fiberv3cors.New(fiberv3cors.Config{
		AllowOrigins:     list,
		AllowOriginsFunc: allowed,
		AllowMethods:     methods(c),
		AllowHeaders:     echoedHeaders(c),
		ExposeHeaders:    c.ExposeHeaders,
		MaxAge:           seconds(c),
		AllowCredentials: c.AllowCredentials,
	}), fiberv3recover.New())
	for _, r := range routes {
		app.Add([]string{r.Method}, r.Path, adapters.FiberV3Handler(r.Handler))
	}
	return adapters.FiberV3App(app)
}
