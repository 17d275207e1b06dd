package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// RevocationRequest asks the server to forget a token (RFC 7009 §2.1). It
// redacts itself wherever it is printed.
type RevocationRequest struct {
	Endpoint      string
	Auth          ClientAuth
	Token         string
	TokenTypeHint string // access_token or refresh_token; empty when not known
	Rules         RequestRules
	AllowInsecure bool
}

// HTTP builds the request. With auth: access_token in the rules the token
// itself is the credential, and the client's are not sent. The error is an
// *Error.
func (r RevocationRequest) HTTP(ctx context.Context) (*http.Request, error) {
	if r.Token == "" {
		return nil, &Error{Code: CodeInvalidRequest, Description: "there is no token to revoke", Action: ActionBug}
	}
	o := outgoing{
		name:     "revocation endpoint",
		endpoint: r.Endpoint,
		rules:    r.Rules,
		opts:     insecureOption(r.AllowInsecure),
	}
	if r.Rules.Auth == AuthAccessToken {
		if !visible(r.Token) {
			return nil, refused(CodeInvalidToken, "the token holds characters that do not belong in a header")
		}
		o.authorization = "Bearer " + r.Token
		o.params = url.Values{}
		return buildRequest(ctx, o)
	}
	auth, err := legAuth(r.Auth, r.Rules)
	if err != nil {
		return nil, err
	}
	if o.authorization, o.params, err = auth.place(); err != nil {
		return nil, err
	}
	if r.Rules.named() {
		// The address names what ends: the parameters of RFC 7009 belong to its POST.
		o.params = url.Values{}
		return buildRequest(ctx, o)
	}
	o.params.Set("token", r.Token)
	o.params.Set("token_type_hint", r.TokenTypeHint)
	return buildRequest(ctx, o)
}

// named reports whether a revocation is a DELETE of what its address names. One
// that has an encoding sends the RFC's parameters so.
func (r RequestRules) named() bool {
	return strings.EqualFold(r.Method, http.MethodDelete) && r.Encoding == ""
}

// ReadRevocationResponse judges the answer and closes its body. Any success
// status means the token is dead, also when the server never knew it
// (RFC 7009 §2.2). After 503 the token still lives (§2.2.1).
// unsupported_token_type calls for revoking the refresh token instead.
func ReadRevocationResponse(resp *http.Response, received time.Time, rules ResponseRules) error {
	r, err := ReadResponse(resp, received)
	if resp.StatusCode >= 200 && resp.StatusCode < 300 && rules.ErrorWhen == nil {
		return nil // the body does not matter, not even when it cannot be read
	}
	if err != nil {
		return err
	}
	doc, _ := r.document(rules.Format)
	if r.Status < 300 && !rules.ErrorWhen.holds(doc) {
		return nil
	}
	return r.failure(doc, rules, AtRevocation)
}

// Judge is ReadRevocationResponse for the answer to this request: the token
// and the client's secret cannot come back in the error's words.
func (r RevocationRequest) Judge(resp *http.Response, received time.Time, rules ResponseRules) error {
	rules.Asked.Redact = append(append(r.Auth.secrets(), r.Token), rules.Asked.Redact...)
	return ReadRevocationResponse(resp, received, rules)
}

// String shows where the request goes, not the token.
func (r RevocationRequest) String() string { return "revocation request to " + hostOf(r.Endpoint) }

// GoString is String: %#v must not show more.
func (r RevocationRequest) GoString() string { return "oauth.RevocationRequest{" + r.String() + "}" }

// Format redacts for every verb.
func (r RevocationRequest) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue redacts in log/slog.
func (r RevocationRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON redacts.
func (r RevocationRequest) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
