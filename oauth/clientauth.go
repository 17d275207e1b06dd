package oauth

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// ClientAuth is a client's registration and how it proves itself at the token
// endpoint. It redacts the secret wherever it is printed.
type ClientAuth struct {
	ClientID     string
	ClientSecret string
	Method       AuthMethod // empty means Basic with a secret, none without
	// RawBasic leaves id and secret as they are in Basic, for servers that do
	// not form-decode them as RFC 6749 §2.3.1 says.
	RawBasic bool
	// Assertion is the signed JWT for private_key_jwt and client_secret_jwt
	// (RFC 7521 §4.2); the caller mints a fresh one for each request.
	Assertion string
}

func (a ClientAuth) method() AuthMethod {
	switch {
	case a.Method != "":
		return a.Method
	case a.ClientSecret != "":
		return AuthBasic
	}
	return AuthNone
}

// basic is the Authorization header of RFC 6749 §2.3.1: id and secret are
// form-encoded before they are joined (Appendix B).
func (a ClientAuth) basic() string {
	id, secret := a.ClientID, a.ClientSecret
	if !a.RawBasic {
		id, secret = url.QueryEscape(id), url.QueryEscape(secret)
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// place gives the header and the parameters of exactly one authentication
// method (RFC 6749 §2.3).
func (a ClientAuth) place() (authorization string, params url.Values, err error) {
	if a.ClientID == "" && a.method() != AuthNone {
		return "", nil, misconfigured(CodeInvalidClientKey, "the client has no client_id")
	}
	params = url.Values{}
	switch a.method() {
	case AuthBasic:
		return a.basic(), params, nil
	case AuthPost, AuthBasicAndPost:
		if a.ClientSecret == "" {
			return "", nil, misconfigured(CodeInvalidClientKey, "the client has no client_secret, and client_secret_post needs one")
		}
		if a.method() == AuthBasicAndPost {
			authorization = a.basic()
		}
		params.Set("client_id", a.ClientID)
		params.Set("client_secret", a.ClientSecret)
	case AuthNone, AuthTLS, AuthSelfSignedTLS: // the certificate is shown by whoever sends this
		if a.ClientID != "" {
			params.Set("client_id", a.ClientID)
		}
	case AuthPrivateKeyJWT, AuthSecretJWT:
		if a.Assertion == "" {
			return "", nil, misconfigured(CodeInvalidClientKey, "the client has no signed assertion, and "+string(a.Method)+" needs one")
		}
		params.Set("client_id", a.ClientID)
		params.Set("client_assertion_type", assertionType)
		params.Set("client_assertion", a.Assertion)
	default:
		return "", nil, misconfigured(CodeInvalidClientKey, "the client authentication method "+sanitize(string(a.Method), nil)+" is not known")
	}
	return authorization, params, nil
}

func (a ClientAuth) secrets() []string {
	out := []string{}
	for _, s := range []string{a.ClientSecret, a.Assertion} {
		if s != "" {
			out = append(out, s, url.QueryEscape(s))
		}
	}
	if a.ClientSecret != "" {
		out = append(out, a.basic()[len("Basic "):])
	}
	return out
}

// String shows id and method, never the secret.
func (a ClientAuth) String() string {
	return "client " + a.ClientID + " (" + string(a.method()) + ")"
}

// GoString is String: %#v must not show more.
func (a ClientAuth) GoString() string { return "oauth.ClientAuth{" + a.String() + "}" }

// Format redacts for every verb, %d and %x included.
func (a ClientAuth) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue redacts in log/slog.
func (a ClientAuth) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalJSON redacts: a ClientAuth cannot be stored by accident.
func (a ClientAuth) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"client_id": a.ClientID, "method": string(a.method())})
}
