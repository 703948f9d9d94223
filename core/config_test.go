package cors_test

import (
	"context"
	"slices"
	"strconv"
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
		{"any response header beside Authorization, which it covers", cors.Config{AllowOrigins: ok, ExposeHeaders: []string{"*", "Authorization"}}, []string{"ExposeHeaders *"}},
		{"response headers that no request has", cors.Config{AllowOrigins: ok, AllowHeaders: []string{"Set-Cookie2", "Content-Security-Policy", "Strict-Transport-Security", "Server-Timing"}}, []string{"AllowHeaders Set-Cookie2", "AllowHeaders Content-Security-Policy", "AllowHeaders Strict-Transport-Security", "AllowHeaders Server-Timing"}},
		{"request headers that no response has", cors.Config{AllowOrigins: ok, ExposeHeaders: []string{"Sec-Fetch-Site", "Sec-CH-UA", "Sec-WebSocket-Key", "HTTP2-Settings"}}, []string{"ExposeHeaders Sec-Fetch-Site", "ExposeHeaders Sec-CH-UA", "ExposeHeaders Sec-WebSocket-Key", "ExposeHeaders HTTP2-Settings"}},
		{"any origin beside null", cors.Config{AllowOrigins: []string{"*", "null"}, DangerouslyAllowNullOrigin: true}, []string{"AllowOrigins *"}},
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

// fieldSetters set one field of a Config to one value.
var fieldSetters = map[string]func(c *cors.Config, value string){
	"AllowOrigins":  func(c *cors.Config, value string) { c.AllowOrigins = []string{value} },
	"AllowMethods":  func(c *cors.Config, value string) { c.AllowMethods = []string{value} },
	"AllowHeaders":  func(c *cors.Config, value string) { c.AllowHeaders = []string{value} },
	"ExposeHeaders": func(c *cors.Config, value string) { c.ExposeHeaders = []string{value} },
	"MaxAge": func(c *cors.Config, value string) {
		age, err := time.ParseDuration(value)
		if err != nil {
			panic(err)
		}
		c.MaxAge = age
	},
	"PreflightStatus": func(c *cors.Config, value string) {
		status, err := strconv.Atoi(value)
		if err != nil {
			panic(err)
		}
		c.PreflightStatus = status
	},
}

// valid returns a Config that is valid but for what change does to it.
func valid(change func(*cors.Config)) cors.Config {
	c := cors.Config{AllowOrigins: []string{app}}
	change(&c)
	return c
}

const (
	shape     = "write scheme://host or scheme://host:port, such as https://app.example.com"
	wildcards = "write https://*.example.com for every subdomain, http://localhost:* for every port, or * alone for every origin"
	serve     = "serve the page over https or http, or see DangerouslyAllowNullOrigin"
	elements  = "write each origin as an element of its own"
	names     = "write each name as an element of its own"
	header    = "write a token such as X-Request-ID"
	method    = "write a token such as PUT"
	remove    = "remove it"
	label63   = "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g23"
	host253   = label63 + "." + label63 + "." + label63 + ".a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g"
)

// TestEveryValueIsCheckedWithItsFix has, for each way in which a value can be
// wrong, one that is and its nearest neighbour that is not.
func TestEveryValueIsCheckedWithItsFix(t *testing.T) {
	tests := []struct{ field, bad, fix, good string }{
		{"AllowOrigins", "", "remove it, or write an origin such as https://app.example.com", "https://a"},
		{"AllowOrigins", "a.example", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "localhost:3000", "write http://localhost:3000", "http://localhost:3000"},
		{"AllowOrigins", "https:a.example", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://a.example/", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://a.example/x", "write https://a.example", "https://a.example"},
		{"AllowOrigins", `https://a.example\x`, "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://a.example?x", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://a.example#x", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://me@a.example", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://me:pw@a.example:8443", "write https://a.example:8443", "https://a.example:8443"},
		{"AllowOrigins", "https://a.example:443", "write https://a.example", "https://a.example:80"},
		{"AllowOrigins", "http://a.example:80", "write http://a.example", "http://a.example:443"},
		{"AllowOrigins", "HTTPS://a.example", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://A.example", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://bücher.example", "write https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
		{"AllowOrigins", "https://*.bücher.example", "write https://*.xn--bcher-kva.example", "https://*.xn--bcher-kva.example"},
		{"AllowOrigins", "https://\u212aelvin.example", "write https://kelvin.example", "https://kelvin.example"},
		{"AllowOrigins", "https://a.example https://b.example", elements, "https://a.example"},
		{"AllowOrigins", "https://a.example,https://b.example", elements, "https://b.example"},
		{"AllowOrigins", "https://a.example;https://b.example", elements, "https://b.example"},
		{"AllowOrigins", " https://a.example", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://a.example\r\n", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://a\x00.example", shape, "https://a.example"},
		{"AllowOrigins", "https://a\x7f.example", shape, "https://a.example"},
		{"AllowOrigins", "https://a%2e.example", shape, "https://a.example"},
		{"AllowOrigins", "https://a!.example", shape, "https://a-_.example"},

		{"AllowOrigins", "https://", shape, "https://a"},
		{"AllowOrigins", "https://.", shape, "https://a"},
		{"AllowOrigins", "https://a..example", shape, "https://a.example"},
		{"AllowOrigins", "https://.example", shape, "https://example"},
		{"AllowOrigins", "https://a.example.", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://" + label63 + "4", shape, "https://" + label63},
		{"AllowOrigins", "https://" + host253 + "2", shape, "https://" + host253},
		{"AllowOrigins", "https://*." + host253[1:], wildcards, "https://*." + host253[2:]},
		{"AllowOrigins", strings.Repeat("s", 65) + "://a", shape, strings.Repeat("s", 64) + "://a"},

		{"AllowOrigins", "https://a.example:", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://a.example:0", shape, "https://a.example:1"},
		{"AllowOrigins", "https://a.example:08443", "write https://a.example:8443", "https://a.example:8443"},
		{"AllowOrigins", "https://a.example:0443", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "https://a.example:65536", shape, "https://a.example:65535"},
		{"AllowOrigins", "https://a.example:+80", shape, "https://a.example:80"},
		{"AllowOrigins", "https://a.example:80:90", shape, "https://a.example:80"},

		{"AllowOrigins", "https://1.2.3", "write https://1.2.0.3", "https://1.2.0.3"},
		{"AllowOrigins", "https://1.2.3.04", "write https://1.2.3.4", "https://1.2.3.4"},
		{"AllowOrigins", "https://0x7f.0.0.1", "write https://127.0.0.1", "https://127.0.0.1"},
		{"AllowOrigins", "https://1.2.3.256", shape, "https://1.2.3.255"},
		{"AllowOrigins", "https://1.2.3.4.", "write https://1.2.3.4", "https://1.2.3.4"},
		{"AllowOrigins", "https://[0:0::1]", "write https://[::1]", "https://[::1]"},
		{"AllowOrigins", "https://[2001:DB8::1]:8443", "write https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"},
		{"AllowOrigins", "https://[::ffff:1.2.3.4]", "write https://[::ffff:102:304]", "https://[::ffff:102:304]"},
		{"AllowOrigins", "https://::1", "write https://[::1]", "https://[::1]"},
		{"AllowOrigins", "https://[fe80::1%25eth0]", "write https://[fe80::1]", "https://[fe80::1]"},
		{"AllowOrigins", "https://[fe80::1%eth0]", "write https://[fe80::1]", "https://[fe80::1]"},
		{"AllowOrigins", "https://[]", shape, "https://[::]"},

		{"AllowOrigins", "https://*", wildcards, "https://*.a"},
		{"AllowOrigins", "http://*:3000", wildcards, "http://*.localhost:3000"},
		{"AllowOrigins", "https://*a.example", wildcards, "https://*.a.example"},
		{"AllowOrigins", "https://a*.example", wildcards, "https://*.example"},
		{"AllowOrigins", "https://*.*.example", wildcards, "https://*.example"},
		{"AllowOrigins", "https://a.*.example", wildcards, "https://*.example"},
		{"AllowOrigins", "https://a.*", wildcards, "https://*.a"},
		{"AllowOrigins", "https://*.1.2.3.4", "write https://1.2.3.4", "https://1.2.3.4:*"},
		{"AllowOrigins", "https://*.[::1]", "write https://[::1]", "https://[::1]:*"},
		{"AllowOrigins", "https://a.example:8*", wildcards, "https://a.example:*"},
		{"AllowOrigins", "*://a.example", "write https://a.example", "https://a.example"},
		{"AllowOrigins", "http*://a.example", wildcards, "http://a.example"},
		{"AllowOrigins", "https://*.bücher.*", wildcards, "https://*.xn--bcher-kva.example"},

		{"AllowOrigins", "null", "remove it, or set DangerouslyAllowNullOrigin", "https://null"},
		{"AllowOrigins", "NULL", "write null, and see DangerouslyAllowNullOrigin", "app://null"},
		{"AllowOrigins", "file://", serve, "files://a"},
		{"AllowOrigins", "file:///index.html", serve, "http://localhost"},
		{"AllowOrigins", "file://*", serve, "http://localhost:*"},
		{"AllowOrigins", "data:text/html,hi", serve, "https://data"},
		{"AllowOrigins", "blob:https://a.example/0f1e", "write the origin of that page, such as https://app.example.com", "https://a.example"},
		{"AllowOrigins", "ws://a.example", "write http://a.example", "http://a.example"},
		{"AllowOrigins", "wss://*.a.example:*", "write https://*.a.example:*", "https://*.a.example:*"},
		{"AllowOrigins", "1app://a", shape, "app1://a"},
		{"AllowOrigins", "app_x://a", shape, "app-x.y+z://a"},
		{"AllowOrigins", "moz-extension://0F1E", "write moz-extension://0f1e", "moz-extension://0f1e"},
		{"AllowOrigins", "moz-extension://*", "list the hosts, or set DangerouslyAllowAnyExtension", "moz-extension://*.a"},

		{"AllowMethods", "", remove, "A"},
		{"AllowMethods", " ", remove, "A"},
		{"AllowMethods", "PUT ", "write PUT", "PUT"},
		{"AllowMethods", "PUT,DELETE", names, "DELETE"},
		{"AllowMethods", "PU T", method, "PU-T"},
		{"AllowMethods", "PU\x00T", method, "PUT"},
		{"AllowMethods", "PUT\r\nX: y", method, "PUT"},
		{"AllowMethods", "PÜT", method, "PUT"},
		{"AllowMethods", "CONNECT", remove, "CONNECTED"},
		{"AllowMethods", "trace", remove, "traces"},
		{"AllowMethods", "Track", remove, "Tracks"},
		{"AllowMethods", " trace\t", remove, "traces"},

		{"AllowHeaders", "", remove, "A"},
		{"AllowHeaders", "X-A ", "write X-A", "X-A"},
		{"AllowHeaders", "X-A, X-B", names, "X-A"},
		{"AllowHeaders", "X A", header, "X-A"},
		{"AllowHeaders", "X-A:", header, "X-A"},
		{"AllowHeaders", "X-A\x01", header, "X-A"},
		{"AllowHeaders", "X-A\x7f", header, "X-A"},
		{"AllowHeaders", "X-A\r\nX-B: c", header, "X-A"},
		{"AllowHeaders", "X-\u212a", header, "X-K"},
		{"AllowHeaders", "Cookie", remove, "X-Cookie"},
		{"AllowHeaders", " Cookie", remove, "X-Cookie"},
		{"AllowHeaders", "ORIGIN", remove, "X-Origin"},
		{"AllowHeaders", "Content-Length", remove, "Content-Type"},
		{"AllowHeaders", "Set-Cookie", remove, "X-Set-Cookie"},
		{"AllowHeaders", "Sec-Fetch-Site", remove, "Sec"},
		{"AllowHeaders", "Proxy-Authorization", remove, "Authorization"},
		{"AllowHeaders", "Access-Control-Request-Method", remove, "X-HTTP-Method-Override"},
		{"AllowHeaders", "Access-Control-Allow-Origin", remove, "Access-Control"},
		{"AllowHeaders", "access-control-x", remove, "X-Access-Control"},
		{"AllowHeaders", "etag", "remove it, or move it to ExposeHeaders", "If-Match"},
		{"AllowHeaders", "WWW-Authenticate", "remove it, or move it to ExposeHeaders", "Authorization"},
		{"AllowHeaders", "Accept-Ranges", "remove it, or move it to ExposeHeaders", "Range"},
		{"AllowHeaders", "Location", "remove it, or move it to ExposeHeaders", "Content-Location"},

		{"ExposeHeaders", "", remove, "A"},
		{"ExposeHeaders", "\tX-A", "write X-A", "X-A"},
		{"ExposeHeaders", "X-A,X-B", names, "X-A"},
		{"ExposeHeaders", "X A", header, "X-A"},
		{"ExposeHeaders", "X-A\n", "write X-A", "X-A"},
		{"ExposeHeaders", "X\x00A", header, "X-A"},
		{"ExposeHeaders", "Set-Cookie", remove, "X-Set-Cookie"},
		{"ExposeHeaders", "set-cookie2", remove, "set-cookie3"},
		{"ExposeHeaders", "Cookie", remove, "X-Cookie"},
		{"ExposeHeaders", "If-None-Match", "remove it, or move it to AllowHeaders", "ETag"},
		{"ExposeHeaders", "Range", "remove it, or move it to AllowHeaders", "Content-Range"},
		{"ExposeHeaders", "User-Agent", "remove it, or move it to AllowHeaders", "Server"},
		{"ExposeHeaders", "Access-Control-Allow-Origin", remove, "Timing-Allow-Origin"},
		{"ExposeHeaders", "Access-Control-Request-Method", remove, "Allow"},

		{"MaxAge", "-1ns", "write 0 to omit the header, or -1 second (NoPreflightCache) to forbid caching", "-1s"},
		{"MaxAge", "-2s", "write 0 to omit the header, or -1 second (NoPreflightCache) to forbid caching", "0s"},
		{"MaxAge", "600ns", "write 10m0s (600 * time.Second)", "10m"},
		{"MaxAge", "86.4µs", "write 24h0m0s (86400 * time.Second)", "24h"},
		{"MaxAge", "86.401µs", "write 1s (1 * time.Second)", "1s"},
		{"MaxAge", "1.5s", "write 2s (2 * time.Second)", "2s"},
		{"MaxAge", "24h0m0.000000001s", "write 24h (86400 seconds) or less", "24h"},
		{"MaxAge", "240h0m0s", "write 24h (86400 seconds) or less", "23h59m59s"},

		{"PreflightStatus", "-1", "write 204, or another status from 200 to 299", "0"},
		{"PreflightStatus", "1", "write 204, or another status from 200 to 299", "0"},
		{"PreflightStatus", "199", "write 204, or another status from 200 to 299", "200"},
		{"PreflightStatus", "300", "write 204, or another status from 200 to 299", "299"},
		{"PreflightStatus", "403", "write 204, or another status from 200 to 299", "203"},
	}
	for _, tt := range tests {
		set := fieldSetters[tt.field]
		_, err := cors.New(valid(func(c *cors.Config) { set(c, tt.bad) }))
		switch faults := cors.ConfigErrors(err); {
		case len(faults) != 1:
			t.Errorf("for %s %q New finds %d faults, want one: %v", tt.field, tt.bad, len(faults), err)
		case faults[0].Field != tt.field || faults[0].Value != tt.bad:
			t.Errorf("for %s %q New finds fault with %s %q", tt.field, tt.bad, faults[0].Field, faults[0].Value)
		case faults[0].Fix != tt.fix:
			t.Errorf("for %s %q New says to\n%s,\nwant\n%s", tt.field, tt.bad, faults[0].Fix, tt.fix)
		}
		if _, err := cors.New(valid(func(c *cors.Config) { set(c, tt.good) })); err != nil {
			t.Errorf("New refuses %s %q: %v", tt.field, tt.good, err)
		}
	}
}

func TestFixOfAnyHeaderBesideOthers(t *testing.T) {
	_, err := cors.New(cors.Config{AllowOrigins: []string{app}, AllowHeaders: []string{"*", "X-A"}, ExposeHeaders: []string{"*", "X-A"}})
	want := []string{`write "*" alone or with Authorization, or remove it`, `write "*" alone, or remove it`}
	var got []string
	for _, fault := range cors.ConfigErrors(err) {
		got = append(got, fault.Fix)
	}
	if !slices.Equal(got, want) {
		t.Errorf("New says to %q, want to %q", got, want)
	}
}

func TestLongValuesAreCut(t *testing.T) {
	for n, want := range map[int]string{
		120: `"` + strings.Repeat("x", 120) + `" `,
		121: `"` + strings.Repeat("x", 120) + `"… `,
	} {
		_, err := cors.New(cors.Config{AllowOrigins: []string{strings.Repeat("x", n)}})
		if err == nil || !strings.HasPrefix(err.Error(), "AllowOrigins: "+want) {
			t.Errorf("of a value of %d bytes New says %v, want it to begin with %s", n, err, want)
		}
	}
}

// TestFixesAreAccepted takes New at its word: what it says to write, it takes.
func TestFixesAreAccepted(t *testing.T) {
	tests := []struct {
		field  string
		values []string
	}{
		{"AllowOrigins", []string{
			"https://app.example.com/", "HTTPS://App.Example.com:443/x?y#z", "app.example.com", "localhost:5173", "127.0.0.1:3000",
			"https:/app.example.com", "https//app.example.com", "http:app.example.com", "//app.example.com", "ws://app.example.com",
			"http://app.example.com:443", "http://*.app.example.com:*", "https://bücher.example", "https://[0:0::1]:443", " https://app.example.com ",
			"https://127.1", "https://::1", "https://*.10.0.0.1", "http://10.0.0.1:8080", "https://[FE80::1%eth0]:0443", "wss://*.example.com:*",
			"*://*.example.com", "https://me:pw@app.example.com", "*.example.com", "http://[::ffff:7f00:1]",
		}},
		{"AllowMethods", []string{" PUT", "patch\n", "connect ", "", "\tTRACE"}},
		{"AllowHeaders", []string{" X-A", "X-A\t", " cookie", "etag ", "Sec-A\n", "", " ", "ETag", "Vary\n"}},
		{"ExposeHeaders", []string{" X-A", "X-A\t", " set-cookie", "", "range ", "If-Match"}},
		{"MaxAge", []string{"1ns", "600ns", "3600ns", "86400ns", "86401ns", "1ms", "499ms", "1.5s", "23h59m59.9s", "24h1ns", "100h", "-1ns", "-5s"}},
		{"PreflightStatus", []string{"-204", "100", "199", "300", "404"}},
	}
	for _, tt := range tests {
		for _, value := range tt.values {
			c := cors.Config{AllowOrigins: []string{app}, AllowCredentials: true}
			fieldSetters[tt.field](&c, value)
			_, err := cors.New(c)
			if err == nil {
				t.Errorf("New accepts %s %q", tt.field, value)
			}
			// A fix may bring up what could not be seen before: that plain
			// http goes with no credentials, say.
			for round := 0; err != nil && round < 2; round++ {
				for _, fault := range cors.ConfigErrors(err) {
					if cannot := follow(&c, fault); cannot != "" {
						t.Errorf("for %s %q New says to %s, but %s", tt.field, value, fault.Fix, cannot)
					}
				}
				_, err = cors.New(c)
			}
			if err != nil {
				t.Errorf("for %s %q New was done as it says, and says: %v", tt.field, value, err)
			}
		}
	}
}

// follow does literally what the first words of a fault's fix say. If that
// cannot be done, it returns why.
func follow(c *cors.Config, fault *cors.ConfigError) (cannot string) {
	fix, _, _ := strings.Cut(fault.Fix, ",")
	value, write := strings.CutPrefix(fix, "write ")
	value, _, _ = strings.Cut(value, " ")
	switch {
	case write && value != "":
		if fault.Field == "MaxAge" && value == "0" {
			value = "0s"
		}
		fieldSetters[fault.Field](c, value)
	case fix == "remove it":
		switch fault.Field {
		case "AllowMethods":
			c.AllowMethods = nil
		case "AllowHeaders":
			c.AllowHeaders = nil
		case "ExposeHeaders":
			c.ExposeHeaders = nil
		default:
			return fault.Field + " cannot be empty"
		}
	default:
		return "that names no value"
	}
	return ""
}

// TestFlagsThatAFixNames follows the other half of the fixes that offer two
// ways out: "move it to" another field, or "set" a flag.
func TestFlagsThatAFixNames(t *testing.T) {
	flags := map[string]func(*cors.Config){
		"DangerouslyAllowNullOrigin":      func(c *cors.Config) { c.DangerouslyAllowNullOrigin = true },
		"DangerouslyAllowInsecureOrigins": func(c *cors.Config) { c.DangerouslyAllowInsecureOrigins = true },
		"DangerouslyAllowPublicSuffixes":  func(c *cors.Config) { c.DangerouslyAllowPublicSuffixes = true },
		"DangerouslyAllowAnyExtension":    func(c *cors.Config) { c.DangerouslyAllowAnyExtension = true },
		"ExposeHeaders":                   func(c *cors.Config) { c.AllowHeaders, c.ExposeHeaders = nil, c.AllowHeaders },
		"AllowHeaders":                    func(c *cors.Config) { c.AllowHeaders, c.ExposeHeaders = c.ExposeHeaders, nil },
	}
	named := map[string]bool{}
	for _, c := range []cors.Config{
		{AllowOrigins: []string{"null"}},
		{AllowOrigins: []string{"null"}, AllowCredentials: true},
		{AllowOrigins: []string{"http://a.example"}, AllowCredentials: true},
		{AllowOrigins: []string{"https://*.github.io"}, AllowCredentials: true},
		{AllowOrigins: []string{"http://*.github.io:*"}, AllowCredentials: true},
		{AllowOrigins: []string{"moz-extension://*"}},
		{AllowOrigins: []string{app}, AllowHeaders: []string{"ETag", "accept-ranges"}},
		{AllowOrigins: []string{app}, ExposeHeaders: []string{"Range", "if-match"}},
	} {
		_, err := cors.New(c)
		if err == nil {
			t.Errorf("New accepts %+v", c)
		}
		done := map[string]bool{}
		for _, fault := range cors.ConfigErrors(err) {
			words := strings.Fields(fault.Fix)
			name := words[len(words)-1]
			if flags[name] == nil {
				t.Errorf("the fix %q does not end with a field", fault.Fix)
			} else if !done[name] {
				flags[name](&c)
				done[name], named[name] = true, true
			}
		}
		if _, err := cors.New(c); err != nil {
			t.Errorf("after all that New said to do was done, it says: %v", err)
		}
	}
	for name := range flags {
		if !named[name] {
			t.Errorf("no fix names %s", name)
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
		"any header with Authorization":       {AllowOrigins: ok, AllowHeaders: []string{"*", "authorization"}, ExposeHeaders: []string{"*", "*"}},
		"any method and header, credentialed": {AllowOrigins: ok, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true},
		"duplicates of everything":            {AllowOrigins: []string{"null", "null", "https://*.a", "https://*.a", "https://b:*", "https://b:*"}, ExposeHeaders: []string{"*", "*"}, AllowMethods: []string{"*", "*"}, AllowHeaders: []string{"*", "*"}, DangerouslyAllowNullOrigin: true},
		"patterns that overlap":               {AllowOrigins: []string{"https://*.a.example", "https://b.a.example", "https://*.b.a.example:*", "https://b.a.example:*"}},
		"what needs no permission":            {AllowOrigins: ok, AllowMethods: []string{"GET", "head", "POST", "OPTIONS"}, AllowHeaders: []string{"Accept", "Accept-Language", "Content-Language", "Content-Type", "Range"}, ExposeHeaders: []string{"Cache-Control", "Content-Length", "Expires", "Last-Modified", "Pragma"}},
		"unusual methods":                     {AllowOrigins: ok, AllowMethods: []string{"patch", "query", "m-search", "!#$%&'+-.^_`|~09"}},
		"unusual headers":                     {AllowOrigins: ok, AllowHeaders: []string{"_x", "0", "Content-Range", "Expires", "User-Agent", "X-HTTP-Method-Override"}, ExposeHeaders: []string{"Authorization", "Date", "Link", "!"}},
		"ids that start with digits":          {AllowOrigins: []string{"moz-extension://0f1e2d3c-0000-4000-8000-000000000000", "vscode-webview://0abc123", "app://1.2.3", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "safari-web-extension://9a"}, AllowCredentials: true},
		"unusual hosts":                       {AllowOrigins: []string{"https://a", "https://xn--bcher-kva.example", "https://a_b.example", "https://_", "https://-", "https://1.example", "https://*.a_b.example", "https://*.xn--p1ai.example"}, AllowCredentials: true},
		"addresses":                           {AllowOrigins: []string{"https://[2001:db8::1]:8443", "https://[::1]:*", "https://10.0.0.1:*", "https://0.0.0.0", "http://[::1]:3000"}, AllowCredentials: true},
		"no preflight cache":                  {AllowOrigins: ok, MaxAge: cors.NoPreflightCache},
	} {
		if _, err := cors.New(c); err != nil {
			t.Errorf("%s: New refuses it: %v", name, err)
		}
	}
}

func TestEveryOKStatusIsAccepted(t *testing.T) {
	for status := -1; status <= 1000; status++ {
		p, err := cors.New(valid(func(c *cors.Config) { c.PreflightStatus = status }))
		if want := status == 0 || 200 <= status && status <= 299; (err == nil) != want {
			t.Errorf("status %d is accepted: %v, want %v", status, err == nil, want)
			continue
		}
		want := status
		if status == 0 {
			want = 204
		}
		if err != nil {
			want = 403 // by a nil Policy
		}
		if got := p.Decide(context.Background(), preflight("GET")).Status; got != want {
			t.Errorf("with status %d a CORS-preflight request is answered with %d, want %d", status, got, want)
		}
	}
}

// TestContradictions combines every two of the things that a Config can say,
// and lists the pairs of which one makes the other meaningless.
func TestContradictions(t *testing.T) {
	says := map[string]func(*cors.Config){
		"a listed origin": func(c *cors.Config) { c.AllowOrigins = append(c.AllowOrigins, "https://a.example") },
		"a wildcard":      func(c *cors.Config) { c.AllowOrigins = append(c.AllowOrigins, "https://*.a.example:*") },
		"any origin":      func(c *cors.Config) { c.AllowOrigins = append(c.AllowOrigins, "*") },
		"a predicate": func(c *cors.Config) {
			c.AllowOriginFunc = func(context.Context, string) (bool, error) { return true, nil }
		},
		"a method":            func(c *cors.Config) { c.AllowMethods = append(c.AllowMethods, "PUT") },
		"any method":          func(c *cors.Config) { c.AllowMethods = append(c.AllowMethods, "*") },
		"methods from routes": func(c *cors.Config) { c.MethodsFromRoutes = true },
		"a header":            func(c *cors.Config) { c.AllowHeaders = append(c.AllowHeaders, "X-A") },
		"Authorization":       func(c *cors.Config) { c.AllowHeaders = append(c.AllowHeaders, "Authorization") },
		"any header":          func(c *cors.Config) { c.AllowHeaders = append(c.AllowHeaders, "*") },
		"an exposed header":   func(c *cors.Config) { c.ExposeHeaders = append(c.ExposeHeaders, "X-A") },
		"any exposed header":  func(c *cors.Config) { c.ExposeHeaders = append(c.ExposeHeaders, "*") },
		"credentials":         func(c *cors.Config) { c.AllowCredentials = true },
		"a max-age":           func(c *cors.Config) { c.MaxAge = time.Hour },
		"a status":            func(c *cors.Config) { c.PreflightStatus = 200 },
		"rejection":           func(c *cors.Config) { c.RejectDisallowed = true },
		"null's flag":         func(c *cors.Config) { c.DangerouslyAllowNullOrigin = true },
		"plain http's flag":   func(c *cors.Config) { c.DangerouslyAllowInsecureOrigins = true },
		"suffixes' flag":      func(c *cors.Config) { c.DangerouslyAllowPublicSuffixes = true },
		"extensions' flag":    func(c *cors.Config) { c.DangerouslyAllowAnyExtension = true },
	}
	origins := []string{"a listed origin", "a wildcard", "any origin", "a predicate"}
	// Either order of a pair, to the field that is at fault.
	refused := map[[2]string]string{
		{"any origin", "a listed origin"}:     "AllowOrigins",
		{"any origin", "a wildcard"}:          "AllowOrigins",
		{"any origin", "credentials"}:         "AllowOrigins",
		{"any origin", "a predicate"}:         "AllowOriginFunc",
		{"any origin", "rejection"}:           "RejectDisallowed",
		{"any method", "a method"}:            "AllowMethods",
		{"any method", "methods from routes"}: "AllowMethods",
		{"any header", "a header"}:            "AllowHeaders",
		{"any exposed header", "credentials"}: "ExposeHeaders",

		{"any exposed header", "an exposed header"}: "ExposeHeaders",
	}
	for one, says1 := range says {
		for other, says2 := range says {
			if one == other {
				continue
			}
			var c cors.Config
			says1(&c)
			says2(&c)
			if !slices.Contains(origins, one) && !slices.Contains(origins, other) {
				c.AllowOrigins = []string{app}
			}
			want := refused[[2]string{one, other}] + refused[[2]string{other, one}]
			_, err := cors.New(c)
			faults := cors.ConfigErrors(err)
			switch {
			case want == "" && err != nil:
				t.Errorf("New refuses %s with %s: %v", one, other, err)
			case want != "" && len(faults) != 1:
				t.Errorf("New finds %d faults with %s and %s, want one: %v", len(faults), one, other, err)
			case want != "" && faults[0].Field != want:
				t.Errorf("New finds fault with %s and %s in %s, want in %s", one, other, faults[0].Field, want)
			}
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
