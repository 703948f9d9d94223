package conformance

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"
)

// Routes returns the routes of the site that the case table asks for, with the
// policy mounted in one of the places that [Site.Mount] lists.
func Routes(mount string) []Route {
	switch mount {
	case Scopes:
		return []Route{
			{"GET", "/api/items", answer(200)},
			{"PUT", "/api/items", answer(200)},
			{"PUT", "/api/put-only", answer(200)},
			{"GET", "/api/opt", answer(200)},
			{"OPTIONS", "/api/opt", answer(200)},
			{"GET", "/api/e500", failure(500)},
			{"GET", "/api/admin/items", answer(200)},
			{"PUT", "/api/admin/items", answer(200)},
			{"PUT", "/{any}/foo", answer(200)},
			{"GET", "/t/{tenant}/items", answer(200)},
			{"PUT", "/t/{tenant}/items", answer(200)},
			{"GET", "/one", answer(200)},
			{"PUT", "/one", answer(200)},
			{"PUT", "/two", answer(200)},
			{"DELETE", "/two", answer(200)},
			{"GET", "/other", answer(200)},
			{"GET", "/apix", answer(200)},
			{"PUT", "/apix", answer(200)},
		}
	case Group:
		return []Route{
			{"GET", "/api/items", answer(200)},
			{"PUT", "/api/items", answer(200)},
			{"PUT", "/api/put-only", answer(200)},
			{"OPTIONS", "/api/opt", answer(200)},
			{"GET", "/other", answer(200)},
			{"GET", "/apix", answer(200)},
		}
	}
	return []Route{
		{"GET", "/items", answer(200)},
		{"POST", "/items", answer(200)},
		{"HEAD", "/items", answer(200)},
		{"PUT", "/put-only", answer(200)},
		{"GET", "/opt", answer(200)},
		{"OPTIONS", "/opt", answer(200)},
		{"GET", "/panic", func(func(string) string) Answer { panic("the handler of /panic panics") }},
		{"GET", "/e500", failure(500)},
		{"GET", "/e404", failure(404)},
		{"GET", "/e401", failure(401)},
		{"GET", "/n304", answer(304)},
		{"GET", "/redir", with(answer(302), set("Location", "/items"))},
		{"GET", "/vary-set", with(answer(200), set("Vary", "Accept-Encoding"))},
		{"GET", "/vary-add", with(answer(200), add("Vary", "Accept-Encoding"))},
		{"GET", "/acao-add", with(answer(200), add("Access-Control-Allow-Origin", "https://handler.example"))},
		{"GET", "/mess", with(answer(200), set("Access-Control-Allow-Origin", "https://handler.example"),
			set("Access-Control-Allow-Credentials", "true"), add("Access-Control-Expose-Headers", "*"),
			set("Access-Control-Allow-Methods", "PURGE"), add("Vary", "origin"), add("Vary", "Accept-Encoding, Origin"))},
		{"GET", "/ws", webSocket},
	}
}

// answer answers with the three headers that tell that a handler ran, and let
// cases tell exposed headers from others.
func answer(status int) Handler {
	return func(func(string) string) Answer {
		return Answer{Status: status, Set: [][2]string{{"X-Handler", "1"}, {"X-Total", "3"}, {"X-Secret", "1"}}}
	}
}

func failure(status int) Handler {
	return with(answer(status), func(a *Answer) { a.Failed = true })
}

func with(h Handler, changes ...func(*Answer)) Handler {
	return func(header func(string) string) Answer {
		a := h(header)
		for _, change := range changes {
			change(&a)
		}
		return a
	}
}

func set(name, value string) func(*Answer) {
	return func(a *Answer) { a.Set = append(a.Set, [2]string{name, value}) }
}

func add(name, value string) func(*Answer) {
	return func(a *Answer) { a.Add = append(a.Add, [2]string{name, value}) }
}

// webSocket completes the opening handshake of a WebSocket and leaves it at
// that: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
func webSocket(header func(string) string) Answer {
	if !strings.EqualFold(header("Upgrade"), "websocket") {
		return with(answer(426), set("Upgrade", "websocket"))(header)
	}
	sum := sha1.Sum([]byte(header("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	a := answer(101)(header)
	a.Set = append(a.Set, [2]string{"Upgrade", "websocket"}, [2]string{"Connection", "Upgrade"},
		[2]string{"Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:])})
	return a
}

// cutPrefix cuts Prefix off a path if the path is at or below it.
func cutPrefix(path string) (rest string, below bool) {
	rest, ok := strings.CutPrefix(path, Prefix)
	return rest, ok && (rest == "" || rest[0] == '/')
}
