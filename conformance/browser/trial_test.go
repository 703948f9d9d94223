package browser

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/corskit/corskit/conformance"
)

func TestTrials(t *testing.T) {
	byName := map[string]conformance.Case{}
	for _, c := range conformance.Cases() {
		byName[c.Name] = c
		list, why, err := trials(c)
		require.NoError(t, err)
		assert.Equal(t, len(list) == 0, why != "", "%s has trials, or a reason why there are none, and not both", c.Name)
	}
	for name, want := range map[string]string{
		"actual/get":                                    "cors, cors with credentials, cors over plain HTTP",
		"actual/credentials":                            "cors with credentials",
		"actual/own-post":                               "cors, cors with credentials, no-cors, cors with an upload listener",
		"classification/preflight":                      "cors, cors with credentials, cors over plain HTTP",
		"classification/options-of-a-script":            "cors, cors over plain HTTP",
		"classification/repeated-origin":                "",
		"classification/options-without-request-method": "",
		"preflight/safelisted-post":                     "cors with an upload listener",
		"preflight/safelisted-head":                     "",
		"origins/null-allowed":                          "cors, cors with credentials, cors over plain HTTP",
		"origins/exact-upper-case-host":                 "",
		"vary/not-found-without-origin":                 "no-cors, own page",
		"headerlists/unsorted":                          "",
	} {
		list, _, err := trials(byName[name])
		require.NoError(t, err)
		var variants []string
		for _, trial := range list {
			variants = append(variants, trial.Variant)
		}
		assert.Equal(t, want, strings.Join(variants, ", "), "the ways to produce %s", name)
	}
}

func TestIsPageOrigin(t *testing.T) {
	for _, origin := range []string{
		"null", "https://a", "https://app.example.com", "http://app.example.com:8080", "https://1password.example", "https://_a.example",
		"http://localhost:65535", "http://[::1]:3000", "https://192.0.2.1", "https://1.2.3.4.example.org", "http://a.example:443",
	} {
		assert.True(t, isPageOrigin(origin), "no page has the origin %s", origin)
	}
	for _, origin := range []string{
		"", "*", "NULL", "app.example.com", "https://", "https://a/", "https://A.example", "https://a:443", "http://a:80", "http://a:0", "http://a:65536",
		"http://a:080", "http://a:", "https://a..example", "https://.a", "https://a.", "https://u@a", "ftp://a", "moz-extension://0f1e",
		"http://[::ffff:192.0.2.1]", "http://[::1%25lo]", "http://[0::1]", "http://127.1", "http://0x7f.0.0.1", "http://2130706433",
		"https://" + strings.Repeat("a", 64), "https://" + strings.Repeat("a.", 127) + "a",
	} {
		assert.False(t, isPageOrigin(origin), "a page has the origin %s", origin)
	}
}

func TestFetchSite(t *testing.T) {
	for _, c := range [][3]string{
		{"https://a.example", "https://a.example/x", "same-origin"},
		{"https://a.example", "https://a.example:8443/x", "same-site"},
		{"https://app.example.com", "https://api.example.com/x", "same-site"},
		{"http://app.example.com", "https://app.example.com/x", "cross-site"},
		{"https://a.example", "https://b.example/x", "cross-site"},
		{"https://me.github.io", "https://you.github.io/x", "cross-site"},
		{"http://localhost:3000", "http://localhost:8080/x", "same-site"},
		{"null", "https://a.example/x", "cross-site"},
	} {
		assert.Equal(t, c[2], fetchSite(c[0], mustParse(t, c[1])), "from %s to %s", c[0], c[1])
	}
}

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}
