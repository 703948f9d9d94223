// Package engine drives one real browser at a time, Chromium, Firefox or WebKit,
// all in the same way: start it, open pages, run scripts in them, and ask what
// the browser has to say about a request that failed.
//
//	e, err := engine.Start(ctx, "firefox", engine.Options{Proxy: proxy, Certificate: certificate})
//	if err != nil {
//		return err
//	}
//	defer e.Close()
//	tab, err := e.Open(ctx, "https://app.example.com/")
//	if err != nil {
//		return err
//	}
//	var status int
//	err = tab.Run(ctx, `return (await fetch("https://api.example.com/")).status`, &status)
//
// Every engine starts with a profile of its own, which Close removes, and sees
// nothing of the user's: neither settings nor proxies nor display. It accepts
// third-party cookies if the engine can be told to.
package engine

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Options say how an engine is started. The zero value is a browser that opens
// its connections itself and trusts what it always trusts.
type Options struct {
	// Proxy is the address, such as 127.0.0.1:1080, of a SOCKS5 proxy without
	// authentication. All connections go through it, those to localhost and to
	// loopback addresses too, and it gets host names unresolved. "" is none.
	Proxy string

	// Certificate is the self-signed certificate of all servers. Chromium
	// accepts any certificate that has its key, Firefox and WebKit then accept
	// every certificate. If it is nil, they verify as usual.
	Certificate *x509.Certificate

	// Flags are further command line flags, such as --disable-features=X.
	// Engines other than Chromium refuse them.
	Flags []string
}

// An Engine is a browser that runs. Its methods may be called concurrently.
type Engine interface {
	// Name returns the engine's name, one of [Names].
	Name() string

	// Version returns the version of the browser, such as 156.0.8078.108.
	Version() string

	// Open returns a new tab once the page at url has loaded in it. It fails
	// if the page cannot be had, but not for an HTTP status like 404.
	Open(ctx context.Context, url string) (Tab, error)

	// Close ends every process of the engine and removes its profile. After
	// the first call it does nothing.
	Close() error
}

// A Tab shows a page. Its methods may be called concurrently. Scripts of
// different tabs run side by side in Chromium and Firefox, one after the other
// in WebKit.
type Tab interface {
	// Run runs script in the page as the body of an async function, waits for
	// what it returns, and decodes it by way of JSON into result, which is a
	// pointer or nil. A script that throws is an error that has what it threw
	// in the words of JavaScript, such as "TypeError: Failed to fetch".
	Run(ctx context.Context, script string, result any) error

	// Complaint returns what the engine has said last about a request of this
	// tab to exactly that URL that failed, there or after a redirect, and
	// whether it has said anything.
	// As engines say it late, Complaint waits for it, but no longer than about
	// a second. Firefox does not tell requests apart, so that its complaint
	// may be an earlier one if a URL is used twice. WebKit says nothing.
	Complaint(ctx context.Context, url string) (Complaint, bool)

	// Close closes the tab. After the first call it does nothing.
	Close() error
}

// A Permitter is an [Engine] that can set permissions without asking anyone.
// Chromium is one.
type Permitter interface {
	// SetPermission sets the permission of that name, such as
	// "loopback-network", to "granted", "denied" or "prompt" for pages of
	// origin, or of all origins if it is "".
	SetPermission(ctx context.Context, name, setting, origin string) error
}

// A Complaint is what an engine says about a request that failed.
type Complaint struct {
	// Code is the corsError of the Chrome DevTools Protocol's CorsErrorStatus,
	// such as MissingAllowOriginHeader. It is "" in other engines, and for a
	// request that failed otherwise.
	Code string

	// Parameter is the failedParameter that goes with Code, such as the value
	// of a header, and mostly "".
	Parameter string

	// Text is the line on the page's console, or "" if there is none.
	Text string
}

// engines has what differs between the engines before they run.
var engines = []struct {
	name  string
	needs []need
	start func(context.Context, *home, Options) (Engine, error)
}{
	{"chromium", []need{chromiumProgram}, startChromium},
	{"firefox", []need{firefoxProgram}, startFirefox},
	{"webkit", []need{webkitDriver, xvfb, miniBrowser}, startWebKit},
}

// Names returns the names of the engines: chromium, firefox and webkit.
func Names() []string {
	var names []string
	for _, e := range engines {
		names = append(names, e.name)
	}
	return names
}

// Find returns nil if all programs that the engine of that name needs are
// installed, else an error that says which are missing and which packages of
// Debian have them.
func Find(name string) error {
	i := slices.Index(Names(), name)
	if i < 0 {
		return fmt.Errorf("engine: there is no engine %q, only %s", name, strings.Join(Names(), ", "))
	}
	return missing(name, engines[i].needs)
}

// Start starts the engine of that name. If it fails, nothing is left behind, and
// the error has what the browser has printed last. The engine outlives ctx,
// which is for the start only.
func Start(ctx context.Context, name string, o Options) (Engine, error) {
	if err := Find(name); err != nil {
		return nil, err
	}
	if name != "chromium" && len(o.Flags) > 0 {
		return nil, fmt.Errorf("engine: %s takes no flags, only chromium does, but there is %s", name, o.Flags[0])
	}
	h, err := newHome(name)
	if err != nil {
		return nil, err
	}
	e, err := engines[slices.Index(Names(), name)].start(ctx, h, o)
	if err != nil {
		said := h.output.last()
		return nil, errors.Join(fmt.Errorf("engine: start %s: %w; it printed last: %q", name, err, said), h.close())
	}
	return e, nil
}

// need is a program that an engine needs.
type need struct {
	names  []string // of which any will do
	paths  string   // a pattern of where it is if it is not in PATH, or ""
	debian string   // the package
}

// find returns the path of the program, or "".
func (n need) find() string {
	if n.paths != "" {
		if paths, _ := filepath.Glob(n.paths); len(paths) > 0 {
			return paths[0]
		}
	}
	for _, name := range n.names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func missing(engine string, needs []need) error {
	var programs, packages []string
	for _, n := range needs {
		if n.find() == "" {
			programs = append(programs, strings.Join(n.names, " or "))
			packages = append(packages, n.debian)
		}
	}
	if programs == nil {
		return nil
	}
	return fmt.Errorf("engine: %s needs %s, which is not installed; Debian has it: apt-get install %s",
		engine, strings.Join(programs, " and "), strings.Join(packages, " "))
}

// expression returns an expression for a promise of a string, the outcome of
// script as [decode] takes it. So engines need to agree about strings only, not
// about how they represent values and exceptions.
func expression(script string) string {
	return `(async () => {` + script + `
})().then(value => JSON.stringify({value})).catch(e => JSON.stringify({thrown: String(e)}))`
}

// decode decodes what a script returned into result, unless that is nil.
func decode(outcome string, result any) error {
	var o struct {
		Value  json.RawMessage
		Thrown *string
	}
	if err := json.Unmarshal([]byte(outcome), &o); err != nil {
		return fmt.Errorf("engine: decode the outcome %.100q of a script: %w", outcome, err)
	}
	if o.Thrown != nil {
		return fmt.Errorf("engine: the script threw %s", *o.Thrown)
	}
	if result == nil {
		return nil
	}
	if o.Value == nil {
		return errors.New("engine: the script returned undefined, which has no JSON; return a value, or null")
	}
	if err := json.Unmarshal(o.Value, result); err != nil {
		return fmt.Errorf("engine: the script returned %.100s, which does not fit: %w", o.Value, err)
	}
	return nil
}
