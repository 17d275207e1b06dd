package signature_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/oauth/signature"
)

func request() signature.Parts {
	return signature.Parts{
		Method: "POST",
		URL:    &url.URL{Scheme: "https", Host: "as.example", Path: "/auth/token/create", RawQuery: "a=1"},
		Params: url.Values{"timestamp": {"1700000000"}, "app_key": {"123"}, "code": {"0_1"}},
		Body:   `{"code":"0_1"}`,
	}
}

// The known values are of FIPS 180-4 and RFC 4231, test case 2.
func TestAlgorithmsAndEncodingsAreThoseOfTheStandards(t *testing.T) {
	for name, test := range map[string]struct {
		rule signature.Rule
		want string
	}{
		"sha256":          {signature.Rule{Alg: "sha256", Of: []string{"a", "bc"}}, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		"the default":     {signature.Rule{Key: "Jefe", Of: []string{"what do ya want for nothing?"}}, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		"in capitals":     {signature.Rule{Key: "Jefe", Of: []string{"what do ya want for nothing?"}, Encoding: "HEX"}, "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"},
		"base64":          {signature.Rule{Alg: "sha256", Of: []string{"abc"}, Encoding: "base64"}, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="},
		"base64url":       {signature.Rule{Alg: "sha256", Of: []string{"abc"}, Encoding: "base64url"}, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"},
		"hmac-sha1":       {signature.Rule{Alg: "hmac-sha1", Key: "Jefe", Of: []string{"what do ya want for nothing?"}}, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		"begins hmac-512": {signature.Rule{Alg: "hmac-sha512", Key: "Jefe", Of: []string{"what do ya want for nothing?"}}, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
		"begins sha512":   {signature.Rule{Alg: "sha512", Of: []string{"abc"}}, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	} {
		if got, err := test.rule.Sign(request()); err != nil || got != test.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestTheComponentsOfARequestAreSignedAsItStands(t *testing.T) {
	for of, want := range map[string]string{
		"@method":                 "POST",
		"@path":                   "/auth/token/create",
		"@query":                  "a=1",
		"@params":                 "app_key123code0_1timestamp1700000000",
		"@body":                   `{"code":"0_1"}`,
		"@path @params":           "/auth/token/createapp_key123code0_1timestamp1700000000",
		"secret @params @body |x": `secretapp_key123code0_1timestamp1700000000{"code":"0_1"}|x`,
	} {
		mac := hmac.New(sha256.New, []byte("key"))
		mac.Write([]byte(want))
		got, err := signature.Rule{Key: "key", Of: strings.Fields(of)}.Sign(request())
		if err != nil || got != hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("%s is not signed as %q (%v)", of, want, err)
		}
	}
}

func TestARuleThatCannotBeCarriedOutSaysWhy(t *testing.T) {
	fine := signature.Rule{Name: "sign", Of: []string{"@params"}}
	if err := fine.Check(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*signature.Rule){
		"alg is \"md5\"":           func(r *signature.Rule) { r.Alg = "md5" },
		"alg is \"sha1\"":          func(r *signature.Rule) { r.Alg = "sha1" },
		"encoding is \"octal\"":    func(r *signature.Rule) { r.Encoding = "octal" },
		"no name":                  func(r *signature.Rule) { r.Name = "" },
		"in is \"cookie\"":         func(r *signature.Rule) { r.In = "cookie" },
		"what is signed":           func(r *signature.Rule) { r.Of = nil },
		"\"@host\" is not one of":  func(r *signature.Rule) { r.Of = []string{"@host"} },
		"no meaning with sha256: ": func(r *signature.Rule) { r.Alg, r.Key = "sha256", "k" },
	} {
		broken := fine
		spoil(&broken)
		if err := broken.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := (signature.Rule{Alg: "md5"}).Sign(request()); err == nil {
		t.Error("an algorithm nobody knows signs")
	}
}

func TestOnlyAMACHasAKey(t *testing.T) {
	for alg, keyed := range map[string]bool{"": true, "hmac-sha512": true, "sha256": false} {
		if (signature.Rule{Alg: alg}).NeedsKey() != keyed {
			t.Errorf("%q: %v", alg, !keyed)
		}
	}
}
