package assertion

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/oauth"
)

// The token types of RFC 8693 §3.
const (
	TypeAccessToken  = "urn:ietf:params:oauth:token-type:access_token"
	TypeRefreshToken = "urn:ietf:params:oauth:token-type:refresh_token"
	TypeIDToken      = "urn:ietf:params:oauth:token-type:id_token"
	TypeSAML1        = "urn:ietf:params:oauth:token-type:saml1"
	TypeSAML2        = "urn:ietf:params:oauth:token-type:saml2"
	TypeJWT          = "urn:ietf:params:oauth:token-type:jwt"
)

// Exchange asks for another token in place of one that is held (RFC 8693
// §2.1), with GrantTokenExchange. It redacts itself wherever it is printed.
type Exchange struct {
	SubjectToken       string
	SubjectTokenType   string // TypeAccessToken and the like
	ActorToken         string // who acts for the subject; optional
	ActorTokenType     string // with ActorToken, and only with it
	RequestedTokenType string // optional
	Resources          []string
	Audiences          []string
	Scopes             []string
	Separator          string // of scopes; default a space
}

// Params are those of the token request. The error is an *oauth.Error.
func (e Exchange) Params() (url.Values, error) {
	switch {
	case e.SubjectToken == "":
		return nil, malformed("there is no subject_token to exchange")
	case e.SubjectTokenType == "":
		return nil, malformed("the subject_token has no subject_token_type; for an access token it is %s", TypeAccessToken)
	case e.ActorToken != "" && e.ActorTokenType == "":
		return nil, malformed("the actor_token has no actor_token_type; for an access token it is %s", TypeAccessToken)
	case e.ActorToken == "" && e.ActorTokenType != "":
		return nil, malformed("there is an actor_token_type and no actor_token; RFC 8693 §2.1 forbids that")
	}
	for _, resource := range e.Resources {
		u, err := url.Parse(resource)
		if err != nil || !u.IsAbs() || strings.Contains(resource, "#") {
			return nil, malformed("the resource %s is not an absolute URI without a fragment", shown(resource))
		}
	}
	return url.Values{
		"subject_token":        {e.SubjectToken},
		"subject_token_type":   {e.SubjectTokenType},
		"actor_token":          {e.ActorToken},
		"actor_token_type":     {e.ActorTokenType},
		"requested_token_type": {e.RequestedTokenType},
		"resource":             e.Resources,
		"audience":             e.Audiences,
		"scope":                {oauth.JoinScope(e.Scopes, e.Separator)},
	}, nil
}

// String shows the kinds of token, none of them.
func (e Exchange) String() string {
	kind := strings.TrimPrefix(e.SubjectTokenType, "urn:ietf:params:oauth:token-type:")
	return "token exchange of " + shown(kind)
}

// GoString is String: %#v must not show more.
func (e Exchange) GoString() string { return "assertion.Exchange{" + e.String() + "}" }

// Format redacts for every verb.
func (e Exchange) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(e.String())) }

// LogValue redacts in log/slog.
func (e Exchange) LogValue() slog.Value { return slog.StringValue(e.String()) }

// MarshalJSON redacts.
func (e Exchange) MarshalJSON() ([]byte, error) { return json.Marshal(e.String()) }

// OnBehalfOfParams trades the token a user brought to our API for one to the
// next API, in the dialect that predates RFC 8693: oauth.GrantJWTBearer with
// requested_token_use. The token's audience must be our own client, and it
// must be a user's. The error is an *oauth.Error.
func OnBehalfOfParams(userToken string, scopes []string, separator string) (url.Values, error) {
	params, err := BearerParams(userToken, scopes, separator)
	if err != nil {
		return nil, err
	}
	params.Set("requested_token_use", "on_behalf_of")
	return params, nil
}
