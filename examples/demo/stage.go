package main

import (
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/adapters"
	cors "github.com/corskit/corskit/core"
)

// A stage is everything that the demo serves: the same API once for each
// framework, each on an origin of its own, and the page that calls it, on one more.
type stage struct {
	APIs []api `json:"apis"`

	// Allowed and Refused are two origins of the one page. To a browser
	// "localhost" and "127.0.0.1" are different hosts.
	Allowed string `json:"allowed"`
	Refused string `json:"refused"`

	// stopped reports a server that ended by itself.
	stopped chan error
	closers []io.Closer
}

// An api is the API, served through one framework.
type api struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

var frameworks = []struct {
	name  string
	mount func(conformance.Site) conformance.App
}{
	{"gin", adapters.Gin},
	{"echo v4", adapters.Echo},
	{"echo v5", adapters.EchoV5},
	{"fiber v2", adapters.Fiber},
	{"fiber v3", adapters.FiberV3},
	{"chi", adapters.Chi},
}

// newStage starts all the servers, on ports that the system picks.
func newStage(policy *cors.Policy) (*stage, error) {
	s := &stage{stopped: make(chan error, len(frameworks)+1)}
	site := conformance.Site{Policy: policy, Mount: conformance.Global, Routes: conformance.Routes(conformance.Global)}
	for _, f := range frameworks {
		listener, err := s.listen(f.name)
		if err != nil {
			return nil, err
		}
		s.APIs = append(s.APIs, api{f.name, "http://" + listener.Addr().String()})
		s.serve(f.name, f.mount(site), listener)
	}
	const page = "the page"
	listener, err := s.listen(page)
	if err != nil {
		return nil, err
	}
	s.Refused = "http://" + listener.Addr().String()
	s.Allowed = strings.Replace(s.Refused, "127.0.0.1", "localhost", 1)
	s.serve(page, conformance.HTTP(newPage(s, policy)), listener)
	return s, nil
}

func (s *stage) listen(name string) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return listener, nil
}

func (s *stage) serve(name string, app conformance.App, listener net.Listener) {
	go func() {
		s.stopped <- fmt.Errorf("%s stopped by itself: %w", name, app.Serve(listener))
	}()
	s.closers = append(s.closers, app, listener)
}

func (s *stage) close() {
	for _, c := range s.closers {
		c.Close() // most have closed their listener by then
	}
}
