module github.com/corskit/corskit/conformance

go 1.25.0

require (
	github.com/corskit/corskit/core v0.1.0
	github.com/stretchr/testify v1.12.1
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/net v0.58.0 // indirect
)
