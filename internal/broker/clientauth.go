package broker

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// clientCredential is what a client authenticates with. It is sealed as one
// document, so that the store needs no column for each kind.
type clientCredential struct {
	Secret     string `json:"client_secret,omitempty"`
	PrivateKey string `json:"private_key,omitempty"`
}

func (b *Broker) openCredential(c Client) (clientCredential, error) {
	var credential clientCredential
	text, err := b.Keyring.Open(c.Secret, clientSecretPlace(c.Name))
	if err != nil || text.IsZero() {
		return credential, err
	}
	if err := json.Unmarshal([]byte(text.Reveal()), &credential); err != nil {
		return credential, fault.New(api.CodeInternal, "the credential of client %q cannot be read", c.Name)
	}
	return credential, nil
}

// changeCredential seals what a spec says over what is there.
func (b *Broker) changeCredential(old Client, name string, spec api.ClientSpec) (secret.Sealed, error) {
	credential, err := b.openCredential(old)
	if err != nil {
		return nil, err
	}
	if k := spec.PrivateKey; k != nil && *k != api.Mask && *k != "" {
		if _, err := assertion.ParseKey([]byte(*k)); err != nil {
			return nil, fault.Wrap(err, api.CodeInvalid, "the private key cannot be used: %s", describe(err)).
				WithHint("give a PEM file (with its certificate, where there is one), a JWK, or a service account's JSON file")
		}
	}
	written(&credential.Secret, spec.ClientSecret)
	written(&credential.PrivateKey, spec.PrivateKey)
	if credential == (clientCredential{}) {
		return nil, nil
	}
	text, err := json.Marshal(credential)
	if err != nil {
		return nil, err
	}
	return b.Keyring.Seal(secret.NewText(string(text)), clientSecretPlace(name))
}

// written sets a secret unless it is absent or masked.
func written(field *string, value *api.Secret) {
	if value != nil && *value != api.Mask {
		*field = string(*value)
	}
}

// showCredential says what there is without showing it.
func (b *Broker) showCredential(c Client, view *api.Client) {
	credential, err := b.openCredential(c)
	if err != nil {
		view.ClientSecret = api.Mask // something is there, and the keyring in use does not open it
		return
	}
	if credential.Secret != "" {
		view.ClientSecret = api.Mask
	}
	if credential.PrivateKey == "" {
		return
	}
	view.PrivateKey = api.Mask
	if key, err := assertion.ParseKey([]byte(credential.PrivateKey)); err == nil {
		if ends, ok := key.CertificateExpires(); ok {
			view.CertificateExpiresAt = optional(ends)
		}
	}
}

// clientAuth makes the client's authentication for one token request: an
// assertion is fresh each time (RFC 7523 section 3).
func (b *Broker) clientAuth(_ context.Context, a arrangement, server oauth.Server) (oauth.ClientAuth, error) {
	credential, err := b.openCredential(a.client)
	if err != nil {
		return oauth.ClientAuth{}, err
	}
	auth := oauth.ClientAuth{ClientID: a.client.ClientID, ClientSecret: credential.Secret, Method: a.authMethod(credential, server)}
	switch auth.Method {
	case oauth.AuthNone:
		// Nothing sends the secret, unless the description's own templates name it.
	case oauth.AuthPrivateKeyJWT:
		if credential.PrivateKey == "" {
			return auth, missing(a.client.Name, "private key", auth.Method, "--private-key-file")
		}
		key, err := assertion.ParseKey([]byte(credential.PrivateKey))
		if err != nil {
			return auth, err
		}
		auth.ClientSecret = ""
		auth.Assertion, err = b.clientAssertion(a, server, key)
		return auth, err
	case oauth.AuthSecretJWT:
		if credential.Secret == "" {
			return auth, missing(a.client.Name, "client secret", auth.Method, "--client-secret-file")
		}
		auth.ClientSecret = ""
		auth.Assertion, err = b.clientAssertion(a, server, assertion.SecretKey(credential.Secret))
		return auth, err
	default:
		if credential.Secret == "" {
			return auth, missing(a.client.Name, "client secret", auth.Method, "--client-secret-file")
		}
	}
	return auth, nil
}

// authMethod is what the client says, else the provider, else what fits the
// credential there is and what the server advertises.
func (a arrangement) authMethod(credential clientCredential, server oauth.Server) oauth.AuthMethod {
	own, described := a.client.TokenEndpointAuthMethod, a.provider.Provider.TokenEndpointAuthMethod
	switch {
	case own != "":
		return oauth.AuthMethod(own)
	case a.described.TokenEndpointAuth != nil:
		return oauth.AuthNone // the description has a way of its own
	case credential.PrivateKey != "" && credential.Secret == "":
		return oauth.AuthPrivateKeyJWT
	case described != "":
		return oauth.AuthMethod(described)
	default:
		return server.PreferredAuth(credential.Secret != "")
	}
}

func missing(client, what string, method oauth.AuthMethod, flag string) error {
	return fault.New(api.CodeNeedsConfiguration, "the client %q has no %s, and %s needs one", client, what, method).
		WithHint("valetkey client update %s %s FILE", client, flag)
}

func (b *Broker) clientAssertion(a arrangement, server oauth.Server, key assertion.Key) (string, error) {
	rules := assertionRules(a.provider.Provider.ClientAssertion)
	audience, err := a.audience(rules, server)
	if err != nil {
		return "", err
	}
	claims, err := a.claims(rules)
	if err != nil {
		return "", err
	}
	return assertion.ClientAssertion{
		ClientID: a.client.ClientID,
		Audience: audience,
		Alg:      assertion.Alg(rules.Alg),
		Header:   assertionHeader(rules.Header),
		Lifetime: time.Duration(rules.Lifetime),
		Claims:   claims,
	}.Sign(key, b.Now(), b.Rand)
}

func assertionRules(rules *api.AssertionRules) api.AssertionRules {
	if rules == nil {
		return api.AssertionRules{}
	}
	return *rules
}

func assertionHeader(h *api.AssertionHeader) assertion.Header {
	if h == nil {
		return assertion.Header{}
	}
	return assertion.Header{Type: h.Type, KeyID: h.KeyID, X5T: h.X5T, X5TS256: h.X5TS256, X5C: h.X5C}
}

// audience is whom the assertion is for. The revision of RFC 7523 wants the
// issuer; servers without a known one are told by their token endpoint.
func (a arrangement) audience(rules api.AssertionRules, server oauth.Server) (string, error) {
	switch rules.Audience {
	case "issuer", "":
		if server.Issuer != "" {
			return server.Issuer, nil
		}
		return server.TokenEndpoint, nil
	case "token_endpoint":
		return server.TokenEndpoint, nil
	default:
		return catalog.ExpandText(rules.Audience, a.provider.Variables)
	}
}

// claims fills in the texts among the claims.
func (a arrangement) claims(rules api.AssertionRules) (map[string]any, error) {
	claims := make(map[string]any, len(rules.Claims))
	for name, value := range rules.Claims {
		text, isText := value.(string)
		if isText && strings.Contains(text, "{") {
			filled, err := catalog.ExpandText(text, a.provider.Variables)
			if err != nil {
				return nil, err
			}
			value = filled
		}
		claims[name] = value
	}
	return claims, nil
}
