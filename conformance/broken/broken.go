// Package broken holds adapters with one fault each, such as adapters, policies
// and servers were seen to have. With them a test shows that whatever looks for
// faults (the conformance suite, real browsers, an audit of a server) notices
// them. The suite does:
//
//	cases := map[string]conformance.Case{}
//	for _, c := range conformance.Cases() {
//		cases[c.Name] = c
//	}
//	for _, a := range broken.All() {
//		problems := conformance.Check(a.Adapter, cases[a.Case], conformance.InProcess)
//		if !strings.Contains(strings.Join(problems, " "), a.Says) {
//			fmt.Printf("The suite does not notice an adapter that %s.\n", a.Name)
//		}
//	}
//
// [Right] is the adapter without a fault, to compare them with.
package broken

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// An Adapter has one fault.
type Adapter struct {
	// Adapter's Name says what the fault is, as the end of "an adapter that …".
	//
	// Mount mounts every site. The fault is sure to show on that of Case; on
	// others it may not, and what they ask for besides, such as authentication
	// or the option Seal, may be missing. Apps are safe for concurrent use.
	conformance.Adapter

	// Case is the name of a case in the suite's table that the fault fails, and
	// that [Right] passes.
	Case string

	// Says is a part of what [conformance.Check] finds wrong in that case.
	Says string
}

// All returns all of them, in a slice that is the caller's.
func All() []Adapter {
	all := make([]Adapter, len(breakages))
	for i, b := range breakages {
		all[i] = Adapter{conformance.Adapter{Name: b.name, Mount: b.mount}, b.meant, b.says}
	}
	return all
}

// breakages is what All returns.
var breakages = []struct {
	name        string
	mount       func(conformance.Site) conformance.App
	meant, says string
}{
	// Vary.
	{"drops Vary", answering(func(d *cors.Decision, r cors.Request) {
		d.Vary = ""
	}), "vary/allowed", "Vary lacks Origin"},
	{"omits Vary without Origin", answering(func(d *cors.Decision, r cors.Request) {
		if d.Kind == cors.NotCORS {
			d.Vary = ""
		}
	}), "vary/without-origin", "Vary lacks Origin"},
	{"omits Vary for origins that are not allowed", answering(func(d *cors.Decision, r cors.Request) {
		if d.Kind == cors.Actual && d.Reason != cors.Allowed {
			d.Vary = ""
		}
	}), "vary/not-allowed", "Vary lacks Origin"},
	{"omits Vary on refused preflights", answering(func(d *cors.Decision, r cors.Request) {
		if d.Status == 403 {
			d.Vary = ""
		}
	}), "vary/preflight-refused", "Vary lacks Access-Control-Request-Method"},
	{"varies on Origin though all are allowed", answering(func(d *cors.Decision, r cors.Request) {
		d.Vary = "Origin"
	}), "anyorigin/get", "Vary names Origin, and must not"},
	{"sets Vary over the handler's", wrapping(func(h http.Header, status int, r *http.Request) {
		if h.Get("Vary") != "" {
			h.Set("Vary", "Origin")
		}
	}), "vary/handler-adds", "Vary lacks Accept-Encoding"},
	{"adds Vary a second time", wrapping(func(h http.Header, status int, r *http.Request) {
		h.Add("Vary", "origin")
	}), "vary/allowed", "Vary names origin more than once"},
	{"copies the request's Vary", wrapping(func(h http.Header, status int, r *http.Request) {
		h["Vary"] = append(h["Vary"], r.Header["Vary"]...)
	}), "vary/of-the-request-is-not-read", "Vary names X-Request-Vary"},

	// Origins.
	{"reflects any origin", answering(func(d *cors.Decision, r cors.Request) {
		d.AllowOrigin = r.Origin.First
	}), "actual/not-allowed", "Access-Control-Allow-Origin is"},
	{"matches by suffix", asking(func(r *cors.Request) {
		if strings.HasSuffix(r.Origin.First, "example.org") {
			r.Origin.First = "https://a.example.org"
		}
	}), "origins/wildcard-glued", "Access-Control-Allow-Origin is"},
	{"matches below a dot without looking at the rest", asking(func(r *cors.Request) {
		if strings.HasSuffix(r.Origin.First, ".example.org") {
			r.Origin.First = "https://a.example.org"
		}
	}), "origins/wildcard-fragment", "Access-Control-Allow-Origin is"},
	{"matches by prefix", asking(func(r *cors.Request) {
		if strings.HasPrefix(r.Origin.First, "https://app.example.com") {
			r.Origin.First = "https://app.example.com"
		}
	}), "origins/exact-suffix-attack", "Access-Control-Allow-Origin is"},
	{"lower-cases origins", asking(func(r *cors.Request) {
		r.Origin.First = strings.ToLower(r.Origin.First)
	}), "origins/exact-upper-case-host", "Access-Control-Allow-Origin is"},
	{"removes default ports", asking(func(r *cors.Request) {
		r.Origin.First = strings.TrimSuffix(r.Origin.First, ":443")
	}), "origins/exact-default-port-spelled-out", "Access-Control-Allow-Origin is"},
	{"grants null", answering(func(d *cors.Decision, r cors.Request) {
		if r.Origin.First == "null" {
			d.AllowOrigin = "null"
		}
	}), "origins/null-not-allowed", `Access-Control-Allow-Origin is "null"`},
	{"takes the first of two Origin lines", asking(func(r *cors.Request) {
		r.Origin = cors.Lines{First: r.Origin.First, N: min(r.Origin.N, 1)}
	}), "classification/repeated-origin", "Access-Control-Allow-Origin is"},
	{"takes an empty Origin for none", asking(func(r *cors.Request) {
		if r.Origin.First == "" {
			r.Origin = cors.Lines{}
		}
	}), "reject/empty", "The status is 200, want 403"},
	{"spells out the origin for *", answering(func(d *cors.Decision, r cors.Request) {
		if d.AllowOrigin == "*" && r.Origin.N > 0 {
			d.AllowOrigin = r.Origin.First
		}
	}), "anyorigin/get", `want "*"`},
	{"hands over no context", deciding(func(_ context.Context, d cors.Decider, r cors.Request) cors.Decision {
		var none context.Context
		return d.Decide(none, r)
	}), "predicate/yes", "Access-Control-Allow-Origin is absent"},
	{"remembers the first origin that was allowed", remembering,
		"connection/allowed-then-foreign", "Access-Control-Allow-Origin is"},

	// What is a CORS-preflight request, and who answers.
	{"takes every OPTIONS for a CORS-preflight request", asking(func(r *cors.Request) {
		if r.Method == "OPTIONS" && r.RequestMethod.N == 0 {
			r.RequestMethod = cors.Lines{First: "GET", N: 1}
		}
	}), "classification/options-without-request-method", "The handler did not answer"},
	{"answers OPTIONS without Origin", answering(func(d *cors.Decision, r cors.Request) {
		if r.Method == "OPTIONS" && r.Origin.N == 0 {
			d.Status = 204
		}
	}), "classification/options-without-origin", "The status is 204, want 200"},
	{"takes the first of two method lines", asking(func(r *cors.Request) {
		r.RequestMethod = cors.Lines{First: r.RequestMethod.First, N: min(r.RequestMethod.N, 1)}
	}), "classification/options-with-repeated-request-method", "The status is 204, want 200"},
	{"lets CORS-preflight requests reach the handler", answering(func(d *cors.Decision, r cors.Request) {
		d.Status = 0
	}), "classification/preflight-never-reaches-a-handler", "The handler answered"},
	{"runs the handler after its own answer", middle(func(d cors.Decider, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			decision := d.Decide(r.Context(), *corshttp.Describe(r, nil))
			corshttp.SetHeaders(w.Header(), &decision)
			if decision.Status != 0 {
				w.WriteHeader(decision.Status)
				w = httptest.NewRecorder()
			}
			next.ServeHTTP(w, r)
		})
	}), "classification/preflight-never-reaches-a-handler", "The handler ran"},
	{"writes a body on refusal", middle(func(d cors.Decider, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			decision := d.Decide(r.Context(), *corshttp.Describe(r, nil))
			corshttp.SetHeaders(w.Header(), &decision)
			if decision.Status == 403 {
				http.Error(w, "Forbidden", 403)
				return
			}
			corshttp.New(fixed(decision))(next).ServeHTTP(w, r)
		})
	}), "preflight/refused", `The body is "Forbidden\n", want none`},
	{"answers preflights with 200 and a body", middle(func(d cors.Decider, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			decision := d.Decide(r.Context(), *corshttp.Describe(r, nil))
			corshttp.SetHeaders(w.Header(), &decision)
			if decision.Status == 204 {
				w.Write([]byte("OK"))
				return
			}
			corshttp.New(fixed(decision))(next).ServeHTTP(w, r)
		})
	}), "preflight/minimal", `The body is "OK", want none`},
	{"refuses actual requests unasked", answering(func(d *cors.Decision, r cors.Request) {
		if d.Kind == cors.Actual && d.Reason != cors.Allowed {
			d.Status = 403
		}
	}), "actual/not-allowed", "The status is 403, want 200"},
	{"refuses same-origin requests", asking(func(r *cors.Request) {
		r.SecFetchSite, r.Host = "", ""
	}), "reject/same-origin", "The status is 403, want 200"},
	{"forgets Sec-Fetch-Site", asking(func(r *cors.Request) {
		r.SecFetchSite = ""
	}), "reject/cross-site", "The status is 200, want 403"},
	{"rejects requests without Origin", answering(func(d *cors.Decision, r cors.Request) {
		if d.Kind == cors.NotCORS {
			d.Status = 403
		}
	}), "reject/without-origin", "The status is 403, want 200"},
	{"is mounted twice", middle(func(d cors.Decider, next http.Handler) http.Handler {
		return corshttp.New(unrouted(d))(corshttp.New(d)(next))
	}), "actual/get", "The policy was asked 2 times"},

	// What the answer holds.
	{"forgets credentials", answering(func(d *cors.Decision, r cors.Request) {
		d.AllowCredentials = ""
	}), "actual/credentials", "Access-Control-Allow-Credentials is absent"},
	{"allows credentials to others", answering(func(d *cors.Decision, r cors.Request) {
		d.AllowCredentials = "true"
	}), "actual/not-allowed", "Access-Control-Allow-Credentials is"},
	{"discloses the lists to refused origins", answering(func(d *cors.Decision, r cors.Request) {
		if d.Status == 403 {
			d.AllowMethods, d.AllowHeaders = "PUT,DELETE", "X-Api-Key"
		}
	}), "preflight/refused", "Access-Control-Allow-Methods is"},
	{"omits the list for a method that is not allowed", answering(func(d *cors.Decision, r cors.Request) {
		if d.Reason == cors.MethodNotAllowed {
			d.AllowMethods = ""
		}
	}), "preflight/method-not-allowed", "Access-Control-Allow-Methods is absent"},
	{"refuses a header that is not allowed", answering(func(d *cors.Decision, r cors.Request) {
		if d.Reason == cors.HeaderNotAllowed {
			d.Status = 403
		}
	}), "preflight/header-not-allowed", "The status is 403, want 204"},
	{"reads the first line of requested headers only", asking(func(r *cors.Request) {
		r.RequestHeaders = cors.Lines{First: r.RequestHeaders.First, N: min(r.RequestHeaders.N, 1)}
	}), "headerlists/echo-two-lines", "Access-Control-Allow-Headers is"},
	{"holds a few lines of requested headers only", asking(func(r *cors.Request) {
		r.RequestHeaders.More = r.RequestHeaders.More[:min(len(r.RequestHeaders.More), 32)]
	}), "headerlists/echo-64-lines", "Access-Control-Allow-Headers is absent"},
	{"echoes requested headers as they are", answering(func(d *cors.Decision, r cors.Request) {
		if d.Kind == cors.Preflight && d.AllowCredentials != "" {
			d.AllowHeaders = r.RequestHeaders.First
		}
	}), "headerlists/echo-markup", "Access-Control-Allow-Headers is"},
	{"upper-cases requested methods", asking(func(r *cors.Request) {
		r.RequestMethod.First = strings.ToUpper(r.RequestMethod.First)
	}), "headerlists/echo-own-method", `want "purge"`},
	{"sends the age on actual responses", answering(func(d *cors.Decision, r cors.Request) {
		d.MaxAge = "600"
	}), "actual/full", "Access-Control-Max-Age is"},
	{"exposes headers on preflights", answering(func(d *cors.Decision, r cors.Request) {
		d.ExposeHeaders = "X-Total"
	}), "preflight/not-exposing", "Access-Control-Expose-Headers is"},
	{"exposes headers to others", answering(func(d *cors.Decision, r cors.Request) {
		d.ExposeHeaders = "X-Total"
	}), "actual/not-exposing-to-others", "Access-Control-Expose-Headers is"},
	{"sends two values", wrapping(func(h http.Header, status int, r *http.Request) {
		h["Access-Control-Allow-Origin"] = slices.Repeat(h["Access-Control-Allow-Origin"], 2)
	}), "actual/get", "Access-Control-Allow-Origin is there 2 times"},

	// What advisories were about, where nothing above does it.
	{"sends any origin back for *, with credentials", answering(func(d *cors.Decision, r cors.Request) {
		if d.AllowOrigin == "*" {
			d.AllowOrigin, d.AllowCredentials = r.Origin.First, "true"
		}
	}), "advisories/cve-2018-20744", `want "*"`},
	{"sends any origin back", answering(func(d *cors.Decision, r cors.Request) {
		d.AllowOrigin = r.Origin.First
	}), "advisories/cve-2025-53092", "Access-Control-Allow-Origin is"},
	{"allows credentials beside *", answering(func(d *cors.Decision, r cors.Request) {
		d.AllowCredentials = "true"
	}), "advisories/cve-2024-25124-no-credentials", "Access-Control-Allow-Credentials is"},
	{"compares a prefix", asking(func(r *cors.Request) {
		if strings.HasPrefix(r.Origin.First, "https://example.com") {
			r.Origin.First = "https://example.com"
		}
	}), "advisories/cve-2019-25211", "Access-Control-Allow-Origin is"},
	{"compares a prefix, up to a hyphen", asking(func(r *cors.Request) {
		r.Origin.First, _, _ = strings.Cut(r.Origin.First, "-")
	}), "advisories/cve-2017-11173-hyphen", "Access-Control-Allow-Origin is"},
	{"compares a suffix without its dot", asking(func(r *cors.Request) {
		if strings.HasSuffix(r.Origin.First, "example.org") {
			r.Origin.First = "https://a.example.org"
		}
	}), "advisories/fiber-2915", "Access-Control-Allow-Origin is"},
	{"compares a suffix before it parses", asking(func(r *cors.Request) {
		if strings.HasSuffix(r.Origin.First, ".example.org") {
			r.Origin.First = "https://a.example.org"
		}
	}), "advisories/fiber-2915-before-parsing", "Access-Control-Allow-Origin is"},
	{"skips empty labels", asking(func(r *cors.Request) {
		r.Origin.First = strings.ReplaceAll(r.Origin.First, "..", ".")
	}), "advisories/fiber-2915-empty-label-within", "Access-Control-Allow-Origin is"},
	{"takes a dot for any byte", asking(func(r *cors.Request) {
		if regexp.MustCompile("^https://good.example$").MatchString(r.Origin.First) {
			r.Origin.First = "https://good.example"
		}
	}), "advisories/cve-2026-25478", "Access-Control-Allow-Origin is"},
	{"looks for an allowed origin anywhere", asking(func(r *cors.Request) {
		if strings.Contains(r.Origin.First, "app.example.com") {
			r.Origin.First = "https://app.example.com"
		}
	}), "advisories/express-cors", "Access-Control-Allow-Origin is"},
	{"joins two allowed hosts", asking(func(r *cors.Request) {
		r.Origin.First = strings.Replace(r.Origin.First, "barfoo", "bar", 1)
	}), "advisories/ghsa-vhxv-fg4m-p2w8", "Access-Control-Allow-Origin is"},
	{"trusts localhost", answering(func(d *cors.Decision, r cors.Request) {
		if strings.HasPrefix(r.Host, "localhost") {
			d.AllowOrigin = r.Origin.First
		}
	}), "advisories/cve-2025-24010", "Access-Control-Allow-Origin is"},
	{"trusts every origin on localhost", answering(func(d *cors.Decision, r cors.Request) {
		if strings.HasPrefix(r.Origin.First, "http://localhost") {
			d.AllowOrigin = r.Origin.First
		}
	}), "advisories/mcp-and-llm-servers", "Access-Control-Allow-Origin is"},
	{"runs what needs no CORS-preflight request", answering(func(d *cors.Decision, r cors.Request) {
		if r.Method == "GET" || r.Method == "POST" {
			d.Status = 0
		}
	}), "advisories/cve-2022-4147-post", "The status is 200, want 403"},
	{"copies the Vary of the request", wrapping(func(h http.Header, status int, r *http.Request) {
		h["Vary"] = append(h["Vary"], r.Header["Vary"]...)
	}), "advisories/ghsa-q7jf-gf43-6x6p", "Vary names X-Secret"},
	{"takes the Vary of the request for that of the response", wrapping(func(h http.Header, status int, r *http.Request) {
		if r.Header.Get("Vary") != "" {
			h["Vary"] = r.Header["Vary"]
		}
	}), "advisories/ghsa-q7jf-gf43-6x6p-refused", "Vary lacks Access-Control-Request-Method"},
	{"opens private networks", wrapping(func(h http.Header, status int, r *http.Request) {
		if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
			h.Set("Access-Control-Allow-Private-Network", "true")
		}
	}), "advisories/cve-2024-6221", "Access-Control-Allow-Private-Network is"},
	{"spells * out where there is a cookie", wrapping(func(h http.Header, status int, r *http.Request) {
		if r.Header.Get("Cookie") != "" {
			h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		}
	}), "advisories/starlette-cookie", `want "*"`},
	{"hands OPTIONS requests to their handler", answering(func(d *cors.Decision, r cors.Request) {
		d.Status = 0
	}), "advisories/cve-2020-5397", "The handler answered"},
	{"refuses preflights whose list is too long", answering(func(d *cors.Decision, r cors.Request) {
		if d.Reason == cors.HeaderNotAllowed && d.Header == "" {
			d.Status = 403
		}
	}), "advisories/cve-2025-47908", "The status is 403, want 204"},
	{"sends every Origin line back", wrapping(func(h http.Header, status int, r *http.Request) {
		if h.Get("Access-Control-Allow-Origin") != "" || len(r.Header["Origin"]) > 1 {
			h["Access-Control-Allow-Origin"] = r.Header["Origin"]
		}
	}), "classification/repeated-origin", "Access-Control-Allow-Origin is"},
	{"answers preflights everywhere by the policy of a group", grouping(func(s conformance.Site, routed http.Handler) http.Handler {
		covered := corshttp.New(s.Policy)(routed)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, inside := strings.CutPrefix(r.URL.Path, conformance.Prefix+"/"); inside || r.Method == "OPTIONS" {
				covered.ServeHTTP(w, r)
			} else {
				routed.ServeHTTP(w, r)
			}
		})
	}), "advisories/cve-2015-9236", "Access-Control-Allow-Origin is"},
	{"merges a default over routes", grouping(func(s conformance.Site, routed http.Handler) http.Handler {
		open := cors.MustNew(cors.Config{AllowOrigins: []string{"*"}})
		covered := corshttp.New(s.Policy)(routed)
		return corshttp.New(open)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, conformance.Prefix) {
				covered.ServeHTTP(w, r)
			} else {
				routed.ServeHTTP(w, r)
			}
		}))
	}), "advisories/cve-2015-9243", "Access-Control-Allow-Origin is"},
	{"turns + into nothing", grouping(func(s conformance.Site, routed http.Handler) http.Handler {
		covered := corshttp.New(s.Policy)(routed)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(strings.ReplaceAll(r.URL.Path, "+", ""), conformance.Prefix+"/") {
				covered.ServeHTTP(w, r)
			} else {
				routed.ServeHTTP(w, r)
			}
		})
	}), "advisories/cve-2024-6844-outside", "but does not cover the request"},

	// Where the answer is lost.
	{"loses headers on errors", wrapping(func(h http.Header, status int, r *http.Request) {
		if status >= 500 {
			maps.DeleteFunc(h, func(name string, _ []string) bool { return conformance.IsCORSHeader(name) })
		}
	}), "survival/error-500", "Access-Control-Allow-Origin is absent"},
	{"loses headers on redirects", wrapping(func(h http.Header, status int, r *http.Request) {
		if status == 302 {
			h.Del("Access-Control-Allow-Origin")
		}
	}), "survival/redirect", "Access-Control-Allow-Origin is absent"},
	{"sets headers after the handler", middle(func(d cors.Decider, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			decision := d.Decide(r.Context(), *corshttp.Describe(r, nil))
			if decision.Status != 0 {
				corshttp.New(fixed(decision))(next).ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
			corshttp.SetHeaders(w.Header(), &decision)
		})
	}), "actual/get", "Access-Control-Allow-Origin is absent"},
	{"sets headers when the handler did not panic", middle(func(d cors.Decider, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			decision := d.Decide(r.Context(), *corshttp.Describe(r, nil))
			held := httptest.NewRecorder()
			corshttp.New(fixed(decision))(next).ServeHTTP(held, r)
			maps.Copy(w.Header(), held.Header())
			w.WriteHeader(held.Code)
		})
	}), "survival/panic", "Access-Control-Allow-Origin is absent"},

	// Groups.
	{"covers what begins like the group", grouping(func(s conformance.Site, routed http.Handler) http.Handler {
		covered := corshttp.New(s.Policy)(routed)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, conformance.Prefix) {
				covered.ServeHTTP(w, r)
			} else {
				routed.ServeHTTP(w, r)
			}
		})
	}), "groups/outside-look-alike", "but does not cover the request"},
	{"covers all but the group's root", grouping(func(s conformance.Site, routed http.Handler) http.Handler {
		covered := corshttp.New(s.Policy)(routed)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, conformance.Prefix+"/") {
				covered.ServeHTTP(w, r)
			} else {
				routed.ServeHTTP(w, r)
			}
		})
	}), "groups/prefix-itself", "The policy was asked 0 times, want once"},
	{"covers the whole server", grouping(func(s conformance.Site, routed http.Handler) http.Handler {
		return corshttp.New(s.Policy)(routed)
	}), "groups/outside", "Access-Control-Allow-Origin is"},
	{"covers the routes of the group, but nothing else in it", byRoute,
		"groups/not-found", "Access-Control-Allow-Origin is absent"},
	{"covers no CORS-preflight requests of the group", byRoute,
		"groups/preflight", "The status is 405, want 204"},

	// Scopes.
	{"takes the outermost group", scoping(func(scopes []conformance.Scope) {
		for i := range scopes {
			if scopes[i].Prefix == "/api/admin" {
				scopes[i].Policy = scopes[0].Policy
			}
		}
	}), "scopes/inner-get", "Policies of other scopes were asked 1 times"},
	{"takes the policy of another method", scoping(func(scopes []conformance.Scope) {
		for i := range scopes {
			if scopes[i].Method == "DELETE" {
				scopes[i].Policy = scopes[i-1].Policy
			}
		}
	}), "scopes/methods-delete-preflight", "The policy was asked 0 times, want once"},
	{"gives a single route's path the policy", scoping(func(scopes []conformance.Scope) {
		for i := range scopes {
			if scopes[i].Path == "/one" {
				scopes[i] = conformance.Scope{Prefix: "/one", Policy: scopes[i].Policy}
			}
		}
	}), "scopes/route-other-method", "but does not cover the request"},
	{"takes a prefix to the letter", scoping(func(scopes []conformance.Scope) {
		for i := range scopes {
			if scopes[i].Prefix == "/t/{tenant}" {
				scopes[i].Prefix = "/t/tenant"
			}
		}
	}), "scopes/parameter-preflight", "The policy was asked 0 times, want once"},
	{"decides by the path, not by the route", func(s conformance.Site) conformance.App {
		if s.Mount != conformance.Scopes {
			return Right(s)
		}
		mux := http.NewServeMux()
		for _, r := range s.Routes {
			mux.Handle(r.Method+" "+r.Path, r.Handler)
		}
		covered := corshttp.New(s.Scopes[0].Policy)(mux)
		return conformance.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				covered.ServeHTTP(w, r)
			} else {
				mux.ServeHTTP(w, r)
			}
		}))
	}, "scopes/shadowed-put", "but does not cover the request"},

	// Authentication.
	{"comes after authentication", func(s conformance.Site) conformance.App {
		s.Auth = conformance.AuthOutside
		return Right(s)
	}, "auth/inside-preflight", "The status is 401, want 204"},
	{"gets authentication's answers no headers", func(s conformance.Site) conformance.App {
		s.Auth = conformance.AuthOutside
		return Right(s)
	}, "auth/inside-without", "Access-Control-Allow-Origin is absent"},

	// Seal.
	{"leaves what handlers add", unsealed, "seal/add-origin", "Access-Control-Allow-Origin is there 2 times"},
	{"leaves what a proxied server adds", unsealed, "through/proxy-sealed-add-origin", "Access-Control-Allow-Origin is there 2 times"},
	{"leaves what handlers do to Vary", unsealed, "seal/vary-set", "Vary lacks Origin"},
	{"leaves what handlers grant", unsealed, "seal/add-origin-not-allowed", "Access-Control-Allow-Origin is"},
	{"seals the origin and nothing else", func(s conformance.Site) conformance.App {
		s.Seal = false
		return wrapping(func(h http.Header, status int, r *http.Request) {
			if origins := h["Access-Control-Allow-Origin"]; len(origins) > 0 {
				h["Access-Control-Allow-Origin"] = []string{r.Header.Get("Origin")}
			}
		})(s)
	}, "seal/mess", "Access-Control-Allow-Credentials is"},

	// Methods from routes.
	{"does not ask the router", deciding(func(ctx context.Context, d cors.Decider, r cors.Request) cors.Decision {
		r.RouteMethods = nil
		return d.Decide(ctx, r)
	}), "routes/put-only", "Access-Control-Allow-Methods is absent"},
	{"lists the methods of all routes", asking(func(r *cors.Request) {
		if r.RouteMethods != nil {
			r.RouteMethods = []string{"GET", "HEAD", "POST", "PUT"}
		}
	}), "routes/not-served-here", "Access-Control-Allow-Methods is"},
	{"lists the methods of other policies", scoping(func(scopes []conformance.Scope) {
		group := scopes[0].Policy
		scopes[0].Policy = unwrapping{group, func(ctx context.Context, r cors.Request) cors.Decision {
			r.RouteMethods = append(slices.Clip(r.RouteMethods), "DELETE")
			return group.Decide(ctx, r)
		}}
	}), "routes/method-of-another-policy", "Access-Control-Allow-Methods is"},
	{"lists nothing where nothing is served", asking(func(r *cors.Request) {
		if r.RouteMethods == nil {
			r.RouteMethods = []string{}
		}
	}), "routes/unrouted", "Access-Control-Allow-Methods is absent"},
}
