package conformance_test

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core/corshttp"
)

// mount is a complete adapter, for http.ServeMux.
func mount(s conformance.Site) conformance.App {
	prefix := ""
	if s.Mount == conformance.Group {
		prefix = conformance.Prefix
	}
	covered := http.NewServeMux()
	for _, r := range s.Inside() {
		covered.Handle(r.Method+" "+prefix+r.Path, r.Handler)
	}
	site := http.NewServeMux()
	site.Handle(prefix+"/", corshttp.New(s.Policy)(covered))
	if prefix != "" {
		site.Handle(prefix, corshttp.New(s.Policy)(covered))
	}
	for _, r := range s.Outside() {
		site.Handle(r.Method+" "+r.Path, r.Handler)
	}
	return conformance.HTTP(recovering(site))
}

// recovering is the recovery that frameworks bring along.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// Run takes a [testing.T], so that it is called from a test of the adapter.
func ExampleRun() {
	testConformance := func(t *testing.T) {
		conformance.Run(t, conformance.Adapter{Name: "mine", Mount: mount})
	}
	_ = testConformance
}

func TestExample(t *testing.T) {
	conformance.Run(t, conformance.Adapter{Name: "mine", Mount: mount})
}
