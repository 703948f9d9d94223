package corsecho_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	corsecho "github.com/corskit/corskit/adapters/echo"
	cors "github.com/corskit/corskit/core"
)

// A host of its own has a router of its own, which the groups of others have
// nothing to do with.
func TestHosts(t *testing.T) {
	e := newServer()
	s := corsecho.Scopes(e)
	host := e.Host("tenant.example.com")
	s.Group(host.Group("/api"), policyFor("tenant"))
	s.Group(e.Group("/api"), policyFor("api"))
	s.Route("PUT", "/api/single", policyFor("one"))
	for _, g := range []*echo.Group{e.Group("/api"), host.Group("/api")} {
		g.PUT("/items", ran)
		g.PUT("/single", ran)
	}
	host.PUT("/other", ran)

	for _, tt := range []struct{ host, path, policy string }{
		{"api.example.com", "/api/items", "api"},
		{"api.example.com", "/api/nowhere", "api"},
		{"api.example.com", "/api/single", "one"},
		{"tenant.example.com", "/api/items", "tenant"},
		{"tenant.example.com", "/api/nowhere", "tenant"},
		{"tenant.example.com", "/api/single", "tenant"},
		{"tenant.example.com", "/other", ""},
	} {
		for _, asking := range []string{"api", "one", "tenant"} {
			for _, method := range []string{"PUT", "OPTIONS"} {
				r := httptest.NewRequest(method, "http://"+tt.host+tt.path, nil)
				r.Header.Set("Origin", "https://"+asking+".example")
				r.Header.Set("Access-Control-Request-Method", "PUT")
				w := httptest.NewRecorder()
				e.ServeHTTP(w, r)
				want := ""
				if asking == tt.policy {
					want = "https://" + asking + ".example"
				}
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s %s%s from %s is granted to %q, want %q", method, tt.host, tt.path, asking, got, want)
				}
			}
		}
	}
}

func TestMethodsFromRoutesOfHosts(t *testing.T) {
	e := newServer()
	e.Use(corsecho.New(cors.MustNew(cors.Config{AllowOrigins: []string{allowed}, MethodsFromRoutes: true})))
	e.PUT("/items", ran)
	e.Host("tenant.example.com").DELETE("/items", ran)
	for host, want := range map[string]string{"api.example.com": "PUT", "tenant.example.com": "DELETE"} {
		r := httptest.NewRequest("OPTIONS", "http://"+host+"/items", nil)
		r.Header.Set("Origin", allowed)
		r.Header.Set("Access-Control-Request-Method", want)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Methods"); got != want {
			t.Errorf("the methods of %s are %q, want %q", host, got, want)
		}
	}
}

func TestVerifyHosts(t *testing.T) {
	e := newServer()
	s := corsecho.Scopes(e)
	host := e.Host("tenant.example.com")
	policy := cors.MustNew(config)
	s.Group(host.Group("/api"), policy)
	s.Group(e.Group("/api"), policy)
	s.Group(host.Group("/tenant"), policy)
	host.PUT("/tenant/items", never(t))
	for _, path := range []string{"/api/items", "/other"} {
		host.PUT(path, never(t))
		e.DELETE(path, never(t))
	}
	checkFindings(t, e, []string{"DELETE /other"}, "high: PUT tenant.example.com/other: no policy covers it: ")
	if findings, err := corsecho.Verify(e, "DELETE /other", "tenant.example.com/other"); err != nil || len(findings) != 0 {
		t.Errorf("the findings are %v, %v, want none", findings, err)
	}
	findings, _ := corsecho.Verify(e)
	if len(findings) != 2 || !strings.HasPrefix(findings[0].String(), "high: DELETE /other: no policy covers it") {
		t.Errorf("the findings are %v, want two that begin with the server's own", findings)
	}
}
