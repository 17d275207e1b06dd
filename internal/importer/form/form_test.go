package form_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

func none(string) bool { return false }

// made adds forms and checks the draft.
func made(t *testing.T, forms ...form.Form) draft.Draft {
	t.Helper()
	d := draft.New()
	b := form.NewBuilder(&d)
	for _, f := range forms {
		b.Add(f)
	}
	if err := form.Verify(d, none); err != nil {
		t.Error(err)
	}
	return d
}

func contoso() form.Form {
	f := form.Form{Name: "Contoso", Where: "f"}
	f.TokenURL, f.AuthorizationURL, f.ClientID = "https://l.contoso.example/token", "https://l.contoso.example/authorize", "app"
	return f
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

func TestVariablesAreFilledInWhateverTheyStandFor(t *testing.T) {
	vars := form.Variables{}.With(map[string]string{"a": "1", "b": "{{a}}2", "ring": "{{ring}}", "empty": "", "big": strings.Repeat("{{big}}", 50)}).With(map[string]string{"a": "x"})
	for text, want := range map[string]string{
		"{{a}}/{{b}}": "x/x2", "{{ _.a }}{{_['a']}}{{{a}}}": "xxx", "{{none}}": "{none}", "{% uuid %}": "{template_tag}", "{{ring}}": "{ring}", "{{empty}}": "{empty}", "{{$guid}}": "{guid}", "{{1st}}": "{v1st}", "{plain}": "{plain}", "{{}}": "{value}",
	} {
		if got, _ := vars.Fill(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if got, missing := vars.Fill("{{big}}"); len(got) > 1<<20 || len(missing) != 1 {
		t.Errorf("%d bytes, %v", len(got), missing)
	}
}

func TestAGrantThatIsNotOfferedIsSaidAndReplacedWhereItCanBe(t *testing.T) {
	for grant, want := range map[string]struct {
		authorization, note string
		connections         int
	}{
		"implicit":           {"https://l.contoso.example/a", "the implicit grant", 1},
		"password":           {"", "the grant password", 0},
		"authorization_code": {"", "without an authorization URL", 0},
		"hunter2":            {"https://l.contoso.example/a", "the grant that the tool names", 1},
	} {
		f := contoso()
		f.Grant, f.AuthorizationURL = grant, want.authorization
		d := made(t, f)
		if len(d.Connections) != want.connections || len(d.Providers) != 1 {
			t.Errorf("%s: %+v", grant, d)
		}
		noted(t, d, want.note)
	}
}

func TestSecretsDoNotStandInAProvider(t *testing.T) {
	f := contoso()
	f.Token.Set("api_key", "hunter2hunter2")
	f.Token.Set("client_secret", "s3cret")
	f.Token.Set("token_type", "x")
	f.Refresh.SetHeader("Authorization", "Basic hunter2hunter2")
	f.API.Headers = map[string]string{"Ocp-Apim-Subscription-Key": "hunter2hunter2", "X-Key-Id": "7"}
	f.API.BaseURL = "https://api.contoso.example"
	d := made(t, f)
	p := d.Providers["contoso"]
	if len(p.TokenRequest.Params) != 1 || p.RefreshRequest != nil || len(p.API.Headers) != 1 {
		t.Errorf("%+v %+v %+v", p.TokenRequest, p.RefreshRequest, p.API)
	}
	if c := d.Clients["contoso"]; string(*c.ClientSecret) != "s3cret" {
		t.Errorf("%#v", c)
	}
	noted(t, d, "the token request parameter api_key")
	noted(t, d, "the API header Ocp-Apim-Subscription-Key")
}

func TestWhatWouldFailTheCheckIsNotedAndNotInTheDraft(t *testing.T) {
	for _, token := range []string{"ftp://l.contoso.example/t", "https://user:hunter2@l.contoso.example/t", "https://", "http://l.contoso.example/t", "https://l.contoso.example/{ x }", "\x00"} {
		f := contoso()
		f.TokenURL = token
		d := made(t, f)
		if len(d.Providers)+len(d.Clients)+len(d.Connections) != 0 || len(d.Notes) == 0 {
			t.Errorf("%q: %+v", token, d)
		}
		for _, n := range d.Notes {
			if strings.Contains(n.String(), "hunter2") {
				t.Errorf("%q: %v", token, n)
			}
		}
	}
}

func TestAMaskIsNoSecret(t *testing.T) {
	for text, want := range map[string]bool{"******": true, "•••••": true, api.Mask: true, "__n8n_BLANK_VALUE_e5362baf": true, "": false, "**": false, "s3cret": false} {
		if form.Masked(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	f := contoso()
	f.ClientSecret = "********"
	d := made(t, f)
	if d.Clients["contoso"].ClientSecret != nil {
		t.Error("the mask became the secret")
	}
	noted(t, d, "the client secret")
}

func TestASecondTokenOfOneConnectionIsNotedOnce(t *testing.T) {
	one, two := contoso(), contoso()
	one.Tokens, two.Tokens = &api.TokenImport{RefreshToken: "first-12345"}, &api.TokenImport{RefreshToken: "second-12345"}
	d := made(t, one, one, two)
	if len(d.Connections) != 1 || string(d.Tokens["contoso"].RefreshToken) != "first-12345" {
		t.Errorf("%#v", d.Tokens)
	}
	noted(t, d, "a second token set")
}

func TestATokenWithoutAConnectionIsNoted(t *testing.T) {
	f := contoso()
	f.ClientID, f.Tokens = "", &api.TokenImport{RefreshToken: "first-12345"}
	noted(t, made(t, f), "a token set: there is no connection")
}

func TestAReservedParameterIsLeftToValetkey(t *testing.T) {
	f := contoso()
	f.AuthorizationURL += "?client_id=other&response_type=code&state=x&scope=a+b&resource=r&redirect_uri=y"
	f.ClientID = ""
	d := made(t, f)
	p := d.Providers["contoso"]
	if len(p.AuthorizationRequest.Params) != 1 || p.AuthorizationRequest.Params["resource"] != "r" || d.Clients["contoso"].ClientID != "other" || strings.Join(p.Scopes.Default, " ") != "a b" {
		t.Errorf("%+v %+v", p, d.Clients)
	}
}

func TestARequestElsewhereHasNoPlaceInAProvider(t *testing.T) {
	d := draft.New()
	b := form.NewBuilder(&d)
	f := contoso()
	f.API.BaseURL = "https://api.contoso.example"
	provider, _ := b.Add(f)
	for address, want := range map[string]bool{
		"https://api.contoso.example/a": true, "https://api.contoso.example": true, "https://api.contoso.example?x=1": true,
		"https://api.contoso.example.evil.example/a": false, "https://other.example/a": false, "/a": false, "": false,
	} {
		if got := b.AddRequest(provider, f.API.BaseURL, form.Request{Name: "r", URL: address}); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
	if err := form.Verify(d, none); err != nil || len(d.Providers[provider].Operations) != 3 {
		t.Errorf("%v %+v", err, d.Providers[provider].Operations)
	}
	if b.AddRequest("nobody", "https://api.contoso.example", form.Request{URL: "https://api.contoso.example/a"}) {
		t.Error("a provider that is not there took a request")
	}
}

func TestVerifyFindsWhatAnImporterMustNotGive(t *testing.T) {
	secret := api.Secret("hunter2hunter2")
	for name, spoil := range map[string]func(*draft.Draft){
		"a provider that is wrong": func(d *draft.Draft) { d.Providers["x"] = api.Provider{} },
		"a client of nobody":       func(d *draft.Draft) { d.Clients["x"] = api.ClientSpec{Provider: "nobody", ClientID: "i"} },
		"a client without an id":   func(d *draft.Draft) { d.Clients["x"] = api.ClientSpec{Provider: "contoso"} },
		"a connection of nobody":   func(d *draft.Draft) { d.Connections["x"] = api.ConnectionSpec{Client: "nobody"} },
		"a token of nobody":        func(d *draft.Draft) { d.Tokens["x"] = api.TokenImport{RefreshToken: "r"} },
		"an empty token":           func(d *draft.Draft) { d.Tokens["contoso"] = api.TokenImport{} },
		"a secret in a note": func(d *draft.Draft) {
			d.Tokens["contoso"] = api.TokenImport{RefreshToken: secret}
			d.Add(draft.Note{What: string(secret)})
		},
		"a client's secret in a note": func(d *draft.Draft) {
			d.Clients["x"] = api.ClientSpec{Provider: "contoso", ClientID: "i", ClientSecret: &secret}
			d.Add(draft.Note{Why: string(secret)})
		},
	} {
		d := made(t, contoso())
		spoil(&d)
		if form.Verify(d, none) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestAnInputWithoutEndIsCutAndSaysSo(t *testing.T) {
	d := draft.New()
	b := form.NewBuilder(&d)
	for range 20_001 {
		b.Add(form.Form{Name: "x", Where: "f"})
	}
	noted(t, d, "further OAuth settings")
	f := contoso()
	f.API.BaseURL = "https://api.contoso.example"
	b = form.NewBuilder(&d)
	provider, _ := b.Add(f)
	for range 5_001 {
		if !b.AddRequest(provider, f.API.BaseURL, form.Request{Name: "r", URL: "https://api.contoso.example/a"}) {
			t.Fatal("the provider has the address")
		}
	}
	if n := len(d.Providers[provider].Operations); n != 5_000 {
		t.Errorf("%d operations were taken", n)
	}
	noted(t, d, "a provider takes 5,000 operations")
}
