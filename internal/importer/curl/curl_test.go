package curl_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/curl"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

func none(string) bool { return false }

func read(t *testing.T, text string) draft.Draft {
	t.Helper()
	d, err := curl.Read([]draft.File{{Name: "f.sh", Data: []byte(text)}}, "")
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

func TestEveryQuotingOfATokenRequestReadsAlike(t *testing.T) {
	for name, text := range map[string]string{
		"single":   `curl -X POST 'https://login.contoso.example/token' -d 'grant_type=client_credentials' -d 'client_id=app' -d 'client_secret=it'\''s' -d 'resource=https://api.contoso.example'`,
		"double":   `curl https://login.contoso.example/token --data "grant_type=client_credentials&client_id=app&client_secret=it's&resource=https%3A%2F%2Fapi.contoso.example"`,
		"ansi":     `curl https://login.contoso.example/token -d $'grant_type=client_credentials&client_id=app&client_secret=it\'s\u0026resource=https://api.contoso.example'`,
		"lines":    "$ curl --request POST \\\n  --url https://login.contoso.example/token \\\n  --data-urlencode \"grant_type=client_credentials\" \\\n  --data-urlencode client_id=app --data-urlencode \"client_secret=it's\" --data-urlencode 'resource=https://api.contoso.example'\n",
		"attached": `curl -sS -XPOST -dgrant_type=client_credentials -dclient_id=app -d"client_secret=it's" -dresource=https://api.contoso.example https://login.contoso.example/token`,
		"cmd":      "curl.exe ^\"https://login.contoso.example/token^\" ^\r\n --data-raw ^\"grant_type=client_credentials^&client_id=app^&client_secret=it's^&resource=https://api.contoso.example^\"",
		"long":     `curl --request=POST --data="grant_type=client_credentials&client_id=app&client_secret=it's&resource=https://api.contoso.example" https://login.contoso.example/token`,
	} {
		d := read(t, text)
		p, c := d.Providers["contoso"], d.Clients["contoso"]
		if p.TokenEndpoint != "https://login.contoso.example/token" || p.Grant != "client_credentials" || p.TokenEndpointAuthMethod != "client_secret_post" ||
			p.TokenRequest == nil || !reflect.DeepEqual(p.TokenRequest.Params, map[string]string{"resource": "https://api.contoso.example"}) {
			t.Errorf("%s: provider %+v", name, p)
		}
		if c.ClientID != "app" || c.ClientSecret == nil || string(*c.ClientSecret) != "it's" || len(d.Connections) != 1 {
			t.Errorf("%s: client %+v %v", name, c, d.Notes)
		}
	}
}

func TestBasicCredentialsComeFromTheUserOrTheHeader(t *testing.T) {
	for _, text := range []string{
		`curl -u app:s3 https://l.contoso.example/t -d grant_type=client_credentials`,
		`curl https://l.contoso.example/t -H 'Authorization: Basic YXBwOnMz' -d grant_type=client_credentials`,
	} {
		d := read(t, text)
		for _, c := range d.Clients {
			if c.ClientID != "app" || string(*c.ClientSecret) != "s3" || d.Providers[c.Provider].TokenEndpointAuthMethod != "client_secret_basic" {
				t.Errorf("%s: %+v", text, c)
			}
		}
		if len(d.Clients) != 1 {
			t.Errorf("%s: %v", text, d.Notes)
		}
	}
}

func TestATokenRequestAndACallBecomeOneConnection(t *testing.T) {
	d := read(t, `curl https://login.contoso.example/token -d grant_type=refresh_token -d refresh_token=refresh-1234 -d client_id=app
curl -H "Authorization: Bearer access-1234" "https://api.contoso.example/v1/me?full=1"`)
	p := d.Providers["contoso"]
	if p.API == nil || p.API.BaseURL != "https://api.contoso.example" || p.API.Test.Path != "/v1/me?full=1" || p.Operations["get-v1-me"].Path != "/v1/me" && p.Operations["v1-me"].Path != "/v1/me" {
		t.Errorf("%+v %+v", p.API, p.Operations)
	}
	token := d.Tokens["contoso"]
	if string(token.RefreshToken) != "refresh-1234" || string(token.AccessToken) != "access-1234" {
		t.Errorf("%#v", d.Tokens)
	}
}

func TestACallAloneKeepsItsTokenAndSaysThatItCannotBeRenewed(t *testing.T) {
	d := read(t, `curl --oauth2-bearer access-1234 https://api.contoso.example/me`)
	if string(d.Tokens["contoso"].AccessToken) != "access-1234" || d.Providers["contoso"].API.Test.Path != "/me" {
		t.Errorf("%+v", d)
	}
	noted(t, d, "cannot be renewed")
}

func TestAShellVariableIsAValueThatIsMissing(t *testing.T) {
	d := read(t, `curl "https://login.contoso.example/${TENANT}/token" -d "grant_type=client_credentials&client_id=$CLIENT_ID&client_secret=$SECRET"`)
	if got := d.Providers["contoso"].TokenEndpoint; got != "https://login.contoso.example/{TENANT}/token" {
		t.Error(got)
	}
	noted(t, d, "the client_id is the variable CLIENT_ID")
}

func TestAJSONTokenRequestIsSentAsJSON(t *testing.T) {
	d := read(t, `curl -X POST https://l.contoso.example/t -H 'Content-Type: application/json' -d '{"grant_type":"client_credentials","client_id":"app","client_secret":"s3","audience":"a"}'`)
	for _, p := range d.Providers {
		if p.TokenRequest.Encoding != "json" || p.TokenRequest.Params["audience"] != "a" {
			t.Errorf("%+v", p.TokenRequest)
		}
	}
	if len(d.Connections) != 1 {
		t.Errorf("%v", d.Notes)
	}
}

func TestUnknownOptionsAndOtherCommandsAreNoted(t *testing.T) {
	d := read(t, "echo hunter2\ncurl --cert c.pem --frobnicate -d @file https://api.contoso.example/x; curl -X POST")
	for _, want := range []string{"not curl", "the option cert", "the option frobnicate", "the option d @file", "without a URL", "without a Bearer"} {
		noted(t, d, want)
	}
	if _, err := curl.Read([]draft.File{{Name: "f", Data: []byte("wget x")}}, ""); err == nil {
		t.Error("text without curl is read")
	}
}

func TestRealCommandsAreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/real/*.sh")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := read(t, string(data)); d.Empty() && len(d.Notes) == 0 {
			t.Errorf("%s: nothing read and nothing said", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`curl -u a:b $'x\x41\u1234\101' -d 'a=b' "q\"$V" \`, "curl ^\"x^\" ^\n -d ^\"grant_type=x^\"", `curl https://a/t -d grant_type=password -d client_id=x`,
		`curl -H 'Authorization: Bearer x' http://localhost/{{a}}?{b}=c`, "curl -", "curl '", "curl \"$", "curl $'\\",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := curl.Read([]draft.File{{Name: "f", Data: data}}, "")
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
