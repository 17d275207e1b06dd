package oauth

import (
	"net/url"
	"testing"
	"time"
)

func TestRFC6749_4_2_2_ATokenInTheAnswerIsReadAsATokenResponse(t *testing.T) {
	params := url.Values{"access_token": {"at"}, "token_type": {"bearer"}, "expires_in": {"3600"}, "scope": {"a b"}, "state": {"s"}, "refresh_token": {"planted"}}
	token, err := ImplicitToken(params, received(), ResponseRules{})
	if err != nil || token.AccessToken != "at" || token.ExpiresIn != time.Hour || len(token.Scope) != 2 {
		t.Fatalf("%v %s %v, %v", token, token.ExpiresIn, token.Scope, err)
	}
	if token.RefreshToken != "" {
		t.Error("such an answer holds no refresh token")
	}
	for name, bad := range map[string]url.Values{
		"no token":        {"state": {"s"}},
		"of another type": {"access_token": {"at"}, "token_type": {"mac"}},
		"not visible":     {"access_token": {"a\nt"}, "token_type": {"bearer"}},
	} {
		if _, err := ImplicitToken(bad, received(), ResponseRules{}); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
