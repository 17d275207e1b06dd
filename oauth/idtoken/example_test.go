package idtoken_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// provider stands for an authorization server that changed its key.
func provider(now time.Time) (token string, keys []byte) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: "2026"}}, nil)
	if err != nil {
		panic(err)
	}
	jws, err := signer.Sign(fmt.Appendf(nil, `{"iss":"https://as.example","sub":"1001","aud":"client","iat":%d,"exp":%d,"preferred_username":"ada"}`, now.Unix(), now.Unix()+300))
	if err != nil {
		panic(err)
	}
	token, err = jws.CompactSerialize()
	if err != nil {
		panic(err)
	}
	keys, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: "2026"}}})
	if err != nil {
		panic(err)
	}
	return token, keys
}

// An unknown key asks for the key set, once.
func ExampleVerifier_Verify() {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	token, keys := provider(now)
	verifier := idtoken.Verifier{
		Issuer: "https://as.example", ClientID: "client",
		Algs: idtoken.Allowed([]string{"ES256"}), Now: now, Leeway: time.Minute,
	}
	claims, err := verifier.Verify(token)
	var unknown *idtoken.UnknownKeyError
	if errors.As(err, &unknown) {
		fmt.Println("fetching the keys for", unknown.KeyID)
		if verifier.Keys, err = idtoken.ParseKeySet(keys); err == nil {
			claims, err = verifier.Verify(token)
		}
	}
	fmt.Println(claims.Account().Label(), claims, err)
	// Output:
	// fetching the keys for "2026"
	// ada claims about "1001" of "https://as.example" <nil>
}

// An address that changed hands is not the same account.
func ExampleSameAccount() {
	before := idtoken.Account{Issuer: "https://as.example", Subject: "1001", Email: "sales@example.com"}
	after := idtoken.Account{Issuer: "https://as.example", Subject: "2002", Email: "sales@example.com"}
	fmt.Println(idtoken.SameAccount(before, after))
	// Output:
	// false
}
