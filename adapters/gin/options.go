package corsgin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// An Option changes how middleware carries decisions.
type Option func(*options)

type options struct{ seal bool }

func apply(all []Option) (o options) {
	for _, option := range all {
		option(&o)
	}
	return o
}

// carry lets d decide about the request of c, which q describes, and does as it
// says. A nil d says that no policy covers the request.
func (o options) carry(c *gin.Context, d cors.Decider, q *cors.Request) {
	if p := corshttp.ProbeIn(c.Request); p != nil {
		if p.Meet(d) {
			c.AbortWithStatus(http.StatusNoContent)
		}
		return
	}
	if d == nil {
		return
	}
	decision := cors.Ask(c.Request.Context(), d, q)
	corshttp.Redecide(c.Writer, decision)
	header := c.Writer.Header()
	var s *sealed
	if o.seal {
		s = seal(c, decision)
	} else {
		corshttp.SetHeaders(header, decision)
	}
	switch {
	case decision.Status != 0:
		// Where no route serves the method, gin has set the Allow header of its
		// own answer, a 405, before the middleware ran.
		header.Del("Allow")
		c.AbortWithStatus(decision.Status)
	case s != nil:
		defer s.finish() // where a handler panics too, for whoever recovers outside
		c.Next()
	}
}
