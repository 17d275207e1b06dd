package rest

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/link/linktest"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/memory"
)

// withLinks serves links too.
func (s *server) withLinks() {
	s.t.Helper()
	keyring, err := secret.CreateKeyring(s.t.TempDir() + "/keyring.json")
	s.must(err)
	s.config.Links = link.New(link.Config{
		Broker: s.broker, Store: linktest.NewMemory(), Journal: memory.New(), Seal: keyring, PublicURL: "https://valetkey.example",
	})
	s.start()
}

func TestALinkIsMadeListedExtendedAndRevoked(t *testing.T) {
	s := newTestServer(t)
	s.withLinks()
	operator := s.key(api.RoleOperator)
	var made, second api.NewConnectLink
	s.send(operator, "POST", "/v1/connect-links", `{"connection":"mail","expected_account":"maria@contoso.com","expires_in":"48h","webhook":"https://contoso.com/hook"}`).into(t, 201, &made)
	if !strings.HasPrefix(string(made.URL), "https://valetkey.example/connect/") || !strings.HasPrefix(string(made.WebhookSecret), "whsec_") {
		t.Fatalf("made %s", made.ID)
	}
	s.send(operator, "POST", "/v1/connect-links", `{"connection":"mail"}`).into(t, 201, &second)
	list := s.send(operator, "GET", "/v1/connect-links?connection=mail&limit=1", "")
	var page api.ConnectLinkList
	list.into(t, 200, &page)
	if len(page.Links) != 1 || page.NextCursor == "" || strings.Contains(list.body, "whsec_") || strings.Contains(list.body, "/connect/") {
		t.Errorf("listed %s", list.body)
	}
	s.send(operator, "GET", "/v1/connect-links?status=done", "").into(t, 200, &page)
	if len(page.Links) != 0 {
		t.Errorf("done: %+v", page.Links)
	}
	var one api.ConnectLink
	s.send(operator, "PATCH", "/v1/connect-links/"+made.ID, `{"expires_in":"90d"}`).into(t, 200, &one)
	if !one.ExpiresAt.After(made.ExpiresAt) {
		t.Errorf("%s is not after %s", one.ExpiresAt, made.ExpiresAt)
	}
	s.send(operator, "DELETE", "/v1/connect-links/"+made.ID, "").into(t, 204, nil)
	s.send(operator, "GET", "/v1/connect-links/"+made.ID, "").into(t, 200, &one)
	if one.Status != api.LinkRevoked {
		t.Errorf("%+v", one)
	}
	if log := s.log.String(); strings.Contains(log, string(made.URL)) || strings.Contains(log, string(made.WebhookSecret)) {
		t.Error("a secret is in the log")
	}
}

func TestLinksAreForThoseWhoAdminister(t *testing.T) {
	s := newTestServer(t)
	s.send(s.key(api.RoleOperator), "GET", "/v1/connect-links", "").problem(t, 404, api.CodeNotFound)
	s.withLinks()
	caller, viewer := s.key(api.RoleCaller), s.key(api.RoleViewer)
	s.send(caller, "GET", "/v1/connect-links", "").problem(t, 403, api.CodeForbidden)
	s.send(viewer, "GET", "/v1/connect-links", "").into(t, 200, nil)
	s.send(viewer, "POST", "/v1/connect-links", `{"connection":"mail"}`).problem(t, 403, api.CodeForbidden)
	operator := s.key(api.RoleOperator)
	s.send(operator, "POST", "/v1/connect-links", `{"conection":"mail"}`).problem(t, 400, api.CodeInvalid)
	s.send(operator, "POST", "/v1/connect-links", `{"connection":"mail","return_to":"https://evil.example"}`).problem(t, 400, api.CodeInvalid)
	s.send(operator, "GET", "/v1/connect-links/nothing", "").problem(t, 404, api.CodeNotFound)
	s.send(operator, "PATCH", "/v1/connect-links/nothing", `{"expires_in":"1h"}`).problem(t, 404, api.CodeNotFound)
	s.send(operator, "PATCH", "/v1/connect-links/nothing", `{"expires_in":"1s"}`).problem(t, 400, api.CodeInvalid)
}
