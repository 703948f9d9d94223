package corshttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	cors "github.com/corskit/corskit/core"
)

// Seal makes every response leave with exactly the CORS headers of its decision,
// and with its members of Vary, whatever handlers, middleware inside of this one or
// a proxied upstream do to them: what is not the decision's is taken out, what is
// missing is put back, and Vary is merged, with each member once.
//
// Handlers get a ResponseWriter that does so when the header is written. It has
// the methods Flush, Hijack and Push where the server's own has them, and all
// that [http.ResponseController] can do. What escapes it is
//
//   - code that calls the writer's method Unwrap, and writes to what that returns
//     by hand;
//   - middleware outside of this one that adds headers as the response leaves;
//   - connections that are hijacked, on which handlers write the header by
//     themselves, as an [net/http/httputil.ReverseProxy] does with a 101: CORS
//     does not govern those;
//   - trailers.
//
// Where middleware of ours is mounted inside of another with Seal, the decision
// of the inner one prevails, if all writers between have a method Unwrap. Seal
// takes no more allocations than there are without, but for two, as a rule, if Vary
// has to be merged.
func Seal() Option { return func(o *options) { o.seal = true } }

// SealedHeaders holds a decision and sets its headers. It is for adapters to
// frameworks with ResponseWriters of their own, which hold one in their wrapper,
// so that one allocation serves for both. The zero value grants nothing.
type SealedHeaders struct {
	values [len(headerNames)]string // what must be there; of Vary, what must be among it
	room   [len(headerNames)]string // the values, of which no other response has slices
}

// Decide changes the decision that is held.
func (s *SealedHeaders) Decide(d *cors.Decision) {
	// One by one: an array of them would be made elsewhere, and copied.
	s.values[0], s.values[1], s.values[2] = d.AllowOrigin, d.AllowCredentials, d.AllowMethods
	s.values[3], s.values[4], s.values[5] = d.AllowHeaders, d.MaxAge, d.ExposeHeaders
	s.values[vary] = d.Vary
}

// Set makes the CORS headers of h those of the decision, and takes out all
// others, whatever their spelling. It merges Vary, leaving each member once.
// Call it when the decision is made, and again whenever the header is about to
// be written.
func (s *SealedHeaders) Set(h http.Header) {
	varies := s.values[vary]
	if len(h) > 0 {
		if s.areIn(h) {
			return
		}
		takeOut(h)
		if lines := h["Vary"]; len(lines) > 0 {
			varies = cors.MergeVary(varies, lines)
		}
	}
	for i := range s.values {
		value := s.values[i]
		if i == vary {
			value = varies
		}
		if value != "" {
			s.room[i] = value
			h[headerNames[i]] = s.room[i : i+1 : i+1]
		}
	}
}

// takeOut takes out all CORS headers, and leaves what Vary says, in any spelling, in
// Vary.
func takeOut(h http.Header) {
	for name, lines := range h {
		switch i := place(name); {
		case i == foreign && len(name) == len("Vary"):
			h["Vary"] = append(slices.Clip(h["Vary"]), lines...)
			delete(h, name)
		case i != others && i != vary:
			delete(h, name)
		}
	}
}

// areIn reports whether h is as Set leaves it, which is what handlers mostly do.
func (s *SealedHeaders) areIn(h http.Header) bool {
	found := 0
	for i := range s.values {
		value := s.values[i]
		if value == "" && i != vary {
			continue // it is looked for below
		}
		lines := h[headerNames[i]]
		switch {
		case len(lines) == 0 && value == "":
			continue
		case len(lines) != 1, lines[0] != value && (i != vary || lines[0] != cors.MergeVary(value, lines)):
			return false
		}
		found++
	}
	if len(h) == found {
		return true
	}
	for name := range h {
		if i := place(name); i == foreign || i >= 0 && i != vary && s.values[i] == "" {
			return false
		}
	}
	return true
}

// Of the headers that are not among headerNames, those that are foreign are for the
// CORS protocol or for caches all the same.
const (
	others  = -1
	foreign = -2
)

const corsPrefix = "Access-Control-"

// place returns the place of a header among headerNames, or what it is instead.
func place(name string) int {
	switch {
	case len(name) == len("Vary"):
		if name == "Vary" {
			return vary
		}
		if strings.EqualFold(name, "Vary") {
			return foreign
		}
	case len(name) >= len(corsPrefix) && strings.EqualFold(name[:len(corsPrefix)], corsPrefix):
		if i := slices.Index(headerNames[:], name); i >= 0 {
			return i
		}
		return foreign
	}
	return others
}

// carrySealed answers, or runs next, and keeps d's headers as they are.
func carrySealed(w http.ResponseWriter, r *http.Request, d *cors.Decision, next http.Handler) {
	outer, s := newSealed(w, d)
	if d.Status != 0 {
		outer.WriteHeader(d.Status)
		return
	}
	defer s.finish() // where the handler panics too, for whoever recovers outside
	next.ServeHTTP(outer, r)
}

// newSealed returns w with d's headers set, and all that it takes to keep them.
// What is returned is what a handler gets: of the methods that handlers look for,
// it has those that w has.
func newSealed(w http.ResponseWriter, d *cors.Decision) (outer http.ResponseWriter, s *sealed) {
	_, flushes := w.(http.Flusher)
	_, hijacks := w.(http.Hijacker)
	_, pushes := w.(http.Pusher)
	switch {
	case flushes && hijacks && pushes:
		o := new(sealedFlusherHijackerPusher)
		outer, s = o, &o.sealed
	case flushes && hijacks: // HTTP/1.1
		o := new(sealedFlusherHijacker)
		outer, s = o, &o.sealed
	case flushes && pushes: // HTTP/2
		o := new(sealedFlusherPusher)
		outer, s = o, &o.sealed
	case hijacks && pushes:
		o := new(sealedHijackerPusher)
		outer, s = o, &o.sealed
	case flushes:
		o := new(sealedFlusher)
		outer, s = o, &o.sealed
	case hijacks:
		o := new(sealedHijacker)
		outer, s = o, &o.sealed
	case pushes:
		o := new(sealedPusher)
		outer, s = o, &o.sealed
	default:
		s = new(sealed)
		outer = s
	}
	s.ResponseWriter = w
	s.headers.Decide(d)
	s.headers.Set(w.Header())
	return outer, s
}

// sealed is the ResponseWriter of [Seal].
type sealed struct {
	http.ResponseWriter
	headers SealedHeaders
	left    bool // the header has left, so that setting it again is of no use
}

// set sets the headers, unless they have left.
func (s *sealed) set() {
	if !s.left {
		s.headers.Set(s.Header())
	}
}

// finish sets the headers of a response to which nothing was written, and for
// writers further out that hold all back until the handler has returned.
func (s *sealed) finish() { s.headers.Set(s.Header()) }

// Redecide is for [Redecide].
func (s *sealed) Redecide(d cors.Decision) { s.headers.Decide(&d) }

// Unwrap is for [http.ResponseController].
func (s *sealed) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// WriteHeader writes the header. Informational responses, which may be several,
// are sealed too.
func (s *sealed) WriteHeader(status int) {
	s.set()
	s.ResponseWriter.WriteHeader(status)
}

func (s *sealed) Write(p []byte) (int, error) {
	s.set()
	n, err := s.ResponseWriter.Write(p)
	s.left = true
	return n, err
}

// WriteString is for [io.WriteString].
func (s *sealed) WriteString(p string) (int, error) {
	s.set()
	n, err := io.WriteString(s.ResponseWriter, p)
	s.left = true
	return n, err
}

// ReadFrom is for [io.Copy], and lets the server use sendfile. Where r has
// nothing to read, nothing is written.
func (s *sealed) ReadFrom(r io.Reader) (int64, error) {
	s.set()
	n, err := io.Copy(s.ResponseWriter, r)
	if n > 0 {
		s.left = true
	}
	return n, err
}

// FlushError is for [http.ResponseController]: without it, it would look further
// down for what can flush, and the header would leave as it is.
func (s *sealed) FlushError() error {
	s.set()
	err := http.NewResponseController(s.ResponseWriter).Flush()
	if err == nil {
		s.left = true
	}
	return err
}

func (s *sealed) hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(s.ResponseWriter).Hijack()
}

func (s *sealed) push(target string, o *http.PushOptions) error {
	return s.ResponseWriter.(http.Pusher).Push(target, o)
}

// A sealed writer has the methods that handlers look for by what it is part of.
type (
	sealedFlusher               struct{ sealed }
	sealedHijacker              struct{ sealed }
	sealedPusher                struct{ sealed }
	sealedFlusherHijacker       struct{ sealedFlusher }
	sealedFlusherPusher         struct{ sealedFlusher }
	sealedHijackerPusher        struct{ sealedHijacker }
	sealedFlusherHijackerPusher struct{ sealedFlusherHijacker }
)

func (s *sealedFlusher) Flush() { _ = s.FlushError() }

func (s *sealedHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return s.hijack() }

func (s *sealedFlusherHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return s.hijack() }

func (s *sealedPusher) Push(target string, o *http.PushOptions) error { return s.push(target, o) }

func (s *sealedFlusherPusher) Push(target string, o *http.PushOptions) error {
	return s.push(target, o)
}

func (s *sealedHijackerPusher) Push(target string, o *http.PushOptions) error {
	return s.push(target, o)
}

func (s *sealedFlusherHijackerPusher) Push(target string, o *http.PushOptions) error {
	return s.push(target, o)
}

// Redecide tells the writers of [Seal] that w is made of about the decision of
// middleware inside of theirs, which prevails. It finds them by their method
// Redecide(cors.Decision), through writers with a method Unwrap, as they have too.
func Redecide(w http.ResponseWriter, d *cors.Decision) {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		if s, ok := w.(interface{ Redecide(cors.Decision) }); ok {
			s.Redecide(*d)
		}
		w = u.Unwrap()
	}
}
