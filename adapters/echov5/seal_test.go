package corsecho_test

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	corsecho "github.com/corskit/corskit/adapters/echov5"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// spoil does to headers whatever a handler could.
func spoil(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Add("Access-Control-Allow-Origin", "https://other.example")
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Del("Access-Control-Expose-Headers")
	h["access-control-allow-methods"] = []string{"FROB"}
	h.Set("Access-Control-Allow-Private-Network", "true")
	h.Set("Vary", "Accept-Encoding")
}

// sealed is what responses have after all.
var (
	sealed        = headers{"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": "X-Total", "Vary": "Accept-Encoding, Origin"}
	sealedNothing = headers{"Vary": "Accept-Encoding, Origin"}
)

func TestSeal(t *testing.T) {
	clearing := func(e *echo.Echo) {
		e.HTTPErrorHandler = func(c *echo.Context, _ error) {
			clear(c.Response().Header())
			spoil(c.Response().Header())
			_ = c.JSON(500, "error")
		}
	}
	none := func(*echo.Echo) {}
	for _, tt := range []struct {
		name    string
		prepare func(*echo.Echo)
		handler echo.HandlerFunc
		status  int
	}{
		{"writes a body", none, func(c *echo.Context) error { return c.String(200, "body") }, 200},
		{"writes none", none, func(c *echo.Context) error { return c.NoContent(202) }, 202},
		{"writes JSON", none, func(c *echo.Context) error { return c.JSON(201, "body") }, 201},
		{"writes nothing at all", none, func(*echo.Context) error { return nil }, 200},
		{"streams", none, func(c *echo.Context) error { return c.Stream(200, "text/plain", strings.NewReader("body")) }, 200},
		{"redirects", none, func(c *echo.Context) error { return c.Redirect(302, "/") }, 302},
		{"flushes alone", none, func(c *echo.Context) error { responseOf(c).Flush(); return nil }, 200},
		{"flushes through a controller", none, func(c *echo.Context) error { return http.NewResponseController(c.Response()).Flush() }, 200},
		{"writes to the Writer", none, func(c *echo.Context) error {
			_, err := writerOf(c).Write([]byte("body"))
			return err
		}, 200},
		{"writes a string to the Writer", none, func(c *echo.Context) error {
			_, err := io.WriteString(writerOf(c), "body")
			return err
		}, 200},
		{"copies to the Writer", none, func(c *echo.Context) error {
			_, err := writerOf(c).(io.ReaderFrom).ReadFrom(strings.NewReader("body"))
			return err
		}, 200},
		{"flushes the Writer", none, func(c *echo.Context) error { writerOf(c).(http.Flusher).Flush(); return nil }, 200},
		{"serves by net/http", none, echo.WrapHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			spoil(w.Header())
			http.Error(w, "not here", 410)
		})), 410},
		{"returns an error", none, func(*echo.Context) error { return echo.NewHTTPError(418, "") }, 418},
		{"returns any error", none, func(*echo.Context) error { return errors.New("no reason") }, 500},
		{"panics", none, func(*echo.Context) error { panic("the handler panics") }, 500},
		{"returns an error to a handler that clears headers", clearing, func(*echo.Context) error { return echo.NewHTTPError(418, "") }, 500},
		{"calls that handler", clearing, func(c *echo.Context) error { failNow(c, echo.NewHTTPError(418, "")); return nil }, 500},
		{"panics, with such a handler", clearing, func(*echo.Context) error { panic("the handler panics") }, 500},
	} {
		for _, around := range []struct {
			name string
			use  []echo.MiddlewareFunc
		}{
			{"alone", nil},
			{"inside of Gzip", []echo.MiddlewareFunc{middleware.Gzip()}},
			{"inside of net/http's", []echo.MiddlewareFunc{echo.WrapMiddleware(func(h http.Handler) http.Handler { return h })}},
		} {
			for origin, want := range map[string]headers{allowed: sealed, refused: sealedNothing} {
				t.Run(tt.name+"/"+around.name+"/"+origin, func(t *testing.T) {
					e := newServer()
					tt.prepare(e)
					e.Use(around.use...)
					e.Use(corsecho.New(cors.MustNew(config), corsecho.Seal()))
					e.Use(middleware.Recover())
					e.GET("/", func(c *echo.Context) error {
						spoil(c.Response().Header())
						return tt.handler(c)
					})
					checkResponse(t, serve(e, "GET", "/", origin, ""), tt.status, want)
				})
			}
		}
	}
}

func TestSealOfScopes(t *testing.T) {
	e := newServer()
	corsecho.Scopes(e, corsecho.Seal()).Group(e.Group("/api"), cors.MustNew(config))
	handler := func(c *echo.Context) error {
		spoil(c.Response().Header())
		return c.NoContent(200)
	}
	e.GET("/api/items", handler)
	e.GET("/other", handler)
	checkResponse(t, serve(e, "GET", "/api/items", allowed, ""), 200, sealed)
	if got := serve(e, "GET", "/other", allowed, "").Header().Values("Access-Control-Allow-Origin"); len(got) != 2 {
		t.Errorf("outside of every scope the origins are %q, want what the handler set", got)
	}
}

// An answer of the policy's own is sealed against what outer middleware adds to it
// when the header is written.
func TestSealOfOwnAnswers(t *testing.T) {
	e := newServer()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			beforeWriting(c, func() { spoil(c.Response().Header()) })
			return next(c)
		}
	})
	e.Use(corsecho.New(cors.MustNew(config), corsecho.Seal()))
	e.PUT("/", never(t))
	w := serve(e, "OPTIONS", "/", allowed, "PUT")
	want := maps.Clone(preflightGranted)
	want["Vary"] = "Accept-Encoding, " + want["Vary"]
	checkResponse(t, w, 204, want)
}

// The inner decision prevails, whichever of the two is sealed, and wherever the
// outer one is.
func TestNested(t *testing.T) {
	outer := cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, ExposeHeaders: []string{"X-Outer"}})
	inner := cors.MustNew(config)
	seal := []corsecho.Option{corsecho.Seal()}
	for _, tt := range []struct {
		name         string
		outer, inner []corsecho.Option
	}{
		{"none sealed", nil, nil},
		{"outer sealed", seal, nil},
		{"inner sealed", nil, seal},
		{"both sealed", seal, seal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newServer()
			e.Use(corsecho.New(outer, tt.outer...), middleware.Gzip())
			g := e.Group("/api", corsecho.New(inner, tt.inner...))
			g.GET("/items", func(c *echo.Context) error { return c.NoContent(200) })
			g.GET("/nothing", func(c *echo.Context) error { return nil })
			e.GET("/other", func(c *echo.Context) error { return c.NoContent(200) })
			want := headers{"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": "X-Total", "Vary": "Origin, Accept-Encoding"}
			checkResponse(t, serve(e, "GET", "/api/items", allowed, ""), 200, want)
			checkResponse(t, serve(e, "GET", "/api/nothing", allowed, ""), 200, want)
			checkResponse(t, serve(e, "GET", "/api/nowhere", allowed, ""), 404, want)
			want["Access-Control-Expose-Headers"] = "X-Outer"
			checkResponse(t, serve(e, "GET", "/other", allowed, ""), 200, want)
			checkResponse(t, serve(e, "GET", "/nowhere", allowed, ""), 404, want)
		})
	}
	t.Run("an outer policy that grants nothing", func(t *testing.T) {
		e := newServer()
		e.Use(corsecho.New((*cors.Policy)(nil), corsecho.Seal()), corsecho.New(inner))
		e.GET("/items", func(c *echo.Context) error { return c.NoContent(200) })
		checkResponse(t, serve(e, "GET", "/items", allowed, ""), 200, granted)
	})
}

// Policies of corshttp, around the server or in its middleware, are not different.
func TestNestedWithCorshttp(t *testing.T) {
	outer := cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, ExposeHeaders: []string{"X-Outer"}})
	inner := cors.MustNew(config)
	e := newServer()
	e.Use(corsecho.New(inner))
	e.GET("/items", func(c *echo.Context) error { return c.NoContent(200) })
	checkResponse(t, serve(corshttp.New(outer, corshttp.Seal())(e), "GET", "/items", allowed, ""), 200, granted)

	e = newServer()
	e.Use(corsecho.New(outer, corsecho.Seal()), echo.WrapMiddleware(corshttp.New(inner)))
	e.GET("/items", func(c *echo.Context) error { return c.NoContent(200) })
	checkResponse(t, serve(e, "GET", "/items", allowed, ""), 200, granted)
}

// What is recovered from further out is sealed as well.
func TestSealOfPanicsRecoveredOutside(t *testing.T) {
	e := newServer() // which recovers
	e.Use(middleware.Gzip(), corsecho.New(cors.MustNew(config), corsecho.Seal()))
	e.GET("/", func(c *echo.Context) error {
		spoil(c.Response().Header())
		panic("the handler panics")
	})
	checkResponse(t, serve(e, "GET", "/", allowed, ""), 500, sealed)
}

// What is written late, or by somebody further out, leaves with the headers too.
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
	hiding := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(struct{ http.ResponseWriter }{w}, r) })
	}
	again := func(c *echo.Context, write func(http.ResponseWriter)) {
		defer func() {
			_ = recover()
			spoil(c.Response().Header())
			write(writerOf(c))
		}()
		writerOf(c).WriteHeader(1000)
	}
	for _, tt := range []struct {
		name   string
		around func(http.Handler) http.Handler
		handle func(c *echo.Context)
	}{
		{"a panic that is recovered outside of echo", recovering, func(*echo.Context) { panic("the handler panics") }},
		{"a writer that holds the header back", limited, func(c *echo.Context) { c.Response().WriteHeader(200) }},
		{"a writer that holds the body back", limited, func(c *echo.Context) { _, _ = io.WriteString(c.Response(), "body") }},
		{"a flush that is not supported", hiding, func(c *echo.Context) {
			_ = http.NewResponseController(writerOf(c)).Flush()
			spoil(c.Response().Header())
			writerOf(c).WriteHeader(200)
		}},
		{"nothing is copied", alone, func(c *echo.Context) {
			_, _ = io.Copy(writerOf(c), struct{ io.Reader }{strings.NewReader("")})
			spoil(c.Response().Header())
			c.Response().WriteHeader(200)
		}},
		{"a status that is none", alone, func(c *echo.Context) { again(c, func(w http.ResponseWriter) { w.WriteHeader(200) }) }},
		{"a status that is none, and a body", alone, func(c *echo.Context) { again(c, func(w http.ResponseWriter) { _, _ = w.Write([]byte("body")) }) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := echo.New()
			e.Use(corsecho.New(cors.MustNew(config), corsecho.Seal()))
			e.GET("/", func(c *echo.Context) error {
				spoil(c.Response().Header())
				defer spoil(c.Response().Header())
				tt.handle(c)
				return nil
			})
			checkResponse(t, serve(tt.around(e), "GET", "/", allowed, ""), 200, sealed)
		})
	}
}

// mistake: an upstream with a policy of its own, of which browsers refuse two
// origins. Seal leaves one.
func TestSealInFrontOfProxy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		spoil(w.Header())
		w.Header().Set("X-Upstream", "1")
		_, _ = io.WriteString(w, "from upstream")
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxies := map[string]func(*echo.Echo){
		"net/http": func(e *echo.Echo) { e.Any("/*", echo.WrapHandler(httputil.NewSingleHostReverseProxy(target))) },
		"echo": func(e *echo.Echo) {
			e.Use(middleware.Proxy(middleware.NewRoundRobinBalancer([]*middleware.ProxyTarget{{URL: target}})))
		},
	}
	for name, mount := range proxies {
		t.Run(name, func(t *testing.T) {
			for _, tt := range []struct {
				name    string
				options []corsecho.Option
				origins int
			}{
				{"sealed", []corsecho.Option{corsecho.Seal()}, 1},
				{"not sealed", nil, 3},
			} {
				e := newServer()
				e.Use(corsecho.New(cors.MustNew(config), tt.options...))
				mount(e)
				server := httptest.NewServer(e)
				defer server.Close()
				r, _ := http.NewRequest("GET", server.URL+"/items", nil)
				r.Header.Set("Origin", allowed)
				answer, err := server.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(answer.Body)
				answer.Body.Close()
				if answer.Header.Get("X-Upstream") == "" || string(body) != "from upstream" {
					t.Errorf("%s, the upstream did not answer: %q", tt.name, body)
				}
				if got := answer.Header["Access-Control-Allow-Origin"]; len(got) != tt.origins || tt.origins == 1 && got[0] != allowed {
					t.Errorf("%s, the response has the origins %q, want %d", tt.name, got, tt.origins)
				}
			}
		})
	}
}

// get sends a request to a server, on a connection of its own, and returns the
// response as it came.
func get(t *testing.T, server *httptest.Server) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: api.example.com\r\nOrigin: "+allowed+"\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

func sealedServer(t *testing.T, handler echo.HandlerFunc) *httptest.Server {
	e := newServer()
	e.Use(corsecho.New(cors.MustNew(config), corsecho.Seal()))
	e.GET("/", func(c *echo.Context) error {
		spoil(c.Response().Header())
		return handler(c)
	})
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return server
}

func checkSealed(t *testing.T, what string, h map[string][]string) {
	t.Helper()
	if got := h["Access-Control-Allow-Origin"]; !slices.Equal(got, []string{allowed}) {
		t.Errorf("%s has the origins %q, want %q alone", what, got, allowed)
	}
	if got := h["Vary"]; !slices.Equal(got, []string{"Accept-Encoding, Origin"}) {
		t.Errorf("%s has Vary %q, want each member once", what, got)
	}
}

func TestSealStreams(t *testing.T) {
	goOn := make(chan bool)
	server := sealedServer(t, func(c *echo.Context) error {
		c.Response().Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(c.Response(), "first")
		http.NewResponseController(c.Response()).Flush()
		<-goOn
		_, err := io.WriteString(c.Response(), "second")
		c.Response().Header().Set("X-Sum", "42")
		return err
	})
	_, from := get(t, server)
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkSealed(t, "the stream", answer.Header)
	first := make([]byte, 5)
	if _, err := io.ReadFull(answer.Body, first); err != nil || string(first) != "first" {
		t.Errorf("before the handler goes on there is %q, %v, want the first part", first, err)
	}
	close(goOn)
	rest, err := io.ReadAll(answer.Body)
	if err != nil || string(rest) != "second" || answer.Trailer.Get("X-Sum") != "42" {
		t.Errorf("then there is %q, %v, and the trailer %v", rest, err, answer.Trailer)
	}
}

func TestSealOfInformationalResponses(t *testing.T) {
	server := sealedServer(t, func(c *echo.Context) error {
		writerOf(c).Header().Set("Link", "</style.css>; rel=preload")
		writerOf(c).WriteHeader(http.StatusEarlyHints)
		spoil(c.Response().Header())
		return c.String(200, "body")
	})
	_, from := get(t, server)
	lines := textproto.NewReader(from)
	for _, status := range []string{"103", "200"} {
		line, err := lines.ReadLine()
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+status) {
			t.Fatalf("the status line is %q, %v, want %s", line, err, status)
		}
		h, err := lines.ReadMIMEHeader()
		if err != nil {
			t.Fatal(err)
		}
		checkSealed(t, "the response with "+status, h)
	}
}

func TestSealLetsHijack(t *testing.T) {
	for name, hijack := range map[string]func(*echo.Context) (net.Conn, *bufio.ReadWriter, error){
		"by the response": func(c *echo.Context) (net.Conn, *bufio.ReadWriter, error) { return hijackerOf(c).Hijack() },
		"by the Writer": func(c *echo.Context) (net.Conn, *bufio.ReadWriter, error) {
			return writerOf(c).(http.Hijacker).Hijack()
		},
		"by the controller": func(c *echo.Context) (net.Conn, *bufio.ReadWriter, error) {
			return http.NewResponseController(c.Response()).Hijack()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := sealedServer(t, func(c *echo.Context) error {
				if err := http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
					t.Errorf("the controller fails: %v", err)
				}
				conn, _, err := hijack(c)
				if err != nil {
					return err
				}
				defer conn.Close()
				_, err = io.WriteString(conn, "hello\n")
				return err
			})
			_, from := get(t, server)
			if line, err := from.ReadString('\n'); err != nil || line != "hello\n" {
				t.Errorf("the connection says %q, %v", line, err)
			}
		})
	}
}

// What the handler gets has the methods that the server's own writer has.
func TestSealHasWhatTheServerHas(t *testing.T) {
	type flusher struct {
		http.ResponseWriter
		http.Flusher
	}
	type pusher struct {
		flusher
		http.Pusher
	}
	type hijacker struct {
		flusher
		http.Hijacker
	}
	var push pushes
	for name, w := range map[string]http.ResponseWriter{
		"nothing":  discard{},
		"flusher":  flusher{discard{}, httptest.NewRecorder()},
		"pusher":   pusher{flusher{discard{}, httptest.NewRecorder()}, &push},
		"hijacker": hijacker{flusher{discard{}, httptest.NewRecorder()}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := echo.New()
			e.Use(corsecho.New(cors.MustNew(config), corsecho.Seal()))
			e.GET("/", func(c *echo.Context) error {
				got := writerOf(c)
				_, wantFlush := w.(http.Flusher)
				_, wantPush := w.(http.Pusher)
				_, wantHijack := w.(http.Hijacker)
				_, canFlush := got.(http.Flusher)
				p, canPush := got.(http.Pusher)
				_, canHijack := got.(http.Hijacker)
				if canFlush != wantFlush || canPush != wantPush || canHijack != wantHijack {
					t.Errorf("it can flush %t, push %t, hijack %t, want %t, %t, %t", canFlush, canPush, canHijack, wantFlush, wantPush, wantHijack)
				}
				if canPush && (p.Push("/style.css", nil) != nil || push != "/style.css") {
					t.Errorf("what was pushed is %q", push)
				}
				return c.NoContent(200)
			})
			r := httptest.NewRequest("GET", "/", nil)
			e.ServeHTTP(w, r)
		})
	}
}

type pushes string

func (p *pushes) Push(target string, _ *http.PushOptions) error {
	*p = pushes(target)
	return nil
}

// A server that cannot flush is not made to seem able to.
func TestSealReportsWhatIsNotSupported(t *testing.T) {
	e := echo.New()
	e.Use(corsecho.New(cors.MustNew(config), corsecho.Seal()))
	e.GET("/", func(c *echo.Context) error {
		if err := http.NewResponseController(writerOf(c)).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("flushing says %v, want that it is not supported", err)
		}
		return nil
	})
	e.ServeHTTP(discard{}, httptest.NewRequest("GET", "/", nil))
}

// Around the server Seal of corshttp does the same, and more: what is inside of it
// does not matter.
func TestSealOutside(t *testing.T) {
	e := newServer()
	e.GET("/", func(c *echo.Context) error {
		spoil(c.Response().Header())
		return c.NoContent(200)
	})
	around := corshttp.New(cors.MustNew(config), corshttp.Seal())(e)
	checkResponse(t, serve(around, "GET", "/", allowed, ""), 200, sealed)
}
