package corsfiber_test

import (
	"context"
	"math"
	"net/http"
	"reflect"
	"testing"

	corsfiber "github.com/corskit/corskit/adapters/fiber"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// fixed is a Decider that always decides the same.
func fixed(d cors.Decision) cors.Decider {
	return decider(func(context.Context, cors.Request) cors.Decision { return d })
}

// The headers are those that corshttp sets, whatever is there already.
func TestHeaders(t *testing.T) {
	all := cors.Decision{
		AllowOrigin: app1, AllowCredentials: "true", AllowMethods: "PUT,DELETE", AllowHeaders: "A,B",
		MaxAge: "600", ExposeHeaders: "X-Total", Vary: varyPreflight,
	}
	decisions := map[string]cors.Decision{
		"nothing":  {},
		"all":      all,
		"Vary":     {Vary: "Origin"},
		"any":      {AllowOrigin: "*"},
		"rejected": {Status: 403, Vary: "Origin"},
		"answered": {Status: 204, AllowOrigin: app1, AllowMethods: "PUT", Vary: varyPreflight},
	}
	before := map[string][][2]string{
		"nothing":                   nil,
		"other headers":             {{"Cache-Control", "no-store"}, {"X-Request-Id", "1"}},
		"an Allow-Origin":           {{"Access-Control-Allow-Origin", "*"}},
		"two Allow-Origin lines":    {{"Access-Control-Allow-Origin", "*"}, {"Access-Control-Allow-Origin", evil}, {"Access-Control-Max-Age", "1"}},
		"another Vary":              {{"Vary", "Accept-Encoding"}},
		"Vary that has the member":  {{"Vary", "Origin"}},
		"Vary in lower case":        {{"Vary", "accept-encoding, origin"}},
		"Vary on several lines":     {{"Vary", "Accept"}, {"Vary", "Access-Control-Request-Method , Origin"}},
		"Vary with all the members": {{"Vary", "Access-Control-Request-Headers,Access-Control-Request-Method"}, {"Vary", "Origin"}},
		"Vary with a star":          {{"Vary", "Accept, *"}},
		"Vary with a longer member": {{"Vary", "Original, X-Origin"}},
		"empty Vary":                {{"Vary", ""}},
	}
	for decisionName, d := range decisions {
		for beforeName, fields := range before {
			t.Run(decisionName+" after "+beforeName, func(t *testing.T) {
				app := fiber.New()
				app.Use(func(c *fiber.Ctx) error {
					for _, f := range fields {
						c.Response().Header.Add(f[0], f[1])
					}
					return c.Next()
				})
				app.Use(corsfiber.New(fixed(d)))
				app.Get("/", ran)
				response := send(t, app, "GET", "/", "Origin", app1)

				want := http.Header{}
				for _, f := range fields {
					want.Add(f[0], f[1])
				}
				corshttp.SetHeaders(want, &d)
				if got, want := corsHeaders(response.Header), corsHeaders(want); !reflect.DeepEqual(got, want) {
					t.Errorf("the headers are\n%q, want\n%q", got, want)
				}
			})
		}
	}
}

// A handler's own c.Vary comes on top.
func TestHandlerVary(t *testing.T) {
	app := fiber.New()
	app.Use(corsfiber.New(policy()))
	app.Get("/", func(c *fiber.Ctx) error {
		c.Vary("Accept-Encoding", "Origin")
		return nil
	})
	response := send(t, app, "GET", "/", "Origin", app1)
	if got := response.Header["Vary"]; !reflect.DeepEqual(got, []string{"Origin, Accept-Encoding"}) {
		t.Errorf("Vary is %q", got)
	}
}

// An answer of the middleware has no body, and no header that tells of one.
func TestEmptyAnswers(t *testing.T) {
	tests := []struct {
		origin     string
		configured int
		status     int
		length     string
	}{
		{app1, 0, 204, ""},
		{app1, 200, 200, "0"},
		{evil, 0, 403, "0"},
	}
	for _, test := range tests {
		app := fiber.New()
		app.Use(corsfiber.New(cors.MustNew(cors.Config{AllowOrigins: []string{app1}, PreflightStatus: test.configured})))
		response := send(t, app, "OPTIONS", "/", preflight(test.origin, "PUT")...)
		if response.StatusCode != test.status {
			t.Errorf("a preflight from %s is answered with %d, want %d", test.origin, response.StatusCode, test.status)
		}
		if got := response.Header.Get("Content-Length"); got != test.length {
			t.Errorf("status %d: Content-Length is %q, want %q", test.status, got, test.length)
		}
		if got, ok := response.Header["Content-Type"]; ok {
			t.Errorf("status %d: Content-Type is %q, want none", test.status, got)
		}
	}
}

func TestAllocations(t *testing.T) {
	tests := map[string]struct {
		method  string
		headers []string
	}{
		"allowed actual request": {"GET", []string{"Origin", app1}},
		"refused actual request": {"GET", []string{"Origin", evil}},
		"allowed preflight":      {"OPTIONS", append(preflight(app1, "PUT"), "Access-Control-Request-Headers", "content-type,x-key")},
		"refused preflight":      {"OPTIONS", preflight(evil, "PUT")},
	}
	long := cors.MustNew(cors.Config{ // answers are longer than what fits on the stack
		AllowOrigins: []string{app1},
		AllowMethods: []string{"PUT", "PATCH", "DELETE", "PROPFIND", "PROPPATCH", "MKCOL"},
		AllowHeaders: []string{"Content-Type", "X-Key", "X-Request-Id", "X-Idempotency-Key", "X-Tenant"},
	})
	for name, test := range tests {
		for prefix, path := range map[string]string{"/": "/items", "/api": "/api/items", "/t/:tenant/api": "/t/acme/api/items"} {
			for _, p := range []*cors.Policy{policy(), long} {
				app := fiber.New()
				app.Use(prefix, corsfiber.New(p))
				app.All(path, func(*fiber.Ctx) error { return nil })
				handler := app.Handler()
				var ctx fasthttp.RequestCtx
				ctx.Request.Header.SetMethod(test.method)
				ctx.Request.SetRequestURI(path)
				ctx.Request.Header.SetHost("api.example")
				ctx.Request.Header.Set("Cookie", "session=1")
				for i := 0; i < len(test.headers); i += 2 {
					ctx.Request.Header.Set(test.headers[i], test.headers[i+1])
				}
				// Under the race detector pools drop some of what they are
				// given, which fiber then allocates again: the least counts.
				allocations := math.Inf(1)
				for range 50 {
					allocations = min(allocations, testing.AllocsPerRun(1, func() {
						ctx.Response.Reset()
						ctx.ResetUserValues()
						handler(&ctx)
					}))
				}
				if allocations != 0 {
					t.Errorf("%s below %s: %v allocations, want none", name, prefix, allocations)
				}
			}
		}
	}
}
