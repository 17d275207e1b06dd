package postman_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/postman"
)

const collection = `{"info": {"name": "Contoso", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
 "variable": [{"key": "base", "value": "https://api.contoso.example"}, {"key": "tenant", "value": "t1"}],
 "auth": {"type": "oauth2", "oauth2": [
  {"key": "tokenName", "value": "Contoso CRM"}, {"key": "grant_type", "value": "authorization_code_with_pkce"},
  {"key": "authUrl", "value": "https://login.contoso.example/{{tenant}}/authorize?resource=https%3A%2F%2Fapi.contoso.example&prompt=consent"},
  {"key": "accessTokenUrl", "value": "https://login.contoso.example/{{tenant}}/token?resource=https%3A%2F%2Fapi.contoso.example"},
  {"key": "refreshTokenUrl", "value": "https://login.contoso.example/{{tenant}}/refresh"},
  {"key": "clientId", "value": "{{client}}"}, {"key": "clientSecret", "value": "{{vault}}"},
  {"key": "scope", "value": "read write"}, {"key": "client_authentication", "value": "body"},
  {"key": "challengeAlgorithm", "value": "S256"}, {"key": "headerPrefix", "value": "Token"}, {"key": "addTokenTo", "value": "header"},
  {"key": "tokenRequestParams", "value": [{"key": "X-App", "value": "7", "enabled": true, "send_as": "request_header"}, {"key": "off", "value": "1", "enabled": false, "send_as": "request_body"}]},
  {"key": "authRequestParams", "value": [{"key": "login_hint", "value": "me", "enabled": true, "send_as": "request_url"}]},
  {"key": "refreshRequestParams", "value": [{"key": "api_secret", "value": "hunter2hunter2", "enabled": true, "send_as": "request_body"}]}]},
 "item": [{"name": "Orders", "item": [
   {"name": "List orders", "request": {"method": "GET", "url": {"raw": "{{base}}/v1/orders?top=10&skip={{skip}}"}}},
   {"name": "Order", "request": {"method": "DELETE", "url": "{{base}}/v1/orders/:id", "header": [{"key": "X-Mode", "value": "hard"}]}},
   {"name": "Make", "request": {"method": "POST", "url": "{{base}}/v1/orders", "body": {"mode": "raw", "raw": "{\"name\": \"x\", \"password\": \"hunter2hunter2\"}", "options": {"raw": {"language": "json"}}}}}]}]}`

const environment = `{"name": "prod", "values": [{"key": "client", "value": "app-1", "enabled": true}, {"key": "vault", "value": "hunter2hunter2", "type": "secret", "enabled": true}, {"key": "tenant", "value": "t2", "enabled": true}], "_postman_variable_scope": "environment"}`

func TestACollectionWithItsEnvironmentBecomesAConnection(t *testing.T) {
	d := read(t, collection, environment)
	p := d.Providers["contoso-crm"]
	if p.TokenEndpoint != "https://login.contoso.example/t2/token" || p.AuthorizationEndpoint != "https://login.contoso.example/t2/authorize" || p.RefreshEndpoint != "https://login.contoso.example/t2/refresh" {
		t.Errorf("endpoints: %+v", p.Endpoints)
	}
	if got := p.AuthorizationRequest.Params; !reflect.DeepEqual(got, map[string]string{"resource": "https://api.contoso.example", "prompt": "consent", "login_hint": "me"}) {
		t.Errorf("authorization request: %v", got)
	}
	if p.TokenRequest.Params["resource"] != "https://api.contoso.example" || p.TokenRequest.Headers["X-App"] != "7" || p.TokenRequest.Params["off"] != "" {
		t.Errorf("token request: %+v", p.TokenRequest)
	}
	if p.CodeChallengeMethod != "S256" || p.TokenEndpointAuthMethod != "client_secret_post" || strings.Join(p.Scopes.Default, " ") != "read write" {
		t.Errorf("grant: %+v", p.GrantRules)
	}
	if p.API.BaseURL != "https://api.contoso.example" || *p.API.Token.Scheme != "Token" {
		t.Errorf("api: %+v", p.API)
	}
	c := d.Clients["contoso-crm"]
	if c.ClientID != "app-1" || string(*c.ClientSecret) != "hunter2hunter2" || d.Connections["contoso-crm"].Client != "contoso-crm" {
		t.Errorf("client: %+v", c)
	}
	noted(t, d, "refresh request parameter api_secret")
}

func TestRequestsBecomeOperations(t *testing.T) {
	ops := read(t, collection, environment).Providers["contoso-crm"].Operations
	list := ops["list-orders"]
	if list.Path != "/v1/orders" || list.Method != "GET" || list.Parameters["top"].Default != "10" || list.Parameters["skip"].Default != nil || list.Parameters["skip"].In != "query" {
		t.Errorf("list: %+v", list)
	}
	one := ops["order"]
	if one.Path != "/v1/orders/{id}" || !one.Parameters["id"].Required || !one.Destructive || one.Headers["X-Mode"] != "hard" {
		t.Errorf("one: %+v", one)
	}
	if body, ok := ops["make"].Body.Example.(map[string]any); !ok || body["name"] != "x" || body["password"] != "" {
		t.Errorf("make: %+v", ops["make"].Body)
	}
}

func TestAVariableWithoutAValueIsNotedAndStaysAVariableOfTheProvider(t *testing.T) {
	d := read(t, strings.Replace(collection, `{"key": "tenant", "value": "t1"}`, `{"key": "tenant", "value": ""}`, 1))
	p := d.Providers["contoso-crm"]
	if p.TokenEndpoint != "https://login.contoso.example/{tenant}/token" || p.Variables["tenant"].Label == "" {
		t.Errorf("%+v", p)
	}
	if len(d.Clients) != 0 {
		t.Errorf("a client without its id: %+v", d.Clients)
	}
	noted(t, d, "the client_id is the variable client")
	noted(t, d, "the variable tenant")
}

func TestBothSpellingsOfAnAuthBlockReadAlike(t *testing.T) {
	array := `{"info": {"name": "c"}, "item": [], "auth": {"type": "oauth2", "oauth2": [{"key": "accessTokenUrl", "value": "https://l.contoso.example/t"}, {"key": "clientId", "value": "i"}, {"key": "grant_type", "value": "client_credentials"}]}}`
	object := `{"info": {"name": "c"}, "item": [], "auth": {"type": "oauth2", "oauth2": {"accessTokenUrl": "https://l.contoso.example/t", "clientId": "i", "grant_type": "client_credentials"}}}`
	a, b := read(t, array), read(t, object)
	if !reflect.DeepEqual(a.Providers, b.Providers) || !reflect.DeepEqual(a.Clients, b.Clients) || len(a.Connections) != 1 || a.Providers["c"].Grant != "client_credentials" {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestBlocksThatSayTheSameBecomeOne(t *testing.T) {
	block := `"auth": {"type": "oauth2", "oauth2": {"accessTokenUrl": "https://l.contoso.example/t", "clientId": "i", "grant_type": "client_credentials", "scope": "SCOPE"}}`
	item := func(scope string) string {
		return `{"name": "r", "request": {"url": "https://api.contoso.example/a", ` + strings.Replace(block, "SCOPE", scope, 1) + `}}`
	}
	d := read(t, `{"info": {"name": "c"}, "item": [`+item("a")+","+item("a")+","+item("b")+`]}`)
	if len(d.Providers) != 1 || len(d.Clients) != 1 || len(d.Connections) != 2 {
		t.Errorf("%d providers, %d clients, %d connections", len(d.Providers), len(d.Clients), len(d.Connections))
	}
	if got := d.Connections["c-2"].Scopes; strings.Join(got, " ") != "b" {
		t.Errorf("scopes of the second: %v", got)
	}
}

func TestAPasswordGrantIsNotedAndItsPasswordIsNotKept(t *testing.T) {
	d := read(t, `{"info": {"name": "c"}, "item": [], "auth": {"type": "oauth2", "oauth2": {"accessTokenUrl": "https://l.contoso.example/t", "clientId": "i", "grant_type": "password_credentials", "username": "me", "password": "hunter2hunter2"}}}`)
	if len(d.Connections) != 0 || len(d.Clients) != 1 {
		t.Errorf("%+v", d)
	}
	noted(t, d, "the grant password")
	noted(t, d, "user name and password")
}

func TestARequestOfATokenIsAConnectionToo(t *testing.T) {
	d := read(t, `{"info": {"name": "c"}, "item": [{"name": "Get token", "request": {"method": "POST", "url": "https://l.contoso.example/token", "auth": {"type": "noauth"}, "body": {"mode": "urlencoded", "urlencoded": [
		{"key": "grant_type", "value": "client_credentials"}, {"key": "client_id", "value": "i"}, {"key": "client_secret", "value": "s"}, {"key": "resource", "value": "r"}]}}},
		{"name": "Call", "request": {"method": "GET", "url": "https://api.contoso.example/me", "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]}}}]}`)
	p := d.Providers["c"]
	if p.TokenRequest.Params["resource"] != "r" || p.Grant != "client_credentials" || d.Clients["c"].ClientID != "i" || len(d.Connections) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestTenThousandDifferentBlocksOfOneNameAreReadInTime(t *testing.T) {
	var items []string
	for i := range 10_000 {
		items = append(items, `{"name": "r", "request": {"url": "https://api.contoso.example/a", "auth": {"type": "oauth2", "oauth2": {"tokenName": "n", "accessTokenUrl": "https://l`+strconv.Itoa(i)+`.contoso.example/t", "clientId": "i", "grant_type": "client_credentials"}}}}`)
	}
	began := time.Now()
	d, err := postman.Read([]draft.File{{Name: "f", Data: []byte(`{"info": {"name": "c"}, "item": [` + strings.Join(items, ",") + `]}`)}}, "")
	if err != nil || len(d.Connections) != 10_000 || time.Since(began) > 30*time.Second {
		t.Errorf("%d connections, %v, %v", len(d.Connections), time.Since(began), err)
	}
}

func TestVersionOneIsRefusedWithAWayOut(t *testing.T) {
	for text, want := range map[string]string{
		`{"id": "x", "order": [], "requests": []}`: "version 1",
		`{"hello": 1}`: "neither",
		`[]`:           "neither",
		`{"info":`:     "f.json",
	} {
		if _, err := postman.Read([]draft.File{{Name: "f.json", Data: []byte(text)}}, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
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
