package clientauth

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// Case is one client at one server, at one moment.
type Case struct {
	Client    string            // our name for it, for messages
	ClientID  string            // the provider's
	Method    string            // the client's own setting; "" leaves the choice
	OwnWay    bool              // the description sends the credential in a way of its own
	Learned   ledger.Learned    // what earlier requests showed
	Provider  api.Provider      // filled in
	Variables map[string]string // for the templates of assertions
	Server    oauth.Server
	Outside   Outside
	Now       time.Time
	Rand      io.Reader
}

// Proof is a client's authentication for one request. It redacts itself.
type Proof struct {
	oauth.ClientAuth
	Pair secret.Text // certificate and private key in PEM, to be shown in TLS; empty: none
}

// Authenticate makes the client's authentication for one request. The error
// has [api.CodeNeedsConfiguration] when the credential lacks what the way needs.
func (c Case) Authenticate(ctx context.Context, credential Credential, way Way) (Proof, error) {
	proof := Proof{ClientAuth: oauth.ClientAuth{ClientID: c.ClientID, Method: way.Method}}
	own := credential.Secret(way.Secret)
	var err error
	switch {
	case Certified(way.Method):
	case way.Method == oauth.AuthNone:
		// Nothing sends the secret, unless the description's own templates name it.
		proof.ClientSecret = own.Reveal()
	case way.Method == oauth.AuthPrivateKeyJWT:
		proof.Assertion, err = c.clientAssertion(ctx, credential)
	case way.Method == oauth.AuthSecretJWT:
		if err = c.need(!own.IsZero(), "client secret", string(way.Method), "--client-secret-file"); err == nil {
			proof.Assertion, err = c.sign(assertion.SecretKey(own.Reveal()))
		}
	default:
		proof.ClientSecret = own.Reveal()
		err = c.need(!own.IsZero(), "client secret", string(way.Method), "--client-secret-file")
	}
	if err == nil {
		proof.Pair, err = c.Pair(credential, way.Method)
	}
	return proof, err
}

// Pair is what the client shows in TLS with a method, certificate and private
// key in PEM; empty when it shows nothing.
func (c Case) Pair(credential Credential, method oauth.AuthMethod) (secret.Text, error) {
	if !c.Provider.BoundTokens && !Certified(method) {
		return secret.Text{}, nil
	}
	purpose := string(method)
	if !Certified(method) {
		purpose = "a token bound to its certificate"
	}
	if err := c.need(credential.HasKey(), "private key with its certificate", purpose, "--private-key-file"); err != nil {
		return secret.Text{}, err
	}
	pair, err := credential.Pair(c.Outside)
	return secret.NewText(string(pair)), err
}

// need says what is missing, and how to give it.
func (c Case) need(there bool, what, purpose, flag string) error {
	if there {
		return nil
	}
	return fault.New(api.CodeNeedsConfiguration, "the client %q has no %s, and %s needs one", c.Client, what, purpose).
		WithHint("valetkey client update %s %s FILE", c.Client, flag)
}

func (c Case) key(credential Credential, purpose string) (assertion.Key, error) {
	if err := c.need(credential.HasKey(), "private key", purpose, "--private-key-file"); err != nil {
		return assertion.Key{}, err
	}
	return credential.Key(c.Outside)
}

// clientAssertion is the JWT of private_key_jwt: somebody else's, or one of our
// own signing.
func (c Case) clientAssertion(ctx context.Context, credential Credential) (string, error) {
	if from := credential.Sources.ClientAssertion; from != nil {
		return c.Outside.assertion(ctx, *from)
	}
	key, err := c.key(credential, string(oauth.AuthPrivateKeyJWT))
	if err != nil {
		return "", err
	}
	return c.sign(key)
}

func (c Case) sign(key assertion.Key) (string, error) {
	rules := rulesOf(c.Provider.ClientAssertion)
	audience, claims, err := c.addressed(rules)
	if err != nil {
		return "", err
	}
	head, err := c.header(rules.Header)
	if err != nil {
		return "", err
	}
	return assertion.ClientAssertion{
		ClientID: c.ClientID,
		Audience: audience,
		Alg:      assertion.Alg(rules.Alg),
		Header:   head,
		Lifetime: time.Duration(rules.Lifetime),
		Claims:   claims,
	}.Sign(key, c.Now, c.Rand)
}

func rulesOf(rules *api.AssertionRules) api.AssertionRules {
	if rules == nil {
		return api.AssertionRules{}
	}
	return *rules
}

// header fills in what stands in the JOSE header.
func (c Case) header(h *api.AssertionHeader) (assertion.Header, error) {
	if h == nil {
		return assertion.Header{}, nil
	}
	kid, err := catalog.ExpandText(h.KeyID, c.Variables)
	return assertion.Header{Type: h.Type, KeyID: kid, X5T: h.X5T, X5TS256: h.X5TS256, X5C: h.X5C}, err
}

// addressed fills in whom an assertion is for and what it claims besides.
func (c Case) addressed(rules api.AssertionRules) (audience string, claims map[string]any, err error) {
	if audience, err = c.audience(rules.Audience); err != nil {
		return "", nil, err
	}
	claims = make(map[string]any, len(rules.Claims))
	for name, value := range rules.Claims {
		if text, ok := value.(string); ok && strings.Contains(text, "{") {
			if value, err = catalog.ExpandText(text, c.Variables); err != nil {
				return "", nil, err
			}
		}
		claims[name] = value
	}
	return audience, claims, nil
}

// audience is whom the assertion is for. The revision of RFC 7523 wants the
// issuer; a server without a known one is told by its token endpoint.
func (c Case) audience(rule string) (string, error) {
	switch rule {
	case "issuer", "":
		if c.Server.Issuer != "" {
			return c.Server.Issuer, nil
		}
		return c.Server.TokenEndpoint, nil
	case "token_endpoint":
		return c.Server.TokenEndpoint, nil
	default:
		return catalog.ExpandText(rule, c.Variables)
	}
}
