package search_test

import (
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/clause"
	"github.com/valetkey/valetkey/internal/store/search"
)

func TestAWindowIsForListsWhoseRowsArePassedOver(t *testing.T) {
	page := ledger.Page{Limit: 50}
	for _, tt := range []struct {
		name   string
		wanted ledger.ConnectionFilter
		sifts  bool
	}{
		{"a page", ledger.ConnectionFilter{Page: page}, false},
		{"a page of a client", ledger.ConnectionFilter{Page: page, Client: "app"}, false},
		{"a page of a state", ledger.ConnectionFilter{Page: page, State: "active"}, false},
		{"a page of both", ledger.ConnectionFilter{Page: page, Client: "app", State: "active"}, true},
		{"a page of a state by use", ledger.ConnectionFilter{Page: page, State: "active", Order: ledger.ByLastUse}, true},
		{"a page of a word", ledger.ConnectionFilter{Page: page, Search: ledger.ConnectionSearch{Text: "mail"}}, true},
		{"a page of a tag", ledger.ConnectionFilter{Page: page, Search: ledger.ConnectionSearch{Tags: map[string]string{"a": "b"}}}, true},
		{"a page of a provider", ledger.ConnectionFilter{Page: page, Search: ledger.ConnectionSearch{Provider: "contoso"}}, true},
		{"everything", ledger.ConnectionFilter{Search: ledger.ConnectionSearch{Text: "mail"}}, false},
	} {
		if got := search.Sifts(tt.wanted); got != tt.sifts {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.sifts)
		}
	}
}

func TestAWindowLiesBetweenThePageBeforeAndItsEdge(t *testing.T) {
	at := time.UnixMilli(7)
	for _, tt := range []struct {
		order      ledger.ConnectionOrder
		conditions []string
	}{
		{ledger.ByName, []string{"c.name > $1", "c.name <= $2"}},
		{ledger.ByLastUse, []string{"(c.last_used_at, c.name) < ($1, $2)", "(c.last_used_at, c.name) >= ($3, $4)"}},
		{ledger.ByRefreshExpiry, []string{"(t.refresh_expires_at, t.connection) > ($2, $3)", "(t.refresh_expires_at, t.connection) <= ($4, $5)"}},
	} {
		wanted := ledger.ConnectionFilter{Order: tt.order, Page: ledger.Page{After: "m", Limit: 50}, AfterAt: at}
		where := search.Near(wanted, search.Edge{At: 9, Name: "z"}, nil, search.SQLite{}).Where()
		for _, condition := range tt.conditions {
			if !strings.Contains(where, condition+"\n") && !strings.HasSuffix(where, condition) {
				t.Errorf("%q: %s lacks %s", tt.order, where, condition)
			}
		}
	}
}

func TestFTS5IsAskedForEveryThreeLetters(t *testing.T) {
	for _, tt := range []struct {
		parts []string
		want  any
	}{
		{[]string{"mail"}, `"ail" AND "mai"`},
		{[]string{"aaaa"}, `"aaa"`},
		{[]string{`a"b`, "日本語"}, `"a""b" AND "日本語"`},
		{[]string{"ab", "mail"}, `"ail" AND "mai"`},
		{[]string{"ab"}, "ab"}, // what a gram begins with
	} {
		var f clause.Filter
		query := search.SQLite{}.Propose(&f, tt.parts)
		if got := f.Args()[0]; got != tt.want {
			t.Errorf("%q: %v, want %v", tt.parts, got, tt.want)
		}
		if first := strings.Index(query, "$1"); first < 0 || first > strings.Index(query, "$2") {
			t.Errorf("%q: parameters are bound in the order of their appearance: %s", tt.parts, query)
		}
	}
}

func TestPostgreSQLIsAskedByTheIndexWhereAPartIsLongEnough(t *testing.T) {
	var f clause.Filter
	query := search.PostgreSQL{}.Propose(&f, []string{"ab", "100%"})
	if got := strings.Count(query, "@>"); got != 1 {
		t.Errorf("%d parts are looked up, want the one of three letters: %s", got, query)
	}
	if f.Args()[1] != "%100!%%" {
		t.Errorf("%v", f.Args())
	}
}
