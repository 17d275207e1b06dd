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
		"no endpoint":         {"title: A\n", "p.yaml:1:1: token_endpoint: it is missing"},
		"plain http":          {"token_endpoint: http://a.example/t\n", "p.yaml:1:1: token_endpoint: it must be an https address"},
		"no address":          {"title: A\ntoken_endpoint: here\n", "p.yaml:2:1: token_endpoint: "},
		"password":            {"token_endpoint: https://u:p@a.example/t\n", "token_endpoint: "},
		"undeclared":          {"token_endpoint: https://a.example/{tenant}\n", "variables: {tenant} is used and not declared"},
		"unused":              {good + "variables:\n  x: {default: a}\n", "p.yaml:3:3: variables.x: it is declared and used nowhere"},
		"stray brace":         {"token_endpoint: https://a.example/{t-x}\n", "it has a brace that is no {variable}"},
		"filter":              {"token_endpoint: https://a.example/{t|up}\nvariables: {t: {}}\n", `the template function "up"`},
		"default not listed":  {"token_endpoint: https://a.example/{t}\nvariables:\n  t: {default: c, enum: [a, b]}\n", "p.yaml:3:7: variables.t.default: "},
		"default no match":    {"token_endpoint: https://a.example/{t}\nvariables: {t: {default: C, pattern: '[a-z]+'}}\n", "variables.t.default: "},
		"pattern":             {"token_endpoint: https://a.example/{t}\nvariables: {t: {pattern: '['}}\n", "variables.t.pattern: it is not a regular expression"},
		"a sealed pair, open": {good + "variables: {pair: {from: client}}\napi: {base_url: 'https://x.example', tls: {certificate: 'variable:pair'}}\n", "api.tls.certificate: variables.pair is not sealed"},
		"a pair of nothing":   {good + "api: {base_url: 'https://x.example', tls: {certificate: 'variable:pair'}}\n", "variables: {pair} is used and not declared"},
		"placement":           {good + "api: {token: {in: cookie}}\n", `p.yaml:2:15: api.token.in: "cookie" is not one of header, query, body`},
		"base url":            {good + "api: {base_url: nowhere}\n", "p.yaml:2:7: api.base_url: "},
		"test without base":   {good + "api: {test: {path: /me}}\n", "api.base_url: it is missing"},
		"challenge":           {good + "code_challenge_method: s256\n", `code_challenge_method: "s256" is not one of S256, plain, none`},
		"public, no PKCE":     {good + "code_challenge_method: none\ntoken_endpoint_auth_method: none\n", "a client without a secret needs a code challenge"},
		"auth method":         {good + "token_endpoint_auth_method: basic\n", `token_endpoint_auth_method: "basic" is not one of client_secret_basic`},
		"grant":               {good + "grant: hope\n", `grant: "hope" is not one of authorization_code, device_code, client_credentials, jwt_bearer, saml2_bearer, token_exchange, on_behalf_of, custom, password, implicit`},
		"custom without name": {good + "grant: custom\n", "token_request.grant_type: the grant custom has no name without it"},
		"same grant":          {good + "refresh: {strategy: same_grant}\n", "refresh.strategy: same_grant is for a grant that needs no person"},
		"additional token":    {good + "additional_tokens: {files: {params: {}}}\n", "additional_tokens.files: without params it is the connection's own token"},
		"its template":        {good + "additional_tokens: {files: {params: {scope: '{site}'}}}\n", "variables: {site} is used and not declared"},
		"introspect":          {good + "token_response: {expires: introspect}\n", "token_response.expires: introspect needs an introspection_endpoint"},
		"rotation":            {good + "refresh: {rotation: always}\n", `refresh.rotation: "always" is not one of none, optional, single_use`},
		"verification":        {good + "provenance: {verification: sure}\n", `provenance.verification: "sure" is not one of tried, documented`},
		"encoding":            {good + "token_request: {encoding: xml}\n", `token_request.encoding: "xml"`},
		"method":              {good + "token_request: {method: FETCH}\n", `token_request.method: "FETCH"`},
		"parameter":           {good + "token_request: {params: {a: '{b}'}}\n", "{b} is used and not declared"},
		"source":              {"token_endpoint: https://a.example/{t}\nvariables:\n  t: {from: anywhere}\n", `p.yaml:3:7: variables.t.from: "anywhere" is not one of user, client, callback`},
		"unguarded host":      {good + "variables: {d: {from: token_response}}\napi: {base_url: '{d}/v1'}\n", "p.yaml:3:7: api.base_url: {d} chooses a host, and the provider's answer chooses it: give variables.d a must_match"},
		"unguarded part":      {"token_endpoint: https://{d}.a.example/t\nvariables: {d: {from: callback}}\n", "token_endpoint: {d} chooses a host"},
		"unguarded second":    {good + "variables: {d: {from: callback, must_match: 'https://[a-z]+[.]a[.]example'}, e: {from: callback}}\napi: {base_url: '{d}{e}/v1'}\n", "{e} chooses a host"},
		"unguarded look-up":   {good + "variables: {d: {from: token_response}, s: {from: request, request: {url: 'https://{d}/s', value: /id}}}\napi: {base_url: 'https://x.example/{s}'}\n", "variables.s.request.url: {d} chooses a host"},
		"a guard that sleeps": {good + "variables: {d: {from: callback, must_match: 'https://.*'}}\napi: {base_url: '{d}'}\n", "variables.d.must_match: it lets any host pass"},
		"capture":             {good + "variables: {d: {from: callback, capture: 'a+'}}\napi: {base_url: 'https://x.example/{d}'}\n", "variables.d.capture: it has no group"},
		"useless pointer":     {good + "variables: {d: {pointer: /x}}\napi: {base_url: 'https://x.example/{d}'}\n", "variables.d.pointer: it has a meaning only with from: token_response"},
		"useless on_refresh":  {good + "variables: {d: {from: callback, on_refresh: true}}\napi: {base_url: 'https://x.example/{d}'}\n", "variables.d.on_refresh: it has a meaning only with"},
		"request missing":     {good + "variables: {d: {from: request}}\napi: {base_url: 'https://x.example/{d}'}\n", "from: request and the block request go together"},
		"choose":              {good + "variables: {d: {from: request, request: {url: 'https://x.example', value: /id, choose: best}}}\napi: {base_url: 'https://x.example/{d}'}\n", `request.choose: "best" is not one of user, first, only`},
		"option member":       {"token_endpoint: https://{r.host}/t\nvariables: {r: {options: {eu: {host: eu.example}, us: {api: us.example}}}}\n", "variables.r.options: {r.host} is used, and not every option has host"},
		"built-in's name":     {"token_endpoint: https://a.example/{client_id}\nvariables: {client_id: {}}\n", "variables.client_id: the name stands for a value of its own"},
		"secret in the URL":   {good + "authorization_request: {params: {s: '{client_secret}'}}\n", "{client_secret} is used where it is not known"},
		"strategy":            {good + "refresh: {strategy: hope}\n", `refresh.strategy: "hope" is not one of refresh_token, access_token, same_grant, none`},
		"dead grant":          {good + "refresh: {dead_grant: {}}\n", "refresh.dead_grant: it names neither"},
		"refusal of nothing":  {good + "token_response: {auth_error: {}}\n", "token_response.auth_error: it names neither"},
		"refusal of all":      {good + "token_response: {auth_error: {statuses: [200]}}\n", "token_response.auth_error: every answer"},
		"skew and patience":   {good + "refresh: {skew: 1m, not_before_expiry: true}\n", "refresh.skew: "},
		"implicit":            {good + "response_type: token\n", "response_type: it has no code"},
		"code name":           {good + "authorization_response: {code: state}\n", `authorization_response.code: "state" cannot be`},
		"consent and code":    {good + "authorization_response: {code: c, consent_only: true}\n", "consent_only says that there is none"},
		"two ways to prove":   {good + "token_endpoint_auth_method: none\ntoken_endpoint_auth: {username: a}\n", "exclude each other"},
		"two ways, at odds":   {good + "token_endpoint_auth_method: [client_secret_basic, private_key_jwt]\n", `token_endpoint_auth_method: "client_secret_basic private_key_jwt" is not one of`},
		"an unknown verifier": {good + "authorization_response: {verify: shopfy}\n", `authorization_response.verify: "shopfy" is not one of shopify`},
		"nothing to prove":    {good + "token_endpoint_auth: {scheme: Basic}\n", "token_endpoint_auth: it names neither"},
		"step without URL":    {good + "exchange: [{method: GET}]\n", "exchange.0.url: it is missing"},
		"token sets":          {good + "token_response: {token_sets: {user: u}}\n", "token_response.token_sets.user: it must be a JSON pointer"},
		"a set's name":        {good + "token_response: {token_sets: {The User: /u}}\n", "token_response.token_sets.The User: the name of a set"},
		"a set of a refresh":  {good + "refresh_response: {token_sets: {user: /u}}\n", "refresh_response.token_sets.user: it belongs to token_response"},
		"kept too early":      {good + "token_response: {keep: [access_token]}\n", "token_response.keep: only a refresh_response"},
		"unit":                {good + "token_response: {expires_in: {unit: h}}\n", `token_response.expires_in.unit: "h" is not one of s, ms, m`},
		"leg's own auth":      {good + "token_request: {auth: access_token}\n", `token_request.auth: "access_token" is not one of`},
		"token source":        {good + "api: {token: {source: refresh_token}}\n", `api.token.source: "refresh_token" is not one of`},
		"form of nothing":     {good + "endpoint_forms: {tokn_endpoint: ['https://a.example/t']}\n", "p.yaml:2:18: endpoint_forms.tokn_endpoint: there is no such endpoint"},
		"form and endpoint":   {good + "endpoint_forms: {token_endpoint: ['https://a.example/u']}\n", "token_endpoint: it stands in endpoint_forms as well"},
		"form never taken":    {"endpoint_forms: {token_endpoint: ['https://a.example/u', 'https://b.example/u']}\n", "those after it never are"},
		"form of no address":  {"endpoint_forms: {token_endpoint: ['http://a.example/u']}\n", "endpoint_forms.token_endpoint: it must be an https address"},
		"near source key":     {good + "variables: {d: {frm: callback}}\n", `unknown key "frm"; did you mean from?`},
		"another name":        {good + "name: other\n", "name: the name of a provider is that of its file"},
		"built in":            {good + "built_in: true\n", "built_in: it cannot be set"},
		"unknown key":         {good + "tokn_request: {}\n", `p.yaml:2:1: unknown key "tokn_request"; did you mean token_request?`},
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
