package clientauth

import (
	"io"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
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
	Provider  api.Provider      // filled in
	Variables map[string]string // for the templates of assertions
	Server    oauth.Server
	Now       time.Time
	Rand      io.Reader
}

// Authenticate makes the client's authentication for one request. The error
// has [api.CodeNeedsConfiguration] when the credential lacks what the method needs.
func (c Case) Authenticate(credential Credential) (oauth.ClientAuth, error) {
	auth := oauth.ClientAuth{ClientID: c.ClientID, ClientSecret: credential.Secret.Reveal(), Method: c.method(credential)}
	var err error
	switch auth.Method {
	case oauth.AuthNone:
		// Nothing sends the secret, unless the description's own templates name it.
	case oauth.AuthPrivateKeyJWT:
		auth.ClientSecret = ""
		var key assertion.Key
		if key, err = c.key(credential.PrivateKey, string(auth.Method)); err == nil {
			auth.Assertion, err = c.clientAssertion(key)
		}
	case oauth.AuthSecretJWT:
		auth.ClientSecret = ""
		if err = c.need(credential.Secret, "client secret", string(auth.Method), "--client-secret-file"); err == nil {
			auth.Assertion, err = c.clientAssertion(assertion.SecretKey(credential.Secret.Reveal()))
		}
	default:
		err = c.need(credential.Secret, "client secret", string(auth.Method), "--client-secret-file")
	}
	return auth, err
}

// method is what the client says, else the provider, else what fits the
// credential there is and what the server advertises.
func (c Case) method(credential Credential) oauth.AuthMethod {
	switch described := c.Provider.TokenEndpointAuthMethod; {
	case c.Method != "":
		return oauth.AuthMethod(c.Method)
	case c.OwnWay:
		return oauth.AuthNone
	case !credential.PrivateKey.IsZero() && credential.Secret.IsZero():
		return oauth.AuthPrivateKeyJWT
	case described != "":
		return oauth.AuthMethod(described)
	default:
		return c.Server.PreferredAuth(!credential.Secret.IsZero())
	}
}

// need says what is missing, and how to give it.
func (c Case) need(text secret.Text, what, purpose, flag string) error {
	if !text.IsZero() {
		return nil
	}
	return fault.New(api.CodeNeedsConfiguration, "the client %q has no %s, and %s needs one", c.Client, what, purpose).
		WithHint("valetkey client update %s %s FILE", c.Client, flag)
}

func (c Case) key(text secret.Text, purpose string) (assertion.Key, error) {
	if err := c.need(text, "private key", purpose, "--private-key-file"); err != nil {
		return assertion.Key{}, err
	}
	return assertion.ParseKey([]byte(text.Reveal()))
}

func (c Case) clientAssertion(key assertion.Key) (string, error) {
	rules := rulesOf(c.Provider.ClientAssertion)
	audience, claims, err := c.addressed(rules)
	if err != nil {
		return "", err
	}
	return assertion.ClientAssertion{
		ClientID: c.ClientID,
		Audience: audience,
		Alg:      assertion.Alg(rules.Alg),
		Header:   header(rules.Header),
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

func header(h *api.AssertionHeader) assertion.Header {
	if h == nil {
		return assertion.Header{}
	}
	return assertion.Header{Type: h.Type, KeyID: h.KeyID, X5T: h.X5T, X5TS256: h.X5TS256, X5C: h.X5C}
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
