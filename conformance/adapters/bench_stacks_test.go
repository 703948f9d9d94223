package adapters

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	gincors "github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	gochicors "github.com/go-chi/cors"
	"github.com/gofiber/fiber/v2"
	fibercors "github.com/gofiber/fiber/v2/middleware/cors"
	fiberv3 "github.com/gofiber/fiber/v3"
	fiberv3cors "github.com/gofiber/fiber/v3/middleware/cors"
	"github.com/gorilla/handlers"
	"github.com/labstack/echo/v4"
	echocors "github.com/labstack/echo/v4/middleware"
	echov5 "github.com/labstack/echo/v5"
	echov5cors "github.com/labstack/echo/v5/middleware"
	rscors "github.com/rs/cors"

	corschi "github.com/corskit/corskit/adapters/chi"
	corsecho "github.com/corskit/corskit/adapters/echo"
	corsechov5 "github.com/corskit/corskit/adapters/echov5"
	corsfiber "github.com/corskit/corskit/adapters/fiber"
	corsfiberv3 "github.com/corskit/corskit/adapters/fiberv3"
	corsgin "github.com/corskit/corskit/adapters/gin"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// A benchFramework is a framework with what is to be compared on it.
type benchFramework struct {
	name   string
	stacks []benchStack
}

// A benchStack is a framework with a middleware, a route for GET and one for
// OPTIONS, and handlers that do nothing.
type benchStack struct {
	name      string                 // of the middleware
	exactOnly bool                   // it has no origin patterns
	oneOnly   bool                   // it has no more than one origin
	engine    func(many bool) engine // makes one: none is kept, so that garbage is collected as often for the last as for the first
}

// lacks reports whether the stack has no such case.
func (s benchStack) lacks(c benchCase) bool {
	return s.exactOnly && c.name == "many-pattern" || s.oneOnly && c.many
}

func (s benchStack) isOurs() bool { return strings.HasPrefix(s.name, "corskit") }

// isFloor reports whether the stack's middleware is what bench_floor_test.go has.
func (s benchStack) isFloor() bool { return s.name == "floor" }

func (f benchFramework) stack(name string) benchStack {
	return f.stacks[slices.IndexFunc(f.stacks, func(s benchStack) bool { return s.name == name })]
}

// The policy of all stacks, but for the origins.
var (
	benchMethods = []string{"GET", "POST", "PUT", "DELETE"}
	benchHeaders = []string{"Authorization", "Content-Type"}
)

const benchMaxAge = 600 // seconds

func benchFrameworks() []benchFramework {
	quietGin()
	return []benchFramework{
		framework("nethttp", netHTTPStack, func(d cors.Decider, seal bool) func(http.Handler) http.Handler {
			return corshttp.New(d, sealed(seal, corshttp.Seal)...)
		}, netHTTPFloor, netPeers()...),
		framework("chi", chiStack, func(d cors.Decider, seal bool) func(http.Handler) http.Handler {
			return corschi.New(d, sealed(seal, corschi.Seal)...)
		}, netHTTPFloor, netPeers()...),
		framework("gin", ginStack, func(d cors.Decider, seal bool) gin.HandlerFunc {
			return corsgin.New(d, sealed(seal, corsgin.Seal)...)
		}, ginFloor, peer[gin.HandlerFunc]{name: "gin-contrib", make: ginPeer}),
		framework("echo", echoStack, func(d cors.Decider, seal bool) echo.MiddlewareFunc {
			return corsecho.New(d, sealed(seal, corsecho.Seal)...)
		}, echoFloor, peer[echo.MiddlewareFunc]{name: "own", make: echoPeer}),
		framework("echov5", echoV5Stack, func(d cors.Decider, seal bool) echov5.MiddlewareFunc {
			return corsechov5.New(d, sealed(seal, corsechov5.Seal)...)
		}, echoV5Floor, peer[echov5.MiddlewareFunc]{name: "own", make: echoV5Peer, exactOnly: true}),
		framework("fiber", fiberStack, func(d cors.Decider, seal bool) fiber.Handler {
			return corsfiber.New(d, sealed(seal, corsfiber.Seal)...)
		}, fiberFloor, peer[fiber.Handler]{name: "own", make: fiberPeer}),
		framework("fiberv3", fiberV3Stack, func(d cors.Decider, seal bool) fiberv3.Handler {
			return corsfiberv3.New(d, sealed(seal, corsfiberv3.Seal)...)
		}, fiberV3Floor, peer[fiberv3.Handler]{name: "own", make: fiberV3Peer}),
	}
}

// A peer makes a framework's middleware, of type M, for the given origins.
type peer[M any] struct {
	name      string
	exactOnly bool // it has no origin patterns
	make      func(origins []string) M
}

// framework returns a framework by itself, with the floor, with corskit and with its
// peers. What mount is given is what Use takes.
func framework[M any](name string, mount func(use ...M) engine, ours func(d cors.Decider, seal bool) M, floor M, peers ...peer[M]) benchFramework {
	f := benchFramework{name: name, stacks: []benchStack{
		{name: "none", engine: func(bool) engine { return mount() }},
		{name: "floor", oneOnly: true, engine: func(bool) engine { return mount(floor) }},
	}}
	add := func(p peer[M]) {
		f.stacks = append(f.stacks, benchStack{name: p.name, exactOnly: p.exactOnly, engine: func(many bool) engine {
			origins := []string{benchOrigin}
			if many {
				origins = manyOrigins()
			}
			if p.exactOnly {
				origins = slices.DeleteFunc(origins, isPattern)
			}
			return mount(p.make(origins))
		}})
	}
	add(peer[M]{name: "corskit", make: func(origins []string) M {
		return ours(benchPolicy(origins), false)
	}})
	add(peer[M]{name: "corskit+Live+Observe", make: func(origins []string) M {
		idle := func(context.Context, cors.Event) {}
		return ours(cors.Observe(cors.NewLive(benchPolicy(origins)), idle), false)
	}})
	add(peer[M]{name: "corskit+Seal", make: func(origins []string) M {
		return ours(benchPolicy(origins), true)
	}})
	for _, p := range peers {
		add(p)
	}
	return f
}

func benchPolicy(origins []string) *cors.Policy {
	return cors.MustNew(cors.Config{
		AllowOrigins: origins,
		AllowMethods: benchMethods,
		AllowHeaders: benchHeaders,
		MaxAge:       benchMaxAge * time.Second,
	})
}

func sealed[O any](seal bool, option func() O) []O {
	if seal {
		return []O{option()}
	}
	return nil
}

func isPattern(origin string) bool { return strings.Contains(origin, "*") }

var doNothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// netHTTPStack has no router: that of the standard library would only add to the
// noise.
func netHTTPStack(use ...func(http.Handler) http.Handler) engine {
	var h http.Handler = doNothing
	for _, wrap := range use {
		h = wrap(h)
	}
	return engine{http: h}
}

func chiStack(use ...func(http.Handler) http.Handler) engine {
	r := chi.NewRouter()
	r.Use(use...)
	r.Get("/items", doNothing)
	r.Options("/items", doNothing)
	return engine{http: r}
}

// netPeers returns the peers on net/http, which serve chi as well.
func netPeers() []peer[func(http.Handler) http.Handler] {
	return []peer[func(http.Handler) http.Handler]{
		{name: "rs", make: func(origins []string) func(http.Handler) http.Handler {
			return rscors.New(rscors.Options{
				AllowedOrigins: origins,
				AllowedMethods: benchMethods,
				AllowedHeaders: benchHeaders,
				MaxAge:         benchMaxAge,
			}).Handler
		}},
		{name: "go-chi", make: func(origins []string) func(http.Handler) http.Handler {
			return gochicors.Handler(gochicors.Options{
				AllowedOrigins: origins,
				AllowedMethods: benchMethods,
				AllowedHeaders: benchHeaders,
				MaxAge:         benchMaxAge,
			})
		}},
		{name: "gorilla", exactOnly: true, make: func(origins []string) func(http.Handler) http.Handler {
			return handlers.CORS(
				handlers.AllowedOrigins(origins),
				handlers.AllowedMethods(benchMethods),
				handlers.AllowedHeaders(benchHeaders),
				handlers.MaxAge(benchMaxAge),
			)
		}},
	}
}

func ginStack(use ...gin.HandlerFunc) engine {
	e := gin.New()
	e.Use(use...)
	e.GET("/items", func(*gin.Context) {})
	e.OPTIONS("/items", func(*gin.Context) {})
	return engine{http: e}
}

func ginPeer(origins []string) gin.HandlerFunc {
	return gincors.New(gincors.Config{
		AllowOrigins:  origins,
		AllowMethods:  benchMethods,
		AllowHeaders:  benchHeaders,
		MaxAge:        benchMaxAge * time.Second,
		AllowWildcard: slices.ContainsFunc(origins, isPattern),
	})
}

func echoStack(use ...echo.MiddlewareFunc) engine {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(use...)
	e.GET("/items", func(echo.Context) error { return nil })
	e.OPTIONS("/items", func(echo.Context) error { return nil })
	return engine{http: e}
}

func echoPeer(origins []string) echo.MiddlewareFunc {
	return echocors.CORSWithConfig(echocors.CORSConfig{
		AllowOrigins: origins,
		AllowMethods: benchMethods,
		AllowHeaders: benchHeaders,
		MaxAge:       benchMaxAge,
	})
}

func echoV5Stack(use ...echov5.MiddlewareFunc) engine {
	e := echov5.NewWithConfig(echov5.Config{Logger: slog.New(slog.DiscardHandler)})
	e.Use(use...)
	e.GET("/items", func(*echov5.Context) error { return nil })
	e.OPTIONS("/items", func(*echov5.Context) error { return nil })
	return engine{http: e}
}

func echoV5Peer(origins []string) echov5.MiddlewareFunc {
	return echov5cors.CORSWithConfig(echov5cors.CORSConfig{
		AllowOrigins: origins,
		AllowMethods: benchMethods,
		AllowHeaders: benchHeaders,
		MaxAge:       benchMaxAge,
	})
}

func fiberStack(use ...fiber.Handler) engine {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	for _, h := range use {
		app.Use(h)
	}
	app.Get("/items", func(*fiber.Ctx) error { return nil })
	app.Options("/items", func(*fiber.Ctx) error { return nil })
	return engine{fast: app.Handler()}
}

func fiberPeer(origins []string) fiber.Handler {
	return fibercors.New(fibercors.Config{
		AllowOrigins: strings.Join(origins, ","),
		AllowMethods: strings.Join(benchMethods, ","),
		AllowHeaders: strings.Join(benchHeaders, ","),
		MaxAge:       benchMaxAge,
	})
}

func fiberV3Stack(use ...fiberv3.Handler) engine {
	app := fiberv3.New()
	for _, h := range use {
		app.Use(h)
	}
	app.Get("/items", func(fiberv3.Ctx) error { return nil })
	app.Options("/items", func(fiberv3.Ctx) error { return nil })
	return engine{fast: app.Handler()}
}

func fiberV3Peer(origins []string) fiberv3.Handler {
	return fiberv3cors.New(fiberv3cors.Config{
		AllowOrigins: origins,
		AllowMethods: benchMethods,
		AllowHeaders: benchHeaders,
		MaxAge:       benchMaxAge,
	})
}
