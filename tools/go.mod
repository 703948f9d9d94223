module github.com/corskit/corskit/tools

go 1.25.0

