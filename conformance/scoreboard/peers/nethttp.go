package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	gochicors "github.com/go-chi/cors"
	"github.com/gorilla/handlers"
	rscors "github.com/rs/cors"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	cors "github.com/corskit/corskit/core"
)

// onMux serves the routes with the standard library's router.
func onMux(routes []conformance.Route, middleware func(http.Handler) http.Handler) conformance.App {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.Method+" "+r.Path, r.Handler)
	}
	return conformance.HTTP(adapters.Recoverer(middleware(mux)))
}

func rs(c cors.Config, routes []conformance.Route) conformance.App {
	o := rscors.Options{
		AllowedMethods:       methods(c),
		AllowedHeaders:       headers(c),
		ExposedHeaders:       c.ExposeHeaders,
		MaxAge:               seconds(c),
		AllowCredentials:     c.AllowCredentials,
		OptionsSuccessStatus: c.PreflightStatus,
	}
	o.AllowedOrigins, o.AllowOriginFunc = listed(c, noOrigin)
	return onMux(routes, rscors.New(o).Handler)
}

func gorilla(c cors.Config, routes []conformance.Route) conformance.App {
	options := []handlers.CORSOption{
		handlers.AllowedMethods(methods(c)),
		handlers.AllowedHeaders(c.AllowHeaders),
		handlers.ExposedHeaders(c.ExposeHeaders),
		handlers.MaxAge(seconds(c)),
	}
	// It sends Vary only if it has a list of several, which the function overrules.
	options = append(options, handlers.AllowedOrigins(origins(c)))
	if _, allowed := listed(c, anyOrigin); allowed != nil {
		options = append(options, handlers.AllowedOriginValidator(allowed))
	}
	if c.AllowCredentials {
		options = append(options, handlers.AllowCredentials())
	}
	if c.PreflightStatus != 0 {
		options = append(options, handlers.OptionStatusCode(c.PreflightStatus))
	}
	return onMux(routes, handlers.CORS(options...))
}

func goChi(c cors.Config, routes []conformance.Route) conformance.App {
	o := gochicors.Options{
		AllowedMethods:   methods(c),
		AllowedHeaders:   headers(c),
		ExposedHeaders:   c.ExposeHeaders,
		MaxAge:           seconds(c),
		AllowCredentials: c.AllowCredentials,
	}
	list, allowed := listed(c, noOrigin)
	o.AllowedOrigins = list
	if allowed != nil {
		o.AllowOriginFunc = func(_ *http.Request, origin string) bool { return allowed(origin) }
	}
	router := chi.NewRouter()
	router.Use(adapters.Recoverer, gochicors.Handler(o))
	for _, r := range routes {
		router.Method(r.Method, r.Path, r.Handler)
	}
	return conformance.HTTP(router)
}
