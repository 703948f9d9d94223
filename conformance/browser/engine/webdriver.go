package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// webdriver is a client of WebDriver, https://www.w3.org/TR/webdriver2/, with
// one session. Its methods may be called concurrently, but the session has a
// current window, which they share.
type webdriver struct {
	url     string // of the driver
	session string // its URL, "" before newSession
}

// call sends a command and decodes its result into result unless that is nil.
// The method is POST if there are parameters.
func (d *webdriver) call(ctx context.Context, method, url string, parameters, result any) error {
	var body bytes.Buffer
	if parameters != nil {
		if err := json.NewEncoder(&body).Encode(parameters); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, url, &body)
	if err != nil {
		return err
	}
	response, err := dialer.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var reply struct{ Value json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		return fmt.Errorf("WebDriver answers %s: %w", response.Status, err)
	}
	if response.StatusCode != http.StatusOK {
		var e struct{ Error, Message string }
		if err := json.Unmarshal(reply.Value, &e); err != nil {
			return fmt.Errorf("WebDriver answers %s: %s", response.Status, reply.Value)
		}
		return fmt.Errorf("%s: %s", e.Error, e.Message)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(reply.Value, result)
}

// newSession starts the browser, and returns its version.
func (d *webdriver) newSession(ctx context.Context, capabilities map[string]any) (version string, err error) {
	var s struct {
		SessionID    string
		Capabilities struct{ BrowserVersion string }
	}
	err = d.call(ctx, "POST", d.url+"/session",
		map[string]any{"capabilities": map[string]any{"alwaysMatch": capabilities}}, &s)
	d.session = d.url + "/session/" + s.SessionID
	return s.Capabilities.BrowserVersion, err
}

// window returns the handle of the current window.
func (d *webdriver) window(ctx context.Context) (handle string, err error) {
	err = d.call(ctx, "GET", d.session+"/window", nil, &handle)
	return handle, err
}

// newTab returns the handle of a new window, which is not the current one.
func (d *webdriver) newTab(ctx context.Context) (handle string, err error) {
	var w struct{ Handle string }
	err = d.call(ctx, "POST", d.session+"/window/new", map[string]any{"type": "tab"}, &w)
	return w.Handle, err
}

func (d *webdriver) switchTo(ctx context.Context, handle string) error {
	return d.call(ctx, "POST", d.session+"/window", map[string]any{"handle": handle}, nil)
}

func (d *webdriver) navigate(ctx context.Context, url string) error {
	return d.call(ctx, "POST", d.session+"/url", map[string]any{"url": url}, nil)
}

// evaluate returns the string that expression's promise is fulfilled with in the
// current window.
func (d *webdriver) evaluate(ctx context.Context, expression string) (value string, err error) {
	err = d.call(ctx, "POST", d.session+"/execute/async", map[string]any{
		"script": expression + `.then(arguments[0])`,
		"args":   []any{},
	}, &value)
	return value, err
}

// setScriptTimeout sets how long scripts may run, in milliseconds.
func (d *webdriver) setScriptTimeout(ctx context.Context, ms int64) error {
	return d.call(ctx, "POST", d.session+"/timeouts", map[string]any{"script": ms}, nil)
}

// closeWindow closes the current window.
func (d *webdriver) closeWindow(ctx context.Context) error {
	return d.call(ctx, "DELETE", d.session+"/window", nil, nil)
}
