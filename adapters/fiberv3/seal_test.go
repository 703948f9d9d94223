package corsfiber_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corsfiber "github.com/corskit/corskit/adapters/fiberv3"
	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/gofiber/fiber/v3/middleware/proxy"
	fiberrecover "github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gofiber/fiber/v3/middleware/timeout"
	"github.com/valyala/fasthttp"
)

// upstream is a server with CORS headers of its own.
func upstream(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Handler", "1")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "PURGE")
		w.Header().Set("Vary", "Accept-Encoding")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// mess does to the headers what it can.
func mess(c fiber.Ctx) error {
	h := &c.Response().Header
	h.Del("Access-Control-Expose-Headers")
	h.Set("Access-Control-Allow-Origin", evil)
	h.Add("Access-Control-Allow-Origin", app1)
	h.Set("Access-Control-Allow-Methods", "PURGE")
	h.Set("Access-Control-Allow-Private-Network", "true")
	h.SetCanonical([]byte("access-control-max-age"), []byte("1"))
	h.SetCanonical([]byte("VARY"), []byte("Accept, origin"))
	h.Add("Vary", "Accept-Encoding, Origin")
	h.Set("Access-Control-", "none that there is")
	h.Add("Access-Control", "no CORS header")
	h.Add("X-Access-Control-Allow-Origin", "nor this")
	return ran(c)
}

func TestSeal(t *testing.T) {
	proxied := upstream(t)
	target, err := url.Parse(proxied)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	tests := map[string]struct {
		handler fiber.Handler
		status  int
		vary    string // besides Origin
	}{
		"nothing":                         {ran, 200, ""},
		"a mess":                          {mess, 200, "Accept, Accept-Encoding"},
		"a mess and an error":             {func(c fiber.Ctx) error { return errors.Join(mess(c), broken) }, 500, "Accept, Accept-Encoding"},
		"a mess and a panic":              {func(c fiber.Ctx) error { _ = mess(c); panic("broken") }, 500, "Accept, Accept-Encoding"},
		"a response that is begun afresh": {func(c fiber.Ctx) error { c.Response().Reset(); return ran(c) }, 200, ""},
		"Vary that says all":              {func(c fiber.Ctx) error { c.Vary("Accept", "*"); return ran(c) }, 200, "*"},
		"Vary that is overwritten":        {func(c fiber.Ctx) error { c.Set("Vary", "Accept"); return ran(c) }, 200, "Accept"},
		"a header twice, and another gone": {func(c fiber.Ctx) error {
			c.Response().Header.Add("Access-Control-Allow-Origin", app1)
			c.Response().Header.Del("Access-Control-Expose-Headers")
			return ran(c)
		}, 200, ""},
		"an empty header, and another gone": {func(c fiber.Ctx) error {
			c.Set("Access-Control-Max-Age", "")
			c.Response().Header.Del("Access-Control-Expose-Headers")
			return ran(c)
		}, 200, ""},
		"an Allow-Origin that is gone": {func(c fiber.Ctx) error {
			c.Response().Header.Del("Access-Control-Allow-Origin")
			return ran(c)
		}, 200, ""},
		"an empty Vary":         {func(c fiber.Ctx) error { c.Set("Vary", ""); return ran(c) }, 200, ""},
		"fiber's proxy":         {func(c fiber.Ctx) error { return proxy.Do(c, proxied) }, 200, "Accept-Encoding"},
		"httputil.ReverseProxy": {adaptor.HTTPHandler(httputil.NewSingleHostReverseProxy(target)), 200, "Accept-Encoding"},
	}
	for name, test := range tests {
		for origin, want := range map[string]map[string]string{app1: allowed, evil: refused} {
			t.Run(name+" from "+origin, func(t *testing.T) {
				app := fiber.New()
				app.Use(corsfiber.New(policy(), corsfiber.Seal()))
				app.Use(fiberrecover.New())
				app.Get("/", test.handler)
				response := send(t, app, "GET", "/", "Origin", origin)
				if response.StatusCode != test.status {
					t.Errorf("the status is %d, want %d", response.StatusCode, test.status)
				}
				checkSealed(t, name, response, withVary(want, test.vary))
			})
		}
	}
}

// withVary returns headers with more members of Vary.
func withVary(headers map[string]string, more string) map[string]string {
	merged := maps.Clone(headers)
	switch {
	case more == "*":
		merged["Vary"] = more
	case more != "":
		merged["Vary"] += ", " + more
	}
	return sortVary(merged)
}

// sortVary sorts the members of Vary, which may be in any order and case.
func sortVary(headers map[string]string) map[string]string {
	members := strings.Split(strings.ToLower(headers["Vary"]), ", ")
	slices.Sort(members)
	headers["Vary"] = strings.Join(members, ", ")
	return headers
}

// checkSealed checks the CORS headers of a response, of which each is there once.
func checkSealed(t *testing.T, what string, response *http.Response, want map[string]string) {
	t.Helper()
	if got := sortVary(corsHeaders(response.Header)); !reflect.DeepEqual(got, want) {
		t.Errorf("%s: the CORS headers are\n%q, want\n%q", what, got, want)
	}
}

// checkSealed is check where the members of Vary are in any order.
func (w want) checkSealed(t *testing.T, app *fiber.App) {
	t.Helper()
	response := send(t, app, w.method, w.path, w.headers...)
	if handled := response.Header.Get("X-Handler") != ""; response.StatusCode != w.status || handled != w.handled {
		t.Errorf("%s %s: the status is %d and the handler ran: %v; want %d and %v",
			w.method, w.path, response.StatusCode, handled, w.status, w.handled)
	}
	checkSealed(t, w.method+" "+w.path, response, withVary(w.cors, ""))
}

// All mount points seal, and preflights are answered as without.
func TestSealWherever(t *testing.T) {
	mounts := map[string]func(*fiber.App) fiber.Router{
		"Group": func(app *fiber.App) fiber.Router { return app.Group("/api", corsfiber.New(policy(), corsfiber.Seal())) },
		"Scope.Group": func(app *fiber.App) fiber.Router {
			api := app.Group("/api")
			corsfiber.Scopes(app, corsfiber.Seal()).Group(api, policy())
			return api
		},
		"Scope.Route": func(app *fiber.App) fiber.Router {
			corsfiber.Scopes(app, corsfiber.Seal()).Route("PUT", "/api/items", policy())
			return app.Group("/api")
		},
	}
	for mount, on := range mounts {
		for name, want := range map[string]want{
			"preflight": {"OPTIONS", "/api/items", preflight(app1, "PUT"), 204, allowedPreflight, false},
			"refused":   {"OPTIONS", "/api/items", preflight(evil, "PUT"), 403, refusedPreflight, false},
			"request":   {"PUT", "/api/items", []string{"Origin", app1}, 200, withVary(allowed, "Accept, Accept-Encoding"), true},
		} {
			t.Run(mount+"/"+name, func(t *testing.T) {
				app := fiber.New()
				on(app).Put("/items", mess)
				app.Get("/other", mess)
				want.checkSealed(t, app)
				if got := send(t, app, "GET", "/other").Header["Access-Control-Allow-Origin"]; len(got) != 2 {
					t.Errorf("what is outside is sealed: %q", got)
				}
			})
		}
	}
}

// Names keep their spelling where the app says so.
func TestSealWithoutNormalizing(t *testing.T) {
	app := fiber.New(fiber.Config{DisableHeaderNormalizing: true})
	app.Use(corsfiber.New(policy(), corsfiber.Seal()))
	app.Get("/", func(c fiber.Ctx) error {
		c.Set("access-control-allow-origin", "*")
		c.Set("vary", "Accept")
		c.Set("x-lower", "1")
		return ran(c)
	})
	response := connect(t, app)("GET / HTTP/1.1\r\nHost: a\r\nOrigin: " + app1 + "\r\n\r\n")
	checkSealed(t, "GET /", response, withVary(allowed, "Accept"))
}

// Vary that is the handler's alone is read from a header that others take the place of.
func TestSealKeepsVary(t *testing.T) {
	app := fiber.New()
	app.Use(corsfiber.New(cors.MustNew(cors.Config{AllowOrigins: []string{"*"}}), corsfiber.Seal()))
	app.Get("/", func(c fiber.Ctx) error {
		c.Response().Reset()
		c.Response().Header.SetCanonical([]byte("VARY"), []byte("Accept"))
		return ran(c)
	})
	response := send(t, app, "GET", "/", "Origin", app1)
	checkSealed(t, "GET /", response, map[string]string{"Access-Control-Allow-Origin": "*", "Vary": "accept"})
}

// The header's own setting is as it was.
func TestSealKeepsNormalizing(t *testing.T) {
	for _, disabled := range []bool{false, true} {
		app := fiber.New(fiber.Config{DisableHeaderNormalizing: disabled})
		app.Use(func(c fiber.Ctx) error {
			err := c.Next()
			if got := c.Response().Header.DisableNormalizing(); got != disabled {
				t.Errorf("normalizing is disabled afterwards: %v, want %v", got, disabled)
			}
			return err
		}, corsfiber.New(policy(), corsfiber.Seal()))
		connect(t, app)("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	}
}

// The decision of the inner middleware prevails, whichever of the two seals.
func TestSealNested(t *testing.T) {
	inner := cors.MustNew(cors.Config{AllowOrigins: []string{"https://*.example.com"}, ExposeHeaders: []string{"X-Inner"}})
	want := map[string]string{"Access-Control-Allow-Origin": app1, "Access-Control-Expose-Headers": "X-Inner", "Vary": "accept, accept-encoding, origin"}
	seal := []corsfiber.Option{corsfiber.Seal()}
	for name, test := range map[string]struct{ outer, inner []corsfiber.Option }{
		"both seal":      {seal, seal},
		"the outer does": {seal, nil},
		"the inner does": {nil, seal},
	} {
		app := fiber.New()
		app.Use(corsfiber.New(policy(), test.outer...))
		app.Use(corsfiber.New(inner, test.inner...))
		app.Get("/", mess)
		checkSealed(t, "where "+name, send(t, app, "GET", "/", "Origin", app1), want)
	}
	// What middleware between the two does is undone by the outer.
	app := fiber.New()
	app.Use(corsfiber.New(policy(), seal...))
	app.Use(func(c fiber.Ctx) error { return errors.Join(c.Next(), mess(c)) })
	app.Use(corsfiber.New(inner, seal...))
	app.Get("/", ran)
	checkSealed(t, "with a mess in between", send(t, app, "GET", "/", "Origin", app1), want)
	// And where the inner answers by itself.
	app = fiber.New()
	app.Use(corsfiber.New(policy(), seal...))
	app.Use(corsfiber.New(fixed(cors.Decision{Status: 403, Vary: "X"}), seal...))
	app.Get("/", ran)
	response := send(t, app, "GET", "/", "Origin", app1)
	if got := response.Header; response.StatusCode != 403 || got.Get("X-Handler") != "" || got.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the inner middleware's own answer is %d with %q", response.StatusCode, got)
	}
}

// Handlers may change the request, of which the origin is a view.
func TestSealKeepsTheOrigin(t *testing.T) {
	app := fiber.New()
	app.Use(corsfiber.New(cors.MustNew(cors.Config{AllowOrigins: []string{"https://*.example.com"}}), corsfiber.Seal()))
	app.Get("/", func(c fiber.Ctx) error {
		c.Request().Header.Set("Origin", strings.Repeat("x", len(app1)))
		return ran(c)
	})
	if got := send(t, app, "GET", "/", "Origin", app1).Header.Get("Access-Control-Allow-Origin"); got != app1 {
		t.Errorf("the allowed origin is %q", got)
	}
}

// Error handlers run in the middleware, once, and cannot clear the headers.
func TestSealErrors(t *testing.T) {
	tests := map[string]struct {
		config, sub fiber.Config
		status      int
		body        string
	}{
		"fiber's own": {fiber.Config{}, fiber.Config{}, 401, "Unauthorized"},
		"one that resets the response": {fiber.Config{ErrorHandler: func(c fiber.Ctx, err error) error {
			c.Response().Reset()
			return c.Status(418).SendString(err.Error())
		}}, fiber.Config{}, 418, "Unauthorized"},
		"one that fails": {fiber.Config{ErrorHandler: func(c fiber.Ctx, err error) error {
			c.Response().Reset()
			return err
		}}, fiber.Config{}, 500, "Internal Server Error"},
		"that of a mounted app": {fiber.Config{}, fiber.Config{ErrorHandler: func(c fiber.Ctx, err error) error {
			c.Response().Reset()
			return c.Status(419).SendString("sub")
		}}, 419, "sub"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			app, sub := fiber.New(test.config), fiber.New(test.sub)
			app.Use(func(c fiber.Ctx) error {
				if err := c.Next(); err != nil {
					t.Errorf("middleware outside sees the error %v", err)
				}
				return nil
			})
			app.Use(corsfiber.New(policy(), corsfiber.Seal()))
			app.Use("/sub", sub)
			sub.Get("/", func(fiber.Ctx) error { return fiber.ErrUnauthorized })
			response := send(t, app, "GET", "/sub", "Origin", app1)
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != test.status || string(body) != test.body {
				t.Errorf("the answer is %d %q, want %d %q", response.StatusCode, body, test.status, test.body)
			}
			checkSealed(t, name, response, withVary(allowed, ""))
		})
	}
}

// A panic leaves the middleware as it came, with what is set so far sealed.
func TestSealPanic(t *testing.T) {
	app := fiber.New()
	app.Use(fiberrecover.New())
	app.Use(corsfiber.New(policy(), corsfiber.Seal()))
	app.Get("/", func(c fiber.Ctx) error { _ = mess(c); panic("broken") })
	want{"GET", "/", []string{"Origin", app1}, 500, withVary(allowed, "Accept, Accept-Encoding"), true}.checkSealed(t, app)
}

// An error handler that runs for a panic may clear the headers, unless what recovers
// is mounted inside.
func TestSealPanicAndErrorHandler(t *testing.T) {
	for where, test := range map[string]struct {
		handlers []any
		want     map[string]string
	}{
		"inside":  {[]any{corsfiber.New(policy(), corsfiber.Seal()), fiberrecover.New()}, withVary(allowed, "")},
		"outside": {[]any{fiberrecover.New(), corsfiber.New(policy(), corsfiber.Seal())}, sortVary(map[string]string{"Vary": ""})},
	} {
		app := fiber.New(fiber.Config{ErrorHandler: func(c fiber.Ctx, _ error) error {
			c.Response().Reset()
			return c.SendStatus(500)
		}})
		app.Use(test.handlers...)
		app.Get("/", func(fiber.Ctx) error { panic("broken") })
		checkSealed(t, "recovered "+where, send(t, app, "GET", "/", "Origin", app1), test.want)
	}
}

// Streams, hijacked connections and trailers are as they are without it.
func TestSealStreams(t *testing.T) {
	app := fiber.New()
	app.Use(corsfiber.New(policy(), corsfiber.Seal()))
	app.Get("/stream", func(c fiber.Ctx) error {
		c.RequestCtx().SetBodyStreamWriter(func(w *bufio.Writer) {
			for range 3 {
				_, _ = w.WriteString("part;")
				_ = w.Flush()
			}
		})
		return mess(c)
	})
	app.Get("/trailer", func(c fiber.Ctx) error {
		_ = c.Response().Header.SetTrailer("X-Sum")
		c.Set("X-Sum", "9")
		c.Response().SetBodyStream(strings.NewReader("body"), -1)
		return mess(c)
	})
	for _, path := range []string{"/stream", "/trailer"} {
		response := send(t, app, "GET", path, "Origin", app1)
		body, _ := io.ReadAll(response.Body)
		checkSealed(t, path, response, withVary(allowed, "Accept, Accept-Encoding"))
		if path == "/stream" && string(body) != "part;part;part;" {
			t.Errorf("the body is %q", body)
		}
		if path == "/trailer" && response.Trailer.Get("X-Sum") != "9" {
			t.Errorf("the trailers are %q", response.Trailer)
		}
	}
}

// The timeout middleware's answer is sealed, outside and inside.
func TestSealTimeout(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	slow := func(fiber.Ctx) error { // which fiber leaves behind: it must not touch the response
		<-over // not the end of its context, at which fiber may take its answer
		return nil
	}
	app := fiber.New()
	app.Use(corsfiber.New(policy(), corsfiber.Seal()))
	app.Get("/inside", timeout.New(slow, timeout.Config{Timeout: time.Millisecond}))
	app.Get("/fasthttp", func(c fiber.Ctx) error {
		_ = mess(c)
		c.RequestCtx().TimeoutErrorWithResponse(c.Response())
		return nil
	})
	want{"GET", "/inside", []string{"Origin", app1}, 408, allowed, false}.checkSealed(t, app)
	want{"GET", "/fasthttp", []string{"Origin", app1}, 200, withVary(allowed, "Accept, Accept-Encoding"), true}.checkSealed(t, app)
	around := fiber.New()
	around.Get("/", timeout.New(corsfiber.New(policy(), corsfiber.Seal()), timeout.Config{Timeout: time.Minute}))
	around.Get("/", mess)
	want{"GET", "/", []string{"Origin", app1}, 200, withVary(allowed, "Accept, Accept-Encoding"), true}.checkSealed(t, around)
}

// Seal costs one allocation for each request that goes on.
func TestSealAllocations(t *testing.T) {
	wild := cors.MustNew(cors.Config{AllowOrigins: []string{"https://*.example.com"}})
	for name, test := range map[string]struct {
		decider cors.Decider
		options []corsfiber.Option
		want    float64
	}{
		"without":                    {policy(), nil, 0},
		"sealed":                     {policy(), []corsfiber.Option{corsfiber.Seal()}, 1},
		"sealed, of many subdomains": {wild, []corsfiber.Option{corsfiber.Seal()}, 1},
	} {
		app := fiber.New()
		app.Use(corsfiber.New(test.decider, test.options...))
		app.Get("/", func(fiber.Ctx) error { return nil })
		handler := app.Handler()
		var ctx fasthttp.RequestCtx
		allocations := math.Inf(1)
		for range 100 {
			allocations = min(allocations, testing.AllocsPerRun(1, func() {
				ctx.ResetUserValues()
				ctx.Request.Header.SetMethod("GET")
				ctx.Request.SetRequestURI("/")
				ctx.Request.Header.Set("Origin", app1)
				ctx.Response.Reset()
				handler(&ctx)
			}))
		}
		if allocations != test.want {
			t.Errorf("%s, a request takes %v allocations, want %v", name, allocations, test.want)
		}
	}
}

// Origins for which there is no room beside the decision are kept as well.
func TestSealLongOrigins(t *testing.T) {
	long := "https://" + strings.Repeat("a.", (88-len("https://"))/2-1) + "aa"
	app := fiber.New()
	app.Use(corsfiber.New(decider(func(_ context.Context, r cors.Request) cors.Decision {
		return cors.Decision{AllowOrigin: r.Origin.First}
	}), corsfiber.Seal()))
	app.Get("/", ran)
	for _, origin := range []string{long, long + "a", long + strings.Repeat("b", 1000)} {
		if got := send(t, app, "GET", "/", "Origin", origin).Header.Get("Access-Control-Allow-Origin"); got != origin {
			t.Errorf("the origin of %d bytes is %q", len(origin), got)
		}
	}
}
