package clientauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

func pemKey(t *testing.T) api.Secret {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return api.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func set(t *testing.T, secretText, key api.Secret) clientauth.Credential {
	t.Helper()
	c, err := clientauth.Credential{}.With(api.ClientSpec{ClientSecret: &secretText, PrivateKey: &key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// first authenticates in the likeliest way.
func first(t *testing.T, c clientauth.Case, credential clientauth.Credential) (clientauth.Proof, error) {
	t.Helper()
	ways, _ := c.Ways(credential)
	if len(ways) == 0 {
		t.Fatal("there is no way")
	}
	return c.Authenticate(t.Context(), credential, ways[0])
}

func TestACredentialIsKeptWholeAndPrintsNothing(t *testing.T) {
	credential := set(t, "hunter2", pemKey(t))
	text, err := credential.Text()
	if err != nil {
		t.Fatal(err)
	}
	again, err := clientauth.Read(text)
	if err != nil || !reflect.DeepEqual(again, credential) {
		t.Fatalf("%v", err)
	}
	if shown := fmt.Sprintf("%v %+v %#v", credential, credential, credential); strings.Contains(shown, "hunter2") || strings.Contains(shown, "PRIVATE") {
		t.Fatalf("shown: %s", shown)
	}
	if text, err := (clientauth.Credential{}).Text(); err != nil || !text.IsZero() {
		t.Fatalf("nothing is kept as %q, %v", text.Reveal(), err)
	}
	if _, err := clientauth.Read(secret.NewText("hunter2")); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("%v", err)
	}
}

func TestAnAbsentOrMaskedSecretStaysAndAnEmptyOneGoes(t *testing.T) {
	credential := set(t, "hunter2", "")
	mask, none := api.Secret(api.Mask), api.Secret("")
	for _, spec := range []api.ClientSpec{{}, {ClientSecret: &mask}} {
		if same, err := credential.With(spec, nil); err != nil || !reflect.DeepEqual(same, credential) {
			t.Fatalf("%v %v", same, err)
		}
	}
	if gone, err := credential.With(api.ClientSpec{ClientSecret: &none}, nil); err != nil || !gone.Same(clientauth.Credential{}) {
		t.Fatalf("%v", err)
	}
}

func TestTheMethodFollowsClientThenCredentialThenProviderThenServer(t *testing.T) {
	key := pemKey(t)
	post := oauth.Server{TokenEndpoint: "https://as.example/token", AuthMethods: []oauth.AuthMethod{oauth.AuthPost}}
	for name, test := range map[string]struct {
		credential clientauth.Credential
		own        string
		described  string
		ownWay     bool
		want       oauth.AuthMethod
	}{
		"nothing":                  {want: oauth.AuthNone},
		"a secret, as advertised":  {credential: set(t, "s", ""), want: oauth.AuthPost},
		"a secret, as described":   {credential: set(t, "s", ""), described: "client_secret_basic", want: oauth.AuthBasic},
		"a key":                    {credential: set(t, "", key), described: "client_secret_basic", want: oauth.AuthPrivateKeyJWT},
		"a key and a secret":       {credential: set(t, "s", key), described: "client_secret_basic", want: oauth.AuthBasic},
		"what the client says":     {credential: set(t, "s", key), own: "private_key_jwt", described: "client_secret_basic", want: oauth.AuthPrivateKeyJWT},
		"the description's own":    {credential: set(t, "s", ""), ownWay: true, want: oauth.AuthNone},
		"none, said by the client": {credential: set(t, "s", ""), own: "none", want: oauth.AuthNone},
	} {
		t.Run(name, func(t *testing.T) {
			provider := api.Provider{}
			provider.TokenEndpointAuthMethod = api.AuthMethods(test.described)
			auth, err := first(t, clientauth.Case{
				Client: "app", ClientID: "id", Method: test.own, OwnWay: test.ownWay,
				Provider: provider, Server: post, Now: time.Now(), Rand: rand.Reader,
			}, test.credential)
			if err != nil || auth.Method != test.want {
				t.Fatalf("%s, %v", auth.Method, err)
			}
			if signs := test.want == oauth.AuthPrivateKeyJWT; signs != (auth.Assertion != "") || signs && auth.ClientSecret != "" {
				t.Fatalf("RFC 6749 section 2.3: %s with secret %t and assertion %t", auth.Method, auth.ClientSecret != "", auth.Assertion != "")
			}
		})
	}
}

func TestWhatIsMissingIsNamedWithTheCommandThatGivesIt(t *testing.T) {
	for method, flag := range map[string]string{
		"client_secret_basic": "--client-secret-file", "client_secret_jwt": "--client-secret-file",
		"private_key_jwt": "--private-key-file", "tls_client_auth": "--private-key-file", "self_signed_tls_client_auth": "--private-key-file",
	} {
		_, err := first(t, clientauth.Case{Client: "app", Method: method}, clientauth.Credential{})
		if found := fault.As(err); found.Code != api.CodeNeedsConfiguration || !strings.Contains(found.Hint, "valetkey client update app "+flag) {
			t.Errorf("%s: %v, hint %q", method, err, found.Hint)
		}
	}
}
