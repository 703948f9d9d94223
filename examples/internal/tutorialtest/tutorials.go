package tutorialtest

import (
	"time"

	cors "github.com/corskit/corskit/core"
)

// A tutorial is a program that is there in an original and on four frameworks.
type tutorial struct {
	original  string
	rows      []row
	endpoints []endpoint
	faults    []fault
}

// An endpoint is one that programs serve, with the policy that it is meant to have.
type endpoint struct {
	method, path string
	policy       cors.Config
}

// A fault is why cases of the package live fail on an original. On corskit's programs
// none does.
type fault struct {
	why   string
	at    string   // the path of the endpoint; "" if it is any
	cases []string // their names, as patterns of path.Match
}

// The policies of the programs with corskit.
var (
	globalConfig = cors.Config{
		AllowOrigins: []string{"*"},
		AllowMethods: []string{"PUT", "PATCH", "DELETE"},
		AllowHeaders: []string{"*", "Authorization"},
	}
	strictConfig = cors.Config{
		AllowOrigins:    []string{app},
		AllowMethods:    []string{"DELETE"},
		AllowHeaders:    []string{"*", "Authorization"},
		PreflightStatus: 200,
	}
	allowAllConfig = cors.Config{
		AllowOrigins: []string{"*"},
		AllowMethods: []string{"PUT", "PATCH", "DELETE"},
		AllowHeaders: []string{"*", "Authorization"},
		MaxAge:       10 * time.Minute,
	}
	explicitConfig = cors.Config{
		AllowOrigins:     []string{app, localhost},
		AllowMethods:     []string{"PUT"},
		AllowHeaders:     []string{"Content-Type", "X-CSRF-Token"},
		AllowCredentials: true,
		MaxAge:           10 * time.Minute,
	}
)

// tutorials are what is in the directory of that name.
var tutorials = []tutorial{
	{
		original: "Express",
		rows:     expressRows,
		endpoints: []endpoint{
			{"GET", "/products", globalConfig},
			{"POST", "/products", globalConfig},
			{"GET", "/products/1", strictConfig},
			{"DELETE", "/products/1", strictConfig},
		},
		faults: []fault{
			{
				why:   "every OPTIONS request counts as a CORS-preflight request",
				cases: []string{"options/not-a-preflight"},
			},
			{
				why:   "requested headers are sent back as they are, valid names or not",
				cases: []string{"hostile/headers/markup"},
			},
			{
				why: "the global `cors()` answers the CORS-preflight requests of the strict route too, from every origin",
				at:  "/products/1",
				cases: []string{
					"origin/refused/*/preflight", "origin/refused/*/include", "preflight/method-not-allowed/*", "preflight/listed/methods", "lists/preflight", "lists/null",
					"vary/*", "hostile/*/*", "hostile/host",
				},
			},
			{
				why:   "the route's options hold for its own responses, and not for a 404 below it",
				at:    "/products/1",
				cases: []string{"errors/not-found-refused"},
			},
		},
	},
	{
		original:  "FastAPI, allow all",
		rows:      allowAllRows,
		endpoints: items(allowAllConfig),
		faults: []fault{
			{
				why:   "the response to an exception that nothing handles has no CORS headers",
				at:    "/report",
				cases: []string{"origin/allowed/*/same-origin"},
			},
			{
				why: "credentials are allowed to every origin",
				cases: []string{
					"origin/allowed/*/same-origin", "origin/allowed/*/include", "origin/allowed/*/preflight",
					"preflight/method/*", "preflight/header/*", "preflight/headers/all", "errors/not-found", "hostile/origin/*", "hostile/origins/*",
				},
			},
			{
				why:   "of several lines of requested headers the first alone is read",
				cases: []string{"preflight/headers/lines"},
			},
			{
				why:   "requested headers are sent back as they are, valid names or not",
				cases: []string{"hostile/headers/markup"},
			},
			{
				why:   "responses depend on what `Vary` does not name: whether there is an Origin, and what is requested",
				cases: []string{"vary/*"},
			},
		},
	},
	{
		original:  "FastAPI, explicit",
		rows:      explicitRows,
		endpoints: items(explicitConfig),
		faults: []fault{
			{
				why:   "the response to an exception that nothing handles has no CORS headers",
				at:    "/report",
				cases: []string{"origin/allowed/*/same-origin", "origin/allowed/*/include"},
			},
			{
				why:   "POST and HEAD are refused unless they are listed, though they need no permission",
				cases: []string{"preflight/method/POST", "preflight/method/HEAD"},
			},
			{
				why:   "origins that are not allowed get the lists too",
				cases: []string{"lists/preflight", "lists/null"},
			},
			{
				why:   "of several Origin lines the first one counts",
				cases: []string{"hostile/origin/two-lines*", "hostile/origins/*"},
			},
			{
				why:   "responses depend on what `Vary` does not name: whether there is an Origin, and what is requested",
				cases: []string{"vary/*"},
			},
		},
	},
}

func items(policy cors.Config) []endpoint {
	return []endpoint{{"GET", "/items", policy}, {"PUT", "/items/1", policy}, {"GET", "/report", policy}}
}
