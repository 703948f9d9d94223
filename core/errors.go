package cors

import (
	"fmt"
	"strconv"

	"github.com/corskit/corskit/core/internal/fetch"
)

// A ConfigError is one fault of a [Config], of a policy file or of the hosts of
// [ByHost]. [New], [ParseConfig], [ParsePolicy] and ByHost join one for every
// fault; reach them through errors.As, or all of them with [ConfigErrors].
type ConfigError struct {
	// Field is the name of the faulty field as its source spells it:
	// "AllowOrigins" in code, "allowOrigins" in a policy file, "ByHost" where
	// Value is a host of that function. It is empty if the fault lies with the
	// file as a whole.
	Field string

	// Value is the faulty value, or the element of a list that is at fault.
	Value string

	// Reason says what is wrong with the value.
	Reason string

	// Fix says what to write instead.
	Fix string

	// Line and Column are the position of the fault in a policy file, counted
	// from 1, columns in bytes. Both are 0 for a Config built in code.
	Line, Column int

	// index is the place of the faulty element within its list, or -1.
	index int
}

// Error returns the fault on one line: position, field, value, reason and fix.
func (e *ConfigError) Error() string {
	s := ""
	if e.Line > 0 {
		s = fmt.Sprintf("%d:%d: ", e.Line, e.Column)
	}
	if fetch.IsToken(e.Field) {
		s += e.Field + ": "
	} else if e.Field != "" { // a key that someone has made up
		s += quote(e.Field) + ": "
	}
	if e.Value != "" {
		s += quote(e.Value) + " "
	}
	s += e.Reason
	if e.Fix != "" {
		s += ": " + e.Fix
	}
	return s
}

// quote quotes s for a message of one line, whatever bytes s holds, and cuts
// it where it is too long to be read.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

// ConfigErrors returns every [ConfigError] joined in err, in order.
func ConfigErrors(err error) []*ConfigError {
	switch err := err.(type) {
	case *ConfigError:
		return []*ConfigError{err}
	case interface{ Unwrap() []error }:
		var all []*ConfigError
		for _, e := range err.Unwrap() {
			all = append(all, ConfigErrors(e)...)
		}
		return all
	case interface{ Unwrap() error }:
		return ConfigErrors(err.Unwrap())
	}
	return nil
}
