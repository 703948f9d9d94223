module github.com/corskit/corskit/adapters/gin

go 1.25.0

require github.com/corskit/corskit/core v0.1.0
