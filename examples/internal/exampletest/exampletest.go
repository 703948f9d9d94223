// Package exampletest checks the small programs of this module: one site, one
// table, whatever the framework.
package exampletest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The headers that grant something, by short names.
const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
	allowMethods     = "Access-Control-Allow-Methods"
	allowHeaders     = "Access-Control-Allow-Headers"
)

// Check checks that a program has two groups, /public and /account, each under
// its own policy. send answers a request as the program would.
func Check(t *testing.T, send func(*http.Request) (*http.Response, error)) {
	for _, c := range []struct {
		name   string
		method string
		path   string
		header map[string]string
		status int
		want   map[string]string // the headers that grant something
	}{
		{
			name:   "preflight in the public group",
			method: "OPTIONS", path: "/public/items",
			header: map[string]string{"Origin": "https://shop.example.com", "Access-Control-Request-Method": "GET"},
			status: 204,
			want:   map[string]string{allowOrigin: "https://shop.example.com"},
		},
		{
			name:   "preflight in the account group",
			method: "OPTIONS", path: "/account/name",
			header: map[string]string{
				"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-csrf-token",
			},
			status: 204,
			want: map[string]string{
				allowOrigin: "https://app.example.com", allowCredentials: "true", allowMethods: "PUT", allowHeaders: "X-CSRF-Token",
			},
		},
		{
			name:   "actual request in the public group",
			method: "GET", path: "/public/items",
			header: map[string]string{"Origin": "http://localhost:5173"},
			status: 200,
			want:   map[string]string{allowOrigin: "http://localhost:5173"},
		},
		{
			name:   "actual request in the account group",
			method: "PUT", path: "/account/name",
			header: map[string]string{"Origin": "https://app.example.com"},
			status: 200,
			want:   map[string]string{allowOrigin: "https://app.example.com", allowCredentials: "true"},
		},
		{
			name:   "preflight from an origin that neither group allows",
			method: "OPTIONS", path: "/public/items",
			header: map[string]string{"Origin": "https://other.example", "Access-Control-Request-Method": "GET"},
			status: 403,
		},
		{
			name:   "actual request from an origin that neither group allows",
			method: "GET", path: "/public/items",
			header: map[string]string{"Origin": "https://other.example"},
			status: 200,
		},
		{
			name:   "preflight in the account group from an origin of the public one",
			method: "OPTIONS", path: "/account/name",
			header: map[string]string{"Origin": "https://shop.example.com", "Access-Control-Request-Method": "PUT"},
			status: 403,
		},
		{
			name:   "actual request in the account group from an origin of the public one",
			method: "PUT", path: "/account/name",
			header: map[string]string{"Origin": "https://shop.example.com"},
			status: 200,
		},
		{
			name:   "preflight for PUT in the public group, from an origin that both groups allow",
			method: "OPTIONS", path: "/public/items",
			header: map[string]string{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT"},
			status: 204,
			want:   map[string]string{allowOrigin: "https://app.example.com"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
			for name, value := range c.header {
				r.Header.Set(name, value)
			}
			response, err := send(r)
			require.NoError(t, err)
			defer response.Body.Close()
			assert.Equal(t, c.status, response.StatusCode, "status")
			for _, name := range []string{allowOrigin, allowCredentials, allowMethods, allowHeaders} {
				assert.Equal(t, c.want[name], response.Header.Get(name), name)
			}
			assert.Contains(t, response.Header.Get("Vary"), "Origin", "Vary")
		})
	}
}

// CheckHTTP is [Check] for programs on net/http.
func CheckHTTP(t *testing.T, h http.Handler) {
	Check(t, func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result(), nil
	})
}
