package authorize

import (
	"net/url"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

func TestRFC6749_4_2_2_ATokenInTheAnswerIsReadAsATokenResponse(t *testing.T) {
	received := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	params := url.Values{"access_token": {"at"}, "token_type": {"bearer"}, "expires_in": {"3600"}, "scope": {"a b"}, "state": {"s"}, "refresh_token": {"planted"}}
	token, err := implicitToken(params, received, oauth.ResponseRules{})
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
		if _, err := implicitToken(bad, received, oauth.ResponseRules{}); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
