package powerplatform_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/powerplatform"
)

func file(t testing.TB, name, from string) draft.File {
	t.Helper()
	data, err := os.ReadFile("testdata/" + from)
	if err != nil {
		t.Fatal(err)
	}
	return draft.File{Name: name, Data: data}
}

func contoso(t testing.TB) []draft.File {
	return []draft.File{
		file(t, "contoso/apiDefinition.swagger.json", "contoso.swagger.json"),
		file(t, "contoso/apiProperties.json", "contoso.properties.json"),
	}
}

func notes(d draft.Draft) string {
	var lines []string
	for _, n := range d.Notes {
		lines = append(lines, n.String())
	}
	return strings.Join(lines, "\n")
}

// properties reads a connector whose oAuthSettings are these.
func properties(t *testing.T, settings string) (api.Provider, draft.Draft) {
	t.Helper()
	d, err := powerplatform.Read([]draft.File{
		file(t, "apiDefinition.swagger.json", "contoso.swagger.json"),
		{Name: "apiProperties.json", Data: []byte(`{"properties":{"connectionParameters":{"token":{"type":"oauthSetting","oAuthSettings":` + settings + `}}}}`)},
	}, "p")
	if err != nil {
		t.Fatal(err)
	}
	return d.Providers["p"], d
}

func TestAConnectorWithTemplatesBecomesAProvider(t *testing.T) {
	d, err := powerplatform.Read(contoso(t), "")
	if err != nil {
		t.Fatal(err)
	}
	p, ok := d.Providers["contoso-things"]
	if !ok {
		t.Fatalf("the providers are %v", slices.Collect(maps.Keys(d.Providers)))
	}
	if err := catalog.Check(p); err != nil {
		t.Errorf("%v", err)
	}
	for what, pair := range map[string][2]string{
		"authorization endpoint": {p.AuthorizationEndpoint, "https://{customHost}/authorize"},
		"token endpoint":         {p.TokenEndpoint, "https://auth.contoso.example/oauth/token"},
		"refresh endpoint":       {p.RefreshEndpoint, "https://auth.contoso.example/oauth/refresh"},
		"method":                 {string(p.TokenEndpointAuthMethod), "client_secret_post"},
		"prompt":                 {p.AuthorizationRequest.Params["prompt"], "consent"},
		"tenant":                 {p.AuthorizationRequest.Params["tenant"], "{tenantId}"},
		"name of the code":       {p.TokenRequest.Rename["code"], "auth_code"},
		"left out":               {strings.Join(p.TokenRequest.Omit, " "), "redirect_uri"},
		"redirect of a refresh":  {p.RefreshRequest.Params["redirect_uri"], "{redirect_uri}"},
		"scopes":                 {strings.Join(p.Scopes.Default, " "), "offline_access read write"},
		"separator":              {p.Scopes.Separator, ","},
		"base URL":               {p.API.BaseURL, "https://{customHost}/v1"},
		"header":                 {p.API.Headers["Api-Version"], "2024-01-01"},
		"query":                  {p.API.Query["tenant"], "{tenantId}"},
		"enum":                   {strings.Join(p.Variables["customHost"].Enum, " "), "eu.contoso.example us.contoso.example"},
		"default":                {p.Variables["customHost"].Default, "eu.contoso.example"},
		"client":                 {d.Clients["contoso-things"].ClientID, "8f2c1a7db4"},
		"header of an operation": {p.Operations["GetThing"].Headers["X-Kind"], "thing"},
		"query of an operation":  {p.Operations["GetThing"].Path, "/things/{id}?expand=all"},
		"route":                  {p.Operations["ArchiveThing"].Method + " " + p.Operations["ArchiveThing"].Path, "POST /things/{id}/archive"},
		"pages":                  {p.Operations["ListThings"].Pagination.Next, "/next"},
		"style":                  {p.Operations["ListThings"].Parameters["ids"].Style, "comma"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	if top := p.Operations["ListThings"].Parameters["top"]; top.Default != "50" || top.Required {
		t.Errorf("top is %+v", top)
	}
	said := notes(d)
	for _, want := range []string{
		"token:notes: a connection parameter", "apiKey: a secret parameter", "gateway: an on-premises gateway", "scriptOperations[0]",
		"policyTemplateInstances[2].parameters.x-ms-apimTemplateParameter.value: a value made of a secret parameter",
		"policyTemplateInstances[3]: a policy for answers", "policyTemplateInstances[10]: a policy", "policyTemplateInstances[11].parameters.x-ms-apimTemplateParameter.value: a computed value",
		"the redirect URI", "the client secret of contoso-things",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no note says %q:\n%s", want, said)
		}
	}
}

func TestEntraIsAskedAsPowerPlatformAsksIt(t *testing.T) {
	p, d := properties(t, `{"identityProvider":"aad","clientId":"{{client}}","customParameters":{"loginUri":{"value":"https://login.microsoftonline.us"},"tenantId":{"value":"contoso.example"},"resourceUri":{"value":"https://graph.contoso.example"}}}`)
	if p.TokenEndpoint != "https://login.microsoftonline.us/{tenant}/oauth2/token" || p.Variables["tenant"].Default != "contoso.example" || p.RefreshRequest.Params["resource"] != "https://graph.contoso.example" {
		t.Errorf("%+v", p)
	}
	if len(d.Clients) != 0 || !strings.Contains(notes(d), "the client id: it is a placeholder") {
		t.Errorf("%v\n%s", d.Clients, notes(d))
	}
	if err := catalog.Check(p); err != nil {
		t.Error(err)
	}
}

func TestAPlainOAuthSettingHasItsEndpoints(t *testing.T) {
	p, d := properties(t, `{"identityProvider":"oauth2","scopes":["a b"],"customParameters":{"authorizationUrl":{"value":"https://a.contoso.example/auth"},"tokenUrl":{"value":"https://a.contoso.example/token"},"refreshUrl":{"value":"https://a.contoso.example/token"}}}`)
	if p.AuthorizationEndpoint != "https://a.contoso.example/auth" || p.RefreshEndpoint != "" || !slices.Equal(p.Scopes.Default, []string{"a", "b"}) {
		t.Errorf("%+v\n%s", p, notes(d))
	}
	if err := catalog.Check(p); err != nil {
		t.Error(err)
	}
}

func TestANamedIdentityProviderComesFromTheCatalogue(t *testing.T) {
	for _, kind := range []string{"github", "Google", "salesforce"} {
		p, d := properties(t, `{"identityProvider":"`+kind+`"}`)
		if p.AuthorizationEndpoint == "" && len(p.EndpointForms) == 0 && p.Issuer == "" || p.API.BaseURL != "https://api.contoso.example/v1" {
			t.Errorf("%s: %+v\n%s", kind, p, notes(d))
		}
	}
	_, d := properties(t, `{"identityProvider":"nobodyknows"}`)
	if !strings.Contains(notes(d), "its endpoints stand neither in the file nor in the catalogue") {
		t.Error(notes(d))
	}
}

func TestABodyInJSONAndAQueryAreTold(t *testing.T) {
	p, _ := properties(t, `{"identityProvider":"oauth2generic","customParameters":{"authorizationUrlTemplate":{"value":"https://a.contoso.example/auth"},"tokenUrlTemplate":{"value":"https://a.contoso.example/token"},"tokenBodyTemplate":{"value":"{\"code\":\"{Code}\",\"clientKey\":\"{ClientId}\",\"grant_type\":\"code\"}"},"refreshUrlTemplate":{"value":"https://a.contoso.example/refresh"},"refreshUrlQueryStringTemplate":{"value":"?refresh_token={RefreshToken}"}}}`)
	if p.TokenRequest.Encoding != "json" || p.TokenRequest.Rename["client_id"] != "clientKey" || p.TokenRequest.GrantType != "code" || p.RefreshRequest.Encoding != "query" {
		t.Errorf("%+v\n%+v", p.TokenRequest, p.RefreshRequest)
	}
}

func TestEachSetOfParametersIsAProvider(t *testing.T) {
	d, err := powerplatform.Read([]draft.File{{Name: "apiProperties.json", Data: []byte(`{"properties":{"connectionParameterSets":{"values":[
		{"name":"Live","parameters":{"token":{"type":"oauthSetting","oAuthSettings":{"identityProvider":"oauth2","customParameters":{"authorizationUrl":{"value":"https://a.contoso.example/a"},"tokenUrl":{"value":"https://a.contoso.example/t"}}}}}},
		{"name":"Key","parameters":{"api_key":{"type":"securestring"}}}]}}}`)}}, "c")
	if err != nil || len(d.Providers) != 1 || d.Providers["c-live"].TokenEndpoint != "https://a.contoso.example/t" || !strings.Contains(notes(d), "it is no OAuth") {
		t.Fatalf("%v %v\n%s", d.Providers, err, notes(d))
	}
}

func TestADirectoryOfConnectorsIsReadAtOnce(t *testing.T) {
	var files []draft.File
	for _, dir := range []string{"one", "two"} {
		for _, f := range contoso(t) {
			files = append(files, draft.File{Name: strings.Replace(f.Name, "contoso", dir, 1), Data: f.Data})
		}
	}
	files = append(files, draft.File{Name: "one/script.csx", Data: []byte("x")}, draft.File{Name: "one/icon.png", Data: []byte("x")})
	d, err := powerplatform.Read(files, "")
	if err != nil || len(d.Providers) != 2 || d.Clients["contoso-things-2"].Provider != "contoso-things-2" || !strings.Contains(notes(d), "one/script.csx: a script") {
		t.Fatalf("%v %v\n%s", slices.Collect(maps.Keys(d.Providers)), err, notes(d))
	}
}

func TestWhatIsNoConnectorIsRefused(t *testing.T) {
	for _, data := range []string{"{}", "[]", "1", `{"openapi":1`} {
		_, err := powerplatform.Read([]draft.File{{Name: "a.json", Data: []byte(data)}}, "")
		if !fault.Is(err, api.CodeInvalid) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	files := contoso(f)
	f.Add(files[0].Data, files[1].Data)
	f.Add([]byte(`{"swagger":"2.0"}`), []byte(`{"properties":{"connectionParameters":{"token":{"type":"oauthSetting","oAuthSettings":{"identityProvider":"aad"}}}}}`))
	f.Fuzz(func(t *testing.T, definition, properties []byte) {
		d, err := powerplatform.Read([]draft.File{{Name: "d.json", Data: definition}, {Name: "p.json", Data: properties}}, "")
		if err != nil {
			if !fault.Is(err, api.CodeInvalid) {
				t.Fatal(err)
			}
			return
		}
		if d.Empty() && len(d.Notes) == 0 {
			t.Fatal("nothing is read, and nothing said")
		}
		for name, client := range d.Clients {
			if _, ok := d.Providers[client.Provider]; !ok {
				t.Fatalf("the client %s has no provider", name)
			}
		}
	})
}

func TestAnExportedSolutionGivesTheSameProviderAsItsConnector(t *testing.T) {
	plain := contoso(t)
	want, err := powerplatform.Read(plain, "")
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(plain[1].Data, &whole); err != nil {
		t.Fatal(err)
	}
	const prefix = "export.zip/Connector/new_5Fcontoso_"
	files := []draft.File{
		{Name: prefix + "openapidefinition.json", Data: plain[0].Data},
		{Name: prefix + "connectionparameters.json", Data: whole.Properties["connectionParameters"]},
		{Name: "export.zip/Connector/new_5Fempty_openapidefinition.json", Data: []byte(`{"swagger":"2.0","info":{"title":"Empty"},"host":"api.contoso.example","paths":{}}`)},
	}
	if policies := whole.Properties["policyTemplateInstances"]; len(policies) > 0 {
		files = append(files, draft.File{Name: prefix + "policytemplateinstances.json", Data: policies})
	}
	got, err := powerplatform.Read(files, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, provider := range want.Providers {
		if !reflect.DeepEqual(got.Providers[name], provider) {
			t.Errorf("%s\ngot  %+v\nwant %+v", name, got.Providers[name], provider)
		}
	}
	if said := notes(got); !strings.Contains(said, "new_5Fempty_openapidefinition.json") {
		t.Errorf("a connector without parameters is not noted:\n%s", said)
	}
}
