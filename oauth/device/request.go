package device

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// Grant is the grant type of the token request (RFC 8628 §3.4).
const Grant oauth.GrantType = "urn:ietf:params:oauth:grant-type:device_code"

// Params are those of the token request that polls (RFC 8628 §3.4). Name the
// device code in ResponseRules.Asked.Redact too, so that a server that echoes
// it does not put it into an error.
func Params(deviceCode string) url.Values { return url.Values{"device_code": {deviceCode}} }

// Request asks the device authorization endpoint for a pair of codes
// (RFC 8628 §3.1). It redacts itself wherever it is printed.
type Request struct {
	Endpoint      string // device_authorization_endpoint
	Auth          oauth.ClientAuth
	Scopes        []string
	Separator     string     // of scopes; default a space
	Params        url.Values // sent besides, such as resource or audience
	Rules         oauth.RequestRules
	AllowInsecure bool // the endpoint, and the address to show, may be http anywhere
}

// HTTP builds the request: POST, form-encoded, authenticated like a token
// request; a public client sends its client_id. The error is an *oauth.Error.
func (r Request) HTTP(ctx context.Context) (*http.Request, error) {
	if r.Auth.ClientID == "" {
		return nil, &oauth.Error{Code: oauth.CodeInvalidClientKey, Description: "the client has no client_id, and the device authorization endpoint needs one", Action: oauth.ActionConfigure}
	}
	return r.message().HTTP(ctx)
}

// message is the request as one to the token endpoint without a grant_type:
// the RFC gives it the same encoding and authentication.
func (r Request) message() oauth.TokenRequest {
	params := maps.Clone(r.Params)
	if params == nil {
		params = url.Values{}
	}
	if len(r.Scopes) > 0 {
		params.Set("scope", oauth.JoinScope(r.Scopes, r.Separator))
	}
	rules := r.Rules
	rules.Omit = append(slices.Clone(rules.Omit), "grant_type")
	return oauth.TokenRequest{
		Endpoint: r.Endpoint, Auth: r.Auth, Grant: Grant,
		Params: params, Rules: rules, AllowInsecure: r.AllowInsecure,
	}
}

// Judge reads the answer to this request and closes its body (RFC 8628 §3.2).
// received is the moment it began. The rules say what an error looks like, as
// for a token response. The error is an *oauth.Error that shows no secret of
// the request.
func (r Request) Judge(resp *http.Response, received time.Time, rules oauth.ResponseRules) (Authorization, error) {
	rules.Asked.Grant = Grant
	rules.Asked.Redact = append(r.message().Secrets(), rules.Asked.Redact...)
	var opts []oauth.Option
	if r.AllowInsecure {
		opts = append(opts, oauth.AllowInsecure)
	}
	return ReadAuthorization(resp, received, rules, opts...)
}

// String shows where the request goes and for whom.
func (r Request) String() string { return "device authorization request of " + r.Auth.String() }

// GoString is String: %#v must not show more.
func (r Request) GoString() string { return "device.Request{" + r.String() + "}" }

// Format redacts for every verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue redacts in log/slog.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON redacts.
func (r Request) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
