package corshttp_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// sealedHeaders are what an allowed actual request must get, whatever happens.
var sealedHeaders = http.Header{
	"Access-Control-Allow-Origin": {app}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Expose-Headers": {"X-Total"},
	"Vary": {"Origin"},
}

func corsOf(h http.Header) http.Header {
	only := http.Header{}
	for name, values := range h {
		if name == "Vary" || strings.HasPrefix(strings.ToLower(name), "access-control-") {
			only[name] = values
		}
	}
	return only
}

// with returns what sealedHeaders are with another Vary.
func withVary(vary string) http.Header {
	h := sealedHeaders.Clone()
	h.Set("Vary", vary)
	return h
}

// meddle is what handlers do to CORS headers, and worse.
func meddle(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "https://handler.example")
	h.Add("Access-Control-Allow-Origin", "*")
	h.Del("Access-Control-Allow-Credentials")
	h.Set("Access-Control-Allow-Methods", "PURGE")
	h.Set("Access-Control-Expose-Headers", "*")
	h.Set("Access-Control-Allow-Private-Network", "true")
	h["access-control-max-age"] = []string{"5"}
	h["Access-Control-"] = []string{"x"}
	h.Set("Vary", "Accept-Encoding")
}

// TestSeal checks all the ways in which a handler may write a response, over TCP.
func TestSeal(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		status  int
		body    string
		want    http.Header
	}{
		{"nothing", func(w http.ResponseWriter, r *http.Request) {}, 200, "", sealedHeaders},
		{"meddles and writes nothing", func(w http.ResponseWriter, r *http.Request) { meddle(w.Header()) }, 200, "", withVary("Accept-Encoding, Origin")},
		{"clears and writes nothing", func(w http.ResponseWriter, r *http.Request) { clear(w.Header()) }, 200, "", sealedHeaders},
		{"WriteHeader", func(w http.ResponseWriter, r *http.Request) { meddle(w.Header()); w.WriteHeader(500) }, 500, "", withVary("Accept-Encoding, Origin")},
		{"WriteHeader twice", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			meddle(w.Header())
			w.WriteHeader(200)
		}, 500, "", sealedHeaders},
		{"Write", func(w http.ResponseWriter, r *http.Request) { meddle(w.Header()); _, _ = w.Write([]byte("ab")) }, 200, "ab", withVary("Accept-Encoding, Origin")},
		{"Write, then meddle", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("a"))
			meddle(w.Header())
			_, _ = w.Write([]byte("b"))
		}, 200, "ab", sealedHeaders},
		{"WriteString", func(w http.ResponseWriter, r *http.Request) { meddle(w.Header()); _, _ = io.WriteString(w, "ab") }, 200, "ab", withVary("Accept-Encoding, Origin")},
		{"ReadFrom", func(w http.ResponseWriter, r *http.Request) {
			meddle(w.Header())
			_, _ = io.Copy(w, strings.NewReader("ab"))
		}, 200, "ab", withVary("Accept-Encoding, Origin")},
		{"Flush", func(w http.ResponseWriter, r *http.Request) { meddle(w.Header()); w.(http.Flusher).Flush() }, 200, "", withVary("Accept-Encoding, Origin")},
		{"Flush by a ResponseController", func(w http.ResponseWriter, r *http.Request) {
			meddle(w.Header())
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
		}, 200, "", withVary("Accept-Encoding, Origin")},
		{"streams", func(w http.ResponseWriter, r *http.Request) {
			meddle(w.Header())
			for _, s := range []string{"a", "b"} {
				_, _ = io.WriteString(w, s)
				w.(http.Flusher).Flush()
			}
		}, 200, "ab", withVary("Accept-Encoding, Origin")},
		{"http.Error", func(w http.ResponseWriter, r *http.Request) { meddle(w.Header()); http.Error(w, "no", 404) }, 404, "no\n", withVary("Accept-Encoding, Origin")},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			meddle(w.Header())
			http.Redirect(w, r, "/x", http.StatusTemporaryRedirect)
		}, 307, "<a href=\"/x\">Temporary Redirect</a>.\n\n", withVary("Accept-Encoding, Origin")},
		{"an early hint that clears all", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</x>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			clear(w.Header())
			w.WriteHeader(200)
		}, 200, "", sealedHeaders},
		{"a deadline by a ResponseController", func(w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(w)
			if err := errors.Join(c.EnableFullDuplex(), c.SetWriteDeadline(time.Now().Add(time.Hour))); err != nil {
				panic(err)
			}
		}, 200, "", sealedHeaders},
		{"Vary of all", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Vary", "*") }, 200, "", withVary("*")},
		{"Vary many times", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Vary"] = []string{"origin , ,Accept", "ACCEPT", ""}
			w.Header()["vary"] = []string{"Cookie"}
		}, 200, "", withVary("origin, Accept, Cookie")},
		{"Vary in the memory of another header", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Vary"] = append(w.Header()["Access-Control-Allow-Origin"][:0], "Accept")
		}, 200, "", withVary("Accept, Origin")},
		{"a header of ours beside the others", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Methods", "PUT")
		}, 200, "", sealedHeaders},
		{"the wildcard in the place of an origin", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
		}, 200, "", sealedHeaders},
		{"one of ours without a value", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Access-Control-Allow-Methods"] = nil
		}, 200, "", sealedHeaders},
		{"another name for one of ours, beside others", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Language", "en")
			w.Header()["access-control-allow-origin"] = []string{"https://handler.example"}
		}, 200, "", sealedHeaders},
		{"one of ours twice", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Access-Control-Allow-Origin", app)
		}, 200, "", sealedHeaders},
		{"a header that only looks alike", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Controls", "x")
			w.Header().Set("Very", "x")
		}, 200, "", sealedHeaders},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(corshttp.New(policy(), corshttp.Seal())(test.handler))
			defer s.Close()
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			r, _ := http.NewRequest("GET", s.URL, nil)
			r.Header.Set("Origin", app)
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != test.status || string(body) != test.body {
				t.Errorf("the response is %d %q, want %d %q", response.StatusCode, body, test.status, test.body)
			}
			if got := corsOf(response.Header); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the headers are %v, want %v", got, test.want)
			}
		})
	}
}

// TestSealOthers checks requests that are granted nothing, or answered by the
// middleware.
func TestSealOthers(t *testing.T) {
	meddling := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { meddle(w.Header()); w.WriteHeader(200) })
	tests := []struct {
		name   string
		method string
		header http.Header
		status int
		want   http.Header
	}{
		{"an origin that is not allowed", "GET", http.Header{"Origin": {"https://evil.example"}}, 200, http.Header{"Vary": {"Accept-Encoding, Origin"}}},
		{"no origin", "GET", http.Header{}, 200, http.Header{"Vary": {"Accept-Encoding, Origin"}}},
		{"a CORS-preflight request", "OPTIONS", preflight, 204, http.Header{
			"Access-Control-Allow-Origin": {app}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Allow-Methods": {"PUT"}, "Access-Control-Allow-Headers": {"X-A"}, "Access-Control-Max-Age": {"600"},
			"Vary": {"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"},
		}},
		{"another OPTIONS request", "OPTIONS", actual, 200, withVary("Accept-Encoding, Origin")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			corshttp.New(policy(), corshttp.Seal())(meddling).ServeHTTP(w, request(test.method, test.header))
			if w.Code != test.status {
				t.Errorf("the status is %d, want %d", w.Code, test.status)
			}
			if got := corsOf(w.Result().Header); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the headers are %v, want %v", got, test.want)
			}
		})
	}
}

// TestSealVaryOfAny checks a policy for which responses need not vary, with handlers
// that set Vary, or another header in a spelling of their own.
func TestSealVaryOfAny(t *testing.T) {
	anyone := cors.MustNew(cors.Config{AllowOrigins: []string{"*"}})
	for _, test := range []struct{ set, want []string }{
		{nil, nil},
		{[]string{"Accept"}, []string{"Accept"}},
		{[]string{"Accept, accept", "Cookie"}, []string{"Accept, Cookie"}},
		{[]string{"*", "Cookie"}, []string{"*"}},
	} {
		w := httptest.NewRecorder()
		corshttp.New(anyone, corshttp.Seal())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if test.set != nil {
				w.Header()["Vary"] = test.set
			} else {
				w.Header()["access-control-allow-methods"] = []string{"PUT"}
			}
		})).ServeHTTP(w, request("GET", actual))
		want := http.Header{"Access-Control-Allow-Origin": {"*"}}
		if test.want != nil {
			want["Vary"] = test.want
		}
		if got := corsOf(w.Result().Header); !reflect.DeepEqual(got, want) {
			t.Errorf("where the handler sets Vary to %q the headers are %v, want %v", test.set, got, want)
		}
	}
}

// TestSetLeavesWhatIsRight checks that headers which are right already are left as
// they are, with the slices that somebody else may hold, and what happens where one
// of them is not.
func TestSetLeavesWhatIsRight(t *testing.T) {
	d := cors.Decision{
		AllowOrigin: app, AllowCredentials: "true", AllowMethods: "PUT", AllowHeaders: "x-a", MaxAge: "5", ExposeHeaders: "X-Total", Vary: "Origin",
	}
	right := func() http.Header {
		return http.Header{
			"Access-Control-Allow-Origin": {app}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Allow-Methods": {"PUT"},
			"Access-Control-Allow-Headers": {"x-a"}, "Access-Control-Max-Age": {"5"}, "Access-Control-Expose-Headers": {"X-Total"},
			"Vary": {"Origin"}, "Content-Type": {"text/plain"}, "Content-Length": {"0"},
		}
	}
	set := func(h http.Header) {
		var s corshttp.SealedHeaders
		s.Decide(&d)
		s.Set(h)
	}
	names := slices.Collect(maps.Keys(right()))

	h := right()
	were := maps.Clone(h)
	set(h)
	for _, name := range names {
		if &h[name][0] != &were[name][0] {
			t.Errorf("the line of %s, which was right, is another now", name)
		}
	}
	for what, change := range map[string]func(h http.Header, name string){
		"is missing":   func(h http.Header, name string) { delete(h, name) },
		"has no lines": func(h http.Header, name string) { h[name] = nil },
		"is empty":     func(h http.Header, name string) { h[name] = []string{""} },
		"is another":   func(h http.Header, name string) { h[name] = []string{h[name][0] + "x"} },
		"is there twice": func(h http.Header, name string) {
			h[name] = append(h[name], h[name]...)
		},
		"is there in lower case too": func(h http.Header, name string) { h[strings.ToLower(name)] = h[name] },
	} {
		for _, name := range names {
			if strings.HasPrefix(name, "Content-") {
				continue
			}
			h, want := right(), right()
			if change(h, name); name == "Vary" && what == "is another" {
				want["Vary"] = []string{"Originx, Origin"}
			}
			set(h)
			if !reflect.DeepEqual(h, want) {
				t.Errorf("where %s %s: the headers are %q, want %q", name, what, h, want)
			}
		}
	}
}

// Where there is nothing to merge, a Decider's own Vary is set as it is written.
func TestSetKeepsTheVaryOfADecider(t *testing.T) {
	for name, h := range map[string]http.Header{"an empty header": {}, "another header": {"Content-Type": {"text/plain"}}} {
		var s corshttp.SealedHeaders
		s.Decide(&cors.Decision{Vary: "Accept,Origin"})
		s.Set(h)
		if got, want := h["Vary"], []string{"Accept,Origin"}; !reflect.DeepEqual(got, want) {
			t.Errorf("in %s Vary is %q, want %q", name, got, want)
		}
	}
}

// TestSealNested mounts one policy inside of another: the inner one prevails,
// whichever of them is sealed, and through other writers.
func TestSealNested(t *testing.T) {
	outer := cors.MustNew(cors.Config{AllowOrigins: []string{app}, ExposeHeaders: []string{"X-Outer"}})
	through := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(unwrapping{w}, r) })
	}
	meddling := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Vary", "Accept-Encoding") })
	seal := corshttp.Seal()
	tests := []struct {
		name    string
		handler http.Handler
		vary    string
	}{
		{"the outer one", corshttp.New(outer, seal)(corshttp.New(policy())(meddling)), "Accept-Encoding, Origin"},
		{"the inner one", corshttp.New(outer)(corshttp.New(policy(), seal)(meddling)), "Accept-Encoding, Origin"},
		{"both", corshttp.New(outer, seal)(corshttp.New(policy(), seal)(meddling)), "Accept-Encoding, Origin"},
		{"the outer one, through a writer", corshttp.New(outer, seal)(through(corshttp.New(policy())(meddling))), "Accept-Encoding, Origin"},
		{"the outermost of three", corshttp.New(outer, seal)(through(corshttp.New(outer, seal)(corshttp.New(policy())(meddling)))), "Accept-Encoding, Origin"},
		{"the outer one, where all is cleared between", corshttp.New(outer, seal)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			clear(w.Header())
			corshttp.New(policy())(meddling).ServeHTTP(w, r)
		})), "Accept-Encoding, Origin"},
		{"the outer one, which decides nothing", corshttp.New(decides(func() {}), seal)(corshttp.New(policy())(meddling)), "Accept-Encoding, Origin"},
		{"none", corshttp.New(outer)(corshttp.New(policy())(meddling)), "Accept-Encoding"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			test.handler.ServeHTTP(w, request("GET", actual))
			if got, want := corsOf(w.Result().Header), withVary(test.vary); !reflect.DeepEqual(got, want) {
				t.Errorf("the headers are %v, want %v", got, want)
			}
		})
	}
}

type unwrapping struct{ http.ResponseWriter }

func (u unwrapping) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// TestSealProxy puts a reverse proxy behind the middleware whose upstream has
// CORS headers of its own, sends an early hint, and clears what was there.
func TestSealProxy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		meddle(w.Header())
		w.Header().Add("Vary", "Origin")
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "ab")
		w.Header().Set("X-Sum", "2")
	}))
	defer upstream.Close()
	u, _ := url.Parse(upstream.URL)
	for _, test := range []struct {
		name    string
		options []corshttp.Option
		origins int
	}{{"with Seal", []corshttp.Option{corshttp.Seal()}, 1}, {"without", nil, 2}} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(corshttp.New(policy(), test.options...)(httputil.NewSingleHostReverseProxy(u)))
			defer s.Close()
			r, _ := http.NewRequest("GET", s.URL, nil)
			r.Header.Set("Origin", app)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			if string(body) != "ab" || response.Trailer.Get("X-Sum") != "2" {
				t.Errorf("the body is %q and the trailer %v", body, response.Trailer)
			}
			if got := len(response.Header["Access-Control-Allow-Origin"]); got < test.origins {
				t.Errorf("there are %d origins, want at least %d", got, test.origins)
			}
			if got, want := corsOf(response.Header), withVary("Accept-Encoding, Origin"); test.options != nil && !reflect.DeepEqual(got, want) {
				t.Errorf("the headers are %v, want %v", got, want)
			}
		})
	}
}

// TestSealLate checks what leaves with responses whose header seems to have left,
// or is written by somebody further out.
func TestSealLate(t *testing.T) {
	evil := func(w http.ResponseWriter) {
		w.Header().Set("Access-Control-Allow-Origin", "https://evil.example")
		w.Header().Del("Vary")
	}
	sealed := func(h http.HandlerFunc) http.Handler { return corshttp.New(policy(), corshttp.Seal())(h) }
	recovering := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if recover() != nil {
					w.WriteHeader(500)
				}
			}()
			h.ServeHTTP(w, r)
		})
	}
	tests := []struct {
		name    string
		handler http.Handler
	}{
		{"a panic that is recovered outside", recovering(sealed(func(w http.ResponseWriter, r *http.Request) { evil(w); panic(1) }))},
		{"a panic after all is cleared", recovering(sealed(func(w http.ResponseWriter, r *http.Request) { clear(w.Header()); panic(1) }))},
		{"nothing is copied", sealed(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("")})
			evil(w)
			w.WriteHeader(404)
		})},
		{"nothing is copied, and nothing written", sealed(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("")})
			evil(w)
		})},
		{"a flush that is not supported", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sealed(func(w http.ResponseWriter, r *http.Request) {
				_ = http.NewResponseController(w).Flush()
				evil(w)
				w.WriteHeader(200)
			}).ServeHTTP(bareWriter{w}, r)
		})},
		{"a writer that holds the header back", http.TimeoutHandler(sealed(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200); evil(w) }), time.Minute, "")},
		{"a status that is none", sealed(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				_ = recover()
				evil(w)
				w.WriteHeader(500)
			}()
			w.WriteHeader(1000)
		})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(test.handler)
			defer s.Close()
			r, _ := http.NewRequest("GET", s.URL, nil)
			r.Header.Set("Origin", app)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := corsOf(response.Header); !reflect.DeepEqual(got, sealedHeaders) {
				t.Errorf("the headers are %v, want %v", got, sealedHeaders)
			}
		})
	}
}

// TestSealUpgrade switches protocols through a reverse proxy, which hijacks the
// connection and writes the header by itself.
func TestSealUpgrade(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_ = buffered.Flush()
		line, _ := buffered.ReadString('\n')
		_, _ = io.WriteString(conn, line)
	}))
	defer upstream.Close()
	u, _ := url.Parse(upstream.URL)
	s := httptest.NewServer(corshttp.New(policy(), corshttp.Seal())(httputil.NewSingleHostReverseProxy(u)))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // or else a failure would hang
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: a\r\nOrigin: %s\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", app)
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 101 {
		t.Errorf("the response is %d, want 101", response.StatusCode)
	}
	_, _ = io.WriteString(conn, "hello\n")
	if line, err := in.ReadString('\n'); line != "hello\n" {
		t.Errorf("the connection says %q, %v", line, err)
	}
}

// TestSealInterfaces checks that a handler finds the methods that the server's
// own writer has, and no others.
func TestSealInterfaces(t *testing.T) {
	type all struct{ flusher, flushErrorer, hijacker, pusher, stringWriter, readerFrom bool }
	of := func(w http.ResponseWriter) (is all) {
		_, is.flusher = w.(http.Flusher)
		_, is.flushErrorer = w.(interface{ FlushError() error })
		_, is.hijacker = w.(http.Hijacker)
		_, is.pusher = w.(http.Pusher)
		_, is.stringWriter = w.(io.StringWriter)
		_, is.readerFrom = w.(io.ReaderFrom)
		return is
	}
	tests := []struct {
		name string
		w    http.ResponseWriter
		want all
	}{
		{"none", bareWriter{httptest.NewRecorder()}, all{flushErrorer: true, stringWriter: true, readerFrom: true}},
		{"a flusher", httptest.NewRecorder(), all{flusher: true, flushErrorer: true, stringWriter: true, readerFrom: true}},
		{"HTTP/1.1", http1{httptest.NewRecorder(), nil}, all{flusher: true, flushErrorer: true, hijacker: true, stringWriter: true, readerFrom: true}},
		{"HTTP/2", http2{httptest.NewRecorder(), nil}, all{flusher: true, flushErrorer: true, pusher: true, stringWriter: true, readerFrom: true}},
		{"all", http12{httptest.NewRecorder(), nil, nil}, all{flusher: true, flushErrorer: true, hijacker: true, pusher: true, stringWriter: true, readerFrom: true}},
		{"a hijacker", onlyHijacker{bareWriter{httptest.NewRecorder()}, nil}, all{flushErrorer: true, hijacker: true, stringWriter: true, readerFrom: true}},
		{"a pusher", onlyPusher{bareWriter{httptest.NewRecorder()}, nil}, all{flushErrorer: true, pusher: true, stringWriter: true, readerFrom: true}},
		{"a hijacker and pusher", hijackerPusher{bareWriter{httptest.NewRecorder()}, nil, nil}, all{flushErrorer: true, hijacker: true, pusher: true, stringWriter: true, readerFrom: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			corshttp.New(policy(), corshttp.Seal())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got := of(w); got != test.want {
					t.Errorf("the handler finds %+v, want %+v", got, test.want)
				}
				if p, ok := w.(http.Pusher); ok && p.Push("/x", nil) != errPushed {
					t.Error("Push does not reach the server's writer")
				}
				if h, ok := w.(http.Hijacker); ok {
					if _, _, err := h.Hijack(); err != errHijacked {
						t.Errorf("Hijack does not reach the server's writer: %v", err)
					}
				}
			})).ServeHTTP(test.w, request("GET", actual))
		})
	}
	t.Run("a writer that cannot flush", func(t *testing.T) {
		corshttp.New(policy(), corshttp.Seal())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("Flush returns %v, want that it is not supported", err)
			}
		})).ServeHTTP(bareWriter{httptest.NewRecorder()}, request("GET", actual))
	})
}

var errPushed, errHijacked = errors.New("pushed"), errors.New("hijacked")

type (
	pusher   struct{}
	hijacker struct{}
	http1    struct {
		*httptest.ResponseRecorder
		*hijacker
	}
	http2 struct {
		*httptest.ResponseRecorder
		*pusher
	}
	http12 struct {
		*httptest.ResponseRecorder
		*pusher
		*hijacker
	}
	bareWriter   struct{ http.ResponseWriter }
	onlyHijacker struct {
		bareWriter
		*hijacker
	}
	onlyPusher struct {
		bareWriter
		*pusher
	}
	hijackerPusher struct {
		bareWriter
		*hijacker
		*pusher
	}
)

func (*pusher) Push(string, *http.PushOptions) error           { return errPushed }
func (*hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errHijacked }

// TestSealAllocations compares the middleware with and without Seal: no allocation
// may be added, but for two where Vary is merged.
func TestSealAllocations(t *testing.T) {
	varies := []string{"Accept-Encoding"}
	nothing := func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) }
	setsVary := func(w http.ResponseWriter, r *http.Request) { w.Header()["Vary"] = varies; w.WriteHeader(200) }
	for _, test := range []struct {
		name    string
		header  http.Header
		handler http.HandlerFunc
		more    float64
	}{
		{"allowed", actual, nothing, 0},
		{"refused", http.Header{"Origin": {"https://evil.example"}}, nothing, 0},
		{"no origin", http.Header{}, nothing, 0},
		{"a handler that sets Vary", actual, setsVary, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			allocations := func(h http.Handler) float64 {
				w, r := &bare{header: http.Header{}}, request("GET", test.header)
				return testing.AllocsPerRun(100, func() {
					clear(w.header)
					h.ServeHTTP(w, r)
				})
			}
			without := allocations(corshttp.New(policy())(test.handler))
			if with := allocations(corshttp.New(policy(), corshttp.Seal())(test.handler)); with > without+test.more {
				t.Errorf("there are %v allocations with Seal and %v without, want at most %v more", with, without, test.more)
			}
		})
	}
}

// bare has what net/http's own writer has, so that nothing is spared.
type bare struct {
	header http.Header
	*hijacker
}

func (b *bare) Flush() {}

func (b *bare) Header() http.Header         { return b.header }
func (b *bare) Write(p []byte) (int, error) { return len(p), nil }
func (b *bare) WriteHeader(int)             {}
