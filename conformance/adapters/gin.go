package adapters

import (
	"io"
	"sync"

	"github.com/gin-gonic/gin"

	corsgin "github.com/corskit/corskit/adapters/gin"
	"github.com/corskit/corskit/conformance"
)

// Gin mounts a site on gin.
func Gin(s conformance.Site) conformance.App {
	quietGin()
	e := gin.New()
	e.Use(gin.RecoveryWithWriter(io.Discard))
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false // the redirect leaves before any middleware runs
	var inside gin.IRoutes = e
	if s.Mount == conformance.Group {
		scopes := corsgin.Scopes(e)
		g := e.Group(conformance.Prefix)
		scopes.Group(g, s.Policy)
		inside = g
	} else {
		e.Use(corsgin.New(s.Policy))
	}
	for _, r := range s.Inside() {
		inside.Handle(r.Method, r.Path, gin.WrapH(r.Handler))
	}
	for _, r := range s.Outside() {
		e.Handle(r.Method, r.Path, gin.WrapH(r.Handler))
	}
	return conformance.HTTP(e)
}

// quietGin keeps gin from printing every route. Its mode is global.
var quietGin = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) })
