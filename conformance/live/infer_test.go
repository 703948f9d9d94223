package live_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/live"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// TestInfer checks that a policy of exact origins comes back as it was.
func TestInfer(t *testing.T) {
	for _, file := range []string{
		`{"allowOrigins": ["https://app.example.com"]}`,
		`{"allowOrigins": ["https://app.example.com", "http://app.example.com"], "allowMethods": ["PUT", "DELETE"], "allowHeaders": ["X-A", "Content-Type"], "exposeHeaders": ["X-Total"], "maxAge": 600}`,
		`{"allowOrigins": ["https://app.example.com"], "allowMethods": ["*"], "allowHeaders": ["*"], "allowCredentials": true, "maxAge": -1}`,
		`{"allowOrigins": ["http://app.example.com"], "allowCredentials": true, "preflightStatus": 200, "dangerouslyAllowInsecureOrigins": true}`,
		`{"allowOrigins": ["https://app.example.com"], "allowMethods": ["*"], "allowHeaders": ["*", "Authorization"], "exposeHeaders": ["*"]}`,
		`{"allowOrigins": ["https://app.example.com"], "rejectDisallowed": true}`,
		`{"allowOrigins": ["https://app.example.com", "null"], "dangerouslyAllowNullOrigin": true}`,
		`{"allowOrigins": ["*"], "allowMethods": ["PATCH"], "allowHeaders": ["X-A"], "exposeHeaders": ["X-Total"]}`,
	} {
		t.Run(file, func(t *testing.T) {
			policy, err := cors.ParsePolicy([]byte(file))
			require.NoError(t, err)
			server := httptest.NewServer(corshttp.New(policy)(site()))
			defer server.Close()
			got, err := live.Infer(context.Background(), live.Target{URL: server.URL + "/items"}, parse(t, file).AllowOrigins...)
			require.NoError(t, err)
			assert.JSONEq(t, file, string(got.File), "the policy; remarks: %q", got.Remarks)
			_, err = cors.ParsePolicy(got.File)
			assert.NoError(t, err, "the policy is one that corskit accepts")
		})
	}
}

// TestInferRemarks checks what is said where no policy file can say it.
func TestInferRemarks(t *testing.T) {
	const noOthers = "Which other origins are allowed cannot be told: name some with -origin, and patterns in allowOrigins."
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		file    string
		remarks []string
	}{
		"no CORS": {func(http.ResponseWriter, *http.Request) {}, `{"allowOrigins": []}`, []string{
			`https://app.example.com is not allowed: Access-Control-Allow-Origin is absent.`,
			noOthers,
			"No origin that was asked about is allowed, so that nothing else can be told.",
			`corskit refuses the policy: 2:19: allowOrigins: is empty, so that no origin is allowed: list the origins of your pages, such as https://app.example.com.`,
		}},
		"reflection": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			w.Header().Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
			w.Header().Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
			w.WriteHeader(204)
		}, `{"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"], "allowCredentials": true}`, []string{
			"The origin https://corskit.example, which nobody knows, is sent back: every origin appears to be allowed. corskit audit says what comes of it.",
			`corskit refuses the policy: 3:5: allowOrigins: "*" is combined with allowCredentials, which browsers refuse: list the origins that may send credentials.`,
		}},
		"no preflights": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "OPTIONS" {
				w.WriteHeader(405)
			} else if r.Header.Get("Origin") == "https://app.example.com" {
				w.Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
			}
		}, `{"allowOrigins": ["https://app.example.com"]}`, []string{noOthers, "CORS-preflight requests are granted nothing: the status is 405."}},
		"what is asked for": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == "https://app.example.com" {
				w.Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
			}
			if m := r.Header.Get("Access-Control-Request-Method"); m == "PATCH" {
				w.Header().Set("Access-Control-Allow-Methods", m)
			}
			if h := r.Header.Get("Access-Control-Request-Headers"); h == "content-type" {
				w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
			}
			w.WriteHeader(204)
		}, `{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PATCH"], "allowHeaders": ["Content-Type"]}`, []string{noOthers}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			got, err := live.Infer(context.Background(), live.Target{URL: server.URL}, "https://app.example.com")
			require.NoError(t, err)
			assert.JSONEq(t, c.file, string(got.File), "the policy")
			assert.Equal(t, c.remarks, got.Remarks, "the remarks")
		})
	}
}
