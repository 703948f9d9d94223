package live

import (
	"context"
	"fmt"
	"net/http"

	"github.com/corskit/corskit/conformance/fetch"
)

// An InconclusiveError says that a target has answered, and that its answers tell
// nothing, or too little: it must not be taken for a server without faults.
type InconclusiveError struct {
	URL string // the target's
	Why string // what came instead, and what to do
}

// Error says so on one line.
func (e *InconclusiveError) Error() string {
	return fmt.Sprintf("%s cannot be judged: %s", e.URL, e.Why)
}

// A prober asks a target one thing after another, and gives up where there is no
// response.
type prober struct {
	session
	ctx  context.Context
	lost []fetch.Exchange // what got no response
	err  error            // that of the last of them

	silent   error // why the target, which has answered, no longer does
	answered bool  // a response was more than a refusal
}

// mostLost is the number of requests without a response after which nothing more
// is asked: each may take the whole timeout.
const mostLost = 3

// openProber returns a prober of a target that has answered once, without Origin.
func openProber(ctx context.Context, c *client) (*prober, error) {
	p := &prober{session: session{Suite: &Suite{}, client: c}, ctx: ctx}
	x, err := p.exchange(ctx, c.request(message{}))
	if err != nil {
		return nil, &UnreachableError{c.url.String(), err}
	}
	p.plain = x
	p.hear(x)
	return p, nil
}

// ask sends m. Without a response, it returns an exchange with the status 0.
func (p *prober) ask(m message) fetch.Exchange {
	r := p.client.request(m)
	if p.ended() {
		return fetch.Exchange{Request: r}
	}
	x, err := p.exchange(p.ctx, r)
	if err == nil {
		p.hear(x)
		return x
	}
	p.lost, p.err = append(p.lost, x), err
	_, p.silent = p.exchange(p.ctx, p.client.request(message{}))
	return x
}

// ended reports whether asking more is of no use.
func (p *prober) ended() bool {
	return p.silent != nil || len(p.lost) >= mostLost || p.ctx.Err() != nil
}

// hear notes whether x is from more than what refuses every request.
func (p *prober) hear(x fetch.Exchange) {
	_, granted := x.Header["Access-Control-Allow-Origin"]
	p.answered = p.answered || granted || x.Status < http.StatusBadRequest
}

// inconclusive returns what keeps the answers from being judged, or nil. It asks
// once more what was asked first.
func (p *prober) inconclusive() error {
	why := ""
	last := p.plain
	if !p.ended() {
		last, p.silent = p.exchange(p.ctx, p.client.request(message{}))
	}
	switch {
	case p.ctx.Err() != nil:
		return p.ctx.Err()
	case p.silent != nil:
		why = fmt.Sprintf("it has answered, and no longer does: %v: start the server again", p.silent)
	case len(p.lost) >= mostLost:
		why = fmt.Sprintf("%d requests got no response, so that no more were sent: %v: have the server answer every request", mostLost, p.err)
	case !p.answered:
		why = fmt.Sprintf("it answers with status %d and grants nothing: name an endpoint and a method that it serves, and add what it wants, such as -header 'Authorization: …'", p.plain.Status)
	case p.plain.Status < http.StatusBadRequest && (last.Status == http.StatusTooManyRequests || last.Status >= 500):
		why = fmt.Sprintf("it has begun to answer with status %d, where it was %d at first: have it answer so many requests", last.Status, p.plain.Status)
	default:
		return nil
	}
	return &InconclusiveError{p.client.url.String(), why}
}
