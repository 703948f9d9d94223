//go:build browser

package browser

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// TestUploads: listeners on an XMLHttpRequestUpload
// (https://xhr.spec.whatwg.org/#the-send()-method, step 11) and bodies that are
// streams (https://fetch.spec.whatwg.org/#dom-global-fetch) make a CORS-preflight
// request necessary, whatever the method and the headers.
func TestUploads(t *testing.T) {
	const app, refused = "https://upload-app.example.com", "https://upload-evil.example.com"
	policy := corshttp.New(cors.MustNew(cors.Config{AllowOrigins: []string{app}}))
	const body = "all of the body"
	const xhr = `
		return new Promise((done) => {
			const request = new XMLHttpRequest()
			const events = []
			request.open('POST', url)
			request.setRequestHeader('Content-Type', 'text/plain')
			if (listen)
				for (const type of ['loadstart', 'progress', 'load', 'error', 'loadend'])
					request.upload.addEventListener(type, (e) => { if (events.at(-1) !== type) events.push(type) })
			request.onload = () => done({ events, answer: request.responseText })
			request.onerror = () => done({ events, answer: 'an error' })
			request.send(body)
		})`
	const stream = `
		const bytes = new TextEncoder().encode(body)
		const stream = new ReadableStream({
			start(controller) {
				controller.enqueue(bytes.slice(0, 4))
				controller.enqueue(bytes.slice(4))
				controller.close()
			},
		})
		try {
			const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: stream, duplex: 'half' })
			return { answer: await response.text() }
		} catch (e) {
			return { answer: e.name === 'TypeError' ? 'an error' : String(e.name) }
		}`
	type outcome struct {
		Events   []string // of the upload
		Answer   string   // "an error", or what the server has got
		requests []string
	}
	var (
		post      = "POST"
		preflight = "OPTIONS for POST"
	)
	const noStreams = "Chromium alone sends streams. Firefox sends what they are as a string, which needs no CORS-preflight request, and WebKit refuses to."
	tests := []struct {
		name, page, script string
		want               outcome
		differs            map[string]outcome
		why                string
	}{
		{
			name: "XMLHttpRequest", page: app, script: "const listen = false" + xhr,
			want: outcome{[]string{}, body, []string{post}},
		},
		{
			name: "XMLHttpRequest with listeners", page: app, script: "const listen = true" + xhr,
			want: outcome{[]string{"loadstart", "progress", "load", "loadend"}, body, []string{preflight, post}},
		},
		{
			name: "XMLHttpRequest, refused", page: refused, script: "const listen = false" + xhr,
			want: outcome{[]string{}, "an error", []string{post}}, // only the answer is hidden
		},
		{
			name: "XMLHttpRequest with listeners, refused", page: refused, script: "const listen = true" + xhr,
			want: outcome{[]string{"loadstart", "error", "loadend"}, "an error", []string{preflight}},
		},
		{
			name: "a stream", page: app, script: stream,
			want: outcome{nil, body, []string{preflight, post}}, why: noStreams,
			differs: map[string]outcome{
				"firefox": {nil, "[object ReadableStream]", []string{post}},
				"webkit":  {nil, "NotSupportedError", nil},
			},
		},
		{
			name: "a stream, refused", page: refused, script: stream,
			want: outcome{nil, "an error", []string{preflight}}, why: noStreams,
			differs: map[string]outcome{
				"firefox": {nil, "an error", []string{post}},
				"webkit":  {nil, "NotSupportedError", nil},
			},
		},
	}
	inEach(t, func(t *testing.T, b *bench) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				api := anew("https://upload-api.example.com")
				var v visits
				serve(t, b, api, v.to(policy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.Copy(w, r.Body)
				}))))
				got := run[outcome](t, b, tt.page, fmt.Sprintf("const url = %q, body = %q;\n%s", api+"/", body, tt.script))
				for _, r := range v.all() {
					line := r.Method
					if isPreflight(r) {
						line += " for " + strings.Join(slices.Concat(r.Header["Access-Control-Request-Method"], r.Header["Access-Control-Request-Headers"]), " with ")
					}
					got.requests = append(got.requests, line)
				}
				want := tt.want
				if d, ok := tt.differs[b.engine.Name()]; ok {
					t.Log(tt.why)
					want = d
				}
				assert.Equal(t, want, got, "events, what the script reads, and requests")
			})
		}
	})
}

// TestStreamedResponse: what a handler flushes reaches the script at once.
func TestStreamedResponse(t *testing.T) {
	const app = "https://stream-app.example.com"
	config := cors.Config{AllowOrigins: []string{app}}
	for _, tt := range []struct {
		name    string
		options []corshttp.Option
	}{
		{"as it is", nil},
		{"with Seal", []corshttp.Option{corshttp.Seal()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inEach(t, func(t *testing.T, b *bench) {
				api := anew("https://stream-api.example.com")
				acknowledged := make(chan struct{})
				mux := http.NewServeMux()
				mux.HandleFunc("GET /chunks", func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/octet-stream")
					io.WriteString(w, "one")
					http.NewResponseController(w).Flush()
					select {
					case <-acknowledged:
						io.WriteString(w, "two")
					case <-r.Context().Done():
					}
				})
				mux.HandleFunc("GET /acknowledge", func(http.ResponseWriter, *http.Request) { close(acknowledged) })
				serve(t, b, api, corshttp.New(cors.MustNew(config), tt.options...)(mux))
				got := run[[]string](t, b, app, fmt.Sprintf(`
					const reader = (await fetch(%q)).body.getReader()
					const chunks = []
					for (;;) {
						const { done, value } = await reader.read()
						if (done) return chunks
						chunks.push(new TextDecoder().decode(value))
						if (chunks.length === 1) await fetch(%q)
					}`, api+"/chunks", api+"/acknowledge"))
				assert.Equal(t, []string{"one", "two"}, got, "the chunks that the script reads, of which the second was sent after it had the first")
			})
		})
	}
}
