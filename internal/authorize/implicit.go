package authorize

import (
	"net/http"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// implicitToken judges the token of an authorization response (RFC 6749
// section 4.2.2), whose state was compared before. There is no refresh token in
// such an answer, and none is taken. The error is an *oauth.Error.
func implicitToken(params url.Values, received time.Time, rules oauth.ResponseRules) (oauth.Token, error) {
	rules.Format = "form"
	answer := oauth.Response{Status: http.StatusOK, Header: http.Header{}, Body: oauth.Salvage(params.Encode()), Received: received}
	token, err := answer.Token(rules)
	token.RefreshToken = ""
	return token, err
}
