package introspection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// maxLife bounds what is believed of a token's end.
const maxLife = 365 * 24 * time.Hour

// Request asks about one token (RFC 7662 §2.1). It redacts itself wherever it
// is printed.
type Request struct {
	Endpoint      string
	Auth          oauth.ClientAuth
	Token         string
	TokenTypeHint string // access_token or refresh_token; empty when not known
	AllowInsecure bool
}

// Answer is what the server says of a token (RFC 7662 §2.2).
type Answer struct {
	Active    bool      // false carries no reason
	ExpiresAt time.Time // on the caller's clock; zero: not told
	Scope     []string  // empty: not told
}

// HTTP builds the request: POST, authenticated. The error is an *oauth.Error.
func (r Request) HTTP(ctx context.Context) (*http.Request, error) {
	if r.Token == "" {
		return nil, &oauth.Error{Code: oauth.CodeInvalidRequest, Description: "there is no token to introspect", Action: oauth.ActionBug}
	}
	return r.message().HTTP(ctx)
}

// message is the request in the form of a token request, which it nearly is.
func (r Request) message() oauth.TokenRequest {
	return oauth.TokenRequest{
		Endpoint:      r.Endpoint,
		Auth:          r.Auth,
		Params:        url.Values{"token": {r.Token}, "token_type_hint": {r.TokenTypeHint}},
		Rules:         oauth.RequestRules{Omit: []string{"grant_type"}},
		AllowInsecure: r.AllowInsecure,
	}
}

// document is the answer's JSON.
type document struct {
	Active  any         `json:"active"`
	Expires json.Number `json:"exp"`
	Scope   string      `json:"scope"`
}

// Judge reads the answer to this request and closes its body. received is the
// moment it began. The error is an *oauth.Error that shows no secret of the
// request.
func (r Request) Judge(resp *http.Response, received time.Time) (Answer, error) {
	answer, err := oauth.ReadResponse(resp, received)
	if err != nil {
		return Answer{}, err
	}
	var doc document
	parseErr := json.Unmarshal(answer.Body, &doc)
	if answer.Status != http.StatusOK || parseErr != nil {
		_, err := answer.Token(oauth.ResponseRules{Asked: oauth.Asked{Redact: r.message().Secrets()}})
		if err == nil {
			err = errors.New("the answer is no introspection response")
		}
		return Answer{}, err
	}
	found := Answer{Active: doc.Active == true, Scope: oauth.ParseScope(doc.Scope, " ")}
	if ends, err := doc.Expires.Float64(); err == nil {
		// The server's clock is only ever subtracted from itself.
		now := received
		if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
			now = date
		}
		life := min(maxLife, max(0, time.Duration(min(ends, 1<<33)-float64(now.Unix()))*time.Second))
		found.ExpiresAt = received.Add(life)
	}
	return found, nil
}

// String shows where the request goes, not the token.
func (r Request) String() string {
	host := ""
	if u, err := url.Parse(r.Endpoint); err == nil {
		host = u.Host
	}
	return "introspection request to " + host
}

// GoString is String: %#v must not show more.
func (r Request) GoString() string { return "introspection.Request{" + r.String() + "}" }

// Format redacts for every verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue redacts in log/slog.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON redacts.
func (r Request) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
