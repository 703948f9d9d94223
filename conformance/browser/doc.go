// Package browser has the conformance suite's table judged by real browsers:
// Chromium, Firefox and WebKit. It has nothing to import; its tests are what it is
// for, and REPORT.md is what the last of them have found.
//
//	make browsers                         # installs them, where there is apt
//	make test-browser                     # all of it, in all three
//	make test-browser BROWSERS=chromium   # in those that you have
//
// Tests that need a browser have the build tag of that name, so that "go test"
// leaves them out.
//
// A trial is a case of the table as a script of a page produces it. A bench opens
// the page in an engine, and has the script call fetch; the network leads every
// origin to a local server, and its wire keeps what comes and goes. What the script
// gets and what the server is sent must be what the model of the browser in
// [github.com/corskit/corskit/conformance/fetch] says, and what the server answers
// must be what the case expects. Which connection a browser uses is its own choice:
// cases about one that carries several requests are no more than their order here.
package browser
