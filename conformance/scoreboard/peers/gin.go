package main

import (
	"io"

	gincors "github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
)

func ginContrib(c cors.Config, routes []conformance.Route) conformance.App {
	config := gincors.Config{
		AllowMethods:              methods(c),
		AllowHeaders:              c.AllowHeaders,
		ExposeHeaders:             c.ExposeHeaders,
		MaxAge:                    c.MaxAge,
		AllowCredentials:          c.AllowCredentials,
		OptionsResponseStatusCode: c.PreflightStatus,
	}
	config.AllowOrigins, config.AllowOriginFunc = listed(c, webURLs)
	gin.SetMode(gin.ReleaseMode) // it prints every route else
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false // the redirect leaves before any middleware runs
	e.Use(gin.RecoveryWithWriter(io.Discard), gincors.New(config))
	for _, r := range routes {
		e.Handle(r.Method, r.Path, gin.WrapH(r.Handler))
	}
	return conformance.HTTP(e)
}
