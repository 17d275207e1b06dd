package openapi_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/openapi"
)

func published(t testing.TB, name string) draft.File {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return draft.File{Name: name, Data: data}
}

func notes(d draft.Draft) string {
	var lines []string
	for _, n := range d.Notes {
		lines = append(lines, n.String())
	}
	return strings.Join(lines, "\n")
}

// read makes a draft of a description in YAML, whose provider is named p.
func read(t *testing.T, text string) (api.Provider, draft.Draft) {
	t.Helper()
	d, err := openapi.Read([]draft.File{{Name: "api.yaml", Data: []byte(text)}}, "p")
	if err != nil {
		t.Fatal(err)
	}
	return d.Providers["p"], d
}

func TestPublishedDescriptionsBecomeProvidersTheServerTakes(t *testing.T) {
	for _, one := range []struct {
		file, provider, token, base, scope, operation string
		operations                                    int
	}{
		{"xero-identity.json", "xero-oauth-2-identity-service-api", "https://identity.xero.com/connect/token", "https://api.xero.com", "accounting.contacts", "getConnections", 2},
		{"xero-assets.json", "xero-assets-api", "https://identity.xero.com/connect/token", "https://api.xero.com/assets.xro/1.0", "assets", "getAssets", 6},
		{"microcks.json", "microcks-api-v1.7", "https://keycloak.example.com/realms/microcks/protocol/openid-connect/token", "http://microcks.local", "", "GetServices", 44},
		{"google-tasks.json", "google-tasks-api", "https://accounts.google.com/o/oauth2/token", "https://tasks.googleapis.com", "https://www.googleapis.com/auth/tasks.readonly", "tasks.tasks.list", 14},
		{"google-oauth2.json", "google-oauth2-api", "https://accounts.google.com/o/oauth2/token", "https://www.googleapis.com", "openid", "oauth2.tokeninfo", 3},
	} {
		d, err := openapi.Read([]draft.File{published(t, one.file)}, "")
		if err != nil {
			t.Errorf("%s: %v", one.file, err)
			continue
		}
		p, ok := d.Providers[one.provider]
		if !ok {
			t.Errorf("%s: the providers are %v", one.file, slices.Collect(maps.Keys(d.Providers)))
			continue
		}
		if err := catalog.Check(p); err != nil {
			t.Errorf("%s: %v", one.file, err)
		}
		_, known := p.Operations[one.operation]
		if p.TokenEndpoint != one.token || p.API.BaseURL != one.base || !known || len(p.Operations) != one.operations {
			t.Errorf("%s: token endpoint %s, base URL %s, %d operations: %v", one.file, p.TokenEndpoint, p.API.BaseURL, len(p.Operations), slices.Sorted(maps.Keys(p.Operations)))
		}
		if one.scope != "" && p.Scopes.Meanings[one.scope] == "" {
			t.Errorf("%s: scopes %v", one.file, p.Scopes.Meanings)
		}
	}
}

func TestPublishedDescriptionsWithoutACompleteGrantSaySo(t *testing.T) {
	d, err := openapi.Read([]draft.File{published(t, "alertmanager.yaml")}, "")
	if err != nil || !d.Empty() || !strings.Contains(notes(d), "it names no OAuth 2.0 authorization") {
		t.Errorf("%v %v\n%s", d.Providers, err, notes(d))
	}
	d, err = openapi.Read([]draft.File{published(t, "petstore.json")}, "pets")
	p := d.Providers["pets"]
	if err != nil || p.AuthorizationEndpoint == "" || p.Scopes.Meanings["read:pets"] == "" || !strings.Contains(notes(d), "the flow implicit") || !strings.Contains(notes(d), "provider pets: token_endpoint") {
		t.Errorf("%+v %v\n%s", p, err, notes(d))
	}
}

const grants = `
openapi: 3.1.0
info: {title: Contoso, version: "1"}
servers: [{url: "https://{region}.contoso.example/v1/", variables: {region: {default: eu, enum: [us, eu], description: Where}}}, {url: https://old.contoso.example}]
security: [{oauth: [read]}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        authorizationCode: {authorizationUrl: /auth, tokenUrl: "https://{tenant-id}.contoso.example/token", refreshUrl: https://a.contoso.example/refresh, scopes: {read: Read it, write: ""}}
        clientCredentials: {tokenUrl: "https://{tenant-id}.contoso.example/token", scopes: {admin: All of it}}
        password: {tokenUrl: "https://{tenant-id}.contoso.example/token", scopes: {}}
    service: {type: oauth2, flows: {clientCredentials: {tokenUrl: https://service.contoso.example/token, scopes: {}}}}
    login: {type: openIdConnect, openIdConnectUrl: https://id.contoso.example/.well-known/openid-configuration}
    key: {type: apiKey, in: header, name: X-Key}
    basic: {type: http, scheme: basic}
paths:
  /things/{thing-id}:
    parameters: [{name: thing-id, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: get thing
      summary: |
        One thing
        of many
      security: [{key: []}, {oauth: [read]}]
      parameters:
        - {$ref: '#/components/parameters/Fields'}
        - {name: Authorization, in: header, schema: {type: string}}
        - {name: sid, in: cookie, schema: {type: string}}
        - {name: thing_id, in: query, schema: {type: [string, "null"], default: x}}
    delete: {}
`

func TestFlowsOfOneServerAreOneProvider(t *testing.T) {
	p, d := read(t, grants+"components2: {}\n")
	for what, pair := range map[string][2]string{
		"token endpoint":   {p.TokenEndpoint, "https://{tenant_id}.contoso.example/token"},
		"refresh endpoint": {p.RefreshEndpoint, "https://a.contoso.example/refresh"},
		"base URL":         {p.API.BaseURL, "https://{region}.contoso.example/v1"},
		"default":          {p.Variables["region"].Default, "eu"},
		"tenant":           {p.Variables["tenant_id"].Label, "tenant id"},
		"meaning":          {p.Scopes.Meanings["read"] + p.Scopes.Meanings["admin"] + p.Scopes.Meanings["write"], "Read itAll of itwrite"},
		"default scopes":   {strings.Join(p.Scopes.Default, " "), "read"},
		"service":          {d.Providers["p-3"].TokenEndpoint + " " + d.Providers["p-3"].Grant, "https://service.contoso.example/token client_credentials"},
		"issuer":           {d.Providers["p-2"].Issuer, "https://id.contoso.example"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	said := notes(d)
	for _, want := range []string{
		"servers[1]: a further server", "key: an API key", "basic: a user name and password", "the flow password",
		"a parameter that is not in path, query, header or body", "the operations are with the first one",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no note says %q:\n%s", want, said)
		}
	}
}

func TestOperationsKeepTheirParameters(t *testing.T) {
	p, _ := read(t, strings.Replace(grants, "components:\n", "components:\n  parameters: {Fields: {name: fields, in: query, required: true, explode: false, schema: {type: array, items: {type: string}}}}\n", 1))
	op := p.Operations["get-thing"]
	if op.Title != "One thing" || op.Method != "GET" || op.Path != "/things/{thing_id}" || !slices.Equal(op.Scopes, []string{"read"}) {
		t.Errorf("%+v", op)
	}
	for name, want := range map[string]api.OperationParameter{
		"thing_id":   {In: "path", Name: "thing-id", Type: "integer", Required: true},
		"fields":     {In: "query", Type: "array", Required: true, Style: "comma"},
		"thing_id_2": {In: "query", Name: "thing_id", Default: "x"},
	} {
		if got := op.Parameters[name]; got.In != want.In || got.Name != want.Name || got.Type != want.Type || got.Required != want.Required || got.Style != want.Style || got.Default != want.Default {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if len(op.Parameters) != 3 {
		t.Errorf("%v", op.Parameters)
	}
	if gone := p.Operations["delete-things-thing-id"]; !gone.Destructive || !gone.Parameters["thing_id"].Required {
		t.Errorf("%+v", gone)
	}
}

const oauth2of2 = `
securityDefinitions: {o: {type: oauth2, flow: accessCode, authorizationUrl: https://a.contoso.example/auth, tokenUrl: https://a.contoso.example/token, scopes: {r: Read}}}
`

func TestSwaggerTwoIsRead(t *testing.T) {
	p, d := read(t, `
swagger: "2.0"
info: {title: Contoso, version: "1"}
host: api.contoso.example
basePath: /v2
schemes: [http, https]
consumes: [application/x-www-form-urlencoded]
paths:
  /list:
    get: {operationId: list, x-ms-pageable: {nextLinkName: next/link}, parameters: [{name: ids, in: query, type: array, items: {type: string}, collectionFormat: pipes}]}
  /form:
    post: {operationId: form, parameters: [{name: full name, in: formData, type: string, required: true}]}
  /json:
    put: {operationId: json, consumes: [application/json], parameters: [{name: body, in: body, required: true, description: It, schema: {type: object}}]}
  /file:
    post: {operationId: file, consumes: [multipart/form-data], parameters: [{name: f, in: formData, type: file}]}
`+oauth2of2)
	if p.API.BaseURL != "https://api.contoso.example/v2" || p.TokenEndpoint != "https://a.contoso.example/token" {
		t.Errorf("%+v", p)
	}
	if got := p.Operations["list"]; got.Pagination.Next != "/next~1link" || got.Items != "/value" || got.Parameters["ids"].Style != "pipe" {
		t.Errorf("%+v", got)
	}
	if got := p.Operations["form"]; got.Body.MediaType != "application/x-www-form-urlencoded" || got.Parameters["full_name"].In != "body" || got.Parameters["full_name"].Name != "full name" {
		t.Errorf("%+v", got)
	}
	if got := p.Operations["json"].Body; got.MediaType != "application/json" || !got.Required || got.Description != "It" {
		t.Errorf("%+v", got)
	}
	if got := p.Operations["file"].Body; got.MediaType != "multipart/form-data" || !strings.Contains(notes(d), "a body in parts") {
		t.Errorf("%+v", got)
	}
}

func TestAMissingAddressBecomesAVariable(t *testing.T) {
	for text, base := range map[string]string{
		"swagger: '2.0'\nbasePath: /v2\n":                                        "{server}/v2",
		"swagger: '2.0'\nhost: 'not a host'\n":                                   "{server}",
		"openapi: 3.0.0\ncomponents: &c\n  x: 1\n":                               "{server}",
		"openapi: 3.0.0\nservers: [{url: /api/v3}]\n":                            "{server}/api/v3",
		"openapi: 3.0.0\nservers: [{url: '{scheme}://contoso.example'}]\n":       "https://contoso.example",
		"openapi: 3.0.0\nservers: [{url: '{base-url}/v1'}]\n":                    "{base_url}/v1",
		"openapi: 3.0.0\nservers: [{url: //contoso.example/v1}]\n":               "https://contoso.example/v1",
		"openapi: 3.0.0\nservers: [{url: 'https://contoso.example/v1?x={y}'}]\n": "https://contoso.example/v1",
	} {
		d := draft.New()
		root, err := d.Parse(draft.File{Name: "a.yaml", Data: []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		p := openapi.Describe(&d, root)
		if p.API == nil || p.API.BaseURL != base {
			t.Errorf("%q: %+v\n%s", text, p.API, notes(d))
			continue
		}
		for _, name := range catalog.Variables(base) {
			if _, declared := p.Variables[name]; !declared {
				t.Errorf("%q: %s is not declared", text, name)
			}
		}
		if len(p.Variables) != len(catalog.Variables(base)) {
			t.Errorf("%q: the variables are %v", text, p.Variables)
		}
	}
}

func TestReferencesAreFollowedInsideTheFilesOnly(t *testing.T) {
	main := `
openapi: 3.0.0
info: {title: C}
servers: [{url: https://c.example}]
components:
  securitySchemes: {o: {type: oauth2, flows: {clientCredentials: {tokenUrl: https://c.example/t, scopes: {}}}}}
  parameters: {a: {$ref: '#/components/parameters/b'}, b: {$ref: '#/components/parameters/a'}}
paths:
  /x: {$ref: 'more/paths.yaml#/x~1y'}
  /y: {get: {operationId: y, parameters: [{$ref: '#/components/parameters/a'}, {$ref: 'https://evil.example/p.yaml#/p'}, {$ref: 'gone.yaml#/p'}, {$ref: '#/nowhere'}]}}
  /z: {$ref: '#/paths/~1z'}
`
	d, err := openapi.Read([]draft.File{
		{Name: "dir/api.yaml", Data: []byte(main)},
		{Name: "dir/more/paths.yaml", Data: []byte("x/y: {get: {operationId: x, parameters: [{$ref: '#/p'}]}}\np: {name: q, in: query}\n")},
	}, "p")
	if err != nil {
		t.Fatal(err)
	}
	if d.Providers["p"].Operations["x"].Parameters["q"].In != "query" || len(d.Providers["p"].Operations["y"].Parameters) != 0 {
		t.Errorf("%+v", d.Providers["p"].Operations)
	}
	for _, want := range []string{"nothing is fetched", "a file that was not given", "it leads nowhere", "it leads back to itself"} {
		if !strings.Contains(notes(d), want) {
			t.Errorf("no note says %q:\n%s", want, notes(d))
		}
	}
}

func TestASmallFileCannotDescribeWithoutEnd(t *testing.T) {
	var text strings.Builder
	text.WriteString(`{"openapi":"3.0.0","servers":[{"url":"https://c.example"}],"components":{"securitySchemes":{"o":{"type":"oauth2","flows":{"clientCredentials":{"tokenUrl":"https://c.example/t"}}}},"x":{"get":{"operationId":"same"},"parameters":[`)
	text.WriteString(strings.Repeat(`{"$ref":"#/components/p"},`, 30_000) + `{}]},"p":{"name":"p","in":"query"}},"paths":{`)
	for i := range 2000 {
		text.WriteString(`"/` + strings.Repeat("x", i) + `":{"$ref":"#/components/x"},`)
	}
	text.WriteString(`"/":{}}}`)
	d, err := openapi.Read([]draft.File{{Name: "bomb.json", Data: []byte(text.String())}}, "p")
	if err != nil || !strings.Contains(notes(d), "there are too many") {
		t.Fatalf("%v %d notes", err, len(d.Notes))
	}
}

func TestWhatIsNoDescriptionIsRefused(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", "openapi: 2.0.0", `{"swagger":"1.2"}`, "hunter2", "a: [", "\x00"} {
		_, err := openapi.Read([]draft.File{{Name: "a.yaml", Data: []byte(text)}}, "")
		if found := fault.As(err); err == nil || found.Code != api.CodeInvalid || strings.Contains(found.Message+found.Hint, "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"xero-identity.json", "google-oauth2.json", "petstore.json", "alertmanager.yaml"} {
		f.Add(published(f, name).Data)
	}
	f.Add([]byte(grants))
	f.Add([]byte("swagger: '2.0'\nhost: '{a}.b'\n" + oauth2of2))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := openapi.Read([]draft.File{{Name: "f", Data: data}}, "")
		if err != nil {
			if !fault.Is(err, api.CodeInvalid) {
				t.Fatal(err)
			}
			return
		}
		if d.Empty() && len(d.Notes) == 0 {
			t.Fatal("nothing is read, and nothing said")
		}
	})
}
