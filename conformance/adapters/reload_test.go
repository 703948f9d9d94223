package adapters

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

const (
	reloads = 2000 // times that a policy is put in, with requests under way
	clients = 4    // connections, each with one request under way
)

// TestReloadUnderLoad replaces the policy of a running server again and again.
// No request is lost, and the answer to each is that of one policy as a whole.
func TestReloadUnderLoad(t *testing.T) {
	policies, requests := reloadPolicies(func() {}), reloadRequests()
	for _, a := range All {
		t.Run(a.Name, func(t *testing.T) {
			// The predicates of the policies in force put others in, so that
			// the policy changes in the midst of a decision, and not by chance.
			var live *cors.Live
			var inForce []*cors.Policy
			var swaps atomic.Int64
			inForce = reloadPolicies(func() { live.Swap(inForce[int(swaps.Add(1))%len(inForce)]) })
			live = cors.NewLive(inForce[0])
			dial, stop := serve(t, a.Mount(conformance.Site{Policy: live, Mount: conformance.Global, Routes: []conformance.Route{
				{Method: "GET", Path: "/items", Handler: echoID},
				{Method: "POST", Path: "/items", Handler: echoID},
			}}))
			defer stop()

			// Each reload waits for an answer to have come since the last one.
			answered, done := make(chan struct{}, 1), make(chan struct{})
			var running sync.WaitGroup
			counts := make([]map[int]int, clients) // answers by the one policy that gives them
			for i := range clients {
				counts[i] = map[int]int{}
				running.Go(func() {
					conn := dial()
					defer conn.Close()
					in := bufio.NewReader(conn)
					for n := i; ; n++ {
						r := requests[n%len(requests)]
						got, err := r.send(conn, in, fmt.Sprintf("%d-%d", i, n))
						if !assert.NoError(t, err, "%s: there is no answer to %s", a.Name, r) {
							return
						}
						from := r.answeredBy(policies, got)
						if !assert.NotEmpty(t, from, "%s: the answer to %s is that of no policy: %+v", a.Name, r, got) {
							return
						}
						if len(from) == 1 {
							counts[i][from[0]]++
						}
						select {
						case <-done:
							return
						case answered <- struct{}{}:
						default: // there is an answer to be noticed already
						}
					}
				})
			}
			finished := make(chan struct{})
			go func() { running.Wait(); close(finished) }()
			for i := range reloads {
				reload(t, live, inForce[(i+1)%len(inForce)], i)
				select {
				case <-answered:
				case <-finished: // some client has failed, and so have the others in the end
				}
			}
			close(done)
			<-finished

			assert.Positive(t, swaps.Load(), "%s: no policy was replaced in the midst of a decision", a.Name)
			for p := range policies {
				n := 0
				for _, c := range counts {
					n += c[p]
				}
				assert.Positive(t, n, "%s: policy %d never answered a request by itself", a.Name, p)
			}
		})
	}
}

// reload puts p in, by one of the ways there are. One that fails comes before.
func reload(t *testing.T, live *cors.Live, p *cors.Policy, i int) {
	switch i % 4 {
	case 0:
		assert.Error(t, live.Reload(func() (cors.Decider, error) { return nil, errors.New("no such file") }))
	case 1:
		assert.Error(t, live.Reload(func() (cors.Decider, error) { panic("a bug") }))
	case 2:
		assert.NoError(t, live.Reload(func() (cors.Decider, error) { return p, nil }))
		return
	}
	live.Swap(p)
}

// reloadPolicies returns policies that differ in all that they can. Some
// origins are allowed by all of them, one by each alone; all are of one length,
// so that one overwrites another where a server reuses its memory. Their
// predicates call asked, and then allow one origin that is not listed.
func reloadPolicies(asked func()) []*cors.Policy {
	var policies []*cors.Policy
	for i := range 4 {
		policies = append(policies, cors.MustNew(cors.Config{
			AllowOrigins:     []string{fmt.Sprintf("https://own%d.example", i), "https://all0.example", "https://*.x.example"},
			AllowMethods:     []string{fmt.Sprintf("M%d", i), "PUT"},
			AllowHeaders:     []string{fmt.Sprintf("X-Ask-%d", i)},
			ExposeHeaders:    []string{fmt.Sprintf("X-Show-%d", i)},
			AllowCredentials: i%2 == 0,
			MaxAge:           time.Duration(i+1) * time.Minute,
			PreflightStatus:  200 + i,
			RejectDisallowed: i == 3,
			AllowOriginFunc: func(_ context.Context, origin string) (bool, error) {
				asked()
				return origin == "https://ask0.example", nil
			},
		}))
	}
	return append(policies, cors.MustNew(cors.Config{
		AllowOrigins:  []string{"*"},
		AllowMethods:  []string{"*"},
		AllowHeaders:  []string{"*"},
		ExposeHeaders: []string{"*"},
	}))
}

// A reloadRequest is a request from a page of an origin, "" for none.
type reloadRequest struct{ method, origin string }

func (r reloadRequest) String() string { return fmt.Sprintf("%s from %q", r.method, r.origin) }

func reloadRequests() []reloadRequest {
	var all []reloadRequest
	for _, origin := range []string{
		"https://own0.example", "https://own1.example", "https://all0.example", "https://own2.example",
		"https://own3.example", "https://a.x.example", "https://b.x.example", "https://ask0.example", "https://evil.example", "null", "",
	} {
		for _, method := range []string{"GET", "OPTIONS", "POST"} {
			all = append(all, reloadRequest{method, origin})
		}
	}
	return all
}

// HTTP returns r as a client sends it; OPTIONS is a CORS-preflight request.
func (r reloadRequest) HTTP(id string) *http.Request {
	request, err := http.NewRequest(r.method, "http://api.example/items", nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("X-Id", id)
	if r.origin != "" {
		request.Header.Set("Origin", r.origin)
	}
	if r.method == "OPTIONS" {
		request.Header.Set("Access-Control-Request-Method", "PUT")
	}
	return request
}

// send sends r and reads its answer. An answer that a handler gave to another
// request is an error.
func (r reloadRequest) send(conn io.Writer, in *bufio.Reader, id string) (answer, error) {
	request := r.HTTP(id)
	if err := request.Write(conn); err != nil {
		return answer{}, err
	}
	response, err := http.ReadResponse(in, request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return answer{}, err
	}
	if got := response.Header.Get("X-Id"); got != id && (got != "" || r.handled(response.StatusCode)) {
		return answer{}, fmt.Errorf("the answer is that to the request %q, want %q", got, id)
	}
	got := seen(response)
	if r.method == "OPTIONS" && r.origin == "" {
		got.status = 0 // no CORS-preflight request: the framework answers
	}
	return got, nil
}

// handled reports whether a handler gives the answers with a status.
func (r reloadRequest) handled(status int) bool {
	return r.method != "OPTIONS" && status != http.StatusForbidden
}

// answeredBy returns the policies whose answer to r is got.
func (r reloadRequest) answeredBy(policies []*cors.Policy, got answer) (from []int) {
	for i, p := range policies {
		d := p.Decide(context.Background(), *corshttp.Describe(r.HTTP(""), nil))
		want := http.Response{StatusCode: d.Status, Header: http.Header{}}
		if d.Status == 0 && r.method != "OPTIONS" {
			want.StatusCode = http.StatusOK
		}
		corshttp.SetHeaders(want.Header, &d)
		if reflect.DeepEqual(seen(&want), got) {
			from = append(from, i)
		}
	}
	return from
}

func echoID(header func(string) string) conformance.Answer {
	return conformance.Answer{Status: http.StatusOK, Set: [][2]string{{"X-Id", header("X-Id")}}}
}

// serve serves app on loopback.
func serve(t *testing.T, app conformance.App) (dial func() net.Conn, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		app.Serve(listener)
	}()
	dial = func() net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if !assert.NoError(t, err) {
			return &net.TCPConn{} // on which every call fails
		}
		// A limit for servers that hang; nothing that works comes near it.
		conn.SetDeadline(time.Now().Add(time.Minute))
		return conn
	}
	stop = func() {
		listener.Close()
		app.Close()
		<-served
	}
	return dial, stop
}
