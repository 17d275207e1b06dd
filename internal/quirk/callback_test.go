package quirk_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/quirk"
)

func TestSchemaRow25AShopsAnswerIsHeldToItsSignature(t *testing.T) {
	const message = "code=abc&host=YWRtaW4&shop=acme.myshopify.com&state=s1&timestamp=1337178173"
	mac := hmac.New(sha256.New, []byte("hush"))
	mac.Write([]byte(message))
	signature := hex.EncodeToString(mac.Sum(nil))
	for name, test := range map[string]struct {
		change  url.Values
		secrets []string
		want    api.Code
	}{
		"as it was signed":           {nil, []string{"hush"}, ""},
		"signed with the next":       {nil, []string{"old", "hush"}, ""},
		"another code":               {url.Values{"code": {"evil"}}, []string{"hush"}, api.CodeForbidden},
		"another shop":               {url.Values{"shop": {"evil.myshopify.com"}}, []string{"hush"}, api.CodeForbidden},
		"a parameter more":           {url.Values{"x": {"y"}}, []string{"hush"}, api.CodeForbidden},
		"no signature":               {url.Values{"hmac": nil}, []string{"hush"}, api.CodeForbidden},
		"a signature that is no hex": {url.Values{"hmac": {"zz"}}, []string{"hush"}, api.CodeForbidden},
		"another secret":             {nil, []string{"other"}, api.CodeForbidden},
		"no secret":                  {nil, nil, api.CodeNeedsConfiguration},
	} {
		t.Run(name, func(t *testing.T) {
			params, _ := url.ParseQuery(message)
			params.Set("hmac", signature)
			for key, values := range test.change {
				params[key] = values
			}
			err := quirk.VerifyCallback("shopify", params, test.secrets)
			if (err == nil) != (test.want == "") || err != nil && fault.As(err).Code != test.want {
				t.Errorf("%v", err)
			}
		})
	}
	if err := quirk.VerifyCallback("", url.Values{}, nil); err != nil {
		t.Errorf("a provider that signs nothing: %v", err)
	}
}
