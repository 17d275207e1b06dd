package connection

import (
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

func TestWhatIsTypedIsATokenFileOrARefreshToken(t *testing.T) {
	for text, want := range map[api.Secret]api.TokenImport{
		" rt-1 ": {RefreshToken: "rt-1"},
		`{"access_token":"at","refresh_token":"rt","token_type":"Bearer"}`: {AccessToken: "at", RefreshToken: "rt", TokenType: "Bearer"},
		"not a token":          {},
		`{"refresh_token":`:    {},
		"rt-1\nsomething else": {},
	} {
		got, err := typedToken(text, time.Unix(0, 0))
		if (err == nil) != (want != api.TokenImport{}) || got.AccessToken != want.AccessToken || got.RefreshToken != want.RefreshToken {
			t.Errorf("%v %v", got, err)
		}
	}
}
