// Package live checks a running server, written in any language, against a
// policy, and looks for the CORS misconfigurations that attackers look for.
//
//	config, err := cors.ParseConfig(policyFile)
//	if err != nil {
//		return err
//	}
//	suite, err := live.New(config, live.Target{URL: "https://api.example.com/items"})
//	if err != nil {
//		return err
//	}
//	err = suite.Run(ctx, 4, func(r live.Result) { fmt.Println(r.Verdict, r.Name) })
//
// [Audit] needs no policy, and [Infer] says which policy a server appears to have.
//
// # What is a failure
//
// Of the server nothing is known but one endpoint and the policy that it is meant
// to have. So a case fails only where somebody notices: a page, a cache, or who
// attacks one of them. That is
//
//   - a page of an allowed origin cannot do what the policy allows, or another
//     one can do more; the model of [github.com/corskit/corskit/conformance/fetch]
//     makes the same request to the server and to the policy itself, mounted by
//     corshttp, and what comes of both must agree: the result, the requests that
//     are sent for it, and the headers that scripts can read;
//   - a malformed, repeated or foreign Origin, or a null one, is granted something,
//     even in bytes that no browser sends today;
//   - a refused origin, or null, learns the policy's lists of methods and headers,
//     but for what it has asked for itself;
//   - an allowed origin is permitted methods or headers beyond the policy's lists,
//     whether or not it has asked for them; those that need no permission, and
//     OPTIONS, may be listed;
//   - the answer depends on a request header and Vary does not name it, so that a
//     cache hands it to others; CORS-preflight requests count here, as there are
//     caches that can be told to keep their answers;
//   - Access-Control-Allow-Origin has several values, or "*" goes with credentials
//     that are "true";
//   - browsers keep the answer to a CORS-preflight request for another time than
//     the policy says;
//   - a list of requested headers is misread that an intermediary has spread over
//     lines or written with blanks, as RFC 9110 lets it;
//   - the server fails (a status from 500, or no response) on hostile bytes;
//   - with rejectDisallowed, a foreign origin's request is not refused by a status
//     from 400 to 499; and a site's own requests are refused, with it or without.
//
// What may differ from one allowed origin to the next is asked about as two: the
// first of the policy and the last. A server may be right in another way than
// corskit: list only the method that is asked for, answer 200, send its first
// origin to whoever it does not know, or the header fields of a response that
// grants nothing. Where that departs from one of the rules in the README of conformance,
// [Result.Differs] says so, and the case passes. So does one where the server is
// right to refuse what no browser sends.
//
// # What is sent
//
// Actual requests to the endpoint have the target's method alone, and no body;
// a path below it that hardly exists is asked for with GET. Redirects are not
// followed. Of other methods only the CORS-preflight request is sent. What a
// response is longer than 64 KiB is not read.
package live
