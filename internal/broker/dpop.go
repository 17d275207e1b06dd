package broker

import (
	"context"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/dpop"
)

// proofKey is what a credential's token is bound to, sealed.
type proofKey struct{ sealed secret.Sealed }

// Bound reports whether the token is good only with a proof of possession
// (RFC 9449).
func (c *Credential) Bound() bool { return strings.EqualFold(c.TokenType, dpop.TokenType) }

// ProofKey opens the key that the token is bound to.
func (c *Credential) ProofKey() (dpop.Key, error) {
	if len(c.bound.sealed) == 0 {
		return dpop.Key{}, fault.New(api.CodeNeedsConfiguration, "the token of connection %q is bound to a key that is not here", c.Connection).
			WithHint("authorize anew with a key of its own: set dpop: required, then valetkey connect %s", c.Connection)
	}
	return arrangement.OpenProofKey(c.sealer, c.Connection, c.bound.sealed)
}

// Proof makes the proof of possession for one request that a caller sends
// itself (RFC 9449 section 7.1). It goes with the token of the generation it
// names, and only to the connection's API.
func (b *Broker) Proof(ctx context.Context, connection string, request api.ProofRequest) (api.Proof, error) {
	credential, err := b.Credential(ctx, connection)
	if err != nil {
		return api.Proof{}, err
	}
	if !credential.Bound() {
		return api.Proof{}, fault.New(api.CodeConflict, "the token of connection %q is bound to no key, so there is nothing to prove", connection).
			WithHint("send it as a %s token; dpop: required of the connection has the next one bound", credential.TokenType)
	}
	to, err := url.Parse(request.URL)
	if err != nil || to.Host == "" || to.User != nil || oauth.CheckEndpoint(request.URL) != nil || request.Method == "" {
		return api.Proof{}, fault.New(api.CodeInvalid, "a proof is for one method and one https address").
			WithHint(`give both, such as {"method": "GET", "url": "https://api.example.com/me"}`)
	}
	if base := credential.Target.BaseURL; base != nil && (base.Scheme != to.Scheme || !strings.EqualFold(base.Host, to.Host)) {
		return api.Proof{}, fault.New(api.CodeInvalid, "the address leads away from %s://%s, the only origin that this connection's token is for", base.Scheme, base.Host)
	}
	key, err := credential.ProofKey()
	if err != nil {
		return api.Proof{}, err
	}
	token, err := credential.AccessToken()
	if err != nil {
		return api.Proof{}, err
	}
	proof, err := dpop.Proof{Method: request.Method, URL: to, AccessToken: token.Reveal(), Nonce: request.Nonce}.Sign(key, b.Now(), b.Rand)
	return api.Proof{Proof: proof, Generation: credential.Generation}, err
}
