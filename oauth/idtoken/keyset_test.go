package idtoken

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/valetkey/valetkey/oauth"
)

func setText(keys ...string) []byte { return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`) }

func jwkText(key any, more string) string {
	text := string(must(json.Marshal(jose.JSONWebKey{Key: key, KeyID: "k"})))
	return strings.TrimSuffix(text, "}") + more + "}"
}

// RFC 7517 §5: what cannot be used is left out, and the rest stays.
func TestRFC7517_5(t *testing.T) {
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	usable := jwkText(ecKey().Public(), "")
	for name, c := range map[string]struct {
		key  string
		want int
	}{
		"usable":          {usable, 2},
		"unknown kind":    {`{"kty":"XYZ","x":"AQAB"}`, 1},
		"no kind":         {`{}`, 1},
		"unknown curve":   {`{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}`, 1},
		"not on curve":    {`{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}`, 1},
		"for encryption":  {jwkText(rsaKey().Public(), `,"use":"enc"`), 1},
		"for signatures":  {jwkText(rsaKey().Public(), `,"use":"sig"`), 2},
		"small RSA":       {jwkText(small.Public(), ""), 1},
		"no object":       {`5`, 1},
		"a member twice":  {`{"kty":"RSA","kty":"EC"}`, 1},
		"another's chain": {jwkText(rsaKey().Public(), `,"x5c":["AAAA"]`), 1},
	} {
		set, err := ParseKeySet(setText(usable, c.key))
		if err != nil || set.Len() != c.want {
			t.Errorf("%s: %d %v", name, set.Len(), err)
		}
	}
}

func TestAKeySetThatMustNotBeUsedIsRefusedWhole(t *testing.T) {
	usable := jwkText(ecKey().Public(), "")
	for name, c := range map[string]struct {
		body []byte
		part string
	}{
		"private key":   {setText(usable, jwkText(edKey(), "")), "private"},
		"shared key":    {setText(usable, `{"kty":"oct","k":"c2VjcmV0"}`), "private"},
		"none usable":   {setText(`{"kty":"XYZ"}`), "no key"},
		"empty":         {setText(), "no key"},
		"no keys":       {[]byte(`{}`), "no key"},
		"no JSON":       {[]byte(`<html>`), "JSON"},
		"twice":         {[]byte(`{"keys":[],"keys":[]}`), "JSON"},
		"keys no list":  {[]byte(`{"keys":{}}`), "JSON"},
		"too many":      {setText(strings.Split(strings.Repeat("{} ", maxKeys+1), " ")[:maxKeys+1]...), "64 keys"},
		"over the size": {[]byte(strings.Repeat(" ", maxKeySet+1)), "1 MiB"},
	} {
		_, err := ParseKeySet(c.body)
		var e *oauth.Error
		if !errors.As(err, &e) || e.Action != oauth.ActionConfigure || !strings.Contains(e.Description, c.part) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheKeySetIsFetchedAndJudged(t *testing.T) {
	req, err := KeySetRequest(context.Background(), "https://as.example/keys")
	if err != nil || req.Method != "GET" || !strings.Contains(req.Header.Get("Accept"), "application/jwk-set+json") {
		t.Errorf("%v %v", req, err)
	}
	for _, bad := range []string{"", "/keys", "http://as.example/keys", "file:///keys"} {
		if _, err := KeySetRequest(context.Background(), bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	set, err := ReadKeySet(answer(200, "\xef\xbb\xbf"+string(setText(jwkText(ecKey().Public(), "")))), now())
	if err != nil || set.Len() != 1 {
		t.Errorf("%v %v", set, err)
	}
	for status, action := range map[int]oauth.Action{404: oauth.ActionConfigure, 503: oauth.ActionRetry, 302: oauth.ActionConfigure} {
		_, err := ReadKeySet(answer(status, "{}"), now())
		var e *oauth.Error
		if !errors.As(err, &e) || e.Status != status || e.Action != action {
			t.Errorf("%d: %v", status, err)
		}
	}
	if _, err := ReadKeySet(answer(200, strings.Repeat(" ", 2<<20)), now()); err == nil {
		t.Error("2 MiB are accepted")
	}
}

// What the metadata says of ID tokens, with its defaults.
func TestOIDD_3(t *testing.T) {
	const start = `{"issuer":"https://as.example/tenant","token_endpoint":"https://as.example/token"`
	m, err := ReadMetadata(answer(200, start+`,"jwks_uri":"https://as.example/keys","id_token_signing_alg_values_supported":["none","HS256","ES256","RS256","X"]}`), issuer, now())
	if err != nil || m.JWKSURI != "https://as.example/keys" || m.Server.TokenEndpoint == "" || len(m.Algs) != 2 || m.Algs[0] != RS256 || m.Algs[1] != ES256 {
		t.Errorf("%+v %v", m, err)
	}
	m, err = ParseMetadata(issuer, []byte("\xef\xbb\xbf"+start+"}"))
	if err != nil || m.JWKSURI != "" || len(m.Algs) != 1 || m.Algs[0] != RS256 {
		t.Errorf("%+v %v", m, err)
	}
	for name, body := range map[string]string{
		"another issuer": strings.Replace(start, "tenant", "other", 1) + "}",
		"keys in clear":  start + `,"jwks_uri":"http://as.example/keys"}`,
		"wrong type":     start + `,"jwks_uri":5}`,
	} {
		if _, err := ParseMetadata(issuer, []byte(body)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := ReadMetadata(answer(404, ""), issuer, now()); err == nil {
		t.Error("404 is accepted")
	}
	if only := Allowed([]string{"none", "HS256"}); len(only) != 0 {
		t.Errorf("%v", only)
	}
}
