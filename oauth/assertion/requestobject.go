package assertion

import (
	"encoding/json"
	"io"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// TypeRequestObject is the typ of a signed authorization request (RFC 9101 §10.8).
const TypeRequestObject = "oauth-authz-req+jwt"

// RequestObject is an authorization request as a signed JWT (RFC 9101).
type RequestObject struct {
	ClientID string     // iss, and the client_id inside
	Audience string     // aud: the issuer
	Params   url.Values // of the authorization request
	Alg      Alg        // empty: what fits the key
	Header   Header     // Type is set to TypeRequestObject
	Lifetime time.Duration
}

// Sign gives the value of the parameter request. A request or request_uri
// inside is refused (§4); JSON parameters (claims, authorization_details)
// stand inside as JSON. The error is an *oauth.Error.
func (r RequestObject) Sign(key Key, now time.Time, random io.Reader) (string, error) {
	claims := map[string]any{}
	for name, values := range r.Params {
		switch {
		case name == "request" || name == "request_uri":
			return "", &oauth.Error{Code: oauth.CodeInvalidRequest, Description: "a signed authorization request must not hold the parameter " + name, Action: oauth.ActionConfigure}
		case (name == "claims" || name == "authorization_details") && json.Valid([]byte(values[0])):
			claims[name] = json.RawMessage(values[0])
		case name == "max_age":
			claims[name] = json.Number(values[0])
		case len(values) == 1:
			claims[name] = values[0]
		default:
			claims[name] = values
		}
	}
	claims["iss"], claims["client_id"], claims["aud"] = r.ClientID, r.ClientID, r.Audience
	header := r.Header
	header.Type = TypeRequestObject
	// Without a subject it cannot pass for a client assertion (RFC 9101 §10.8).
	none := map[string]any{"sub": nil}
	return statement{alg: r.Alg, header: header, claims: claims, override: none, lifetime: r.Lifetime}.sign(key, now, random)
}
