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
	"time"

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

// starOr sends "*", but leaves the origins that it is for to a server.
func starOr(server http.HandlerFunc, isFor func(origin string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if isFor(r.Header.Get("Origin")) {
			server(w, r)
			return
		}
		w.Header().Set("Vary", "Origin")
		w.Header().Set("Access-Control-Allow-Origin", "*")
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
		{"two values in a line, and credentials that are false", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == app {
				w.Header().Set("Access-Control-Allow-Origin", app+", https://other.example.com")
				w.Header().Set("Access-Control-Allow-Credentials", "false")
			}
		}), "medium several-origins"},
		{"* and null with credentials", starOr(granting(is("null"), true), is("null")), "high null"},
		{"* and a prefix with credentials", starOr(granting(matches(`^https://app\.example\.com`), true), matches(`^https://app\.example\.com`)), "high prefix"},
		{"* and a known origin, without Vary", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			if r.Header.Get("Origin") == app {
				w.Header().Set("Access-Control-Allow-Origin", app)
				w.Header().Set("Access-Control-Allow-Credentials", "true")
			}
		}, "medium missing-vary"},
		{"any origin, and null with credentials", func(w http.ResponseWriter, r *http.Request) {
			granting(any, r.Header.Get("Origin") == "null")(w, r)
		}, "high null, medium any-origin"},
		{"any origin in CORS-preflight requests", allowing(func(w http.ResponseWriter, r *http.Request) {
			if o := r.Header["Origin"]; len(o) == 1 && r.Header.Get("Access-Control-Request-Method") != "" {
				granting(any, true)(w, r)
				w.Header().Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
			}
		}), "high preflight-any-origin"},
		{"null in CORS-preflight requests, for a header", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == "null" && r.Header.Get("Access-Control-Request-Headers") == "content-type" {
				w.Header().Set("Access-Control-Allow-Origin", "null")
				w.Header().Set("Access-Control-Allow-Headers", "content-type")
			}
		}), "medium preflight-any-origin"},
		{"lists leaked to null", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Access-Control-Request-Method") != "" && r.Header.Get("Origin") == "null" {
				w.Header().Set("Access-Control-Allow-Methods", "PUT")
			}
		}), "low lists-leaked"},
		{"a panic", allowing(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Origin"), "\xff") {
				panic(http.ErrAbortHandler)
			}
		}), "medium server-error"},
		{"a panic at null", allowing(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == "null" && r.Method == "GET" {
				panic(http.ErrAbortHandler)
			}
		}), "medium server-error"},
		{"another origin", granting(is("https://other.example.com"), false), "low known-refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.server)
			defer server.Close()
			findings, err := live.Audit(context.Background(), live.Target{URL: server.URL + "/items"}, app)
			require.NoError(t, err)
			assert.Equal(t, c.want, strings.Join(brief(findings), ", "), "the findings: %+v", findings)
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
				if value, ok := strings.CutPrefix(line, "Origin: "); ok && (value == app+"\r\n" || strings.HasPrefix(value, app) && strings.ContainsAny(value, "\x01\x7f")) {
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
		{`{"allowOrigins": ["http://localhost:3000"]}`, "http://localhost:3000", nil},
		{`{"allowOrigins": ["http://10.0.0.5", "https://app.example.com:3000"]}`, "http://10.0.0.5", nil},
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

// TestAuditWithoutOrigin checks that what cannot be told is said, and is no fault of
// the server's.
func TestAuditWithoutOrigin(t *testing.T) {
	server := httptest.NewServer(granting(is(app), true))
	defer server.Close()
	findings, err := live.Audit(context.Background(), live.Target{URL: server.URL}, "")
	require.NoError(t, err)
	require.Equal(t, []string{"info known-refused"}, brief(findings))
	assert.Equal(t, "Nothing could be told of origins that resemble an allowed one: "+server.URL+" is not allowed, and the status is 200.", findings[0].Title)
}

// TestAuditOfAddressesAndPorts checks what only they are mistaken for.
func TestAuditOfAddressesAndPorts(t *testing.T) {
	for known, begin := range map[string]string{"https://app.example.com:3000": "https://app.example.com:3000", "http://10.0.0.5": "http://10.0.0.5."} {
		server := httptest.NewServer(granting(func(o string) bool { return o == known || strings.HasPrefix(o, begin) }, true))
		defer server.Close()
		findings, err := live.Audit(context.Background(), live.Target{URL: server.URL}, known)
		require.NoError(t, err)
		assert.Equal(t, []string{"high prefix"}, brief(findings), "the findings of %s: %+v", known, findings)
	}
}

// mute are servers that tell nothing, and what is said of them.
var mute = map[string]struct {
	server  http.HandlerFunc
	found   []string
	because string
}{
	"401 always":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, []string{"low known-refused"}, "it answers with status 401 and grants nothing"},
	"404 always":           {http.NotFound, []string{"low known-refused"}, "it answers with status 404 and grants nothing"},
	"429 always":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, []string{"low known-refused"}, "it answers with status 429 and grants nothing"},
	"a panic at an Origin": {withOrigin(func() { panic(http.ErrAbortHandler) }), []string{"medium server-error"}, "3 requests got no response, so that no more were sent: the server closed the connection"},
}

// withOrigin does something to requests that have an Origin.
func withOrigin(do func()) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		if r.Header["Origin"] != nil {
			do()
		}
	}
}

// TestNothingIsNoPass checks that no server passes that tells nothing.
func TestNothingIsNoPass(t *testing.T) {
	for name, c := range mute {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.server)
			defer server.Close()
			var inconclusive *live.InconclusiveError
			findings, err := live.Audit(context.Background(), live.Target{URL: server.URL}, app)
			require.ErrorAs(t, err, &inconclusive)
			assert.Contains(t, inconclusive.Error(), server.URL+"/ cannot be judged: "+c.because)
			assert.Equal(t, c.found, brief(findings), "the findings: %+v", findings)
			_, err = live.Infer(context.Background(), live.Target{URL: server.URL}, app)
			require.ErrorAs(t, err, &inconclusive)
			assert.Contains(t, inconclusive.Error(), server.URL+"/ cannot be judged: "+c.because)
		})
	}
}

// TestServersThatHang checks that few requests are waited for.
func TestServersThatHang(t *testing.T) {
	asked, release := make(chan string, 1000), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			asked <- origin
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	}))
	defer server.Close()
	defer close(release)
	// Long enough for the requests that are answered, on a machine that is busy.
	findings, err := live.Audit(context.Background(), live.Target{URL: server.URL, Timeout: 2 * time.Second}, app)
	require.ErrorAs(t, err, new(*live.InconclusiveError))
	assert.Equal(t, []string{"medium server-error"}, brief(findings), "the findings: %+v", findings)
	assert.Len(t, asked, 3, "requests that were waited for")
}

// TestServersThatTire checks that a limit to the rate of requests is noticed.
func TestServersThatTire(t *testing.T) {
	asked := 0 // one after another
	server := httptest.NewServer(allowing(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > 5 {
			w.WriteHeader(429)
		}
	}))
	defer server.Close()
	_, err := live.Audit(context.Background(), live.Target{URL: server.URL}, app)
	assert.EqualError(t, err, server.URL+"/ cannot be judged: it has begun to answer with status 429, where it was 200 at first: have it answer so many requests")
}

// TestServersThatStop checks that one response is not enough.
func TestServersThatStop(t *testing.T) {
	for name, ask := range map[string]func(live.Target) error{
		"audit": func(target live.Target) error { _, err := live.Audit(context.Background(), target, app); return err },
		"infer": func(target live.Target) error { _, err := live.Infer(context.Background(), target, app); return err },
	} {
		answered := make(chan struct{}, 1)
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			select {
			case answered <- struct{}{}:
			default:
				panic(http.ErrAbortHandler)
			}
		}))
		defer server.Close()
		err := ask(live.Target{URL: server.URL})
		require.ErrorAs(t, err, new(*live.InconclusiveError), name)
		assert.Contains(t, err.Error(), "it has answered, and no longer does: the server closed the connection", name)
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
		command := live.Target{Insecure: true}.Curl(exchange(r))
		out, err := exec.Command("sh", "-c", `curl() { for a; do printf '%s\n' "$a"; done; }; `+command).Output()
		require.NoError(t, err, command)
		assert.Equal(t, []string{"-s", "-o", "/dev/null", "-D", "-", "-k", "-H", "Origin: " + value, "http://127.0.0.1/it's?a=$b&c", ""}, strings.Split(string(out), "\n"), command)
	}
}

// TestCurlKeepsSecrets checks that credentials are in no report, and nothing that
// the target adds to requests.
func TestCurlKeepsSecrets(t *testing.T) {
	target := live.Target{Header: http.Header{"X-Csrf-Token": {"secret", "secret2"}, "1.a": {"secret"}}}
	r, err := http.NewRequest("DELETE", "http://127.0.0.1/", nil)
	require.NoError(t, err)
	r.Header = http.Header{"Authorization": {"Bearer secret"}, "Cookie": {"id=secret"}, "X-Empty": {""}, "X-Csrf-Token": {"secret", "secret2"}, "1.a": {"secret"}, "Origin": {app}}
	assert.Equal(t, `curl -s -o /dev/null -D - -X DELETE -H '1.a: '"$_1_A" -H 'Authorization: '"$AUTHORIZATION" -H 'Cookie: '"$COOKIE" -H 'Origin: https://app.example.com' -H 'X-Csrf-Token: '"$X_CSRF_TOKEN" -H 'X-Csrf-Token: '"$X_CSRF_TOKEN_2" -H 'X-Empty;' 'http://127.0.0.1/'`, target.Curl(exchange(r)))
	assert.NotContains(t, target.RequestText(exchange(r)), "secret")
	assert.Contains(t, target.RequestText(exchange(r)), "Origin: "+app)

	target.Header["X-Csrf-Token"] = []string{"", "long secret"}
	x := exchange(r)
	x.Status, x.Header = 200, http.Header{"X-Echo": {"[long secret]"}, "Set-Cookie": {"id=secret"}}
	assert.Equal(t, "200 OK\nSet-Cookie: $SET_COOKIE\nX-Echo: [$X_CSRF_TOKEN_2]", target.ResponseText(x))
}

// TestCurlSendsTheSame checks the options without which curl would ask for another
// path, and that no command is given that cannot be.
func TestCurlSendsTheSame(t *testing.T) {
	for url, options := range map[string][]string{
		"http://127.0.0.1/items?filter[a]=1&q={x,y}": {"-g"},
		"http://127.0.0.1/a/../b":                    {"--path-as-is"},
		"http://[::1]/":                              nil,
	} {
		r, err := http.NewRequest("GET", url, nil)
		require.NoError(t, err)
		want := strings.Join(append(append([]string{"curl -s -o /dev/null -D -"}, options...), "'"+url+"'"), " ")
		assert.Equal(t, want, live.Target{}.Curl(exchange(r)))
		r.Header["Origin"] = []string{app + "\x00"}
		assert.Empty(t, live.Target{}.Curl(exchange(r)), "a NUL is in no argument")
	}
}
