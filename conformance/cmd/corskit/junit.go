package main

import (
	"encoding/xml"
	"os"
	"strings"
	"unicode/utf8"
)

// What JUnit's XML reports hold, as far as continuous integration reads it.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure"`
	Skipped *junitSkipped `xml:"skipped"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// writeJUnit writes the outcomes for a URL to the file of that name. The suite is
// named without the URL's query, which may be a secret.
func writeJUnit(name, url string, outcomes []outcome) error {
	url, _, _ = strings.Cut(url, "?")
	suite := junitSuite{Name: url, Tests: len(outcomes)}
	for _, o := range outcomes {
		c := junitCase{Class: "corskit", Name: o.Case}
		switch o.Result {
		case "fail":
			suite.Failures++
			c.Failure = &junitFailure{printable(strings.Join(o.Problems, " ")), printable(o.text())}
		case "known-failing":
			suite.Skipped++
			c.Skipped = &junitSkipped{"known to fail: " + printable(strings.Join(o.Problems, " "))}
		case "not-applicable":
			suite.Skipped++
			c.Skipped = &junitSkipped{printable(o.Why)}
		}
		suite.Cases = append(suite.Cases, c)
	}
	data, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append([]byte(xml.Header), append(data, '\n')...), 0o666)
}

// printable replaces what XML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}
