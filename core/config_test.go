package cors_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	cors "github.com/corskit/corskit/core"
)

func TestNewReportsFaults(t *testing.T) {
	yes := func(context.Context, string) (bool, error) { return true, nil }
	origins := func(list ...string) cors.Config { return cors.Config{AllowOrigins: list} }
	credentialed := func(list ...string) cors.Config {
		return cors.Config{AllowOrigins: list, AllowCredentials: true}
	}
	ok := []string{"https://app.example.com"}
	tests := []struct {
		name   string
		config cors.Config
		want   []string // field and value of each fault, in order
	}{
		{"the zero value", cors.Config{}, []string{"AllowOrigins"}},
		{"null", origins("null"), []string{"AllowOrigins null"}},
		{"null alone, even if allowed", cors.Config{DangerouslyAllowNullOrigin: true}, []string{"AllowOrigins"}},
		{"every malformed pattern", origins("https://a.example/", ok[0], "b.example"), []string{"AllowOrigins https://a.example/", "AllowOrigins b.example"}},
		{"any origin with credentials", credentialed("*"), []string{"AllowOrigins *"}},
		{"any origin beside others", origins("*", ok[0]), []string{"AllowOrigins *"}},
		{"any origin beside a predicate", cors.Config{AllowOrigins: []string{"*"}, AllowOriginFunc: yes}, []string{"AllowOriginFunc"}},
		{"any origin and nobody to reject", cors.Config{AllowOrigins: []string{"*"}, RejectDisallowed: true}, []string{"RejectDisallowed"}},
		{"plain http with credentials", credentialed("http://a.example", "http://*.a.example:*"), []string{"AllowOrigins http://a.example", "AllowOrigins http://*.a.example:*"}},
		{"public suffix with credentials", credentialed("https://*.github.io", "https://*.co.uk"), []string{"AllowOrigins https://*.github.io", "AllowOrigins https://*.co.uk"}},
		{"both dangers at once", credentialed("http://*.com"), []string{"AllowOrigins http://*.com", "AllowOrigins http://*.com"}},
		{"any extension", origins("moz-extension://*"), []string{"AllowOrigins moz-extension://*"}},
		{"any extension with credentials", cors.Config{AllowOrigins: []string{"moz-extension://*"}, AllowCredentials: true, DangerouslyAllowAnyExtension: true}, []string{"AllowOrigins moz-extension://*"}},

		{"methods", cors.Config{AllowOrigins: ok, AllowMethods: []string{"PU T", "", "CONNECT", "trace", "PUT,DELETE"}}, []string{"AllowMethods PU T", "AllowMethods", "AllowMethods CONNECT", "AllowMethods trace", "AllowMethods PUT,DELETE"}},
		{"any method beside others", cors.Config{AllowOrigins: ok, AllowMethods: []string{"PUT", "*"}}, []string{"AllowMethods *"}},
		{"any origin twice, with all that it excludes", cors.Config{AllowOrigins: []string{"*", "*"}, AllowCredentials: true, AllowOriginFunc: yes, RejectDisallowed: true}, []string{"AllowOrigins *", "AllowOriginFunc", "RejectDisallowed"}},
		{"any method twice beside others", cors.Config{AllowOrigins: ok, AllowMethods: []string{"*", "PUT", "*"}}, []string{"AllowMethods *"}},
		{"any method and those of the route", cors.Config{AllowOrigins: ok, AllowMethods: []string{"*"}, MethodsFromRoutes: true}, []string{"AllowMethods *"}},

		{"request headers", cors.Config{AllowOrigins: ok, AllowHeaders: []string{"X A", "X\r\nY", "", "Cookie", "Sec-A", "ETag", "Access-Control-Allow-Origin", "Origin"}}, []string{"AllowHeaders X A", "AllowHeaders X\r\nY", "AllowHeaders", "AllowHeaders Cookie", "AllowHeaders Sec-A", "AllowHeaders ETag", "AllowHeaders Access-Control-Allow-Origin", "AllowHeaders Origin"}},
		{"any request header beside others", cors.Config{AllowOrigins: ok, AllowHeaders: []string{"*", "Authorization", "X-A"}}, []string{"AllowHeaders *"}},

		{"response headers", cors.Config{AllowOrigins: ok, ExposeHeaders: []string{"Set-Cookie", "X A", "Cookie", "Origin"}}, []string{"ExposeHeaders Set-Cookie", "ExposeHeaders X A", "ExposeHeaders Cookie", "ExposeHeaders Origin"}},
		{"any response header with credentials", cors.Config{AllowOrigins: ok, ExposeHeaders: []string{"*"}, AllowCredentials: true}, []string{"ExposeHeaders *"}},
		{"any response header beside others", cors.Config{AllowOrigins: ok, ExposeHeaders: []string{"X-A", "*"}}, []string{"ExposeHeaders *"}},

		{"max-age in parts of a second", cors.Config{AllowOrigins: ok, MaxAge: 1500 * time.Millisecond}, []string{"MaxAge 1.5s"}},
		{"max-age below -1 second", cors.Config{AllowOrigins: ok, MaxAge: -2 * time.Second}, []string{"MaxAge -2s"}},
		{"max-age above a day", cors.Config{AllowOrigins: ok, MaxAge: 24*time.Hour + time.Second}, []string{"MaxAge 24h0m1s"}},
		{"status 199", cors.Config{AllowOrigins: ok, PreflightStatus: 199}, []string{"PreflightStatus 199"}},
		{"status 300", cors.Config{AllowOrigins: ok, PreflightStatus: 300}, []string{"PreflightStatus 300"}},

		{"all at once", cors.Config{AllowOrigins: []string{"a"}, AllowMethods: []string{""}, AllowHeaders: []string{"Cookie"}, ExposeHeaders: []string{"Set-Cookie"}, MaxAge: 1, PreflightStatus: 1},
			[]string{"AllowOrigins a", "AllowMethods", "AllowHeaders Cookie", "ExposeHeaders Set-Cookie", "MaxAge 1ns", "PreflightStatus 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := cors.New(tt.config)
			if p != nil {
				t.Error("New returns a policy")
			}
			var got []string
			for _, fault := range cors.ConfigErrors(err) {
				got = append(got, strings.TrimSpace(fault.Field+" "+fault.Value))
				if fault.Reason == "" || fault.Fix == "" {
					t.Errorf("the fault %q lacks a reason or a fix", fault)
				}
				if strings.Contains(fault.Error(), "\n") {
					t.Errorf("the fault %q takes more than one line", fault)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("New finds the faults\n%q,\nwant\n%q", got, tt.want)
			}
		})
	}
}

// TestFixesAreAccepted takes New at its word.
func TestFixesAreAccepted(t *testing.T) {
	for _, origin := range []string{
		"https://app.example.com/", "HTTPS://App.Example.com:443/x?y#z", "app.example.com", "localhost:5173", "127.0.0.1:3000",
		"https:/app.example.com", "https//app.example.com", "http:app.example.com", "//app.example.com", "ws://app.example.com",
		"http://app.example.com:443", "http://*.app.example.com:*", "https://bücher.example", "https://[0:0::1]:443", " https://app.example.com ",
	} {
		_, err := cors.New(cors.Config{AllowOrigins: []string{origin}, AllowCredentials: true})
		for _, fault := range cors.ConfigErrors(err) {
			fix, _, _ := strings.Cut(strings.TrimPrefix(fault.Fix, "write "), ",")
			if _, err := cors.New(cors.Config{AllowOrigins: []string{fix}}); err != nil {
				t.Errorf("for %q New says to %s, and then: %v", origin, fault.Fix, err)
			}
		}
		if err == nil {
			t.Errorf("New accepts %q", origin)
		}
	}
}

func TestNewAccepts(t *testing.T) {
	ok := []string{"https://app.example.com"}
	for name, c := range map[string]cors.Config{
		"duplicates":                          {AllowOrigins: []string{ok[0], ok[0]}, AllowMethods: []string{"PUT", "put", "PUT"}, AllowHeaders: []string{"X-A", "x-a"}},
		"any origin, twice":                   {AllowOrigins: []string{"*", "*"}},
		"a predicate alone":                   {AllowOriginFunc: func(context.Context, string) (bool, error) { return false, nil }},
		"null, where it is allowed":           {AllowOrigins: []string{"null"}, DangerouslyAllowNullOrigin: true},
		"plain http without credentials":      {AllowOrigins: []string{"http://a.example", "http://*.com"}},
		"plain http from this machine":        {AllowOrigins: []string{"http://localhost:*", "http://*.localhost", "http://127.1.2.3:8080", "http://[::1]"}, AllowCredentials: true},
		"plain http, where it is allowed":     {AllowOrigins: []string{"http://a.example"}, AllowCredentials: true, DangerouslyAllowInsecureOrigins: true},
		"public suffix without credentials":   {AllowOrigins: []string{"https://*.github.io"}},
		"public suffix, where it is allowed":  {AllowOrigins: []string{"https://*.github.io"}, AllowCredentials: true, DangerouslyAllowPublicSuffixes: true},
		"a suffix that no list knows":         {AllowOrigins: []string{"https://*.corp", "https://*.localhost"}, AllowCredentials: true},
		"any extension, where it is allowed":  {AllowOrigins: []string{"moz-extension://*"}, DangerouslyAllowAnyExtension: true},
		"extensions and apps":                 {AllowOrigins: []string{"moz-extension://0f1e", "capacitor://localhost", "tauri://localhost"}, AllowCredentials: true},
		"any header with Authorization":       {AllowOrigins: ok, AllowHeaders: []string{"*", "authorization"}, ExposeHeaders: []string{"*", "Authorization"}},
		"any method and header, credentialed": {AllowOrigins: ok, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true},
		"a day":                               {AllowOrigins: ok, MaxAge: 24 * time.Hour},
		"status 299":                          {AllowOrigins: ok, PreflightStatus: 299},
	} {
		if _, err := cors.New(c); err != nil {
			t.Errorf("%s: New refuses it: %v", name, err)
		}
	}
}

func TestListsKeepTheirOrderAndSpelling(t *testing.T) {
	p := cors.MustNew(cors.Config{
		AllowOrigins:  []string{app},
		AllowMethods:  []string{"put", "PUT", "patch", "PATCH", "GET"},
		AllowHeaders:  []string{"X-B", "x-a", "X-A"},
		ExposeHeaders: []string{"X-2", "x-1", "X-1"},
	})
	d := p.Decide(context.Background(), preflight("PUT"))
	if d.AllowMethods != "PUT,patch,PATCH,GET" || d.AllowHeaders != "X-B,x-a" {
		t.Errorf("the preflight is answered with methods %q and headers %q", d.AllowMethods, d.AllowHeaders)
	}
	if d := p.Decide(context.Background(), get(app)); d.ExposeHeaders != "X-2,x-1" {
		t.Errorf("the headers %q are exposed", d.ExposeHeaders)
	}
}

func TestPolicyDoesNotFollowItsConfig(t *testing.T) {
	c := cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}}
	p := cors.MustNew(c)
	c.AllowOrigins[0], c.AllowMethods[0] = "https://evil.example", "DELETE"
	if d := p.Decide(context.Background(), preflight("PUT")); d.AllowOrigin != app || d.AllowMethods != "PUT" {
		t.Errorf("after the Config was changed the policy decides %+v", d)
	}
}

func TestMustNewPanicsWithTheFix(t *testing.T) {
	defer func() {
		got, _ := recover().(string)
		if want := "cors: AllowOrigins: is empty, so that no origin is allowed: list the origins of your pages, such as https://app.example.com"; got != want {
			t.Errorf("MustNew panics with\n%q,\nwant\n%q", got, want)
		}
	}()
	cors.MustNew(cors.Config{})
}

func TestCredentialedOrigins(t *testing.T) {
	c := cors.Config{
		AllowOrigins:               []string{"https://b.example", "https://*.c.example", "https://a.example", "null", "http://localhost:*"},
		DangerouslyAllowNullOrigin: true,
	}
	if got := cors.MustNew(c).CredentialedOrigins(); got != nil {
		t.Errorf("without credentials CredentialedOrigins is %q, want none", got)
	}
	c.AllowCredentials = true
	want := []string{"https://a.example", "https://b.example"}
	if got := cors.MustNew(c).CredentialedOrigins(); !slices.Equal(got, want) {
		t.Errorf("CredentialedOrigins is %q, want %q", got, want)
	}
}
