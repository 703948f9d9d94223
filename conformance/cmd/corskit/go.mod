module github.com/corskit/corskit/conformance/cmd/corskit

go 1.25.0

require (
	github.com/corskit/corskit/conformance v0.1.0
	github.com/corskit/corskit/core v0.1.0
	github.com/mattn/go-isatty v0.0.22
	github.com/stretchr/testify v1.12.1
	github.com/urfave/cli/v3 v3.14.0
	go.yaml.in/yaml/v3 v3.0.6
)

require (
	golang.org/x/net v0.58.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
