package link_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

const tenant = "11111111-2222-3333-4444-555555555555"

// newConsentWorld has a provider with tenants, and the connection "robot" of a
// client that acts for itself.
func newConsentWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.consent = &api.AdminConsentRules{Variable: "tenant", Anyone: []string{"organizations"}, MustMatch: "[0-9-]{36}"}
	w.connections["robot"] = api.ConnectionSpec{Client: "app", Grant: "client_credentials"}
	return w
}

func consentOf(connection string) api.ConnectLinkSpec {
	return api.ConnectLinkSpec{Kind: api.LinkAdminConsent, Connection: connection}
}

func TestALinkOfAConsentTellsWhichOrganisationItWas(t *testing.T) {
	w := newConsentWorld(t)
	made, address := w.makes(consentOf("robot"))
	first := w.begins(address)
	if !w.begun[0].AdminConsent || w.begun[0].ThenAuthorize || made.Kind != api.LinkAdminConsent {
		t.Fatalf("%+v %+v", w.begun[0], made)
	}
	if err := w.Consented(t.Context(), first.Flow, "the-sign-in"); err != nil {
		t.Fatal(err)
	}
	if one, ok, err := w.ByFlow(t.Context(), "the-sign-in"); err != nil || !ok || one.ID != made.ID {
		t.Fatalf("%+v %v %v", one, ok, err)
	}
	if got := w.stands(made.ID, api.LinkOpened); got.Granted != nil {
		t.Errorf("it is granted before it is proven: %+v", got)
	}
	w.flow.Status, w.captured = api.FlowDone, map[string]string{"tenant": tenant, "other": "x"}
	if got := w.stands(made.ID, api.LinkDone); len(got.Granted) != 1 || got.Granted["tenant"] != tenant {
		t.Errorf("%+v", got)
	}
}

func TestALinkOfAConsentTellsTheOrganisationThatSettingsName(t *testing.T) {
	w := newConsentWorld(t)
	w.connections["robot"] = api.ConnectionSpec{Client: "app", Grant: "client_credentials", Variables: map[string]string{"tenant": "contoso.com"}}
	made, address := w.makes(consentOf("robot"))
	one, err := w.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := w.Describe(t.Context(), one); err != nil || d.Organisation != "contoso.com" || !d.Service || d.ThenSignsIn {
		t.Errorf("%+v %v", d, err)
	}
	w.begins(address)
	w.flow.Status = api.FlowDone
	if got := w.stands(made.ID, api.LinkDone); got.Granted["tenant"] != "contoso.com" {
		t.Errorf("%+v", got)
	}
}

func TestAConsentOfALinkThatWasTakenBackIsRefused(t *testing.T) {
	w := newConsentWorld(t)
	made, address := w.makes(consentOf("robot"))
	flow := w.begins(address).Flow
	if _, err := w.Revoke(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	for _, next := range []string{"", "the-sign-in"} {
		refused(t, w.Consented(t.Context(), flow, next), api.CodeForbidden, "taken back")
	}
	if err := w.Consented(t.Context(), "a flow of no link", ""); err != nil {
		t.Error(err)
	}
}

func TestASpecOfAConsentThatMakesNoSenseIsRefused(t *testing.T) {
	w := newConsentWorld(t)
	mail := func(change func(*api.ConnectLinkSpec)) api.ConnectLinkSpec {
		spec := consentOf("mail")
		change(&spec)
		return spec
	}
	for words, spec := range map[string]api.ConnectLinkSpec{
		"no kind of link":               mail(func(s *api.ConnectLinkSpec) { s.Kind = "dance" }),
		"goes with the kind":            mail(func(s *api.ConnectLinkSpec) { s.Kind, s.ThenAuthorize = "", true }),
		"is of an authorization":        mail(func(s *api.ConnectLinkSpec) { s.ExpectedAccount = "maria@contoso.com" }),
		"nobody needs to authorize it":  {Kind: api.LinkAdminConsent, Connection: "robot", ThenAuthorize: true},
		"nobody needs to authorize it ": {Kind: api.LinkAdminConsent, Connection: "new", ThenAuthorize: true, Create: &api.ConnectionSpec{Client: "app", Grant: "client_credentials"}},
	} {
		_, err := w.Create(t.Context(), spec)
		refused(t, err, api.CodeInvalid, strings.TrimSpace(words))
	}
	w.consent = nil
	_, err := w.Create(t.Context(), consentOf("mail"))
	refused(t, err, api.CodeInvalid, "has no consent of an administrator")
}

func TestAnAdministratorMayAuthorizeAsWell(t *testing.T) {
	w := newConsentWorld(t)
	spec := consentOf("mail")
	spec.ThenAuthorize, spec.ExpectedAccount = true, "maria@contoso.com"
	_, address := w.makes(spec)
	w.begins(address)
	if asked := w.begun[0]; !asked.AdminConsent || !asked.ThenAuthorize || asked.LoginHint != "maria@contoso.com" {
		t.Errorf("%+v", asked)
	}
}
