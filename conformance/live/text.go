package live

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
)

// Here is how requests and responses are shown.

// RequestText returns the request of an exchange with t as it was sent, one line
// for each field. What may be a secret is replaced by the name of a shell variable,
// as by Curl.
func (t Target) RequestText(x fetch.Exchange) string {
	lines := []string{x.Request.Method + " " + x.Request.URL.String()}
	if x.Request.Host != x.Request.URL.Host {
		lines = append(lines, "Host: "+x.Request.Host)
	}
	return strings.Join(append(lines, t.fieldLines(x.Request.Header)...), "\n")
}

// ResponseText returns the response of an exchange with t, its status and one line
// for each field; "none" if there was no response. What may be a secret is replaced
// as by RequestText, and so are values of t.Header that the server sends back.
func (t Target) ResponseText(x fetch.Exchange) string {
	if x.Status == 0 {
		return "none"
	}
	status := strings.TrimSpace(strconv.Itoa(x.Status) + " " + http.StatusText(x.Status))
	return strings.Join(append([]string{status}, t.fieldLines(x.Header)...), "\n")
}

// fieldLines returns the lines of a header, with what is no printable text
// escaped.
func (t Target) fieldLines(h http.Header) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for i, value := range h[name] {
			if t.isSecret(name, value) {
				value = "$" + variable(name, i)
			}
			value = t.withoutEchoes(value)
			lines = append(lines, name+": "+shown(value))
		}
	}
	return lines
}

// isSecret reports whether a field may prove who the user is: those that do for
// everyone, and all that the target's header has, whatever they are for.
func (t Target) isSecret(name, value string) bool {
	switch name {
	case "Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie", "X-Api-Key":
		return value != ownCookie
	}
	return slices.Contains(t.Header[name], value)
}

// withoutEchoes replaces those values of the target's header in a value that are
// long enough for a secret.
func (t Target) withoutEchoes(value string) string {
	const least = 8
	for _, name := range slices.Sorted(maps.Keys(t.Header)) {
		for i, secret := range t.Header[name] {
			if len(secret) >= least && name != "Host" {
				value = strings.ReplaceAll(value, secret, "$"+variable(name, i))
			}
		}
	}
	return value
}

// variable is the name of the shell variable that stands for the value of a header
// in the line with that index.
func variable(name string, line int) string {
	upper := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	if upper[0] <= '9' {
		upper = "_" + upper
	}
	if line > 0 {
		upper += "_" + strconv.Itoa(line+1)
	}
	return upper
}

// shown returns a value as it is if it is short and printable, and else cut and
// escaped.
func shown(s string) string {
	const most = 200
	quoted := strconv.QuoteToASCII(s)
	if len(s) > most {
		return fmt.Sprintf("%s… (%d bytes)", strings.Trim(strconv.QuoteToASCII(s[:most]), `"`), len(s))
	}
	if quoted == `"`+s+`"` {
		return s
	}
	return strings.Trim(quoted, `"`)
}

// quote returns values for a sentence.
func quote(values []string) string {
	if len(values) == 0 {
		return "absent"
	}
	var all []string
	for _, v := range values {
		all = append(all, `"`+shown(v)+`"`)
	}
	return strings.Join(all, " and ")
}

// Curl returns a command for a POSIX shell that sends the request of an exchange
// with t by curl and shows the response's header. Where the request has what may be
// a secret, which is every field of t.Header but Host, the command takes it from a
// variable of the environment that is named after the header: AUTHORIZATION. It
// returns "" if no command can: a NUL is in no argument.
func (t Target) Curl(x fetch.Exchange) string {
	r := x.Request
	for _, values := range r.Header {
		if strings.Contains(strings.Join(values, ""), "\x00") {
			return ""
		}
	}
	args := []string{"curl", "-s", "-o", "/dev/null", "-D", "-"}
	if r.Method == http.MethodHead {
		args = []string{"curl", "-s", "-I"}
	}
	if t.Insecure {
		args = append(args, "-k")
	}
	if strings.ContainsAny(r.URL.RequestURI(), "[]{}") {
		args = append(args, "-g") // curl takes them for patterns otherwise
	}
	if strings.Contains(r.URL.Path, "/.") {
		args = append(args, "--path-as-is")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		args = append(args, "-X", shellQuote(r.Method))
	}
	if r.Host != r.URL.Host {
		args = append(args, "-H", shellQuote("Host: "+r.Host))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for i, value := range r.Header[name] {
			field := shellQuote(name + ": " + value)
			switch {
			case t.isSecret(name, value):
				field = shellQuote(name+": ") + `"$` + variable(name, i) + `"`
			case value == "":
				field = shellQuote(name + ";") // curl drops fields without a value otherwise
			}
			args = append(args, "-H", field)
		}
	}
	return strings.Join(append(args, shellQuote(r.URL.String())), " ")
}

// shellQuote quotes s as one word for a POSIX shell: in single quotes, or by
// printf where there are bytes that not every terminal shows.
func shellQuote(s string) string {
	plain := !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
	if plain && isToken(s) && !strings.ContainsAny(s, "!#$&'*^`|~") {
		return s
	}
	if plain {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '%':
			b.WriteString("%%")
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\'':
			b.WriteString(`'\''`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return `"$(printf '` + b.String() + `')"`
}

// members returns the members of the list that field lines make:
// https://www.rfc-editor.org/rfc/rfc9110#name-lists-rule-abnf-extension
func members(lines []string) (all []string) {
	for m := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if m = strings.Trim(m, " \t"); m != "" {
			all = append(all, m)
		}
	}
	return all
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(m string) bool { return strings.EqualFold(m, s) })
}
