package assertion

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// Every algorithm of every kind of key, and its method.
func TestRFC7523_2_2_EveryAlgorithm(t *testing.T) {
	for _, key := range []Key{
		parsed(t, pkcs8(rsaKey())), parsed(t, pkcs8(ecKey(elliptic.P256()))), parsed(t, pkcs8(ecKey(elliptic.P384()))),
		parsed(t, pkcs8(ecKey(elliptic.P521()))), parsed(t, pkcs8(edKey())), SecretKey(strings.Repeat("s", 64)),
	} {
		for _, alg := range key.Algs() {
			a := assertion()
			a.Alg = alg
			header, _ := opened(t, signed(t, a, key), key, alg)
			if header["alg"] != string(alg) || header["typ"] != "JWT" || header["kid"] != nil || len(header) != 2 {
				t.Errorf("%s: %v", alg, header)
			}
			want := oauth.AuthPrivateKeyJWT
			if key.Public() == nil {
				want = oauth.AuthSecretJWT
			}
			if alg.Method() != want {
				t.Errorf("%s is %s", alg, alg.Method())
			}
		}
	}
}

// Issuer, subject, audience and expiry are there; issuer and subject are the
// client.
func TestRFC7521_5_2(t *testing.T) {
	key := parsed(t, pkcs8(edKey()))
	_, claims := opened(t, signed(t, assertion(), key), key, EdDSA)
	at := float64(now().Unix())
	want := map[string]any{"iss": clientID, "sub": clientID, "aud": audience, "iat": at, "nbf": at, "exp": at + 240, "jti": claims["jti"]}
	if !maps.Equal(claims, want) || claims["jti"] == "" {
		t.Errorf("%v", claims)
	}
	for name, change := range map[string]func(*ClientAssertion){
		"issuer":   func(a *ClientAssertion) { a.ClientID = "" },
		"audience": func(a *ClientAssertion) { a.Audience = "" },
		"expiry":   func(a *ClientAssertion) { a.Claims = map[string]any{"exp": nil} },
	} {
		a := assertion()
		change(&a)
		_, err := a.Sign(key, now(), rand.Reader)
		failing(t, err, oauth.CodeInvalidRequest, name)
	}
}

// The audience is one string, whatever server it is for.
func TestRFC7523bis_aud(t *testing.T) {
	key := parsed(t, pkcs8(edKey()))
	for _, aud := range []string{audience, "https://login.microsoftonline.com/t/oauth2/v2.0/token"} {
		_, claims := opened(t, signed(t, ClientAssertion{ClientID: "c", Audience: aud}, key), key, EdDSA)
		if got, ok := claims["aud"].(string); !ok || got != aud {
			t.Errorf("%v", claims["aud"])
		}
	}
	a := assertion()
	a.Header.Type = TypeClientAuthentication
	if header, _ := opened(t, signed(t, a, key), key, EdDSA); header["typ"] != "client-authentication+jwt" {
		t.Errorf("%v", header)
	}
}

// A fresh jti each time, of the randomness that was passed in.
func TestRFC7523_3_jti(t *testing.T) {
	key, random := parsed(t, pkcs8(edKey())), &counting{}
	seen := map[any]bool{}
	for range 8 {
		jwt, err := assertion().Sign(key, now(), random)
		if err != nil {
			t.Fatal(err)
		}
		_, claims := opened(t, jwt, key, EdDSA)
		seen[claims["jti"]] = true
	}
	if len(seen) != 8 || !seen["AQIDBAUGBwgJCgsMDQ4PEA"] {
		t.Errorf("%v", seen)
	}
	if _, err := assertion().Sign(key, now(), broken{}); err == nil {
		t.Error("signed without randomness")
	}
}

// The expiry is near, and the times can be dated back.
func TestRFC7523_3_exp(t *testing.T) {
	key := parsed(t, pkcs8(edKey()))
	a := assertion()
	a.Lifetime, a.Backdate = 10*time.Minute, time.Minute
	_, claims := opened(t, signed(t, a, key), key, EdDSA)
	at := float64(now().Unix())
	if claims["iat"] != at-60 || claims["nbf"] != at-60 || claims["exp"] != at+540 {
		t.Errorf("%v", claims)
	}
	for _, bad := range []ClientAssertion{{Lifetime: time.Hour + 1}, {Lifetime: -1}, {Lifetime: time.Millisecond}, {Backdate: -1}, {Backdate: 4 * time.Minute}} {
		bad.ClientID, bad.Audience = clientID, audience
		_, err := bad.Sign(key, now(), rand.Reader)
		failing(t, err, oauth.CodeInvalidRequest, "the assertion is to")
	}
}

func TestClaimsOfADescriptionWin(t *testing.T) {
	key := parsed(t, pkcs8(edKey()))
	a := assertion()
	a.Claims = map[string]any{"iss": "app.example", "jti": nil, "nbf": "", "roles": []string{"x"}}
	_, claims := opened(t, signed(t, a, key), key, EdDSA)
	names := slices.Sorted(maps.Keys(claims))
	if claims["iss"] != "app.example" || claims["sub"] != clientID || !slices.Equal(names, []string{"aud", "exp", "iat", "iss", "roles", "sub"}) {
		t.Errorf("%v", claims)
	}
	a.Claims = map[string]any{"f": func() {}}
	_, err := a.Sign(key, now(), rand.Reader)
	failing(t, err, oauth.CodeInvalidRequest, "JSON")
}

// E.2: the header that names the certificate, in both of its forms.
func TestTheHeaderNamesTheCertificate(t *testing.T) {
	cert := certificate(rsaKey(), "x", now().Add(time.Hour))
	key := parsed(t, append(pkcs8(rsaKey()), cert...)).WithID("k1")
	block, _ := pem.Decode(cert)
	one, two := sha1.Sum(block.Bytes), sha256.Sum256(block.Bytes)
	a := assertion()
	a.Alg, a.Header = PS256, Header{X5TS256: true}
	header, _ := opened(t, signed(t, a, key), key, PS256)
	if header["x5t#S256"] != encode(two[:]) || header["x5t"] != nil || header["kid"] != "k1" {
		t.Errorf("%v", header)
	}
	a.Alg, a.Header = RS256, Header{X5T: true, X5C: true, KeyID: "k2"}
	header, _ = opened(t, signed(t, a, key), key, RS256)
	chain, _ := header["x5c"].([]any)
	if header["x5t"] != encode(one[:]) || header["x5t#S256"] != nil || header["kid"] != "k2" || len(chain) != 1 || !strings.HasPrefix(chain[0].(string), "MII") {
		t.Errorf("%v", header)
	}
	_, err := a.Sign(parsed(t, pkcs8(rsaKey())), now(), rand.Reader)
	failing(t, err, oauth.CodeInvalidClientKey, "certificate in PEM")
	_, err = a.Sign(key, now().Add(2*time.Hour), rand.Reader)
	failing(t, err, oauth.CodeInvalidClientKey, "ended on 2026-11-21")
}

// RFC 8725 §3.1: a key signs with algorithms of its kind only; §3.5: no short
// secrets.
func TestRFC8725_3_1_AKeySignsAsItsOwnKindOnly(t *testing.T) {
	for name, c := range map[string]struct {
		key  Key
		alg  Alg
		part string
	}{
		"none":           {parsed(t, pkcs8(edKey())), "none", "cannot sign"},
		"RSA as HMAC":    {parsed(t, pkcs8(rsaKey())), HS256, "cannot sign"},
		"secret as RSA":  {SecretKey(strings.Repeat("s", 64)), RS256, "cannot sign"},
		"P-256 as ES384": {parsed(t, pkcs8(ecKey(elliptic.P256()))), ES384, "cannot sign"},
		"bound to PS256": {parsed(t, jwkOf(rsaKey(), map[string]any{"alg": "PS256"})), RS256, "cannot sign"},
		"no key":         {Key{}, "", "no key"},
		"short secret":   {SecretKey(strings.Repeat("s", 31)), "", "31 bytes"},
		"short for 512":  {SecretKey(strings.Repeat("s", 63)), HS512, "63 bytes"},
		"short for 384":  {SecretKey(strings.Repeat("s", 47)), HS384, "client_secret_basic"},
	} {
		t.Run(name, func(t *testing.T) {
			a := assertion()
			a.Alg = c.alg
			_, err := a.Sign(c.key, now(), rand.Reader)
			failing(t, err, oauth.CodeInvalidClientKey, c.part)
		})
	}
}

// The assertion stands in a request alone, with its type and the client's id.
func TestRFC7521_4_2_b_AnAssertionStandsInARequest(t *testing.T) {
	key := parsed(t, pkcs8(edKey()))
	request := oauth.TokenRequest{
		Endpoint: "https://as.example/token", Grant: oauth.GrantClientCredentials,
		Auth: oauth.ClientAuth{ClientID: clientID, Method: EdDSA.Method(), Assertion: signed(t, assertion(), key)},
	}
	form := formOf(t, request)
	if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Get("client_id") != clientID || form.Has("client_secret") {
		t.Errorf("%v", form)
	}
	opened(t, form.Get("client_assertion"), key, EdDSA)
}
