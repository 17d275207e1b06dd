package broker_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

const (
	contoso  = "11111111-2222-3333-4444-555555555555"
	fabrikam = "99999999-8888-7777-6666-555555555555"
)

// newTenants is a harness whose provider "fake" has tenants, in which
// administrators consent. Whoever signs in is of the tenant that home names.
func newTenants(t *testing.T) (h *harness, home *string) {
	t.Helper()
	h = newHarness(t)
	var p api.Provider
	p.Variables = map[string]api.Variable{"tenant": {}}
	p.AuthorizationEndpoint, p.TokenEndpointAuthMethod = h.server.URL+"/{tenant}/authorize", "client_secret_post"
	p.TokenEndpoint = h.server.URL + "/token?t={tenant}"
	p.AdminConsentEndpoint = h.server.URL + "/{tenant}/adminconsent"
	p.AdminConsent = &api.AdminConsentRules{
		Variable: "tenant", Anyone: []string{"organizations", "common"}, Granted: "admin_consent", Claim: "tid",
		MustMatch: `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
	}
	p.Scopes = &api.ScopeRules{Required: []string{"offline_access"}, ByGrant: map[string]api.GrantScopes{"client_credentials": {Default: []string{"all/.default"}}}}
	p.API = &api.CallSettings{BaseURL: "https://api.example.com/{tenant}"}
	_, err := h.PutProvider(h.ctx, "fake", p)
	h.must(err)
	home = new(string)
	*home = contoso
	h.server.says(func(form url.Values, n int) (int, string) {
		status, body := rotating(form, n)
		if form.Get("grant_type") == "authorization_code" {
			claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"tid":%q}`, *home))
			body = strings.Replace(body, "{", fmt.Sprintf(`{"id_token":"e30.%s.x",`, claims), 1)
		}
		return status, body
	})
	return h, home
}

// asks begins an administrator's consent and gives what the provider sees.
func (h *harness) asks(connection string, then bool) *url.URL {
	h.t.Helper()
	begun, err := h.Begin(h.ctx, connection, api.AuthorizeRequest{ConsentRequest: api.ConsentRequest{AdminConsent: true, ThenAuthorize: then}})
	h.must(err)
	return h.visits(begun.AuthorizationURL)
}

// visits opens an address of ours and gives where it leads.
func (h *harness) visits(address string) *url.URL {
	h.t.Helper()
	flow := address[strings.LastIndex(address, "/")+1:]
	start, err := h.Start(h.ctx, flow)
	h.must(err)
	h.cookies[flow] = start.Binding
	at, err := url.Parse(start.Location)
	h.must(err)
	return at
}

// answers is the provider's answer to a page of its own.
func (h *harness) answers(at *url.URL, params url.Values) (next string, err error) {
	all := maps.Clone(params)
	all["state"] = at.Query()["state"]
	done, err := h.Complete(h.ctx, all, h.cookie)
	return done.ReturnTo, err
}

func consent(tenant string) url.Values {
	return url.Values{"admin_consent": {"True"}, "tenant": {tenant}}
}

func TestAServiceIsReadyAfterAnAdministratorConsentedAndSignedIn(t *testing.T) {
	h, _ := newTenants(t)
	at := h.asks("robot", false)
	if sent := at.Query(); at.Path != "/organizations/adminconsent" || sent.Get("client_id") != "id" || sent.Get("scope") != "all/.default" || sent.Get("redirect_uri") != h.RedirectURI() {
		t.Fatalf("the administrator goes to %s", at)
	}
	next, err := h.answers(at, consent(contoso))
	h.must(err)
	if c := h.state("robot"); len(c.Captured) > 0 || h.server.count("client_credentials") > 0 {
		t.Fatalf("a name out of a browser is believed: %+v", c.Captured)
	}
	at = h.visits(next)
	if sent := at.Query(); at.Path != "/"+contoso+"/authorize" || sent.Get("scope") != "openid" || sent.Get("code_challenge") == "" {
		t.Fatalf("the sign-in is at %s", at)
	}
	next, err = h.answers(at, url.Values{"code": {"c"}})
	h.must(err)
	c := h.wantState("robot", api.StateActive)
	if next != "" || c.Captured["tenant"] != contoso || c.BaseURL != "https://api.example.com/"+contoso {
		t.Errorf("it goes on to %q: %+v", next, c)
	}
	h.wantToken("robot", "at-2")
	events, err := h.Events(h.ctx, "robot", 0, 10)
	h.must(err)
	if len(events) != 2 || events[1].Kind != "admin_consent" || events[1].Detail["tenant"] != contoso {
		t.Errorf("%+v", events)
	}
}

func TestAnAnswerThatDoesNotProveAConsentChangesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		answer url.Values
		code   api.Code
		says   string
	}{
		"declined":                        {url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: no"}, "admin_consent": {"True"}, "tenant": {contoso}}, api.CodeNeedsAuthorization, "declined"},
		"cancelled":                       {url.Values{"error": {"permission_denied"}, "error_description": {"The admin canceled the request"}}, api.CodeNeedsConfiguration, "declined, or went back"},
		"no administrator":                {url.Values{"error": {"access_denied"}, "error_description": {"AADSTS90094: needs admin"}}, api.CodeNeedsAuthorization, "only an administrator"},
		"it does not say that it is true": {url.Values{"tenant": {contoso}}, api.CodeForbidden, "does not say that an administrator consented"},
		"a path":                          {consent("../" + contoso), api.CodeForbidden, "names no organisation"},
		"a host":                          {consent("evil.example"), api.CodeForbidden, "names no organisation"},
		"anybody":                         {consent("common"), api.CodeForbidden, "names no organisation"},
		"nobody":                          {url.Values{"admin_consent": {"True"}}, api.CodeForbidden, "names no organisation"},
		"two":                             {url.Values{"admin_consent": {"True"}, "tenant": {contoso, fabrikam}}, api.CodeForbidden, "names no organisation"},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newTenants(t)
			at := h.asks("robot", false)
			_, err := h.answers(at, tt.answer)
			if found := wantCode(t, err, tt.code); !strings.Contains(found.Message, tt.says) {
				t.Errorf("%s", found.Message)
			}
			if _, err := h.answers(at, consent(contoso)); err == nil {
				t.Error("the state is good twice")
			}
			if c := h.state("robot"); len(c.Captured) > 0 || c.Generation > 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestAConsentIsOfTheOrganisationInWhichItsAdministratorSignsIn(t *testing.T) {
	h, home := newTenants(t)
	next, err := h.answers(h.asks("robot", false), consent(fabrikam)) // whoever is of contoso writes another name into the answer
	h.must(err)
	*home = contoso
	_, err = h.answers(h.visits(next), url.Values{"code": {"c"}})
	if found := wantCode(t, err, api.CodeForbidden); !strings.Contains(found.Message, "is not of it") {
		t.Errorf("%s", found.Message)
	}
	if c := h.state("robot"); len(c.Captured) > 0 || h.server.count("client_credentials") > 0 {
		t.Errorf("%+v", c)
	}
}

func TestTheOrganisationThatSettingsNameIsNotReplaced(t *testing.T) {
	h, _ := newTenants(t)
	for named, tt := range map[string]struct {
		refused bool
		path    string
	}{
		contoso:           {false, "/" + contoso + "/adminconsent"},
		fabrikam:          {true, "/" + fabrikam + "/adminconsent"},
		"contoso.example": {false, "/contoso.example/adminconsent"},
	} {
		_, err := h.PutConnection(h.ctx, "named", api.ConnectionSpec{Client: "app", Grant: "client_credentials", Variables: map[string]string{"tenant": named}})
		h.must(err)
		at := h.asks("named", false)
		if at.Path != tt.path {
			t.Errorf("%s: the administrator goes to %s", named, at.Path)
		}
		next, err := h.answers(at, consent(contoso))
		if (err != nil) != tt.refused || next != "" {
			t.Errorf("%s: %q %v", named, next, err)
		}
		if c := h.state("named"); len(c.Captured) > 0 || !tt.refused && c.Generation == 0 {
			t.Errorf("%s: %+v", named, c)
		}
		h.must(h.DeleteConnection(h.ctx, "named"))
	}
}

func TestAnotherOrganisationDoesNotTakeOverAConnection(t *testing.T) {
	h, home := newTenants(t)
	next, err := h.answers(h.asks("robot", false), consent(contoso))
	h.must(err)
	_, err = h.answers(h.visits(next), url.Values{"code": {"c"}})
	h.must(err)
	at := h.asks("robot", false)
	if at.Path != "/"+contoso+"/adminconsent" {
		t.Errorf("the administrator goes to %s", at.Path)
	}
	*home = fabrikam
	_, err = h.answers(at, consent(fabrikam))
	if found := wantCode(t, err, api.CodeForbidden); !strings.Contains(found.Message, "this is for the organisation "+contoso) {
		t.Errorf("%s", found.Message)
	}
}

func TestAConsentGoesOnToAnAuthorizationInItsOrganisation(t *testing.T) {
	h, _ := newTenants(t)
	at := h.asks("mail", true)
	if at.Query().Get("scope") != "offline_access mail.read" {
		t.Errorf("asked for %s", at.Query().Get("scope"))
	}
	next, err := h.answers(at, consent(contoso))
	h.must(err)
	at = h.visits(next)
	if at.Path != "/"+contoso+"/authorize" || at.Query().Get("scope") != "offline_access mail.read" {
		t.Fatalf("the authorization is at %s", at)
	}
	_, err = h.answers(at, url.Values{"code": {"c"}})
	h.must(err)
	if c := h.wantState("mail", api.StateActive); c.Captured["tenant"] != contoso {
		t.Errorf("%+v", c.Captured)
	}
	if _, err := h.Begin(h.ctx, "robot", api.AuthorizeRequest{ConsentRequest: api.ConsentRequest{AdminConsent: true, ThenAuthorize: true}}); err == nil {
		t.Error("a service is authorized by a person")
	}
}

func TestAPersonAuthorizesLaterInTheOrganisationThatConsented(t *testing.T) {
	h, _ := newTenants(t)
	next, err := h.answers(h.asks("mail", false), consent(contoso))
	h.must(err)
	if c := h.wantState("mail", api.StateNew); next != "" || c.Captured["tenant"] != contoso {
		t.Fatalf("%q %+v", next, c)
	}
	begun, err := h.Begin(h.ctx, "mail", api.AuthorizeRequest{})
	h.must(err)
	at := h.visits(begun.AuthorizationURL)
	if at.Path != "/"+contoso+"/authorize" {
		t.Errorf("the authorization is at %s", at)
	}
	_, err = h.answers(at, url.Values{"code": {"c"}})
	h.must(err)
	if c := h.wantState("mail", api.StateActive); c.Captured["tenant"] != contoso {
		t.Errorf("%+v", c.Captured)
	}
}

func TestAConsentCountsThoughTheFirstTokenCannotBeHadYet(t *testing.T) {
	h, _ := newTenants(t)
	_, err := h.PutConnection(h.ctx, "named", api.ConnectionSpec{Client: "app", Grant: "client_credentials", Variables: map[string]string{"tenant": contoso}})
	h.must(err)
	h.server.says(func(url.Values, int) (int, string) {
		return 400, `{"error":"unauthorized_client","error_description":"AADSTS700016: not known yet"}`
	})
	_, err = h.answers(h.asks("named", false), consent(contoso))
	h.must(err)
	h.server.says(rotating)
	h.wantToken("named", "at-2")
}

func TestWhoeverFollowsAConsentHearsOfItAndMayRefuse(t *testing.T) {
	h, _ := newTenants(t)
	var heard []string
	h.Consented = func(_ context.Context, _, next string) error {
		heard = append(heard, next)
		if next == "" {
			return errors.New("taken back")
		}
		return nil
	}
	next, err := h.answers(h.asks("robot", false), consent(contoso))
	h.must(err)
	if _, err := h.answers(h.visits(next), url.Values{"code": {"c"}}); err == nil {
		t.Error("it is kept all the same")
	}
	if len(heard) != 2 || !strings.HasSuffix(next, "/"+heard[0]) || heard[1] != "" {
		t.Errorf("heard %q", heard)
	}
	if c := h.state("robot"); len(c.Captured) > 0 {
		t.Errorf("%+v", c)
	}
	_, err = h.PutProvider(h.ctx, "plain", api.Provider{Endpoints: api.Endpoints{TokenEndpoint: "https://as.example/t"}})
	h.must(err)
	_, err = h.PutClient(h.ctx, "plain", api.ClientSpec{Provider: "plain", ClientID: "id"})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "plain", api.ConnectionSpec{Client: "plain"})
	h.must(err)
	_, err = h.Begin(h.ctx, "plain", api.AuthorizeRequest{ConsentRequest: api.ConsentRequest{AdminConsent: true}})
	wantCode(t, err, api.CodeInvalid)
}
