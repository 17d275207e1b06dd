package clientauth_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// someJWT is a JWT that another party signed, for one subject.
func someJWT(subject string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(`{"sub":"`+subject+`"}`)) + "." + part([]byte("signature"))
}

func federated(from api.AssertionSource) clientauth.Credential {
	return clientauth.Credential{Sources: api.ClientSources{ClientAssertion: &from}}
}

func TestRFC7521_4_2_AnAssertionIsReadFromItsFileAtEachUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	c := clientauth.Case{Client: "app", ClientID: "id", Outside: clientauth.Outside{ReadFile: os.ReadFile}}
	for _, subject := range []string{"pod-1", "pod-2"} {
		if err := os.WriteFile(path, []byte(someJWT(subject)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		proof, err := first(t, c, federated(api.AssertionSource{FromFile: path}))
		if err != nil || proof.Method != oauth.AuthPrivateKeyJWT || proof.Assertion != someJWT(subject) || proof.ClientSecret != "" {
			t.Fatalf("%s: %v", proof, err)
		}
	}
}

func TestNoFileButAnAssertionLeavesTheMachine(t *testing.T) {
	for name, content := range map[string]string{
		"a password file": "root:x:0:0:root:/root:/bin/sh\n",
		"a JWT and more":  someJWT("a") + "\n" + someJWT("b"),
		"dots":            "a.b.c",
		"no signature":    strings.TrimSuffix(someJWT("a"), "."+base64.RawURLEncoding.EncodeToString([]byte("signature"))) + ".",
		"nothing":         "",
		"too much":        strings.Repeat("x", 200<<10),
	} {
		outside := clientauth.Outside{ReadFile: func(string) ([]byte, error) { return []byte(content), nil }}
		proof, err := first(t, clientauth.Case{Client: "app", ClientID: "id", Outside: outside}, federated(api.AssertionSource{FromFile: "/etc/x"}))
		found := fault.As(err)
		if found.Code != api.CodeNeedsConfiguration || proof.Assertion != "" || strings.Contains(found.Message, "root") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFileThatCannotBeReadIsNamedWithItsSetting(t *testing.T) {
	for words, why := range map[string]error{"is not there": fs.ErrNotExist, "may not be read": fs.ErrPermission, "cannot be read": fs.ErrInvalid} {
		outside := clientauth.Outside{ReadFile: func(string) ([]byte, error) { return nil, why }}
		credential := clientauth.Credential{Sources: api.ClientSources{PrivateKeyPath: "/run/key.pem"}}
		_, err := first(t, clientauth.Case{Client: "app", ClientID: "id", Outside: outside}, credential)
		if found := fault.As(err); found.Code != api.CodeNeedsConfiguration || !strings.Contains(found.Message, words) || !strings.Contains(found.Message, "private_key_path") {
			t.Errorf("%v", err)
		}
	}
}

func TestAProgramRunsOnlyWhereTheOperatorNamesIt(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "helper")
	script := "#!/bin/sh\n[ -z \"$VALETKEY_KEY\" ] || exit 3\n[ \"$1\" = fail ] && { echo " + someJWT("leak") + " >&2; exit 7; }\nprintf '%s\\n' \"$1\"\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	allowed := clientauth.Commands{Allowed: []string{program}, Environ: []string{"PATH=/usr/bin:/bin", "VALETKEY_KEY=vk_secret"}}
	other := clientauth.Commands{Allowed: []string{filepath.Join(dir, "other")}}
	for name, test := range map[string]struct {
		run   func(context.Context, []string) ([]byte, error)
		args  []string
		words string // "": it works
	}{
		"allowed":       {allowed.Run, []string{program, someJWT("me; $(id)")}, ""},
		"no shell":      {allowed.Run, []string{program, "$(cat /etc/passwd)"}, "no signed JWT"},
		"it fails":      {allowed.Run, []string{program, "fail"}, "exit status 7"},
		"another":       {other.Run, []string{program, someJWT("me")}, "not one that this server may run"},
		"none allowed":  {nil, []string{program, someJWT("me")}, "not one that this server may run"},
		"nothing there": {clientauth.Commands{Allowed: []string{"/no/such"}}.Run, []string{"/no/such"}, "could not be started"},
	} {
		t.Run(name, func(t *testing.T) {
			proof, err := first(t, clientauth.Case{Client: "app", ClientID: "id", Outside: clientauth.Outside{Run: test.run}}, federated(api.AssertionSource{FromCommand: test.args}))
			if test.words == "" {
				if err != nil || proof.Assertion != test.args[1] {
					t.Fatalf("%s %v", proof, err)
				}
				return
			}
			found := fault.As(err)
			if found.Code != api.CodeNeedsConfiguration || !strings.Contains(found.Message, test.words) || found.Hint == "" || strings.Contains(found.Message, someJWT("leak")) {
				t.Fatalf("%v, hint %q", err, found.Hint)
			}
		})
	}
}

func TestTheKeyIDMayBeAFieldOfTheRegistration(t *testing.T) {
	provider := api.Provider{}
	provider.ClientAssertion = &api.AssertionRules{Header: &api.AssertionHeader{KeyID: "{certificate_id}"}, Audience: "https://{account}.example/token"}
	proof, err := first(t, clientauth.Case{
		Client: "app", ClientID: "id", Provider: provider, Now: time.Now(), Rand: rand.Reader,
		Variables: map[string]string{"certificate_id": "cert-7", "account": "acme"},
	}, set(t, "", pemKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.ParseSigned(proof.Assertion, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || token.Headers[0].KeyID != "cert-7" {
		t.Fatalf("%v %v", token, err)
	}
	claims := map[string]any{}
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil || claims["aud"] != "https://acme.example/token" {
		t.Fatalf("%v %v", claims, err)
	}
}

func TestASpecThatCannotAuthenticateIsRefused(t *testing.T) {
	key, mask := pemKey(t), api.Secret(api.Mask)
	for words, spec := range map[string]api.ClientSpec{
		"absolute":           {ClientSources: api.ClientSources{PrivateKeyPath: "key.pem"}},
		"exclude each other": {PrivateKey: &key, ClientSources: api.ClientSources{PrivateKeyPath: "/key.pem"}},
		"needs the private":  {ClientSources: api.ClientSources{CertificatePath: "/crt.pem"}},
		"one of from_file":   {ClientSources: api.ClientSources{ClientAssertion: &api.AssertionSource{}}},
		"masks 1":            {ClientSecrets: &[]api.Secret{mask}},
		"at most 8":          {ClientSecrets: &[]api.Secret{"1", "2", "3", "4", "5", "6", "7", "8"}},
	} {
		_, err := clientauth.Credential{}.With(spec, nil)
		if found := fault.As(err); found.Code != api.CodeInvalid || !strings.Contains(found.Message, words) || found.Hint == "" {
			t.Errorf("%s: %v", words, err)
		}
	}
}

func TestSeveralSecretsAreKeptInOrderAndMasksStay(t *testing.T) {
	start, next := api.Secret("one"), []api.Secret{"two", "three"}
	credential, err := clientauth.Credential{}.With(api.ClientSpec{ClientSecret: &start, ClientSecrets: &next}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := credential.Text()
	if err != nil {
		t.Fatal(err)
	}
	if credential, err = clientauth.Read(text); err != nil {
		t.Fatal(err)
	}
	change := []api.Secret{api.Mask, "four"}
	if credential, err = credential.With(api.ClientSpec{ClientSecrets: &change}, nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range credential.Secrets {
		got = append(got, credential.Secret(i).Reveal())
	}
	if strings.Join(got, " ") != "one two four" || credential.Secret(9) != (secret.Text{}) {
		t.Fatalf("%v", got)
	}
}
