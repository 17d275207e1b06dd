package n8n_test

import (
	"os"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
	"github.com/valetkey/valetkey/internal/importer/n8n"
)

func none(string) bool { return false }

func read(t *testing.T, text string) draft.Draft {
	t.Helper()
	d, err := n8n.Read([]draft.File{{Name: "f.json", Data: []byte(text)}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := form.Verify(d, none); err != nil {
		t.Fatal(err)
	}
	return d
}

func noted(t *testing.T, d draft.Draft, want string) {
	t.Helper()
	for _, n := range d.Notes {
		if strings.Contains(n.String(), want) {
			return
		}
	}
	t.Errorf("no note says %q: %v", want, d.Notes)
}

func TestAGenericCredentialIsReadWithItsToken(t *testing.T) {
	d := read(t, `[{"id": "1", "name": "Contoso account", "type": "oAuth2Api", "data": {"grantType": "pkce", "authUrl": "https://l.contoso.example/a", "accessTokenUrl": "https://l.contoso.example/t",
		"clientId": "app", "clientSecret": "hunter2hunter2", "scope": "read write", "authQueryParameters": "access_type=offline&prompt=consent", "authentication": "body", "tokenExpiredStatusCode": 403,
		"oauthTokenData": {"access_token": "access-1234", "refresh_token": "refresh-1234", "expiry_date": 1700000000000, "token_type": "Bearer", "scope": "read"}}}]`)
	p, c, token := d.Providers["contoso-account"], d.Clients["contoso-account"], d.Tokens["contoso-account"]
	if p.AuthorizationRequest.Params["access_type"] != "offline" || p.CodeChallengeMethod != "S256" || p.TokenEndpointAuthMethod != "client_secret_post" || p.API.AuthError.Statuses[1] != 403 {
		t.Errorf("%+v", p)
	}
	if c.ClientID != "app" || string(*c.ClientSecret) != "hunter2hunter2" || len(d.Connections) != 1 {
		t.Errorf("%+v", c)
	}
	if string(token.RefreshToken) != "refresh-1234" || token.ExpiresAt.Unix() != 1700000000 || token.Scope != "read" {
		t.Errorf("%#v", token)
	}
}

func TestATypedCredentialKnowsItsAddresses(t *testing.T) {
	for name, want := range map[string][2]string{
		`"type": "googleSheetsOAuth2Api", "data": {`:                                    {"https://oauth2.googleapis.com/token", "access_type"},
		`"type": "zendeskOAuth2Api", "data": {"subdomain": "contoso",`:                  {"https://contoso.zendesk.com/oauth/tokens", ""},
		`"type": "microsoftOutlookOAuth2Api", "data": {`:                                {"https://login.microsoftonline.com/common/oauth2/v2.0/token", "response_mode"},
		`"type": "salesforceOAuth2Api", "data": {"environment": "sandbox",`:             {"https://test.salesforce.com/services/oauth2/token", ""},
		`"type": "gitlabOAuth2Api", "data": {"server": "https://git.contoso.example/",`: {"https://git.contoso.example/oauth/token", ""},
		`"type": "zendeskOAuth2Api", "data": {`:                                         {"https://{subdomain}.zendesk.com/oauth/tokens", ""},
	} {
		d := read(t, `{"name": "a", `+name+` "clientId": "app", "clientSecret": "s"}}`)
		p := d.Providers["a"]
		if p.TokenEndpoint != want[0] || len(d.Connections) != 1 {
			t.Errorf("%s: %+v %v", name, p, d.Notes)
		}
		if want[1] != "" && p.AuthorizationRequest == nil {
			t.Errorf("%s: no parameters", name)
		} else if want[1] != "" && p.AuthorizationRequest.Params[want[1]] == "" {
			t.Errorf("%s: %+v", name, p.AuthorizationRequest)
		}
	}
}

func TestEveryKnownTypeGivesASoundProvider(t *testing.T) {
	data, err := os.ReadFile("types.tsv")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.Lines(string(data)) {
		name, _, _ := strings.Cut(line, "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		checked++
		d := read(t, `{"name": "a", "type": "`+name+`", "data": {"clientId": "app", "clientSecret": "s", "host": "https://h.example", "url": "https://u.example", "environmentUrl": "https://e.example", "region": "crm", "tenantId": "t", "subdomain": "s", "server": "https://g.example", "resource": "r", "account": "a", "shopSubdomain": "s", "appId": "1", "actor": "user"}}`)
		if len(d.Connections) != 1 {
			t.Errorf("%s: %v", name, d.Notes)
		}
	}
	if checked < 100 {
		t.Errorf("%d types", checked)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	d := read(t, `[{"name": "a", "type": "gmailOAuth2", "data": "U2FsdGVkX18hunter2"}, {"name": "b", "type": "httpBasicAuth", "data": {"password": "hunter2hunter2"}},
		{"name": "c", "type": "contosoOAuth2Api", "data": {"clientId": "x"}}, {"name": "d", "type": "oAuth2Api", "data": {"grantType": "clientCredentials", "accessTokenUrl": "https://l.contoso.example/t", "clientId": "={{ $env.ID }}", "authentication": "body", "sendAdditionalBodyProperties": true, "additionalBodyProperties": "{\"audience\": \"x\"}", "ignoreSSLIssues": true}}]`)
	for _, want := range []string{"export it readable", "not OAuth 2.0", "a type that is not known", "an expression", "without a client id", "ignored certificate errors"} {
		noted(t, d, want)
	}
	if d.Providers["d"].TokenRequest.Params["audience"] != "x" {
		t.Errorf("%+v", d.Providers["d"])
	}
	for _, text := range []string{`{}`, `[]`, `[1]`, `{"nodes": []}`} {
		if _, err := n8n.Read([]draft.File{{Name: "f", Data: []byte(text)}}, ""); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`[{"name": "a", "type": "zendeskOAuth2Api", "data": {"subdomain": "{{x}}", "clientId": "c", "oauthTokenData": {"refresh_token": "r", "expiry_date": 1e999}}}]`))
	f.Add([]byte(`{"type": "oAuth2Api", "data": {"accessTokenUrl": "l.example/t?a=b", "clientId": "c", "scope": "a,b", "sendAdditionalBodyProperties": true, "additionalBodyProperties": "[]"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := n8n.Read([]draft.File{{Name: "f", Data: data}}, "")
		if err != nil {
			if fault.As(err).Message == "" {
				t.Fatal("an error without words")
			}
			return
		}
		if err := form.Verify(d, none); err != nil {
			t.Fatal(err)
		}
	})
}
