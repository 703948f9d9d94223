package tutorialtest

import "github.com/corskit/corskit/conformance/fetch"

// The origins of pages. The servers of the tutorials know the first two.
const (
	app       = "https://app.example.com"
	localhost = "http://localhost:3000"
	shop      = "https://shop.example.com"
	anonymous = "null" // that of a sandboxed frame, which any site can make
)

// expressRows compares with tutorials/express/server.js.
var expressRows = []row{
	{
		name:     "a page of any origin reads the list",
		ask:      page("/products", fetch.Request{Origin: shop}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "a sandboxed page, of the origin `null`, reads the list",
		ask:      page("/products", fetch.Request{Origin: anonymous}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "a page of any origin makes a product, with JSON and a token",
		ask:      page("/products", fetch.Request{Origin: shop, Method: "POST", Header: with("Content-Type", "Authorization", "X-Request-Id")}),
		original: reads(201), ours: reads(201), verdict: same,
	},
	{
		name:     "a page of any origin makes a product, with JSON and the user's cookies",
		ask:      page("/products", fetch.Request{Origin: shop, Method: "POST", Header: with("Content-Type"), Credentials: fetch.Include}),
		original: unsent, ours: unsent, verdict: same,
	},
	{
		name:     "a page uses a method of its own invention",
		ask:      page("/products", fetch.Request{Origin: shop, Method: "PURGE"}),
		original: unsent, ours: unsent, verdict: same,
	},
	{
		name:     "a page reads what there is nothing of",
		ask:      page("/nowhere", fetch.Request{Origin: shop}),
		original: reads(404), ours: reads(404), verdict: same,
	},
	{
		name:     "the page of the strict route reads a product",
		ask:      page("/products/1", fetch.Request{Origin: app}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "the page of the strict route deletes a product, with a token",
		ask:      page("/products/1", fetch.Request{Origin: app, Method: "DELETE", Header: with("Authorization")}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "another page reads a product",
		ask:      page("/products/1", fetch.Request{Origin: shop}),
		original: unread, ours: unread, verdict: same,
	},
	{
		name:     "another page deletes a product",
		ask:      page("/products/1", fetch.Request{Origin: shop, Method: "DELETE"}),
		original: unread, ours: unsent, verdict: safer,
		why: "the global `cors()` answers every CORS-preflight request, so that the options of a route come too late to refuse one",
	},
	{
		name:     "another page asks what the strict route allows, by a CORS-preflight request",
		ask:      message("OPTIONS", "/products/1", asking(shop, "DELETE"), lists),
		original: "lists of methods and headers", ours: "no list", verdict: safer,
		why: "lists are for allowed origins",
	},
	{
		name:     "a CORS-preflight request asks for the header `<b>`",
		ask:      message("OPTIONS", "/products", asking(shop, "POST", "<b>"), markup),
		original: "`<b>` is sent back", ours: "nothing of it is sent back", verdict: safer,
		why: "nothing of a request is sent back but valid names, and here not even these",
	},
	{
		name:     "the page of the strict route uses a method that is not in its list",
		ask:      page("/products/1", fetch.Request{Origin: app, Method: "PATCH"}),
		original: reads(404), ours: unsent, verdict: stricter,
		why: "the list of the route holds, and not the global one",
	},
	{
		name:     "the status of the strict route's CORS-preflight response",
		ask:      message("OPTIONS", "/products/1", asking(app, "DELETE"), status),
		original: "204", ours: "200", verdict: stricter,
		why: "it is the one that the route's options say",
	},
	{
		name:     "the origin that another page's request to the strict route is told",
		ask:      message("GET", "/products/1", from(shop), origin),
		original: "`Access-Control-Allow-Origin: https://app.example.com`", ours: "no `Access-Control-Allow-Origin`", verdict: stricter,
		why: "an origin that is not allowed is told nothing; browsers refuse either",
	},
	{
		name:     "an OPTIONS request that is no CORS-preflight request",
		ask:      message("OPTIONS", "/products", from(shop), lists),
		original: "lists of methods and headers", ours: "no list", verdict: stricter,
		why: "without `Access-Control-Request-Method` it is the application's to answer",
	},
	{
		name:     "what caches are told of the list",
		ask:      message("GET", "/products", nil, vary),
		original: "no `Vary: Origin`", ours: "no `Vary: Origin`", verdict: same,
	},
	{
		name:     "what caches are told of a product",
		ask:      message("GET", "/products/1", nil, vary),
		original: "`Vary: Origin`", ours: "`Vary: Origin`", verdict: same,
	},
}

// allowAllRows compares with allow_all in tutorials/fastapi/main.py.
var allowAllRows = []row{
	{
		name:     "a page of any origin reads the items",
		ask:      page("/items", fetch.Request{Origin: shop}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "a page of any origin changes an item, with JSON and a token",
		ask:      page("/items/1", fetch.Request{Origin: shop, Method: "PUT", Header: with("Content-Type", "Authorization")}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "a page uses a method of its own invention",
		ask:      page("/items", fetch.Request{Origin: shop, Method: "PURGE"}),
		original: unsent, ours: unsent, verdict: same,
	},
	{
		name:     "a page reads what there is nothing of",
		ask:      page("/nowhere", fetch.Request{Origin: shop}),
		original: reads(404), ours: reads(404), verdict: same,
	},
	{
		name:     "a page of any origin reads the items, with the user's cookies",
		ask:      page("/items", fetch.Request{Origin: shop, Credentials: fetch.Include}),
		original: reads(200), ours: unread, verdict: safer,
		why: "any site could read what its visitors' cookies open",
	},
	{
		name:     "a page of any origin changes an item, with the user's cookies",
		ask:      page("/items/1", fetch.Request{Origin: shop, Method: "PUT", Credentials: fetch.Include}),
		original: reads(200), ours: unsent, verdict: safer,
		why: "any site could act for its visitors",
	},
	{
		name:     "a sandboxed page, of the origin `null`, reads the items with the user's cookies",
		ask:      page("/items", fetch.Request{Origin: anonymous, Credentials: fetch.Include}),
		original: reads(200), ours: unread, verdict: safer,
		why: "the same, from a frame of any site",
	},
	{
		name:     "a CORS-preflight request asks for the header `<b>`",
		ask:      message("OPTIONS", "/items", asking(shop, "PUT", "<b>"), markup),
		original: "`<b>` is sent back", ours: "nothing of it is sent back", verdict: safer,
		why: "nothing of a request is sent back but valid names, and here not even these",
	},
	{
		name:     "a page reads a report whose handler fails",
		ask:      page("/report", fetch.Request{Origin: shop}),
		original: unread, ours: reads(500), verdict: stricter,
		why: "the policy holds for every response; the page's console names the 500, and does not blame CORS",
	},
	{
		name:     "the origin that the response to a request without Origin allows",
		ask:      message("GET", "/items", nil, origin),
		original: "no `Access-Control-Allow-Origin`", ours: "`Access-Control-Allow-Origin: *`", verdict: stricter,
		why: "a cache that has kept it can hand it to pages",
	},
	{
		name:     "the status of the CORS-preflight response for a method that is not listed",
		ask:      message("OPTIONS", "/items", asking(shop, "PURGE"), status),
		original: "400", ours: "204", verdict: looser,
		why: "the browser refuses by the list, and its console names the method instead of the status",
	},
	{
		name:     "how long browsers keep the CORS-preflight response",
		ask:      message("OPTIONS", "/items", asking(shop, "PUT"), maxAge),
		original: "`Access-Control-Max-Age: 600`", ours: "`Access-Control-Max-Age: 600`", verdict: same,
	},
}

// explicitRows compares with explicit in tutorials/fastapi/main.py.
var explicitRows = []row{
	{
		name:     "an allowed page reads the items, with the user's cookies",
		ask:      page("/items", fetch.Request{Origin: app, Credentials: fetch.Include}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "an allowed page changes an item, with JSON, a listed header and the user's cookies",
		ask:      page("/items/1", fetch.Request{Origin: app, Method: "PUT", Header: with("Content-Type", "X-Csrf-Token"), Credentials: fetch.Include}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "a page under development changes an item, likewise",
		ask:      page("/items/1", fetch.Request{Origin: localhost, Method: "PUT", Header: with("Content-Type", "X-Csrf-Token"), Credentials: fetch.Include}),
		original: reads(200), ours: reads(200), verdict: same,
	},
	{
		name:     "an allowed page uses a method that is not listed",
		ask:      page("/items/1", fetch.Request{Origin: app, Method: "DELETE"}),
		original: unsent, ours: unsent, verdict: same,
	},
	{
		name:     "an allowed page sets a header that is not listed",
		ask:      page("/items/1", fetch.Request{Origin: app, Method: "PUT", Header: with("X-Other")}),
		original: unsent, ours: unsent, verdict: same,
	},
	{
		name:     "an allowed page posts JSON, for which there is no route",
		ask:      page("/items", fetch.Request{Origin: app, Method: "POST", Header: with("Content-Type")}),
		original: unsent, ours: reads(405), verdict: looser,
		why: "POST is CORS-safelisted: a form may send it unasked, and a list without it forbids nothing",
	},
	{
		name:     "the status of the CORS-preflight response for a method that is not listed",
		ask:      message("OPTIONS", "/items/1", asking(app, "DELETE"), status),
		original: "400", ours: "204", verdict: looser,
		why: "the browser refuses by the list, and its console names the method instead of the status",
	},
	{
		name:     "an allowed page reads what there is nothing of",
		ask:      page("/nowhere", fetch.Request{Origin: app}),
		original: reads(404), ours: reads(404), verdict: same,
	},
	{
		name:     "an allowed page reads a report whose handler fails",
		ask:      page("/report", fetch.Request{Origin: app}),
		original: unread, ours: reads(500), verdict: stricter,
		why: "the policy holds for every response; the page's console names the 500, and does not blame CORS",
	},
	{
		name:     "another page reads the items",
		ask:      page("/items", fetch.Request{Origin: shop, Credentials: fetch.Include}),
		original: unread, ours: unread, verdict: same,
	},
	{
		name:     "another page changes an item",
		ask:      page("/items/1", fetch.Request{Origin: shop, Method: "PUT"}),
		original: unsent, ours: unsent, verdict: same,
	},
	{
		name:     "a sandboxed page, of the origin `null`, reads the items",
		ask:      page("/items", fetch.Request{Origin: anonymous}),
		original: unread, ours: unread, verdict: same,
	},
	{
		name:     "another page asks what is allowed, by a CORS-preflight request",
		ask:      message("OPTIONS", "/items/1", asking(shop, "PUT"), lists),
		original: "lists of methods and headers", ours: "no list", verdict: safer,
		why: "lists are for allowed origins",
	},
	{
		name:     "a request has two Origin lines, the first of which is allowed",
		ask:      message("GET", "/items", from(app, shop), origin),
		original: "`Access-Control-Allow-Origin: https://app.example.com`", ours: "no `Access-Control-Allow-Origin`", verdict: safer,
		why: "layers that read different lines of the two can be played off against each other",
	},
	{
		name:     "what caches are told of a response to a request without Origin",
		ask:      message("GET", "/items", nil, vary),
		original: "no `Vary: Origin`", ours: "`Vary: Origin`", verdict: safer,
		why: "a cache hands it to the allowed page, which cannot read it",
	},
	{
		name:     "what caches are told of a response to another page",
		ask:      message("GET", "/items", from(shop), vary),
		original: "no `Vary: Origin`", ours: "`Vary: Origin`", verdict: safer,
		why: "the same, which any site can bring about",
	},
	{
		name:     "how long browsers keep the CORS-preflight response",
		ask:      message("OPTIONS", "/items/1", asking(app, "PUT"), maxAge),
		original: "`Access-Control-Max-Age: 600`", ours: "`Access-Control-Max-Age: 600`", verdict: same,
	},
}
