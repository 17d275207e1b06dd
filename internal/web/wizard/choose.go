package wizard

import (
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/web/page"
)

// choosePage is the catalogue, or a part of it, and the ways to bring a provider.
type choosePage struct {
	Query     string
	Providers []api.Provider
	Found     int
	All       bool
	Kinds     []string
	Form      map[string]string
	Faults    page.Faults
}

// shownProviders is how many providers are shown at once: who looks for another
// one types a word.
const shownProviders = 24

// popular are shown first while nothing was searched.
func popular() []string {
	return []string{"microsoft", "google", "salesforce", "hubspot", "slack", "github", "xero", "shopify", "quickbooks", "zoho-crm", "dropbox", "notion"}
}

func (z *Wizard) choose(w http.ResponseWriter, r *http.Request) error {
	return z.showChoice(w, r, choosePage{Query: strings.TrimSpace(r.URL.Query().Get("q"))})
}

func (z *Wizard) showChoice(w http.ResponseWriter, r *http.Request, p choosePage) error {
	found, err := z.Catalogue.Providers(r.Context(), p.Query)
	if err != nil {
		return err
	}
	p.Found = len(found)
	if p.Query == "" {
		found = z.first(found)
	}
	p.Providers = found[:min(len(found), shownProviders)]
	p.All = len(p.Providers) == p.Found
	p.Kinds = kindNames()
	return z.show(w, r, "new", p.Faults, p)
}

// first are the user's own providers, and then the usual ones.
func (z *Wizard) first(all []api.Provider) []api.Provider {
	byName := make(map[string]api.Provider, len(all))
	var chosen []api.Provider
	for _, p := range all {
		byName[p.Name] = p
		if !p.BuiltIn {
			chosen = append(chosen, p)
		}
	}
	for _, name := range popular() {
		if p, known := byName[name]; known && p.BuiltIn {
			chosen = append(chosen, p)
		}
	}
	return chosen
}
