//go:build browser

package browser

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// An answered request is what a server has got and answered, whatever the version
// of HTTP.
type answered struct {
	Method, Origin, RequestMethod, RequestHeaders string

	Status int
	Header map[string][]string // those of CORS, and Vary
}

// record notes all that h answers, and the version of HTTP.
func record(h http.Handler) (recording http.Handler, recorded func() (all []answered, versions []string)) {
	var mu sync.Mutex
	var all []answered
	var versions []string
	recording = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&noting{ResponseWriter: w, note: func(status int) {
			a := answered{
				Method: r.Method, Origin: r.Header.Get("Origin"),
				RequestMethod:  r.Header.Get("Access-Control-Request-Method"),
				RequestHeaders: r.Header.Get("Access-Control-Request-Headers"),
				Status:         status, Header: map[string][]string{},
			}
			for name, values := range w.Header() {
				if conformance.IsCORSHeader(name) || name == "Vary" {
					a.Header[name] = slices.Clone(values)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all, versions = append(all, a), append(versions, r.Proto)
		}}, r)
	})
	return recording, func() ([]answered, []string) {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all), slices.Clone(versions)
	}
}

// A noting ResponseWriter tells of the header before it is sent.
type noting struct {
	http.ResponseWriter
	note  func(status int)
	noted bool
}

func (w *noting) WriteHeader(status int) {
	if !w.noted {
		w.noted = true
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *noting) Write(p []byte) (int, error) {
	if !w.noted {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

func (w *noting) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// handlerOf mounts a site and returns what its server calls; nil if it is not on
// net/http.
func handlerOf(t *testing.T, a conformance.Adapter, s conformance.Site) http.Handler {
	// A request tells which server has it, and that has the handler.
	servers := make(chan *http.Server, 1)
	asked := s
	asked.Policy = deciderFunc(func(ctx context.Context, r cors.Request) cors.Decision {
		if server, ok := ctx.Value(http.ServerContextKey).(*http.Server); ok {
			select {
			case servers <- server:
			default:
			}
		}
		return s.Policy.Decide(ctx, r)
	})
	app := a.Mount(asked)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		app.Serve(l)
	}()
	defer func() {
		require.NoError(t, app.Close())
		<-served
	}()
	response, err := http.Get("http://" + l.Addr().String() + "/items")
	require.NoError(t, err)
	response.Body.Close()
	select {
	case server := <-servers:
		return server.Handler
	default:
		return nil
	}
}

type deciderFunc func(context.Context, cors.Request) cors.Decision

func (f deciderFunc) Decide(ctx context.Context, r cors.Request) cors.Decision { return f(ctx, r) }

// TestHTTP2: over HTTP/2 there are the same CORS-preflight requests and requests, the
// same answers and the same verdicts as over HTTP/1.1, which the table is tried with.
// Fiber is not here: fasthttp has no HTTP/2.
func TestHTTP2(t *testing.T) {
	const app, evil = "https://h2-app.example.com", "https://h2-evil.example.com"
	config := cors.Config{
		AllowOrigins: []string{app}, AllowCredentials: true,
		AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-Key"}, ExposeHeaders: []string{"X-Total"},
	}
	key := http.Header{"X-Key": {"1"}}
	requests := []struct {
		name      string
		request   fetch.Request
		preflight bool
		result    map[string]fetch.Result // by origin
	}{
		{"GET", fetch.Request{Method: "GET", URL: "/items"}, false, map[string]fetch.Result{app: fetch.Readable, evil: fetch.Blocked}},
		{"GET with a header", fetch.Request{Method: "GET", URL: "/items", Header: key, Credentials: fetch.Include}, true, map[string]fetch.Result{app: fetch.Readable, evil: fetch.Blocked}},
		{"PUT", fetch.Request{Method: "PUT", URL: "/put-only"}, true, map[string]fetch.Result{app: fetch.Readable, evil: fetch.Blocked}},
		{"DELETE, which is not allowed", fetch.Request{Method: "DELETE", URL: "/items"}, true, map[string]fetch.Result{app: fetch.Blocked, evil: fetch.Blocked}},
		{"GET of an error", fetch.Request{Method: "GET", URL: "/e500"}, false, map[string]fetch.Result{app: fetch.Readable, evil: fetch.Blocked}},
		{"GET without CORS", fetch.Request{Method: "GET", URL: "/items", Mode: fetch.ModeNoCORS}, false, map[string]fetch.Result{app: fetch.Opaque, evil: fetch.Opaque}},
	}
	inEach(t, func(t *testing.T, b *bench) {
		version := "HTTP/2.0"
		if b.engine.Name() == "webkit" {
			version = "HTTP/1.1" // does not try anything else through a proxy
		}
		for _, a := range adapters.All {
			site := conformance.Site{Policy: cors.MustNew(config), Mount: conformance.Global, Routes: conformance.Routes(conformance.Global)}
			h := handlerOf(t, a, site)
			if h == nil {
				assert.Contains(t, []string{"fiber", "fiberv3"}, a.Name, "the adapters that are not on net/http")
				continue
			}
			t.Run(a.Name, func(t *testing.T) {
				for _, page := range []string{app, evil} {
					_, err := b.tab(t.Context(), page)
					require.NoError(t, err)
				}
				one, two := "https://h2-one-"+a.Name+".example.com", "https://h2-two-"+a.Name+".example.com" // HTTP/1.1 and HTTP/2
				over1, recorded1 := record(h)
				over2, recorded2 := record(h)
				_, stop, err := b.network.serve(one, conformance.HTTP(over1))
				require.NoError(t, err)
				defer func() { require.NoError(t, stop()) }()
				serve(t, b, two, over2)
				for _, tt := range requests {
					for _, page := range []string{app, evil} {
						t.Run(tt.name+"/"+strings.TrimPrefix(page, "https://"), func(t *testing.T) {
							try := func(server string, recorded func() ([]answered, []string)) (s seen, code string, all []answered, versions []string) {
								before, _ := recorded()
								r := tt.request
								r.Origin, r.URL = page, server+r.URL
								r = b.number(r)
								s, err := b.fetch(t.Context(), r)
								require.NoError(t, err)
								if b.hasCodes() && s.Result == fetch.Blocked.String() {
									complaint, _ := b.tabs[page].Complaint(t.Context(), r.URL)
									code = complaint.Code
								}
								all, versions = recorded()
								s.Headers = slices.DeleteFunc(s.Headers, func(h [2]string) bool { return strings.EqualFold(h[0], "date") })
								return s, code, all[len(before):], versions[len(before):]
							}
							want, wantedCode, wanted, versions1 := try(one, recorded1)
							got, code, gotten, versions2 := try(two, recorded2)
							assert.Equal(t, tt.result[page].String(), got.Result, "the verdict")
							assert.Equal(t, want, got, "what the script gets, against HTTP/1.1")
							assert.Equal(t, wantedCode, code, "Chromium's code, against HTTP/1.1")
							assert.Equal(t, wanted, gotten, "what the server gets and answers, against HTTP/1.1")
							if assert.NotEmpty(t, gotten) {
								assert.Equal(t, tt.preflight, gotten[0].Method == "OPTIONS", "whether there is a CORS-preflight request")
							}
							for _, v := range versions1 {
								assert.Equal(t, "HTTP/1.1", v, "the version that it is compared with")
							}
							for i, v := range versions2 {
								assert.Equal(t, version, v, "the version of %s", gotten[i].Method)
							}
						})
					}
				}
			})
		}
	})
}
