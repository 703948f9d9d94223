package engine

import (
	"context"
	"net"
	"net/http"
)

// dialer is for connections to drivers and browsers, without the user's proxy.
var dialer = http.Client{Transport: &http.Transport{DialContext: dialPromptly}}

// A prompt connection acknowledges at once. Browsers write their answers in pieces,
// and hold back the second until the first is acknowledged, for which the system
// would take 40 ms: https://www.rfc-editor.org/rfc/rfc1122#page-96
type prompt struct{ *net.TCPConn }

func dialPromptly(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return prompt{c.(*net.TCPConn)}, nil
}

func (p prompt) Read(b []byte) (int, error) {
	n, err := p.TCPConn.Read(b)
	acknowledge(p.TCPConn) // the system forgets the option now and then
	return n, err
}
