package corsfiber_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	corsfiber "github.com/corskit/corskit/adapters/fiberv3"
	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/proxy"
	fiberrecover "github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gofiber/fiber/v3/middleware/timeout"
	"github.com/valyala/fasthttp"
)

const (
	app1 = "https://app.example.com"
	evil = "https://evil.example"

	varyPreflight = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
)

func policy() *cors.Policy {
	return cors.MustNew(cors.Config{
		AllowOrigins:     []string{app1},
		AllowMethods:     []string{"PUT"},
		AllowHeaders:     []string{"Content-Type", "X-Key"},
		ExposeHeaders:    []string{"X-Total"},
		AllowCredentials: true,
		MaxAge:           10 * time.Minute,
	})
}

// allowedPreflight, refusedPreflight, allowed and refused are the CORS headers
// of the answers of policy.
var (
	allowedPreflight = map[string]string{
		"Access-Control-Allow-Origin":      app1,
		"Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods":     "PUT",
		"Access-Control-Allow-Headers":     "Content-Type,X-Key",
		"Access-Control-Max-Age":           "600",
		"Vary":                             varyPreflight,
	}
	refusedPreflight = map[string]string{"Vary": varyPreflight}
	allowed          = map[string]string{
		"Access-Control-Allow-Origin":      app1,
		"Access-Control-Allow-Credentials": "true",
		"Access-Control-Expose-Headers":    "X-Total",
		"Vary":                             "Origin",
	}
	refused = map[string]string{"Vary": "Origin"}
	none    = map[string]string{}
)

// preflight returns the headers of a CORS-preflight request.
func preflight(origin, method string) []string {
	return []string{"Origin", origin, "Access-Control-Request-Method", method}
}

// send sends a request with the given header names and values to app.
func send(t *testing.T, app *fiber.App, method, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := app.Test(r, fiber.TestConfig{})
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return response
}

// corsHeaders returns the headers of a response that matter to CORS, with
// several field lines of one joined by " | ".
func corsHeaders(h http.Header) map[string]string {
	got := map[string]string{}
	for name, values := range h {
		if name == "Vary" || strings.HasPrefix(name, "Access-Control-") {
			got[name] = strings.Join(values, " | ")
		}
	}
	return got
}

func ran(c fiber.Ctx) error {
	c.Set("X-Handler", "1")
	return nil
}

// A want is what is expected of one response.
type want struct {
	method, path string
	headers      []string
	status       int
	cors         map[string]string
	handled      bool
}

func (w want) check(t *testing.T, app *fiber.App) {
	t.Helper()
	response := send(t, app, w.method, w.path, w.headers...)
	if response.StatusCode != w.status {
		t.Errorf("the status is %d, want %d", response.StatusCode, w.status)
	}
	if got := corsHeaders(response.Header); !reflect.DeepEqual(got, w.cors) {
		t.Errorf("the CORS headers are\n%q, want\n%q", got, w.cors)
	}
	if handled := response.Header.Get("X-Handler") != ""; handled != w.handled {
		t.Errorf("the handler ran: %v, want %v", handled, w.handled)
	}
}

func TestWholeServer(t *testing.T) {
	tests := map[string]want{
		"allowed preflight to a route":          {"OPTIONS", "/items", preflight(app1, "GET"), 204, allowedPreflight, false},
		"allowed preflight to a PUT-only path":  {"OPTIONS", "/put-only", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"allowed preflight to an unrouted path": {"OPTIONS", "/nowhere", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"allowed preflight to an OPTIONS route": {"OPTIONS", "/opt", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"refused preflight to a route":          {"OPTIONS", "/items", preflight(evil, "GET"), 403, refusedPreflight, false},
		"refused preflight to an unrouted path": {"OPTIONS", "/nowhere", preflight(evil, "GET"), 403, refusedPreflight, false},
		"allowed actual request":                {"GET", "/items", []string{"Origin", app1}, 200, allowed, true},
		"refused actual request":                {"GET", "/items", []string{"Origin", evil}, 200, refused, true},
		"two Origin lines":                      {"GET", "/items", []string{"Origin", app1, "Origin", app1}, 200, refused, true},
		"preflight with two Origin lines":       {"OPTIONS", "/opt", append(preflight(app1, "PUT"), "Origin", app1), 200, refused, true},
		"preflight with two method lines": {"OPTIONS", "/opt", append(preflight(app1, "PUT"),
			"Access-Control-Request-Method", "PUT"), 200, refused, true},
		"request without an Origin":     {"GET", "/items", nil, 200, refused, true},
		"HEAD":                          {"HEAD", "/items", []string{"Origin", app1}, 200, allowed, true},
		"handler of net/http":           {"GET", "/http", []string{"Origin", app1}, 200, allowed, true},
		"handler as in Express":         {"GET", "/express", []string{"Origin", app1}, 200, allowed, true},
		"own OPTIONS handler":           {"OPTIONS", "/opt", []string{"Origin", app1}, 200, allowed, true},
		"unrouted path":                 {"GET", "/nowhere", []string{"Origin", app1}, 404, allowed, false},
		"method that is not routed":     {"GET", "/put-only", []string{"Origin", app1}, 405, allowed, false},
		"OPTIONS that is not routed":    {"OPTIONS", "/items", []string{"Origin", app1}, 405, allowed, false},
		"handler that fails":            {"GET", "/e500", []string{"Origin", app1}, 500, allowed, true},
		"handler that fails with a 401": {"GET", "/e401", []string{"Origin", app1}, 401, allowed, true},
		"handler that panics":           {"GET", "/panic", []string{"Origin", app1}, 500, allowed, true},
		"redirect":                      {"GET", "/redir", []string{"Origin", app1}, 303, allowed, true},
		"OPTIONS of the server":         {"OPTIONS", "*", []string{"Origin", app1}, 404, none, false}, // no path, no middleware
		"path with letters of any case": {"GET", "/ITEMS/", []string{"Origin", app1}, 200, allowed, true},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			app := fiber.New()
			app.Use(corsfiber.New(policy()))
			app.Use(fiberrecover.New())
			app.Get("/items", ran)
			app.Put("/put-only", ran)
			app.Options("/opt", ran)
			app.Get("/e500", func(c fiber.Ctx) error { return errors.Join(ran(c), errors.New("broken")) })
			app.Get("/e401", func(c fiber.Ctx) error { return errors.Join(ran(c), fiber.ErrUnauthorized) })
			app.Get("/panic", func(c fiber.Ctx) error { _ = ran(c); panic("broken") })
			app.Get("/http", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Handler", "1") })
			app.Get("/express", func(_ fiber.Req, res fiber.Res) error { res.Set("X-Handler", "1"); return nil })
			app.Get("/redir", func(c fiber.Ctx) error { _ = ran(c); return c.Redirect().To("/items") })
			want.check(t, app)
		})
	}
}

func TestGroup(t *testing.T) {
	tests := map[string]want{
		"allowed preflight to a route":          {"OPTIONS", "/api/items", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"allowed preflight to a PUT-only path":  {"OPTIONS", "/api/put-only", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"allowed preflight to an unrouted path": {"OPTIONS", "/api/nowhere", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"allowed preflight to the prefix":       {"OPTIONS", "/api", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"refused preflight":                     {"OPTIONS", "/api/items", preflight(evil, "PUT"), 403, refusedPreflight, false},
		"allowed actual request":                {"GET", "/api/items", []string{"Origin", app1}, 200, allowed, true},
		"refused actual request":                {"GET", "/api/items", []string{"Origin", evil}, 200, refused, true},
		"own OPTIONS handler":                   {"OPTIONS", "/api/opt", []string{"Origin", app1}, 200, allowed, true},
		"unrouted path":                         {"GET", "/api/nowhere", []string{"Origin", app1}, 404, allowed, false},
		"method that is not routed":             {"GET", "/api/put-only", []string{"Origin", app1}, 405, allowed, false},
		"handler that fails":                    {"GET", "/api/e500", []string{"Origin", app1}, 500, allowed, true},
		"handler that panics":                   {"GET", "/api/panic", []string{"Origin", app1}, 500, allowed, true},
		"route outside":                         {"GET", "/other", []string{"Origin", app1}, 200, none, true},
		"preflight outside":                     {"OPTIONS", "/other", preflight(app1, "GET"), 405, none, false},
		"path that begins like the prefix":      {"GET", "/apix", []string{"Origin", app1}, 200, none, true},
		"preflight there":                       {"OPTIONS", "/apix", preflight(app1, "GET"), 405, none, false},
	}
	mounts := map[string]func(*fiber.App) fiber.Router{
		"Group": func(app *fiber.App) fiber.Router {
			return app.Group("/api", corsfiber.New(policy()), fiberrecover.New())
		},
		"Use": func(app *fiber.App) fiber.Router {
			app.Use("/api", corsfiber.New(policy()), fiberrecover.New())
			return app.Group("/api")
		},
		"Group and Use": func(app *fiber.App) fiber.Router {
			group := app.Group("/api")
			group.Use(corsfiber.New(policy()), fiberrecover.New())
			return group
		},
		"Use with several prefixes": func(app *fiber.App) fiber.Router {
			app.Use([]string{"/v1", "/api"}, corsfiber.New(policy()), fiberrecover.New())
			return app.Group("/api")
		},
		"Route": func(app *fiber.App) fiber.Router {
			return app.Route("/api", func(api fiber.Router) { api.Use(corsfiber.New(policy()), fiberrecover.New()) })
		},
		"RouteChain": func(app *fiber.App) fiber.Router {
			app.RouteChain("/api").All(corsfiber.New(policy()), fiberrecover.New())
			return app.Group("/api")
		},
		"mounted app": func(app *fiber.App) fiber.Router {
			sub := fiber.New()
			sub.Use(corsfiber.New(policy()), fiberrecover.New())
			app.Use("/api", sub)
			return sub
		},
	}
	for mount, on := range mounts {
		for name, want := range tests {
			t.Run(mount+"/"+name, func(t *testing.T) {
				app := fiber.New()
				group := on(app)
				group.Get("/items", ran)
				group.Put("/put-only", ran)
				group.Options("/opt", ran)
				group.Get("/e500", func(c fiber.Ctx) error { return errors.Join(ran(c), errors.New("broken")) })
				group.Get("/panic", func(c fiber.Ctx) error { _ = ran(c); panic("broken") })
				app.Get("/other", ran)
				app.Get("/apix", ran)
				want.check(t, app)
			})
		}
	}
}

// counter is a Decider that counts how often it is asked, and says so.
type counter int

func (n *counter) Decide(context.Context, cors.Request) cors.Decision {
	*n++
	return cors.Decision{}
}

func TestBorder(t *testing.T) {
	var loose, strict = fiber.Config{}, fiber.Config{CaseSensitive: true, StrictRouting: true}
	tests := []struct {
		prefix  string
		config  fiber.Config
		covered []string
		not     []string
	}{
		{"/", loose, []string{"/", "/a", "/a/b"}, nil},
		{"", loose, []string{"/", "/a"}, nil},
		{"/api", loose,
			[]string{"/api", "/api/", "/API", "/Api/X", "/api/x/y", "/api//", "/api/x?y=z", "/api?y"},
			[]string{"/apix", "/APIX", "/api-2/x", "/api.json", "/api%2Fx", "/ap", "/x/api", "/"}},
		{"api", loose, []string{"/api", "/api/x"}, []string{"/apix"}},
		{"/api/", loose, []string{"/api", "/api/", "/api/x"}, []string{"/apix", "/apix/"}},
		{"/api/v1", loose, []string{"/api/v1", "/api/v1/x"}, []string{"/api", "/api/v10", "/api/v10/x"}},
		{"/api", strict, []string{"/api", "/api/", "/api/x"}, []string{"/apix", "/API"}},
		{"/api/", strict, []string{"/api/", "/api/x"}, []string{"/apix", "/apix/"}},
		{"/api", fiber.Config{UnescapePath: true}, []string{"/api", "/%61pi/x", "/api%2Fx"}, []string{"/apix", "/%61pix"}},
		{`/a\:b`, loose, []string{"/a:b", "/a:b/c"}, []string{"/a:bc"}},
		{"/t/:tenant", loose, []string{"/t/acme", "/t/acme/", "/t/acme/x/y", "/T/Acme"}, []string{"/t", "/t/", "/tx/acme"}},
		{"/t/:tenant/api", loose,
			[]string{"/t/acme/api", "/t/acme/api/", "/t/acme/api/x", "/t/Acme/API/x", "/t/api/api"},
			[]string{"/t/acme/apix", "/t/acme", "/t/acme/x/api", "/t/acme/apix/api", "/t/api"}},
		{"/t/:tenant/:project/api", loose, []string{"/t/a/b/api", "/t/acme/longer/api/x"}, []string{"/t/a/b/apix", "/t/a/api"}},
		{"/t/:tenant/api", strict, []string{"/t/acme/api", "/t/acme/api/x"}, []string{"/t/acme/apix", "/t/acme/API"}},
		{"/t/:from-:to/api", loose, []string{"/t/a-b/api", "/t/a-b/api/x"}, []string{"/t/a-b/apix"}},
		{"/tenants/:tenant?", loose, []string{"/tenants", "/tenants/", "/tenants/acme", "/tenants/acme/x"}, []string{"/tenantsx"}},
		{"/files/*", loose, []string{"/files/", "/files/a/b"}, []string{"/file"}},
		{"/files/*/raw", loose, []string{"/files/a/b/raw", "/files/a/raw/x"}, []string{"/files/a/rawx", "/files/a"}},
		{"/t/:id<int>", loose, []string{"/t/1", "/t/1/x"}, []string{"/t/a"}},
		{"/t/:id<int>/api", loose, []string{"/t/1/api", "/t/1/api/x"}, []string{"/t/1/apix", "/t/a/api", "/t/1"}},
		{"/t/:same/:same/api", loose, []string{"/t/a/longer/api/x"}, []string{"/t/a/longer/apix"}},
	}
	for _, test := range tests {
		mounts := map[string]func(*fiber.App, fiber.Handler){
			"Use":                       func(app *fiber.App, h fiber.Handler) { app.Use(test.prefix, h) },
			"Group":                     func(app *fiber.App, h fiber.Handler) { app.Group(test.prefix, h) },
			"Use with several prefixes": func(app *fiber.App, h fiber.Handler) { app.Use([]string{"/elsewhere", test.prefix}, h) },
			"RouteChain":                func(app *fiber.App, h fiber.Handler) { app.RouteChain(test.prefix).All(h) },
			"nested Group": func(app *fiber.App, h fiber.Handler) {
				app.Group("/").Group(test.prefix, h)
			},
			"Group of a mounted app": func(app *fiber.App, h fiber.Handler) {
				sub := fiber.New(test.config)
				sub.Group(test.prefix, h)
				app.Use("/", sub)
			},
		}
		for mount, on := range mounts {
			check := func(path string, want counter) {
				t.Helper()
				app := fiber.New(test.config)
				var asked counter
				on(app, corsfiber.New(&asked))
				var ctx fasthttp.RequestCtx
				ctx.Request.Header.SetMethod("GET")
				ctx.Request.SetRequestURI(path)
				app.Handler()(&ctx)
				if asked != want {
					t.Errorf("%s %q, %+v: the Decider was asked %d times about %s, want %d",
						mount, test.prefix, strictness(test.config), asked, path, want)
				}
			}
			for _, path := range test.covered {
				check(path, 1)
			}
			for _, path := range test.not {
				check(path, 0)
			}
		}
	}
}

func strictness(c fiber.Config) string {
	if c.StrictRouting {
		return "strict"
	}
	return "loose"
}

// A policy for one path is that of its prefix: a single call for two methods
// and their CORS-preflight requests.
func TestOnePath(t *testing.T) {
	for name, want := range map[string]want{
		"allowed preflight":            {"OPTIONS", "/items", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"refused preflight":            {"OPTIONS", "/items", preflight(evil, "PUT"), 403, refusedPreflight, false},
		"PUT":                          {"PUT", "/items", []string{"Origin", app1}, 200, allowed, true},
		"method that is not routed":    {"DELETE", "/items", []string{"Origin", app1}, 405, allowed, false},
		"another path":                 {"GET", "/other", []string{"Origin", app1}, 200, none, true},
		"preflight to another path":    {"OPTIONS", "/other", preflight(app1, "GET"), 405, none, false},
		"path that begins like it":     {"GET", "/itemsx", []string{"Origin", app1}, 404, none, false},
		"unrouted path below the path": {"GET", "/items/1", []string{"Origin", app1}, 404, allowed, false},
	} {
		t.Run(name, func(t *testing.T) {
			app := fiber.New()
			app.RouteChain("/items").All(corsfiber.New(policy())).Get(ran).Put(ran)
			app.Get("/other", ran)
			want.check(t, app)
		})
	}
}

// The package comment and the README warn of these.
func TestMistakes(t *testing.T) {
	unauthorized := func(fiber.Ctx) error { return fiber.ErrUnauthorized }
	tests := map[string]struct {
		app  func() *fiber.App
		want []want
	}{
		"on a route, the preflight does not get there": {
			func() *fiber.App {
				app := fiber.New()
				app.Put("/items", corsfiber.New(policy()), ran)
				return app
			},
			[]want{
				{"OPTIONS", "/items", preflight(app1, "PUT"), 405, none, false},
				{"PUT", "/items", []string{"Origin", app1}, 200, allowed, true},
			},
		},
		"Use after the routes leaves them out": {
			func() *fiber.App {
				app := fiber.New()
				app.Put("/items", ran)
				app.Use(corsfiber.New(policy()))
				return app
			},
			[]want{
				{"OPTIONS", "/items", preflight(app1, "PUT"), 204, allowedPreflight, false},
				{"PUT", "/items", []string{"Origin", app1}, 200, none, true},
			},
		},
		"authentication in front turns preflights away": {
			func() *fiber.App {
				app := fiber.New()
				app.Use(unauthorized, corsfiber.New(policy()))
				return app
			},
			[]want{{"OPTIONS", "/items", preflight(app1, "PUT"), 401, none, false}},
		},
		"authentication behind is right": {
			func() *fiber.App {
				app := fiber.New()
				app.Use(corsfiber.New(policy()), unauthorized)
				return app
			},
			[]want{
				{"OPTIONS", "/items", preflight(app1, "PUT"), 204, allowedPreflight, false},
				{"PUT", "/items", []string{"Origin", app1}, 401, allowed, false},
			},
		},
		"Use drops the handlers that stand beside an app": {
			func() *fiber.App {
				sub := fiber.New()
				sub.Put("/items", ran)
				app := fiber.New()
				app.Use("/api", corsfiber.New(policy()), sub)
				return app
			},
			[]want{
				{"OPTIONS", "/api/items", preflight(app1, "PUT"), 405, none, false},
				{"PUT", "/api/items", []string{"Origin", app1}, 200, none, true},
			},
		},
		"two calls of Use are right": {
			func() *fiber.App {
				sub := fiber.New()
				sub.Put("/items", ran)
				app := fiber.New()
				app.Use("/api", corsfiber.New(policy()))
				app.Use("/api", sub)
				return app
			},
			[]want{
				{"OPTIONS", "/api/items", preflight(app1, "PUT"), 204, allowedPreflight, false},
				{"PUT", "/api/items", []string{"Origin", app1}, 200, allowed, true},
			},
		},
		"of two policies over one path the first answers preflights": {
			func() *fiber.App {
				app := fiber.New()
				app.Use("/api", corsfiber.New(cors.MustNew(cors.Config{AllowOrigins: []string{evil}})))
				app.Group("/api/public", corsfiber.New(policy())).Put("/items", ran)
				return app
			},
			[]want{
				{"OPTIONS", "/api/public/items", preflight(app1, "PUT"), 403, refusedPreflight, false},
				{"PUT", "/api/public/items", []string{"Origin", app1}, 200, allowed, true},
			},
		},
		"without OPTIONS among the methods there are no preflights": {
			func() *fiber.App {
				app := fiber.New(fiber.Config{RequestMethods: []string{"GET", "HEAD", "PUT"}})
				app.Use(corsfiber.New(policy()))
				return app
			},
			[]want{{"OPTIONS", "/items", preflight(app1, "PUT"), 501, none, false}},
		},
		"methods that fiber does not know are not seen": {
			func() *fiber.App {
				app := fiber.New()
				app.Use(corsfiber.New(policy()))
				return app
			},
			[]want{{"PURGE", "/items", []string{"Origin", app1}, 501, none, false}},
		},
		"an error handler that resets the response clears the headers": {
			func() *fiber.App {
				app := fiber.New(fiber.Config{ErrorHandler: func(c fiber.Ctx, _ error) error {
					c.Response().Reset()
					return c.SendStatus(500)
				}})
				app.Use(corsfiber.New(policy()), unauthorized)
				return app
			},
			[]want{{"GET", "/items", []string{"Origin", app1}, 500, none, false}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, want := range test.want {
				want.check(t, test.app())
			}
		})
	}
}

// Fiber's proxy writes the response of the upstream over the one that there is.
func TestProxy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Handler", "1")
	}))
	defer upstream.Close()
	app := fiber.New()
	app.Use(corsfiber.New(policy()))
	app.All("/*", func(c fiber.Ctx) error { return proxy.Do(c, upstream.URL) })
	want{"OPTIONS", "/items", preflight(app1, "PUT"), 204, allowedPreflight, false}.check(t, app)
	want{"GET", "/items", []string{"Origin", app1}, 200, none, true}.check(t, app)
}

// The headers are set before the handler, which the timeout middleware leaves
// behind, and so are on the answer that it gives instead.
func TestTimeout(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	app := fiber.New()
	app.Use(corsfiber.New(policy()))
	app.Get("/slow", timeout.New(func(fiber.Ctx) error {
		<-over // not the end of its context, at which fiber may take its answer
		return nil
	}, timeout.Config{Timeout: time.Millisecond}))
	want{"GET", "/slow", []string{"Origin", app1}, 408, allowed, false}.check(t, app)
}

// Fiber runs middleware for requests that its server refuses, with as much of
// them as the server has read.
func TestServerErrors(t *testing.T) {
	long := strings.Repeat("x", 6000)
	tests := map[string]struct {
		request string
		status  int
		cors    map[string]string
	}{
		"body too large":                       {"POST / HTTP/1.1\r\nHost: a\r\nOrigin: " + app1 + "\r\nContent-Length: 20\r\n\r\n" + long[:20], 413, allowed},
		"body too large from a refused origin": {"POST / HTTP/1.1\r\nHost: a\r\nOrigin: " + evil + "\r\nContent-Length: 20\r\n\r\n" + long[:20], 413, refused},
		"head too large":                       {"GET / HTTP/1.1\r\nHost: a\r\nOrigin: " + app1 + "\r\nX-Long: " + long + "\r\n\r\n", 431, refused},
		"head of a preflight too large":        {"OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: " + app1 + "\r\nAccess-Control-Request-Method: PUT\r\nX-Long: " + long + "\r\n\r\n", 431, refused},
		"malformed head":                       {"GET / HTTP/1.1\r\nHost: a\r\nOrigin: " + app1 + "\r\nX-Bad: a\x00b\r\n\r\n", 400, refused},
		"blank in front of the colon":          {"GET / HTTP/1.1\r\nHost: a\r\nOrigin : " + app1 + "\r\n\r\n", 400, refused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			app := fiber.New(fiber.Config{BodyLimit: 10})
			app.Use(corsfiber.New(policy()))
			app.All("/", ran)
			response := connect(t, app)(test.request)
			if response.StatusCode != test.status {
				t.Errorf("the status is %d, want %d", response.StatusCode, test.status)
			}
			if got := corsHeaders(response.Header); !reflect.DeepEqual(got, test.cors) {
				t.Errorf("the CORS headers are\n%q, want\n%q", got, test.cors)
			}
			if response.Header.Get("X-Handler") != "" {
				t.Error("the handler ran")
			}
		})
	}
}

// A context of the user's own changes nothing.
func TestCustomContext(t *testing.T) {
	for name, want := range map[string]want{
		"allowed preflight": {"OPTIONS", "/api/items", preflight(app1, "PUT"), 204, allowedPreflight, false},
		"allowed request":   {"PUT", "/api/items", []string{"Origin", app1}, 200, allowed, true},
		"unrouted path":     {"GET", "/api/nowhere", []string{"Origin", app1}, 404, allowed, false},
		"outside":           {"GET", "/apix", []string{"Origin", app1}, 404, none, false},
	} {
		t.Run(name, func(t *testing.T) {
			type customCtx struct{ fiber.DefaultCtx }
			app := fiber.NewWithCustomCtx(func(app *fiber.App) fiber.CustomCtx {
				return &customCtx{*fiber.NewDefaultCtx(app)}
			})
			app.Group("/api", corsfiber.New(policy())).Put("/items", ran)
			want.check(t, app)
		})
	}
}

// The middleware also runs for the routes of an app that is mounted below it,
// and only once for what both cover.
func TestMountedBelow(t *testing.T) {
	var asked counter
	sub := fiber.New()
	sub.Get("/items", ran)
	app := fiber.New()
	app.Use("/api", corsfiber.New(&asked))
	app.Use("/api/v1", sub)
	send(t, app, "GET", "/api/v1/items")
	send(t, app, "GET", "/api/v1/nowhere")
	if asked != 2 {
		t.Errorf("the Decider was asked %d times about two requests", asked)
	}
}

func TestContext(t *testing.T) {
	type key struct{}
	var got any
	app := fiber.New()
	app.Use(func(c fiber.Ctx) error {
		c.SetContext(context.WithValue(context.Background(), key{}, "tenant"))
		return c.Next()
	})
	app.Use(corsfiber.New(cors.MustNew(cors.Config{
		AllowOriginFunc: func(ctx context.Context, _ string) (bool, error) {
			got = ctx.Value(key{})
			if _, ok := ctx.(fiber.Ctx); ok {
				t.Error("the predicate's context is fiber's own, which serves other requests later")
			}
			return true, nil
		},
	})))
	send(t, app, "GET", "/", "Origin", app1)
	if got != "tenant" {
		t.Errorf("the predicate's context holds %v, want the value of SetContext", got)
	}
}

func TestRejectDisallowed(t *testing.T) {
	const foreign, own = "https://foreign.example", "https://api.example"
	tests := map[string]struct {
		headers []string
		status  int
	}{
		"foreign origin":                         {[]string{"Origin", foreign}, 403},
		"allowed origin":                         {[]string{"Origin", app1}, 200},
		"no origin":                              {nil, 200},
		"origin of the server itself":            {[]string{"Origin", own}, 200},
		"same-origin by Sec-Fetch-Site":          {[]string{"Origin", foreign, "Sec-Fetch-Site", "same-origin"}, 200},
		"cross-site by Sec-Fetch-Site":           {[]string{"Origin", own, "Sec-Fetch-Site", "cross-site"}, 403},
		"forwarded host is no host":              {[]string{"Origin", foreign, "X-Forwarded-Host", "foreign.example"}, 403},
		"forwarded host hides no host":           {[]string{"Origin", own, "X-Forwarded-Host", "foreign.example"}, 200},
		"first of two Sec-Fetch-Site lines":      {[]string{"Origin", foreign, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"}, 200},
		"first Sec-Fetch-Site line that refuses": {[]string{"Origin", own, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Site", "none"}, 403},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			app := fiber.New()
			app.Use(func(c fiber.Ctx) error {
				c.Type("json").Response().SetBodyString("left by other middleware")
				return c.Next()
			})
			app.Use(corsfiber.New(cors.MustNew(cors.Config{AllowOrigins: []string{app1}, RejectDisallowed: true})))
			app.Post("/", ran)
			r := httptest.NewRequest("POST", "/", nil)
			r.Host = "api.example"
			for i := 0; i < len(test.headers); i += 2 {
				r.Header.Add(test.headers[i], test.headers[i+1])
			}
			response, err := app.Test(r, fiber.TestConfig{})
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status {
				t.Errorf("the status is %d, want %d", response.StatusCode, test.status)
			}
			if handled := response.Header.Get("X-Handler") != ""; handled != (test.status == 200) {
				t.Errorf("the handler ran: %v", handled)
			}
			if test.status == 403 && response.ContentLength != 0 {
				t.Errorf("a rejected request is answered with a body of %d bytes", response.ContentLength)
			}
		})
	}
}

func TestNilDecider(t *testing.T) {
	const want = "corsfiber: New: the Decider is nil: make one with cors.New"
	defer func() {
		if got := recover(); got != want {
			t.Errorf("New(nil) panics with %v, want %q", got, want)
		}
	}()
	corsfiber.New(nil)
}
