package rest

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/agent"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/agents"
	"github.com/valetkey/valetkey/internal/tunnel"
)

// withAgents is a server that has them.
func withAgents(t *testing.T) *server {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "valetkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	registry, err := agent.New(t.Context(), agent.Config{Store: agents.Desk{DB: db}, Hub: &tunnel.Hub{}, Node: "node-1", Version: "v1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	s := newTestServer(t)
	s.config.Agents = registry
	s.start()
	return s
}

func TestAnAgentIsAddedListedAndRemoved(t *testing.T) {
	s := withAgents(t)
	operator := s.key(api.RoleOperator)
	var added api.NewAgent
	s.send(operator, "POST", "/v1/agents", `{"name":"plant","description":"the plant in Graz","hosts":"sso.contoso.internal"}`).into(t, 201, &added)
	if !strings.HasPrefix(string(added.Token), "va_") || len(added.Token) != 46 || added.State != api.AgentOffline {
		t.Errorf("got %+v", added)
	}
	s.send(operator, "POST", "/v1/agents", `{"name":"plant"}`).problem(t, http.StatusConflict, api.CodeConflict)
	s.send(operator, "POST", "/v1/agents", `{"name":"other"}`).into(t, 201, nil)
	listed := s.send(operator, "GET", "/v1/agents?limit=1", "")
	var page agentPage
	listed.into(t, 200, &page)
	if len(page.Agents) != 1 || page.Agents[0].Name != "other" || page.NextCursor == "" {
		t.Fatalf("got %+v", page)
	}
	listed = s.send(operator, "GET", "/v1/agents?cursor="+page.NextCursor, "")
	listed.into(t, 200, &page)
	if page.Agents[0].Description != "the plant in Graz" || page.Agents[0].Hosts[0] != "sso.contoso.internal" || page.Agents[0].Tunnels == nil {
		t.Errorf("got %+v", page)
	}
	if strings.Contains(listed.body, string(added.Token)) {
		t.Error("the list shows the token")
	}
	s.send(operator, "DELETE", "/v1/agents/plant", "").into(t, 204, nil)
	s.send(operator, "DELETE", "/v1/agents/plant", "").problem(t, http.StatusNotFound, api.CodeNotFound)
	s.send(operator, "GET", "/v1/agents?limit=none", "").problem(t, http.StatusBadRequest, api.CodeInvalid)
}

func TestOnlyOperatorsArrangeAgents(t *testing.T) {
	s := withAgents(t)
	for role, want := range map[api.Role]int{api.RoleViewer: 200, api.RoleCaller: 403, api.RoleProxy: 403} {
		if got := s.send(s.key(role), "GET", "/v1/agents", "").StatusCode; got != want {
			t.Errorf("%s lists agents: %d, want %d", role, got, want)
		}
		if got := s.send(s.key(role), "POST", "/v1/agents", `{"name":"x"}`).StatusCode; got != 403 {
			t.Errorf("%s adds an agent: %d", role, got)
		}
		if got := s.send(s.key(role), "DELETE", "/v1/agents/x", "").StatusCode; got != 403 {
			t.Errorf("%s removes an agent: %d", role, got)
		}
	}
}

func TestAnAgentNeedsANameThatFits(t *testing.T) {
	s := withAgents(t)
	for _, wrong := range []string{`{}`, `{"name":"Plant"}`, `{"name":"tunnel"}`, `{"name":"a","hosts":["https://x"]}`, `{"name":"a","hosts":"x:443"}`, `{"name":"a","host":"x"}`, `{"name":"a","state":"online"}`} {
		s.send(s.key(api.RoleOperator), "POST", "/v1/agents", wrong).problem(t, http.StatusBadRequest, api.CodeInvalid)
	}
}

func TestATunnelIsOpenedWithAnAgentsTokenAlone(t *testing.T) {
	s := withAgents(t)
	s.send("", "GET", tunnel.Path, "").problem(t, http.StatusBadRequest, api.CodeInvalid)
	s.send(s.key(api.RoleOperator), "GET", tunnel.Path, "").problem(t, http.StatusBadRequest, api.CodeInvalid)
	hello := http.Header{"Valetkey-Agent-Protocol": {"1.0"}, "Valetkey-Agent-Instance": {"i"}}
	for name, token := range map[string]string{"none": "", "a caller's key": s.key(api.RoleOperator), "junk": "va_junk"} {
		request, _ := http.NewRequestWithContext(context.Background(), "GET", s.http.URL+tunnel.Path, nil)
		request.Header = hello.Clone()
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
}

func TestAServerWithoutAgentsSaysSo(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	for _, route := range [][2]string{{"GET", "/v1/agents"}, {"POST", "/v1/agents"}, {"DELETE", "/v1/agents/x"}, {"GET", tunnel.Path}} {
		s.send(operator, route[0], route[1], "").problem(t, http.StatusNotFound, api.CodeNotFound)
	}
}
