package search

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/clause"
)

// Selection is a query over connections, which it calls c, and their current
// token sets, t: its conditions and its order.
type Selection struct {
	clause.Filter
	order order
}

// order is what rows are sorted by: a time and the name, or the name alone.
type order struct {
	column     string // "": the name alone
	name       string
	descending bool
}

// Edge is the place of a row in an order.
type Edge struct {
	At   int64 // in milliseconds of Unix time; 0 where the order is by name
	Name string
}

// All selects what is wanted without further ado: for few rows, or where the
// order's index leads to them.
func All(wanted ledger.ConnectionFilter) *Selection {
	s := begin(wanted)
	s.narrow(wanted, "c.client", "c.state")
	if wanted.Search.Provider != "" {
		s.Add("EXISTS (SELECT 1 FROM clients k WHERE k.name = c.client AND k.provider = " + s.Param(wanted.Search.Provider) + ")")
	}
	s.compare(wanted.Search)
	return s
}

// Sifts reports whether rows of the order are passed over until some match, so
// that a page of a long list takes a window.
func Sifts(wanted ledger.ConnectionFilter) bool {
	if wanted.Limit <= 0 {
		return false
	}
	found := wanted.Search
	if found.Text != "" || found.Provider != "" || len(found.Tags) > 0 {
		return true
	}
	if wanted.Order == ledger.ByName { // there is an index of each with the name
		return wanted.Client != "" && wanted.State != ""
	}
	return wanted.Client != "" || wanted.State != ""
}

// Window is the query for the place at which so many rows of the order end;
// it finds nothing when there are fewer.
func Window(wanted ledger.ConnectionFilter, rows int) (query string, args []any) {
	s := begin(wanted)
	table, column := "connections c", "CAST(0 AS BIGINT)"
	if s.order.column != "" {
		column = s.order.column
	}
	if wanted.Order == ledger.ByRefreshExpiry {
		table = "token_sets t"
	}
	query = `
		SELECT
			` + column + `,
			` + s.order.name + `
		FROM ` + table + s.Where() + `
		ORDER BY ` + s.OrderBy() + `
		LIMIT 1 OFFSET ` + s.Param(rows-1)
	return query, s.Args()
}

// Near selects from the window that ends at an edge. What narrows it further
// is written so that no other index than the order's is used. Clients, where a
// provider is searched for, are all of its clients.
func Near(wanted ledger.ConnectionFilter, edge Edge, clients []string, index Index) *Selection {
	s := begin(wanted)
	s.beyond(edge, true)
	s.narrow(wanted, "c.client || ''", "c.state || ''")
	if wanted.Search.Provider != "" {
		s.Add("c.client || '' IN (" + index.Listed(&s.Filter, list(clients)) + ")")
	}
	s.compare(wanted.Search)
	return s
}

// Far selects from all rows, by way of what narrows them, and sorts what it
// finds. Clients are as for [Near].
func Far(wanted ledger.ConnectionFilter, clients []string, index Index) *Selection {
	s := begin(wanted)
	s.narrow(wanted, "c.client", "c.state")
	if wanted.Search.Provider != "" {
		s.Add("c.client IN (" + index.Listed(&s.Filter, list(clients)) + ")")
	}
	if parts := partsOf(wanted.Search); len(parts) > 0 {
		s.Add("c.name IN (" + index.Propose(&s.Filter, parts) + ")")
	}
	s.compare(wanted.Search)
	return s
}

// Alone reports whether a list by name is narrowed by texts alone, so that its
// next names are proposed without a look at the connections.
func Alone(wanted ledger.ConnectionFilter) bool {
	return wanted.Order == ledger.ByName && wanted.Client == "" && wanted.State == "" &&
		wanted.Search.Provider == "" && len(partsOf(wanted.Search)) > 0
}

// Next is the query for the names that the index proposes next, in order.
func Next(wanted ledger.ConnectionFilter, index Index, names int) (query string, args []any) {
	var f clause.Filter
	query = "WITH proposed AS MATERIALIZED (" + index.Propose(&f, partsOf(wanted.Search)) + ") SELECT connection FROM proposed"
	if wanted.After != "" {
		query += " WHERE connection > " + f.Param(wanted.After)
	}
	query += " ORDER BY connection" + f.Limit(names)
	return query, f.Args()
}

// Among selects from connections of these names.
func Among(wanted ledger.ConnectionFilter, names []string, index Index) *Selection {
	s := begin(wanted)
	s.Add("c.name IN (" + index.Listed(&s.Filter, list(names)) + ")")
	s.compare(wanted.Search)
	return s
}

// narrow adds the client and the state, by the names of their columns.
func (s *Selection) narrow(wanted ledger.ConnectionFilter, client, state string) {
	if wanted.Client != "" {
		s.And(client+" = ", wanted.Client)
	}
	if wanted.State != "" {
		s.And(state+" = ", string(wanted.State))
	}
}

// list is names as a JSON array.
func list(names []string) string {
	data, _ := json.Marshal(names) // texts always can be
	return string(data)
}

// begin has the order, and where the page begins.
func begin(wanted ledger.ConnectionFilter) *Selection {
	s := &Selection{order: order{name: "c.name"}}
	switch wanted.Order {
	case ledger.ByLastUse:
		s.order.column, s.order.descending = "c.last_used_at", true
	case ledger.ByLastRefresh:
		s.order.column, s.order.descending = "c.last_refreshed_at", true
	case ledger.ByRefreshExpiry:
		s.order = order{column: "t.refresh_expires_at", name: "t.connection"}
		s.And("t.refresh_expires_at > ", 0)
	}
	if wanted.After != "" {
		at := int64(0)
		if !wanted.AfterAt.IsZero() {
			at = wanted.AfterAt.UnixMilli()
		}
		s.beyond(Edge{at, wanted.After}, false)
	}
	return s
}

// beyond adds the condition that a row comes after an edge, or, with until set,
// that it does not. Rows are compared by all that they are sorted by, so that
// each order has its index.
func (s *Selection) beyond(edge Edge, until bool) {
	sign := ">"
	if s.order.descending != until {
		sign = "<"
	}
	if until {
		sign += "="
	}
	if s.order.column == "" {
		s.And(s.order.name+" "+sign+" ", edge.Name)
		return
	}
	s.Add("(" + s.order.column + ", " + s.order.name + ") " + sign + " (" + s.Param(edge.At) + ", " + s.Param(edge.Name) + ")")
}

// OrderBy renders the order.
func (s *Selection) OrderBy() string {
	direction := ""
	if s.order.descending {
		direction = " DESC"
	}
	if s.order.column == "" {
		return s.order.name + direction
	}
	return s.order.column + direction + ", " + s.order.name + direction
}

// compare adds what is searched for, compared with the connection itself.
func (s *Selection) compare(wanted ledger.ConnectionSearch) {
	if wanted.Text != "" {
		part := s.Param(contains(strings.ToLower(wanted.Text)))
		s.Add("(lower(c.name) LIKE " + part + " ESCAPE '!' OR c.account <> '' AND lower(c.account) LIKE " + part + " ESCAPE '!')")
	}
	// The tags are the last key of a specification's document, and a quotation
	// mark inside a text is escaped there: nothing else can match.
	for _, tag := range tagsOf(wanted) {
		s.Add("c.spec LIKE " + s.Param(`%"tags":{%`+literal(tag)+`%`) + " ESCAPE '!'")
	}
}

// partsOf is what the text of every match contains: a part of a name or an
// account in small letters, tags in capitals.
func partsOf(wanted ledger.ConnectionSearch) []string {
	var parts []string
	if wanted.Text != "" {
		parts = append(parts, strings.ToLower(wanted.Text))
	}
	for _, tag := range tagsOf(wanted) {
		parts = append(parts, strings.Map(capital, tag))
	}
	return parts
}

// capital is what databases make of a letter: they know those of ASCII.
func capital(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// tagsOf are the tags as they stand in a document.
func tagsOf(wanted ledger.ConnectionSearch) []string {
	var tags []string
	for _, key := range slices.Sorted(maps.Keys(wanted.Tags)) {
		tags = append(tags, quoted(key)+":"+quoted(wanted.Tags[key]))
	}
	return tags
}

// contains is the pattern of a text that holds a part.
func contains(part string) string { return "%" + literal(part) + "%" }

// literal escapes what LIKE reads as more than itself.
func literal(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}

// quoted is a text as it stands in a document.
func quoted(text string) string {
	data, _ := json.Marshal(text) // a text always can be
	return string(data)
}
