module github.com/corskit/corskit/adapters/echo

go 1.25.0

require github.com/corskit/corskit/core v0.1.0
