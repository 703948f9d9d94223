package cors

import "slices"

// A Preset lists the methods and headers that a protocol needs to work across
// origins. [Config.With] adds them to a Config. The functions that return one
// return fresh lists, so that callers may change them.
type Preset struct {
	AllowMethods, AllowHeaders, ExposeHeaders []string
}

// With returns a copy of c that also allows and exposes what the presets list.
// A list with "*" stays as it is.
func (c Config) With(presets ...Preset) Config {
	add := func(to *[]string, names []string) {
		if !slices.Contains(*to, "*") {
			*to = append(slices.Clip(*to), names...)
		}
	}
	for _, p := range presets {
		add(&c.AllowMethods, p.AllowMethods)
		add(&c.AllowHeaders, p.AllowHeaders)
		add(&c.ExposeHeaders, p.ExposeHeaders)
	}
	return c
}

// PresetConnect returns what the Connect protocol needs. Trailers of unary
// calls arrive as headers whose names begin with "Trailer-": add the ones that
// pages read to ExposeHeaders.
//
// Source: https://connectrpc.com/docs/cors, with version 1 of the protocol
// (https://connectrpc.com/docs/protocol).
func PresetConnect() Preset {
	return Preset{
		AllowHeaders: []string{"Content-Type", "Connect-Protocol-Version", "Connect-Timeout-Ms", "X-User-Agent"},
	}
}

// PresetGRPCWeb returns what gRPC-Web needs. Metadata of your own is yours to
// add to AllowHeaders and ExposeHeaders.
//
// Source: https://connectrpc.com/docs/cors and
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
func PresetGRPCWeb() Preset {
	return Preset{
		AllowHeaders:  []string{"Content-Type", "Grpc-Timeout", "X-Grpc-Web", "X-User-Agent"},
		ExposeHeaders: []string{"Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin"},
	}
}

// PresetMCP returns what the Streamable HTTP transport of the Model Context
// Protocol needs, in the revisions 2025-03-26 to 2026-07-28: the earlier ones
// have sessions, the latest has Mcp-Method and Mcp-Name.
//
// The protocol asks servers to answer 403 to other origins, which is
// [Config.RejectDisallowed]. Two things are left to add, where they are used:
// for authorization, Authorization to AllowHeaders and WWW-Authenticate to
// ExposeHeaders; and the Mcp-Param headers that tools declare.
//
// Source:
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
// and https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
func PresetMCP() Preset {
	return Preset{
		AllowMethods: []string{"DELETE"},
		AllowHeaders: []string{
			"Content-Type", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id", "Last-Event-ID",
		},
		ExposeHeaders: []string{"Mcp-Session-Id"},
	}
}

// PresetTraceContext returns what pages need to send trace context along. The
// header traceresponse, which only drafts have, is not among it.
//
// Source: W3C Recommendation of 23 November 2021,
// https://www.w3.org/TR/2021/REC-trace-context-1-20211123/
func PresetTraceContext() Preset {
	return Preset{AllowHeaders: []string{"traceparent", "tracestate"}}
}
