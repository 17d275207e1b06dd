package catalog_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/catalog"
)

func TestClientAuthenticationThatCannotWorkIsRefusedAtItsKey(t *testing.T) {
	const endpoints = "authorization_endpoint: https://login.contoso.example/a\ntoken_endpoint: https://login.contoso.example/t\n"
	for name, test := range map[string]struct{ text, want string }{
		"a certificate":           {"token_endpoint_auth_method: tls_client_auth\ntls_client_certificate_bound_access_tokens: true\n", ""},
		"a self-signed one":       {"token_endpoint_auth_method: self_signed_tls_client_auth\n", ""},
		"a key id of a client":    {"token_endpoint_auth_method: private_key_jwt\nclient_assertion: {header: {kid: '{id}'}}\nvariables: {id: {from: client}}\n", ""},
		"a key id of nobody":      {"client_assertion: {header: {kid: '{id}'}}\n", "variables: {id} is used and not declared"},
		"bound, and not shown":    {"tls_client_certificate_bound_access_tokens: true\napi: {base_url: https://api.contoso.example, tls: {client_certificate: false}}\n", "api.tls.client_certificate: "},
		"none with an assertion":  {"token_endpoint_auth_method: none\nclient_assertion: {alg: RS256}\n", "client_assertion: none"},
		"a key signs as a secret": {"token_endpoint_auth_method: private_key_jwt\nclient_assertion: {alg: HS256}\n", "client_assertion.alg: "},
		"a secret signs as a key": {"token_endpoint_auth_method: client_secret_jwt\nclient_assertion: {alg: RS256}\n", "client_assertion.alg: "},
		"a secret's certificate":  {"token_endpoint_auth_method: client_secret_jwt\nclient_assertion: {alg: HS256, header: {x5t: true}}\n", "client_assertion.header: "},
		"the grant's key":         {"client_assertion: {scope: claim}\n", "client_assertion.scope: "},
		"a secret of a person":    {"token_request: {params: {k: '{k}'}}\nvariables: {k: {secret: true}}\n", "variables.k.secret: "},
		"a secret for all to see": {"token_request: {params: {k: '{k}'}}\nvariables: {k: {secret: true, from: client, default: x}}\n", "variables.k.secret: "},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := catalog.ParseProvider("contoso.yaml", []byte(endpoints+test.text))
			if test.want == "" {
				if err != nil || len(catalog.Lint(p)) > 0 {
					t.Fatalf("%v %v", err, catalog.Lint(p))
				}
				return
			}
			var found []string
			for _, finding := range catalog.Lint(p) {
				found = append(found, finding.String())
			}
			if err != nil {
				found = append(found, err.Error())
			}
			if !strings.Contains(strings.Join(found, "\n"), test.want) {
				t.Fatalf("found %q", found)
			}
		})
	}
}
