package adapters

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	echo "github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"
	"github.com/stretchr/testify/assert"

	corschi "github.com/corskit/corskit/adapters/chi"
	corsecho "github.com/corskit/corskit/adapters/echo"
	corsechov5 "github.com/corskit/corskit/adapters/echov5"
	corsgin "github.com/corskit/corskit/adapters/gin"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

// onNetHTTP are the frameworks that may be mounted in each other. Each serves h at
// all paths, under d.
var onNetHTTP = map[string]func(d cors.Decider, seal bool, h http.Handler) http.Handler{
	"nethttp": func(d cors.Decider, seal bool, h http.Handler) http.Handler {
		return corshttp.New(d, only(seal, corshttp.Seal)...)(h)
	},
	"chi": func(d cors.Decider, seal bool, h http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(corschi.New(d, only(seal, corschi.Seal)...))
		r.Handle("/*", h)
		return r
	},
	"gin": func(d cors.Decider, seal bool, h http.Handler) http.Handler {
		quietGin()
		e := gin.New()
		e.Use(corsgin.New(d, only(seal, corsgin.Seal)...))
		e.Any("/*path", gin.WrapH(h))
		return e
	},
	"echo": func(d cors.Decider, seal bool, h http.Handler) http.Handler {
		e := echo.New()
		e.Use(corsecho.New(d, only(seal, corsecho.Seal)...))
		e.Any("/*", echo.WrapHandler(h))
		return e
	},
	"echov5": func(d cors.Decider, seal bool, h http.Handler) http.Handler {
		e := echov5.New()
		e.Use(corsechov5.New(d, only(seal, corsechov5.Seal)...))
		e.Any("/*", echov5.WrapHandler(h))
		return e
	},
}

// only returns the option if seal is set.
func only[O any](seal bool, option func() O) (options []O) {
	if seal {
		options = append(options, option())
	}
	return options
}

// TestNesting mounts policies inside of those of other frameworks: the inner
// decision prevails, whichever of the two is sealed.
func TestNesting(t *testing.T) {
	const app = "https://app.example.com"
	outer := cors.MustNew(cors.Config{AllowOrigins: []string{app}, AllowCredentials: true, ExposeHeaders: []string{"X-Outer"}})
	inner := cors.MustNew(cors.Config{AllowOrigins: []string{app}, ExposeHeaders: []string{"X-Inner"}})
	handlers := map[string]http.HandlerFunc{
		"writes a body":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("body")) },
		"writes nothing": func(http.ResponseWriter, *http.Request) {},
	}
	for outside, around := range onNetHTTP {
		for inside, mount := range onNetHTTP {
			for does, handler := range handlers {
				for name, seal := range map[string][2]bool{"both sealed": {true, true}, "outer sealed": {true, false}, "inner sealed": {false, true}} {
					t.Run(inside+" in "+outside+", "+name+"/"+does, func(t *testing.T) {
						site := around(outer, seal[0], mount(inner, seal[1], handler))
						r := httptest.NewRequest("GET", "/items", nil)
						r.Header.Set("Origin", app)
						w := httptest.NewRecorder()
						site.ServeHTTP(w, r)
						assert.Equal(t, 200, w.Code)
						assert.Equal(t, []string{app}, w.Result().Header["Access-Control-Allow-Origin"])
						assert.Empty(t, w.Result().Header["Access-Control-Allow-Credentials"])
						assert.Equal(t, []string{"X-Inner"}, w.Result().Header["Access-Control-Expose-Headers"])
						assert.Equal(t, []string{"Origin"}, w.Result().Header["Vary"])
					})
				}
			}
		}
	}
}
