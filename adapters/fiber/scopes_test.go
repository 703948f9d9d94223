package corsfiber_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	corsfiber "github.com/corskit/corskit/adapters/fiber"
	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v2"
	fiberrecover "github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/valyala/fasthttp"
)

// named is a Decider that allows an origin of its name, so that responses tell
// who has decided.
type named string

func (n named) Decide(_ context.Context, r cors.Request) (d cors.Decision) {
	if r.IsPreflight() {
		d.Status = 204
	}
	d.AllowOrigin = string(n)
	return d
}

// decidedBy returns the name of who decides about a request, and whether a
// handler runs. "OPTIONS PUT" is a CORS-preflight request for PUT.
func decidedBy(t *testing.T, app *fiber.App, method, path string) (name string, handled bool) {
	t.Helper()
	headers := []string{"Origin", app1}
	if of, asked, ok := strings.Cut(method, " "); ok {
		method, headers = of, preflight(app1, asked)
	}
	response := send(t, app, method, path, headers...)
	got := corsHeaders(response.Header)
	name = got["Access-Control-Allow-Origin"]
	if delete(got, "Access-Control-Allow-Origin"); len(got) > 0 {
		t.Errorf("%s %s: there are headers besides those of the decision: %q", method, path, got)
	}
	return name, response.Header.Get("X-Handler") != ""
}

// scoped is an app with policies for groups and routes.
func scoped(config fiber.Config) *fiber.App {
	app := fiber.New(config)
	scope := corsfiber.Scopes(app)
	app.Use(fiberrecover.New())
	app.Put("/:any/foo", ran)
	api := app.Group("/api")
	scope.Group(api, named("api"))
	admin := api.Group("/admin/")
	scope.Group(admin, named("admin"))
	scope.Group(app.Group("/t/:tenant"), named("tenant"))
	scope.Group(app.Group("/t/house"), named("house"))
	scope.Group(app.Group(`/a\:b`), named("colon"))
	scope.Group(app.Group(`/a\:c`), named("another colon"))
	scope.Route("put", "/one", named("never"))
	scope.Route("PUT", "/one", named("one"))
	scope.Route("PUT", "/two", named("two-put"))
	scope.Route("DELETE", "/two", named("two-delete"))
	scope.Route("PUT", "/api/special", named("special"))
	scope.Route("GET", "/get", named("get"))
	scope.Route("GET", "/head", named("head-get"))
	scope.Route("HEAD", "/head", named("head"))
	api.Get("/", ran)
	api.Get("/items", ran)
	api.Put("/items", ran)
	api.Put("/put-only", ran)
	api.Put("/special", ran)
	api.Delete("/special", ran)
	api.Options("/opt", ran)
	api.Get("/opt", ran)
	api.Get("/e500", func(c *fiber.Ctx) error { return errors.Join(ran(c), errors.New("broken")) })
	api.Get("/panic", func(c *fiber.Ctx) error { _ = ran(c); panic("broken") })
	api.Use("/files", ran)
	admin.Put("/items", ran)
	app.Put("/t/:id/items", ran)
	app.Put("/a\\:b/items", ran)
	app.Put("/n/:id<int>", ran)
	app.Put("/n/:name", ran)
	scope.Route("PUT", "/n/:id<int>", named("number"))
	for _, path := range []string{"/one", "/two"} {
		app.Get(path, ran)
		app.Put(path, ran)
		app.Delete(path, ran)
	}
	app.Get("/get", ran)
	app.Get("/head", ran)
	app.Get("/apix", ran)
	app.Get("/other", ran)
	return app
}

func TestScopes(t *testing.T) {
	tests := map[string]struct {
		method, path string
		want         string
		handled      bool
	}{
		"preflight of a route in a group":                   {"OPTIONS PUT", "/api/items", "api", false},
		"request to a route in a group":                     {"PUT", "/api/items", "api", true},
		"path in other letters":                             {"OPTIONS PUT", "/API/Items/", "api", false},
		"preflight of a path that is routed only for PUT":   {"OPTIONS PUT", "/api/put-only", "api", false},
		"preflight of a method that the path is not routed": {"OPTIONS DELETE", "/api/put-only", "api", false},
		"preflight of a method that fiber does not know":    {"OPTIONS PURGE", "/api/items", "api", false},
		"preflight of a method in small letters":            {"OPTIONS put", "/one", "", false},
		"the prefix itself":                                 {"GET", "/api", "api", true},
		"preflight of the prefix itself":                    {"OPTIONS GET", "/api/", "api", false},
		"unrouted path in a group":                          {"GET", "/api/nowhere", "api", false},
		"preflight of an unrouted path in a group":          {"OPTIONS PUT", "/api/nowhere", "api", false},
		"method that is not routed in a group":              {"DELETE", "/api/items", "api", false},
		"handler that fails":                                {"GET", "/api/e500", "api", true},
		"handler that panics":                               {"GET", "/api/panic", "api", true},
		"what Use has registered":                           {"GET", "/api/files/x", "api", true},
		"own OPTIONS handler":                               {"OPTIONS", "/api/opt", "api", true},
		"preflight where there is an OPTIONS handler":       {"OPTIONS GET", "/api/opt", "api", false},
		"inner group":                                       {"PUT", "/api/admin/items", "admin", true},
		"preflight in an inner group":                       {"OPTIONS PUT", "/api/admin/items", "admin", false},
		"unrouted path in an inner group":                   {"GET", "/api/admin/nowhere", "admin", false},
		"path that begins like an inner group":              {"GET", "/api/administrator", "api", false},
		"path that begins like a group":                     {"GET", "/apix", "", true},
		"preflight of a path that begins like a group":      {"OPTIONS GET", "/apix", "", false},
		"unrouted path that begins like a group":            {"GET", "/apiy", "", false},
		"route outside":                                     {"GET", "/other", "", true},
		"preflight outside":                                 {"OPTIONS GET", "/other", "", false},
		"unrouted path outside":                             {"GET", "/nowhere", "", false},
		"group with a parameter":                            {"PUT", "/t/acme/items", "tenant", true},
		"preflight in a group with a parameter":             {"OPTIONS PUT", "/t/acme/items", "tenant", false},
		"unrouted path in a group with a parameter":         {"GET", "/t/acme/nowhere", "tenant", false},
		"too few segments for a group with a parameter":     {"GET", "/t", "", false},
		"unrouted path in a group beside a parameter":       {"GET", "/t/house/nowhere", "house", false},
		"group with a colon":                                {"PUT", "/a:b/items", "colon", true},
		"unrouted path in a group with a colon":             {"GET", "/a:b/nowhere", "colon", false},
		"unrouted path in a group with another colon":       {"GET", "/a:c/nowhere", "another colon", false},
		"not a colon":                                       {"GET", "/axb/nowhere", "", false},
		"another route's path that looks like the group's":  {"PUT", "/api/foo", "", true},
		"preflight of that":                                 {"OPTIONS PUT", "/api/foo", "", false},
		"another method there":                              {"OPTIONS DELETE", "/api/foo", "api", false},
		"one route":                                         {"PUT", "/one", "one", true},
		"preflight of one route":                            {"OPTIONS PUT", "/one", "one", false},
		"another method of its path":                        {"GET", "/one", "", true},
		"preflight of another method of its path":           {"OPTIONS DELETE", "/one", "", false},
		"first of two methods":                              {"PUT", "/two", "two-put", true},
		"preflight of the first of two methods":             {"OPTIONS PUT", "/two", "two-put", false},
		"second of two methods":                             {"DELETE", "/two", "two-delete", true},
		"preflight of the second of two methods":            {"OPTIONS DELETE", "/two", "two-delete", false},
		"route with a policy in a group":                    {"PUT", "/api/special", "special", true},
		"preflight of a route with a policy in a group":     {"OPTIONS PUT", "/api/special", "special", false},
		"another method of that":                            {"DELETE", "/api/special", "api", true},
		"HEAD of a route for GET":                           {"HEAD", "/get", "get", true},
		"preflight for HEAD of a route for GET":             {"OPTIONS HEAD", "/get", "get", false},
		"HEAD with a policy of its own":                     {"HEAD", "/head", "head", true},
		"GET beside that":                                   {"GET", "/head", "head-get", true},
		"parameter with a constraint":                       {"PUT", "/n/1", "number", true},
		"preflight of a parameter with a constraint":        {"OPTIONS PUT", "/n/1", "number", false},
		"parameter that does not fit it":                    {"PUT", "/n/one", "", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			by, handled := decidedBy(t, scoped(fiber.Config{}), test.method, test.path)
			if by != test.want {
				t.Errorf("%s %s is decided by %q, want %q", test.method, test.path, by, test.want)
			}
			if handled != test.handled {
				t.Errorf("the handler of %s %s ran: %v, want %v", test.method, test.path, handled, test.handled)
			}
		})
	}
}

// Whether letters and slashes make a difference is for the app's configuration
// to say.
func TestScopesOfStrictApps(t *testing.T) {
	strict := fiber.Config{CaseSensitive: true, StrictRouting: true}
	tests := []struct {
		config             fiber.Config
		method, path, want string
	}{
		{strict, "PUT", "/api/items", "api"},
		{strict, "PUT", "/API/items", ""},
		{strict, "PUT", "/api/items/", "api"},
		{strict, "GET", "/api", "api"},
		{strict, "GET", "/api/", "api"},
		{strict, "PUT", "/one", "one"},
		{strict, "PUT", "/one/", ""},
		{strict, "PUT", "/ONE", ""},
		{fiber.Config{}, "PUT", "/one/", "one"},
		{fiber.Config{}, "PUT", "/ONE", "one"},
		{fiber.Config{}, "GET", "/%61pi/nowhere", ""},
		{fiber.Config{UnescapePath: true}, "GET", "/%61pi/nowhere", "api"},
		{fiber.Config{UnescapePath: true}, "GET", "/%2561pi/nowhere", ""},
		{fiber.Config{RequestMethods: append(fiber.DefaultMethods, "PURGE")}, "PURGE", "/api/items", "api"},
		{fiber.Config{Immutable: true}, "PUT", "/api/items", "api"},
	}
	for _, test := range tests {
		if by, _ := decidedBy(t, scoped(test.config), test.method, test.path); by != test.want {
			t.Errorf("%+v: %s %s is decided by %q, want %q", test.config, test.method, test.path, by, test.want)
		}
	}
}

// In a strict app paths are routes of their own that differ in a slash.
func TestScopeRouteOfStrictApp(t *testing.T) {
	app := fiber.New(fiber.Config{StrictRouting: true, CaseSensitive: true})
	scope := corsfiber.Scopes(app)
	for _, path := range []string{"/a", "/a/", "/A"} {
		scope.Route("GET", path, named(path))
		app.Get(path, ran)
	}
	for _, path := range []string{"/a", "/a/", "/A"} {
		if by, _ := decidedBy(t, app, "GET", path); by != path {
			t.Errorf("GET %s is decided by %q", path, by)
		}
	}
}

// A path that middleware has changed is the one that counts, as it does to fiber.
func TestScopesAfterRewrite(t *testing.T) {
	app := fiber.New()
	app.Use(func(c *fiber.Ctx) error {
		c.Path(strings.TrimPrefix(c.Path(), "/old"))
		return c.Next()
	})
	scope := corsfiber.Scopes(app)
	api := app.Group("/api")
	scope.Group(api, named("api"))
	api.Get("/items", ran)
	if by, handled := decidedBy(t, app, "GET", "/old/api/items"); by != "api" || !handled {
		t.Errorf("the request is decided by %q, and its handler ran: %v", by, handled)
	}
}

func TestScopesOfMountedApps(t *testing.T) {
	tests := []struct{ method, path, want string }{
		{"PUT", "/sub/items", "sub"},
		{"OPTIONS PUT", "/sub/items", "sub"},
		{"GET", "/sub/nowhere", "sub"},
		{"PUT", "/sub/inner/items", "inner"},
		{"OPTIONS PUT", "/sub/inner/items", "inner"},
		{"GET", "/sub/inner/nowhere", "inner"},
		{"PUT", "/sub/one", "one"},
		{"GET", "/subx", ""},
		{"GET", "/inner/x", ""},
	}
	apps := map[string]func() *fiber.App{
		"given to the outer app": func() *fiber.App {
			app, sub := fiber.New(), fiber.New()
			scope := corsfiber.Scopes(app)
			app.Mount("/sub", sub)
			scope.Group(sub, named("sub"))
			scope.Group(app.Group("/sub/inner"), named("inner"))
			scope.Route("PUT", "/sub/one", named("one"))
			for _, path := range []string{"/items", "/inner/items", "/one"} {
				sub.Put(path, ran)
			}
			return app
		},
		"of its own": func() *fiber.App {
			app, sub := fiber.New(), fiber.New()
			scope := corsfiber.Scopes(sub)
			app.Mount("/Sub", sub)
			scope.Group(sub, named("sub"))
			scope.Group(sub.Group("/inner"), named("inner"))
			scope.Route("PUT", "/one", named("one"))
			for _, path := range []string{"/items", "/inner/items", "/one"} {
				sub.Put(path, ran)
			}
			return app
		},
	}
	for name, app := range apps {
		for _, test := range tests {
			if by, _ := decidedBy(t, app(), test.method, test.path); by != test.want {
				t.Errorf("policies %s: %s %s is decided by %q, want %q", name, test.method, test.path, by, test.want)
			}
		}
	}
}

// The whole app is a group as well.
func TestScopeOfAll(t *testing.T) {
	app := fiber.New()
	scope := corsfiber.Scopes(app)
	scope.Group(app, named("all"))
	scope.Group(app.Group("api"), named("api"))
	app.Get("/", ran)
	app.Get("/items", ran)
	for path, want := range map[string]string{"/": "all", "/items": "all", "/nowhere": "all", "/api/x": "api"} {
		if by, _ := decidedBy(t, app, "GET", path); by != want {
			t.Errorf("GET %s is decided by %q, want %q", path, by, want)
		}
	}
}

// Routes that are registered between requests are found as soon as fiber finds
// them.
func TestScopesFindNewRoutes(t *testing.T) {
	app := fiber.New()
	scope := corsfiber.Scopes(app)
	scope.Route("PUT", "/late", named("late"))
	check := func(want string) {
		t.Helper()
		if by, _ := decidedBy(t, app, "OPTIONS PUT", "/late"); by != want {
			t.Errorf("the preflight is decided by %q, want %q", by, want)
		}
	}
	check("")
	app.Put("/late", ran)
	check("late")
}

func TestScopesConcurrently(t *testing.T) {
	app := scoped(fiber.Config{})
	app.Handler()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				path, want := fmt.Sprintf("/t/%d-%d/items", i, j), "tenant"
				if j%2 == 0 {
					path, want = "/api/items", "api"
				}
				if by, _ := decidedBy(t, app, "OPTIONS PUT", path); by != want {
					t.Errorf("%s is decided by %q, want %q", path, by, want)
				}
			}
		})
	}
	all.Wait()
}

func TestScopePanics(t *testing.T) {
	d := named("x")
	tests := map[string]struct {
		do   func()
		want string
	}{
		"no app": {func() { corsfiber.Scopes(nil) },
			"corsfiber: Scopes: the App is nil: make one with fiber.New"},
		"group without a policy": {func() { app := fiber.New(); corsfiber.Scopes(app).Group(app.Group("/api"), nil) },
			"corsfiber: Scope.Group: the Decider is nil: make one with cors.New"},
		"route without a policy": {func() { corsfiber.Scopes(fiber.New()).Route("GET", "/", nil) },
			"corsfiber: Scope.Route: the Decider is nil: make one with cors.New"},
		"one prefix twice": {func() {
			app := fiber.New()
			scope := corsfiber.Scopes(app)
			scope.Group(app.Group("/t/:a/x"), d)
			scope.Group(app.Group("/T/:b/x/"), d)
		}, "corsfiber: Scope.Group: the prefix /T/:b/x has a policy already: give each prefix one"},
		"one route twice": {func() {
			scope := corsfiber.Scopes(fiber.New())
			scope.Route("GET", "/one", d)
			scope.Route("GET", "/One/", d)
		}, "corsfiber: Scope.Route: GET /One/ has a policy already: give each route one"},
		"group with a route that came first": {func() {
			app := fiber.New()
			app.Put("/api/items", ran)
			corsfiber.Scopes(app).Group(app.Group("/api"), d)
		}, "corsfiber: Scope.Group: the route PUT /api/items was registered before Scopes was called, and would have no policy: call Scopes first"},
		"route that came first": {func() {
			app := fiber.New()
			app.Put("/items", ran)
			corsfiber.Scopes(app).Route("PUT", "/items", d)
		}, "corsfiber: Scope.Route: the route PUT /items was registered before Scopes was called, and would have no policy: call Scopes first"},
		"app in the group that was mounted first": {func() {
			app := fiber.New()
			app.Mount("/api/v1", fiber.New())
			corsfiber.Scopes(app).Group(app.Group("/api"), d)
		}, "corsfiber: Scope.Group: the app at /api/v1 was mounted before Scopes was called, and would have no policy: call Scopes first"},
		"app around the group that was mounted first": {func() {
			app := fiber.New()
			app.Mount("/api", fiber.New())
			corsfiber.Scopes(app).Group(app.Group("/api/v1"), d)
		}, "corsfiber: Scope.Group: the app at /api was mounted before Scopes was called, and would have no policy: call Scopes first"},
		"group of another app": {func() { corsfiber.Scopes(fiber.New()).Group(fiber.New().Group("/api"), d) },
			"corsfiber: Scope.Group: the group /api is another app's: make one of the same full path with the Group method of the app that Scopes was given"},
		"app that is not mounted": {func() { corsfiber.Scopes(fiber.New()).Group(fiber.New(), d) },
			"corsfiber: Scope.Group: the app is not mounted yet: mount it first"},
		"no group": {func() { corsfiber.Scopes(fiber.New()).Group(nil, d) },
			"corsfiber: Scope.Group: a <nil> is no group: pass what app.Group has returned"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != test.want {
					t.Errorf("it panics with\n%v, want\n%v", got, test.want)
				}
			}()
			test.do()
		})
	}
}

// What was registered before Scopes and lies elsewhere may stay as it is.
func TestScopesAfterOtherRoutes(t *testing.T) {
	app := fiber.New()
	app.Get("/health", ran)
	app.Use("/api", func(c *fiber.Ctx) error { return c.Next() })
	app.Mount("/docs", fiber.New())
	scope := corsfiber.Scopes(app)
	scope.Group(app.Group("/api"), named("api"))
	scope.Route("PUT", "/health", named("put"))
	for path, want := range map[string]string{"/health": "", "/api/x": "api"} {
		if by, _ := decidedBy(t, app, "GET", path); by != want {
			t.Errorf("GET %s is decided by %q, want %q", path, by, want)
		}
	}
}

// A scope's route knows the methods of its path.
func TestMethodsFromRoutes(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{app1}, AllowMethods: []string{"PATCH"}, MethodsFromRoutes: true})
	routes := func(r fiber.Router) {
		r.Get("/items", ran)
		r.Put("/items", ran)
		r.Delete("/items/:id", ran)
		r.Use("/files", ran)
		r.Options("/opt", ran)
		r.Add("PURGE", "/purge", ran)
		r.All("/all", ran)
	}
	mounts := map[string]func(*fiber.App){
		"New": func(app *fiber.App) {
			app.Use(corsfiber.New(policy))
			routes(app.Group("/api"))
		},
		"New on a group": func(app *fiber.App) { routes(app.Group("/api", corsfiber.New(policy))) },
		"New, in an Observe": func(app *fiber.App) {
			app.Use(corsfiber.New(cors.Observe(policy, func(context.Context, cors.Event) {})))
			routes(app.Group("/api"))
		},
		"Scopes": func(app *fiber.App) {
			api := app.Group("/api")
			corsfiber.Scopes(app).Group(api, policy)
			routes(api)
		},
		"New on a mounted app": func(app *fiber.App) {
			sub := fiber.New(fiber.Config{RequestMethods: app.Config().RequestMethods})
			sub.Use(corsfiber.New(policy))
			routes(sub)
			app.Mount("/api", sub)
		},
	}
	tests := map[string]string{
		"/api/items":   "GET,HEAD,PUT",
		"/api/items/1": "DELETE",
		"/API/ITEMS/":  "GET,HEAD,PUT",
		"/api/files/x": "PATCH",
		"/api/nowhere": "PATCH",
		"/api/opt":     "OPTIONS",
		"/api/purge":   "PURGE",
		"/api/all":     "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS,PURGE",
	}
	for mount, on := range mounts {
		for path, want := range tests {
			app := fiber.New(fiber.Config{RequestMethods: append([]string{"PURGE"}, fiber.DefaultMethods...)})
			on(app)
			response := send(t, app, "OPTIONS", path, preflight(app1, "PUT")...)
			if got := response.Header.Get("Access-Control-Allow-Methods"); got != want {
				t.Errorf("%s: the answer for %s lists %q, want %q", mount, path, got, want)
			}
			if response.Header.Get("Allow") != "" {
				t.Errorf("%s: the answer for %s has the router's header Allow", mount, path)
			}
		}
	}
}

// Middleware that stands in a route, and has no other, asks as well.
func TestMethodsFromRoutesInRoute(t *testing.T) {
	app := fiber.New()
	app.Options("/items", corsfiber.New(cors.MustNew(cors.Config{AllowOrigins: []string{app1}, MethodsFromRoutes: true})))
	app.Put("/items", ran)
	got := send(t, app, "OPTIONS", "/items", preflight(app1, "PUT")...).Header.Get("Access-Control-Allow-Methods")
	if got != "PUT,OPTIONS" {
		t.Errorf("the answer lists %q", got)
	}
}

// The router is copied once, and asked without allocating.
func TestScopesAllocations(t *testing.T) {
	app := fiber.New()
	scope := corsfiber.Scopes(app)
	scope.Group(app.Group("/t/:tenant"), policy())
	scope.Route("PUT", "/one", policy())
	app.Put("/t/:tenant/items", func(*fiber.Ctx) error { return nil })
	app.Put("/one", func(*fiber.Ctx) error { return nil })
	app.Put("/other", func(*fiber.Ctx) error { return nil })
	handler := app.Handler()
	for _, path := range []string{"/t/acme/items", "/t/acme/nowhere", "/one", "/other"} {
		for _, method := range []string{"PUT", "OPTIONS"} {
			if method == "PUT" && path == "/t/acme/nowhere" {
				continue // fiber makes an error
			}
			var ctx fasthttp.RequestCtx
			allocations := math.Inf(1)
			for range 100 {
				allocations = min(allocations, testing.AllocsPerRun(1, func() {
					ctx.ResetUserValues()
					ctx.Request.Header.SetMethod(method)
					ctx.Request.SetRequestURI(path)
					ctx.Request.Header.Set("Origin", app1)
					ctx.Request.Header.Set("Access-Control-Request-Method", "PUT")
					ctx.Response.Reset()
					handler(&ctx)
				}))
			}
			if want := 0.0; allocations != want && (method == "PUT" || path != "/other") {
				t.Errorf("%s %s takes %v allocations, want %v", method, path, allocations, want)
			}
		}
	}
}

// Middleware may be on two apps.
func TestMethodsFromRoutesOfTwoApps(t *testing.T) {
	middleware := corsfiber.New(cors.MustNew(cors.Config{AllowOrigins: []string{app1}, MethodsFromRoutes: true}))
	one, two := fiber.New(), fiber.New()
	one.Use(middleware)
	two.Use(middleware)
	one.Put("/", ran)
	two.Delete("/", ran)
	for range 2 {
		for app, want := range map[*fiber.App]string{one: "PUT", two: "DELETE"} {
			got := send(t, app, "OPTIONS", "/", preflight(app1, "PUT")...).Header.Get("Access-Control-Allow-Methods")
			if got != want {
				t.Errorf("the answer lists %q, want %q", got, want)
			}
		}
	}
}

// Methods that another policy governs, or none, are not listed.
func TestMethodsFromRoutesOfOthers(t *testing.T) {
	policy := cors.MustNew(cors.Config{AllowOrigins: []string{app1}, MethodsFromRoutes: true})
	app := fiber.New()
	scope := corsfiber.Scopes(app)
	scope.Group(app.Group("/api"), policy)
	scope.Route("DELETE", "/api/items", named("delete"))
	scope.Route("PATCH", "/api/items", policy) // the same in another place
	scope.Route("PUT", "/one", policy)
	for _, path := range []string{"/api/items", "/one"} {
		app.Get(path, ran)
		app.Put(path, ran)
		app.Delete(path, ran)
		app.Patch(path, ran)
	}
	for path, want := range map[string]string{"/api/items": "GET,HEAD,PUT,PATCH", "/one": "PUT"} {
		if got := send(t, app, "OPTIONS", path, preflight(app1, "PUT")...).Header.Get("Access-Control-Allow-Methods"); got != want {
			t.Errorf("the answer for %s lists %q, want what the policy governs, %q", path, got, want)
		}
	}
}
