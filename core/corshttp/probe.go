package corshttp

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"

	cors "github.com/corskit/corskit/core"
)

type probeKey struct{}

// underWay counts the probes that are under way, so that servers, which verify
// nothing, do not look for one in every request.
var underWay atomic.Int32

// ProbeIn returns the [cors.Probe] that r carries, or nil. No client can send
// one: it travels in the context. That is all that counts, and not whether
// RequestURI is empty, as it is in no request that a server has read: middleware
// that rewrites paths may set it, and the probe would run a handler.
func ProbeIn(r *http.Request) *cors.Probe {
	if underWay.Load() == 0 {
		return nil
	}
	p, _ := r.Context().Value(probeKey{}).(*cors.Probe)
	return p
}

// SendProbe asks h, in process, about a route: with a CORS-preflight request for
// method if preflight is set, else with the method itself. The path must be one
// that the route is served for, escaped; mounts is [cors.Probe.Mounts]. It is for
// the Verify functions of adapters, who must know that no handler runs.
func SendProbe(h http.Handler, preflight bool, method, path string, mounts int) (*cors.Outcome, error) {
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, err
	}
	return send(h, probeRequest(preflight, method, u, "probe.invalid"), mounts), nil
}

// probeRequest returns the request of [SendProbe], without the probe.
func probeRequest(preflight bool, method string, u *url.URL, host string) *http.Request {
	r := &http.Request{
		Method: method, URL: u, Host: host, RemoteAddr: "127.0.0.1:1",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Origin": {"https://probe.invalid"}}, Body: http.NoBody,
	}
	if preflight {
		r.Method = http.MethodOptions
		r.Header["Access-Control-Request-Method"] = []string{method}
	}
	return r
}

func send(h http.Handler, r *http.Request, mounts int) *cors.Outcome {
	probe := &cors.Probe{Mounts: mounts, Preflight: r.Header["Access-Control-Request-Method"] != nil}
	underWay.Add(1)
	defer underWay.Add(-1)
	w := outcome{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(&w, r.WithContext(context.WithValue(context.Background(), probeKey{}, probe)))
	return &cors.Outcome{Met: probe.Met, Status: w.status, Location: w.header.Get("Location")}
}

// meet lets a probe meet d, and answers or lets the request through to next.
func meet(p *cors.Probe, w http.ResponseWriter, r *http.Request, d cors.Decider, next http.Handler) {
	if p.Meet(d) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	next.ServeHTTP(w, r)
}

// outcome is a ResponseWriter that keeps header and status.
type outcome struct {
	header http.Header
	status int
	wrote  bool
}

func (o *outcome) Header() http.Header { return o.header }

func (o *outcome) WriteHeader(status int) {
	if !o.wrote {
		o.status, o.wrote = status, status >= 200
	}
}

func (o *outcome) Write(p []byte) (int, error) {
	o.wrote = true
	return len(p), nil
}
