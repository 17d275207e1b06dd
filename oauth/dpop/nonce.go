package dpop

import (
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/valetkey/valetkey/oauth/challenge"
)

// CodeUseNonce is the error of a server that wants its nonce in the proof
// (RFC 9449 §8, §9). It has done nothing with the request.
const CodeUseNonce = "use_dpop_nonce"

const (
	headerNonce = "Dpop-Nonce"
	maxNonce    = 1024 // bytes
	maxOrigins  = 4096
)

// Nonces remembers the latest nonce of each origin (RFC 9449 §8.2, §9). Keep
// one for authorization servers and one for APIs: they give nonces of their
// own, also where they share an origin. It is safe for concurrent use; its zero
// value is empty and ready.
type Nonces struct {
	mu       sync.Mutex
	byOrigin map[string]string
}

// Of is the nonce to put in a proof for a URL; "" when none is known.
func (n *Nonces) Of(u *url.URL) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byOrigin[origin(u)]
}

// Adopt takes the nonce of an answer, whatever its status. What cannot be one
// (RFC 9449 §8.1), or comes twice, is left alone.
func (n *Nonces) Adopt(u *url.URL, h http.Header) {
	values := h[headerNonce]
	if len(values) != 1 || !wellFormed(values[0]) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byOrigin == nil {
		n.byOrigin = make(map[string]string)
	}
	key := origin(u)
	if _, known := n.byOrigin[key]; !known && len(n.byOrigin) >= maxOrigins {
		for other := range n.byOrigin { // any: it costs one request there
			delete(n.byOrigin, other)
			break
		}
	}
	n.byOrigin[key] = values[0]
}

// Asked reports whether an API's answer asks for its nonce in the proof
// (RFC 9449 §9).
func Asked(status int, h http.Header) bool {
	if status != http.StatusUnauthorized {
		return false
	}
	for _, c := range challenge.Parse(h) {
		if strings.EqualFold(c.Scheme, TokenType) && c.Params["error"] == CodeUseNonce {
			return len(h[headerNonce]) == 1 && wellFormed(h[headerNonce][0])
		}
	}
	return false
}

func origin(u *url.URL) string { return strings.ToLower(u.Scheme + "://" + u.Host) }

// wellFormed holds a nonce to 1*NQCHAR.
func wellFormed(nonce string) bool {
	return nonce != "" && len(nonce) <= maxNonce && strings.IndexFunc(nonce, func(r rune) bool {
		return r < 0x21 || r > 0x7e || r == '"' || r == '\\'
	}) < 0
}
