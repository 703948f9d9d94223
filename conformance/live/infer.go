package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/fetch"
	cors "github.com/corskit/corskit/core"
)

// An Inferred policy is what a server appears to have.
type Inferred struct {
	// File is the policy as a policy file in JSON, which [cors.ParsePolicy] may
	// refuse.
	File []byte

	// Remarks holds a sentence for everything that no policy file can say, or
	// that cannot be told.
	Remarks []string
}

// The keys of a policy file, in the order in which they are written.
type policyFile struct {
	AllowOrigins                    []string `json:"allowOrigins"`
	AllowMethods                    []string `json:"allowMethods,omitempty"`
	AllowHeaders                    []string `json:"allowHeaders,omitempty"`
	ExposeHeaders                   []string `json:"exposeHeaders,omitempty"`
	AllowCredentials                bool     `json:"allowCredentials,omitempty"`
	MaxAge                          int      `json:"maxAge,omitempty"`
	PreflightStatus                 int      `json:"preflightStatus,omitempty"`
	RejectDisallowed                bool     `json:"rejectDisallowed,omitempty"`
	DangerouslyAllowNullOrigin      bool     `json:"dangerouslyAllowNullOrigin,omitempty"`
	DangerouslyAllowInsecureOrigins bool     `json:"dangerouslyAllowInsecureOrigins,omitempty"`
}

// Infer asks a target as a few origins, and as those that are given, and says
// what policy would answer as it does. It returns an [*UnreachableError] if the
// target cannot be reached, an [*InconclusiveError] if its answers tell nothing, and
// another error if an origin or the target is none. It stops after three requests
// without a response.
func Infer(ctx context.Context, target Target, origins ...string) (Inferred, error) {
	c, err := target.open()
	if err != nil {
		return Inferred{}, err
	}
	defer c.transport.CloseIdleConnections()
	for _, o := range origins {
		if err := checkOrigin(o); err != nil {
			return Inferred{}, err
		}
	}
	p, err := openProber(ctx, c)
	if err != nil {
		return Inferred{}, err
	}
	i := &inference{prober: p}
	i.askOrigins(origins)
	if i.example != "" {
		i.askPreflight()
	}
	if err := i.inconclusive(); err != nil {
		return Inferred{}, err
	}
	return i.result(), nil
}

type inference struct {
	*prober
	file    policyFile
	remarks []string
	example string // an origin that is granted something
}

func (i *inference) remark(format string, args ...any) {
	i.remarks = append(i.remarks, fmt.Sprintf(format, args...))
}

// invented is an origin that no server knows.
const invented = "https://corskit.example"

// askOrigins finds who may read responses.
func (i *inference) askOrigins(origins []string) {
	any := i.ask(message{origin: []string{invented}})
	switch allowed := any.Header["Access-Control-Allow-Origin"]; {
	case slices.Contains(allowed, "*"):
		i.file.AllowOrigins, i.example = []string{"*"}, invented
		i.granted(any)
		return
	case slices.Contains(allowed, invented):
		i.file.AllowOrigins, i.example = []string{"*"}, invented
		i.granted(any)
		i.remark("The origin %s, which nobody knows, is sent back: every origin appears to be allowed. corskit audit says what comes of it.", invented)
		return
	}
	for n, o := range append(slices.Clone(origins), variants(origins)...) {
		x := i.ask(message{origin: []string{o}})
		switch f := fetch.Check(fetch.Request{Origin: o}, x.Header); {
		case f.Reason == fetch.None && slices.Contains(i.file.AllowOrigins, o):
		case f.Reason == fetch.None:
			i.file.AllowOrigins = append(i.file.AllowOrigins, o)
			if i.example == "" {
				i.example = o
			}
			i.granted(x)
			i.file.DangerouslyAllowInsecureOrigins = i.file.DangerouslyAllowInsecureOrigins || i.file.AllowCredentials && strings.HasPrefix(o, "http://")
		case n < len(origins):
			i.remark("%s is not allowed: Access-Control-Allow-Origin is %s.", o, quote(x.Header["Access-Control-Allow-Origin"]))
		}
	}
	if x := i.ask(message{origin: []string{"null"}}); fetch.Check(fetch.Request{Origin: "null"}, x.Header).Reason == fetch.None {
		i.file.DangerouslyAllowNullOrigin = true
		if !slices.Contains(i.file.AllowOrigins, "null") {
			i.file.AllowOrigins = append(i.file.AllowOrigins, "null")
		}
		if i.example == "" {
			i.example = "null"
		}
		i.granted(x)
	}
	i.file.RejectDisallowed = any.Status == http.StatusForbidden && i.plain.Status != http.StatusForbidden
	i.remark("Which other origins are allowed cannot be told: name some with -origin, and patterns in allowOrigins.")
	if i.example == "" {
		i.remark("No origin that was asked about is allowed, so that nothing else can be told.")
	}
}

// variants returns relatives of origins that policies often allow with them.
func variants(origins []string) (all []string) {
	for _, o := range append([]string{"http://localhost", "http://localhost:3000"}, origins...) {
		scheme, host, ok := strings.Cut(o, "://")
		switch {
		case !ok:
		case scheme == "https":
			all = append(all, "http://"+host, "https://corskit."+host)
		default:
			all = append(all, o)
		}
	}
	return all
}

// granted notes what goes with a grant in an actual response.
func (i *inference) granted(x fetch.Exchange) {
	i.file.AllowCredentials = i.file.AllowCredentials || x.Header.Get("Access-Control-Allow-Credentials") == "true"
	for _, name := range members(x.Header["Access-Control-Expose-Headers"]) {
		if !slices.Contains(i.file.ExposeHeaders, name) {
			i.file.ExposeHeaders = append(i.file.ExposeHeaders, name)
		}
	}
}

// askPreflight finds what pages may ask for.
func (i *inference) askPreflight() {
	ask := func(method string, headers ...string) fetch.Exchange {
		return i.ask(message{origin: []string{i.example}, requestHeaders: headers}.preflight(method))
	}
	x := ask("CORSKIT", "x-corskit")
	if fetch.Check(fetch.Request{Origin: i.example}, x.Header).Reason != fetch.None {
		x = ask("PUT")
	}
	if fetch.Check(fetch.Request{Origin: i.example}, x.Header).Reason != fetch.None {
		i.remark("CORS-preflight requests are granted nothing: the status is %d.", x.Status)
		return
	}
	if x.Status != http.StatusNoContent && x.Status >= 200 && x.Status <= 299 {
		i.file.PreflightStatus = x.Status
	}
	if lines := x.Header["Access-Control-Max-Age"]; len(lines) > 0 {
		if i.file.MaxAge = seconds(lines); i.file.MaxAge == 0 {
			i.file.MaxAge = -1
		}
	}
	methods, headers := x.Header["Access-Control-Allow-Methods"], x.Header["Access-Control-Allow-Headers"]
	switch list := members(methods); {
	case slices.Contains(list, "CORSKIT") || slices.Contains(list, "*"):
		i.file.AllowMethods = []string{"*"}
	default:
		i.file.AllowMethods = slices.Clone(list)
		for _, m := range []string{"PUT", "PATCH", "DELETE"} { // servers that list what is asked for
			if !slices.Contains(list, m) && slices.Contains(members(ask(m).Header["Access-Control-Allow-Methods"]), m) {
				i.file.AllowMethods = append(i.file.AllowMethods, m)
			}
		}
		i.file.AllowMethods = slices.DeleteFunc(i.file.AllowMethods, func(m string) bool { return m == "GET" || m == "HEAD" || m == "POST" })
	}
	switch list := members(headers); {
	case containsFold(list, "x-corskit") || slices.Contains(list, "*"):
		i.file.AllowHeaders = []string{"*"}
		if containsFold(list, "Authorization") {
			i.file.AllowHeaders = append(i.file.AllowHeaders, "Authorization")
		}
	default:
		i.file.AllowHeaders = list
		for _, h := range []string{"Content-Type", "Authorization"} {
			if !containsFold(list, h) && containsFold(members(ask("PUT", strings.ToLower(h)).Header["Access-Control-Allow-Headers"]), h) {
				i.file.AllowHeaders = append(i.file.AllowHeaders, h)
			}
		}
	}
}

// result writes the policy down.
func (i *inference) result() Inferred {
	if i.file.AllowOrigins == nil {
		i.file.AllowOrigins = []string{}
	}
	file, _ := json.MarshalIndent(i.file, "", "  ") // cannot fail
	if _, err := cors.ParsePolicy(file); err != nil {
		for _, fault := range cors.ConfigErrors(err) {
			i.remark("corskit refuses the policy: %v.", fault)
		}
	}
	return Inferred{append(file, '\n'), i.remarks}
}
