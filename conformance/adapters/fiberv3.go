package adapters

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/gofiber/fiber/v3/middleware/recover"

	corsfiber "github.com/corskit/corskit/adapters/fiberv3"
	"github.com/corskit/corskit/conformance"
)

// FiberV3Config is how fiber v3 is set up to serve a site.
func FiberV3Config() fiber.Config {
	return fiber.Config{
		DisableHeadAutoRegister: true,      // the site's routes for GET do not imply HEAD
		ReadBufferSize:          headLimit, // fiber answers 431 to longer heads itself
	}
}

// FiberV3 mounts a site on fiber v3.
func FiberV3(s conformance.Site) conformance.App {
	app := fiber.New(FiberV3Config())
	if s.Auth == conformance.AuthOutside {
		app.Use(fiberv3Auth)
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
		app.Use(fiberv3Auth)
	}
	for _, r := range s.Inside() {
		inside.Add([]string{r.Method}, fiberPath(r.Path), onFiberV3(s, r.Handler))
	}
	for _, r := range s.Outside() {
		app.Add([]string{r.Method}, fiberPath(r.Path), onFiberV3(s, r.Handler))
	}
	if s.Mount == conformance.Outside {
		return conformance.HTTP(aroundFiber(s)(adaptor.FiberApp(app)))
	}
	return FiberV3App(app)
}

func onFiberV3(s conformance.Site, h conformance.Handler) fiber.Handler {
	if behind := s.Behind(h); behind != nil {
		return adaptor.HTTPHandler(detached(behind))
	}
	return FiberV3Handler(h)
}

// FiberV3Handler answers as h does, in fiber's own way.
func FiberV3Handler(h conformance.Handler) fiber.Handler {
	return func(c fiber.Ctx) error {
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

// FiberV3App returns the application that app is.
func FiberV3App(app *fiber.App) conformance.App { return fiberV3App{app} }

type fiberV3App struct{ app *fiber.App }

func (a fiberV3App) Serve(l net.Listener) error {
	return a.app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true})
}

// Close closes the listener and idle connections. It does not wait for the
// others: fasthttp looks at them ten times a second, once for every case.
func (a fiberV3App) Close() error {
	err := a.app.ShutdownWithTimeout(time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// RoundTrip sends the request as a client does. Test sends one made for a
// server, whose RequestURI is set, without its Host header if that is absolute.
func (a fiberV3App) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.RequestURI = ""
	return a.app.Test(r, fiber.TestConfig{}) // no timeout
}

func fiberv3Auth(c fiber.Ctx) error {
	if c.Get("Authorization") == "" {
		c.Status(http.StatusUnauthorized)
		return nil
	}
	return c.Next()
}
