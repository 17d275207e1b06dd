package web

import (
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/agent"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/agents"
	"github.com/valetkey/valetkey/internal/tunnel"
)

func TestAnAgentIsMadeItsTokenShownOnceAndItsTunnelListed(t *testing.T) {
	g := newRig(t, public)
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "valetkey.db")})
	g.must(err)
	t.Cleanup(func() { _ = db.Close() })
	kept := agents.Desk{DB: db}
	config := g.config(public)
	config.Agents, err = agent.New(t.Context(), agent.Config{Store: kept, Hub: &tunnel.Hub{}, Node: "node-1"})
	g.must(err)
	g.pages = New(config)
	b := g.operator()
	shows(t, g.get(b, "/agents"), 200, "No agents yet", "Where an API stands in a private network", `href="/agents" aria-current="page"`)
	shows(t, g.post(b, "/agents", g.form(b, "name", "Not A Name")), 400, `id="name-fault"`, `aria-describedby="name-fault"`)
	shows(t, g.post(b, "/agents", g.form(b, "name", "plant", "hosts", "https://x")), 400, `id="hosts-fault"`, `value="plant"`)
	w := g.post(b, "/agents", g.form(b, "name", "plant", "description", "in Graz", "hosts", "sso.contoso.internal, *.plant.internal"))
	made := regexp.MustCompile(`va_[A-Za-z0-9_-]{43}`)
	to := w.Header().Get("Location")
	if w.Code != 303 || made.MatchString(to) {
		t.Fatalf("%d to %s", w.Code, to)
	}
	first := g.get(b, to)
	shows(t, first, 200, "valetkey agent run --url "+public)
	if !made.MatchString(first.Body.String()) || made.MatchString(g.get(b, to).Body.String()) {
		t.Error("the token is not shown, or shown twice")
	}
	shows(t, g.post(b, "/agents", g.form(b, "name", "plant")), 409, "There is an agent named")
	shows(t, g.get(b, "/agents"), 200, "in Graz", "Not connected", "sso.contoso.internal *.plant.internal")
	g.must(kept.SaveTunnel(t.Context(), agent.Tunnel{
		Agent: "plant", Node: "node-1", Version: "v1.2.3", Address: "192.0.2.7", Allow: []string{"erp.contoso.internal:443"}, ConnectedAt: time.Now(), SeenAt: time.Now(),
	}))
	g.must(kept.SaveTunnel(t.Context(), agent.Tunnel{Agent: "plant", Node: "node-2", ConnectedAt: time.Now(), SeenAt: time.Now()}))
	shows(t, g.get(b, "/agents"), 200, "Connected", "192.0.2.7, v1.2.3", "node node-2", "erp.contoso.internal:443", "Nothing yet: start it with --allow")
	redirects(t, g.post(b, "/agents/plant/remove", g.form(b)), "/agents?done=agent_removed")
	shows(t, g.get(b, "/agents?done=agent_removed"), 200, "The agent was removed", "No agents yet")
	shows(t, g.post(b, "/agents/plant/remove", g.form(b)), 404)
	redirects(t, g.get(browser{}, "/agents"), "/sign-in?next=%2Fagents")
}
