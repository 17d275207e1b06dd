package arrangement

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/dpop"
)

// Nonces are what servers want to find in proofs of possession (RFC 9449
// sections 8, 9). Authorization servers and APIs give them apart.
type Nonces struct{ servers, apis dpop.Nonces }

// binds reports whether the connection's tokens are to be bound to a key: as
// the connection says, else the provider, else the client's registration.
func (d *Desk) binds(a Arrangement) (bool, error) {
	switch mode := cmp.Or(a.Connection.Spec.DPoP, a.Described.DPoP, api.DPoPAuto); mode {
	case api.DPoPRequired:
		return true, nil
	case api.DPoPOff:
		return false, nil
	case api.DPoPAuto:
		registered, err := d.Registration(a.Client)
		return registered.Metadata.DPoPBoundAccessTokens, err
	default:
		return false, unknownBinding(mode)
	}
}

// CheckBinding refuses a setting of a connection that is not known.
func CheckBinding(spec api.ConnectionSpec) error {
	switch spec.DPoP {
	case "", api.DPoPAuto, api.DPoPRequired, api.DPoPOff:
		return nil
	}
	return unknownBinding(spec.DPoP)
}

func unknownBinding(mode string) error {
	return fault.New(api.CodeInvalid, "dpop: %q is not known", mode).WithHint("use auto, required or off")
}

// OpenProofKey opens the key that a connection's tokens are bound to.
func OpenProofKey(sealer Sealer, connection string, kept secret.Sealed) (dpop.Key, error) {
	text, err := sealer.Open(kept, ledger.ProofKeyPlace(connection))
	if err != nil {
		return dpop.Key{}, err
	}
	return dpop.Parse([]byte(text.Reveal()))
}

// proofKey is the one key of a connection, made at its first use: whoever asks
// later gets the same (RFC 9449 section 5).
func (d *Desk) proofKey(ctx context.Context, a Arrangement, algs []string) (dpop.Key, error) {
	name := a.Connection.Name
	if kept := a.Connection.ProofKey; len(kept) > 0 {
		return OpenProofKey(d.Keyring, name, kept)
	}
	fresh, err := dpop.Generate(d.Rand, algs)
	if err != nil {
		return dpop.Key{}, err
	}
	text, err := fresh.Text()
	if err != nil {
		return dpop.Key{}, err
	}
	sealed, err := d.Keyring.Seal(secret.NewText(string(text)), ledger.ProofKeyPlace(name))
	if err != nil {
		return dpop.Key{}, err
	}
	kept, err := d.Store.KeepProofKey(ctx, name, sealed)
	if err != nil {
		return dpop.Key{}, ledger.Fault(err, "connection", name)
	}
	return OpenProofKey(d.Keyring, name, kept)
}

// bindCode binds the code to the key already, so that nobody else redeems it
// (RFC 9449 section 10).
func (d *Desk) bindCode(ctx context.Context, a Arrangement, server oauth.Server, request *oauth.AuthorizationRequest) error {
	bound, err := d.binds(a)
	if err != nil || !bound {
		return err
	}
	key, err := d.proofKey(ctx, a, server.DPoPSigningAlgs)
	if err != nil {
		return unbuildable(err)
	}
	request.Extra.Set("dpop_jkt", key.Thumbprint())
	return nil
}

// prover adds proofs of possession to requests; the zero prover adds none.
type prover struct {
	desk   *Desk
	key    dpop.Key
	nonces *dpop.Nonces
	token  string // sent with the request; "" to an authorization server
}

// prover is what a connection's requests to its authorization server are
// proved with, if they are.
func (d *Desk) prover(ctx context.Context, a Arrangement, server oauth.Server) (prover, error) {
	bound, err := d.binds(a)
	if err != nil || !bound {
		return prover{}, err
	}
	key, err := d.proofKey(ctx, a, server.DPoPSigningAlgs)
	return prover{desk: d, key: key, nonces: &d.Nonces.servers}, err
}

func (p prover) proves() bool { return !p.key.IsZero() }

// over is a way to a server on which each request carries a fresh proof.
func (p prover) over(next Doer) Doer {
	if !p.proves() {
		return next
	}
	return proving{prover: p, next: next}
}

// wantsAgain reports whether a server wants the same request with its nonce:
// it has used nothing up (RFC 9449 section 8).
func (p prover) wantsAgain(err error) bool {
	var refused *oauth.Error
	return p.proves() && errors.As(err, &refused) && refused.Code == dpop.CodeUseNonce
}

// checked discards an access token that is not bound though it was to be
// (RFC 9449 section 5). What renews the grant is kept.
func (p prover) checked(token oauth.Token, grant oauth.GrantType) (oauth.Token, error) {
	if !p.proves() || token.AccessToken == "" || strings.EqualFold(token.TokenType, dpop.TokenType) {
		return token, nil
	}
	return oauth.Token{RefreshToken: token.RefreshToken, Received: token.Received, ExpiresAt: token.Received, ExpiryKnown: true}, &oauth.Error{
		Code:        oauth.CodeTokenType,
		Description: "the access token is not bound to our key though the connection says dpop: required, so it was discarded; set dpop: off where the provider cannot bind tokens",
		Action:      oauth.ActionConfigure,
		Grant:       grant,
	}
}

// proving is a Doer whose requests carry proofs.
type proving struct {
	prover
	next Doer
}

// Do implements [Doer]. It adopts the nonce of every answer (RFC 9449 section 8.2).
func (p proving) Do(r *http.Request) (*http.Response, error) {
	proof, err := dpop.Proof{
		Method: r.Method, URL: r.URL, AccessToken: p.token, Nonce: p.nonces.Of(r.URL),
	}.Sign(p.key, p.desk.Now(), p.desk.Rand)
	if err != nil {
		return nil, err
	}
	r.Header[dpop.Header] = []string{proof}
	response, err := p.next.Do(r)
	if err == nil {
		p.nonces.Adopt(r.URL, response.Header)
	}
	return response, err
}

// forToken is the way to APIs with a token of its own: one that is bound goes
// with a proof and never as a bearer (RFC 9449 section 7.1).
func (d *Desk) forToken(ctx context.Context, a Arrangement, token oauth.Token) Doer {
	if !strings.EqualFold(token.TokenType, dpop.TokenType) {
		return d.HTTP
	}
	key, err := d.proofKey(ctx, a, nil)
	if err != nil {
		return refusing{err}
	}
	return bound{proving{prover: prover{desk: d, key: key, nonces: &d.Nonces.apis, token: token.AccessToken}, next: d.HTTP}}
}

// bound sends requests that were made for a bearer token with a bound one. They
// have no body, so that they can be sent again with a nonce.
type bound struct{ proving }

// Do implements [Doer].
func (b bound) Do(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "Bearer "+b.token {
		return b.next.Do(r)
	}
	r.Header.Set("Authorization", dpop.TokenType+" "+b.token)
	response, err := b.proving.Do(r)
	if err != nil || r.Body != nil && r.Body != http.NoBody || !dpop.Asked(response.StatusCode, response.Header) {
		return response, err
	}
	response.Body.Close()
	return b.proving.Do(r)
}

// refusing is a way that leads nowhere.
type refusing struct{ err error }

// Do implements [Doer].
func (r refusing) Do(*http.Request) (*http.Response, error) { return nil, r.err }
