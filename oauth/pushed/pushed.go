package pushed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// defaultLife is assumed of a reference whose answer leaves out the required
// expires_in: short enough for every server in use.
const defaultLife = time.Minute

// Request pushes an authorization request (RFC 9126 §2.1). It redacts itself
// wherever it is printed.
type Request struct {
	Endpoint      string // pushed_authorization_request_endpoint
	Auth          oauth.ClientAuth
	Params        url.Values // of the authorization request
	Headers       map[string]string
	AllowInsecure bool // the endpoint may be http anywhere
}

// Reference stands for a pushed request.
type Reference struct {
	URI       string
	ExpiresAt time.Time
}

// HTTP builds the request: POST, form-encoded, authenticated like a token
// request. The error is an *oauth.Error.
func (r Request) HTTP(ctx context.Context) (*http.Request, error) {
	if r.Params.Has("request_uri") {
		return nil, &oauth.Error{Code: oauth.CodeInvalidRequest, Description: "a pushed request must not hold a request_uri", Action: oauth.ActionConfigure}
	}
	return r.message().HTTP(ctx)
}

// message is the request as one to the token endpoint without a grant_type:
// the RFC gives it the same encoding and authentication.
func (r Request) message() oauth.TokenRequest {
	params := maps.Clone(r.Params)
	params.Del("client_id") // the client's authentication is what names it
	return oauth.TokenRequest{
		Endpoint: r.Endpoint, Auth: r.Auth, Params: params, AllowInsecure: r.AllowInsecure,
		Rules: oauth.RequestRules{
			Omit:    []string{"grant_type"},
			Params:  map[string]string{"client_id": r.Auth.ClientID}, // it stands inside as well (§2.1)
			Headers: r.Headers,
		},
	}
}

// Judge reads the answer to this request and closes its body (§2.2). received
// is the moment it began. The error is an *oauth.Error that shows no secret of
// the request.
func (r Request) Judge(resp *http.Response, received time.Time) (Reference, error) {
	answer, err := oauth.ReadResponse(resp, received)
	if err != nil {
		return Reference{}, err
	}
	var body struct {
		RequestURI string  `json:"request_uri"`
		ExpiresIn  float64 `json:"expires_in"`
	}
	parsed := json.Unmarshal(answer.Body, &body)
	if answer.Status < 200 || answer.Status > 299 || parsed != nil || body.RequestURI == "" {
		return Reference{}, r.refusal(answer)
	}
	if strings.ContainsFunc(body.RequestURI, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return Reference{}, &oauth.Error{Code: oauth.CodeInvalidResponse, Description: "the request_uri holds characters that no URI has", Action: oauth.ActionConfigure}
	}
	life := time.Duration(body.ExpiresIn * float64(time.Second))
	if life <= 0 || life > time.Hour {
		life = defaultLife
	}
	return Reference{URI: body.RequestURI, ExpiresAt: received.Add(life)}, nil
}

func (r Request) refusal(answer oauth.Response) error {
	rules := oauth.ResponseRules{}
	rules.Asked.Redact = r.message().Secrets()
	_, err := answer.Token(rules)
	var refused *oauth.Error
	if errors.As(err, &refused) && refused.Action != oauth.ActionUnknownOutcome {
		return refused
	}
	// Nothing was issued: there is nothing to salvage, and nothing is lost.
	return &oauth.Error{Code: oauth.CodeInvalidResponse, Status: answer.Status, Description: "the answer to a pushed authorization request holds no request_uri", Action: oauth.ActionConfigure}
}

// URL is what the browser is sent to: the client and the reference, nothing
// else (§4).
func URL(endpoint, clientID string, reference Reference) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "", &oauth.Error{Code: oauth.CodeInvalidEndpoint, Description: "the authorization endpoint is not an absolute URL", Action: oauth.ActionConfigure}
	}
	query := u.Query()
	query.Set("client_id", clientID)
	query.Set("request_uri", reference.URI)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// String shows for whom the request is.
func (r Request) String() string { return "pushed authorization request of " + r.Auth.String() }

// GoString is String: %#v must not show more.
func (r Request) GoString() string { return "pushed.Request{" + r.String() + "}" }

// Format redacts for every verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue redacts in log/slog.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON redacts.
func (r Request) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
