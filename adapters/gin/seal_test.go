package corsgin_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	corsgin "github.com/corskit/corskit/adapters/gin"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// sealedMounts mount a policy with Seal such that it covers /sealed.
var sealedMounts = map[string]func(*gin.Engine, cors.Decider){
	"New": func(e *gin.Engine, d cors.Decider) { e.Use(corsgin.New(d, corsgin.Seal())) },
	"Scope.Group": func(e *gin.Engine, d cors.Decider) {
		corsgin.Scopes(e, corsgin.Seal()).Group(&e.RouterGroup, d)
	},
	"Scope.Route": func(e *gin.Engine, d cors.Decider) {
		corsgin.Scopes(e, corsgin.Seal()).Route("GET", "/sealed", d)
	},
}

// mess sets what a handler or an upstream may set by mistake.
func mess(h http.Header) {
	h["Access-Control-Allow-Origin"] = []string{"*", "https://handler.example"}
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Max-Age", "5")
	h["access-control-expose-headers"] = []string{"X-Odd"}
	h.Set("Vary", "Accept-Encoding")
}

func TestSeal(t *testing.T) {
	sealedGranted := maps.Clone(granted)
	sealedGranted["Vary"] = "Accept-Encoding, Origin"
	sealedNothing := headers{"Vary": "Accept-Encoding, Origin"}
	over := make(chan struct{}) // a handler that returns at the limit may win against http.TimeoutHandler
	defer close(over)
	for _, tt := range []struct {
		name   string
		status int
		body   string
		answer gin.HandlerFunc
	}{
		{"a body", 200, "body", func(c *gin.Context) { c.Writer.Write([]byte("body")) }},
		{"a string", 200, "body", func(c *gin.Context) { c.Writer.WriteString("body") }},
		{"a copied body", 200, "body", func(c *gin.Context) { io.Copy(c.Writer, strings.NewReader("body")) }},
		{"a status alone", 201, "", func(c *gin.Context) { c.Status(201) }},
		{"nothing", 200, "", func(*gin.Context) {}},
		{"a header written now", 202, "", func(c *gin.Context) { c.Status(202); c.Writer.WriteHeaderNow() }},
		{"a flush", 200, "body", func(c *gin.Context) { c.Writer.Flush(); c.Writer.WriteString("body") }},
		{"a flush by a ResponseController", 200, "body", func(c *gin.Context) {
			if err := http.NewResponseController(c.Writer).Flush(); err != nil {
				panic(err)
			}
			c.Writer.WriteString("body")
		}},
		{"JSON", 200, `"body"`, func(c *gin.Context) { c.JSON(200, "body") }},
		{"an aborted request", 401, "", func(c *gin.Context) { c.AbortWithStatus(401) }},
		{"an error that middleware answers", 502, "failed", func(c *gin.Context) { c.Error(errors.New("failed")) }},
		{"a panic", 500, "", func(*gin.Context) { panic("the handler panics") }},
		{"a handler of net/http", 418, "", gin.WrapF(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) })},
		{"a handler that runs out of time", 503, "late", gin.WrapH(http.TimeoutHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			<-over
		}), time.Millisecond, "late"))},
		{"middleware inside that replaces the writer", 200, "BODY", func(c *gin.Context) {
			c.Writer = upper{c.Writer}
			c.Writer.Write([]byte("body"))
		}},
	} {
		for mounted, mount := range sealedMounts {
			for origin, want := range map[string]headers{allowed: sealedGranted, refused: sealedNothing} {
				t.Run(tt.name+"/"+mounted+"/"+origin, func(t *testing.T) {
					e := newEngine()
					e.Use(answerErrors)
					mount(e, cors.MustNew(config))
					e.GET("/sealed", func(c *gin.Context) {
						mess(c.Writer.Header())
						tt.answer(c)
					})

					w := serve(e, "GET", "/sealed", origin, "")

					checkResponse(t, w, tt.status, want)
					if got := w.Body.String(); got != tt.body {
						t.Errorf("the body is %q, want %q", got, tt.body)
					}
				})
			}
		}
	}
}

// answerErrors answers what a handler has failed with, and clears the headers.
func answerErrors(c *gin.Context) {
	c.Next()
	if err := c.Errors.Last(); err != nil {
		clear(c.Writer.Header())
		mess(c.Writer.Header())
		c.String(502, err.Error())
	}
}

// upper is a writer as middleware makes them.
type upper struct{ gin.ResponseWriter }

func (u upper) Write(p []byte) (int, error) {
	return u.ResponseWriter.Write([]byte(strings.ToUpper(string(p))))
}

// Handlers find the headers there before they write, and so does what writes past
// the writer.
func TestSealSetsHeadersEarly(t *testing.T) {
	e := newEngine()
	e.Use(corsgin.New(cors.MustNew(config), corsgin.Seal()))
	e.GET("/items", func(c *gin.Context) {
		below := c.Writer.(interface{ Unwrap() http.ResponseWriter }).Unwrap()
		below.Write([]byte("body"))
	})
	checkResponse(t, serve(e, "GET", "/items", allowed, ""), 200, granted)
}

// Once the header has left, handlers may do with it what they like, and writing
// costs no more than without Seal.
func TestSealIsDoneWhenTheHeaderHasLeft(t *testing.T) {
	for name, write := range map[string]func(gin.ResponseWriter){
		"Write":       func(w gin.ResponseWriter) { w.Write([]byte("body")) },
		"WriteString": func(w gin.ResponseWriter) { w.WriteString("body") },
	} {
		e := newEngine()
		e.Use(corsgin.New(cors.MustNew(config), corsgin.Seal()))
		var left string
		e.GET("/items", func(c *gin.Context) {
			write(c.Writer)
			c.Header("Access-Control-Allow-Origin", "late")
			write(c.Writer)
			left = c.Writer.Header().Get("Access-Control-Allow-Origin")
		})
		serve(e, "GET", "/items", allowed, "")
		if left != "late" {
			t.Errorf("after %s, Access-Control-Allow-Origin is changed to %q", name, left)
		}
	}
}

// What is written late leaves with the headers too.
func TestSealLate(t *testing.T) {
	recovering := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if recover() != nil {
					w.WriteHeader(200)
				}
			}()
			h.ServeHTTP(w, r)
		})
	}
	limited := func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") }
	alone := func(h http.Handler) http.Handler { return h }
	for _, tt := range []struct {
		name   string
		around func(http.Handler) http.Handler
		answer gin.HandlerFunc
	}{
		{"a panic that is recovered outside of gin", recovering, func(*gin.Context) { panic("the handler panics") }},
		{"a writer that holds the header back", limited, func(c *gin.Context) {
			c.Writer.WriteString("body")
			clear(c.Writer.Header())
		}},
		{"a header that is written and held back", limited, func(c *gin.Context) {
			c.Writer.WriteHeader(200)
			c.Writer.WriteHeaderNow()
			mess(c.Writer.Header())
			c.Writer.Header().Del("Vary")
		}},
		{"nothing is copied", alone, func(c *gin.Context) {
			io.Copy(c.Writer, struct{ io.Reader }{strings.NewReader("")})
			clear(c.Writer.Header())
			c.Writer.WriteHeader(200)
			c.Writer.WriteHeaderNow()
		}},
		{"a status that is none", alone, func(c *gin.Context) {
			defer func() {
				recover()
				clear(c.Writer.Header())
				c.Writer.Write([]byte("body"))
			}()
			c.Status(1000)
			c.Writer.Write([]byte("body"))
		}},
		{"a status that is none, and a string", alone, func(c *gin.Context) {
			defer func() {
				recover()
				clear(c.Writer.Header())
				c.Writer.WriteString("body")
			}()
			c.Status(1000)
			c.Writer.WriteString("body")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := gin.New()
			e.Use(corsgin.New(cors.MustNew(config), corsgin.Seal()))
			e.GET("/items", func(c *gin.Context) {
				clear(c.Writer.Header())
				tt.answer(c)
			})
			checkResponse(t, serve(tt.around(e), "GET", "/items", allowed, ""), 200, granted)
		})
	}
}

// The decision of New prevails over that of corshttp.New around the engine.
func TestSealAroundTheEngine(t *testing.T) {
	outer := cors.MustNew(cors.Config{AllowOrigins: []string{"https://outer.example"}, ExposeHeaders: []string{"X-Outer"}})
	for _, all := range [][]corsgin.Option{nil, {corsgin.Seal()}} {
		e := newEngine()
		e.Use(corsgin.New(cors.MustNew(config), all...))
		e.GET("/items", func(c *gin.Context) { c.String(200, "body") })
		checkResponse(t, serve(corshttp.New(outer, corshttp.Seal())(e), "GET", "/items", allowed, ""), 200, granted)
	}
}

// What is missing is put back, and Vary is not doubled.
func TestSealRestores(t *testing.T) {
	for mounted, mount := range sealedMounts {
		t.Run(mounted, func(t *testing.T) {
			e := newEngine()
			mount(e, cors.MustNew(config))
			e.GET("/sealed", func(c *gin.Context) {
				clear(c.Writer.Header())
				c.Writer.Header()["Vary"] = []string{"origin", "Accept, ORIGIN"}
				c.String(200, "body")
			})
			want := maps.Clone(granted)
			want["Vary"] = "origin, Accept"
			checkResponse(t, serve(e, "GET", "/sealed", allowed, ""), 200, want)
		})
	}
}

func TestSealWithoutRoute(t *testing.T) {
	for _, with405 := range []bool{false, true} {
		e := newEngine()
		e.HandleMethodNotAllowed = with405
		e.Use(corsgin.New(cors.MustNew(config), corsgin.Seal()), func(c *gin.Context) {
			clear(c.Writer.Header())
			c.Header("Access-Control-Allow-Origin", "*")
		})
		e.GET("/sealed", ok)
		status, body := 404, "404 page not found"
		if with405 {
			status, body = 405, "405 method not allowed"
		}
		w := serve(e, "PUT", "/sealed", allowed, "")
		checkResponse(t, w, status, granted)
		if w.Body.String() != body {
			t.Errorf("the body is %q, want gin's own, %q", w.Body, body)
		}
	}
}

func TestSealAnswersPreflights(t *testing.T) {
	for origin, want := range map[string]headers{allowed: preflightGranted, refused: preflightRefused} {
		for mounted, mount := range sealedMounts {
			t.Run(mounted+"/"+origin, func(t *testing.T) {
				e := newEngine()
				e.HandleMethodNotAllowed = true
				e.Use(func(c *gin.Context) {
					c.Header("Access-Control-Allow-Origin", "*")
					c.Header("Access-Control-Allow-Private-Network", "true")
				})
				mount(e, cors.MustNew(config))
				e.GET("/sealed", ok)
				status := 204
				if origin == refused {
					status = 403
				}
				w := serve(e, "OPTIONS", "/sealed", origin, "GET")
				checkResponse(t, w, status, want)
				checkOwnAnswer(t, w)
			})
		}
	}
}

// The decision of the inner middleware prevails, whichever of the two has Seal.
func TestSealNested(t *testing.T) {
	open := cors.MustNew(cors.Config{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"X-Outer"}})
	for _, tt := range []struct {
		name         string
		outer, inner []corsgin.Option
	}{
		{"both", []corsgin.Option{corsgin.Seal()}, []corsgin.Option{corsgin.Seal()}},
		{"outer", []corsgin.Option{corsgin.Seal()}, nil},
		{"inner", nil, []corsgin.Option{corsgin.Seal()}},
	} {
		for origin, want := range map[string]headers{allowed: granted, refused: nothing} {
			t.Run(tt.name+"/"+origin, func(t *testing.T) {
				e := newEngine()
				e.Use(corsgin.New(open, tt.outer...), func(c *gin.Context) { c.Writer = transparent{c.Writer} })
				e.GET("/items", corsgin.New(cors.MustNew(config), tt.inner...), func(c *gin.Context) { c.String(200, "body") })
				checkResponse(t, serve(e, "GET", "/items", origin, ""), 200, want)
			})
		}
	}
}

// transparent is a writer that can be looked through.
type transparent struct{ gin.ResponseWriter }

func (t transparent) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func TestSealAllocations(t *testing.T) {
	measure := func(all ...corsgin.Option) float64 {
		e := gin.New()
		e.Use(corsgin.New(cors.MustNew(config), all...))
		e.GET("/items", func(c *gin.Context) { c.Writer.WriteHeaderNow() })
		r := httptest.NewRequest("GET", "/items", nil)
		r.Header.Set("Origin", allowed)
		w := discard{}
		return allocations(func() {
			clear(w)
			e.ServeHTTP(w, r)
		})
	}
	plain, sealed := measure(), measure(corsgin.Seal())
	if plain > 1 || sealed > plain {
		t.Errorf("a request takes %v allocations, and %v with Seal; want one, and no more", plain, sealed)
	}
}

// allocations returns how many f makes at least: gin keeps contexts in a pool,
// which loses some at any time, and more under the race detector.
func allocations(f func()) float64 {
	least := testing.AllocsPerRun(1, f)
	for range 50 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

// discard is a ResponseWriter that keeps the header and nothing else.
type discard http.Header

func (d discard) Header() http.Header       { return http.Header(d) }
func (discard) WriteHeader(int)             {}
func (discard) Write(p []byte) (int, error) { return len(p), nil }

// What handlers can do on a real connection they can do with Seal too.
func TestSealOnTheWire(t *testing.T) {
	flushed := make(chan struct{})
	routes := map[string]gin.HandlerFunc{
		"/stream": func(c *gin.Context) {
			mess(c.Writer.Header())
			c.Writer.Flush()
			<-flushed
			c.Writer.WriteString("rest")
		},
		"/trailer": func(c *gin.Context) {
			c.Header("Trailer", "X-Sum")
			c.Writer.WriteString("body")
			c.Header("X-Sum", "1")
		},
		"/deadline": func(c *gin.Context) {
			if err := http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
				c.String(500, err.Error())
			}
		},
		"/hints": func(c *gin.Context) {
			mess(c.Writer.Header())
			c.Status(103)
			c.Writer.WriteHeaderNow()
			mess(c.Writer.Header())
			c.Writer.WriteString("body")
		},
		"/hints-only": func(c *gin.Context) {
			c.Status(103)
			c.Writer.WriteHeaderNow()
			mess(c.Writer.Header())
		},
		"/switch": func(c *gin.Context) {
			c.Header("Upgrade", "test")
			c.Header("Connection", "Upgrade")
			c.Status(101)
			c.Writer.WriteHeaderNow()
			conn, _, err := c.Writer.Hijack()
			if err != nil {
				panic(err)
			}
			defer conn.Close()
			io.WriteString(conn, "over")
		},
		"/hijack": func(c *gin.Context) {
			conn, _, err := http.NewResponseController(c.Writer).Hijack()
			if err != nil {
				panic(err)
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 299 Own\r\nContent-Length: 0\r\n\r\n")
		},
	}
	e := newEngine()
	e.Use(corsgin.New(cors.MustNew(config), corsgin.Seal()))
	for path, h := range routes {
		e.GET(path, h)
	}
	server := httptest.NewServer(e)
	defer server.Close()

	get := func(t *testing.T, path string) (*http.Response, []http.Header) {
		t.Helper()
		var hints []http.Header
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(_ int, h textproto.MIMEHeader) error { hints = append(hints, http.Header(h)); return nil },
		})
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", allowed)
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response, hints
	}
	sealed := func(t *testing.T, h http.Header) {
		t.Helper()
		if got := h["Access-Control-Allow-Origin"]; len(got) != 1 || got[0] != allowed {
			t.Errorf("Access-Control-Allow-Origin is %q, want %s alone", got, allowed)
		}
		if got := h["Access-Control-Allow-Credentials"]; got != nil {
			t.Errorf("Access-Control-Allow-Credentials is %q, want none", got)
		}
		if got := strings.ToLower(strings.Join(h["Vary"], ",")); strings.Count(got, "origin") != 1 {
			t.Errorf("Vary is %q, want Origin in it once", got)
		}
	}
	body := func(t *testing.T, r *http.Response, want string) {
		t.Helper()
		if got, err := io.ReadAll(r.Body); err != nil || string(got) != want {
			t.Errorf("the body is %q, %v, want %q", got, err, want)
		}
	}

	t.Run("streaming", func(t *testing.T) {
		response, _ := get(t, "/stream")
		sealed(t, response.Header)
		close(flushed)
		body(t, response, "rest")
	})
	t.Run("trailers", func(t *testing.T) {
		response, _ := get(t, "/trailer")
		sealed(t, response.Header)
		body(t, response, "body")
		if got := response.Trailer.Get("X-Sum"); got != "1" {
			t.Errorf("the trailer is %q, want 1", got)
		}
	})
	t.Run("deadlines", func(t *testing.T) {
		response, _ := get(t, "/deadline")
		sealed(t, response.Header)
		body(t, response, "")
	})
	for _, path := range []string{"/hints", "/hints-only"} {
		t.Run("informational responses"+path, func(t *testing.T) {
			response, hints := get(t, path)
			if len(hints) != 1 {
				t.Fatalf("there are %d informational responses, want one", len(hints))
			}
			sealed(t, hints[0])
			sealed(t, response.Header)
		})
	}
	t.Run("switching protocols", func(t *testing.T) {
		response, _ := get(t, "/switch")
		if response.StatusCode != 101 {
			t.Errorf("the status is %d, want 101", response.StatusCode)
		}
		sealed(t, response.Header)
		got, err := bufio.NewReader(response.Body).ReadString('r')
		if err != nil || got != "over" {
			t.Errorf("the connection says %q, %v, want over", got, err)
		}
	})
	t.Run("hijacking", func(t *testing.T) {
		if response, _ := get(t, "/hijack"); response.StatusCode != 299 {
			t.Errorf("the status is %d, want the handler's own, 299", response.StatusCode)
		}
	})
}

// A proxied upstream with CORS headers of its own is the usual reason for two
// Access-Control-Allow-Origin headers, which browsers refuse.
func TestSealBeforeReverseProxy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mess(w.Header())
		fmt.Fprint(w, "upstream")
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := gin.WrapH(httputil.NewSingleHostReverseProxy(target))
	for _, tt := range []struct {
		name string
		all  []corsgin.Option
		want []string
	}{
		{"without Seal", nil, []string{allowed, "*", "https://handler.example"}},
		{"with Seal", []corsgin.Option{corsgin.Seal()}, []string{allowed}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine()
			scopes := corsgin.Scopes(e, tt.all...)
			scopes.Group(e.Group("/proxied"), cors.MustNew(config))
			e.Any("/proxied/*path", proxy)
			server := httptest.NewServer(e)
			defer server.Close()
			r, err := http.NewRequest("GET", server.URL+"/proxied/items", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", allowed)
			response, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if got := response.Header["Access-Control-Allow-Origin"]; strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("Access-Control-Allow-Origin is %q, want %q", got, tt.want)
			}
		})
	}
}

// A time limit around the engine answers by itself, without what it has timed.
func TestTimeoutAround(t *testing.T) {
	over := make(chan struct{}) // a handler that returns at the limit may win
	defer close(over)
	for _, all := range [][]corsgin.Option{nil, {corsgin.Seal()}} {
		e := newEngine()
		e.Use(corsgin.New(cors.MustNew(config), all...))
		e.GET("/fast", func(c *gin.Context) { c.String(200, "body") })
		e.GET("/slow", func(*gin.Context) { <-over })
		limited := http.TimeoutHandler(e, time.Minute, "late")
		checkResponse(t, serve(limited, "GET", "/fast", allowed, ""), 200, granted)
		checkResponse(t, serve(limited, "OPTIONS", "/fast", allowed, "PUT"), 204, preflightGranted)
		checkResponse(t, serve(http.TimeoutHandler(e, time.Millisecond, "late"), "GET", "/slow", allowed, ""), 503, nil)
	}
}
