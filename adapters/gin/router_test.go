package corsgin

import (
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestReadRouterOfAnotherVersion(t *testing.T) {
	type tree struct {
		method string
		root   *struct{ path string }
	}
	for name, engine := range map[string]any{
		"no such fields": &struct{ tree []string }{},
		"other nodes": &struct {
			noRoute, noMethod, allNoRoute, allNoMethod gin.HandlersChain
			trees                                      []tree
		}{trees: []tree{{"GET", &struct{ path string }{"/"}}}},
		"other handlers": &struct {
			noRoute, noMethod, allNoRoute, allNoMethod []int
			trees                                      []tree
		}{allNoRoute: []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readRouter(engine); err == nil || !strings.Contains(err.Error(), "not laid out as in gin 1.12") {
				t.Errorf("the error is %v, want one that says so", err)
			}
		})
	}
}
