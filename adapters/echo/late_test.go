//go:build !race

package corsecho_test

import (
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	corsecho "github.com/corskit/corskit/adapters/echo"
	cors "github.com/corskit/corskit/core"
)

// echo's Timeout does not wait for handlers that are late, and their context serves
// another request meanwhile, a race of echo's own. What was decided before must not
// come into it.
func TestTimeoutLeavesOtherRequestsAlone(t *testing.T) {
	late, done := make(chan bool), make(chan bool)
	e := newServer()
	//lint:ignore SA1019 those who have it still have it
	e.Use(middleware.TimeoutWithConfig(middleware.TimeoutConfig{Timeout: 10 * time.Millisecond, Skipper: func(c echo.Context) bool {
		return c.Request().URL.Path != "/slow"
	}}))
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			slow := c.Request().URL.Path == "/slow"
			err := next(c)
			if slow {
				done <- true
			}
			return err
		}
	})
	corsecho.Scopes(e, corsecho.Seal()).Route("GET", "/slow", cors.MustNew(config))
	e.GET("/slow", func(echo.Context) error {
		<-late
		return echo.ErrTeapot
	})
	e.GET("/other", func(c echo.Context) error {
		late <- true
		<-done
		return c.NoContent(200)
	})
	checkResponse(t, serve(e, "GET", "/slow", allowed, ""), 503, nil)
	checkResponse(t, serve(e, "GET", "/other", allowed, ""), 200, nil)
}
