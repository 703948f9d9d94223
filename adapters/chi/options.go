package corschi

import "github.com/corskit/corskit/core/corshttp"

// An Option changes how middleware carries decisions. It is one of corshttp, so
// that what that package offers can be given here too.
type Option = corshttp.Option

// Seal makes every response leave with exactly the CORS headers of its decision,
// and with its members of Vary, whatever handlers, other middleware or a proxied
// upstream do to them. It is [corshttp.Seal], which says what escapes it. On chi
// that is also what middleware outside of the sealed one changes once the
// handler has returned and nothing was written.
func Seal() Option { return corshttp.Seal() }
