package oauth

import "net/url"

// GrantPassword trades a person's password for a token (RFC 6749 §4.3), which
// RFC 9700 §2.4 forbids. It is here for what an organization cannot change yet.
const GrantPassword GrantType = "password"

// PasswordParams are the parameters of GrantPassword (RFC 6749 §4.3.2). The
// password is to be forgotten once a token is held (§4.3.1).
func PasswordParams(username, password string, scopes []string, separator string) url.Values {
	return url.Values{"username": {username}, "password": {password}, "scope": {JoinScope(scopes, separator)}}
}
