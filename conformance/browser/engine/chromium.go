package engine

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// The program of that name in Debian's PATH is a shell script, which adds flags
// of the machine's.
var chromiumProgram = need{names: []string{"chromium", "google-chrome"}, paths: "/usr/lib/chromium/chromium", debian: "chromium"}

// chromiumFlags keep the browser to what it is asked to do.
var chromiumFlags = []string{
	"headless",
	"no-sandbox", // the pages are ours, and root has none
	"disable-gpu",
	"disable-dev-shm-usage", // it is small in containers
	"no-first-run",
	"no-default-browser-check",
	"disable-background-networking",
	"disable-background-timer-throttling", // tabs run side by side
	"disable-backgrounding-occluded-windows",
	"disable-renderer-backgrounding",
	"disable-breakpad",
	"disable-client-side-phishing-detection",
	"disable-component-update",
	"disable-default-apps",
	"disable-domain-reliability",
	"disable-extensions",
	"disable-ipc-flooding-protection",
	"disable-quic", // it would go past the proxy
	"disable-sync",
	"metrics-recording-only",
	"no-pings",
	"password-store=basic",
	"use-mock-keychain",
	"disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,Translate",
	// What no flag turns off goes to a port that the browser refuses to use.
	"component-updater=url-source=http://127.0.0.1:9/",
	"gaia-url=http://127.0.0.1:9/",
}

// chromiumPreferences let third-party cookies be stored, which this profile
// would block otherwise, whatever the flags.
const chromiumPreferences = `{"profile":{"cookie_controls_mode":0,"block_third_party_cookies":false}}`

type chromium struct {
	home    *home
	ctx     context.Context // chromedp's, for the browser
	cancel  func()
	version string
}

func startChromium(ctx context.Context, h *home, o Options) (Engine, error) {
	profile := filepath.Join(h.dir, "profile")
	preferences := filepath.Join(profile, "Default", "Preferences")
	if err := os.MkdirAll(filepath.Dir(preferences), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(preferences, []byte(chromiumPreferences), 0o600); err != nil {
		return nil, err
	}
	flags := append(chromiumFlags[:len(chromiumFlags):len(chromiumFlags)], "user-data-dir="+profile)
	if o.Proxy != "" {
		// Without <-loopback>, loopback addresses are exempt.
		flags = append(flags, "proxy-server=socks5://"+o.Proxy, "proxy-bypass-list=<-loopback>")
	}
	if o.Certificate != nil {
		// Other than ignore-certificate-errors, this leaves the HTTP cache on.
		key := sha256.Sum256(o.Certificate.RawSubjectPublicKeyInfo)
		flags = append(flags, "ignore-certificate-errors-spki-list="+base64.StdEncoding.EncodeToString(key[:]))
	}
	for _, f := range o.Flags {
		flags = append(flags, strings.TrimPrefix(f, "--"))
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromiumProgram.find()),
		chromedp.NoInheritEnv,
		chromedp.Env(h.environ()...),
		chromedp.CombinedOutput(&h.output),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { isolate(cmd) }),
	}
	values := map[string]string{}
	for _, f := range flags {
		name, value, isValue := strings.Cut(f, "=")
		switch {
		case !isValue:
			options = append(options, chromedp.Flag(name, true))
		case name == "disable-features" && values[name] != "":
			// Of two flags only the last would count.
			value = values[name] + "," + value
			fallthrough
		default:
			values[name] = value
			options = append(options, chromedp.Flag(name, value))
		}
	}

	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	c := &chromium{home: h}
	var cancel func()
	c.ctx, cancel = chromedp.NewContext(allocator)
	c.cancel = func() {
		cancel()
		cancelAllocator()
	}
	// The browser lives as long as the context that it is started with.
	stop := context.AfterFunc(ctx, cancelAllocator)
	version, err := chromedp.CallBrowser(c.ctx, browser.GetVersion, cdp.Empty{})
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		c.cancel()
		if reason, _, cut := strings.Cut(err.Error(), "\n"); cut {
			err = errors.New(strings.TrimSuffix(reason, ":")) // the rest is what it printed
		}
		return nil, err
	}
	_, c.version, _ = strings.Cut(version.Product, "/")
	return c, nil
}

func (c *chromium) Name() string    { return "chromium" }
func (c *chromium) Version() string { return c.version }

func (c *chromium) Close() error {
	c.cancel() // kills it, which does no harm as the profile goes too
	return c.home.close()
}

// SetPermission implements [Permitter].
func (c *chromium) SetPermission(ctx context.Context, name, setting, origin string) error {
	both, cancel := within(c.ctx, ctx)
	defer cancel()
	_, err := chromedp.CallBrowser(both, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: name},
		Setting:    browser.PermissionSetting(setting),
		Origin:     origin,
	})
	if err != nil {
		return fmt.Errorf("engine: set the permission %s: %w", name, err)
	}
	return nil
}

func (c *chromium) Open(ctx context.Context, url string) (Tab, error) {
	t := &chromiumTab{requests: map[network.RequestID][]string{}}
	t.ctx, t.cancel = chromedp.NewContext(c.ctx, chromedp.WithListener(t.hear))
	// As with the browser, the tab lives as long as its first context.
	stop := context.AfterFunc(ctx, t.cancel)
	err := chromedp.Do(t.ctx, chromedp.Navigate(url))
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		t.cancel()
		return nil, fmt.Errorf("engine: open %s: %w", url, err)
	}
	return t, nil
}

type chromiumTab struct {
	ctx     context.Context // chromedp's, for the tab
	cancel  func()
	remarks remarks

	mu       sync.Mutex
	requests map[network.RequestID][]string // that run, with their URLs
}

// within returns chromedp's context, but for no longer than the caller's.
func within(chromedps, callers context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(chromedps)
	stop := context.AfterFunc(callers, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

func (t *chromiumTab) Run(ctx context.Context, script string, result any) error {
	both, cancel := within(t.ctx, ctx)
	defer cancel()
	outcome, err := chromedp.Run(both, chromedp.Evaluate[string](expression(script), chromedp.EvalAwaitPromise))
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("engine: run a script in chromium: %w", err)
	}
	return decode(outcome, result)
}

// hear is chromedp's listener. A request that fails the CORS check is heard of
// three times: the line on the console, which has no identifier, the failure,
// and a line on the console that has nothing to say.
func (t *chromiumTab) hear(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		t.mu.Lock()
		defer t.mu.Unlock()
		if e.RedirectResponse == nil && e.Initiator.Type != network.InitiatorTypePreflight {
			t.remarks.forget(e.Request.URL)
		}
		t.requests[e.RequestID] = append(t.requests[e.RequestID], e.Request.URL)
	case *network.EventLoadingFinished:
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.requests, e.RequestID)
	case *network.EventLoadingFailed:
		t.mu.Lock()
		defer t.mu.Unlock()
		m := remark{urls: t.requests[e.RequestID], failed: true}
		if s := e.CorsErrorStatus; s != nil {
			m.Code, m.Parameter = string(s.CorsError), s.FailedParameter
		}
		t.remarks.add(m)
		delete(t.requests, e.RequestID)
	case *log.EventEntryAdded:
		m := remark{Complaint: Complaint{Text: e.Entry.Text}}
		if e.Entry.Source == log.EntrySourceNetwork {
			if e.Entry.Category == log.EntryCategoryCors || strings.Contains(e.Entry.Text, "the server responded with a status of") {
				return // the line that has nothing to say, or the request has not failed
			}
			m.urls = []string{e.Entry.URL}
		}
		t.remarks.add(m)
	}
}

func (t *chromiumTab) Complaint(ctx context.Context, url string) (Complaint, bool) {
	return t.remarks.complaint(ctx, url, true)
}

func (t *chromiumTab) Close() error {
	t.cancel()
	return nil
}
