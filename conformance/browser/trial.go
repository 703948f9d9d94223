package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	"github.com/corskit/corskit/conformance/fetch"
)

// A trial is a case as a script of a page produces it.
type trial struct {
	// Case is what is produced, and Variant how, where there are several ways.
	Case    conformance.Case
	Variant string

	// Before holds requests that scripts make first, and Request the one that is
	// judged. Their URLs lack what [numbered] adds.
	Before  []fetch.Request
	Request fetch.Request

	// Want is what the model of the browser says of Request, to a server on
	// net/http.
	Want fetch.Outcome
}

// Name is the name of the case and that of the variant.
func (t trial) Name() string { return t.Case.Name + "/" + t.Variant }

// trials returns the ways in which scripts produce a case; none, and the reason,
// if none can. A case is produced if the model of the browser sends the request
// that the case has, and gets the response that the case expects, from a server
// on net/http.
func trials(c conformance.Case) (list []trial, why string, err error) {
	before, ok := scriptsFor(c.Before)
	if !ok {
		return nil, "no page can have the origin of a request that is sent before", nil
	}
	ways := variants(c.Request)
	if len(ways) == 0 {
		return nil, "no page can have the origin", nil
	}
	why = "no script sends such a request"
	if c.Request.HTTP().Header.Get("Upgrade") == "websocket" {
		why = "it is no fetch but the handshake of a WebSocket, which has a test of its own"
	}
	for _, v := range ways {
		t := trial{Case: c, Variant: v.name, Request: v.request}
		for _, r := range before { // to the same server
			r.URL = originOf(v.request.URL) + strings.TrimPrefix(r.URL, originOf(r.URL))
			t.Before = append(t.Before, r)
		}
		if t.Want, err = t.outcome(netHTTP.Mount); err != nil {
			return nil, "", err
		}
		for _, x := range t.Want.Sent {
			if !isRequestOf(c, asSent(x.Request, t.Request.Origin)) {
				continue
			}
			response := &http.Response{StatusCode: x.Status, Header: x.Header, Body: http.NoBody}
			if problems := conformance.Judge(c, response); len(problems) > 0 {
				why = "browsers say more than the request of the case, in Sec-Fetch-Site: " + strings.Join(problems, " ")
				continue
			}
			list = append(list, t)
			break
		}
		if t.Want.Failure.Preflight && v.request.Method == c.Request.Method {
			why = "the CORS-preflight request that comes first is refused"
		}
	}
	if len(list) > 0 {
		why = ""
	}
	return list, why, nil
}

// outcome is what the model of the browser says of the request to a server that
// mount builds.
func (t trial) outcome(mount func(conformance.Site) conformance.App) (o fetch.Outcome, err error) {
	site, err := t.Case.Site()
	if err != nil {
		return o, err
	}
	app := mount(site)
	o = fetch.Fetch(context.Background(), numbered(t.Request, 0), func(r *http.Request) (*http.Response, error) {
		return app.RoundTrip(asSent(r, t.Request.Origin))
	}, nil)
	return o, app.Close()
}

// wanted is what an engine must do with a server that mount builds, which works as
// it should. Where no handler answers the request of the script, it is left to the
// framework how to say so: fiber, for one, knows a fixed list of methods, and answers
// others before any middleware.
func (t trial) wanted(engine string, mount func(conformance.Site) conformance.App) (fetch.Outcome, error) {
	if engine == "webkit" && isMixedContent(t.Request) {
		return fetch.Outcome{}, nil // it blocks what goes to localhost, too, and sends nothing
	}
	if last := t.Want.Sent[len(t.Want.Sent)-1]; !last.Preflight && (last.Status == 404 || last.Status == 405) && last.Header.Get("X-Handler") == "" {
		return t.outcome(mount)
	}
	return t.Want, nil
}

// netHTTP is the adapter that trials are made for.
var netHTTP = conformance.Adapter{Name: "nethttp", Mount: adapters.NetHTTP}

// A variant is a way to make a request.
type variant struct {
	name    string
	request fetch.Request
}

// variants returns ways in which scripts may come to send r.
func variants(r conformance.Request) []variant {
	header := r.HTTP().Header
	origins := header["Origin"]
	request := fetch.Request{Method: r.Method, Header: scriptHeader(r)}
	if asked := header["Access-Control-Request-Method"]; r.Method == http.MethodOptions && len(asked) == 1 {
		request.Method, request.Header = asked[0], http.Header{}
		for name := range strings.SplitSeq(header.Get("Access-Control-Request-Headers"), ",") {
			if name = strings.Trim(name, " \t"); name != "" {
				// This value makes each name a CORS-unsafe request-header name.
				request.Header.Set(name, `"`)
			}
		}
	}
	if len(origins) == 0 {
		// Requests without Origin have the mode no-cors, or come from pages of the
		// server's own.
		foreign, own := request, request
		foreign.Origin, foreign.Mode = "https://app.example.com", fetch.ModeNoCORS
		foreign.URL = urlOf("https", r)
		own.Origin, own.URL = originOf(foreign.URL), foreign.URL
		return []variant{{"no-cors", foreign}, {"own page", own}}
	}
	request.Origin = origins[0]
	if len(origins) != 1 || !isPageOrigin(request.Origin) {
		return nil
	}
	scheme := "https"
	if strings.HasPrefix(request.Origin, "http:") {
		scheme = "http"
	}
	request.URL = urlOf(scheme, r)
	include, noCORS, upload := request, request, request
	include.Credentials, include.Cookie = fetch.Include, header.Get("Cookie")
	noCORS.Mode = fetch.ModeNoCORS
	all := []variant{{"cors", request}, {"cors with credentials", include}, {"no-cors", noCORS}}
	if scheme == "https" && isAnyHost(r) && request.Origin != originOf(request.URL) {
		plain := request
		plain.URL = "http://" + plainHost + r.Path
		all = append(all, variant{"cors over plain HTTP", plain})
	}
	if scheme == "http" {
		secure := request
		secure.URL = urlOf("https", r)
		all = append(all, variant{"cors to https", secure})
	}
	if request.Method == http.MethodPost {
		upload.UseCORSPreflight = true
		all = append(all, variant{"cors with an upload listener", upload})
	}
	return all
}

// plainHost is where pages at https can send what is not encrypted: names below
// localhost are potentially trustworthy.
const plainHost = "api.localhost"

// isMixedContent reports whether a page at https sends r without encryption.
func isMixedContent(r fetch.Request) bool {
	return !strings.HasPrefix(r.Origin, "http:") && strings.HasPrefix(r.URL, "http:")
}

// isAnyHost reports whether a case does not care which host its request is sent to.
func isAnyHost(r conformance.Request) bool {
	return !slices.ContainsFunc(r.Headers, func(f conformance.Field) bool { return strings.EqualFold(f.Name, "Host") })
}

// scriptsFor returns requests of scripts for those of a case; false if there is
// one that no script makes.
func scriptsFor(list []conformance.Request) ([]fetch.Request, bool) {
	var scripts []fetch.Request
	for _, r := range list {
		all := variants(r)
		if len(all) == 0 {
			return nil, false
		}
		scripts = append(scripts, all[0].request)
	}
	return scripts, true
}

// urlOf returns the URL of a request as browsers serialize it, without the scheme's
// own port.
func urlOf(scheme string, r conformance.Request) string {
	port := map[string]string{"http": ":80", "https": ":443"}[scheme]
	return scheme + "://" + strings.TrimSuffix(r.HTTP().Host, port) + r.Path
}

// scriptHeader returns the headers of a request that are left to a script.
func scriptHeader(r conformance.Request) http.Header {
	header := http.Header{}
	for name, values := range r.HTTP().Header {
		if !slices.Contains(ownHeaders, name) {
			header[name] = values
		}
	}
	return header
}

// ownHeaders are those that browsers set by themselves, and that cases are about.
var ownHeaders = []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Sec-Fetch-Site", "Host", "Cookie"}

// isRequestOf reports whether a request that was sent is the one of a case: it has
// all the headers that the case has, and no others that the decision depends on.
func isRequestOf(c conformance.Case, sent *http.Request) bool {
	want := c.Request.HTTP()
	if sent.Host != want.Host && !(sent.Host == plainHost && isAnyHost(c.Request)) {
		return false
	}
	if sent.Method != want.Method || unnumbered(sent.URL.RequestURI()) != c.Request.Path {
		return false
	}
	for _, name := range []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Authorization", "Cookie"} {
		if !slices.Equal(sent.Header[name], want.Header[name]) {
			return false
		}
	}
	for name, values := range want.Header {
		if !slices.Equal(sent.Header[name], values) {
			return false
		}
	}
	return true
}

// asSent returns a request of the model as a server sees it that browsers send it
// to, for a page of the given origin: with Fetch Metadata, which the model leaves
// out. https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header
func asSent(r *http.Request, page string) *http.Request {
	r = r.Clone(r.Context())
	r.RequestURI, r.Host, r.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "127.0.0.1:1"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if isTrustworthy(r.URL) {
		r.Header.Set("Sec-Fetch-Site", fetchSite(page, r.URL))
	}
	return r
}

// isTrustworthy reports whether a URL is potentially trustworthy:
// https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy
func isTrustworthy(u *url.URL) bool {
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") ||
		err == nil && addr.IsLoopback()
}

func fetchSite(page string, to *url.URL) string {
	from, err := url.Parse(page)
	switch {
	case err != nil || from.Host == "": // "null"
		return "cross-site"
	case from.Scheme == to.Scheme && from.Host == to.Host:
		return "same-origin"
	case from.Scheme == to.Scheme && registrable(from) == registrable(to):
		return "same-site"
	}
	return "cross-site"
}

// registrable returns the registrable domain of a URL's host, or the host if it
// has none: https://url.spec.whatwg.org/#host-registrable-domain
func registrable(u *url.URL) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname())
	if err != nil {
		return u.Hostname()
	}
	return domain
}

// numbered gives the URL of a request, which may be one that was made before, a
// query of its own: caches keep what they have heard by URL.
func numbered(r fetch.Request, n int) fetch.Request {
	separator := "?"
	if strings.Contains(r.URL, "?") {
		separator = "&"
	}
	r.URL += separator + "n=" + strconv.Itoa(n)
	return r
}

// unnumbered takes away what numbered has added to the end of a URL.
func unnumbered(url string) string { return number.ReplaceAllString(url, "") }

var number = regexp.MustCompile(`[?&]n=\d+$`)

// isPageOrigin reports whether a page that a server sends can have an origin:
// "null", which those in a sandbox have, or what an http(s) URL serializes to.
// https://url.spec.whatwg.org/#origin
func isPageOrigin(origin string) bool {
	if origin == "null" {
		return true
	}
	m := pageOrigin.FindStringSubmatch(origin)
	if m == nil {
		return false
	}
	scheme, host, port := m[1], m[2], m[3]
	if p, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || p == 0 || strconv.FormatUint(p, 10) != port ||
		p == map[string]uint64{"http": 80, "https": 443}[scheme]) {
		return false
	}
	if bare, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(bare, "]"))
		return err == nil && addr.Is6() && !addr.Is4In6() && "["+addr.String()+"]" == host
	}
	// A name of the DNS that a browser asks for. One that ends with a dot is one as
	// well, but Go's TLS servers refuse it, with
	// https://www.rfc-editor.org/rfc/rfc6066#section-3
	labels := strings.Split(host, ".")
	if len(host) > 253 || slices.ContainsFunc(labels, func(l string) bool { return l == "" || len(l) > 63 }) {
		return false
	}
	if numeric.MatchString(labels[len(labels)-1]) { // an IPv4 address, or no host
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Is4()
	}
	return true
}

var (
	pageOrigin = regexp.MustCompile(`^(https?)://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d+))?$`)
	numeric    = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)
)

// describe describes a request in a line.
func describe(r *http.Request) string {
	s := r.Method + " " + unnumbered(r.URL.RequestURI())
	for _, name := range []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Authorization", "Cookie"} {
		if values := r.Header[name]; values != nil {
			s += fmt.Sprintf(", %s: %s", name, strings.Join(values, " | "))
		}
	}
	return s
}
