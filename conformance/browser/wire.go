package browser

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
)

// A wire is a listener that keeps what passes over its connections.
type wire struct {
	net.Listener

	mu    sync.Mutex
	conns []*tapped
	next  int // numbers the pieces that are read, on all connections
}

// Accept returns the next connection.
func (w *wire) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &tapped{Conn: c, wire: w}
	w.mu.Lock()
	w.conns = append(w.conns, t)
	w.mu.Unlock()
	return t, nil
}

// A tapped connection keeps what is read and written.
type tapped struct {
	net.Conn
	wire    *wire
	in, out bytes.Buffer
	pieces  []piece
}

// A piece is what one Read has read.
type piece struct{ number, end int }

func (t *tapped) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.wire.mu.Lock()
	defer t.wire.mu.Unlock()
	if n > 0 {
		t.in.Write(p[:n])
		t.wire.next++
		t.pieces = append(t.pieces, piece{t.wire.next, t.in.Len()})
	}
	return n, err
}

func (t *tapped) Write(p []byte) (int, error) {
	// Kept before it is sent: who has the response may ask for it at once.
	t.wire.mu.Lock()
	t.out.Write(p)
	t.wire.mu.Unlock()
	return t.Conn.Write(p)
}

// An exchange is a request as it came over a wire, and the response. Bodies are
// in memory.
type exchange struct {
	Request  *http.Request
	Response *http.Response // nil if there was none
}

// exchanges returns what has passed so far, in the order in which the requests
// came.
func (w *wire) exchanges() ([]exchange, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	type numbered struct {
		exchange
		number int
	}
	var all []numbered
	for _, c := range w.conns {
		in := bytes.NewReader(c.in.Bytes())
		requests, responses := bufio.NewReader(in), bufio.NewReader(bytes.NewReader(c.out.Bytes()))
		for {
			start := c.in.Len() - in.Len() - requests.Buffered()
			if !bytes.Contains(c.in.Bytes()[start:], []byte("\r\n\r\n")) {
				break // the end, or a head of which the rest is to come
			}
			r, err := http.ReadRequest(requests)
			if err != nil {
				return nil, fmt.Errorf("the browser's request %q: %w", c.in.Bytes()[start:], err)
			}
			r.Body = drained(r.Body)
			x := numbered{exchange: exchange{Request: r}}
			for _, p := range slices.Backward(c.pieces) {
				if p.end > start {
					x.number = p.number
				}
			}
			if x.Response, err = http.ReadResponse(responses, r); err == nil {
				x.Response.Body = drained(x.Response.Body)
			} else if err != io.ErrUnexpectedEOF {
				return nil, fmt.Errorf("the response to %s %s: %w", r.Method, r.RequestURI, err)
			}
			all = append(all, x)
			if x.Response != nil && x.Response.StatusCode == http.StatusSwitchingProtocols {
				break // no HTTP from here on: https://www.rfc-editor.org/rfc/rfc9110#section-15.2.2
			}
		}
	}
	slices.SortFunc(all, func(a, b numbered) int { return a.number - b.number })
	var sorted []exchange
	for _, x := range all {
		sorted = append(sorted, x.exchange)
	}
	return sorted, nil
}

// drained reads a body to its end, or to where it breaks off.
func drained(body io.ReadCloser) io.ReadCloser {
	data, _ := io.ReadAll(body)
	body.Close()
	return io.NopCloser(bytes.NewReader(data))
}
