package oauth

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"
)

func TestALifetimeInsideAJWTIsReadWhereTheDescriptionSaysSo(t *testing.T) {
	jwt := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	for name, test := range map[string]struct {
		token, rest, expires string
		want                 time.Duration
		known                bool
	}{
		"from iat to exp":         {jwt(`{"iat":1000,"exp":4600}`), "", ExpiresJWT, time.Hour, true},
		"from now without iat":    {jwt(fmt.Sprintf(`{"exp":%d}`, received().Add(time.Hour).Unix())), "", ExpiresJWT, time.Hour, true},
		"the answer goes first":   {jwt(`{"iat":1000,"exp":4600}`), `,"expires_in":60`, ExpiresJWT, time.Minute, true},
		"not unless it says so":   {jwt(`{"iat":1000,"exp":4600}`), "", "", 0, false},
		"no JWT":                  {"opaque", "", ExpiresJWT, 0, false},
		"a JWT that ends nowhere": {jwt(`{"iat":1000}`), "", ExpiresJWT, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			rules := ResponseRules{}
			rules.Expires = test.expires
			token, err := ReadTokenResponse(answer(200, `{"access_token":"`+test.token+`","token_type":"Bearer"`+test.rest+`}`), received(), rules)
			if err != nil || token.ExpiryKnown != test.known || token.ExpiresIn.Round(time.Second) != test.want {
				t.Fatalf("%v %s, %v", token.ExpiryKnown, token.ExpiresIn, err)
			}
		})
	}
}
