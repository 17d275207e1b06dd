package insomnia_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
	"github.com/valetkey/valetkey/internal/importer/insomnia"
)

func none(string) bool { return false }

func read(t *testing.T, text string) draft.Draft {
	t.Helper()
	d, err := insomnia.Read([]draft.File{{Name: "f.yaml", Data: []byte(text)}}, "")
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

const five = `type: collection.insomnia.rest/5.0
name: Contoso
collection:
  - name: Orders
    authentication:
      type: oauth2
      grantType: authorization_code
      authorizationUrl: "{{ _.login.url }}/authorize?prompt=consent"
      accessTokenUrl: "{{ _.login.url }}/token"
      clientId: "{{ _['client'] }}"
      clientSecret: hunter2hunter2
      scope: read write
      audience: https://api.contoso.example
      credentialsInBody: true
      usePkce: true
      tokenPrefix: Token
      redirectUrl: http://localhost/cb
      origin: https://app.contoso.example
    children:
      - name: List orders
        url: "{{ _.base }}/orders"
        method: GET
        parameters: [{name: top, value: "10"}, {name: gone, value: "1", disabled: true}]
      - name: Other
        url: https://elsewhere.example/x
        method: GET
environments:
  name: Base
  data: {base: https://api.contoso.example/v1, login: {url: https://login.contoso.example}}
  subEnvironments:
    - name: Prod
      data: {client: app-1, base: https://other.contoso.example}
`

func TestFormatFiveIsReadWithWhatAFolderPassesDown(t *testing.T) {
	d := read(t, five)
	p, c := d.Providers["contoso"], d.Clients["contoso"]
	if p.TokenEndpoint != "https://login.contoso.example/token" || p.AuthorizationRequest.Params["prompt"] != "consent" || p.TokenRequest.Params["audience"] == "" || p.TokenRequest.Headers["Origin"] == "" {
		t.Errorf("%+v", p)
	}
	if p.CodeChallengeMethod != "S256" || p.TokenEndpointAuthMethod != "client_secret_post" || *p.API.Token.Scheme != "Token" || p.API.BaseURL != "https://api.contoso.example" {
		t.Errorf("%+v %+v", p.GrantRules, p.API)
	}
	if c.ClientID != "app-1" || string(*c.ClientSecret) != "hunter2hunter2" {
		t.Errorf("%+v", c)
	}
	if op := p.Operations["list-orders"]; op.Path != "/v1/orders" || op.Parameters["top"].Default != "10" || len(op.Parameters) != 1 {
		t.Errorf("%+v", op)
	}
	noted(t, d, "a request")
	noted(t, d, "another value of a variable")
	noted(t, d, "redirect URL")
}

func TestFormatFourIsReadByItsParents(t *testing.T) {
	d := read(t, `{"_type": "export", "__export_format": 4, "resources": [
		{"_id": "w", "_type": "workspace", "name": "Contoso", "parentId": null},
		{"_id": "g", "_type": "request_group", "parentId": "w", "environment": {"tenant": "t1"}, "authentication": {"type": "oauth2", "grantType": "client_credentials", "accessTokenUrl": "https://l.contoso.example/{{tenant}}/token", "clientId": "{% prompt 'id' %}", "clientSecret": "s"}},
		{"_id": "r", "_type": "request", "parentId": "g", "name": "Me", "url": "https://api.contoso.example/me", "method": "GET", "authentication": {}}]}`)
	if p := d.Providers["contoso"]; p.TokenEndpoint != "https://l.contoso.example/t1/token" || p.Operations["me"].Path != "/me" {
		t.Errorf("%+v %v", p, d.Notes)
	}
	noted(t, d, "the client_id is the variable template_tag")
}

func TestParentsInARingEndTheWalk(t *testing.T) {
	d := read(t, `{"resources": [{"_id": "a", "_type": "request_group", "parentId": "b"}, {"_id": "b", "_type": "request_group", "parentId": "a"}, {"_id": "r", "_type": "request", "parentId": "a", "url": "https://x.example"}]}`)
	noted(t, d, "a request")
}

func TestWhatIsNoExportIsRefused(t *testing.T) {
	for _, text := range []string{`{"a": 1}`, `[1]`, "type: other", `{"__export_format": 2, "items": []}`} {
		if _, err := insomnia.Read([]draft.File{{Name: "f", Data: []byte(text)}}, ""); err == nil || !strings.Contains(err.Error(), "format 4 or 5") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func realFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/real/*.[jy][sa][om]*")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	found := make(map[string][]byte)
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found[name] = data
	}
	return found
}

func TestRealExportsAreRead(t *testing.T) {
	connections := 0
	for name, data := range realFiles(t) {
		d := read(t, string(data))
		if d.Empty() && len(d.Notes) == 0 {
			t.Errorf("%s: nothing read and nothing said", name)
		}
		connections += len(d.Connections)
	}
	if connections < 2 {
		t.Errorf("%d connections in all files", connections)
	}
}

func FuzzRead(f *testing.F) {
	for _, data := range realFiles(f) {
		f.Add(data)
	}
	f.Add([]byte(five))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := insomnia.Read([]draft.File{{Name: "f", Data: data}}, "")
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
