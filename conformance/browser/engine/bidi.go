package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// bidi is a client of WebDriver BiDi, https://www.w3.org/TR/webdriver-bidi/. Its
// methods may be called concurrently.
type bidi struct {
	conn *websocket.Conn
	hear func(method string, params json.RawMessage) // is told of events

	mu      sync.Mutex
	last    int                     // identifier of a command
	pending map[int]chan<- response // nil once the connection is gone
	err     error                   // by which it went
}

type response struct {
	result json.RawMessage
	err    error
}

// dialBiDi connects to the server at url. It calls hear for each event, one at a
// time and in order; hear must not send commands.
func dialBiDi(ctx context.Context, url string, hear func(method string, params json.RawMessage)) (*bidi, error) {
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: &dialer})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1)
	b := &bidi{conn: conn, hear: hear, pending: map[int]chan<- response{}}
	go b.read()
	return b, nil
}

func (b *bidi) read() {
	for {
		var m struct {
			ID             *int
			Method         string
			Params, Result json.RawMessage
			Error, Message string
		}
		if err := wsjson.Read(context.Background(), b.conn, &m); err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.err = fmt.Errorf("the browser is gone: %w", err)
			for _, c := range b.pending {
				c <- response{err: b.err}
			}
			b.pending = nil
			return
		}
		if m.ID == nil {
			b.hear(m.Method, m.Params)
			continue
		}
		r := response{result: m.Result}
		if m.Error != "" {
			r.err = fmt.Errorf("%s: %s", m.Error, m.Message)
		}
		b.mu.Lock()
		if c := b.pending[*m.ID]; c != nil {
			c <- r
			delete(b.pending, *m.ID)
		}
		b.mu.Unlock()
	}
}

// call sends a command, and decodes its result into result unless that is nil.
func (b *bidi) call(ctx context.Context, method string, params map[string]any, result any) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c := make(chan response, 1)
	b.mu.Lock()
	if b.pending == nil {
		b.mu.Unlock()
		return b.err
	}
	b.last++
	id := b.last
	b.pending[id] = c
	b.mu.Unlock()

	// Not with ctx, whose end would close the connection.
	err := wsjson.Write(context.Background(), b.conn, map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		err = fmt.Errorf("the browser is gone: %w", err)
	} else {
		select {
		case r := <-c:
			if r.err != nil {
				return r.err
			}
			if result == nil {
				return nil
			}
			return json.Unmarshal(r.result, result)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	b.mu.Lock()
	delete(b.pending, id)
	b.mu.Unlock()
	return err
}

// evaluate returns the string that expression's promise is fulfilled with in the
// browsing context.
func (b *bidi) evaluate(ctx context.Context, browsingContext, expression string) (string, error) {
	var r struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := b.call(ctx, "script.evaluate", map[string]any{
		"expression":   expression,
		"target":       map[string]any{"context": browsingContext},
		"awaitPromise": true,
	}, &r)
	if err == nil && r.Type != "success" {
		err = errors.New(r.ExceptionDetails.Text)
	}
	return r.Result.Value, err
}
