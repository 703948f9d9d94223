//go:build browser

package browser

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// TestCachesWithVary: an HTTP cache keeps a response for all requests to a URL,
// unless Vary says what they must agree in
// (https://www.rfc-editor.org/rfc/rfc9111#section-4.1). A response that depends on
// the origin, and be it in that there is no CORS header at all, says so:
// https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches
func TestCachesWithVary(t *testing.T) {
	const (
		app, www = "https://vary-app.example.com", "https://vary-www.example.com"
		api      = "https://vary-api.example.com"
	)
	text := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte("text"))
	})
	list := corshttp.New(cors.MustNew(cors.Config{AllowOrigins: []string{app, www}, AllowCredentials: true}))(text)
	sites := http.NewServeMux()
	sites.Handle("/corskit", list)
	sites.HandleFunc("/without-vary", func(w http.ResponseWriter, r *http.Request) { list.ServeHTTP(varyless{w}, r) })
	sites.Handle("/any", corshttp.New(cors.MustNew(cors.Config{AllowOrigins: []string{"*"}}))(text))

	// How pages load the text, and what a script gets that does: "text", "opaque" or
	// "nothing".
	type step struct{ page, how string }
	var (
		image, noCORS = step{app, "image"}, step{app, "no-cors"}
		plain, other  = step{app, "cors"}, step{www, "cors"}
		include       = step{app, "include"}
	)
	type outcome struct {
		last string // what the second step gets
		hits int    // requests that come to the server, of both steps
	}
	const apart = "it keeps responses to requests without credentials apart from others"
	tests := []struct {
		name          string
		first, second step
		path          string
		want          outcome
		code          string             // Chromium's
		differs       map[string]outcome // by engine
		why           string             // they do
	}{
		{name: "an image, then CORS", first: image, second: plain, path: "/corskit", want: outcome{"text", 2}},
		{
			name: "an image, then CORS", first: image, second: plain, path: "/without-vary", want: outcome{"nothing", 1},
			code: missing, differs: map[string]outcome{"firefox": {"text", 2}}, why: apart,
		},
		{
			name: "an image, then CORS", first: image, second: plain, path: "/any", want: outcome{"text", 1},
			differs: map[string]outcome{"firefox": {"text", 2}, "webkit": {"text", 2}}, why: apart,
		},
		{name: "an image, then CORS with credentials", first: image, second: include, path: "/corskit", want: outcome{"text", 2}},
		{
			name: "an image, then CORS with credentials", first: image, second: include, path: "/without-vary", want: outcome{"nothing", 1},
			code: missing,
		},
		{name: "no-cors, then CORS", first: noCORS, second: plain, path: "/corskit", want: outcome{"text", 2}},
		{
			name: "no-cors, then CORS", first: noCORS, second: plain, path: "/without-vary", want: outcome{"nothing", 1},
			code: missing,
		},
		{name: "no-cors, then CORS", first: noCORS, second: plain, path: "/any", want: outcome{"text", 1}},
		{name: "CORS, then no-cors", first: plain, second: noCORS, path: "/corskit", want: outcome{"opaque", 2}},
		{name: "CORS, then no-cors", first: plain, second: noCORS, path: "/any", want: outcome{"opaque", 1}},
		{name: "CORS of two origins", first: plain, second: other, path: "/corskit", want: outcome{"text", 2}},
		{
			name: "CORS of two origins", first: plain, second: other, path: "/without-vary", want: outcome{"nothing", 1},
			code: "AllowOriginMismatch",
		},
		{name: "CORS of two origins", first: plain, second: other, path: "/any", want: outcome{"text", 1}},
		// The caches do work.
		{name: "CORS twice", first: plain, second: plain, path: "/corskit", want: outcome{"text", 1}},
	}
	inEach(t, func(t *testing.T, b *bench) {
		for _, page := range []string{app, www} {
			_, err := b.tab(t.Context(), page)
			require.NoError(t, err)
		}
		var mu sync.Mutex
		hits := map[string]int{} // by URL
		serve(t, b, api, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			hits[api+r.URL.String()]++
			mu.Unlock()
			sites.ServeHTTP(w, r)
		}))
		for _, tt := range tests {
			t.Run(tt.name+tt.path, func(t *testing.T) {
				want := tt.want
				if b.engine.Name() == "webkit" {
					// Its automated sessions have no HTTP cache, so that every step asks
					// the server, and it does not show what is missing.
					want.hits = 2
					if want.last == "nothing" {
						want.last = "text"
					}
				}
				if d, ok := tt.differs[b.engine.Name()]; ok {
					t.Logf("%s: %s", b.engine.Name(), tt.why)
					want = d
				}
				b.last++
				url := fmt.Sprintf("%s%s?n=%d", api, tt.path, b.last)
				var got outcome
				for _, s := range []step{tt.first, tt.second} {
					got.last = run[string](t, b, s.page, fmt.Sprintf("const url = %q, how = %q\n%s", url, s.how, textScript))
				}
				mu.Lock()
				got.hits = hits[url]
				mu.Unlock()
				assert.Equal(t, want, got)
				if b.hasCodes() && want.last == "nothing" {
					complaint, _ := b.tabs[tt.second.page].Complaint(t.Context(), url)
					assert.Equal(t, tt.code, complaint.Code, "Chromium's code")
				}
			})
		}
	})
}

// textScript loads a text: as an image, which does not take it, or by fetch.
const textScript = `
	if (how === 'image') {
		const image = new Image()
		await new Promise((done) => { image.onload = image.onerror = done; image.src = url })
		return 'opaque'
	}
	const init = how === 'include' ? { credentials: 'include' } : { mode: how }
	return fetch(url, init).then(async (r) => await r.text() || r.type, () => 'nothing')`

// varyless leaves Vary out.
type varyless struct{ http.ResponseWriter }

func (w varyless) Write(p []byte) (int, error) {
	w.Header().Del("Vary")
	return w.ResponseWriter.Write(p)
}
