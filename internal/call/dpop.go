package call

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/oauth/dpop"
)

// prove adds the proof of possession that a bound token needs (RFC 9449
// section 7.1), in place of one that the caller sent. It comes last: the proof
// names the method and the URL as they go out.
func (e *Engine) prove(credential *broker.Credential, request *http.Request, token string) error {
	if !credential.Bound() {
		return nil
	}
	key, err := e.proofKey(credential)
	if err != nil {
		return err
	}
	proof, err := dpop.Proof{
		Method: request.Method, URL: request.URL, AccessToken: token, Nonce: e.nonces.Of(request.URL),
	}.Sign(key, e.now(), e.entropy)
	request.Header[dpop.Header] = []string{proof}
	return err
}

// nonced sends a request once more where the API wants its nonce in the proof
// (RFC 9449 section 9): it has done nothing yet, and the token is as good as it
// was. A body that is gone leaves that to the caller.
func (e *Engine) nonced(once step) step {
	return func(ctx context.Context, credential *broker.Credential, o *outgoing) (*http.Response, error) {
		response, err := once(ctx, credential, o)
		if err != nil || !credential.Bound() || !dpop.Asked(response.StatusCode, response.Header) {
			return response, err
		}
		if o.streamed {
			response.Header.Set(HeaderRetryable, "true")
			return response, nil
		}
		discard(response)
		return once(ctx, credential, o)
	}
}
