package corsgin

import (
	"net/url"
	"testing"

	"github.com/gin-gonic/gin"
)

// Counting the engine's routes costs as much as there are, so that one miss in as
// many does.
func TestShadowIsOutdated(t *testing.T) {
	e := gin.New()
	for _, path := range []string{"/a", "/b", "/c"} {
		e.GET(path, func(*gin.Context) {})
	}
	sh := newShadow(e, registered(e))
	for i := range 7 {
		if sh.outdated(e) {
			t.Errorf("the shadow is outdated at miss %d, and nothing has changed", i)
		}
	}
	e.GET("/d", func(*gin.Context) {})
	for i := 7; i < 13; i++ {
		if got, want := sh.outdated(e), i%3 == 0; got != want {
			t.Errorf("a route is added: the shadow is outdated at miss %d: %t, want %t", i, got, want)
		}
	}
}

func TestShadowIsKept(t *testing.T) {
	e := gin.New()
	s := Scopes(e)
	e.GET("/a", func(*gin.Context) {})
	find := func(path string) string { return s.routeFor("GET", &url.URL{Path: path}) }

	if got := find("/a"); got != "/a" {
		t.Fatalf("the route for /a is %q", got)
	}
	first := s.current()
	if n := first.misses.Load(); n != 0 {
		t.Errorf("there are %d misses, and each path has led to a route", n)
	}
	if got := find("/b"); got != "" || s.current() != first {
		t.Errorf("the route for /b is %q, and the shadow another: %t; want none, and the same", got, s.current() != first)
	}
	e.GET("/b", func(*gin.Context) {})
	if got := find("/b"); got != "/b" || s.current() == first {
		t.Errorf("a route is added: the route for /b is %q, and the shadow another: %t; want /b, and another", got, s.current() != first)
	}
	if got := s.renewShadow(first); got != s.current() {
		t.Error("a shadow that another goroutine has replaced is replaced once more")
	}
}

func TestShadowTellsWhatGinRefuses(t *testing.T) {
	sh := newShadow(gin.New(), []pattern{{"GET", "/:a"}, {"GET", "/:b"}, {"PUT", "/:b"}})
	if sh.refused != 1 {
		t.Errorf("%d routes are refused, want one", sh.refused)
	}
}
