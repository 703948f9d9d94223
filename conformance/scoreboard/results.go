package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A result is what corskit test says of a case.
type result struct {
	Case     string   `json:"case"`
	Rule     int      `json:"rule"` // its number in the README of conformance
	Result   string   `json:"result"`
	Problems []string `json:"problems"`
	Request  string   `json:"request"` // its method and URL, and a line for each header field
	Summary  string   `json:"summary"` // of all cases; in the last object alone
}

// What the result of a case can be.
const (
	passes        = "pass"
	fails         = "fail"
	notApplicable = "not-applicable"
)

// decode reads what corskit test -json prints: an object on a line for each case,
// and one for the summary at the end. It leaves out cases that
// are not applicable.
func decode(output string) (results []result, err error) {
	complete := false
	for line := range strings.Lines(output) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			return nil, fmt.Errorf("corskit test prints %.200q: %w", line, err)
		}
		complete = r.Summary != ""
		if complete {
			continue
		}
		switch r.Result {
		case passes, fails:
			results = append(results, r)
		case notApplicable:
		default:
			return nil, fmt.Errorf("corskit test says %q of %s, which is no result", r.Result, r.Case)
		}
	}
	if !complete {
		return nil, errors.New("corskit test prints no summary: it has ended before its time")
	}
	return results, nil
}
