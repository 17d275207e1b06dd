package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

// clientsPage is a page of clients.
type clientsPage struct {
	Clients []api.Client
	Soon    time.Time // what ends before then needs somebody
	Next    string
	First   bool
}

// Ending says whether something ends soon, or has ended.
func (p clientsPage) Ending(at *time.Time) bool { return at != nil && at.Before(p.Soon) }

func (c *Console) clients(w http.ResponseWriter, r *http.Request) error {
	after := r.URL.Query().Get("after")
	found, err := c.Catalogue.Clients(r.Context(), ledger.Page{After: after, Limit: pageSize + 1})
	if err != nil {
		return err
	}
	p := clientsPage{Clients: found, Soon: c.Now().Add(soon), First: after == ""}
	if len(found) > pageSize {
		p.Clients, p.Next = found[:pageSize], found[pageSize-1].Name
	}
	return c.render(w, r, "clients", p)
}

// providersPage is the catalogue, or a part of it.
type providersPage struct {
	Query     string
	Providers []api.Provider
	Found     int
	Next      string
	First     bool
}

// providersSize is how many providers stand on a page.
const providersSize = 100

func (c *Console) providers(w http.ResponseWriter, r *http.Request) error {
	after := r.URL.Query().Get("after")
	p := providersPage{Query: strings.TrimSpace(r.URL.Query().Get("q")), First: after == ""}
	found, err := c.Catalogue.Providers(r.Context(), p.Query)
	if err != nil {
		return err
	}
	p.Found = len(found)
	if p.Query == "" { // in the order of names; what was searched comes the best first, and one page is enough
		found = found[slices.IndexFunc(append(found, api.Provider{Name: "\xff"}), func(p api.Provider) bool { return p.Name > after }):]
	}
	p.Providers = found[:min(len(found), providersSize)]
	if p.Query == "" && len(found) > providersSize {
		p.Next = p.Providers[providersSize-1].Name
	}
	return c.render(w, r, "providers", p)
}

func (c *Console) provider(w http.ResponseWriter, r *http.Request) error {
	provider, err := c.Catalogue.Provider(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return c.render(w, r, "provider", provider)
}
