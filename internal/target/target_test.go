package target_test

import (
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
)

func TestSettingsAreFilledInWithTheirDefaults(t *testing.T) {
	made, err := target.New("mail", api.CallSettings{
		BaseURL: "https://{host}/v1", Headers: map[string]string{"X-Tenant": "{tenant}"}, Query: map[string]string{"api": "2"},
	}, map[string]string{"host": "api.example.com", "tenant": "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if made.BaseURL.String() != "https://api.example.com/v1" || made.Headers["X-Tenant"] != "acme" || made.Query["api"] != "2" || made.Timeout != 40*time.Second {
		t.Fatalf("%+v", made)
	}
	if len(made.Token) != 1 || made.Token[0] != (target.Placement{In: api.InHeader, Name: "Authorization", Scheme: "Bearer"}) {
		t.Fatalf("RFC 6750 section 2.1: %+v", made.Token)
	}
	if _, err := target.New("mail", api.CallSettings{BaseURL: "https://{host}/"}, nil); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Fatalf("%v", err)
	}
}

func TestRFC6750_5_3_a_ATokenDoesNotTravelInClear(t *testing.T) {
	for base, fits := range map[string]bool{"https://api.example.com": true, "http://127.0.0.1:8080/v1": true, "http://api.example.com": false, "http://10.0.0.1": false} {
		if _, err := target.New("mail", api.CallSettings{BaseURL: base}, nil); (err == nil) != fits {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestATokenGoesWhereTheSettingsSay(t *testing.T) {
	none := ""
	for name, test := range map[string]struct {
		placement api.TokenPlacement
		want      []target.Placement
	}{
		"a header of its own": {api.TokenPlacement{Name: "X-Token", Scheme: &none}, []target.Placement{{In: "header", Name: "X-Token"}}},
		"the query":           {api.TokenPlacement{In: api.StringList{"query"}}, []target.Placement{{In: "query", Name: "access_token"}}},
		"a named parameter":   {api.TokenPlacement{In: api.StringList{"query"}, Name: "key"}, []target.Placement{{In: "query", Name: "key"}}},
		"header and body": {api.TokenPlacement{In: api.StringList{"header", "body"}, Name: "X-Token"},
			[]target.Placement{{In: "header", Name: "X-Token", Scheme: "Bearer"}, {In: "body", Name: "access_token"}}},
	} {
		made, err := target.New("mail", api.CallSettings{Token: &test.placement}, nil)
		if err != nil || len(made.Token) != len(test.want) {
			t.Errorf("%s: %v %v", name, made, err)
			continue
		}
		for i, want := range test.want {
			if made.Token[i] != want {
				t.Errorf("%s: %+v, want %+v", name, made.Token[i], want)
			}
		}
	}
}

func TestTokensGoToAllowedHostsOnly(t *testing.T) {
	for host, fits := range map[string]bool{
		"api.example.com": true, "API.example.com": true, "eu.files.example.com": true,
		"files.example.com": false, "evil.example": false, "api.example.com.evil.example": false, "evilfiles.example.com": false,
	} {
		made, err := target.New("mail", api.CallSettings{BaseURL: "https://" + host + "/"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = made.CheckHost([]string{"api.example.com", "*.files.example.com"})
		if (err == nil) != fits {
			t.Errorf("%s: %v", host, err)
		}
		if err := made.CheckHost(nil); err != nil {
			t.Errorf("%s without a list: %v", host, err)
		}
	}
}

func TestWhatCannotBeRightIsRefusedAsWritten(t *testing.T) {
	for name, s := range map[string]api.CallSettings{
		"no address": {BaseURL: "api.example.com"},
		"a user":     {BaseURL: "https://me@api.example.com"},
		"a fragment": {BaseURL: "https://api.example.com/#x"},
		"a cookie":   {Token: &api.TokenPlacement{In: api.StringList{"cookie"}}},
	} {
		if err := target.Check(s); !fault.Is(err, api.CodeInvalid) || strings.TrimSpace(fault.As(err).Hint) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := target.Check(api.CallSettings{BaseURL: "https://{host}/v1"}); err != nil {
		t.Errorf("a template: %v", err)
	}
}

func TestSettingsOfEitherSideMayBeAbsent(t *testing.T) {
	provider, connection := &api.CallSettings{BaseURL: "https://a.example", Redirects: api.RedirectsAll}, &api.CallSettings{BaseURL: "https://b.example"}
	for name, test := range map[string]struct {
		provider, connection *api.CallSettings
		base, redirects      string
	}{
		"both":       {provider, connection, "https://b.example", api.RedirectsAll},
		"provider":   {provider, nil, "https://a.example", api.RedirectsAll},
		"connection": {nil, connection, "https://b.example", ""},
		"none":       {nil, nil, "", ""},
	} {
		if got := target.Merge(test.provider, test.connection); got.BaseURL != test.base || got.Redirects != test.redirects {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestOnlyAddressesAreLoginPages(t *testing.T) {
	if got := target.Pages("", "https://login.example/authorize", "%zz", "/path"); len(got) != 1 || got[0].Host != "login.example" {
		t.Errorf("got %v", got)
	}
}
