package main

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/examples/internal/exampletest"
)

func TestApp(t *testing.T) {
	upstream := httptest.NewServer(newUpstream())
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	app, err := newApp(target)
	require.NoError(t, err)
	exampletest.CheckHTTP(t, app)

	t.Run("nothing of the upstream's is left", func(t *testing.T) {
		for origin, want := range map[string][]string{
			"https://shop.example.com": {"https://shop.example.com"},
			"https://other.example":    nil,
		} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/public/items", nil)
			r.Header.Set("Origin", origin)
			w := httptest.NewRecorder()
			app.ServeHTTP(w, r)
			assert.Equal(t, want, w.Result().Header["Access-Control-Allow-Origin"], origin)
			assert.Empty(t, w.Result().Header["Access-Control-Allow-Headers"], origin)
			assert.Len(t, w.Result().Header["Vary"], 1, origin)
			assert.Equal(t, "three items\n", w.Body.String(), origin)
		}
	})
}
