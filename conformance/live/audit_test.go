package live_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance/live"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

const app = "https://app.example.com"

// granting is a server that is right but for which origins it allows.
func granting(allows func(origin string) bool, credentials bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); len(r.Header["Origin"]) == 1 && origin != "" && allows(origin) {
			h.Set("Access-Control-Allow-Origin", origin)
			if credentials {
				h.Set("Access-Control-Allow-Credentials", "true")
			}
			if r.Method == "OPTIONS" && r.Header.Get("Access-Control-Request-Method") != "" {
				h.Set("Access-Control-Allow-Methods", "PUT")
			}
		}
	}
}

// allowing is a server that allows app and does something else besides.
func allowing(besides func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc {
	right := granting(is(app), false)
	return func(w http.ResponseWriter, r *http.Request) {
		right(w, r)
		besides(w, r)
	}
}

func is(all ...string) func(string) bool {
	return func(origin string) bool { return slices.Contains(all, origin) }
}

func matches(expression string) func(string) bool { return regexp.MustCompile(expression).MatchString }

// TestAuditFindsPlantedFaults checks that each misconfiguration is found, and
// nothing else.
func TestAuditFindsPlantedFaults(t *testing.T) {
	any := func(string) bool { return true }
	for _, c := range []struct {
		name   string
		server http.HandlerFunc
		want   string
	}{
		{"any origin", granting(any, false), "medium any-origin"},
		{"any origin, with credentials", granting(any, true), "high any-origin"},
		{"any origin, where there is a cookie", func(w http.ResponseWriter, r *http.Request) {
			if w.Header().Set("Access-Control-Allow-Origin", "*"); r.Header.Get("Cookie") != "" {
				granting(any, true)(w, r)
			}
		}, "high any-origin"},
		{"null", granting(is(app, "null"), false), "medium null"},
		{"null, with credentials", granting(is(app, "null"), true), "high null"},
		{"prefix", granting(func(o string) bool { return strings.HasPrefix(o, app) }, true), "high prefix"},
		{"prefix, up to a hyphen", granting(matches(`^https://app\.example\.com(-.*)?$`), false), "medium prefix"},
		{"suffix", granting(matches(`^https://.*app\.example\.com$`), true), "high suffix"},
		{"suffix of the domain", granting(matches(`^https://([a-z-]+\.)*([a-z-]*)example\.com$`), false), "medium suffix"},
		{"unescaped dot", granting(matches(`^https://app.example\.com$`), true), "high unescaped-dot"},
		{"unescaped dot, the last", granting(matches(`^https://app\.example.com$`), false), "medium unescaped-dot"},
		{"subdomain", granting(matches(`^https://([a-z]+\.)?app\.example\.com$`), true), "info subdomain"},
		{"scheme downgrade", granting(is(app, "http://app.example.com"), true), "high scheme-downgrade"},
		{"special characters", granting(matches("^https://app\\.example\\.com([`{}].*)?$"), true), "high special-characters"},
		{"special characters, encoded", granting(matches(`^https://app\.example\.com(%.*)?$`), false), "medium special-characters"},
		{"an underscore", granting(matches(`^https://app\.example\.com(_.*)?$`), false), "medium special-characters"},
		{"third-party origins", granting(matches(`^https://(app\.example\.com|[a-z]+\.github\.io)$`), true), "high third-party"},
		{"localhost", granting(is(app, "http://localhost:3000"), true), "info localhost"},
		{"* and private", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Cache-Control", "private, max-age=60")
		}, "info wildcard-private"},
		{"* and credentials", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}, "low wildcard-credentials"},
		{"lists leaked", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Access-Control-Request-Method") != "" {
				w.Header().Set("Access-Control-Allow-Headers", "X-Api-Key")
			}
		}), "low lists-leaked"},
		{"missing Vary", allowing(func(w http.ResponseWriter, r *http.Request) { w.Header().Del("Vary") }), "medium missing-vary"},
		{"missing Vary without Origin", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == "" {
				w.Header().Del("Vary")
			}
		}), "medium missing-vary"},
		{"OPTIONS swallowed", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "OPTIONS" && r.Header.Get("Origin") == app {
				w.Header().Set("Access-Control-Allow-Methods", "PUT")
			}
		}), "low options-swallowed"},
		{"status 500", allowing(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Origin"), "\xff") {
				w.WriteHeader(500)
			}
		}), "medium server-error"},
		{"status 500 for a requested header", allowing(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Access-Control-Request-Headers"), "<") {
				w.WriteHeader(502)
			}
		}), "medium server-error"},
		{"several lines", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == app {
				w.Header().Add("Access-Control-Allow-Origin", app)
			}
		}), "medium several-origins"},
		{"several lines of the request", allowing(func(w http.ResponseWriter, r *http.Request) {
			if len(r.Header["Origin"]) > 1 {
				w.Header()["Access-Control-Allow-Origin"] = r.Header["Origin"]
			}
		}), "medium several-origins"},
		{"two values in a line", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == app {
				w.Header().Set("Access-Control-Allow-Origin", app+", https://other.example.com")
			}
		}), "medium several-origins"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.server)
			defer server.Close()
			findings, err := live.Audit(context.Background(), live.Target{URL: server.URL + "/items"}, app)
			require.NoError(t, err)
			assert.Equal(t, []string{c.want}, brief(findings), "the findings: %+v", findings)
		})
	}
}

func brief(findings []live.Finding) (all []string) {
	for _, f := range findings {
		all = append(all, f.Severity.String()+" "+f.ID)
	}
	return all
}

// TestAuditFindsControlBytes needs a server that lets them through, as net/http
// does not.
func TestAuditFindsControlBytes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			in, origin := bufio.NewReader(conn), ""
			for {
				line, err := in.ReadString('\n')
				if err != nil || line == "\r\n" {
					break
				}
				if value, ok := strings.CutPrefix(line, "Origin: "); ok && strings.HasPrefix(value, app) && strings.ContainsAny(value, "\x01\x7f") {
					origin = "Access-Control-Allow-Origin: " + value
				}
			}
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nVary: Origin\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", origin)
			conn.Close()
		}
	}()
	findings, err := live.Audit(context.Background(), live.Target{URL: "http://" + l.Addr().String()}, app)
	l.Close()
	<-served
	require.NoError(t, err)
	require.Equal(t, []string{"medium control-bytes"}, brief(findings))
	assert.Contains(t, findings[0].Curl, `-H "$(printf 'Origin: https://app.example.com\001.evil.example')"`)
}

// TestAuditFindsNothing checks that servers whose policy is meant have no
// findings but those that are the policy.
func TestAuditFindsNothing(t *testing.T) {
	for _, c := range []struct {
		policy, known string
		want          []string
	}{
		{`{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT"], "allowHeaders": ["X-A"]}`, app, nil},
		{`{"allowOrigins": ["https://app.example.com"], "allowMethods": ["PUT"], "allowCredentials": true}`, app, nil},
		{`{"allowOrigins": ["https://app.example.com", "https://other.example.com"], "allowCredentials": true}`, app, nil},
		{`{"allowOrigins": ["https://*.example.com"]}`, app, []string{"info subdomain"}},
		{`{"allowOrigins": ["https://*.example.com"], "allowCredentials": true}`, app, []string{"info subdomain"}},
		{`{"allowOrigins": ["https://*.example.com"], "allowCredentials": true}`, "https://a.b.example.com", []string{"info subdomain"}},
		{`{"allowOrigins": ["https://*.app.example.com", "https://app.example.com"], "allowCredentials": true}`, app, []string{"info subdomain"}},
		{`{"allowOrigins": ["https://app.example.com:*"], "allowCredentials": true}`, app, nil},
		{`{"allowOrigins": ["http://localhost:*"], "allowMethods": ["*"], "allowHeaders": ["*"]}`, "http://localhost:5173", []string{"info localhost"}},
		{`{"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"], "exposeHeaders": ["*"]}`, app, nil},
		{`{"allowOrigins": ["https://app.example.com"], "rejectDisallowed": true}`, app, nil},
		{`{"allowOrigins": ["https://app.example.com"], "dangerouslyAllowNullOrigin": true}`, app, []string{"medium null"}},
		{`{"allowOrigins": ["https://app.example.com"], "allowCredentials": true, "dangerouslyAllowNullOrigin": true}`, app, []string{"high null"}},
		{`{"allowOrigins": ["https://app.example.com"]}`, "", nil},
	} {
		t.Run(c.policy+" "+c.known, func(t *testing.T) {
			server := httptest.NewServer(corshttp.New(cors.MustNew(parse(t, c.policy)))(site()))
			defer server.Close()
			for _, path := range []string{"/items", "/opt", "/nowhere"} {
				findings, err := live.Audit(context.Background(), live.Target{URL: server.URL + path}, c.known)
				require.NoError(t, err)
				assert.Equal(t, c.want, brief(findings), "the findings at %s: %+v", path, findings)
			}
		})
	}
}

// TestCurl checks that a shell gives curl the bytes that were sent.
func TestCurl(t *testing.T) {
	for _, value := range []string{
		app, "it's", `a\b`, "100%60", "$HOME `id` \"x\"", "a\x01b\x7f\xff'%d\\", "\t", "ä", "!", "~", "#",
	} {
		r, err := http.NewRequest("GET", "http://127.0.0.1/it's?a=$b&c", nil)
		require.NoError(t, err)
		r.Header["Origin"] = []string{value}
		command := live.Curl(exchange(r), true)
		out, err := exec.Command("sh", "-c", `curl() { for a; do printf '%s\n' "$a"; done; }; `+command).Output()
		require.NoError(t, err, command)
		assert.Equal(t, []string{"-s", "-o", "/dev/null", "-D", "-", "-k", "-H", "Origin: " + value, "http://127.0.0.1/it's?a=$b&c", ""}, strings.Split(string(out), "\n"), command)
	}
}

// TestCurlKeepsSecrets checks that credentials are in no report.
func TestCurlKeepsSecrets(t *testing.T) {
	r, err := http.NewRequest("DELETE", "http://127.0.0.1/", nil)
	require.NoError(t, err)
	r.Header = http.Header{"Authorization": {"Bearer secret"}, "Cookie": {"id=secret"}, "X-Empty": {""}}
	assert.Equal(t, `curl -s -o /dev/null -D - -X DELETE -H "Authorization: $AUTHORIZATION" -H "Cookie: $COOKIE" -H 'X-Empty;' http://127.0.0.1/`, strings.ReplaceAll(live.Curl(exchange(r), false), "'http://127.0.0.1/'", "http://127.0.0.1/"))
	assert.NotContains(t, live.RequestText(exchange(r)), "secret")
}
