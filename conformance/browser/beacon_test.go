//go:build browser

package browser

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// TestBeacons: navigator.sendBeacon sends text without asking, whatever the policy,
// so that what must not be handled has to be rejected; a type of content that is not
// CORS-safelisted makes its mode "cors": https://w3c.github.io/beacon/#sendbeacon-method.
// Its credentials mode is "include" always. No script sees the answer.
func TestBeacons(t *testing.T) {
	const (
		app, refused = "https://beacon-app.example.com", "https://beacon-evil.example.com"
		text         = `'{"visited": true}'`
		json         = `new Blob(['{"visited": true}'], { type: 'application/json' })`
		preflight    = "OPTIONS with content-type"
		post         = "POST"
		handled      = "POST, handled"
	)
	list := cors.Config{AllowOrigins: []string{app}, AllowHeaders: []string{"Content-Type"}, AllowCredentials: true}
	reject := list
	reject.RejectDisallowed = true
	anonymous := cors.Config{AllowOrigins: []string{app}, AllowHeaders: []string{"Content-Type"}}
	star := cors.Config{AllowOrigins: []string{"*"}, AllowHeaders: []string{"Content-Type"}}
	tests := []struct {
		name       string
		config     cors.Config
		page, data string
		want       []string
	}{
		{"text, allowed", list, app, text, []string{handled}},
		{"text, refused", list, refused, text, []string{handled}},
		{"text, rejected", reject, refused, text, []string{post}},
		{"JSON, allowed", list, app, json, []string{preflight, handled}},
		{"JSON, refused", list, refused, json, []string{preflight}},
		{"JSON, rejected", reject, refused, json, []string{preflight}},
		{"JSON, without credentials only", anonymous, app, json, []string{preflight}},
		{"JSON, any origin", star, app, json, []string{preflight}},
	}
	inEach(t, func(t *testing.T, b *bench) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				api := anew("https://beacon-api.example.com")
				var v, inside visits
				nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
				serve(t, b, api, withLogin(v.to(corshttp.New(cors.MustNew(tt.config))(inside.to(nothing)))))
				login(t, b, tt.page, api)
				sent := run[bool](t, b, tt.page, fmt.Sprintf("return navigator.sendBeacon(%q, %s)", api+"/visits", tt.data))
				assert.True(t, sent, "what sendBeacon returns, which knows of no answer yet")
				v.wait(t, len(tt.want))
				// What is to come after the requests of the table would come before
				// this, which takes two round trips as well.
				for range 2 {
					ask(t, b, tt.page, api+"/fence", map[string]any{"method": "PUT", "headers": [][]string{{"Content-Type", "application/json"}}})
				}
				var got []string
				for _, r := range v.all() {
					if r.URL.Path == "/fence" {
						continue
					}
					line := r.Method
					if isPreflight(r) {
						line += " with " + r.Header.Get("Access-Control-Request-Headers")
						assert.Empty(t, r.Header["Cookie"], "the cookies of the CORS-preflight request")
					} else {
						assert.Equal(t, cookie, r.Header.Get("Cookie"), "the cookies of the beacon")
					}
					assert.Equal(t, tt.page, r.Header.Get("Origin"), "the origin of %s", line)
					for _, in := range inside.all() {
						if in.URL.Path == r.URL.Path && in.Method == r.Method {
							line += ", handled"
						}
					}
					got = append(got, line)
				}
				assert.Equal(t, tt.want, got, "requests")
			})
		}
	})
}
