// Package conformance checks adapters of corskit, and servers in any language,
// against a table of cases.
package conformance
