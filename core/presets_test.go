package cors_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	cors "github.com/corskit/corskit/core"
)

var presets = map[string]func() cors.Preset{
	"Connect":      cors.PresetConnect,
	"GRPCWeb":      cors.PresetGRPCWeb,
	"MCP":          cors.PresetMCP,
	"TraceContext": cors.PresetTraceContext,
}

// TestPresets sends what clients of each protocol ask for, as browsers spell
// it: https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names
func TestPresets(t *testing.T) {
	tests := []struct{ preset, method, headers, reads string }{
		{"Connect", "POST", "connect-protocol-version,connect-timeout-ms,content-type,x-user-agent", ""},
		{"Connect", "GET", "", ""},
		{"GRPCWeb", "POST", "content-type,grpc-timeout,x-grpc-web,x-user-agent", "Grpc-Status,Grpc-Message,Grpc-Status-Details-Bin"},
		{"MCP", "POST", "content-type,mcp-method,mcp-name,mcp-protocol-version", ""},
		{"MCP", "POST", "content-type,mcp-protocol-version,mcp-session-id", "Mcp-Session-Id"},
		{"MCP", "GET", "last-event-id,mcp-protocol-version,mcp-session-id", ""},
		{"MCP", "DELETE", "mcp-protocol-version,mcp-session-id", ""},
		{"TraceContext", "GET", "traceparent,tracestate", ""},
	}
	for _, credentials := range []bool{false, true} {
		for _, tt := range tests {
			plain := cors.Config{AllowOrigins: []string{app}, AllowCredentials: credentials}
			p, err := cors.New(plain.With(presets[tt.preset]()))
			if err != nil {
				t.Fatalf("the preset %s is refused: %v", tt.preset, err)
			}
			r := preflight(tt.method, tt.headers)
			if d := p.Decide(context.Background(), r); d.Reason != cors.Allowed {
				t.Errorf("the preset %s does not allow %s with %s: %s %s", tt.preset, tt.method, tt.headers, d.Reason, d.Header)
			}
			if d := cors.MustNew(plain).Decide(context.Background(), r); tt.headers != "" && d.Reason == cors.Allowed {
				t.Errorf("%s with %s needs no preset", tt.method, tt.headers)
			}
			exposed := strings.Split(p.Decide(context.Background(), get(app)).ExposeHeaders, ",")
			for name := range strings.SplitSeq(tt.reads, ",") {
				if tt.reads != "" && !slices.Contains(exposed, name) {
					t.Errorf("the preset %s does not expose %s", tt.preset, name)
				}
			}
		}
	}
}

func TestPresetsAreFresh(t *testing.T) {
	for name, preset := range presets {
		first, second := preset(), preset()
		for _, list := range [][]string{first.AllowMethods, first.AllowHeaders, first.ExposeHeaders} {
			for i := range list {
				list[i] = "changed"
			}
		}
		for _, list := range [][]string{second.AllowMethods, second.AllowHeaders, second.ExposeHeaders} {
			if slices.Contains(list, "changed") {
				t.Errorf("two calls of Preset%s share a list", name)
			}
		}
	}
}

func TestConfigWith(t *testing.T) {
	room := make([]string, 1, 10) // that With must not write into
	room[0] = "X-Own"
	c := cors.Config{AllowOrigins: []string{app}, AllowMethods: []string{"*"}, AllowHeaders: room, ExposeHeaders: room}
	got := c.With(cors.PresetMCP(), cors.PresetTraceContext())
	if !slices.Equal(got.AllowMethods, []string{"*"}) {
		t.Errorf(`With makes the methods %q of "*"`, got.AllowMethods)
	}
	want := []string{"X-Own", "Content-Type", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id", "Last-Event-ID", "traceparent", "tracestate"}
	if !slices.Equal(got.AllowHeaders, want) {
		t.Errorf("With makes the headers %q, want %q", got.AllowHeaders, want)
	}
	if want := []string{"X-Own", "Mcp-Session-Id"}; !slices.Equal(got.ExposeHeaders, want) {
		t.Errorf("With makes the exposed headers %q, want %q", got.ExposeHeaders, want)
	}
	if len(c.AllowHeaders) != 1 || !slices.Equal(room[:10], append([]string{"X-Own"}, make([]string, 9)...)) {
		t.Errorf("With writes into the Config that it was called on: %q", room[:10])
	}
	if _, err := cors.New(c.With(cors.PresetConnect(), cors.PresetGRPCWeb(), cors.PresetConnect())); err != nil {
		t.Errorf("presets that share headers are refused together: %v", err)
	}
}
