package tunnel

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // RFC 6455 section 4.2.2 asks for it; nothing rests on it
	"encoding/base64"
	"fmt"
	"net/http"

	"golang.org/x/net/http/httpguts"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// subprotocol says what the messages hold (RFC 6455 section 1.9).
const subprotocol = "valetkey-tunnel"

// CheckUpgrade says what is wrong with a request that is to become a tunnel
// (RFC 6455 section 4.2.1). Mostly a server in front took the upgrade out.
func CheckUpgrade(r *http.Request) error {
	switches := r.ProtoMajor == 1 && httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade") &&
		httpguts.HeaderValuesContainsToken(r.Header["Upgrade"], "websocket")
	if switches && r.Method == http.MethodGet && r.Header.Get("Sec-Websocket-Version") == "13" && r.Header.Get("Sec-Websocket-Key") != "" {
		return nil
	}
	return fault.New(api.CodeInvalid, "the request arrived without the WebSocket upgrade that a tunnel needs").
		WithHint("let the server in front of Valetkey pass it on; nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;")
}

// Accept makes a tunnel of a request that passed [CheckUpgrade]. The agent
// learns under which name it is known, and to which node it came.
func Accept(w http.ResponseWriter, r *http.Request, name, node string) (*Conn, error) {
	raw, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fault.Wrap(err, api.CodeInvalid, "this way to the server has no tunnels").
			WithHint("give valetkey agent run the server's public URL")
	}
	_, err = fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n%s: %s\r\n%s: %s\r\n\r\n",
		acceptance(r.Header.Get("Sec-Websocket-Key")), subprotocol, headerName, name, headerNode, node)
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		_ = raw.Close()
		return nil, fault.Wrap(err, api.CodeUnavailable, "the agent left before its tunnel was open")
	}
	return newConn(raw, bufio.NewReader(buffered.Reader), false), nil
}

// acceptance proves that the request was understood (RFC 6455 section 4.2.2).
func acceptance(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}
