package call

import (
	"fmt"
	"net/http"

	"github.com/valetkey/valetkey/internal/broker"
)

// longToken is from where on a token, in bytes, alone may be more than a server
// takes as a header: common limits are 8 KiB for all of them together.
const longToken = 4 << 10

// longTokens explains a refusal that a long token may be the cause of (RFC 6585
// section 5). A server that cannot say 431 answers 400.
func (e *Engine) longTokens(credential *broker.Credential, o *outgoing, response *http.Response) {
	refused := response.StatusCode == http.StatusRequestHeaderFieldsTooLarge || response.StatusCode == http.StatusBadRequest
	if !refused || o.away || response.Header.Get(HeaderHint) != "" {
		return
	}
	token, err := e.open(credential)
	if err != nil {
		return // the answer is there; what it means is not known
	}
	if size := len(token.Reveal()); size >= longToken {
		response.Header.Set(HeaderHint, fmt.Sprintf("the access token is %d bytes long, and the API may take no header of that size: have the provider put less into it (fewer scopes, no groups or roles), or raise the limit at the API", size))
	}
}
