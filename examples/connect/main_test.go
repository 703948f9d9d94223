package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestApp(t *testing.T) {
	app, err := newApp()
	require.NoError(t, err)
	for _, c := range []struct {
		name, method, origin string
		header               map[string]string
		body                 string
		status               int
		answer               string
		want                 map[string]string
	}{
		{
			name: "preflight", method: "OPTIONS", origin: "https://app.example.com",
			header: map[string]string{
				"Access-Control-Request-Method":  "POST",
				"Access-Control-Request-Headers": "connect-protocol-version,connect-timeout-ms,content-type",
			},
			status: 204,
			want: map[string]string{
				"Access-Control-Allow-Origin":  "https://app.example.com",
				"Access-Control-Allow-Headers": "Content-Type,Connect-Protocol-Version,Connect-Timeout-Ms,X-User-Agent",
			},
		},
		{
			name: "preflight from an origin that is not allowed", method: "OPTIONS", origin: "https://other.example",
			header: map[string]string{"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"},
			status: 403,
		},
		{
			name: "call", method: "POST", origin: "http://localhost:5173",
			header: map[string]string{"Content-Type": "application/json", "Connect-Protocol-Version": "1"},
			body:   `"world"`,
			status: 200, answer: `"Hello, world"`,
			want: map[string]string{"Access-Control-Allow-Origin": "http://localhost:5173"},
		},
		{
			name: "call that fails", method: "POST", origin: "https://app.example.com",
			header: map[string]string{"Content-Type": "application/json"},
			body:   `{`,
			status: 400, answer: "invalid_argument",
			want: map[string]string{"Access-Control-Allow-Origin": "https://app.example.com"},
		},
		{
			name: "call from an origin that is not allowed", method: "POST", origin: "https://other.example",
			header: map[string]string{"Content-Type": "application/json"},
			body:   `"world"`,
			status: 200, answer: `"Hello, world"`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, greetProcedure, strings.NewReader(c.body))
			r.Header.Set("Origin", c.origin)
			for name, value := range c.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			app.ServeHTTP(w, r)
			assert.Equal(t, c.status, w.Code, "status")
			assert.Contains(t, w.Body.String(), c.answer, "body")
			for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Headers"} {
				assert.Equal(t, c.want[name], w.Header().Get(name), name)
			}
			assert.Contains(t, w.Header().Get("Vary"), "Origin", "Vary")
		})
	}
}
