package brokertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

// Lists checks the part of [Store] that is about lists of connections.
func Lists(t *testing.T, open func(t *testing.T) ledger.Store) {
	for _, c := range connectionListChecks() {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func connectionListChecks() []check {
	return []check{
		{"a list is searched by provider, by text and by tags", connectionSearch},
		{"every order is paged without a gap", connectionOrders},
		{"connections are counted by state", connectionCounts},
	}
}

func connectionSearch(t *testing.T, s ledger.Store) {
	seed(t, s)
	other := client("other")
	other.Provider = "fabrikam"
	must(t, s.PutClient(t.Context(), other))
	for name, change := range map[string]func(*ledger.Connection){
		"Mail-100%":  func(c *ledger.Connection) { c.Account = "maria@contoso.example" },
		"mail_sales": func(c *ledger.Connection) { c.Spec.Tags = map[string]string{"team": "sales", "stage": "a%b_c!"} },
		"mailxsales": func(c *ledger.Connection) { c.Spec.Tags = map[string]string{"xteam": "sales", "stage": "axbxc!"} },
		"quoted": func(c *ledger.Connection) {
			c.Spec.Tags, c.Spec.Description = map[string]string{"a\"b": "<c>"}, `"tags":{"team":"sales"}`
		},
		"files": func(c *ledger.Connection) {
			c.Spec.Client, c.Spec.Variables = "other", map[string]string{"team": "sales"}
		},
	} {
		c := connection(name)
		change(&c)
		must(t, s.PutConnection(t.Context(), c))
	}
	for _, tt := range []struct {
		name string
		ledger.ConnectionSearch
		want []string
	}{
		{"provider", ledger.ConnectionSearch{Provider: "fabrikam"}, []string{"files"}},
		{"another provider", ledger.ConnectionSearch{Provider: "nobody"}, nil},
		{"a part of the name", ledger.ConnectionSearch{Text: "MAIL"}, []string{"Mail-100%", "mail_sales", "mailxsales"}},
		{"two letters", ledger.ConnectionSearch{Text: "XS"}, []string{"mailxsales"}},
		{"the last letter", ledger.ConnectionSearch{Text: "D"}, []string{"quoted"}},
		{"a percent sign", ledger.ConnectionSearch{Text: "%"}, []string{"Mail-100%"}},
		{"an underscore", ledger.ConnectionSearch{Text: "l_s"}, []string{"mail_sales"}},
		{"a part of the account", ledger.ConnectionSearch{Text: "aria@con"}, []string{"Mail-100%"}},
		{"a tag", ledger.ConnectionSearch{Tags: map[string]string{"team": "sales"}}, []string{"mail_sales"}},
		{"a tag of odd characters", ledger.ConnectionSearch{Tags: map[string]string{"stage": "a%b_c!"}}, []string{"mail_sales"}},
		{"a tag of quotes", ledger.ConnectionSearch{Tags: map[string]string{"a\"b": "<c>"}}, []string{"quoted"}},
		{"two tags", ledger.ConnectionSearch{Tags: map[string]string{"team": "sales", "stage": "x"}}, nil},
		{"text and provider", ledger.ConnectionSearch{Text: "f", Provider: "contoso"}, nil},
	} {
		for _, limit := range []int{0, 50} {
			found := get[[]ledger.Connection](t)(s.Connections(t.Context(), ledger.ConnectionFilter{Search: tt.ConnectionSearch, Page: ledger.Page{Limit: limit}}))
			wantEqual(t, fmt.Sprintf("searched by %s, at most %d", tt.name, limit), names(found), tt.want)
		}
	}
}

func connectionOrders(t *testing.T, s ledger.Store) {
	seed(t, s)
	for i := range 12 {
		c := connection(fmt.Sprintf("c%02d", i))
		c.LastUsedAt, c.LastRefreshedAt = after(i*5%4), after(i*7%12)
		if i == 3 {
			c.LastUsedAt = time.Time{}
		}
		must(t, s.PutConnection(t.Context(), c))
		if i%3 == 0 {
			continue
		}
		save := saving(c.Name, 1)
		save.Set.RefreshExpiresAt = after(100 - i/2)
		if i == 5 {
			save.Set.RefreshExpiresAt = time.Time{}
		}
		must(t, s.SaveTokenSet(t.Context(), save))
	}
	for order, at := range map[ledger.ConnectionOrder]func(ledger.Connection) time.Time{
		ledger.ByName:          func(ledger.Connection) time.Time { return time.Time{} },
		ledger.ByLastUse:       func(c ledger.Connection) time.Time { return c.LastUsedAt },
		ledger.ByLastRefresh:   func(c ledger.Connection) time.Time { return c.LastRefreshedAt },
		ledger.ByRefreshExpiry: func(c ledger.Connection) time.Time { return c.RefreshExpiresAt },
	} {
		all := get[[]ledger.Connection](t)(s.Connections(t.Context(), ledger.ConnectionFilter{Order: order}))
		want := 12
		if order == ledger.ByRefreshExpiry {
			want = 7
		}
		if len(all) != want {
			t.Errorf("%q: %d connections, want %d", order, len(all), want)
		}
		sorted := slices.IsSortedFunc(all, func(a, b ledger.Connection) int {
			if order == ledger.ByRefreshExpiry || order == ledger.ByName {
				return at(a).Compare(at(b))
			}
			return at(b).Compare(at(a))
		})
		if !sorted {
			t.Errorf("%q: %v", order, names(all))
		}
		var paged []string
		filter := ledger.ConnectionFilter{Order: order, Page: ledger.Page{Limit: 2}}
		for {
			found := get[[]ledger.Connection](t)(s.Connections(t.Context(), filter))
			paged = append(paged, names(found)...)
			if len(found) < 2 {
				break
			}
			filter.After, filter.AfterAt = found[1].Name, at(found[1])
		}
		wantEqual(t, "pages of "+string(order), paged, names(all))
	}
}

func connectionCounts(t *testing.T, s ledger.Store) {
	wantEqual(t, "none", get[map[api.State]int](t)(s.CountConnections(t.Context())), map[api.State]int{})
	seed(t, s, "a", "b")
	c := connection("c")
	c.State = api.StateActive
	must(t, s.PutConnection(t.Context(), c))
	wantEqual(t, "counts", get[map[api.State]int](t)(s.CountConnections(t.Context())),
		map[api.State]int{api.StateActive: 1, api.StateNeedsAuthorization: 2})
}
