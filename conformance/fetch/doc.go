// Package fetch is the client side of the CORS protocol: what a browser sends
// for a page of some origin, and what of a server's response it lets the page's
// scripts see. It follows the Fetch standard, https://fetch.spec.whatwg.org/,
// in its words and its order.
//
//	request := fetch.Request{
//		Origin:      "https://app.example.com",
//		URL:         "https://api.example.com/items",
//		Method:      "PUT",
//		Credentials: fetch.Include,
//	}
//	outcome := fetch.Fetch(ctx, request, http.DefaultTransport.RoundTrip, nil)
//	if outcome.Result == fetch.Blocked {
//		log.Print(outcome.Failure.Console(request))
//	}
//
// [Preflight], [CheckPreflight], [Check] and [Exposed] are its parts, for those
// who have the messages already.
//
// Left out, because they are not part of the CORS protocol or no server can
// tell: bodies, service workers, the HTTP cache, redirect modes other than
// "follow", referrer policies other than the default one, the cookie store
// (a request says what it holds), network partition keys, mixed content, CSP,
// CORP, Fetch Metadata and Local Network Access. URLs are taken as a browser
// serializes them, with hosts in A-labels.
//
// The model is stricter than the standard in two places, which [CheckPreflight]
// and [Cache] name, and as strict as the standard where browsers are not: they
// let "*" in Access-Control-Allow-Headers cover Authorization. The texts and codes
// of a [Failure] are Chromium's.
package fetch
