package cors

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/core/internal/fetch"
	"github.com/corskit/corskit/core/internal/namelist"
	"github.com/corskit/corskit/core/internal/origin"
)

// A builder compiles a Config, one group of fields at a time, and collects the
// faults of all of them.
type builder struct {
	config Config
	policy Policy
	faults []error
}

func (b *builder) err() error { return errors.Join(b.faults...) }

// fault records a fault of a field as a whole.
func (b *builder) fault(field, value, reason, fix string) {
	b.faultAt(-1, field, value, reason, fix)
}

// faultAt records a fault of the element of field at index.
func (b *builder) faultAt(index int, field, value, reason, fix string) {
	b.faults = append(b.faults, &ConfigError{
		Field: field, Value: value, Reason: reason, Fix: fix, index: index,
	})
}

func (b *builder) origins() {
	const field = "AllowOrigins"
	c, p := &b.config, &b.policy
	p.predicate = c.AllowOriginFunc
	p.nullOrigin = c.DangerouslyAllowNullOrigin
	p.rejectDisallowed = c.RejectDisallowed
	p.origins = origin.NewSet(len(c.AllowOrigins))
	if len(c.AllowOrigins) == 0 && c.AllowOriginFunc == nil {
		b.fault(field, "", "is empty, so that no origin is allowed",
			"list the origins of your pages, such as https://app.example.com")
	}
	for i, s := range c.AllowOrigins {
		switch s {
		case "*":
			if !p.anyOrigin { // or else "*" stands there twice, which is harmless
				b.anyOrigin(i)
			}
			continue
		case "null":
			if !c.DangerouslyAllowNullOrigin {
				b.faultAt(i, field, s, "is the origin of every sandboxed frame, on any site",
					"remove it, or set DangerouslyAllowNullOrigin")
			}
			continue
		}
		pattern, fault := origin.ParsePattern(s)
		if fault != nil {
			b.faultAt(i, field, s, fault.Reason, fault.Fix)
			continue
		}
		b.dangers(i, pattern)
		p.origins.Add(pattern)
	}
}

// anyOrigin takes "*", the element of AllowOrigins at index i, which excludes
// whatever else could tell origins apart.
func (b *builder) anyOrigin(i int) {
	const field = "AllowOrigins"
	c := &b.config
	b.policy.anyOrigin = true
	others := slices.ContainsFunc(c.AllowOrigins, func(s string) bool { return s != "*" })
	if others {
		b.faultAt(i, field, "*", "stands beside other origins, which it makes meaningless",
			`write "*" alone, or remove it`)
	}
	if c.AllowCredentials {
		b.faultAt(i, field, "*", "is combined with AllowCredentials, which browsers refuse",
			"list the origins that may send credentials")
	}
	if c.AllowOriginFunc != nil {
		b.fault("AllowOriginFunc", "", `is combined with AllowOrigins "*", so that it is never asked`,
			`remove "*" or the function`)
	}
	if c.RejectDisallowed {
		b.fault("RejectDisallowed", "", `is combined with AllowOrigins "*", so that nothing is ever rejected`,
			`list the origins that may pass, or remove RejectDisallowed`)
	}
}

// dangers refuses what a pattern gives away, unless the Config says in words
// that it may.
func (b *builder) dangers(i int, p origin.Pattern) {
	const field = "AllowOrigins"
	c := &b.config
	if p.AnyHost {
		switch {
		case c.AllowCredentials:
			b.faultAt(i, field, p.Text, "allows every host of its scheme, with AllowCredentials",
				"list the hosts that may send credentials")
		case !c.DangerouslyAllowAnyExtension:
			b.faultAt(i, field, p.Text, "allows every host of its scheme",
				"list the hosts, or set DangerouslyAllowAnyExtension")
		}
		return
	}
	if !c.AllowCredentials {
		return
	}
	if p.Insecure() && !c.DangerouslyAllowInsecureOrigins {
		b.faultAt(i, field, p.Text, "allows pages loaded over plain http to send credentials",
			"write "+secure(p.Text)+", or set DangerouslyAllowInsecureOrigins")
	}
	if p.PublicSuffix() && !c.DangerouslyAllowPublicSuffixes {
		b.faultAt(i, field, p.Text, "allows names under a public suffix, which anyone can register, to send credentials",
			"name a domain of yours below it, or set DangerouslyAllowPublicSuffixes")
	}
}

// secure returns an http pattern for https.
func secure(pattern string) string {
	host := strings.TrimPrefix(pattern, "http://")
	return "https://" + strings.TrimSuffix(host, ":443") // the default port
}

func (b *builder) methods() {
	const field = "AllowMethods"
	c, p := &b.config, &b.policy
	p.methodsFromRoutes = c.MethodsFromRoutes
	for i, s := range c.AllowMethods {
		m := fetch.NormalizeMethod(s)
		switch {
		case s == "*" && p.anyMethod: // a second time, which is harmless
		case s == "*":
			p.anyMethod = true
			if slices.ContainsFunc(c.AllowMethods, func(s string) bool { return s != "*" }) {
				b.faultAt(i, field, s, "stands beside other methods, which it makes meaningless",
					`write "*" alone, or remove it`)
			}
			if c.MethodsFromRoutes {
				b.faultAt(i, field, s, "is combined with MethodsFromRoutes, which asks for less",
					`remove "*" or MethodsFromRoutes`)
			}
		case !fetch.IsToken(s):
			b.faultAt(i, field, s, "is not a method", listFix(s, "PUT", func(method string) string {
				if fetch.IsForbiddenMethod(method) {
					return "remove it"
				}
				return ""
			}))
		case fetch.IsForbiddenMethod(s):
			b.faultAt(i, field, s, "is a method that browsers never send", "remove it")
		case !slices.Contains(p.methods, m):
			p.methods = append(p.methods, m)
		}
	}
	switch {
	case !p.anyMethod:
		p.preflight.AllowMethods = strings.Join(p.methods, ",")
	case !c.AllowCredentials:
		p.preflight.AllowMethods = "*"
	}
}

func (b *builder) headers() {
	const field = "AllowHeaders"
	names := b.names(field, "Authorization", b.config.AllowHeaders, func(name string) (reason, fix string) {
		switch {
		case fetch.IsForbiddenRequestHeader(name):
			return "is a header that browsers do not let scripts set", "remove it"
		case isProtocol(name):
			return "is a header of the CORS protocol itself", "remove it"
		case fetch.IsForbiddenResponseHeader(name):
			return "is a response header that browsers never show to scripts", "remove it"
		case fetch.IsResponseOnlyHeader(name):
			return "is a response header", "remove it, or move it to ExposeHeaders"
		}
		return "", ""
	})
	p := &b.policy
	p.anyHeader = slices.Contains(names, "*")
	p.headers = namelist.NewSet(names)
	// With credentials "*" is the name of a header and nothing else, so that
	// the requested names are listed instead, request by request.
	if !p.anyHeader || !b.config.AllowCredentials {
		p.preflight.AllowHeaders = strings.Join(names, ",")
	}
}

func (b *builder) exposed() {
	const field = "ExposeHeaders"
	names := b.names(field, "", b.config.ExposeHeaders, func(name string) (reason, fix string) {
		switch {
		case fetch.IsForbiddenResponseHeader(name):
			return "is a response header that browsers never show to scripts", "remove it"
		case isProtocol(name):
			return "is a header of the CORS protocol itself", "remove it"
		case fetch.IsRequestOnlyHeader(name) && fetch.IsForbiddenRequestHeader(name):
			return "is a request header", "remove it"
		case fetch.IsRequestOnlyHeader(name):
			return "is a request header", "remove it, or move it to AllowHeaders"
		}
		return "", ""
	})
	if i := slices.Index(b.config.ExposeHeaders, "*"); i >= 0 && b.config.AllowCredentials {
		b.faultAt(i, field, "*", "is combined with AllowCredentials, where browsers take it for a header's name",
			"list the headers")
	}
	b.policy.actual.ExposeHeaders = strings.Join(names, ",")
}

// names checks a list of header names and returns it without duplicates, in
// the spelling and order of the Config. refuse says what is wrong with a name
// that is a token; companion is the one that may stand beside "*", if any.
func (b *builder) names(field, companion string, list []string, refuse func(string) (reason, fix string)) []string {
	var names []string
	for i, s := range list {
		if s == "*" {
			beside := slices.ContainsFunc(list, func(s string) bool {
				return s != "*" && !strings.EqualFold(s, companion)
			})
			if beside && i == slices.Index(list, "*") {
				fix := `write "*" alone, or remove it`
				if companion != "" {
					fix = `write "*" alone or with ` + companion + `, or remove it`
				}
				b.faultAt(i, field, s, "stands beside other headers, which it makes meaningless", fix)
			}
		} else if !fetch.IsToken(s) {
			b.faultAt(i, field, s, "is not a header name", listFix(s, "X-Request-ID", func(name string) string {
				_, fix := refuse(name)
				return fix
			}))
			continue
		} else if reason, fix := refuse(s); reason != "" {
			b.faultAt(i, field, s, reason, fix)
			continue
		}
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, s) }) {
			names = append(names, s)
		}
	}
	return names
}

// isProtocol reports whether name is that of a header of the CORS protocol.
func isProtocol(name string) bool {
	return strings.HasPrefix(strings.ToLower(name), "access-control-")
}

// listFix says how to mend an element that is not a token. fixToken says what
// is to be done about one that is, "" if nothing.
func listFix(s, example string, fixToken func(string) string) string {
	trimmed := strings.TrimSpace(s)
	switch {
	case strings.Contains(s, ","):
		return "write each name as an element of its own"
	case trimmed == "":
		return "remove it"
	case !fetch.IsToken(trimmed):
		return "write a token such as " + example
	}
	if fix := fixToken(trimmed); fix != "" {
		return fix
	}
	return "write " + trimmed
}

func (b *builder) maxAge() {
	const field = "MaxAge"
	age := b.config.MaxAge
	switch {
	case age == NoPreflightCache:
		b.policy.preflight.MaxAge = "0"
	case age < 0:
		b.fault(field, age.String(), "is negative", "write 0 to omit the header, or -1 second (NoPreflightCache) to forbid caching")
	case age > maxMaxAge:
		b.fault(field, age.String(), "is more than any browser honours", "write 24h (86400 seconds) or less")
	case age%time.Second != 0:
		whole := max(age.Round(time.Second), time.Second)
		if age <= maxMaxAge/time.Second { // a bare number, meant as seconds
			whole = age * time.Second
		}
		b.fault(field, age.String(), "is not a whole number of seconds",
			fmt.Sprintf("write %s (%d * time.Second)", whole, whole/time.Second))
	case age > 0:
		b.policy.preflight.MaxAge = strconv.Itoa(int(age / time.Second))
	}
}

func (b *builder) status() {
	const field = "PreflightStatus"
	c, p := &b.config, &b.policy
	status := c.PreflightStatus
	switch {
	case status == 0:
		status = 204
	case status < 200 || status > 299:
		b.fault(field, strconv.Itoa(status), "is not an ok status, so that browsers refuse the answer",
			"write 204, or another status from 200 to 299")
	}
	p.preflight.Kind, p.preflight.Status, p.preflight.Reason = Preflight, status, Allowed
	p.actual.Kind, p.actual.Reason = Actual, Allowed
	p.preflight.Vary, p.actual.Vary = varyPreflight, varyOrigin
	if p.anyOrigin {
		p.preflight.AllowOrigin, p.actual.AllowOrigin = "*", "*"
		p.preflight.Vary, p.actual.Vary = varyPreflightAnyOrigin, ""
	}
	if c.AllowCredentials {
		p.credentials = true
		p.preflight.AllowCredentials, p.actual.AllowCredentials = "true", "true"
	}
}
