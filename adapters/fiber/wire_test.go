package corsfiber_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	corsfiber "github.com/corskit/corskit/adapters/fiber"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// A decider is a Decider made of a function.
type decider func(context.Context, cors.Request) cors.Decision

func (f decider) Decide(ctx context.Context, r cors.Request) cors.Decision { return f(ctx, r) }

// connect serves app on a connection. exchange sends a request on it as it
// stands, and reads the response.
func connect(t *testing.T, app *fiber.App) (exchange func(request string) *http.Response) {
	t.Helper()
	app.Handler() // registers the routes
	pipe := fasthttputil.NewPipeConns()
	client, server := pipe.Conn1(), pipe.Conn2()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = app.Server().ServeConn(server) // reports requests that it refuses
	}()
	t.Cleanup(func() {
		client.Close()
		<-served
	})
	reader := bufio.NewReader(client)
	return func(request string) *http.Response {
		t.Helper()
		if _, err := client.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
}

// clone returns a copy of r that does not share its strings.
func clone(r cors.Request) cors.Request {
	for _, s := range []*string{&r.Method, &r.Host, &r.SecFetchSite, &r.Origin.First, &r.RequestMethod.First, &r.RequestHeaders.First} {
		*s = strings.Clone(*s)
	}
	r.RequestHeaders.More = slices.Clone(r.RequestHeaders.More)
	for i, s := range r.RequestHeaders.More {
		r.RequestHeaders.More[i] = strings.Clone(s)
	}
	return r
}

// The Decider sees a request as it does behind net/http.
func TestDescription(t *testing.T) {
	const field = "Access-Control-Request-"
	tests := map[string][]string{
		"no Origin":                     {},
		"actual request":                {"Origin: " + app1},
		"preflight":                     {"Origin: " + app1, field + "Method: PUT", field + "Headers: a,b"},
		"names in lower case":           {"origin: " + app1, "access-control-request-method: PUT", "access-control-request-headers: a", "sec-fetch-site: none"},
		"names in upper case":           {"ORIGIN: " + app1, "ACCESS-CONTROL-REQUEST-METHOD: PUT", "SEC-FETCH-SITE: none"},
		"names of the same lengths":     {"Origin: " + app1, "Accept: x", "Cookie: x", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "From: x", "Access-Control-Request-Methox: x", "Access-Control-Request-Headerz: x"},
		"names that differ in a letter": {"Mrigin: " + evil, "Origin: " + app1, "Origil: " + evil, "nrigin: " + evil},
		"no blanks":                     {"Origin:" + app1, field + "Method:PUT"},
		"blanks and tabs around":        {"Origin: \t " + app1 + " \t ", field + "Method: \tPUT\t", field + "Headers:  a , b \t", "Sec-Fetch-Site:  none "},
		"empty values":                  {"Origin:", field + "Method: ", field + "Headers: \t"},
		"two Origin lines":              {"Origin: " + app1, "Origin: " + evil},
		"two method lines":              {"Origin: " + app1, field + "Method: PUT", field + "Method: PATCH"},
		"three header lines":            {"Origin: " + app1, field + "Method: PUT", field + "Headers: a", field + "Headers:", field + "Headers: c, d"},
		"two Sec-Fetch-Site lines":      {"Origin: " + app1, "Sec-Fetch-Site:", "Sec-Fetch-Site: none"},
		"lines with others in between":  {"Origin: " + app1, "Accept: x", field + "Method: PUT", field + "Headers: a", "Cookie: a=b", field + "Headers: b"},
		"folded line":                   {"Origin: " + app1, field + "Method: PUT", field + "Headers: a,\r\n\t b"},
		"bytes beyond ASCII":            {"Origin: https://\u212a.example\xff"},
		"as many lines as are held":     append([]string{"Origin: " + app1, field + "Method: PUT"}, slices.Repeat([]string{field + "Headers: a"}, 81)...),
	}
	for _, disabled := range []bool{false, true} {
		for name, lines := range tests {
			t.Run(fmt.Sprintf("%s/DisableHeaderNormalizing %v", name, disabled), func(t *testing.T) {
				var got cors.Request
				app := fiber.New(fiber.Config{DisableHeaderNormalizing: disabled})
				app.Use(corsfiber.New(decider(func(_ context.Context, r cors.Request) cors.Decision {
					got = clone(r)
					return cors.Decision{}
				})))
				raw := "OPTIONS / HTTP/1.1\r\nHost: API.example:8080\r\n" + strings.Join(append(lines, "", ""), "\r\n")
				connect(t, app)(raw)

				r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
				if err != nil {
					t.Fatal(err)
				}
				want := *corshttp.Describe(r, nil)
				want.Borrowed = true
				if got, want := normalize(got), normalize(want); !reflect.DeepEqual(got, want) {
					t.Errorf("the request is\n%+v, want\n%+v", got, want)
				}
			})
		}
	}
}

// normalize leaves out what makes no difference: the further lines of fields
// of which only the number matters, and empty slices.
func normalize(r cors.Request) cors.Request {
	r.Origin.More, r.RequestMethod.More = nil, nil
	if len(r.RequestHeaders.More) == 0 {
		r.RequestHeaders.More = nil
	}
	return r
}

// Lines beyond the bound are not held, which one more that is counted tells.
func TestManyRequestHeadersLines(t *testing.T) {
	const lines, held = 100, 1 + 80
	var got, origin cors.Lines
	app := fiber.New()
	app.Use(corsfiber.New(decider(func(_ context.Context, r cors.Request) cors.Decision {
		got, origin = clone(r).RequestHeaders, r.Origin
		return cors.Decision{}
	})))
	headers := append(preflight(app1, "PUT"), "Origin", app1)
	for range lines {
		headers = append(headers, "Access-Control-Request-Headers", "x-key")
	}
	send(t, app, "OPTIONS", "/", headers...)
	if got.N != held+1 || len(got.More) != held-1 || got.First != "x-key" {
		t.Errorf("of %d lines %d are counted and %d held, want %d and %d", lines, got.N, 1+len(got.More), held+1, held)
	}
	if origin.N != 2 || len(origin.More) != 0 {
		t.Errorf("of 2 lines with an origin %d are counted and %d held, want 1", origin.N, 1+len(origin.More))
	}
}

// Two lines of Access-Control-Request-Headers are one list.
func TestTwoRequestHeadersLines(t *testing.T) {
	tests := []struct {
		lines [2]string
		want  cors.Reason
	}{
		{[2]string{"content-type", "x-key"}, cors.Allowed},
		{[2]string{"content-type", "x-other"}, cors.HeaderNotAllowed},
		{[2]string{"x-other", "x-key"}, cors.HeaderNotAllowed},
	}
	for _, test := range tests {
		var got cors.Reason
		p := policy()
		app := fiber.New()
		app.Use(corsfiber.New(decider(func(ctx context.Context, r cors.Request) cors.Decision {
			d := p.Decide(ctx, r)
			got = d.Reason
			return d
		})))
		send(t, app, "OPTIONS", "/", append(preflight(app1, "PUT"),
			"Access-Control-Request-Headers", test.lines[0], "Access-Control-Request-Headers", test.lines[1])...)
		if got != test.want {
			t.Errorf("asked for the headers %q, the reason is %s, want %s", test.lines, got, test.want)
		}
	}
}

// The server reuses its buffers from one request on a connection to the next.
// What a predicate keeps must not change with them.
func TestKeptStrings(t *testing.T) {
	var kept []string
	app := fiber.New()
	app.Use(corsfiber.New(cors.MustNew(cors.Config{
		AllowOriginFunc: func(_ context.Context, origin string) (bool, error) {
			kept = append(kept, origin)
			return strings.HasPrefix(origin, "https://good"), nil
		},
	})))
	app.Get("/", ran)
	exchange := connect(t, app)
	var sent []string
	for i := range 300 {
		origin := fmt.Sprintf("https://good%03d.example", i)
		want := origin
		if i%2 == 1 {
			origin, want = fmt.Sprintf("https://evil%03d.example", i), ""
		}
		sent = append(sent, origin)
		response := exchange("GET / HTTP/1.1\r\nHost: a\r\nOrigin: " + origin + "\r\n\r\n")
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Fatalf("request %d from %s is granted %q, want %q", i, origin, got, want)
		}
	}
	if !slices.Equal(kept, sent) {
		t.Errorf("the predicate kept\n%q, want\n%q", kept, sent)
	}
}

// Fasthttp refuses control bytes. Behind a proxy to it that does not, or with
// a version that does not, they still match nothing and come back nowhere.
func TestControlBytes(t *testing.T) {
	policies := map[string]cors.Config{
		"exact":     {AllowOrigins: []string{app1}, AllowCredentials: true},
		"wildcard":  {AllowOrigins: []string{"https://*.example.com"}, AllowCredentials: true},
		"predicate": {AllowOriginFunc: func(context.Context, string) (bool, error) { return true, nil }},
		"any":       {AllowOrigins: []string{"*"}},
	}
	places := []struct{ name, before, after string }{
		{"Origin", "https://", "app.example.com"},
		{"Origin", "https://app", ".example.com"},
		{"Origin", app1, ""},
		{"Access-Control-Request-Method", "PU", "T"},
		{"Access-Control-Request-Method", "PUT", ""},
		{"Access-Control-Request-Headers", "x-", "key"},
		{"Access-Control-Request-Headers", "x-key", ""},
	}
	for name, config := range policies {
		config.AllowMethods, config.AllowHeaders = []string{"*"}, []string{"*"}
		p := cors.MustNew(config)
		for c := range 0x80 {
			if c >= ' ' && c != 0x7f {
				continue
			}
			for _, place := range places {
				var got cors.Decision
				app := fiber.New()
				app.Use(corsfiber.New(decider(func(ctx context.Context, r cors.Request) cors.Decision {
					got = p.Decide(ctx, r)
					return got
				})))
				request := map[string]string{
					"Origin":                         app1,
					"Access-Control-Request-Method":  "PUT",
					"Access-Control-Request-Headers": "x-key",
				}
				request[place.name] = place.before + string(rune(c)) + place.after
				var ctx fasthttp.RequestCtx
				ctx.Request.Header.SetMethod("OPTIONS")
				for name, value := range request {
					ctx.Request.Header.Set(name, value)
				}
				app.Handler()(&ctx)

				what := fmt.Sprintf("policy %s, %s %q", name, place.name, request[place.name])
				blankAtTheEnd := place.name == "Access-Control-Request-Headers" && c == '\t' && place.after == ""
				lineBreak := c == '\r' || c == '\n' // which Header.Set turns into a blank
				// With "*" the answer is the same for all, malformed or not.
				if got.Reason == cors.Allowed && name != "any" && !blankAtTheEnd && !lineBreak {
					t.Errorf("%s: is allowed", what)
				}
				for field, value := range ctx.Response.Header.All() {
					i := slices.IndexFunc(value, func(b byte) bool { return b < ' ' || b == 0x7f })
					if i >= 0 {
						t.Errorf("%s: comes back in %s: %q", what, field, value)
					}
				}
			}
		}
	}
}

func TestControlBytesOnTheWire(t *testing.T) {
	for _, b := range []byte{0, 1, 0x0b, '\r', 0x1f, 0x7f} {
		app := fiber.New()
		app.Use(corsfiber.New(policy()))
		response := connect(t, app)("GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://app" + string(b) + ".example.com\r\n\r\n")
		if got := response.Header.Get("Access-Control-Allow-Origin"); response.StatusCode != 400 || got != "" {
			t.Errorf("an Origin with the byte %q is answered with status %d and granted %q, want 400", b, response.StatusCode, got)
		}
	}
}

// An absolute request target names the host, whatever the Host header says.
func TestAbsoluteTarget(t *testing.T) {
	app := fiber.New()
	var got string
	app.Use(corsfiber.New(decider(func(_ context.Context, r cors.Request) cors.Decision {
		got = strings.Clone(r.Host)
		return cors.Decision{}
	})))
	connect(t, app)("GET http://target.example:8080/ HTTP/1.1\r\nHost: header.example\r\n\r\n")
	if got != "target.example:8080" {
		t.Errorf("the host is %q, want that of the target", got)
	}
}
