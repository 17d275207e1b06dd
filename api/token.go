package api

import "time"

// AccessToken is an access token handed to a caller that may hold it. It is
// the one response that carries a secret.
type AccessToken struct {
	AccessToken Secret     `json:"access_token"`
	TokenType   string     `json:"token_type"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"` // absent when the provider does not say
	Scope       string     `json:"scope,omitempty"`
	Generation  int64      `json:"generation"`
	Header      string     `json:"header,omitempty"` // name of the header the API wants it in
	Scheme      string     `json:"scheme,omitempty"` // what stands before it there
}

// TokenImport is a token set that was obtained elsewhere. One of the two
// tokens is enough; without an access token the first use renews.
type TokenImport struct {
	AccessToken  Secret     `json:"access_token,omitempty"`
	RefreshToken Secret     `json:"refresh_token,omitempty"`
	TokenType    string     `json:"token_type,omitempty"` // default Bearer
	ExpiresAt    *time.Time `json:"expires_at,omitempty"` // of the access token; absent when unknown
	Scope        string     `json:"scope,omitempty"`      // default: what the connection asks for
}
