// Package corshttp carries CORS decisions into net/http.
//
//	policy := cors.MustNew(cors.Config{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT"},
//	})
//	mux := http.NewServeMux()
//	mux.HandleFunc("PUT /items", putItem)
//	http.ListenAndServe(":8080", corshttp.New(policy)(mux))
//
// # Where to mount
//
// Around the mux as a whole, as above, or the mux of a whole subtree. Parts of
// one mux get policies of their own by [Scopes]:
//
//	scopes := corshttp.Scopes(mux)
//	scopes.Group("/api", policy)
//	scopes.Group("/api/admin", adminPolicy)
//	scopes.Route("PUT", "/items/{id}", itemPolicy)
//	http.ListenAndServe(":8080", scopes)
//
// Nobody has to register a route for OPTIONS. [Verify] finds, in a test or at
// start, what is mounted where it does not work; [Seal] keeps handlers and proxied
// servers from changing what was decided.
//
// These look right and are not:
//
//   - mux.Handle("PUT /items", corshttp.New(policy)(putItem)): the CORS-preflight
//     request, whose method is OPTIONS, never gets there.
//   - Authentication outside of the policy: CORS-preflight requests carry no
//     credentials, and would be turned away.
//   - [http.TimeoutHandler] outside of the policy: its 503 has no CORS headers.
//
// Routers such as gorilla/mux and httprouter, and connect handlers, are wrapped as
// a mux is; a reverse proxy too, with [Seal], as it may clear headers that were set
// before. Adapters for frameworks on top of net/http build
// on [Describe], [SetHeaders], [SealedHeaders], [Redecide] and [SendProbe].
package corshttp

import (
	"net/http"
	"slices"

	cors "github.com/corskit/corskit/core"
)

// New returns middleware that answers CORS-preflight requests itself and adds
// the headers of d's decisions to all other responses before the handler runs.
// The middleware is safe for concurrent use. New panics if d is nil.
//
// Policies with [cors.Config.MethodsFromRoutes] need a router that can be asked:
// the handler that the middleware is given must be an [http.ServeMux], or there
// must be the option [RouteMethods]. The middleware panics otherwise.
//
// [Verify] knows the middleware by its code, of which inlining would make several.
//
//go:noinline
func New(d cors.Decider, all ...Option) func(http.Handler) http.Handler {
	if d == nil {
		panic("corshttp: New: the Decider is nil: make one with cors.New")
	}
	o := apply(all)
	return func(next http.Handler) http.Handler {
		m := &middleware{decider: d, next: next, options: o}
		if mux, ok := next.(*http.ServeMux); ok && m.routeMethods == nil {
			m.routeMethods = func(r *http.Request) []string { return methodsOf(mux, r, nil) }
		}
		if m.routeMethods == nil && cors.UsesRouteMethods(d) {
			panic("corshttp: New: the policy has MethodsFromRoutes, and the handler is no router that can be asked: wrap the http.ServeMux itself, pass corshttp.RouteMethods, or list AllowMethods")
		}
		return m
	}
}

// A middleware is what New makes of a handler.
type middleware struct {
	options
	decider cors.Decider
	next    http.Handler
}

func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.carry(w, r, m.decider, m.next)
}

// carry lets d decide about a request and does as it says.
func (o *options) carry(w http.ResponseWriter, r *http.Request, d cors.Decider, next http.Handler) {
	if p := ProbeIn(r); p != nil {
		meet(p, w, r, d, next)
		return
	}
	q := Describe(r, d)
	if o.routeMethods != nil && q.WantsRouteMethods(d) {
		q.RouteMethods = o.routeMethods(r)
	}
	decision := cors.Ask(r.Context(), d, q)
	Redecide(w, decision)
	if o.seal {
		carrySealed(w, r, decision, next)
		return
	}
	SetHeaders(w.Header(), decision)
	if decision.Status != 0 {
		w.WriteHeader(decision.Status)
		return
	}
	next.ServeHTTP(w, r)
}

// Describe describes r as far as d looks at it, and as a whole if d is nil. The
// description shares r's strings. It is made where the caller keeps it, without an
// allocation, as long as it does not outlive the call.
func Describe(r *http.Request, d cors.Decider) *cors.Request {
	q := new(cors.Request)
	describe(q, r, d)
	return q
}

func describe(q *cors.Request, r *http.Request, d cors.Decider) {
	q.Method, q.Host = r.Method, r.Host
	lines(&q.Origin, r.Header["Origin"])
	if q.Origin.N == 0 {
		if _, ok := d.(*cors.Policy); ok {
			return // it looks at nothing else, as hooks and other Deciders may
		}
	}
	if cors.WantsSecFetchSite(d) {
		if site := r.Header["Sec-Fetch-Site"]; len(site) > 0 {
			q.SecFetchSite = site[0]
		}
	}
	lines(&q.RequestMethod, r.Header["Access-Control-Request-Method"])
	if q.RequestMethod.N > 0 {
		lines(&q.RequestHeaders, r.Header["Access-Control-Request-Headers"])
	}
}

// lines is [cors.NewLines], writing to l, which is empty: what is returned is large
// enough to be copied.
func lines(l *cors.Lines, values []string) {
	if len(values) > 0 {
		l.First, l.N, l.More = values[0], len(values), values[1:]
	}
}

// SetHeaders makes the CORS headers of h those of d, and merges d.Vary into the
// Vary header. Where policies are mounted inside each other, what the outer one
// has granted ends with the decision of the inner. Headers that grant nothing, as
// there is no Access-Control-Allow-Origin, may stay: see [SealedHeaders].
//
// No slice is shared with another response, so that handlers may edit what
// they find in h. One allocation serves all the headers.
func SetHeaders(h http.Header, d *cors.Decision) {
	members := d.Vary
	if len(h) > 0 {
		if h["Access-Control-Allow-Origin"] != nil {
			// Whatever has granted something has set this header too.
			for _, name := range headerNames[:vary] {
				delete(h, name)
			}
		}
		if old := h["Vary"]; len(old) > 0 {
			if members = d.MissingVary(old); members != "" {
				h["Vary"] = append(slices.Clip(old), members)
				members = ""
			}
		}
	}
	n := one(d.AllowOrigin) + one(d.AllowCredentials) + one(d.AllowMethods) + one(d.AllowHeaders) +
		one(d.MaxAge) + one(d.ExposeHeaders) + one(members)
	if n == 0 {
		return
	}
	room := make([]string, n)
	set := func(name, value string) {
		if value != "" {
			room[0] = value
			h[name], room = room[:1:1], room[1:]
		}
	}
	set("Access-Control-Allow-Origin", d.AllowOrigin)
	set("Access-Control-Allow-Credentials", d.AllowCredentials)
	set("Access-Control-Allow-Methods", d.AllowMethods)
	set("Access-Control-Allow-Headers", d.AllowHeaders)
	set("Access-Control-Max-Age", d.MaxAge)
	set("Access-Control-Expose-Headers", d.ExposeHeaders)
	set("Vary", members)
}

// one is how many values a header with the given one has.
func one(value string) int {
	if value == "" {
		return 0
	}
	return 1
}

// headerNames are the headers that decisions set.
var headerNames = [...]string{
	"Access-Control-Allow-Origin",
	"Access-Control-Allow-Credentials",
	"Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers",
	"Access-Control-Max-Age",
	"Access-Control-Expose-Headers",
	"Vary",
}

const vary = len(headerNames) - 1 // its place among them
