// Package browser has the conformance suite's table judged by real browsers:
// Chromium, Firefox and WebKit.
package browser
