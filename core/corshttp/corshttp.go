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
// Wrap the mux as a whole, or the handler of a whole subtree, outside of
// authentication: a handler registered for "PUT /items" alone never sees the
// CORS-preflight request, whose method is OPTIONS.
//
// Adapters for frameworks on top of net/http build on [Describe] and
// [SetHeaders].
package corshttp

import (
	"net/http"
	"slices"

	cors "github.com/corskit/corskit/core"
)

// New returns middleware that answers CORS-preflight requests itself and adds
// the headers of d's decisions to all other responses before the handler runs.
// The middleware is safe for concurrent use. New panics if d is nil.
func New(d cors.Decider) func(http.Handler) http.Handler {
	if d == nil {
		panic("corshttp: New: the Decider is nil: make one with cors.New")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			decision := d.Decide(r.Context(), Describe(r))
			SetHeaders(w.Header(), decision)
			if decision.Status != 0 {
				w.WriteHeader(decision.Status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Describe describes r. The description shares r's strings.
func Describe(r *http.Request) cors.Request {
	d := cors.Request{
		Method:        r.Method,
		Host:          r.Host,
		Origin:        cors.NewLines(r.Header["Origin"]),
		RequestMethod: cors.NewLines(r.Header["Access-Control-Request-Method"]),
	}
	if d.Origin.N == 0 {
		return d
	}
	if site := r.Header["Sec-Fetch-Site"]; len(site) > 0 {
		d.SecFetchSite = site[0]
	}
	if d.RequestMethod.N > 0 {
		d.RequestHeaders = cors.NewLines(r.Header["Access-Control-Request-Headers"])
	}
	return d
}

// SetHeaders makes the CORS headers of h those of d, whatever is there, and
// merges d.Vary into the Vary header. Where policies are mounted inside each
// other, what the outer one has granted ends with the decision of the inner.
//
// No slice is shared with another response, so that handlers may edit what
// they find in h. One allocation serves all the headers.
func SetHeaders(h http.Header, d cors.Decision) {
	n := 0
	for _, value := range [...]string{
		d.AllowOrigin, d.AllowCredentials, d.AllowMethods, d.AllowHeaders, d.MaxAge, d.ExposeHeaders, d.Vary,
	} {
		if value != "" {
			n++
		}
	}
	if h["Access-Control-Allow-Origin"] != nil {
		// Whatever has granted something has set this header too.
		for _, name := range corsHeaders {
			delete(h, name)
		}
	}
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
	if old := h["Vary"]; len(old) == 0 {
		set("Vary", d.Vary)
	} else if missing := d.MissingVary(old); missing != "" {
		h["Vary"] = append(slices.Clip(old), missing)
	}
}

var corsHeaders = [...]string{
	"Access-Control-Allow-Origin",
	"Access-Control-Allow-Credentials",
	"Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers",
	"Access-Control-Max-Age",
	"Access-Control-Expose-Headers",
}
