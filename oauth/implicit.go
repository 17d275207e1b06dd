package oauth

import (
	"net/http"
	"net/url"
	"time"
)

// ResponseTypeToken asks for the token itself in the answer that the browser
// brings (RFC 6749 §4.2.1), which RFC 9700 §2.1.2 advises against.
const ResponseTypeToken = "token"

// ImplicitToken judges the token of an authorization response (RFC 6749
// §4.2.2). Its state must have been compared before. There is no refresh token
// in such an answer, and none is taken. The error is an *Error.
func ImplicitToken(params url.Values, received time.Time, rules ResponseRules) (Token, error) {
	rules.Format = "form"
	answer := Response{Status: http.StatusOK, Header: http.Header{}, Body: Salvage(params.Encode()), Received: received}
	token, err := answer.Token(rules)
	token.RefreshToken = ""
	return token, err
}
