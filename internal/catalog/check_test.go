package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestEachMistakeInADescriptionIsNamedWithItsLine(t *testing.T) {
	const good = "token_endpoint: https://a.example/t\n"
	for name, test := range map[string]struct{ text, want string }{
		"no endpoint":        {"title: A\n", "p.yaml:1:1: token_endpoint: it is missing"},
		"plain http":         {"token_endpoint: http://a.example/t\n", "p.yaml:1:1: token_endpoint: it must be an https address"},
		"no address":         {"title: A\ntoken_endpoint: here\n", "p.yaml:2:1: token_endpoint: "},
		"password":           {"token_endpoint: https://u:p@a.example/t\n", "token_endpoint: "},
		"undeclared":         {"token_endpoint: https://a.example/{tenant}\n", "variables: {tenant} is used and not declared"},
		"unused":             {good + "variables:\n  x: {default: a}\n", "p.yaml:3:3: variables.x: it is declared and used nowhere"},
		"stray brace":        {"token_endpoint: https://a.example/{t-x}\n", "it has a brace that is no {variable}"},
		"filter":             {"token_endpoint: https://a.example/{t|up}\nvariables: {t: {}}\n", `the template function "up"`},
		"default not listed": {"token_endpoint: https://a.example/{t}\nvariables:\n  t: {default: c, enum: [a, b]}\n", "p.yaml:3:7: variables.t.default: "},
		"default no match":   {"token_endpoint: https://a.example/{t}\nvariables: {t: {default: C, pattern: '[a-z]+'}}\n", "variables.t.default: "},
		"pattern":            {"token_endpoint: https://a.example/{t}\nvariables: {t: {pattern: '['}}\n", "variables.t.pattern: it is not a regular expression"},
		"placement":          {good + "api: {token: {in: cookie}}\n", `p.yaml:2:15: api.token.in: "cookie" is not one of header, query, body`},
		"base url":           {good + "api: {base_url: nowhere}\n", "p.yaml:2:7: api.base_url: "},
		"test without base":  {good + "api: {test: {path: /me}}\n", "api.base_url: it is missing"},
		"challenge":          {good + "code_challenge_method: s256\n", `code_challenge_method: "s256" is not one of S256, plain, none`},
		"public, no PKCE":    {good + "code_challenge_method: none\ntoken_endpoint_auth_method: none\n", "a client without a secret needs a code challenge"},
		"auth method":        {good + "token_endpoint_auth_method: basic\n", `token_endpoint_auth_method: "basic" is not one of client_secret_basic`},
		"grant":              {good + "grant: password\n", `grant: "password" is not one of authorization_code, device_code, client_credentials, jwt_bearer`},
		"encoding":           {good + "token_request: {encoding: xml}\n", `token_request.encoding: "xml"`},
		"method":             {good + "token_request: {method: FETCH}\n", `token_request.method: "FETCH"`},
		"parameter":          {good + "token_request: {params: {a: '{b}'}}\n", "{b} is used and not declared"},
		"another name":       {good + "name: other\n", "name: the name of a provider is that of its file"},
		"built in":           {good + "built_in: true\n", "built_in: it cannot be set"},
		"unknown key":        {good + "tokn_request: {}\n", `p.yaml:2:1: unknown key "tokn_request"; did you mean token_request?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := catalog.ParseProvider("p.yaml", []byte(test.text))
			if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestANestedDescriptionGetsTheHintThatKeysStandOnTop(t *testing.T) {
	_, err := catalog.ParseProvider("p.yaml", []byte("oauth2:\n  token_endpoint: https://a.example/t\n"))
	if f := fault.As(err); !strings.Contains(f.Hint, "top level") {
		t.Errorf("got %q, hint %q", f.Message, f.Hint)
	}
}

func TestCheckNamesEveryProblemOfADescriptionWithoutAFile(t *testing.T) {
	var p api.Provider
	p.Grant = "magic"
	err := catalog.Check(p)
	if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), "token_endpoint: ") || !strings.Contains(err.Error(), "grant: ") {
		t.Errorf("got %v", err)
	}
	p.Grant, p.TokenEndpoint = "", "https://a.example/t"
	if err := catalog.Check(p); err != nil {
		t.Errorf("a right description is refused: %v", err)
	}
}

func TestTheFullestDescriptionIsAccepted(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := catalog.ParseProvider("full.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "full" || p.TokenResponse.ExpiresIn.Unit != "ms" || *p.API.Token.Scheme != "" || len(p.API.Token.In) != 2 {
		t.Errorf("got %+v", p)
	}
}
