package assertion_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// A client authenticates with a JWT instead of sending its secret.
func ExampleClientAssertion_Sign() {
	key := assertion.SecretKey(strings.Repeat("a long secret ", 3))
	jwt, err := assertion.ClientAssertion{
		ClientID: "client",
		Audience: "https://as.example",
	}.Sign(key, time.Now(), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	auth := oauth.ClientAuth{ClientID: "client", Method: oauth.AuthSecretJWT, Assertion: jwt}
	fmt.Println(auth, "with a JWT of", strings.Count(jwt, ".")+1, "parts, by", key)
	// Output:
	// client client (client_secret_jwt) with a JWT of 3 parts, by a client secret
}

// A key that cannot be used is refused in words that say what to do.
func ExampleParseKey() {
	_, err := assertion.ParseKey([]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n-----END ENCRYPTED PRIVATE KEY-----\n"))
	fmt.Println(err)
	// Output:
	// incomplete_client: the private key is encrypted; decrypt it first: openssl pkey -in key.pem -out plain.pem
}

// One token in place of another.
func ExampleExchange_Params() {
	params, err := assertion.Exchange{
		SubjectToken:     "the token that is held",
		SubjectTokenType: assertion.TypeAccessToken,
		Audiences:        []string{"orders"},
	}.Params()
	if err != nil {
		fmt.Println(err)
		return
	}
	request := oauth.TokenRequest{Endpoint: "https://as.example/token", Grant: assertion.GrantTokenExchange, Params: params}
	fmt.Println(request)
	// Output:
	// token request: urn:ietf:params:oauth:grant-type:token-exchange to as.example
}
