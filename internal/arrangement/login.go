package arrangement

import (
	"encoding/json"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// loginMark begins a kept login; no refresh token has it, for it is no visible
// character (RFC 6749 appendix A.17).
const loginMark = "\x01login "

// login is what is kept of the grant password where the provider gave no
// refresh token: sealed, in the refresh token's place, for it is what renews.
type login struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// KeepLogin puts a login in place of the refresh token that an answer lacks.
// An answer that has one ends the login: nothing is kept of it (RFC 6749
// section 4.3.1).
func KeepLogin(token oauth.Token, given api.GrantInput) (oauth.Token, error) {
	if token.RefreshToken != "" {
		return token, nil
	}
	text, err := json.Marshal(login{given.Username, string(given.Password)})
	token.RefreshToken = loginMark + string(text)
	return token, err
}

// openLogin is the login that a token set keeps, if it keeps one.
func (d *Desk) openLogin(set ledger.TokenSet) (given api.GrantInput, ok bool, err error) {
	text, err := d.Keyring.Open(set.RefreshToken, ledger.TokenPlace(set.Connection, set.Generation, "refresh_token"))
	if err != nil || !isLogin(text) {
		return given, false, err
	}
	var kept login
	err = json.Unmarshal([]byte(strings.TrimPrefix(text.Reveal(), loginMark)), &kept)
	return api.GrantInput{Username: kept.Username, Password: api.Secret(kept.Password)}, err == nil, err
}

// Keep is how many older token sets stay when a token follows a set: none where
// it ends a login, which then is nowhere any more.
func (d *Desk) Keep(before ledger.TokenSet, token oauth.Token) int {
	if _, ok, err := d.openLogin(before); token.RefreshToken != "" && (ok || err != nil) {
		return 0
	}
	return KeepGenerations
}

func isLogin(text secret.Text) bool { return strings.HasPrefix(text.Reveal(), loginMark) }
