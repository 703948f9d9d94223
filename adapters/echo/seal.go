package corsecho

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Seal makes every response leave with exactly the CORS headers of its decision,
// and with its members of Vary, whatever handlers, error handlers, other
// middleware or a proxied upstream do to them: what is not the decision's is
// taken out, what is missing is put back, and Vary is merged, with each member
// once.
//
// It wraps the Writer of [echo.Response], and what is set there has the methods
// Flush, Hijack and Push where the server's own has them, and all that
// [http.ResponseController] can do. What escapes it:
//
//   - code that unwraps that Writer, and writes to what it finds,
//   - middleware outside of the policy that adds headers as the response leaves,
//   - an error handler that clears the headers and writes nothing,
//   - one that answers after the request's context has ended, where echo's Gzip is
//     outside of the policy: it gives back a Writer from before. Mount the policy
//     outside of Gzip,
//   - connections that are hijacked, whose responses are not net/http's.
//
// Trailers are left alone. Where policies are mounted inside of each other, the
// decision of the inner one prevails, if all writers between have a method Unwrap.
// It takes no more allocations than without, but for two, as a rule, if Vary has to
// be merged.
func Seal() Option { return func(o *options) { o.seal = true } }

// seal lays a writer that keeps a decision around the one of a response. Of the
// methods that handlers look for, it has those that the other has.
func seal(to *echo.Response) *sealed {
	w := to.Writer
	_, flushes := w.(http.Flusher)
	_, hijacks := w.(http.Hijacker)
	_, pushes := w.(http.Pusher)
	var s *sealed
	switch {
	case flushes && hijacks && !pushes: // HTTP/1.1
		o := new(sealedHijacker)
		s, to.Writer = &o.sealed, o
	case flushes && pushes && !hijacks: // HTTP/2
		o := new(sealedPusher)
		s, to.Writer = &o.sealed, o
	case flushes:
		o := new(sealedFlusher)
		s, to.Writer = &o.sealed, o
	default:
		s = new(sealed)
		to.Writer = s
	}
	s.ResponseWriter = w
	return s
}

// sealed is the ResponseWriter of [Seal].
type sealed struct {
	http.ResponseWriter
	headers corshttp.SealedHeaders
	left    bool // the header has left, so that setting it again is of no use
}

// Redecide is for [corshttp.Redecide].
func (s *sealed) Redecide(d cors.Decision) { s.headers.Decide(&d) }

// decide makes the headers those of a decision, now and whenever they are written.
func (s *sealed) decide(d *cors.Decision) {
	s.headers.Decide(d)
	s.headers.Set(s.Header())
}

// set sets the headers, unless they have left.
func (s *sealed) set() {
	if !s.left {
		s.headers.Set(s.Header())
	}
}

// run calls next, and sets the headers again when it has returned: nothing may have
// been written, and writers further out may hold all back until then. If next fails
// or panics, the error handler will write, perhaps no longer through s: echo's Gzip,
// for one, puts back the writer that it found.
//
// Once the request has timed out, c may be another's: echo's Timeout does not wait
// for handlers that are late.
func (s *sealed) run(c echo.Context, next echo.HandlerFunc) (err error) {
	r, failed := c.Request(), true
	defer func() {
		s.headers.Set(s.Header())
		if failed && !s.left && r.Context().Err() == nil {
			to := c.Response()
			to.Before(func() { s.headers.Set(to.Header()) })
		}
	}()
	err = next(c)
	failed = err != nil
	return err
}

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

// ReadFrom is for [io.Copy], and lets the server use sendfile. Where r has nothing
// to read, nothing is written.
func (s *sealed) ReadFrom(r io.Reader) (int64, error) {
	s.set()
	n, err := io.Copy(s.ResponseWriter, r)
	if n > 0 {
		s.left = true
	}
	return n, err
}

// FlushError is for [http.ResponseController], which [echo.Response] uses: without
// it, it would look further down for what can flush, and the header would leave as
// it is.
func (s *sealed) FlushError() error {
	s.set()
	err := http.NewResponseController(s.ResponseWriter).Flush()
	if err == nil {
		s.left = true
	}
	return err
}

type sealedFlusher struct{ sealed }

func (s *sealedFlusher) Flush() { _ = s.FlushError() }

type sealedHijacker struct{ sealedFlusher }

func (s *sealedHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(s.ResponseWriter).Hijack()
}

type sealedPusher struct{ sealedFlusher }

func (s *sealedPusher) Push(target string, o *http.PushOptions) error {
	return s.ResponseWriter.(http.Pusher).Push(target, o)
}
