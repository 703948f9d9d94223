// Package tools holds the programs that build and check this repository.
package tools
