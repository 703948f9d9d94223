// Package adapters mounts the conformance suite's site on every framework that
// corskit has an adapter for. Its tests run the suite on all of them and
// compare their answers with each other.
package adapters
