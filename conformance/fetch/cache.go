package fetch

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Cache is a CORS-preflight cache: https://fetch.spec.whatwg.org/#concept-cache.
// The zero value is empty and ready. It is safe for concurrent use. A nil Cache
// stores nothing.
//
// Other than in the standard, "*" in an entry stands for nothing but itself for
// requests whose credentials mode is "include", as it does in a response: or
// else "PUT,*" would permit any method once PUT has been asked for.
type Cache struct {
	// Now is the clock; nil stands for time.Now. It must not be changed while
	// the Cache is in use, nor must Limit.
	Now func() time.Time

	// Limit is the imposed limit on max-age; 0 is none. Chromium has two hours,
	// Firefox 24, and WebKit ten minutes.
	Limit time.Duration

	mu      sync.Mutex
	entries []entry
}

// An entry is a cache entry: https://fetch.spec.whatwg.org/#cache-entry
type entry struct {
	origin, url string
	credentials bool
	method      string // "" if the entry is about a header name
	headerName  string // "" if the entry is about a method
	expires     time.Time
}

// Clear removes all entries.
func (c *Cache) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = nil
}

// clear removes the entries for r's origin and URL:
// https://fetch.spec.whatwg.org/#concept-cache-clear
func (c *Cache) clear(r Request) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = slices.DeleteFunc(c.entries, func(e entry) bool { return e.origin == r.Origin && e.url == r.URL })
}

// permits reports whether r needs no CORS-preflight fetch any more:
// https://fetch.spec.whatwg.org/#concept-http-fetch, step 4.1.
func (c *Cache) permits(r Request) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire()
	if (!isSafelistedMethod(r.Method) || r.UseCORSPreflight) &&
		!slices.ContainsFunc(c.entries, func(e entry) bool { return e.matchesMethod(r, r.Method) }) {
		return false
	}
	for _, name := range unsafeNames(r.Header) {
		if !slices.ContainsFunc(c.entries, func(e entry) bool { return e.matchesHeaderName(r, name) }) {
			return false
		}
	}
	return true
}

// store stores what the response to r's CORS-preflight request, which has passed
// CheckPreflight, permits, and for how long: steps 7.4 and 7.8 to 7.15 of
// https://fetch.spec.whatwg.org/#cors-preflight-fetch-0
func (c *Cache) store(r Request, response http.Header) {
	if c == nil { // step 7.11
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire()
	methods, _ := listValues(response, "Access-Control-Allow-Methods")
	headerNames, _ := listValues(response, "Access-Control-Allow-Headers")
	if methods == nil && r.UseCORSPreflight { // step 7.4
		methods = []string{r.Method}
	}
	expires := c.now().Add(c.maxAge(response))
	for _, method := range methods { // steps 7.12 and 7.13
		c.put(entry{method: method}, r, expires, func(e entry) bool { return e.matchesMethod(r, method) })
	}
	for _, name := range headerNames { // steps 7.14 and 7.15
		c.put(entry{headerName: name}, r, expires, func(e entry) bool { return e.matchesHeaderName(r, name) })
	}
}

// put renews the entries that match, or else adds e for r.
func (c *Cache) put(e entry, r Request, expires time.Time, matches func(entry) bool) {
	found := false
	for i := range c.entries {
		if matches(c.entries[i]) {
			c.entries[i].expires, found = expires, true
		}
	}
	if !found {
		e.origin, e.url, e.credentials, e.expires = r.Origin, r.URL, r.Credentials == Include, expires
		c.entries = append(c.entries, e)
	}
}

// maxAge is steps 7.8 to 7.10.
func (c *Cache) maxAge(response http.Header) time.Duration {
	const most = 1 << 31 // seconds, https://www.rfc-editor.org/rfc/rfc9111#section-1.2.2
	age := 5 * time.Second
	lines := response["Access-Control-Max-Age"]
	if len(lines) == 1 {
		if value := strings.Trim(lines[0], " \t"); value != "" && strings.Trim(value, "0123456789") == "" {
			seconds, err := strconv.ParseUint(value, 10, 64)
			if err != nil { // out of range
				seconds = most
			}
			age = time.Duration(min(seconds, most)) * time.Second
		}
	}
	if c.Limit > 0 {
		age = min(age, c.Limit)
	}
	return age
}

// expire removes the entries whose time has passed.
func (c *Cache) expire() {
	now := c.now()
	c.entries = slices.DeleteFunc(c.entries, func(e entry) bool { return !now.Before(e.expires) })
}

func (c *Cache) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// matches: https://fetch.spec.whatwg.org/#concept-cache-match
func (e entry) matches(r Request) bool {
	return e.origin == r.Origin && e.url == r.URL && (e.credentials || r.Credentials != Include)
}

// matchesMethod: https://fetch.spec.whatwg.org/#concept-cache-match-method
func (e entry) matchesMethod(r Request, method string) bool {
	return e.matches(r) && e.method != "" &&
		(e.method == method || e.method == "*" && r.Credentials != Include)
}

// matchesHeaderName: https://fetch.spec.whatwg.org/#concept-cache-match-header
func (e entry) matchesHeaderName(r Request, name string) bool {
	return e.matches(r) && e.headerName != "" && (strings.EqualFold(e.headerName, name) ||
		e.headerName == "*" && !isNonWildcard(name) && r.Credentials != Include)
}
