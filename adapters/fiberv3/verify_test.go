package corsfiber_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	corsfiber "github.com/corskit/corskit/adapters/fiberv3"
	cors "github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
	fiberrecover "github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gofiber/fiber/v3/middleware/rewrite"
)

// A verifying is an app to verify, none of whose handlers may run.
type verifying struct {
	*fiber.App
	t *testing.T
}

func newVerifying(t *testing.T, config ...fiber.Config) verifying {
	fail := func(fiber.Ctx, error) error {
		t.Error("the error handler ran")
		return nil
	}
	return verifying{fiber.New(append(config, fiber.Config{ErrorHandler: fail})[0]), t}
}

// never is a handler of the application's.
func (v verifying) never(c fiber.Ctx) error {
	v.t.Errorf("the application's handler ran, for %s %s", c.Method(), c.Path())
	return nil
}

func pass(c fiber.Ctx) error { return c.Next() }

func unauthenticated(fiber.Ctx) error { return fiber.ErrUnauthorized }

// problems returns what Verify finds, without the fixes.
func problems(t *testing.T, app *fiber.App, without ...string) (short []string) {
	t.Helper()
	found, err := corsfiber.Verify(app, without...)
	if err != nil {
		t.Fatalf("Verify fails: %v", err)
	}
	for _, f := range found {
		if f.Fix == "" {
			t.Errorf("a finding has no fix: %s", f)
		}
		short = append(short, fmt.Sprintf("%s %s %s: %s", f.Severity, f.Method, f.Route, f.Problem))
	}
	return short
}

const (
	notCovered    = "no policy covers it"
	notReached    = "CORS-preflight requests get 405 from the router, and reach no policy"
	onlyPreflight = "CORS-preflight requests are answered, but no policy covers the request itself"
	ownOptions    = "CORS-preflight requests run the application's own handler for OPTIONS"
	opaque        = "it cannot be told, without running its handler, whether a policy covers it"
	another       = "another policy decides the request itself than answers its CORS-preflight request"
	severalDecide = "2 policies decide one after another, of which the last prevails"
	notServed     = "a policy allows the method, and no route that it covers serves it"
)

// plain is a policy that allows no methods but the usual.
var plain = cors.MustNew(cors.Config{AllowOrigins: []string{app1}})

func TestVerify(t *testing.T) {
	tests := map[string]struct {
		mount   func(verifying)
		without []string
		want    []string
	}{
		"whole server": {func(v verifying) {
			v.Use(corsfiber.New(policy()))
			v.Use(fiberrecover.New(), unauthenticated)
			v.Get("/items", v.never)
			v.Put("/items/:id", v.never)
			v.Options("/opt", v.never)
			v.All("/all/*", v.never)
			v.Use(v.never) // for what leads to no route
		}, nil, nil},
		"sealed": {func(v verifying) {
			v.Use(corsfiber.New(plain, corsfiber.Seal()))
			v.Get("/items", v.never)
		}, nil, nil},
		"logging before": {func(v verifying) {
			v.Use(pass, fiberrecover.New())
			v.Use(corsfiber.New(plain))
			v.Get("/items", v.never)
		}, nil, nil},
		"group": {func(v verifying) {
			api := v.Group("/api", corsfiber.New(policy()))
			api.Get("/", v.never)
			api.Put("/items", v.never)
			v.Get("/health", v.never)
		}, []string{"/health"}, nil},
		"mounted app": {func(v verifying) {
			sub := fiber.New()
			sub.Use(corsfiber.New(policy()))
			sub.Put("/items", v.never)
			v.Use("/sub", sub)
		}, nil, nil},
		"nested groups": {func(v verifying) {
			scope := corsfiber.Scopes(v.App)
			api := v.Group("/api")
			scope.Group(api, policy())
			scope.Group(api.Group("/admin"), plain)
			api.Put("/items", v.never)
			api.Get("/admin/items", v.never)
			api.Options("/opt", v.never)
		}, nil, nil},
		"two methods of one path": {func(v verifying) {
			scope := corsfiber.Scopes(v.App)
			scope.Route("PUT", "/two", policy())
			scope.Route("GET", "/two", plain)
			v.Put("/two", v.never)
			v.Get("/two", v.never)
		}, nil, nil},
		"scopes and a route outside": {func(v verifying) {
			corsfiber.Scopes(v.App).Route("GET", "/one", plain)
			v.Get("/one", v.never)
			v.Post("/one", v.never)
		}, nil, []string{"high POST /one: " + notCovered}},
		"scopes and a route outside that is known": {func(v verifying) {
			corsfiber.Scopes(v.App).Route("GET", "/one", plain)
			v.Get("/one", v.never)
			v.Post("/one", v.never)
		}, []string{"POST /one"}, nil},
		"scopes around a group with New": {func(v verifying) {
			corsfiber.Scopes(v.App).Route("GET", "/one", plain)
			v.Get("/one", v.never)
			v.Group("/api", corsfiber.New(policy())).Put("/items", v.never)
		}, nil, nil},
		"no policy": {func(v verifying) {
			v.Get("/items", v.never)
			v.Head("/only", v.never)
			v.Add([]string{"CONNECT"}, "/items", v.never)
			v.Add([]string{"TRACE"}, "/items", v.never)
		}, nil, []string{
			"high GET /items: " + notCovered, "high HEAD /only: " + notCovered,
		}},
		"route that looks like the group's": {func(v verifying) {
			v.Group("/api", corsfiber.New(plain)).Get("/items", v.never)
			v.Get("/apix", v.never)
		}, nil, []string{"high GET /apix: " + notCovered}},
		"(a) on a single route": {func(v verifying) {
			v.Put("/items", corsfiber.New(policy()), v.never)
		}, nil, []string{"high PUT /items: " + notReached}},
		"(a) on a single route with a handler for OPTIONS": {func(v verifying) {
			v.Put("/items", corsfiber.New(policy()), v.never)
			v.Options("/items", v.never)
		}, nil, []string{
			"high PUT /items: " + ownOptions,
			"high OPTIONS /items: " + ownOptions, "high OPTIONS /items: " + notCovered,
		}},
		"(b) after the routes": {func(v verifying) {
			v.Put("/items", v.never)
			v.Use(corsfiber.New(policy()))
		}, nil, []string{"high PUT /items: " + onlyPreflight}},
		"(b) after a handler for OPTIONS": {func(v verifying) {
			v.Options("/*", v.never)
			v.Use(corsfiber.New(policy()))
			v.Put("/items", v.never)
		}, nil, []string{
			"high PUT /items: " + ownOptions,
			"high OPTIONS /*: " + ownOptions, "high OPTIONS /*: " + notCovered,
		}},
		"(c) after authentication": {func(v verifying) {
			v.Use(unauthenticated)
			v.Use(corsfiber.New(plain))
			v.Get("/items", v.never)
		}, nil, []string{
			"high GET /items: CORS-preflight requests get 401 from authentication or the like, and reach no policy",
			"high GET /items: the request itself gets 401 from authentication or the like, and reaches no policy",
		}},
		"(c) after authentication that lets preflights pass": {func(v verifying) {
			v.Use(func(c fiber.Ctx) error {
				if c.Method() == "OPTIONS" {
					return c.Next()
				}
				return fiber.ErrForbidden
			}, corsfiber.New(plain))
			v.Get("/items", v.never)
		}, nil, []string{"high GET /items: the request itself gets 403 from authentication or the like, and reaches no policy"}},
		"after a redirect": {func(v verifying) {
			v.Use(func(c fiber.Ctx) error { return c.Redirect().Status(302).To("/new" + c.Path()) })
			v.Use(corsfiber.New(plain))
			v.Get("/items", v.never)
		}, nil, []string{
			`high GET /items: CORS-preflight requests get 302, a redirect to "/new/items", and reach no policy`,
			`high GET /items: the request itself gets 302, a redirect to "/new/items", and reaches no policy`,
		}},
		"after a rewrite": {func(v verifying) {
			v.Use(rewrite.New(rewrite.Config{Rules: map[string]string{"/api/*": "/$1"}}))
			v.Group("/api", corsfiber.New(plain)).Get("/items", v.never)
			v.Get("/items", v.never)
			v.Options("/items", v.never)
		}, []string{"/items"}, []string{
			"high GET /api/items: CORS-preflight requests get 200 from something else, and reach no policy",
			"high GET /api/items: the request itself gets 200 from something else, and reaches no policy",
		}},
		"two policies": {func(v verifying) {
			v.Use(corsfiber.New(plain))
			v.Group("/api", corsfiber.New(policy())).Put("/items", v.never)
		}, nil, []string{"high PUT /api/items: " + another}},
		"one policy twice": {func(v verifying) {
			v.Use(corsfiber.New(plain))
			v.Group("/api", corsfiber.New(plain)).Get("/items", v.never)
		}, nil, []string{"low GET /api/items: " + severalDecide}},
		"behind another route": {func(v verifying) {
			v.Get("/:any", v.never)
			v.Use(corsfiber.New(plain))
			v.Get("/items", v.never)
		}, nil, []string{"high GET /:any: " + onlyPreflight, "low GET /items: " + opaque}},
		"behind another route, covered": {func(v verifying) {
			v.Use(corsfiber.New(plain))
			v.Get("/:any", v.never)
			v.Get("/items", v.never)
		}, nil, nil},
		"one route registered twice": {func(v verifying) {
			v.Get("/items", v.never)
			v.Get("/items", corsfiber.New(plain), v.never)
		}, nil, []string{"high GET /items: " + notReached}},
		"no example for a parameter": {func(v verifying) {
			v.Use(corsfiber.New(plain))
			v.Get("/:id<regex([a-f]{2}q)>", v.never)
		}, nil, []string{"low GET /:id<regex([a-f]{2}q)>: " + opaque}},
		"method that no route serves": {func(v verifying) {
			v.Use(corsfiber.New(policy()))
			v.Get("/items", v.never)
		}, nil, []string{"low PUT : " + notServed}},
		"route that has a policy after all": {func(v verifying) {
			v.Use(corsfiber.New(plain))
			v.Get("/items", v.never)
		}, []string{"GET /items", "/gone"}, []string{
			"low GET /items: is listed as a route without a policy, and has one",
			"low  /gone: is listed as a route without a policy, and there is no such route",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := newVerifying(t)
			test.mount(v)
			if got := problems(t, v.App, test.without...); !slices.Equal(got, test.want) {
				t.Errorf("the findings are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Where fiber knows no OPTIONS there are no preflights.
func TestVerifyWithoutOptions(t *testing.T) {
	v := newVerifying(t, fiber.Config{RequestMethods: []string{"GET", "HEAD"}})
	v.Use(corsfiber.New(plain))
	v.Get("/items", v.never)
	got := problems(t, v.App)
	want := []string{"high GET /items: CORS-preflight requests get 501 from something else, and reach no policy"}
	if !slices.Equal(got, want) {
		t.Errorf("the findings are %q, want %q", got, want)
	}
}

// HEAD is as GET, in whatever order fiber has them.
func TestVerifyHead(t *testing.T) {
	for _, methods := range [][]string{{"GET", "HEAD", "OPTIONS"}, {"HEAD", "OPTIONS", "GET"}} {
		v := newVerifying(t, fiber.Config{RequestMethods: methods})
		v.Get("/items", v.never)
		if got, want := problems(t, v.App), []string{"high GET /items: " + notCovered}; !slices.Equal(got, want) {
			t.Errorf("the findings are %q, want %q", got, want)
		}
	}
}

// (d) is for Seal: nobody knows before the upstream answers.
func TestProxyMistake(t *testing.T) {
	for name, test := range map[string]struct {
		options []corsfiber.Option
		want    int
	}{"without Seal": {nil, 2}, "with Seal": {[]corsfiber.Option{corsfiber.Seal()}, 1}} {
		app := fiber.New()
		app.Use(corsfiber.New(policy(), test.options...))
		app.Get("/", func(c fiber.Ctx) error {
			c.Response().Header.Add("Access-Control-Allow-Origin", "*") // as a proxied response may
			return nil
		})
		if got := send(t, app, "GET", "/", "Origin", app1).Header["Access-Control-Allow-Origin"]; len(got) != test.want {
			t.Errorf("%s, Access-Control-Allow-Origin is %q, want %d lines", name, got, test.want)
		}
	}
}

// Parameters get values that fit, and paths that mean themselves stay.
func TestVerifyParameters(t *testing.T) {
	for _, pattern := range []string{
		"/", "/items", "/:id", "/:id?", "/*", "/a/*", "/+", "/a+b", "/:from-:to", "/:file.:ext", "/a\\:b", "/a\\*/:b", "/:a/x/:b",
		"/:id<int>", "/:id<bool>", "/:id<float>", "/:id<alpha>", "/:id<guid>", "/:id<minLen(12)>", "/:id<maxLen(3)>",
		"/:id<len(7)>", "/:id<betweenLen(5,6)>", "/:id<min(120)>", "/:id<max(3)>", "/:id<range(100,120)>", "/:id<int;min(400)>",
		"/:id<int;len(4)>", "/:id<min(3);len(4)>", "/:id<min(2000000000)>", "/:at<datetime(2006\\-01\\-02)>", "/:id<regex(^x+$)>?", "/n/:id<int>/of/:name<alpha>",
	} {
		v := newVerifying(t)
		v.Use(corsfiber.New(plain))
		v.Get(pattern, v.never)
		if got := problems(t, v.App); got != nil {
			t.Errorf("%s: the findings are %q", pattern, got)
		}
	}
}

func TestVerifyFixes(t *testing.T) {
	v := newVerifying(t)
	v.Put("/items", corsfiber.New(policy()), v.never)
	found, err := corsfiber.Verify(v.App)
	want := "high: PUT /items: " + notReached + ": write app.Use(corsfiber.New(policy)) before all else, routes of app.All included, in the place of middleware on the one route, or use scope.Route(method, path, policy)"
	if err != nil || len(found) != 1 || found[0].String() != want {
		t.Errorf("the findings are %v, %v; want %s", found, err, want)
	}
}

func TestVerifyErrors(t *testing.T) {
	broken := fiber.New()
	broken.Use(func(fiber.Ctx) error { panic("broken") }, corsfiber.New(plain))
	broken.Get("/items", ran)
	actual := fiber.New()
	actual.Use(func(c fiber.Ctx) error {
		if c.Method() != "OPTIONS" {
			panic(errors.New("broken"))
		}
		return c.Next()
	}, corsfiber.New(plain))
	actual.Get("/items", ran)
	for want, app := range map[string]*fiber.App{
		"corsfiber: Verify: the App is nil: make one with fiber.New":                    nil,
		"corsfiber: Verify: GET /items: middleware panics where Verify runs it: broken": broken,
	} {
		if _, err := corsfiber.Verify(app); err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	if _, err := corsfiber.Verify(actual); err == nil {
		t.Error("middleware that panics for the request itself is no error")
	}
}

// An app serves after Verify as it does before.
func TestVerifyLeavesTheAppAlone(t *testing.T) {
	app := scoped(fiber.Config{})
	check := func() {
		t.Helper()
		for path, want := range map[string]string{"/api/items": "api", "/api/admin/items": "admin", "/other": ""} {
			if by, _ := decidedBy(t, app, "OPTIONS PUT", path); by != want {
				t.Errorf("%s is decided by %q, want %q", path, by, want)
			}
		}
		if by, handled := decidedBy(t, app, "PUT", "/api/items"); by != "api" || !handled {
			t.Errorf("the request is decided by %q, and its handler ran: %v", by, handled)
		}
	}
	check()
	if _, err := corsfiber.Verify(app); err != nil {
		t.Fatal(err)
	}
	check()
}

// No policy is asked, and no response is written for the app's error handler.
func TestVerifyAsksNobody(t *testing.T) {
	v := newVerifying(t)
	var asked counter
	v.Use(corsfiber.New(&asked))
	corsfiber.Scopes(v.App).Group(v.App, &asked)
	v.Get("/items", v.never)
	if got, want := problems(t, v.App), []string{"low GET /items: " + severalDecide}; !slices.Equal(got, want) {
		t.Errorf("the findings are %q, want %q", got, want)
	}
	if asked != 0 {
		t.Errorf("the policy was asked %d times", asked)
	}
}

// Middleware gets fiber's own context, not the app's: what insists on that is
// told so.
func TestVerifyWithCustomContext(t *testing.T) {
	type customCtx struct{ fiber.DefaultCtx }
	app := fiber.NewWithCustomCtx(func(app *fiber.App) fiber.CustomCtx {
		return &customCtx{*fiber.NewDefaultCtx(app)}
	})
	app.Use(func(c fiber.Ctx) error { return c.Next() }, corsfiber.New(plain))
	app.Get("/items", ran)
	if got := problems(t, app); got != nil {
		t.Errorf("the findings are %q", got)
	}
	insisting := fiber.NewWithCustomCtx(func(app *fiber.App) fiber.CustomCtx {
		return &customCtx{*fiber.NewDefaultCtx(app)}
	})
	insisting.Use(func(c fiber.Ctx) error { return c.(*customCtx).Next() }, corsfiber.New(plain))
	insisting.Get("/items", ran)
	if _, err := corsfiber.Verify(insisting); err == nil || !strings.Contains(err.Error(), "customCtx") {
		t.Errorf("the error is %v", err)
	}
}
