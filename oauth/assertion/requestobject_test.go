package assertion

import (
	"crypto/elliptic"
	"crypto/rand"
	"net/url"
	"testing"
)

func TestRFC9101_ARequestObjectIsSignedAndHoldsTheRequest(t *testing.T) {
	key := parsed(t, pkcs8(ecKey(elliptic.P256())))
	jwt, err := RequestObject{
		ClientID: "id", Audience: "https://as.example",
		Params: url.Values{"client_id": {"other"}, "response_type": {"code"}, "max_age": {"60"}, "resource": {"https://a", "https://b"}, "claims": {`{"id_token":{"acr":null}}`}},
	}.Sign(key, now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	header, claims := opened(t, jwt, key, ES256)
	if header["typ"] != "oauth-authz-req+jwt" || header["alg"] != "ES256" {
		t.Fatalf("header %v", header)
	}
	for name, want := range map[string]any{"iss": "id", "client_id": "id", "aud": "https://as.example", "response_type": "code", "max_age": 60.0} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	if _, isObject := claims["claims"].(map[string]any); !isObject {
		t.Errorf("claims is %T", claims["claims"])
	}
	if list, _ := claims["resource"].([]any); len(list) != 2 {
		t.Errorf("resource is %v", claims["resource"])
	}
	if claims["exp"] == nil || claims["jti"] == nil {
		t.Errorf("no expiry or jti: %v", claims)
	}
}

func TestRFC9101_4_NoRequestInsideARequest(t *testing.T) {
	for _, name := range []string{"request", "request_uri"} {
		if _, err := (RequestObject{ClientID: "id", Params: url.Values{name: {"x"}}}).Sign(parsed(t, pkcs8(ecKey(elliptic.P256()))), now(), rand.Reader); err == nil {
			t.Errorf("%s is inside", name)
		}
	}
}
