package corshttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

const trusted = "https://app.example.com"

func TestTrustOrigins(t *testing.T) {
	config := cors.Config{
		AllowOrigins:               []string{trusted, "https://admin.example.com:8443", "tauri://localhost", "https://*.example.org"},
		AllowOriginFunc:            func(context.Context, string) (bool, error) { return true, nil },
		AllowCredentials:           true,
		DangerouslyAllowNullOrigin: true,
	}
	without := config
	without.AllowCredentials = false
	tests := []struct {
		name, origin string
		config       cors.Config
		pass         bool
	}{
		{"an exact origin", trusted, config, true},
		{"an exact origin with a port", "https://admin.example.com:8443", config, true},
		{"an exact origin of another scheme", "tauri://localhost", config, true},
		{"an origin allowed by a wildcard", "https://a.example.org", config, false},
		{"an origin allowed by the function", "https://b.example", config, false},
		{"null", "null", config, false},
		{"an exact origin without credentials", trusted, without, false},
	}
	for _, tt := range tests {
		c := http.NewCrossOriginProtection()
		if err := corshttp.TrustOrigins(c, cors.MustNew(tt.config)); err != nil {
			t.Errorf("%s: TrustOrigins fails: %v", tt.name, err)
		}
		r := httptest.NewRequest("POST", "https://api.example.com/", nil)
		r.Header.Set("Origin", tt.origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if pass := c.Check(r) == nil; pass != tt.pass {
			t.Errorf("a POST from %s passes: %v, want %v", tt.name, pass, tt.pass)
		}
	}
	if err := corshttp.TrustOrigins(http.NewCrossOriginProtection(), nil); err != nil {
		t.Errorf("TrustOrigins of a nil Policy fails: %v", err)
	}
}

func TestCheckOrigin(t *testing.T) {
	lists := cors.Config{
		AllowOrigins: []string{trusted, "https://*.example.org"},
		AllowOriginFunc: func(_ context.Context, origin string) (bool, error) {
			if origin == "https://broken.example" {
				return true, errors.New("the database is down")
			}
			return origin == "https://tenant.example", nil
		},
		AllowCredentials: true,
	}
	credentialed := cors.MustNew(lists)
	lists.AllowCredentials = false
	without := cors.MustNew(lists)
	anyOrigin := cors.MustNew(cors.Config{AllowOrigins: []string{"*"}})
	const own = "api.example.com"
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Add(pairs[i], pairs[i+1])
		}
		return h
	}
	tests := []struct {
		name   string
		d      cors.Decider
		header http.Header
		tls    bool
		want   bool
	}{
		{"no Origin", credentialed, header(), true, true},
		{"a listed origin", credentialed, header("Origin", trusted), true, true},
		{"a listed origin, cross-site", credentialed, header("Origin", trusted, "Sec-Fetch-Site", "cross-site"), true, true},
		{"a pattern's origin", credentialed, header("Origin", "https://a.example.org"), true, true},
		{"the predicate's origin", credentialed, header("Origin", "https://tenant.example"), true, true},
		{"an origin that the predicate fails on", credentialed, header("Origin", "https://broken.example"), true, false},
		{"another origin", credentialed, header("Origin", "https://evil.example"), true, false},
		{"null", credentialed, header("Origin", "null"), true, false},
		{"a malformed origin", credentialed, header("Origin", "https://App.example.com"), true, false},
		{"an empty origin", credentialed, header("Origin", ""), true, false},
		{"two origins", credentialed, header("Origin", trusted, "Origin", trusted), true, false},
		{"a listed origin in a request with a broken method line", credentialed, header("Origin", trusted, "Access-Control-Request-Method", ""), true, false},

		{"a listed origin, without credentials", without, header("Origin", trusted), true, false},
		{"any origin", anyOrigin, header("Origin", trusted), true, false},
		{"any origin, repeated", anyOrigin, header("Origin", trusted, "Origin", trusted), true, false},
		{"a nil Policy", (*cors.Policy)(nil), header("Origin", trusted), true, false},
		{"a zero Live", new(cors.Live), header("Origin", trusted), true, false},
		{"a Live", cors.NewLive(credentialed), header("Origin", trusted), true, true},

		{"own pages", (*cors.Policy)(nil), header("Origin", "https://"+own), true, true},
		{"own pages by Sec-Fetch-Site", (*cors.Policy)(nil), header("Origin", "https://front.example", "Sec-Fetch-Site", "same-origin"), true, true},
		{"another subdomain", (*cors.Policy)(nil), header("Origin", "https://www.example.com", "Sec-Fetch-Site", "same-site"), true, false},
		{"own host, but cross-site", (*cors.Policy)(nil), header("Origin", "https://"+own, "Sec-Fetch-Site", "cross-site"), true, false},
		{"own host, another port", (*cors.Policy)(nil), header("Origin", "https://"+own+":8443"), true, false},
		{"own host over plain http", (*cors.Policy)(nil), header("Origin", "http://"+own), true, false},
		{"own host over plain http, not encrypted", (*cors.Policy)(nil), header("Origin", "http://"+own), false, true},
		{"own host behind a proxy that ends TLS", (*cors.Policy)(nil), header("Origin", "https://"+own), false, true},
		{"own host, repeated", (*cors.Policy)(nil), header("Origin", "https://"+own, "Origin", "https://"+own), true, false},
		{"a malformed origin by Sec-Fetch-Site", (*cors.Policy)(nil), header("Origin", "evil", "Sec-Fetch-Site", "same-origin"), true, false},
		{"no Origin, cross-site", (*cors.Policy)(nil), header("Sec-Fetch-Site", "cross-site"), true, true},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/ws", nil)
		r.Host, r.Header = own, tt.header
		if tt.tls {
			r.TLS = new(tls.ConnectionState)
		}
		if got := corshttp.CheckOrigin(tt.d)(r); got != tt.want {
			t.Errorf("a handshake with %s is accepted: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestOriginHelpersPanicWithoutTheirParts(t *testing.T) {
	for want, call := range map[string]func(){
		"corshttp: TrustOrigins: the CrossOriginProtection is nil: make one with http.NewCrossOriginProtection": func() { corshttp.TrustOrigins(nil, nil) },
		"corshttp: CheckOrigin: the Decider is nil: make one with cors.New":                                     func() { corshttp.CheckOrigin(nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("it panics with %v, want %q", got, want)
				}
			}()
			call()
		}()
	}
}
