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
// takes one allocation more than there are without, and three if Vary has to be
// merged.
func Seal() Option { return func(o *options) { o.seal = true } }

// SealedHeaders holds a decision and sets its headers. It is for adapters to
// frameworks with ResponseWriters of their own, which hold one in their wrapper,
// so that one allocation serves for both. The zero value grants nothing.
type SealedHeaders struct {
	decision cors.Decision
	room     [7]string // the values, of which no other response has slices
}

// Decide changes the decision that is held.
func (s *SealedHeaders) Decide(d cors.Decision) { s.decision = d }

// Set makes the CORS headers of h those of the decision, and takes out all
// others, whatever their spelling. It merges Vary, leaving each member once.
// Call it when the decision is made, and again whenever the header is about to
// be written.
func (s *SealedHeaders) Set(h http.Header) {
	values := [...]string{
		s.decision.AllowOrigin, s.decision.AllowCredentials, s.decision.AllowMethods,
		s.decision.AllowHeaders, s.decision.MaxAge, s.decision.ExposeHeaders,
	}
	for name := range h {
		if isForeign(name) {
			removeForeign(h, name)
		}
	}
	for i, value := range values {
		if value == "" {
			delete(h, corsHeaders[i])
			continue
		}
		s.room[i] = value
		h[corsHeaders[i]] = s.room[i : i+1 : i+1]
	}
	s.setVary(h)
}

// setVary merges the decision's members into the Vary header.
func (s *SealedHeaders) setVary(h http.Header) {
	const last = len(s.room) - 1
	lines := h["Vary"]
	switch {
	case len(lines) == 0 && s.decision.Vary == "":
		return
	case len(lines) == 0 || len(lines) == 1 && lines[0] == s.decision.Vary:
		s.room[last] = s.decision.Vary
	default:
		s.room[last] = mergeVary(s.decision.Vary, lines)
	}
	h["Vary"] = s.room[last : last+1 : last+1]
}

// mergeVary returns one line with the members of all, each once, without regard
// to case. A "*" says all that can be said:
// https://www.rfc-editor.org/rfc/rfc9110#name-vary
func mergeVary(own string, lines []string) string {
	var members []string
	for _, line := range append(slices.Clip(lines), own) {
		for m := range strings.SplitSeq(line, ",") {
			m = strings.Trim(m, " \t")
			if m == "*" {
				return m
			}
			if m != "" && !slices.ContainsFunc(members, func(have string) bool { return strings.EqualFold(have, m) }) {
				members = append(members, m)
			}
		}
	}
	return strings.Join(members, ", ")
}

const corsPrefix = "Access-Control-"

// isForeign reports whether a header is for the CORS protocol or for caches, and
// none of those that Set sets itself.
func isForeign(name string) bool {
	if len(name) == len("Vary") {
		return name != "Vary" && strings.EqualFold(name, "Vary")
	}
	return len(name) >= len(corsPrefix) && strings.EqualFold(name[:len(corsPrefix)], corsPrefix) && !slices.Contains(corsHeaders[:], name)
}

// removeForeign takes out a header. What an odd spelling of Vary says is kept.
func removeForeign(h http.Header, name string) {
	if len(name) == len("Vary") {
		h["Vary"] = append(slices.Clip(h["Vary"]), h[name]...)
	}
	delete(h, name)
}

// newSealed returns w with d's headers set, and all that it takes to keep them.
// What is returned is what a handler gets: of the methods that handlers look for,
// it has those that w has.
func newSealed(w http.ResponseWriter, d cors.Decision) (http.ResponseWriter, *sealed) {
	_, flushes := w.(http.Flusher)
	_, hijacks := w.(http.Hijacker)
	_, pushes := w.(http.Pusher)
	s := new(sealed)
	s.ResponseWriter = w
	s.headers.Decide(d)
	s.headers.Set(w.Header())
	f, h, p := flusher{s}, hijacker{s}, pusher{s}
	switch {
	case flushes && hijacks && pushes:
		return struct {
			*sealed
			flusher
			hijacker
			pusher
		}{s, f, h, p}, s
	case flushes && hijacks: // HTTP/1.1
		return struct {
			*sealed
			flusher
			hijacker
		}{s, f, h}, s
	case flushes && pushes: // HTTP/2
		return struct {
			*sealed
			flusher
			pusher
		}{s, f, p}, s
	case hijacks && pushes:
		return struct {
			*sealed
			hijacker
			pusher
		}{s, h, p}, s
	case flushes:
		return struct {
			*sealed
			flusher
		}{s, f}, s
	case hijacks:
		return struct {
			*sealed
			hijacker
		}{s, h}, s
	case pushes:
		return struct {
			*sealed
			pusher
		}{s, p}, s
	}
	return s, s
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
func (s *sealed) Redecide(d cors.Decision) { s.headers.Decide(d) }

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

type flusher struct{ s *sealed }

func (f flusher) Flush() { _ = f.s.FlushError() }

type hijacker struct{ s *sealed }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(h.s.ResponseWriter).Hijack()
}

type pusher struct{ s *sealed }

func (p pusher) Push(target string, o *http.PushOptions) error {
	return p.s.ResponseWriter.(http.Pusher).Push(target, o)
}

// Redecide tells the writers of [Seal] that w is made of about the decision of
// middleware inside of theirs, which prevails. It finds them by their method
// Redecide(cors.Decision), through writers with a method Unwrap.
func Redecide(w http.ResponseWriter, d cors.Decision) {
	for {
		if s, ok := w.(interface{ Redecide(cors.Decision) }); ok {
			s.Redecide(d)
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = u.Unwrap()
	}
}
