package catalog_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/catalog"
)

func TestSignaturesAreCheckedWhereTheyStand(t *testing.T) {
	const good = "token_endpoint: https://a.example/t\n"
	for text, want := range map[string]string{
		"token_request: {sign: [{name: s, of: ['{code}']}]}\nrefresh: {strategy: none}":                                     "",
		"token_request: {sign: [{name: s, of: ['{code}']}]}\nrefresh_request: {sign: [{name: s, of: ['{refresh_token}']}]}": "",
		"token_request: {sign: [{name: s, of: ['@params', '{timestamp}']}]}":                                                "",
		"token_request: {sign: [{name: s, of: ['{code}']}]}":                                                                "refresh_request.sign: it is missing",
		"token_request: {sign: [{name: s, alg: md5, of: [x]}]}":                                                             `token_request.sign.0: alg is "md5"`,
		"token_request: {sign: [{name: s, of: ['@params']}, {of: [x]}]}":                                                    "token_request.sign.1: it has no name",
		"token_request: {sign: [{name: s, of: ['{secret}']}]}":                                                              "{secret} is used and not declared",
		"token_request: {sign: [{name: s, key: '{x|up}', of: [x]}]}\nvariables: {x: {}}":                                    `the template function "up"`,
		"refresh_request: {sign: [{name: s, of: ['{code}']}]}":                                                              "{code} is used where it is not known",
		"authorization_request: {sign: [{name: s, of: [x]}]}":                                                               "authorization_request.sign: a browser carries this request",
	} {
		_, err := catalog.ParseProvider("p.yaml", []byte(good+text+"\n"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %q", text, err, want)
		}
	}
}
