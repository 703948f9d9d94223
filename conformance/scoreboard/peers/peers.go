package main

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
)

// A peer is CORS middleware that is not corskit's, with the framework that it is
// for.
//
// Policies are translated into the settings that fit it best, by these rules:
//
//   - What it has an option for is set by that option.
//   - Origin patterns, and origins that its list does not take, are left to the
//     function that it documents for that, with a regular expression. Lists that
//     have patterns of their own match worse: a * stands there for any characters.
//   - Such functions say which origins are allowed, and refuse requests from others
//     where their documentation says that the error they return is what the handler
//     returns. The rest of a policy is for options.
//   - Where no list means every header, the list is Accept, which needs no
//     permission.
//   - Everything else is a lack, and a policy that needs it is not served.
type peer struct {
	name    string
	modules []string // the middleware's, and the framework's if that is another
	mount   func(cors.Config, []conformance.Route) conformance.App

	// What it has no option for, by the reason; "" where it has one.
	anyMethod      string // allowMethods *, without credentials
	anyMethodCreds string // the same with credentials
	anyHeader      string // allowHeaders *, without credentials
	anyHeaderCreds string // the same with credentials
	noCache        string // maxAge -1
	routes         string // methodsFromRoutes
	reject         string // rejectDisallowed
	status         int    // the one status that its answers to CORS-preflight requests have; 0 if there is an option
	maxAge         int    // the most seconds that it lets answers be kept; 0 if there is no bound
}

// A lack is something that a peer has no option for.
type lack struct {
	Field string `json:"field"` // the key in the policy file
	Why   string `json:"why"`
}

// lacks returns what of a policy the peer cannot express, an empty list if it can
// express all.
func (p peer) lacks(c cors.Config) []lack {
	lacks := []lack{}
	add := func(needed bool, field, why string) {
		if needed && why != "" {
			lacks = append(lacks, lack{field, why})
		}
	}
	anyMethod, anyHeader := slices.Contains(c.AllowMethods, "*"), slices.Contains(c.AllowHeaders, "*")
	add(anyMethod && !c.AllowCredentials, "allowMethods", p.anyMethod)
	add(anyMethod && c.AllowCredentials, "allowMethods", p.anyMethodCreds)
	add(c.MethodsFromRoutes, "methodsFromRoutes", p.routes)
	add(anyHeader && !c.AllowCredentials, "allowHeaders", p.anyHeader)
	add(anyHeader && c.AllowCredentials, "allowHeaders", p.anyHeaderCreds)
	add(c.MaxAge < 0, "maxAge", p.noCache)
	add(p.maxAge > 0 && seconds(c) > p.maxAge, "maxAge", fmt.Sprintf("keeps it to %d seconds", p.maxAge))
	add(p.status > 0 && c.PreflightStatus > 0 && c.PreflightStatus != p.status, "preflightStatus", fmt.Sprintf("always answers %d", p.status))
	add(c.RejectDisallowed, "rejectDisallowed", p.reject)
	return lacks
}

// Reasons that several peers share.
const (
	noAnyMethod      = "has no option for every method"
	literalAnyMethod = "sends * as it is, which is a method's name where there are credentials"
	noAnyHeader      = "has no option for every header"
	literalAnyHeader = "sends * as it is, which is a header's name where there are credentials"
	noNoCache        = "cannot send 0"
	noRoutes         = "does not ask the router"
	noReject         = "has no option that refuses requests"
)

// peers lists the peers on Go.
var peers = []peer{
	{
		name: "rs", modules: []string{"github.com/rs/cors"}, mount: rs,
		anyMethod: noAnyMethod, anyMethodCreds: noAnyMethod, routes: noRoutes, reject: noReject,
	},
	{
		name: "gin-contrib", modules: []string{"github.com/gin-contrib/cors", "github.com/gin-gonic/gin"}, mount: ginContrib,
		anyMethodCreds: literalAnyMethod, anyHeaderCreds: literalAnyHeader, noCache: noNoCache, routes: noRoutes,
	},
	{
		name: "echo", modules: []string{"github.com/labstack/echo/v4"}, mount: echoV4,
		anyMethodCreds: literalAnyMethod, status: 204,
	},
	{
		name: "echov5", modules: []string{"github.com/labstack/echo/v5"}, mount: echoV5,
		anyMethodCreds: literalAnyMethod, status: 204,
	},
	{
		name: "fiber", modules: []string{"github.com/gofiber/fiber/v2"}, mount: fiberV2,
		anyMethodCreds: literalAnyMethod, routes: noRoutes, reject: noReject, status: 204,
	},
	{
		name: "fiberv3", modules: []string{"github.com/gofiber/fiber/v3"}, mount: fiberV3,
		anyMethodCreds: literalAnyMethod, routes: noRoutes, reject: noReject, status: 204,
	},
	{
		name: "go-chi", modules: []string{"github.com/go-chi/cors", "github.com/go-chi/chi/v5"}, mount: goChi,
		anyMethod: noAnyMethod, anyMethodCreds: noAnyMethod, noCache: noNoCache, routes: noRoutes, reject: noReject, status: 200,
	},
	{
		name: "gorilla", modules: []string{"github.com/gorilla/handlers"}, mount: gorilla,
		anyMethod: noAnyMethod, anyMethodCreds: noAnyMethod, anyHeader: noAnyHeader, anyHeaderCreds: noAnyHeader,
		noCache: noNoCache, routes: noRoutes, reject: noReject, maxAge: 600,
	},
}

// A version is that of a module or a package.
type version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// versions returns those of the peer's modules that are in this program.
func (p peer) versions() []version {
	versions := []version{}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, module := range p.modules {
		for _, dep := range build.Deps {
			if dep.Path == module {
				versions = append(versions, version{module, dep.Version})
			}
		}
	}
	return versions
}

// methods returns all methods that the policy allows. Some peers refuse those that
// need no permission unless they are listed.
func methods(c cors.Config) []string {
	if slices.Contains(c.AllowMethods, "*") {
		return c.AllowMethods
	}
	all := []string{"GET", "HEAD", "POST"}
	for _, m := range c.AllowMethods {
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// headers returns the allowed headers, for a peer that takes no list for every
// header.
func headers(c cors.Config) []string {
	if len(c.AllowHeaders) == 0 {
		return []string{"Accept"}
	}
	return c.AllowHeaders
}

// echoedHeaders returns the allowed headers, for a peer that spells out what is
// requested if it gets no list.
func echoedHeaders(c cors.Config) []string {
	if c.AllowCredentials && slices.Contains(c.AllowHeaders, "*") {
		return nil
	}
	return headers(c)
}

func seconds(c cors.Config) int { return int(c.MaxAge / time.Second) }

// origins returns the allowed origins and origin patterns.
func origins(c cors.Config) []string {
	all := slices.Clone(c.AllowOrigins)
	if c.DangerouslyAllowNullOrigin && !slices.Contains(all, "null") && !slices.Contains(all, "*") {
		all = append(all, "null")
	}
	return all
}

// listed returns the allowed origins for a peer's own list, if that takes all of
// them and none is a pattern. Else it returns a function that says whether an
// origin is allowed.
func listed(c cors.Config, takes func(origin string) bool) (list []string, allowed func(origin string) bool) {
	all := origins(c)
	for _, origin := range all {
		if origin != "*" && (strings.Contains(origin, "*") || !takes(origin)) {
			return nil, matcher(all)
		}
	}
	return all, nil
}

// noOrigin is for lists that compare without regard to case: functions need not.
func noOrigin(string) bool { return false }

// anyOrigin is for lists that take every origin.
func anyOrigin(string) bool { return true }

// urls is for lists that hold nothing but URLs.
func urls(origin string) bool { return origin != "null" }

// webURLs is for lists that take no other schemes than these.
func webURLs(origin string) bool {
	return strings.HasPrefix(origin, "http://") || strings.HasPrefix(origin, "https://")
}

// maxHost is the length of the longest host that DNS has room for.
const maxHost = 253

// matcher returns a function that matches origins with the expression for the
// patterns, and bounds the length of hosts, which an expression of Go's cannot.
func matcher(patterns []string) func(origin string) bool {
	e := expression(patterns)
	return func(origin string) bool {
		_, host, _ := strings.Cut(origin, "://")
		host, _, _ = strings.Cut(host, ":")
		return len(host) <= maxHost && e.MatchString(origin)
	}
}

// expression returns a regular expression for origin patterns: complete, anchored,
// and with dots escaped.
func expression(patterns []string) *regexp.Regexp {
	var all []string
	for _, pattern := range patterns {
		rest, port := strings.CutSuffix(pattern, ":*")
		scheme, host, _ := strings.Cut(rest, "://")
		text := regexp.QuoteMeta(rest)
		switch {
		case host == "*":
			text = regexp.QuoteMeta(scheme) + "://[a-z0-9-]+"
		case strings.HasPrefix(host, "*."):
			text = regexp.QuoteMeta(scheme) + `://([a-z0-9_-]{1,63}\.)+` + regexp.QuoteMeta(host[len("*."):])
		}
		if port {
			text += "(:(" + ports(scheme) + "))?"
		}
		all = append(all, text)
	}
	return regexp.MustCompile("^(" + strings.Join(all, "|") + ")$")
}

// ports returns an expression for every port that origins of a scheme spell out:
// those up to 65535 without the default one.
func ports(scheme string) string {
	const long = "[1-9][0-9]{3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
	switch scheme {
	case "http":
		return "[1-9]|[1-79][0-9]|8[1-9]|[1-9][0-9]{2}|" + long
	case "https":
		return "[1-9][0-9]?|[1-35-9][0-9]{2}|4[0-35-9][0-9]|44[0-24-9]|" + long
	}
	return "[1-9][0-9]{0,2}|" + long
}
