package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"sync"
	"time"
)

var (
	webkitDriver = need{names: []string{"WebKitWebDriver"}, debian: "webkit2gtk-driver"}
	xvfb         = need{names: []string{"Xvfb"}, debian: "xvfb"}
	miniBrowser  = need{names: []string{"MiniBrowser"}, paths: "/usr/lib*/*/webkit2gtk-4.1/MiniBrowser", debian: "libwebkit2gtk-4.1-0"}
)

// display is what Xvfb prints when it is ready.
var display = regexp.MustCompile(`(?m)^(\d+)$`)

type webkit struct {
	home    *home
	driver  *webdriver
	version string
	first   string // the window that the session has from the start, and keeps

	// turn has room for the one who may use the driver, as all windows share
	// what is the current one.
	turn chan struct{}
}

func startWebKit(ctx context.Context, h *home, o Options) (Engine, error) {
	p, err := h.start(h.environ(), xvfb.find(), "-displayfd", "1", "-nolisten", "tcp")
	if err != nil {
		return nil, err
	}
	number, err := h.output.find(ctx, p, display)
	if err != nil {
		return nil, err
	}
	w := &webkit{home: h, turn: make(chan struct{}, 1)}
	w.driver, err = startWebKitDriver(ctx, h, h.environ("DISPLAY=:"+number, "NO_AT_BRIDGE=1", "GSETTINGS_BACKEND=memory"))
	if err != nil {
		return nil, err
	}
	arguments := []string{"--automation", "--cookies-policy=always"}
	if o.Proxy != "" {
		// The capability "proxy" of WebDriver has no effect for SOCKS.
		arguments = append(arguments, "--proxy=socks5://"+o.Proxy)
	}
	w.version, err = w.driver.newSession(ctx, map[string]any{
		"acceptInsecureCerts":      o.Certificate != nil,
		"webkitgtk:browserOptions": map[string]any{"binary": miniBrowser.find(), "args": arguments},
	})
	if err != nil {
		return nil, err
	}
	if w.first, err = w.driver.window(ctx); err != nil {
		return nil, err
	}
	// It is the caller's context that limits scripts.
	return w, w.driver.setScriptTimeout(ctx, time.Hour.Milliseconds())
}

// startWebKitDriver returns a driver that answers.
func startWebKitDriver(ctx context.Context, h *home, environ []string) (*webdriver, error) {
	for range 5 {
		// It takes a number only, so that another may take the port meanwhile.
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		address := l.Addr().String()
		l.Close()
		_, port, _ := net.SplitHostPort(address)
		p, err := h.start(environ, webkitDriver.find(), "--port="+port)
		if err != nil {
			return nil, err
		}
		d := &webdriver{url: "http://" + address}
		for ended := false; !ended; {
			answers := d.call(ctx, "GET", d.url+"/status", nil, nil) == nil
			select {
			case <-p.ended:
				ended = true
			case <-ctx.Done():
				return nil, fmt.Errorf("wait for WebKitWebDriver: %w", ctx.Err())
			case <-time.After(20 * time.Millisecond):
				if answers {
					return d, nil
				}
			}
		}
	}
	return nil, errors.New("WebKitWebDriver ended")
}

func (w *webkit) Name() string    { return "webkit" }
func (w *webkit) Version() string { return w.version }

func (w *webkit) Close() error {
	dialer.CloseIdleConnections()
	return w.home.close()
}

// in calls f with the window of that handle as the current one.
func (w *webkit) in(ctx context.Context, handle string, f func() error) error {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := w.driver.switchTo(ctx, handle); err != nil {
		return err
	}
	return f()
}

func (w *webkit) Open(ctx context.Context, url string) (Tab, error) {
	t := &webkitTab{webkit: w}
	err := w.in(ctx, w.first, func() (err error) {
		if t.handle, err = w.driver.newTab(ctx); err != nil {
			return err
		}
		if err := w.driver.switchTo(ctx, t.handle); err != nil {
			return err
		}
		if err := w.driver.navigate(ctx, url); err != nil {
			return err
		}
		// The driver does not tell of failures, and shows a page about them.
		var failure *string
		outcome, err := w.driver.evaluate(ctx, expression(
			`return performance.getEntriesByType("navigation").length > 0 ? null : document.body?.innerText ?? ""`))
		if err == nil {
			err = decode(outcome, &failure)
		}
		if err == nil && failure != nil {
			err = fmt.Errorf("there is no page, but %q", *failure)
		}
		return err
	})
	if err != nil {
		if t.handle != "" {
			t.Close()
		}
		return nil, fmt.Errorf("engine: open %s: %w", url, err)
	}
	return t, nil
}

type webkitTab struct {
	webkit *webkit
	handle string
	once   sync.Once
	err    error // of Close
}

func (t *webkitTab) Run(ctx context.Context, script string, result any) error {
	var outcome string
	err := t.webkit.in(ctx, t.handle, func() (err error) {
		outcome, err = t.webkit.driver.evaluate(ctx, expression(script))
		return err
	})
	if err != nil {
		return fmt.Errorf("engine: run a script in webkit: %w", err)
	}
	return decode(outcome, result)
}

// Complaint has nothing to return: WebDriver does not tell of the console, and
// the browser does not print it while it is automated.
func (t *webkitTab) Complaint(ctx context.Context, url string) (Complaint, bool) {
	return Complaint{}, false
}

func (t *webkitTab) Close() error {
	t.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := t.webkit.in(ctx, t.handle, func() error { return t.webkit.driver.closeWindow(ctx) })
		if err != nil {
			t.err = fmt.Errorf("engine: close a tab of webkit: %w", err)
		}
	})
	return t.err
}
