package tokenstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
	"github.com/valetkey/valetkey/internal/importer/tokenstore"
)

func anything(string) bool { return true }

func read(t *testing.T, text string) draft.Draft {
	t.Helper()
	d, err := tokenstore.Read([]draft.File{{Name: "tokens.txt", Data: []byte(text)}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := form.Verify(d, anything); err != nil {
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

func TestEveryFormatOfATokenListReadsAlike(t *testing.T) {
	for name, text := range map[string]string{
		"csv":          "name,client,access_token,refresh_token,expires_at,scope\nContoso,app,at-12345678,rt-12345678,2026-11-21T10:00:00Z,read write\n",
		"excel":        "\ufeffName;Client;AccessToken;RefreshToken;ExpiresAt;Scope\r\nContoso;app;at-12345678;rt-12345678;\"2026-11-21 10:00:00\";\"read write\"\r\n",
		"tabs":         "Name\tClient\tAccess Token\tRefresh-Token\tExpiry\tScopes\nContoso\tapp\tat-12345678\trt-12345678\t1795255200\tread,write\n",
		"list":         `[{"name": "Contoso", "client": "app", "access_token": "at-12345678", "refresh_token": "rt-12345678", "expires_at": 1795255200, "scope": ["read", "write"]}]`,
		"map by name":  `{"Contoso": {"client": "app", "accessToken": "at-12345678", "refreshToken": "rt-12345678", "expires_at": 1795255200000, "scope": "read write"}}`,
		"lines":        `{"name": "Contoso", "client": "app", "access_token": "at-12345678", "refresh_token": "rt-12345678", "issued_at": 1795251600, "expires_in": 3600, "scope": "read write"}` + "\n" + `{"name": "Other", "client": "app", "access_token": "x"}` + "\n",
		"token within": `[{"name": "Contoso", "client": "app", "token": {"access_token": "at-12345678", "refresh_token": "rt-12345678", "expiry": "2026-11-21T10:00:00Z", "scope": "read write"}}]`,
	} {
		d := read(t, text)
		token, c := d.Tokens["contoso"], d.Connections["contoso"]
		if string(token.AccessToken) != "at-12345678" || string(token.RefreshToken) != "rt-12345678" || token.Scope != "read write" || c.Client != "app" || strings.Join(c.Scopes, " ") != "read write" {
			t.Errorf("%s: %#v %+v", name, token, c)
		}
		if want := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC); token.ExpiresAt == nil || !token.ExpiresAt.Equal(want) {
			t.Errorf("%s: expires at %v", name, token.ExpiresAt)
		}
	}
}

func TestARowThatKnowsItsEndpointBecomesAWholeConnection(t *testing.T) {
	d := read(t, "name,client_id,client_secret,token_url,refresh_token\na,app,hunter2hunter2,https://l.contoso.example/t,rt-12345678\n")
	if d.Providers["a"].TokenEndpoint != "https://l.contoso.example/t" || d.Clients["a"].ClientID != "app" || string(*d.Clients["a"].ClientSecret) != "hunter2hunter2" || string(d.Tokens["a"].RefreshToken) != "rt-12345678" {
		t.Errorf("%+v", d)
	}
}

func TestWhatVaultPrintsIsRead(t *testing.T) {
	for name, text := range map[string]string{
		"oauthapp": `{"request_id": "r", "lease_duration": 0, "data": {"access_token": "at-12345678", "expire_time": "2026-11-21T10:00:00.123456789Z", "server": "contoso", "type": "Bearer"}}`,
		"kv 1":     `{"request_id": "r", "data": {"access_token": "at-12345678", "refresh_token": "rt", "expires_at": "2026-11-21 10:00:00.5 +0000 UTC", "provider": "contoso"}}`,
		"kv 2":     `{"request_id": "r", "data": {"data": {"access_token": "at-12345678", "expiry": "2026-11-21T10:00:00Z", "provider": "contoso"}, "metadata": {"version": 3}}}`,
	} {
		d := read(t, text)
		token := d.Tokens["tokens"]
		if string(token.AccessToken) != "at-12345678" || token.ExpiresAt == nil || d.Connections["tokens"].Client != "contoso" {
			t.Errorf("%s: %#v %+v", name, token, d)
		}
		noted(t, d, "without its token endpoint")
	}
}

func TestWhatHasNoCounterpartIsNoted(t *testing.T) {
	d := read(t, "name,access_token,refresh_token,expires_at,expires_in,colour\na,at,,soon,3600,blue\nb,********,,,,\nc,,,,,\nd,at2,,,3600,\n")
	for _, want := range []string{"the time when the token expires", "expires_in", "the columns colour", "without a token"} {
		noted(t, d, want)
	}
	if len(d.Tokens) != 2 {
		t.Errorf("%+v", d.Tokens)
	}
}

func TestEntriesOfOneNameAreAllKept(t *testing.T) {
	d := read(t, "name,refresh_token\na,rt1\na,rt2\na,rt3\n")
	if len(d.Tokens) != 3 || len(d.Connections) != 3 {
		t.Errorf("%+v", d.Connections)
	}
}

func TestWhatIsNoTokenStoreIsRefusedWithoutQuotingIt(t *testing.T) {
	for _, text := range []string{"hunter2", "a,b\nhunter2,1\n", `{"password": "hunter2"}`, `["hunter2"]`, `{"a": 1}` + "\n" + `{"hunter2": `, "\xff\xfe", ""} {
		_, err := tokenstore.Read([]draft.File{{Name: "f", Data: []byte(text)}}, "")
		if err == nil || strings.Contains(err.Error()+fault.As(err).Hint, "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"name,access_token\na,b\n\"c\nd\",e\n", "name;refresh_token;expires_at\n\"\";x;NaN\n", `{"data": {"data": {"access_token": "a", "expire_time": "1e13"}}}`,
		`{"a": {"access_token": "b"}}` + "\n" + `{"c": 1}`, `[{"token": {"token": {"refresh_token": "x", "scope": ["a"]}}, "token_url": "{x}", "client_id": "i"}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := tokenstore.Read([]draft.File{{Name: "f", Data: data}}, "")
		if err != nil {
			if fault.As(err).Message == "" {
				t.Fatal("an error without words")
			}
			return
		}
		if err := form.Verify(d, anything); err != nil {
			t.Fatal(err)
		}
	})
}

func TestEachRowIsAGrantOfItsOwn(t *testing.T) {
	const header = "name,client_id,token_url,authorization_url,access_token,refresh_token\n"
	const same = ",app,https://l.contoso.example/t,https://l.contoso.example/a,"
	d := read(t, header+"anna"+same+"at-anna-1234,rt-anna-1234\n"+"ben"+same+"at-ben-12345,rt-ben-12345\n"+
		"anna"+same+"at-anna-1234,rt-anna-1234\n"+"anna"+same+"at-anna-5678,rt-anna-5678\n")
	if len(d.Providers) != 1 || len(d.Clients) != 1 || len(d.Connections) != 3 || len(d.Notes) != 0 {
		t.Errorf("%d providers, %d clients, %d connections, %v", len(d.Providers), len(d.Clients), len(d.Connections), d.Notes)
	}
	for name, want := range map[string]string{"anna": "rt-anna-1234", "ben": "rt-ben-12345", "anna-2": "rt-anna-5678"} {
		if got := string(d.Tokens[name].RefreshToken); got != want {
			t.Errorf("%s has %q", name, got)
		}
	}
}
