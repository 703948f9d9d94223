package adapters

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	corsgin "github.com/corskit/corskit/adapters/gin"
	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Gin mounts a site on gin.
func Gin(s conformance.Site) conformance.App {
	quietGin()
	e := gin.New()
	e.Use(gin.RecoveryWithWriter(io.Discard))
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false // the redirect leaves before any middleware runs
	if s.Auth == conformance.AuthOutside {
		e.Use(ginAuth)
	}
	var seal []corsgin.Option
	if s.Seal {
		seal = append(seal, corsgin.Seal())
	}
	var inside gin.IRoutes = e
	switch {
	case s.Mount == conformance.Group:
		scopes := corsgin.Scopes(e, seal...)
		g := e.Group(conformance.Prefix)
		scopes.Group(g, s.Policy)
		inside = g
	case s.Mount == conformance.Scopes:
		scopes := corsgin.Scopes(e, seal...)
		for _, scope := range s.Scopes {
			if scope.Prefix != "" {
				scopes.Group(e.Group(ginPath(scope.Prefix)), scope.Policy)
			} else {
				scopes.Route(scope.Method, ginPath(scope.Path), scope.Policy)
			}
		}
	case s.Mount == conformance.Outside:
	case cors.UsesRouteMethods(s.Policy): // gin's middleware cannot ask the router
		corsgin.Scopes(e, seal...).Group(&e.RouterGroup, s.Policy)
	default:
		e.Use(corsgin.New(s.Policy, seal...))
	}
	if s.Auth == conformance.AuthInside {
		e.Use(ginAuth)
	}
	for _, r := range s.Inside() {
		inside.Handle(r.Method, ginPath(r.Path), onGin(s, r.Handler))
	}
	for _, r := range s.Outside() {
		e.Handle(r.Method, ginPath(r.Path), onGin(s, r.Handler))
	}
	if s.Mount != conformance.Outside {
		return conformance.HTTP(e)
	}
	var outside []corshttp.Option
	if s.Seal {
		outside = append(outside, corshttp.Seal())
	}
	return conformance.HTTP(corshttp.New(s.Policy, outside...)(e))
}

func onGin(s conformance.Site, h conformance.Handler) gin.HandlerFunc {
	if behind := s.Behind(h); behind != nil {
		return gin.WrapH(behind)
	}
	return gin.WrapH(h)
}

func ginAuth(c *gin.Context) {
	if c.GetHeader("Authorization") == "" {
		c.AbortWithStatus(http.StatusUnauthorized)
	}
}

// ginPath spells parameters as gin does.
func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// quietGin keeps gin from printing every route. Its mode is global.
var quietGin = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) })
