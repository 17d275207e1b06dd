package clientauth

import (
	"errors"

	"github.com/valetkey/valetkey/oauth"
)

// Verdict is what an answer says of the way a client authenticated.
type Verdict int

// The verdicts.
const (
	Unclear Verdict = iota // the answer says nothing of the client
	Taken                  // the server knows the client by now
	Refused                // invalid_client, by that name or another
)

// Judge reads the outcome of a request. After Refused the server has not looked
// at the grant: a code or refresh token in it is not spent (RFC 6749 section
// 5.2).
func Judge(err error) Verdict {
	if err == nil {
		return Taken
	}
	var refused *oauth.Error
	if !errors.As(err, &refused) || refused.Status == 0 {
		return Unclear
	}
	switch refused.Code {
	case oauth.CodeHTTPStatus: // no code: it may be a gateway's word
		return Unclear
	case "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_target",
		"authorization_pending", "slow_down", "access_denied", "expired_token", "unsupported_token_type":
		return Taken
	}
	switch {
	case refused.ClientWide():
		return Refused
	case refused.Action == oauth.ActionReauthorize:
		return Taken
	}
	return Unclear
}
