package adapters

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofiber/fiber/v2/middleware/recover"

	corsfiber "github.com/corskit/corskit/adapters/fiber"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core/corshttp"
)

// headLimit is the size of the longest head, in bytes, that the sites on fiber
// read.
const headLimit = 128 << 10

// FiberConfig is how fiber v2 is set up to serve a site.
func FiberConfig() fiber.Config {
	return fiber.Config{
		DisableStartupMessage: true,
		ReadBufferSize:        headLimit, // fiber answers 431 to longer heads itself
	}
}

// Fiber mounts a site on fiber v2.
func Fiber(s conformance.Site) conformance.App {
	app := fiber.New(FiberConfig())
	if s.Auth == conformance.AuthOutside {
		app.Use(fiberAuth)
	}
	var options []corsfiber.Option
	if s.Seal {
		options = append(options, corsfiber.Seal())
	}
	var inside fiber.Router = app
	switch s.Mount {
	case conformance.Group:
		inside = app.Group(conformance.Prefix, corsfiber.New(s.Policy, options...))
	case conformance.Global:
		app.Use(corsfiber.New(s.Policy, options...))
	case conformance.Scopes:
		scopes := corsfiber.Scopes(app, options...)
		for _, scope := range s.Scopes {
			if scope.Prefix != "" {
				scopes.Group(app.Group(fiberPath(scope.Prefix)), scope.Policy)
			} else {
				scopes.Route(scope.Method, fiberPath(scope.Path), scope.Policy)
			}
		}
	}
	app.Use(recover.New())
	if s.Auth == conformance.AuthInside {
		app.Use(fiberAuth)
	}
	for _, r := range s.Inside() {
		inside.Add(r.Method, fiberPath(r.Path), onFiber(s, r.Handler))
	}
	for _, r := range s.Outside() {
		app.Add(r.Method, fiberPath(r.Path), onFiber(s, r.Handler))
	}
	if s.Mount == conformance.Outside {
		return conformance.HTTP(aroundFiber(s)(adaptor.FiberApp(app)))
	}
	return FiberApp(app)
}

// aroundFiber returns the middleware around the whole of a site.
func aroundFiber(s conformance.Site) func(http.Handler) http.Handler {
	if s.Seal {
		return corshttp.New(s.Policy, corshttp.Seal())
	}
	return corshttp.New(s.Policy)
}

// fiberPath writes the parameters of a path as fiber does.
func fiberPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

func onFiber(s conformance.Site, h conformance.Handler) fiber.Handler {
	if behind := s.Behind(h); behind != nil {
		return adaptor.HTTPHandler(detached(behind))
	}
	return FiberHandler(h)
}

// FiberHandler answers as h does, in fiber's own way.
func FiberHandler(h conformance.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		a := h(func(name string) string { return c.Get(name) })
		for _, f := range a.Set {
			c.Set(f[0], f[1])
		}
		for _, f := range a.Add {
			c.Response().Header.Add(f[0], f[1])
		}
		if a.Failed {
			return fiber.NewError(a.Status)
		}
		c.Status(a.Status)
		return nil
	}
}

// FiberApp returns the application that app is.
func FiberApp(app *fiber.App) conformance.App { return fiberApp{app} }

type fiberApp struct{ app *fiber.App }

func (a fiberApp) Serve(l net.Listener) error { return a.app.Listener(l) }

// Close closes the listener and idle connections. It does not wait for the
// others: fasthttp looks at them ten times a second, once for every case.
func (a fiberApp) Close() error {
	err := a.app.ShutdownWithTimeout(time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// RoundTrip sends the request as a client does. Test sends one made for a
// server, whose RequestURI is set, without its Host header if that is absolute.
func (a fiberApp) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.RequestURI = ""
	return a.app.Test(r, -1)
}

func fiberAuth(c *fiber.Ctx) error {
	if c.Get("Authorization") == "" {
		c.Status(http.StatusUnauthorized)
		return nil
	}
	return c.Next()
}

// detached serves with a context of its own: that of fasthttp is the server, and
// races with its shutdown where it is asked from another goroutine.
func detached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.Background()))
	})
}
