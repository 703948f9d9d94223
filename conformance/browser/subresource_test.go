//go:build browser

package browser

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// A load is how a page comes to load something, with a script that tells what the
// page gets.
type load struct {
	name, path, script string

	// How it is requested, of another origin.
	mode            string // the request's, as Sec-Fetch-Mode has it
	origin, cookies bool   // whether it has them

	// What the page gets of a server that allows its origin with credentials, of
	// one that does not allow it, and of one that allows "*".
	allowed, refused, any string

	// Codes of Chromium, for what the page does not get.
	refusedCode, anyCode string

	differs map[string]difference // by engine
}

// A difference is what an engine does otherwise, and why.
type difference struct {
	why    string
	change func(*load)
}

var fontsAreNoCORS = difference{
	"it loads fonts with the mode \"no-cors\", against https://drafts.csswg.org/css-fonts/#font-fetching-requirements",
	func(l *load) {
		l.mode, l.origin, l.cookies = "no-cors", false, true
		l.refused = l.allowed
	},
}

const (
	missing  = "MissingAllowOriginHeader"
	wildcard = "WildcardOriginNotAllowed"
)

const imageScript = `
	const image = new Image()
	if (crossOrigin !== null) image.crossOrigin = crossOrigin
	await new Promise((done) => { image.onload = image.onerror = done; image.src = url })
	if (image.naturalWidth === 0) return 'nothing'
	const context = document.createElement('canvas').getContext('2d')
	context.drawImage(image, 0, 0)
	try {
		context.getImageData(0, 0, 1, 1)
		return 'its pixels'
	} catch (e) {
		return 'an image that taints the canvas'
	}`

const elementScript = `
	Object.assign(element, what)
	const events = []
	const hear = (e) => { e.preventDefault(); events.push(e.message.includes('told') ? 'errors that are told' : 'errors that are muted') }
	addEventListener('error', hear)
	await new Promise((done) => { element.onload = element.onerror = (e) => { if (e.type === 'error') events.push('nothing'); done() }; document.head.append(element) })
	removeEventListener('error', hear)
	element.remove()
	return events.join()`

const styleScript = `
	const link = Object.assign(document.createElement('link'), what)
	const got = await new Promise((done) => {
		link.onerror = () => done('nothing')
		link.onload = () => {
			try {
				done(link.sheet.cssRules.length + ' rule')
			} catch (e) {
				done('a style that no script reads')
			}
		}
		document.head.append(link)
	})
	link.remove()
	return got`

var loads = []load{
	{
		name: "an image", path: "/image", script: `const crossOrigin = null` + imageScript,
		mode: "no-cors", cookies: true,
		allowed: "an image that taints the canvas", refused: "an image that taints the canvas", any: "an image that taints the canvas",
	},
	{
		name: "an image with crossorigin=anonymous", path: "/image", script: `const crossOrigin = 'anonymous'` + imageScript,
		mode: "cors", origin: true,
		allowed: "its pixels", refused: "nothing", any: "its pixels", refusedCode: missing,
	},
	{
		name: "an image with crossorigin=use-credentials", path: "/image", script: `const crossOrigin = 'use-credentials'` + imageScript,
		mode: "cors", origin: true, cookies: true,
		allowed: "its pixels", refused: "nothing", any: "nothing", refusedCode: missing, anyCode: wildcard,
	},
	{
		name: "a FontFace", path: "/font",
		script: `return new FontFace('of-a-script', 'url("' + url + '")').load().then(() => 'a font', () => 'nothing')`,
		mode:   "cors", origin: true,
		allowed: "a font", refused: "nothing", any: "a font", refusedCode: missing,
		differs: map[string]difference{"webkit": fontsAreNoCORS},
	},
	{
		name: "@font-face", path: "/font",
		script: `
			const style = document.createElement('style')
			style.textContent = '@font-face { font-family: of-a-style; src: url("' + url + '") }'
			document.head.append(style)
			await document.fonts.load('16px of-a-style').catch(() => {})
			const font = [...document.fonts].find((f) => f.family.includes('of-a-style'))
			style.remove()
			return font.status === 'loaded' ? 'a font' : 'nothing'`,
		mode: "cors", origin: true,
		allowed: "a font", refused: "nothing", any: "a font", refusedCode: missing,
		differs: map[string]difference{"webkit": fontsAreNoCORS},
	},
	{
		name: "a style sheet", path: "/style", script: `const what = { rel: 'stylesheet', href: url }` + styleScript,
		mode: "no-cors", cookies: true,
		allowed: "a style that no script reads", refused: "a style that no script reads", any: "a style that no script reads",
	},
	{
		name: "a style sheet with crossorigin", path: "/style", script: `const what = { rel: 'stylesheet', href: url, crossOrigin: 'anonymous' }` + styleScript,
		mode: "cors", origin: true,
		allowed: "1 rule", refused: "nothing", any: "1 rule", refusedCode: missing,
	},
	{
		name: "a classic script", path: "/script",
		script: `const element = document.createElement('script'), what = { src: url }` + elementScript,
		mode:   "no-cors", cookies: true,
		allowed: "errors that are muted", refused: "errors that are muted", any: "errors that are muted",
		differs: map[string]difference{"firefox": {
			"it tells the page of errors in opaque scripts all there is, against https://html.spec.whatwg.org/#muted-errors",
			func(l *load) {
				l.allowed, l.refused, l.any = "errors that are told", "errors that are told", "errors that are told"
			},
		}},
	},
	{
		name: "a classic script with crossorigin", path: "/script",
		script: `const element = document.createElement('script'), what = { src: url, crossOrigin: 'anonymous' }` + elementScript,
		mode:   "cors", origin: true,
		allowed: "errors that are told", refused: "nothing", any: "errors that are told", refusedCode: missing,
	},
	{
		name: "a classic script with crossorigin=use-credentials", path: "/script",
		script: `const element = document.createElement('script'), what = { src: url, crossOrigin: 'use-credentials' }` + elementScript,
		mode:   "cors", origin: true, cookies: true,
		allowed: "errors that are told", refused: "nothing", any: "nothing", refusedCode: missing, anyCode: wildcard,
	},
	{
		name: "a module script", path: "/script",
		script: `const element = document.createElement('script'), what = { type: 'module', src: url }` + elementScript,
		mode:   "cors", origin: true,
		allowed: "errors that are told", refused: "nothing", any: "errors that are told", refusedCode: missing,
	},
	{
		name: "import()", path: "/script",
		// By a script of the page's own: in one that the driver runs, WebKit's import()
		// has the mode "no-cors".
		script: `
			const own = document.createElement('script')
			own.textContent = 'window.load = (url) => import(url)'
			document.head.append(own)
			return load(url).catch((e) => e.message.includes('told') ? 'errors that are told' : 'nothing')`,
		mode: "cors", origin: true,
		allowed: "errors that are told", refused: "nothing", any: "errors that are told", refusedCode: missing,
	},
}

// TestSubresources: what pages load without fetch has the mode "no-cors", whose
// responses are opaque whatever the policy, unless the attribute crossorigin is set
// (https://html.spec.whatwg.org/#cors-settings-attributes); fonts and module scripts
// always have the mode "cors" (https://drafts.csswg.org/css-fonts/#font-fetching-requirements,
// https://html.spec.whatwg.org/#fetch-a-single-module-script).
func TestSubresources(t *testing.T) {
	const (
		app, evil = "https://sub-app.example.com", "https://sub-evil.example.com"
		api       = "https://sub-api.example.com"
	)
	list := corshttp.New(cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowCredentials: true}))
	star := corshttp.New(cors.MustNew(cors.Config{AllowOrigins: []string{"*"}}))
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 1, 1))))
	files := http.NewServeMux()
	for path, file := range map[string]struct{ kind, content string }{
		"/image":  {"image/png", picture.String()},
		"/font":   {"font/ttf", string(goregular.TTF)},
		"/style":  {"text/css", "b { color: red }"},
		"/script": {"text/javascript", "throw new Error('told')"},
	} {
		files.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", file.kind)
			w.Write([]byte(file.content))
		})
	}
	sites := http.NewServeMux()
	sites.Handle("/list/", list(http.StripPrefix("/list", files)))
	sites.Handle("/star/", star(http.StripPrefix("/star", files)))
	inEach(t, func(t *testing.T, b *bench) {
		// Of the same site as the pages, so that no engine keeps the cookie back.
		forget, err := b.setCookies(t.Context(), fetch.Request{URL: api + "/", Cookie: "session=alice"})
		require.NoError(t, err)
		defer forget()
		var mu sync.Mutex
		requests := map[string][]*http.Request{} // by URL
		serve(t, b, api, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			requests[api+r.URL.String()] = append(requests[api+r.URL.String()], r.Clone(context.Background()))
			mu.Unlock()
			sites.ServeHTTP(w, r)
		}))
		for _, l := range loads {
			if d, ok := l.differs[b.engine.Name()]; ok {
				t.Logf("%s in %s: %s", l.name, b.engine.Name(), d.why)
				d.change(&l)
			}
			for _, tt := range []struct{ name, site, page, want, code string }{
				{"allowed", "/list", app, l.allowed, ""},
				{"refused", "/list", evil, l.refused, l.refusedCode},
				{"any", "/star", app, l.any, l.anyCode},
			} {
				t.Run(l.name+"/"+tt.name, func(t *testing.T) {
					b.last++
					url := fmt.Sprintf("%s%s%s?n=%d", api, tt.site, l.path, b.last)
					got := run[string](t, b, tt.page, fmt.Sprintf("const url = %q\n%s", url, l.script))
					assert.Equal(t, tt.want, got, "what the page gets")
					if b.hasCodes() && tt.want == "nothing" {
						complaint, _ := b.tabs[tt.page].Complaint(t.Context(), url)
						assert.Equal(t, tt.code, complaint.Code, "Chromium's code")
					}
					mu.Lock()
					defer mu.Unlock()
					require.Len(t, requests[url], 1, "requests, of which no CORS-preflight request is one")
					r := requests[url][0]
					assert.Equal(t, "GET", r.Method)
					assert.Equal(t, l.mode, r.Header.Get("Sec-Fetch-Mode"), "the request's mode")
					if l.origin {
						assert.Equal(t, []string{tt.page}, r.Header["Origin"], "the request's origin")
					} else {
						assert.Empty(t, r.Header["Origin"], "the request's origin")
					}
					assert.Equal(t, l.cookies, r.Header.Get("Cookie") != "", "whether the request has cookies")
				})
			}
		}
	})
}
