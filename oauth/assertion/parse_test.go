package assertion

import (
	"bytes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/valetkey/valetkey/oauth"
)

func decode(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }

func jwkOf(private any, change map[string]any) []byte {
	text := must(json.Marshal(jose.JSONWebKey{Key: private}))
	members := map[string]any{}
	if err := json.Unmarshal(text, &members); err != nil {
		panic(err)
	}
	for name, value := range change {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	return must(json.Marshal(members))
}

func TestEveryFormOfAPrivateKeyIsRead(t *testing.T) {
	p256, p384, p521, ed := ecKey(elliptic.P256()), ecKey(elliptic.P384()), ecKey(elliptic.P521()), edKey()
	pkcs1 := pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey()))
	sec1 := pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256)))
	for name, c := range map[string]struct {
		text []byte
		want Alg
	}{
		"PKCS#8 RSA":           {pkcs8(rsaKey()), RS256},
		"PKCS#1":               {pkcs1, RS256},
		"PKCS#8 P-256":         {pkcs8(p256), ES256},
		"SEC 1":                {sec1, ES256},
		"SEC 1 behind params":  {append(pemOf("EC PARAMETERS", []byte{6, 8}), sec1...), ES256},
		"P-384":                {pkcs8(p384), ES384},
		"P-521":                {pkcs8(p521), ES512},
		"Ed25519":              {pkcs8(ed), EdDSA},
		"wrong label":          {pemOf("RSA PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(rsaKey()))), RS256},
		"line breaks written":  {bytes.ReplaceAll(pkcs8(p256), []byte("\n"), []byte(`\n`)), ES256},
		"CR LF":                {bytes.ReplaceAll(pkcs8(p256), []byte("\n"), []byte("\r\n")), ES256},
		"text around, BOM":     {append([]byte("\xef\xbb\xbfBag Attributes\n"), append(pkcs8(p256), '\n')...), ES256},
		"JWK RSA":              {jwkOf(rsaKey(), nil), RS256},
		"JWK RSA for PS256":    {jwkOf(rsaKey(), map[string]any{"alg": "PS256", "use": "sig"}), PS256},
		"JWK P-256":            {jwkOf(p256, nil), ES256},
		"JWK P-521":            {jwkOf(p521, nil), ES512},
		"JWK Ed25519":          {jwkOf(ed, nil), EdDSA},
		"service account file": {must(json.Marshal(map[string]string{"type": "service_account", "private_key": string(pkcs8(rsaKey()))})), RS256},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParseKey(c.text)
			if err != nil || key.Algs()[0] != c.want || key.Public() == nil {
				t.Fatalf("%v %v", key, err)
			}
			opened(t, signed(t, assertion(), key), key, c.want)
		})
	}
}

func TestAKeyBringsItsID(t *testing.T) {
	if key := parsed(t, jwkOf(edKey(), map[string]any{"kid": "k1"})); key.ID() != "k1" {
		t.Errorf("JWK: %q", key.ID())
	}
	file := must(json.Marshal(map[string]string{"private_key_id": "k2", "private_key": string(pkcs8(edKey()))}))
	if key := parsed(t, file); key.ID() != "k2" || key.WithID("k3").ID() != "k3" || key.ID() != "k2" {
		t.Errorf("file: %q", key.ID())
	}
}

func TestAnUnusableKeyIsRefusedWithARemedy(t *testing.T) {
	p256 := ecKey(elliptic.P256())
	public := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("x")})
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))
	other := jwkMember(ecKey(elliptic.P256()), "d")
	for name, c := range map[string]struct {
		text []byte
		part string
	}{
		"empty":                {nil, "empty"},
		"another file":         {bytes.Repeat([]byte("x"), maxKeyText+1), "128 KiB"},
		"prose":                {[]byte("hunter2"), "this is no key"},
		"encrypted PKCS#8":     {pemOf("ENCRYPTED PRIVATE KEY", []byte("x")), "openssl pkey"},
		"encrypted PKCS#1":     {encrypted, "openssl pkey"},
		"public PEM":           {pemOf("PUBLIC KEY", public), "public key"},
		"public JWK":           {must(json.Marshal(jose.JSONWebKey{Key: p256.Public()})), "public key"},
		"certificate":          {certificate(p256, "x", now()), "certificate"},
		"OpenSSH":              {pemOf("OPENSSH PRIVATE KEY", []byte("x")), "ssh-keygen"},
		"PKCS#12":              {must(x509.MarshalPKCS8PrivateKey(p256)), "openssl pkcs12"},
		"two keys":             {append(pkcs8(p256), pkcs8(p256)...), "two private keys"},
		"cut off":              {pkcs8(p256)[:80], "damaged"},
		"garbled":              {pemOf("PRIVATE KEY", []byte("garbled")), "damaged"},
		"small RSA":            {pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)), "1024 bits"},
		"P-224":                {pkcs8(ecKey(elliptic.P224())), "P-224"},
		"key agreement":        {pkcs8(x25519), "cannot sign"},
		"broken certificate":   {append(pkcs8(p256), pemOf("CERTIFICATE", []byte("x"))...), "certificate"},
		"foreign certificate":  {append(pkcs8(p256), certificate(edKey(), "x", now())...), "another private key"},
		"JSON, broken":         {[]byte(`{"kty":`), "well-formed"},
		"JSON, twice":          {[]byte(`{"kty":"EC","kty":"RSA"}`), "well-formed"},
		"JSON, no JWK":         {[]byte(`{}`), "no kty"},
		"JWK set":              {[]byte(`{"keys":[]}`), "set of keys"},
		"JWK secret":           {[]byte(`{"kty":"oct","k":"c2VjcmV0"}`), "client_secret_jwt"},
		"JWK without primes":   {jwkOf(rsaKey(), map[string]any{"p": nil, "q": nil}), "primes"},
		"JWK for encryption":   {jwkOf(p256, map[string]any{"use": "enc"}), "use sig"},
		"JWK of another alg":   {jwkOf(p256, map[string]any{"alg": "RS256"}), "cannot sign"},
		"JWK of another curve": {jwkOf(p256, map[string]any{"crv": "secp256k1"}), "kind"},
		"JWK of two halves":    {jwkOf(p256, map[string]any{"d": other}), "belong together"},
		"Ed25519 of two":       {jwkOf(edKey(), map[string]any{"d": jwkMember(edKey(), "d")}), "damaged"},
		"nested file":          {must(json.Marshal(map[string]string{"private_key": `{"private_key":"x"}`})), "no key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKey(c.text)
			failing(t, err, oauth.CodeInvalidClientKey, c.part)
			if bytes.Contains([]byte(err.Error()), c.text) && len(c.text) > 0 {
				t.Errorf("the input is shown: %v", err)
			}
		})
	}
}

func jwkMember(private any, name string) string {
	var members map[string]any
	if err := json.Unmarshal(jwkOf(private, nil), &members); err != nil {
		panic(err)
	}
	return members[name].(string)
}

func TestTheKeysOwnCertificateBecomesTheLeaf(t *testing.T) {
	private, authority := ecKey(elliptic.P256()), ecKey(elliptic.P256())
	own, above := certificate(private, "own", now()), certificate(authority, "above", now())
	both := slices.Concat(above, own)
	inOne := parsed(t, slices.Concat(both, pkcs8(private)))
	apart, err := parsed(t, pkcs8(private)).WithCertificate(both)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []Key{inOne, apart} {
		if len(key.chain) != 2 || key.chain[0].Subject.CommonName != "own" || key.chain[1].Subject.CommonName != "above" {
			t.Errorf("%v", key.chain)
		}
		if until, ok := key.CertificateExpires(); !ok || !until.Equal(now()) {
			t.Errorf("%v %v", until, ok)
		}
	}
	key := parsed(t, pkcs8(private))
	_, err = key.WithCertificate(above)
	failing(t, err, oauth.CodeInvalidClientKey, "another private key")
	_, err = key.WithCertificate([]byte("x"))
	failing(t, err, oauth.CodeInvalidClientKey, "no certificate")
	_, err = key.WithCertificate(pemOf("CERTIFICATE", []byte("x")))
	failing(t, err, oauth.CodeInvalidClientKey, "cannot be read")
	_, err = key.WithCertificate(make([]byte, maxKeyText+1))
	failing(t, err, oauth.CodeInvalidClientKey, "another file")
	_, err = SecretKey("secret").WithCertificate(own)
	failing(t, err, oauth.CodeInvalidClientKey, "only a private key")
	if _, ok := key.CertificateExpires(); ok {
		t.Error("a key without a certificate has an end")
	}
}

func TestThePublicHalfIsAJWKWithoutThePrivateOne(t *testing.T) {
	for _, private := range []any{rsaKey(), ecKey(elliptic.P384()), edKey()} {
		key := parsed(t, pkcs8(private)).WithID("k1")
		text, err := key.PublicJWK()
		if err != nil {
			t.Fatal(err)
		}
		members := object(t, text)
		for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if members[secret] != nil {
				t.Errorf("%s is in %s", secret, text)
			}
		}
		if members["kid"] != "k1" || members["use"] != "sig" || len(key.Thumbprint()) != 43 {
			t.Errorf("%s %s", text, key.Thumbprint())
		}
		if _, err := ParseKey(text); err == nil || !strings.Contains(err.Error(), "public key") {
			t.Errorf("%v", err)
		}
	}
	if _, err := SecretKey("x").PublicJWK(); err == nil || SecretKey("x").Thumbprint() != "" {
		t.Error("a secret has a public half")
	}
}

// RFC 7638 §3.1: the example's thumbprint.
func TestRFC7638_3_1(t *testing.T) {
	const n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON([]byte(`{"kty":"RSA","e":"AQAB","n":"` + n + `"}`)); err != nil {
		t.Fatal(err)
	}
	key := Key{material: &rsa.PrivateKey{PublicKey: *jwk.Key.(*rsa.PublicKey)}}
	if got := key.Thumbprint(); got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Error(got)
	}
}
