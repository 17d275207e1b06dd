package broker_test

import (
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

func TestACallIsToldHowByProviderAndConnectionTogether(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	three := 3
	p, err := h.Provider(h.ctx, "fake")
	h.must(err)
	p.API.Retry = &api.RetryRules{Mode: api.RetryAny, Max: &three}
	p.API.RateLimit = &api.RateLimitRules{Requests: 60, SharedWith: "fake/{tenant}"}
	p.Variables = map[string]api.Variable{"tenant": {Default: "acme"}}
	_, err = h.PutProvider(h.ctx, "fake", p)
	h.must(err)
	yes := true
	_, err = h.PutConnection(h.ctx, "mail", api.ConnectionSpec{Client: "app", Scopes: []string{"mail.read", "offline_access"}, API: &api.CallSettings{
		Timeout:   api.Duration(7 * time.Second),
		AuthError: &api.AuthErrorRules{LoginPage: &yes},
		RateLimit: &api.RateLimitRules{Concurrency: 4},
	}})
	h.must(err)
	credential, err := h.Credential(h.ctx, "mail")
	h.must(err)
	target := credential.Target
	if target.Retry.Mode != api.RetryAny || *target.Retry.Max != 3 {
		t.Errorf("retry is %+v", target.Retry)
	}
	if l := target.RateLimit; l.Requests != 60 || l.Concurrency != 4 || l.SharedWith != "fake/acme" {
		t.Errorf("rate_limit is %+v", l)
	}
	if target.Timeout != 7*time.Second || !*target.AuthError.LoginPage {
		t.Errorf("%s, %+v", target.Timeout, target.AuthError)
	}
	if len(target.Logins) != 1 || target.Logins[0].String() != h.server.URL+"/authorize" {
		t.Errorf("people sign in at %v", target.Logins)
	}
}

func TestSettingsOfAConnectionThatCannotBeAreRefused(t *testing.T) {
	h := newHarness(t)
	_, err := h.PutConnection(h.ctx, "odd", api.ConnectionSpec{Client: "app", API: &api.CallSettings{Retry: &api.RetryRules{Mode: "often"}}})
	wantCode(t, err, api.CodeInvalid)
	_, err = h.PutConnection(h.ctx, "odd", api.ConnectionSpec{Client: "app", API: &api.CallSettings{RateLimit: &api.RateLimitRules{Concurrency: 51}}})
	wantCode(t, err, api.CodeInvalid)
}

func TestACallCanShowTheKeyOfItsClient(t *testing.T) {
	h := newHarness(t)
	none := api.Secret("")
	_, key := newKey(t)
	_, err := h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &none, PrivateKey: &key})
	h.must(err)
	h.authorize("mail")
	credential, err := h.Credential(h.ctx, "mail")
	h.must(err)
	if got, err := credential.ClientKey(); err != nil || got.Reveal() != string(key) {
		t.Errorf("the key is %s, %v", got, err)
	}
}

func TestAClientWithoutAKeyHasNoneToShow(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	credential, err := h.Credential(h.ctx, "mail")
	h.must(err)
	if got, err := credential.ClientKey(); err != nil || !got.IsZero() {
		t.Errorf("the key is %s, %v", got, err)
	}
}

func TestConnectionsOfAClientShareWhatIsTheSame(t *testing.T) {
	h := newHarness(t)
	for _, name := range []string{"other", "own"} {
		spec := api.ConnectionSpec{Client: "app", Scopes: []string{"mail.read", "offline_access"}}
		if name == "own" {
			spec.API = &api.CallSettings{Timeout: api.Duration(time.Second)}
		}
		_, err := h.PutConnection(h.ctx, name, spec)
		h.must(err)
	}
	seen := map[string]any{}
	for _, name := range []string{"mail", "other", "own"} {
		h.authorize(name)
		credential, err := h.Credential(h.ctx, name)
		h.must(err)
		seen[name] = credential.Target
	}
	if seen["mail"] != seen["other"] || seen["mail"] == seen["own"] {
		t.Errorf("targets are %v", seen)
	}
}
