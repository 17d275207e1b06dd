package broker_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestASecretReadsBackMaskedAndTheMaskLeavesItUnchanged(t *testing.T) {
	h := newHarness(t)
	client, err := h.Client(h.ctx, "app")
	h.must(err)
	if client.ClientSecret != api.Mask {
		t.Fatalf("secret reads back as %q", client.ClientSecret)
	}
	mask := api.Secret(api.Mask)
	for _, again := range []*api.Secret{&mask, nil} {
		_, err = h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: again, TokenEndpointAuthMethod: "client_secret_post"})
		h.must(err)
		h.authorize("mail")
		if got := h.server.last().Get("client_secret"); got != "s3cret" {
			t.Fatalf("the secret became %q", got)
		}
	}
	none := api.Secret("")
	_, err = h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &none})
	h.must(err)
	if client, err = h.Client(h.ctx, "app"); err != nil || client.ClientSecret != "" {
		t.Fatalf("secret %q, %v", client.ClientSecret, err)
	}
}

func TestWhatIsWrongIsRefusedWithAHint(t *testing.T) {
	h := newHarness(t)
	for name, spec := range map[string]api.ConnectionSpec{
		"no client":      {},
		"unknown client": {Client: "nobody"},
		"unknown grant":  {Client: "app", Grant: "telepathy"},
		"two scopes":     {Client: "app", Scopes: []string{"a b"}},
		"base URL":       {Client: "app", API: &api.CallSettings{BaseURL: "api.example.com"}},
		"placement":      {Client: "app", API: &api.CallSettings{Token: &api.TokenPlacement{In: api.StringList{"cookie"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.PutConnection(h.ctx, "new", spec)
			if found := wantCode(t, err, api.CodeInvalid); found.Hint == "" {
				t.Fatalf("%q has no hint", found.Message)
			}
		})
	}
	_, err := h.PutConnection(h.ctx, "../escape", api.ConnectionSpec{Client: "app"})
	wantCode(t, err, api.CodeInvalid)
	_, err = h.PutClient(h.ctx, "new", api.ClientSpec{Provider: "nobody", ClientID: "id"})
	wantCode(t, err, api.CodeInvalid)
	_, err = h.PutProvider(h.ctx, "microsoft", api.Provider{})
	wantCode(t, err, api.CodeConflict)
}

func TestAConnectionThatMovesToAnotherClientDropsItsTokens(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	_, err := h.PutClient(h.ctx, "other", api.ClientSpec{Provider: "fake", ClientID: "other"})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "mail", api.ConnectionSpec{Client: "app", Description: "same client"})
	h.must(err)
	h.wantToken("mail", "at-1")
	_, err = h.PutConnection(h.ctx, "mail", api.ConnectionSpec{Client: "other"})
	h.must(err)
	h.wantState("mail", api.StateNew)
	_, err = h.Token(h.ctx, "mail", 0)
	wantCode(t, err, api.CodeNeedsAuthorization)
}

func TestWhatIsUsedCannotBeDeleted(t *testing.T) {
	h := newHarness(t)
	wantCode(t, h.DeleteProvider(h.ctx, "fake"), api.CodeConflict)
	wantCode(t, h.DeleteClient(h.ctx, "app"), api.CodeConflict)
	for _, name := range []string{"mail", "robot"} {
		h.must(h.DeleteConnection(h.ctx, name))
	}
	h.must(h.DeleteClient(h.ctx, "app"))
	h.must(h.DeleteProvider(h.ctx, "fake"))
	wantCode(t, h.DeleteClient(h.ctx, "app"), api.CodeNotFound)
}

func TestRevokingTellsTheProviderAndForgetsTheTokens(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	c, err := h.Revoke(h.ctx, "mail")
	h.must(err)
	if c.State != api.StateRevoked || c.Generation != 0 {
		t.Fatalf("%+v", c)
	}
	var told []string
	for _, form := range h.server.revoked {
		told = append(told, form.Get("token_type_hint")+"="+form.Get("token"))
	}
	if strings.Join(told, " ") != "refresh_token=rt-1 access_token=at-1" {
		t.Fatalf("told %q", told)
	}
	_, err = h.Token(h.ctx, "mail", 0)
	wantCode(t, err, api.CodeRevoked)
}

func TestEventsTellTheStoryWithoutSecrets(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	_, err := h.Refresh(h.ctx, "mail")
	h.must(err)
	h.server.says(func(url.Values, int) (int, string) {
		return 400, `{"error":"invalid_grant","error_description":"rt-2 is gone"}`
	})
	_, err = h.Refresh(h.ctx, "mail")
	wantCode(t, err, api.CodeNeedsAuthorization)
	events, err := h.Events(h.ctx, "mail", 0, 10)
	h.must(err)
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	if strings.Join(kinds, " ") != "refresh_failed refreshed authorized" {
		t.Fatalf("events %q", kinds)
	}
	text, err := json.Marshal(events)
	h.must(err)
	for _, canary := range []string{"at-1", "at-2", "rt-1", "rt-2", "s3cret"} {
		if strings.Contains(string(text), canary) {
			t.Fatalf("the events hold %q: %s", canary, text)
		}
	}
}

func TestTheBaseURLIsShownWithItsVariablesOnceTheyAreKnown(t *testing.T) {
	h := newHarness(t)
	provider := api.Provider{
		Variables: map[string]api.Variable{"region": {Optional: true}},
		API:       &api.CallSettings{BaseURL: "https://{region}.api.example/v1"},
	}
	provider.TokenEndpoint, provider.Grant = "https://login.example/token", "client_credentials"
	_, err := h.PutProvider(h.ctx, "regional", provider)
	h.must(err)
	secret := api.Secret("s")
	_, err = h.PutClient(h.ctx, "regional", api.ClientSpec{Provider: "regional", ClientID: "id", ClientSecret: &secret})
	h.must(err)
	for _, test := range []struct {
		spec api.ConnectionSpec
		want string
	}{
		{api.ConnectionSpec{}, ""},
		{api.ConnectionSpec{Variables: map[string]string{"region": "eu"}}, "https://eu.api.example/v1"},
		{api.ConnectionSpec{API: &api.CallSettings{BaseURL: "https://own.example/"}}, "https://own.example/"},
		{api.ConnectionSpec{Variables: map[string]string{"region": "us"}, API: &api.CallSettings{BaseURL: "https://own.example/{region}"}}, "https://own.example/us"},
	} {
		test.spec.Client = "regional"
		_, err = h.PutConnection(h.ctx, "regional", test.spec)
		h.must(err)
		c, err := h.Connection(h.ctx, "regional")
		h.must(err)
		if c.BaseURL != test.want {
			t.Errorf("%v: base URL %q, want %q", test.spec, c.BaseURL, test.want)
		}
	}
}
