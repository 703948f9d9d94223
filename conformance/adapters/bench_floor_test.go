package adapters

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"
	"github.com/valyala/fasthttp"
)

// The floor is middleware for benchOrigin alone, with everything spelled out: it
// looks the request's headers up, compares the origin, and sets the headers that
// corskit sets. No response has a slice of another's. What is faster does less.

// The headers that the floor sets, in their order.
var floorNames = [...]string{
	"Vary",
	"Access-Control-Allow-Origin",
	"Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers",
	"Access-Control-Max-Age",
}

// The values of floorNames.
var (
	floorRefused          = []string{"Origin"}
	floorActual           = []string{"Origin", benchOrigin}
	floorPreflightRefused = []string{"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
	floorPreflight        = []string{floorPreflightRefused[0], benchOrigin, "GET,POST,PUT,DELETE", "Authorization,Content-Type", "600"}
)

// floorAnswer returns the status to answer with, or 0, and the values of the headers.
func floorAnswer(origin string, isPreflight bool) (status int, values []string) {
	allowed := origin == benchOrigin
	switch {
	case isPreflight && allowed:
		return http.StatusNoContent, floorPreflight
	case isPreflight:
		return http.StatusForbidden, floorPreflightRefused
	case allowed:
		return 0, floorActual
	}
	return 0, floorRefused
}

// floor sets the headers of h, and returns the status to answer with, or 0.
func floor(h http.Header, r *http.Request) (status int) {
	status, values := 0, floorRefused
	if origin := r.Header["Origin"]; len(origin) == 1 {
		asked := r.Header["Access-Control-Request-Method"]
		isPreflight := len(asked) == 1 && r.Method == http.MethodOptions && len(origin[0]) < 1000
		if isPreflight {
			_ = len(r.Header["Access-Control-Request-Headers"])
		}
		status, values = floorAnswer(origin[0], isPreflight)
	}
	room := make([]string, len(values))
	copy(room, values)
	for i := range room {
		h[floorNames[i]] = room[i : i+1 : i+1]
	}
	return status
}

func netHTTPFloor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := floor(w.Header(), r); status != 0 {
			w.WriteHeader(status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func ginFloor(c *gin.Context) {
	if status := floor(c.Writer.Header(), c.Request); status != 0 {
		c.AbortWithStatus(status)
	}
}

func echoFloor(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if status := floor(c.Response().Header(), c.Request()); status != 0 {
			return c.NoContent(status)
		}
		return next(c)
	}
}

func echoV5Floor(next echov5.HandlerFunc) echov5.HandlerFunc {
	return func(c *echov5.Context) error {
		if status := floor(c.Response().Header(), c.Request()); status != 0 {
			return c.NoContent(status)
		}
		return next(c)
	}
}

// fastFloor is floor on fasthttp, where the header is a list that has to be gone
// through for each name, or once for all.
func fastFloor(c *fasthttp.RequestCtx) (status int) {
	var origin []byte
	origins, asked := 0, 0
	for name, value := range c.Request.Header.All() {
		switch string(name) {
		case "Origin":
			origin, origins = value, origins+1
		case "Access-Control-Request-Method":
			asked++
		}
	}
	isPreflight := origins == 1 && asked == 1 && string(c.Method()) == http.MethodOptions && len(origin) < 1000
	status, values := floorAnswer(string(origin), isPreflight)
	for i, value := range values {
		c.Response.Header.SetCanonical([]byte(floorNames[i]), []byte(value))
	}
	return status
}

func fiberFloor(c *fiber.Ctx) error {
	if status := fastFloor(c.Context()); status != 0 {
		c.Context().SetStatusCode(status)
		return nil
	}
	return c.Next()
}

func fiberV3Floor(c fiberv3.Ctx) error {
	if status := fastFloor(c.RequestCtx()); status != 0 {
		c.RequestCtx().SetStatusCode(status)
		return nil
	}
	return c.Next()
}
