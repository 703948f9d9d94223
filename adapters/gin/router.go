package corsgin

import (
	"errors"
	"reflect"
	"strings"

	cors "github.com/corskit/corskit/core"
)

// router is what an engine does with requests, as far as one can see without
// sending any. gin tells of a route's chain nothing but its last handler, so that
// this is read from fields of the engine that are not exported.
type router struct {
	routes                  []route
	noRoute, noMethod       chain
	ownNoRoute, ownNoMethod bool // the application has handlers there
}

// route is a route with its chain. Its pattern's path is escaped, even if gin has
// taken the escapes out.
type route struct {
	pattern
	chain chain
}

// chain holds the code of a route's handlers.
type chain []uintptr

// mounts counts the middlewares of ours.
func (c chain) mounts() (n int) {
	for _, code := range c {
		if code == newCode || code == scopeCode {
			n++
		}
	}
	return n
}

var newCode = reflect.ValueOf(New((*cors.Policy)(nil))).Pointer()

// readRouter reads an engine. The error says that it is not as gin 1.12 has it.
func readRouter(engine any) (r router, err error) {
	defer func() {
		// What reflect panics with when something is of another kind.
		if recover() != nil {
			err = errors.New("gin.Engine is not laid out as in gin 1.12, so that the chains of its routes cannot be read: check with a version of gin that corskit is tested with")
		}
	}()
	e := reflect.ValueOf(engine).Elem()
	r.noRoute, r.noMethod = chainOf(e.FieldByName("allNoRoute")), chainOf(e.FieldByName("allNoMethod"))
	r.ownNoRoute, r.ownNoMethod = e.FieldByName("noRoute").Len() > 0, e.FieldByName("noMethod").Len() > 0
	trees := e.FieldByName("trees")
	for i := range trees.Len() {
		tree := trees.Index(i)
		r.read(tree.FieldByName("method").String(), "", tree.FieldByName("root").Elem())
	}
	return r, nil
}

// read reads a node of a tree of routes, and those below it.
func (r *router) read(method, above string, node reflect.Value) {
	path := node.FieldByName("path").String()
	if node.FieldByName("nType").Uint() < firstWild {
		path = escape(path)
	}
	path = above + path
	if handlers := chainOf(node.FieldByName("handlers")); len(handlers) > 0 {
		r.routes = append(r.routes, route{pattern{method, path}, handlers})
	}
	children := node.FieldByName("children")
	for i := range children.Len() {
		r.read(method, path, children.Index(i).Elem())
	}
}

// firstWild is the first of gin's types of nodes that stand for parameters.
const firstWild = 2

// escape puts escapes before the colons of a text that have none.
func escape(path string) string { return strings.ReplaceAll(unescape(path), ":", `\:`) }

func chainOf(handlers reflect.Value) (c chain) {
	for i := range handlers.Len() {
		c = append(c, handlers.Index(i).Pointer())
	}
	return c
}

// to returns the chain of a route, which must be there.
func (r *router) to(p pattern) chain {
	for _, route := range r.routes {
		if route.pattern == p {
			return route.chain
		}
	}
	return nil
}
