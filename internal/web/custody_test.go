package web

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/web/console"
)

// trail keeps entries in memory, the oldest first.
type trail struct{ entries []api.AuditEntry }

func (t *trail) Entries(_ context.Context, f api.AuditFilter) (found []api.AuditEntry, _ error) {
	for _, e := range slices.Backward(t.entries) {
		if (f.Actor == "" || e.Actor == f.Actor) && strings.HasPrefix(e.Action, f.Action) && (f.Before == 0 || e.ID < f.Before) && len(found) < f.Limit {
			found = append(found, e)
		}
	}
	return found, nil
}

type heldKeys struct{ api.Keyring }

func (k heldKeys) Status(context.Context) (api.Keyring, error) { return k.Keyring, nil }

func TestTheAuditTrailIsReadPageByPageAndFiltered(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.get(b, "/audit"), 404, "keeps no audit trail")
	kept := &trail{}
	config := g.config(public)
	counted := g.now
	config.Domain.Custody = console.Custody{Trail: kept, Keyring: heldKeys{api.Keyring{MasterKey: "file:///k", CountedAt: &counted, Keys: []api.KeyringKey{{ID: "0a1b2c3d", State: api.KeySeals, Rows: 42}}, Damaged: 3}}}
	config.Acted = func(operator, path string) {
		kept.entries = append(kept.entries, api.AuditEntry{ID: int64(len(kept.entries) + 1), At: g.now, Actor: operator, Action: "page.post", Subject: path})
	}
	g.pages = New(config)
	b = g.operator()
	shows(t, g.get(b, "/audit"), 200, "maria", "page.post", "/sign-in")
	for i := range 60 {
		kept.entries = append(kept.entries, api.AuditEntry{ID: int64(100 + i), At: g.now, Actor: "robot", Action: "client.put", Subject: fmt.Sprintf("c%d", i), Detail: map[string]string{"role": "<b>"}})
	}
	first := g.get(b, "/audit?actor=robot&action=client.")
	shows(t, first, 200, "c59", "c10", "&lt;b&gt;", "before=110")
	if strings.Contains(first.Body.String(), "page.post") || strings.Contains(first.Body.String(), ">c9<") {
		t.Error("more is shown than was asked for")
	}
	shows(t, g.get(b, "/audit?actor=robot&before=110"), 200, "c9", "First page")
	shows(t, g.get(b, "/audit?before=x"), 400, "no such page")
	shows(t, g.get(b, "/audit?actor=nobody"), 200, "Nothing is noted here")
	shows(t, g.get(b, "/keyring"), 200, "0a1b2c3d", "42", "file:///k", "does not answer", "3 values cannot be opened")
}

func TestTheDayOnWhichASecretEndsIsKeptAndShown(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.post(b, "/clients/app/edit", g.form(b, "client_id", "id", "client_secret_expires_at", "31.1.2027")), 400, "Write a day as 2027-01-31")
	day := g.now.AddDate(0, 1, 0).UTC().Format(time.DateOnly)
	redirects(t, g.post(b, "/clients/app/edit", g.form(b, "client_id", "id", "client_secret_expires_at", day)), "/clients?done=saved#app")
	shows(t, g.get(b, "/clients/app/edit"), 200, `value="`+day+`"`)
	shows(t, g.get(b, "/clients"), 200, "secret until", day)
	shows(t, g.get(b, "/calendar"), 200, "client secret", day)
	redirects(t, g.post(b, "/clients/app/edit", g.form(b, "client_id", "id", "client_secret_expires_at", "")), "/clients?done=saved#app")
	if c, err := g.broker.Client(t.Context(), "app"); err != nil || c.ClientSecretExpiresAt != nil {
		t.Errorf("%+v %v", c.ClientSecretExpiresAt, err)
	}
}

func TestTheNextPageOfConnectionsKeepsWhatWasSearched(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	for i := range 60 {
		_, err := g.broker.PutConnection(t.Context(), fmt.Sprintf("box%02d", i), api.ConnectionSpec{Client: "app", Tags: map[string]string{"team": "a&b"}})
		g.must(err)
	}
	w := g.get(b, "/connections?tag=team%3Da%26b&state=new")
	found := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(w.Body.String())
	if found == nil {
		t.Fatalf("there is no next page:\n%s", w.Body)
	}
	next := g.get(b, html.UnescapeString(found[1]))
	shows(t, next, 200, "box50", "box59", `value="team=a&amp;b"`)
	if strings.Contains(next.Body.String(), ">box49<") {
		t.Error("the next page begins before its beginning")
	}
}

func TestAWeekOfTheCalendarNamesSomeAndCountsTheOthers(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	at, hidden := g.now.AddDate(0, 0, 21), api.Secret("s")
	for i := range 20 {
		spec := api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &hidden}
		spec.ClientSecretExpiresAt = &at
		_, err := g.broker.PutClient(t.Context(), fmt.Sprintf("app%02d", i), spec)
		g.must(err)
	}
	w := g.get(b, "/calendar")
	shows(t, w, 200, "app00", "app07", "and 12 more")
	if strings.Contains(w.Body.String(), url.PathEscape("app08")) {
		t.Error("more than eight are named in a week")
	}
}
