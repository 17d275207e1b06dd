package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// IntrospectionRequest asks the server what a token is worth (RFC 7662 §2.1).
// It redacts itself wherever it is printed.
type IntrospectionRequest struct {
	Endpoint      string
	Auth          ClientAuth
	Token         string
	TokenTypeHint string // access_token or refresh_token; empty when not known
	AllowInsecure bool
}

// Introspection is what the server says of a token (RFC 7662 §2.2).
type Introspection struct {
	Active    bool      // false carries no reason
	ExpiresAt time.Time // on the caller's clock; zero: not told
	Scope     []string  // empty: not told
}

// HTTP builds the request: POST, authenticated. The error is an *Error.
func (r IntrospectionRequest) HTTP(ctx context.Context) (*http.Request, error) {
	if r.Token == "" {
		return nil, &Error{Code: CodeInvalidRequest, Description: "there is no token to introspect", Action: ActionBug}
	}
	authorization, params, err := r.Auth.place()
	if err != nil {
		return nil, err
	}
	params.Set("token", r.Token)
	params.Set("token_type_hint", r.TokenTypeHint)
	return buildRequest(ctx, outgoing{
		name:          "introspection endpoint",
		endpoint:      r.Endpoint,
		authorization: authorization,
		params:        params,
		opts:          insecureOption(r.AllowInsecure),
	})
}

// Judge reads the answer to this request and closes its body. The token and
// the client's secret cannot come back in the error's words.
func (r IntrospectionRequest) Judge(resp *http.Response, received time.Time) (Introspection, error) {
	rules := ResponseRules{Asked: Asked{Redact: append(r.Auth.secrets(), r.Token)}}
	answer, err := ReadResponse(resp, received)
	if err != nil {
		return Introspection{}, err
	}
	doc, parseErr := answer.document("json")
	if answer.Status != http.StatusOK || parseErr != nil {
		return Introspection{}, answer.failure(doc, rules, AtToken)
	}
	active, _ := lookup(doc, "active")
	found := Introspection{Active: active == true, Scope: ParseScope(text(doc, "scope"), " ")}
	// Both instants are of the server's clock, or one of them stands in for it.
	var t Token
	t.Received = received
	exp, _ := lookup(doc, "exp")
	if at, ok := pointInTime(exp, "unix"); ok {
		now := received
		if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
			now = date
		}
		found.ExpiresAt = received.Add(t.bounded(at.Sub(now)))
	}
	return found, nil
}

// String shows where the request goes, not the token.
func (r IntrospectionRequest) String() string {
	return "introspection request to " + hostOf(r.Endpoint)
}

// GoString is String: %#v must not show more.
func (r IntrospectionRequest) GoString() string {
	return "oauth.IntrospectionRequest{" + r.String() + "}"
}

// Format redacts for every verb.
func (r IntrospectionRequest) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue redacts in log/slog.
func (r IntrospectionRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON redacts.
func (r IntrospectionRequest) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
