package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

// pageSize is how many rows a page of a list has.
const pageSize = 50

// listPage is a page of connections.
type listPage struct {
	Query       listQuery
	Connections []api.Connection
	States      []api.State
	Sorts       []string
	Next        string // the path and query of the next page; "": this is the last
	First       bool   // this is the first page
	Filtered    bool
	Links       []bulkLink // what a bulk action made
	Failed      []bulkLink
}

// listQuery is the search form's fields.
type listQuery struct {
	Text, State, Provider, Client, Tag, Sort string
	after                                    string
	at                                       time.Time
}

func readQuery(v url.Values) listQuery {
	q := listQuery{
		Text: strings.TrimSpace(v.Get("q")), State: v.Get("state"), Provider: strings.TrimSpace(v.Get("provider")),
		Client: strings.TrimSpace(v.Get("client")), Tag: strings.TrimSpace(v.Get("tag")), Sort: v.Get("sort"), after: v.Get("after"),
	}
	if ms, err := strconv.ParseInt(v.Get("at"), 10, 64); err == nil && ms > 0 {
		q.at = time.UnixMilli(ms).UTC()
	}
	return q
}

// values is the query as it stands in an address.
func (q listQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{
		"q": q.Text, "state": q.State, "provider": q.Provider, "client": q.Client, "tag": q.Tag, "sort": q.Sort,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// filter is the query as the store takes it.
func (q listQuery) filter() (ledger.ConnectionFilter, error) {
	f := ledger.ConnectionFilter{
		Page: ledger.Page{After: q.after, Limit: pageSize + 1}, AfterAt: q.at,
		Client: q.Client, State: api.State(q.State), Order: ledger.ConnectionOrder(q.Sort),
		Search: ledger.ConnectionSearch{Provider: q.Provider, Text: q.Text},
	}
	if q.Tag != "" {
		key, value, found := strings.Cut(q.Tag, "=")
		if !found {
			return f, fault.New(api.CodeInvalid, "a tag is searched as key=value").WithHint("write it as team=sales")
		}
		f.Search.Tags = map[string]string{strings.TrimSpace(key): strings.TrimSpace(value)}
	}
	if q.State != "" && !slices.Contains(states(), f.State) || !slices.Contains(sorts(), q.Sort) {
		return f, fault.New(api.CodeInvalid, "there is no such state or order")
	}
	return f, nil
}

func sorts() []string {
	return []string{string(ledger.ByName), string(ledger.ByLastUse), string(ledger.ByLastRefresh), string(ledger.ByRefreshExpiry)}
}

func (c *Console) list(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r.URL.Query())
	filter, err := q.filter()
	if err != nil {
		return err
	}
	found, err := c.Connections.Connections(r.Context(), filter)
	if err != nil {
		return err
	}
	p := listPage{Query: q, Connections: found, States: states(), Sorts: sorts(), First: q.after == ""}
	p.Filtered = len(q.values()) > 0 && !(len(q.values()) == 1 && q.Sort != "")
	if len(found) > pageSize {
		p.Connections = found[:pageSize]
		next := q.values()
		last := p.Connections[pageSize-1]
		next.Set("after", last.Name)
		if at := orderedBy(q.Sort, last); !at.IsZero() {
			next.Set("at", strconv.FormatInt(at.UnixMilli(), 10))
		}
		p.Next = "/connections?" + next.Encode()
	}
	if made, ok := shelf.Take[bulkResult](c.shelf, r, false); ok {
		p.Links, p.Failed = made.links, made.failed
	}
	return c.render(w, r, "connections", p)
}

// orderedBy is the time that a connection is sorted by; zero by name.
func orderedBy(sort string, c api.Connection) time.Time {
	var at *time.Time
	switch ledger.ConnectionOrder(sort) {
	case ledger.ByLastUse:
		at = c.LastUsedAt
	case ledger.ByLastRefresh:
		at = c.LastRefreshedAt
	case ledger.ByRefreshExpiry:
		at = c.RefreshExpiresAt
	}
	if at == nil {
		return time.Time{}
	}
	return *at
}
