package corsfiber

import (
	"bytes"

	cors "github.com/corskit/corskit/core"
	"github.com/valyala/fasthttp"
)

var (
	allowOrigin      = []byte("Access-Control-Allow-Origin")
	allowCredentials = []byte("Access-Control-Allow-Credentials")
	allowMethods     = []byte("Access-Control-Allow-Methods")
	allowHeaders     = []byte("Access-Control-Allow-Headers")
	maxAge           = []byte("Access-Control-Max-Age")
	exposeHeaders    = []byte("Access-Control-Expose-Headers")
	accessControl    = []byte("Access-Control-")
	vary             = []byte("Vary")

	corsHeaders = [...][]byte{allowOrigin, allowCredentials, allowMethods, allowHeaders, maxAge, exposeHeaders}
)

// setHeaders makes the CORS headers of h those of d, whatever is there, and
// merges d.Vary into the Vary header. h copies the values.
func setHeaders(h *fasthttp.ResponseHeader, d *cors.Decision) {
	var varies []string
	replace := false
	for name, value := range h.All() {
		switch {
		case len(name) == len(vary):
			if bytes.EqualFold(name, vary) {
				varies = append(varies, view(value))
			}
		case bytes.HasPrefix(name, accessControl):
			replace = true
		}
	}
	if replace {
		for _, name := range corsHeaders {
			h.DelBytes(name)
		}
	}
	set := func(name []byte, value string) {
		if value != "" {
			h.SetCanonical(name, []byte(value))
		}
	}
	set(allowOrigin, d.AllowOrigin)
	set(allowCredentials, d.AllowCredentials)
	set(allowMethods, d.AllowMethods)
	set(allowHeaders, d.AllowHeaders)
	set(maxAge, d.MaxAge)
	set(exposeHeaders, d.ExposeHeaders)
	if len(varies) == 0 {
		set(vary, d.Vary)
	} else if missing := d.MissingVary(varies); missing != "" {
		h.AddBytesKV(vary, []byte(missing))
	}
}

// is reports whether name, which is as long as canonical, is the same header
// name. Fiber makes names canonical, unless DisableHeaderNormalizing is set.
func is(name []byte, canonical string) bool {
	if string(name) == canonical {
		return true
	}
	// From the end, where names that begin alike differ. One bit tells the
	// cases of a letter apart, and a hyphen from CR, which no name holds.
	for i := len(canonical) - 1; i >= 0; i-- {
		if (name[i]^canonical[i])&^('a'-'A') != 0 {
			return false
		}
	}
	return true
}
