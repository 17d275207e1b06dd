package bruno_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/bruno"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

func none(string) bool { return false }

// read reads files given as name, content, name, content.
func read(t *testing.T, pairs ...string) draft.Draft {
	t.Helper()
	var files []draft.File
	for i := 0; i < len(pairs); i += 2 {
		files = append(files, draft.File{Name: pairs[i], Data: []byte(pairs[i+1])})
	}
	d, err := bruno.Read(files, "")
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

const oauth2 = `auth {
  mode: oauth2
}

auth:oauth2 {
  grant_type: authorization_code
  callback_url: http://localhost/cb
  authorization_url: {{login}}/authorize?prompt=consent
  access_token_url: {{login}}/token
  refresh_token_url: {{login}}/refresh
  client_id: app-1
  client_secret: {{process.env.SECRET}}
  scope: read write
  pkce: true
  credentials_placement: body
  token_placement: header
  token_header_prefix: Token
}

auth:oauth2:additional_params:auth_req:queryparams {
  login_hint: me
  ~off: 1
}

auth:oauth2:additional_params:access_token_req:headers {
  "X-App": 7
}

auth:oauth2:additional_params:refresh_token_req:body {
  audience: x
}

vars:pre-request {
  login: https://login.contoso.example
}
`

const request = `meta {
  name: Order
  type: http
}

post {
  url: {{base}}/orders/:id?full=1
  body: json
  auth: inherit
}

headers {
  X-Mode: hard
}

body:json {
  {
    "name": "x"
  }
}
`

func TestACollectionOfFilesIsRead(t *testing.T) {
	d := read(t, "c/bruno.json", `{"version": "1", "name": "Contoso", "type": "collection"}`, "c/collection.bru", oauth2, "c/orders/order.bru", request,
		"c/environments/prod.bru", "vars {\n  base: https://api.contoso.example/v1\n}\nvars:secret [\n  token\n]\n", "c/.env", "SECRET='hunter2hunter2'\n")
	p, c := d.Providers["contoso"], d.Clients["contoso"]
	if p.TokenEndpoint != "https://login.contoso.example/token" || p.RefreshEndpoint != "https://login.contoso.example/refresh" || !reflect.DeepEqual(p.AuthorizationRequest.Params, map[string]string{"prompt": "consent", "login_hint": "me"}) {
		t.Errorf("%+v %+v", p.Endpoints, p.AuthorizationRequest)
	}
	if p.TokenRequest.Headers["X-App"] != "7" || p.RefreshRequest.Params["audience"] != "x" || p.CodeChallengeMethod != "S256" || p.TokenEndpointAuthMethod != "client_secret_post" || *p.API.Token.Scheme != "Token" {
		t.Errorf("%+v", p)
	}
	if c.ClientID != "app-1" || c.ClientSecret == nil || string(*c.ClientSecret) != "hunter2hunter2" || len(d.Connections) != 1 {
		t.Errorf("%+v", c)
	}
	op := p.Operations["order"]
	if p.API.BaseURL != "https://api.contoso.example" || op.Path != "/v1/orders/{id}" || op.Method != "POST" || op.Headers["X-Mode"] != "hard" || op.Parameters["full"].Default != "1" || op.Body == nil {
		t.Errorf("%+v", op)
	}
	noted(t, d, "the callback URL")
}

func TestTheNewerYAMLFormIsRead(t *testing.T) {
	d := read(t, "opencollection.yml", `opencollection: 1.0.0
info: {name: Contoso}
request:
  auth:
    type: oauth2
    flow: client_credentials
    accessTokenUrl: https://login.contoso.example/token
    credentials: {clientId: app-1, clientSecret: hunter2hunter2, placement: basic_auth_header}
    scope: a b
    tokenConfig: {placement: {query: tok}}
    additionalParameters: {accessTokenRequest: [{name: resource, value: r, placement: body}, {name: off, value: x, disabled: true}]}
`, "environments/prod.yml", "name: prod\nvariables:\n  - name: base\n    value: https://api.contoso.example\n", "me.yml", `info: {name: Me, type: http}
http:
  method: GET
  url: "{{base}}/me"
  auth: inherit
  params: [{name: q, value: "1", type: query}]
`, "readme.md", "x", "other.json", `{"a": 1}`)
	p := d.Providers["contoso"]
	if p.Grant != "client_credentials" || p.TokenRequest.Params["resource"] != "r" || p.TokenEndpointAuthMethod != "client_secret_basic" || p.API.Token.Name != "tok" || p.API.Token.In[0] != "query" {
		t.Errorf("%+v", p)
	}
	if p.Operations["me"].Path != "/me" || d.Clients["contoso"].ClientID != "app-1" {
		t.Errorf("%+v %v", p.Operations, d.Notes)
	}
	noted(t, d, "a file that is none of a collection")
}

func TestTheJSONExportIsRead(t *testing.T) {
	d := read(t, "contoso.json", `{"name": "Contoso", "version": "1", "items": [{"type": "folder", "name": "f", "items": [{"type": "http-request", "name": "Me", "request": {"url": "https://api.contoso.example/me", "method": "GET", "auth": {"mode": "inherit"}, "headers": [{"name": "X-A", "value": "1", "enabled": true}]}}]}],
		"root": {"request": {"auth": {"mode": "oauth2", "oauth2": {"grantType": "password", "accessTokenUrl": "https://l.contoso.example/t", "authorizationUrl": "", "clientId": "i", "clientSecret": "s", "username": "me", "password": "hunter2hunter2", "credentialsPlacement": "body", "tokenPlacement": "header", "tokenHeaderPrefix": "Bearer"}}}}}`)
	if p := d.Providers["contoso"]; p.Operations["me"].Path != "/me" || p.API.Token != nil || len(d.Clients) != 1 || len(d.Connections) != 0 {
		t.Errorf("%+v %v", d, d.Notes)
	}
	noted(t, d, "the grant password")
	noted(t, d, "user name and password")
}

func TestAFolderGoesBeforeTheCollectionAndARequestBeforeBoth(t *testing.T) {
	folder := strings.NewReplacer("app-1", "app-2", "vars:pre-request", "other").Replace(oauth2)
	d := read(t, "collection.bru", oauth2, "f/folder.bru", folder, "f/g/r.bru", request, "r.bru", strings.Replace(request, "auth: inherit", "auth: none", 1), "environments/e.bru", "vars {\n  base: https://api.contoso.example\n}\n")
	if len(d.Clients) != 2 {
		t.Errorf("%+v", d.Clients)
	}
	noted(t, d, "a request")
}

func TestTheLanguageIsReadToTheLetter(t *testing.T) {
	d := read(t, "c.bru", "meta {\r\n  name: C\r\n}\r\nget {\n  url: https://api.contoso.example/a\n  auth: oauth2\n}\nauth:oauth2 {\n  grant_type: client_credentials\n  access_token_url: https://l.contoso.example/t\n  \"client_id\": i:d\n  client_secret: '''\n    s1\n    s2\n  '''\n  ~scope: '''\n    off\n  '''\n  @description(\"x\")\n  scope: on\n}\nscript:pre-request {\n  if (x) {\n    y();\n  }\n}\n")
	c := d.Clients["bruno"]
	if c.ClientID != "i:d" || c.ClientSecret == nil || string(*c.ClientSecret) != "s1\ns2" || strings.Join(d.Providers["bruno"].Scopes.Default, " ") != "on" {
		t.Errorf("%+v %v", c, d.Notes)
	}
	noted(t, d, "a script")
}

func realFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/real/*.bru")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	found := make(map[string][]byte)
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.ToSlash(name)] = data
	}
	return found
}

func TestRealFilesAreRead(t *testing.T) {
	var all []string
	for name, data := range realFiles(t) {
		if d := read(t, name, string(data)); d.Empty() && len(d.Notes) == 0 && strings.Contains(string(data), "url:") {
			t.Errorf("%s: nothing read and nothing said", name)
		}
		all = append(all, name, string(data))
	}
	if d := read(t, all...); d.Empty() && len(d.Notes) == 0 {
		t.Error("nothing read and nothing said")
	}
}

func FuzzRead(f *testing.F) {
	for _, data := range realFiles(f) {
		f.Add("a.bru", data)
	}
	f.Add("collection.bru", []byte(oauth2))
	f.Add("a.yml", []byte("info: {name: a}\nitems: [{info: {type: folder}, items: [{http: {url: x}}]}]\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		d, err := bruno.Read([]draft.File{{Name: name, Data: data}, {Name: "collection.bru", Data: []byte(oauth2)}}, "")
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
