package corsecho_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	corsecho "github.com/corskit/corskit/adapters/echo"
	cors "github.com/corskit/corskit/core"
)

// What the versions of echo call by different names.

// writerOf returns the writer below echo's own response.
func writerOf(c echo.Context) http.ResponseWriter { return c.Response().Writer }

func hijackerOf(c echo.Context) http.Hijacker { return c.Response() }

func beforeWriting(c echo.Context, do func()) { c.Response().Before(do) }

// failNow answers as echo answers errors.
func failNow(c echo.Context, err error) { c.Error(err) }

// echo's Timeout takes the writer away from the handler, and gives it back. The
// headers are those of the policy if it is around; inside, they are not on the
// answer to what takes too long.
func TestTimeout(t *testing.T) {
	limit := func(limit time.Duration) echo.MiddlewareFunc {
		//lint:ignore SA1019 those who have it still have it
		return middleware.TimeoutWithConfig(middleware.TimeoutConfig{Timeout: limit})
	}
	short, long := limit(time.Millisecond), limit(time.Minute)
	for _, options := range [][]corsecho.Option{nil, {corsecho.Seal()}} {
		policy := corsecho.New(cors.MustNew(config), options...)
		for _, tt := range []struct {
			name  string
			use   []echo.MiddlewareFunc
			path  string
			want  headers
			codes int
		}{
			{"policy around, slow", []echo.MiddlewareFunc{policy, short}, "/slow", granted, 503},
			{"policy around, fast", []echo.MiddlewareFunc{policy, long}, "/fast", granted, 200},
			{"policy around, fails", []echo.MiddlewareFunc{policy, long}, "/fails", granted, 418},
			{"policy inside, slow", []echo.MiddlewareFunc{short, policy}, "/slow", nil, 503},
			{"policy inside, fast", []echo.MiddlewareFunc{long, policy}, "/fast", granted, 200},
		} {
			t.Run(tt.name, func(t *testing.T) {
				e := newServer()
				e.Use(tt.use...)
				over, done := make(chan struct{}), make(chan struct{})
				e.GET("/slow", func(echo.Context) error {
					defer close(done)
					<-over // not the end of its context, at which echo may take its answer
					return nil
				})
				e.GET("/fast", func(c echo.Context) error { return c.NoContent(200) })
				e.GET("/fails", func(echo.Context) error { return echo.ErrTeapot })
				checkResponse(t, serve(e, "GET", tt.path, allowed, ""), tt.codes, tt.want)
				close(over)
				if tt.path == "/slow" {
					<-done
				}
			})
		}
	}
}
