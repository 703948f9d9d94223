module github.com/corskit/corskit/source/file

go 1.25.0

require (
	github.com/corskit/corskit/core v0.1.0
	github.com/fsnotify/fsnotify v1.9.0
)

require (
	golang.org/x/net v0.58.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
