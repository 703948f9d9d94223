package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

var firefoxProgram = need{names: []string{"firefox-esr", "firefox"}, debian: "firefox-esr"}

// firefoxPreferences keep the browser to what it is asked to do. They come on
// top of those that it sets by itself when it is automated.
var firefoxPreferences = map[string]any{
	// Third-party cookies are stored and sent, as in the other engines.
	"network.cookie.cookieBehavior": 0,

	// A 401 would ask for a password, and the tab would hang.
	"network.auth.subresource-http-auth-allow": 0,

	"dom.security.https_first":                                       false,
	"dom.security.https_first_pbm":                                   false,
	"dom.security.https_first_schemeless":                            false,
	"dom.security.https_only_mode":                                   false,
	"security.mixed_content.upgrade_display_content":                 false,
	"dom.min_background_timeout_value":                               4, // tabs run side by side
	"dom.timeout.enable_budget_timer_throttling":                     false,
	"browser.tabs.remote.separatePrivilegedMozillaWebContentProcess": false,

	// Nothing is asked of the internet.
	"app.normandy.enabled":                            false,
	"app.update.disabledForTesting":                   true,
	"browser.newtabpage.enabled":                      false,
	"browser.region.network.url":                      "",
	"browser.safebrowsing.blockedURIs.enabled":        false,
	"browser.safebrowsing.downloads.enabled":          false,
	"browser.safebrowsing.malware.enabled":            false,
	"browser.safebrowsing.phishing.enabled":           false,
	"browser.safebrowsing.provider.mozilla.updateURL": "",
	"browser.safebrowsing.update.enabled":             false,
	"browser.search.update":                           false,
	"browser.startup.homepage_override.mstone":        "ignore",
	"browser.topsites.contile.enabled":                false,
	"captivedetect.canonicalURL":                      "",
	"datareporting.healthreport.uploadEnabled":        false,
	"datareporting.policy.dataSubmissionEnabled":      false,
	"dom.push.connection.enabled":                     false,
	"extensions.getAddons.cache.enabled":              false,
	"extensions.systemAddon.update.enabled":           false,
	"extensions.update.enabled":                       false,
	"geo.provider.network.url":                        "",
	"media.gmp-manager.updateEnabled":                 false,
	"media.gmp-manager.url":                           "",
	"messaging-system.rsexperimentloader.enabled":     false,
	"network.captive-portal-service.enabled":          false,
	"network.connectivity-service.enabled":            false,
	"network.dns.disablePrefetch":                     true,
	"network.http.speculative-parallel-limit":         0,
	"network.prefetch-next":                           false,
	"network.trr.mode":                                5, // no DNS over HTTPS
	"nimbus.rollouts.enabled":                         false,
	"services.settings.server":                        "data:,#remote-settings-dummy/v1",
	"toolkit.telemetry.enabled":                       false,
	"toolkit.telemetry.server":                        "",
	"toolkit.telemetry.unified":                       false,
}

// listening is what the browser prints when it is ready.
var listening = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

type firefox struct {
	home    *home
	bidi    *bidi
	version string

	mu   sync.Mutex
	tabs map[string]*firefoxTab // by their browsing context
}

func startFirefox(ctx context.Context, h *home, o Options) (Engine, error) {
	preferences, err := firefoxUserJS(o)
	if err != nil {
		return nil, err
	}
	profile := filepath.Join(h.dir, "profile")
	if err := os.Mkdir(profile, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), preferences, 0o600); err != nil {
		return nil, err
	}
	p, err := h.start(h.environ("MOZ_CRASHREPORTER_DISABLE=1", "MOZ_REMOTE_SETTINGS_DEVTOOLS=1"), firefoxProgram.find(),
		"--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank")
	if err != nil {
		return nil, err
	}
	url, err := h.output.find(ctx, p, listening)
	if err != nil {
		return nil, err
	}
	f := &firefox{home: h, tabs: map[string]*firefoxTab{}}
	if f.bidi, err = dialBiDi(ctx, url+"/session", f.hear); err != nil {
		return nil, err
	}
	var session struct {
		Capabilities struct{ BrowserVersion string }
	}
	err = f.bidi.call(ctx, "session.new", map[string]any{
		"capabilities": map[string]any{"alwaysMatch": map[string]any{"acceptInsecureCerts": o.Certificate != nil}},
	}, &session)
	if err != nil {
		return nil, err
	}
	f.version = session.Capabilities.BrowserVersion
	return f, f.bidi.call(ctx, "session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil)
}

// firefoxUserJS returns the preferences as the file that the browser reads.
func firefoxUserJS(o Options) ([]byte, error) {
	values := map[string]any{}
	for name, value := range firefoxPreferences {
		values[name] = value
	}
	if o.Proxy != "" {
		host, port, err := net.SplitHostPort(o.Proxy)
		if err != nil {
			return nil, fmt.Errorf("the proxy: %w", err)
		}
		values["network.proxy.type"] = 1
		values["network.proxy.socks"] = host
		if values["network.proxy.socks_port"], err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("the proxy's port: %w", err)
		}
		values["network.proxy.socks_version"] = 5
		values["network.proxy.socks_remote_dns"] = true
		values["network.proxy.no_proxies_on"] = ""
		values["network.proxy.allow_hijacking_localhost"] = true
		values["network.proxy.failover_direct"] = false
	}
	var file []byte
	for name, value := range values {
		literal, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		file = fmt.Appendf(file, "user_pref(%q, %s);\n", name, literal)
	}
	return file, nil
}

func (f *firefox) Name() string    { return "firefox" }
func (f *firefox) Version() string { return f.version }

func (f *firefox) Close() error {
	f.bidi.conn.CloseNow()
	return f.home.close()
}

// hear is the listener of the client.
func (f *firefox) hear(method string, params json.RawMessage) {
	var entry struct {
		Text   string
		Type   string
		Source struct{ Context string }
	}
	if method != "log.entryAdded" || json.Unmarshal(params, &entry) != nil || entry.Type == "console" {
		return // or it is what a page says
	}
	f.mu.Lock()
	t := f.tabs[entry.Source.Context]
	f.mu.Unlock()
	if t != nil {
		// This one follows the one that says why a CORS-preflight failed.
		vague := strings.Contains(entry.Text, "CORS request did not succeed")
		t.remarks.add(remark{Complaint: Complaint{Text: entry.Text}, vague: vague})
	}
}

func (f *firefox) Open(ctx context.Context, url string) (Tab, error) {
	t := &firefoxTab{firefox: f}
	var created struct{ Context string }
	err := f.bidi.call(ctx, "browsingContext.create", map[string]any{"type": "tab"}, &created)
	if err == nil {
		t.context = created.Context
		f.mu.Lock()
		f.tabs[t.context] = t
		f.mu.Unlock()
		err = f.bidi.call(ctx, "browsingContext.navigate", map[string]any{"context": t.context, "url": url, "wait": "complete"}, nil)
		if err != nil {
			t.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("engine: open %s: %w", url, err)
	}
	return t, nil
}

type firefoxTab struct {
	firefox *firefox
	context string
	remarks remarks
	once    sync.Once
	err     error // of Close
}

func (t *firefoxTab) Run(ctx context.Context, script string, result any) error {
	outcome, err := t.firefox.bidi.evaluate(ctx, t.context, expression(script))
	if err != nil {
		return fmt.Errorf("engine: run a script in firefox: %w", err)
	}
	return decode(outcome, result)
}

func (t *firefoxTab) Complaint(ctx context.Context, url string) (Complaint, bool) {
	return t.remarks.complaint(ctx, url, false)
}

func (t *firefoxTab) Close() error {
	t.once.Do(func() {
		t.firefox.mu.Lock()
		delete(t.firefox.tabs, t.context)
		t.firefox.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := t.firefox.bidi.call(ctx, "browsingContext.close", map[string]any{"context": t.context}, nil); err != nil {
			t.err = fmt.Errorf("engine: close a tab of firefox: %w", err)
		}
	})
	return t.err
}
