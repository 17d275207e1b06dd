package registration

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
	"github.com/valetkey/valetkey/oauth/dpop"
	"github.com/valetkey/valetkey/oauth/register"
)

const clientName = "Valetkey"

// wish is a client that is to be registered.
type wish struct {
	provider    api.Provider
	server      oauth.Server
	redirectURI string
	further     map[string]any // what the operator says; it wins
	document    bool           // no secret can be in a document
}

// metadata is what to register, with the private key where one was made for it.
func (w wish) metadata(random io.Reader) (register.Metadata, *api.Secret, error) {
	grant := arrangement.GrantOf(api.ConnectionSpec{}, w.provider)
	m := register.Metadata{
		RedirectURIs:          []string{w.redirectURI},
		DPoPBoundAccessTokens: w.provider.DPoP == api.DPoPRequired,
		Shape: register.Shape{
			ClientName:      clientName,
			GrantTypes:      w.grants(grant),
			ApplicationType: applicationType(w.redirectURI),
		},
	}
	if grant == oauth.GrantAuthorizationCode {
		m.ResponseTypes = []string{"code"}
	}
	m.Method = w.method()
	m, err := over(m, w.further)
	if err != nil {
		return m, nil, err
	}
	if m.Method != string(oauth.AuthPrivateKeyJWT) || len(m.JWKS) > 0 || m.JWKSURI != "" {
		return m, nil, nil
	}
	key, keys, err := w.key(random, m.SigningAlg)
	m.JWKS = keys
	return m, key, err
}

// grants are the grant types that connections of the provider need.
func (w wish) grants(grant oauth.GrantType) []string {
	name := string(grant)
	switch grant {
	case arrangement.GrantDevice:
		name = "urn:ietf:params:oauth:grant-type:device_code"
	case arrangement.GrantJWTBearer:
		return []string{string(oauth.GrantJWTBearer)}
	case oauth.GrantClientCredentials:
		return []string{name}
	}
	if supported := w.server.GrantTypes; len(supported) > 0 && !slices.Contains(supported, string(oauth.GrantRefreshToken)) {
		return []string{name}
	}
	return []string{name, string(oauth.GrantRefreshToken)}
}

// method is the strongest client authentication that the server takes.
func (w wish) method() string {
	choices := []oauth.AuthMethod{oauth.AuthPrivateKeyJWT, oauth.AuthBasic, oauth.AuthPost, oauth.AuthNone}
	if w.document {
		choices = []oauth.AuthMethod{oauth.AuthPrivateKeyJWT, oauth.AuthNone}
	}
	for _, choice := range choices {
		if slices.Contains(w.server.AuthMethods, choice) {
			return string(choice)
		}
	}
	if w.document {
		return string(oauth.AuthNone)
	}
	return string(oauth.AuthBasic)
}

// key makes a private key, and the key set that goes with it.
func (w wish) key(random io.Reader, alg string) (*api.Secret, json.RawMessage, error) {
	algs := w.server.AssertionAlgs
	if alg != "" {
		algs = []string{alg}
	}
	made, err := dpop.Generate(random, algs)
	if err != nil {
		return nil, nil, fault.Wrap(err, api.CodeNeedsConfiguration, "no key can be made for the client: %s", oauth.Words(err)).
			WithHint("--metadata token_endpoint_auth_method=client_secret_basic registers it with a secret instead")
	}
	text, err := made.Text()
	if err != nil {
		return nil, nil, err
	}
	var jwk map[string]any
	if err := json.Unmarshal(text, &jwk); err != nil {
		return nil, nil, err
	}
	jwk["kid"], jwk["use"] = made.Thumbprint(), "sig"
	if text, err = json.Marshal(jwk); err != nil {
		return nil, nil, err
	}
	key, err := assertion.ParseKey(text)
	if err != nil {
		return nil, nil, err
	}
	public, err := key.PublicJWK()
	if err != nil {
		return nil, nil, err
	}
	keys, err := json.Marshal(map[string]any{"keys": []json.RawMessage{public}})
	kept := api.Secret(text)
	return &kept, keys, err
}

// over lays members over metadata; null takes one out.
func over(m register.Metadata, further map[string]any) (register.Metadata, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return m, err
	}
	for name, value := range further {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	if text, err = json.Marshal(all); err != nil {
		return m, err
	}
	var changed register.Metadata
	if err := json.Unmarshal(text, &changed); err != nil {
		return m, fault.New(api.CodeInvalid, "a member of the metadata has the wrong type").
			WithHint("RFC 7591 section 2 lists them; redirect_uris, grant_types and response_types are lists")
	}
	return changed, nil
}

// applicationType says what kind of redirect URI to expect (OpenID Connect
// Registration section 2): loopback addresses belong to native clients.
func applicationType(redirectURI string) string {
	if u, err := url.Parse(redirectURI); err == nil && u.Scheme == "http" {
		return "native"
	}
	return "web"
}
