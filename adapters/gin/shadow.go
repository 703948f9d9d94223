package corsgin

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gin-gonic/gin"
)

// shadow is an engine with the routes of another and none of its handlers. It
// tells which route a request would reach, by gin's own rules.
type shadow struct {
	engine  *gin.Engine
	routes  int      // of the other engine
	refused int      // of those, the ones that gin refuses to add
	methods []string // that there are routes for
	misses  atomic.Int64
}

// pattern is a route as it is given to gin: with a path in which "\:" is a colon.
type pattern struct{ method, path string }

// registered returns the routes of an engine. They are read from where gin finds
// them, as it no longer tells "\:" from ":", a parameter, once it serves; where that
// fails, they are what gin tells.
func registered(e *gin.Engine) (all []pattern) {
	r, err := readRouter(e)
	for _, route := range r.routes {
		all = append(all, route.pattern)
	}
	if err == nil {
		return all
	}
	all = nil
	for _, r := range e.Routes() {
		all = append(all, pattern{r.Method, r.Path})
	}
	return all
}

// building guards gin's mode, which is global, while a shadow is built.
var building sync.Mutex

func newShadow(e *gin.Engine, routes []pattern) *shadow {
	building.Lock()
	defer building.Unlock()
	if mode := gin.Mode(); mode == gin.DebugMode {
		// Or else gin prints every route once more.
		gin.SetMode(gin.ReleaseMode)
		defer gin.SetMode(mode)
	}
	sh := &shadow{engine: gin.New(), routes: len(routes)}
	sh.engine.RedirectTrailingSlash = false // it would change the request's URL
	sh.engine.RemoveExtraSlash = e.RemoveExtraSlash
	sh.engine.UseRawPath = e.UseRawPath
	sh.engine.UseEscapedPath = e.UseEscapedPath
	for _, p := range routes {
		sh.add(p)
	}
	return sh
}

// add adds a route, except where gin refuses, as it might if it told a colon as a
// parameter. Requests to the missing one are found by their path.
func (sh *shadow) add(p pattern) {
	defer func() {
		if recover() != nil {
			sh.refused++
		}
	}()
	answer := []string{p.path}
	sh.engine.Match([]string{p.method}, p.path, func(c *gin.Context) { c.Writer.Header()[routeField] = answer })
	if !slices.Contains(sh.methods, p.method) {
		sh.methods = append(sh.methods, p.method)
	}
}

// outdated reports whether e has got routes since the shadow was built. As
// counting costs as much as there are routes, only one miss in as many counts.
func (sh *shadow) outdated(e *gin.Engine) bool {
	n := int64(max(sh.routes, 1))
	return (sh.misses.Add(1)-1)%n == 0 && len(e.Routes()) != sh.routes
}

// route returns the path of the route for a request, as it was added, or "".
func (sh *shadow) route(method string, u *url.URL) string {
	w := make(answer, 1)
	sh.engine.ServeHTTP(w, &http.Request{Method: method, URL: u})
	return http.Header(w).Get(routeField)
}

// routeField is the header field in which a shadow answers.
const routeField = "Route"

// answer is a ResponseWriter that keeps the header and nothing else.
type answer http.Header

func (a answer) Header() http.Header       { return http.Header(a) }
func (answer) WriteHeader(int)             {}
func (answer) Write(p []byte) (int, error) { return len(p), nil }
