package celigo_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/celigo"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

func none(string) bool { return false }

func file(t testing.TB, name string) draft.File {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return draft.File{Name: name, Data: data}
}

func read(t *testing.T, files ...draft.File) draft.Draft {
	t.Helper()
	d, err := celigo.Read(files, "")
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

func TestAConnectionWithItsClientIsRead(t *testing.T) {
	d := read(t, file(t, "connection.json"), file(t, "iclient.json"))
	p := d.Providers["contoso-erp"]
	if p.TokenEndpoint != "https://login.contoso.example/token" || p.RevocationEndpoint != "https://login.contoso.example/revoke" || p.AuthorizationRequest.Params["access_type"] != "offline" {
		t.Errorf("endpoints: %+v %+v", p.Endpoints, p.AuthorizationRequest)
	}
	if p.Scopes.Separator != "," || strings.Join(p.Scopes.Default, " ") != "read write" || p.CodeChallengeMethod != "S256" || p.TokenEndpointAuthMethod != "client_secret_post" {
		t.Errorf("grant: %+v %+v", p.GrantRules, p.Scopes)
	}
	if r := p.TokenRequest; r.Encoding != "json" || r.Headers["X-App"] != "7" || !reflect.DeepEqual(r.Params, map[string]string{"company": "{company}"}) {
		t.Errorf("token request: %+v", r)
	}
	if r := p.RefreshRequest; !reflect.DeepEqual(r.Params, map[string]string{"company": "x"}) || p.TokenResponse.AccessToken != "/data/token" {
		t.Errorf("refresh request: %+v %+v", r, p.TokenResponse)
	}
	c := d.Clients["contoso-erp"]
	if c.ClientID != "app-1" || c.ClientSecret != nil || c.AllowedHosts[0] != "acme.contoso.example" {
		t.Errorf("client: %+v", c)
	}
	if got := d.Connections["contoso-erp"].Variables; got["company"] != "acme" {
		t.Errorf("variables: %v", got)
	}
}

func TestWhatItSaysOfCallsIsCarriedOver(t *testing.T) {
	s := read(t, file(t, "connection.json"), file(t, "iclient.json")).Providers["contoso-erp"].API
	if s.BaseURL != "https://{company}.contoso.example/api/{version}" || s.Headers["X-Company"] != "{company}" || s.Test.Path != "/ping" {
		t.Errorf("%+v", s)
	}
	if s.Token.Name != "X-Auth" || *s.Token.Scheme != "MAC" {
		t.Errorf("token: %+v", s.Token)
	}
	if want := (api.AnswerRule{Statuses: []int{403}, Path: "/error", Values: api.StringList{"expired"}}); !reflect.DeepEqual(s.AuthError.AnswerRule, want) {
		t.Errorf("auth error: %+v", s.AuthError)
	}
	l := s.RateLimit
	if l.Statuses[0] != 503 || l.Path != "/error/code" || l.RetryAfterHeader != "X-Retry" || l.MinInterval != api.Duration(250*time.Millisecond) || l.Concurrency != 10 || !*l.Adaptive {
		t.Errorf("rate limit: %+v", l)
	}
}

func TestWhatHasNoCounterpartIsNoted(t *testing.T) {
	d := read(t, file(t, "connection.json"), file(t, "iclient.json"))
	for _, want := range []string{"the client secret", "the encrypted fields", "the agent", "concurrency borrowed", "mediaType", "certificates that are not checked", "what the test sends", "body and headers of the revocation", "the variable version", "built in"} {
		noted(t, d, want)
	}
	alone := read(t, file(t, "connection.json"))
	noted(t, alone, "the iClient")
	if len(alone.Clients) != 0 {
		t.Errorf("%+v", alone.Clients)
	}
}

func TestAnIClientAloneBecomesAConnection(t *testing.T) {
	d := read(t, file(t, "iclient.json"))
	if p := d.Providers["other-app"]; p.Grant != "client_credentials" || p.TokenEndpointAuthMethod != "client_secret_basic" || string(*d.Clients["other-app"].ClientSecret) != "hunter2hunter2" || len(d.Connections) != 1 {
		t.Errorf("%+v", d)
	}
	noted(t, d, "OAuth settings without a token URL")
}

func TestOtherConnectionsAreNotedAndOtherFilesRefused(t *testing.T) {
	d := read(t, draft.File{Name: "f", Data: []byte(`[{"type": "netsuite", "name": "n", "netsuite": {}}, {"type": "http", "name": "b", "http": {"auth": {"type": "basic"}}}, {"type": "http", "name": "t", "http": {"auth": {"type": "token", "token": {"refreshRelativeURI": "/x"}}}}]`)})
	for _, want := range []string{"not http", "not OAuth 2.0", "refresh request of its own"} {
		noted(t, d, want)
	}
	if _, err := celigo.Read([]draft.File{{Name: "f", Data: []byte(`{"a": 1}`)}}, ""); err == nil {
		t.Error("any JSON is read")
	}
}

func TestAHelperOfHandlebarsIsNotGuessedAt(t *testing.T) {
	d := read(t, draft.File{Name: "f", Data: []byte(`{"type": "http", "name": "n", "http": {"baseURI": "https://{{{join \".\" a b}}}.example", "auth": {"type": "oauth", "oauth": {"tokenURI": "https://l.example/t", "clientId": "c", "grantType": "clientcredentials", "accessTokenBody": "a={{#if x}}b{{/if}}"}}}}`)})
	noted(t, d, "a Handlebars expression")
	if p := d.Providers["n"]; p.API != nil || p.TokenRequest != nil {
		t.Errorf("%+v", p)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(f, "connection.json").Data)
	f.Add(file(f, "iclient.json").Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := celigo.Read([]draft.File{{Name: "f", Data: data}}, "")
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
