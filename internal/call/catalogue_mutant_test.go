package call_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/catalog"
)

// sound is a description of a provider that strays from the RFCs in many ways.
const sound = `title: Contoso
variables:
  tenant: {label: Tenant}
  region: {options: {eu: {api: api.eu.contoso.com}, us: {api: api.contoso.com}}, default: eu}
  base: {from: token_response, pointer: /data/base, must_match: 'https://[a-z]+\.contoso\.com'}
  account: {from: request, request: {url: "https://api.contoso.com/me", list: /accounts, value: /id}}
authorization_endpoint: https://login.contoso.com/{tenant}/authorize
token_endpoint: https://login.contoso.com/{tenant}/token
revocation_endpoint: https://login.contoso.com/{tenant}/revoke
token_endpoint_auth_method: client_secret_post
scopes: {separator: ",", default: [read], required: [offline]}
authorization_request: {params: {prompt: consent}, rename: {client_id: app_id}}
authorization_response: {code: [auth_code]}
token_request: {encoding: json, rename: {client_id: app_id}, headers: {X-Contoso: "{region.api}"}}
token_response: {root: /data, access_token: /accessToken, expires_in: {pointer: /life, unit: m}, error_when: {pointer: /status, not_equals: 0, error: /message}}
api:
  base_url: "{base}/v1/{account}"
  headers: {X-Account: "{account}"}
  test: {path: /me}
`

func TestTheWalkThroughADescriptionFailsWhereItIsWrong(t *testing.T) {
	w := newWorld(t)
	if wrong := w.walkText("sound", sound); len(wrong) > 0 {
		t.Fatalf("the sound description: %v", wrong)
	}
	for name, change := range map[string][2]string{
		"a variable nobody declared":            {"/{tenant}/token", "/{tennant}/token"},
		"an endpoint that is http":              {"token_endpoint: https", "token_endpoint: http"},
		"a key nobody knows":                    {"revocation_endpoint:", "revoke_endpoint:"},
		"a host that anybody may choose":        {`, must_match: 'https://[a-z]+\.contoso\.com'`, ""},
		"a guard that no base URL passes":       {`must_match: 'https://[a-z]+\.contoso\.com'`, `must_match: '[a-z]+@contoso'`},
		"two parameters under one name":         {"token_request: {encoding: json, rename: {client_id: app_id}", "token_request: {encoding: json, rename: {client_id: client_secret}"},
		"a scope that holds two":                {"default: [read]", "default: [read write]"},
		"a separator within a scope":            {"default: [read]", `default: ["a,b"]`},
		"a member that is an object elsewhere":  {"access_token: /accessToken", "access_token: /life"},
		"a state that is left out":              {"prompt: consent}", "prompt: consent}, omit: [state]"},
		"a challenge that is set by hand":       {"prompt: consent}", "prompt: consent, code_challenge: x}"},
		"a token that the description hides":    {"token_response: {root: /data,", "token_response: {root: /data, refresh_token: /life,"},
		"a look-up without a value":             {", value: /id", ""},
		"a look-up that goes nowhere":           {"https://api.contoso.com/me", "api.contoso.com/me"},
		"an option that lacks a member":         {"us: {api: api.contoso.com}", "us: {host: api.contoso.com}"},
		"a test request without a base URL":     {`  base_url: "{base}/v1/{account}"` + "\n", ""},
		"a public client without a challenge":   {"client_secret_post", "none\ncode_challenge_method: none"},
		"an error that every answer is":         {"not_equals: 0", "present: false"},
		"a header with a variable of its own":   {`X-Account: "{account}"`, `X-Account: "{acount}"`},
		"a redirect that hides the code":        {"{code: [auth_code]}", "{code: [state]}"},
		"a template that is no address":         {"https://login.contoso.com/{tenant}/authorize", "/{tenant}/authorize"},
		"an authentication that does not exist": {"client_secret_post", "client_secret_body"},
	} {
		text := strings.Replace(sound, change[0], change[1], 1)
		if text == sound {
			t.Errorf("%s: nothing was changed", name)
		}
		if wrong := w.walkText("mutant", text); len(wrong) == 0 {
			t.Errorf("%s: nobody noticed", name)
		}
	}
}

// walkText plays the life of a description that is not shipped.
func (w *world) walkText(name, text string) []string {
	p, err := catalog.ParseProvider(name+".yaml", []byte(text))
	if err != nil {
		return []string{err.Error()}
	}
	if _, err := w.broker.PutProvider(w.t.Context(), name, p); err != nil {
		return []string{err.Error()}
	}
	return w.live(p, "authorization_code")
}
