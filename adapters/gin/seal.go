package corsgin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// Seal makes every response leave with exactly the CORS headers of its decision,
// and with its members of Vary, whatever handlers, the middleware after this, or a
// proxied upstream do to them: what is not the decision's is taken out, what is
// missing is put back, and Vary is merged, with each member once.
//
// It replaces [gin.Context.Writer] by one that does so when the header is written,
// which can do all that gin's own can. It stays there, so that Recovery and the
// like write through it too. What escapes it is
//
//   - middleware mounted before this that changes the headers of a response
//     without a body after [gin.Context.Next], as gin writes those by itself at the
//     very end;
//   - code that calls the writer's method Unwrap, or holds on to a writer from
//     before, and writes to that by hand;
//   - responses on connections that are hijacked, and trailers;
//   - gin's redirects, for which no middleware runs;
//   - [gin.Context.HandleContext] from a path with a policy of a [Scope] to one
//     without, as gin puts back its own writer.
//
// corshttp.New(policy, corshttp.Seal())(e), around the whole engine, has the first
// and the last of these too.
//
// Where middleware of ours is mounted inside of other with Seal, the decision of
// the inner one prevails, if all writers between have a method Unwrap. Seal takes
// no more allocations than there are without, but for two, as a rule, if Vary has
// to be merged.
func Seal() Option { return func(o *options) { o.seal = true } }

// sealed is the ResponseWriter of [Seal].
type sealed struct {
	gin.ResponseWriter
	headers corshttp.SealedHeaders
	left    bool // the header has left, so that setting it again is of no use
}

// seal sets d's headers, and puts a writer into c that keeps them.
func seal(c *gin.Context, d *cors.Decision) *sealed {
	s := &sealed{ResponseWriter: c.Writer}
	s.headers.Decide(d)
	s.headers.Set(s.Header())
	c.Writer = s
	return s
}

// set sets the headers, unless they have left.
func (s *sealed) set() {
	if !s.left {
		s.headers.Set(s.Header())
	}
}

// finish sets the headers of a response that gin is to write, and for writers
// further out that hold all back until the engine has returned.
func (s *sealed) finish() { s.headers.Set(s.Header()) }

// Redecide is for [corshttp.Redecide].
func (s *sealed) Redecide(d cors.Decision) { s.headers.Decide(&d) }

// Unwrap is for [http.ResponseController].
func (s *sealed) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// WriteHeaderNow writes the header. Informational responses, which may be
// several, are sealed too.
func (s *sealed) WriteHeaderNow() {
	s.set()
	s.ResponseWriter.WriteHeaderNow()
}

func (s *sealed) Write(p []byte) (int, error) {
	s.set()
	n, err := s.ResponseWriter.Write(p)
	s.left = true
	return n, err
}

func (s *sealed) WriteString(p string) (int, error) {
	s.set()
	n, err := s.ResponseWriter.WriteString(p)
	s.left = true
	return n, err
}

func (s *sealed) Flush() {
	s.set()
	s.ResponseWriter.Flush()
}
