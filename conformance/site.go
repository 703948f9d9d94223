package conformance

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"time"

	cors "github.com/corskit/corskit/core"
)

// An Adapter carries a policy into a framework, as the suite sees it.
type Adapter struct {
	// Name is the name of the adapter's subtests.
	Name string

	// Mount builds an application that serves the site's routes under the
	// site's policy. It is called afresh for every case.
	Mount func(Site) App
}

// An App is an application that is ready to serve. Those on net/http are made
// by [HTTP].
type App interface {
	// Serve answers the connections that l accepts, until Close is called or
	// l is closed.
	Serve(l net.Listener) error

	// RoundTrip answers one request in process.
	RoundTrip(*http.Request) (*http.Response, error)

	// Close makes Serve return and closes what it has open.
	Close() error
}

// HTTP returns the application whose requests h answers.
func HTTP(h http.Handler) App { return &httpApp{server: http.Server{Handler: h}} }

type httpApp struct{ server http.Server }

func (a *httpApp) Serve(l net.Listener) error { return a.server.Serve(l) }
func (a *httpApp) Close() error               { return a.server.Close() }

func (a *httpApp) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a.server.Handler.ServeHTTP(recorder{w}, r)
	return w.Result(), nil
}

// A recorder has a method of the server's own writers that gin takes for granted,
// and httputil.ReverseProxy calls.
type recorder struct{ *httptest.ResponseRecorder }

func (recorder) CloseNotify() <-chan bool { return nil }

// Where a policy is mounted.
const (
	Global  = "global"  // on the whole server
	Group   = "group"   // on the group or subrouter below Prefix, and nowhere else
	Scopes  = "scopes"  // on each of the site's scopes
	Outside = "outside" // around the framework's whole engine, as corshttp wraps handlers
	Prefix  = "/api"
)

// A Site is a small server that every adapter builds in its own framework,
// together with the framework's recovery from panics, which answers 500.
type Site struct {
	// Policy decides. It must be asked once per request. It is nil if Mount is
	// Scopes.
	Policy cors.Decider

	// Mount is Global, Group, Scopes or Outside. With Global and Outside the
	// policy covers every request, routed or not; with Group those at and below
	// Prefix: "/api", "/api/" and "/api/nowhere", but not "/apix". With Scopes it
	// is the policy of the innermost scope that decides, and none outside of all.
	Mount string

	// Scopes are the parts of the site with policies of their own.
	Scopes []Scope

	// Seal asks for the adapter's option Seal.
	Seal bool

	// Auth is AuthOutside or AuthInside if the whole server has authentication,
	// middleware that answers 401 to requests without an Authorization header;
	// Mount is Global or Scopes then. It is outside of the policy, so that it runs
	// first, or inside.
	Auth string

	// Through is BehindProxy or BehindTimeout if handlers are behind something: see
	// [Site.Behind].
	Through string

	// Routes are the routes to register. None of them is for the adapter's
	// benefit: those for OPTIONS are the site's own.
	Routes []Route
}

// What the routes' handlers are behind.
const (
	BehindProxy   = "proxy"   // net/http/httputil.ReverseProxy, to a server that the handlers make
	BehindTimeout = "timeout" // http.TimeoutHandler, with time enough
)

// Behind returns what the framework has to serve in the place of a route's handler,
// or nil if it serves that in its own way.
func (s Site) Behind(h Handler) http.Handler {
	switch s.Through {
	case BehindProxy:
		return &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "upstream.example" },
			Transport: upstream(h),
		}
	case BehindTimeout:
		return http.TimeoutHandler(h, time.Minute, "")
	}
	return nil
}

// An upstream answers what a proxy sends it.
type upstream Handler

func (u upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	Handler(u).ServeHTTP(w, r)
	return w.Result(), nil
}

// Where authentication is.
const (
	AuthOutside = "outside"
	AuthInside  = "inside"
)

// A Scope is a part of a [Site] that has its own policy: a group, if it has a
// Prefix, or else one route.
type Scope struct {
	Prefix       string // may hold parameters, as a Route's Path
	Method, Path string // those of a Route
	Policy       cors.Decider
}

// Inside returns the routes that the policy covers, with paths relative to the
// mount: in a Group "/api/items" becomes "/items".
func (s Site) Inside() []Route {
	var inside []Route
	for _, r := range s.Routes {
		path, below := r.Path, s.Mount != Group
		if !below {
			path, below = cutPrefix(r.Path)
		}
		if below {
			inside = append(inside, Route{r.Method, path, r.Handler})
		}
	}
	return inside
}

// Outside returns the routes that the policy does not cover.
func (s Site) Outside() []Route {
	var outside []Route
	for _, r := range s.Routes {
		if _, below := cutPrefix(r.Path); s.Mount == Group && !below {
			outside = append(outside, r)
		}
	}
	return outside
}

// A Route is one route of a [Site].
type Route struct {
	Method  string  // the one method that it serves; GET does not imply HEAD
	Path    string  // starts with a slash, or is empty below a group; "{name}" is a parameter, one whole segment
	Handler Handler // safe for concurrent use
}

// A Handler answers a request whose header fields the function gives; it may
// panic. Frameworks on net/http serve it as an http.Handler; others render its
// [Answer] in their own way.
type Handler func(header func(name string) string) Answer

// Answer is what a [Handler] answers.
type Answer struct {
	// Status is the response's status. If Failed is set, the handler fails in
	// the framework's own way with that status, where there is one (an error
	// that the framework's error handler answers).
	Status int
	Failed bool

	// Set and Add are header fields, set before those in Add are added.
	Set, Add [][2]string
}

// ServeHTTP writes the handler's answer.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := h(r.Header.Get)
	for _, f := range a.Set {
		w.Header().Set(f[0], f[1])
	}
	for _, f := range a.Add {
		w.Header().Add(f[0], f[1])
	}
	w.WriteHeader(a.Status)
}
