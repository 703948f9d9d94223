module github.com/corskit/corskit/conformance

go 1.25.0

require github.com/corskit/corskit/core v0.1.0

require golang.org/x/net v0.58.0 // indirect
