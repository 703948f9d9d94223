package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	cors "github.com/corskit/corskit/core"
)

// A request is one line of the input of explain, and what it says that matters
// to the CORS protocol.
type request struct {
	cors.Request
	url       *url.URL // nil if not given
	fetchMode string   // the value of Sec-Fetch-Mode
	cookie    bool     // there is a Cookie header, which shows the credentials mode "include"
}

// parseRequest reads a line such as
//
//	{"method": "PUT", "headers": [["Origin", "https://app.example.com"]], "url": "https://api.example.com/items"}
//
// in which headers and url may be absent. Everything else is an error.
func parseRequest(line []byte) (*request, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("is not valid UTF-8: write it as UTF-8")
	}
	r := new(request)
	dec := json.NewDecoder(bytes.NewReader(line))
	if open, err := dec.Token(); err != nil {
		return nil, notJSONError(err)
	} else if open != json.Delim('{') {
		return nil, errors.New(`is not an object: write {"method": "GET", "headers": [["Origin", "https://app.example.com"]]}`)
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, notJSONError(err)
		}
		key := token.(string) // all that Token returns between members
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, notJSONError(err)
		}
		if seen[key] {
			return nil, fmt.Errorf("has the key %q twice: keep one of the two", key)
		}
		seen[key] = true
		if err := r.set(key, value); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, notJSONError(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("has more after the object: write one object on each line")
	}
	if r.Method == "" {
		return nil, errors.New(`has no method: write {"method": "GET", ...}`)
	}
	if r.Host == "" && r.url != nil {
		r.Host = r.url.Host
	}
	return r, nil
}

func notJSONError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("ends within the object: close what is open")
	}
	return fmt.Errorf("is not JSON: %w: write one object on each line", err)
}

func (r *request) set(key string, value json.RawMessage) error {
	switch key {
	case "method":
		s, ok := text(value)
		if !ok || !isToken(s) {
			return fmt.Errorf(`has a method that is none: write "method": "GET"`)
		}
		r.Method = s
	case "headers":
		var pairs [][]json.RawMessage
		if err := json.Unmarshal(value, &pairs); err != nil || pairs == nil {
			return errPairs
		}
		return r.setHeaders(pairs)
	case "url":
		s, ok := text(value)
		u, err := url.Parse(s)
		if !ok || err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf(`has a url that is none: write "url": "https://api.example.com/items"`)
		}
		r.url = u
	default:
		return fmt.Errorf("has the unknown key %q: write method, headers or url", key)
	}
	return nil
}

var errPairs = errors.New(`has headers that are not pairs of strings: write "headers": [["Origin", "https://app.example.com"]]`)

// setHeaders collects field lines. Names are compared without regard to case,
// and values lose the blanks around them:
// https://www.rfc-editor.org/rfc/rfc9110#section-5
func (r *request) setHeaders(pairs [][]json.RawMessage) error {
	lines := map[string][]string{} // by the name in lower case
	for _, pair := range pairs {
		if len(pair) != 2 {
			return errPairs
		}
		name, ok := text(pair[0])
		value, ok2 := text(pair[1])
		switch {
		case !ok || !ok2:
			return errPairs
		case !isToken(name):
			return fmt.Errorf(`has the header name %q, which is none: write a name such as "Origin"`, name)
		}
		name = strings.ToLower(name)
		lines[name] = append(lines[name], strings.Trim(value, " \t"))
	}
	first := func(name string) string {
		if len(lines[name]) == 0 {
			return ""
		}
		return lines[name][0]
	}
	r.Host, r.SecFetchSite, r.fetchMode = first("host"), first("sec-fetch-site"), first("sec-fetch-mode")
	r.cookie = first("cookie") != ""
	r.Origin = cors.NewLines(lines["origin"])
	r.RequestMethod = cors.NewLines(lines["access-control-request-method"])
	r.RequestHeaders = cors.NewLines(lines["access-control-request-headers"])
	return nil
}

// text returns the string that value is, if it is one.
func text(value json.RawMessage) (s string, ok bool) {
	var p *string // a null would leave a string as it is
	if json.Unmarshal(value, &p) != nil || p == nil {
		return "", false
	}
	return *p, true
}

// isToken reports whether s is a token, as methods and header names are:
// https://www.rfc-editor.org/rfc/rfc9110#name-tokens
func isToken(s string) bool {
	const bytes = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return s != "" && strings.Trim(s, bytes) == ""
}
