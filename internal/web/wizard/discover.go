package wizard

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
	"github.com/valetkey/valetkey/oauth"
)

// foundPage is what a server says of itself, and what it does not say.
type foundPage struct {
	oauth.Server
	ID            string // on the shelf
	Methods       []string
	Name, BaseURL string
	Faults        page.Faults
}

// discover asks the server whose issuer, or whose metadata's address, was typed.
func (z *Wizard) discover(w http.ResponseWriter, r *http.Request) error {
	typed := strings.TrimSpace(r.PostFormValue("issuer"))
	server, err := z.Network.Find(r.Context(), issuerOf(typed))
	if told(err) {
		return z.showChoice(w, r, choosePage{
			Form: map[string]string{"issuer": typed}, Faults: page.Faults{"issuer": page.Sentences(fault.As(err))},
		})
	}
	if err != nil {
		return err
	}
	return z.to(w, "/new/found?shown="+z.shelf.Put(r, server))
}

// issuerOf is the issuer that an address of metadata belongs to (RFC 8414
// section 3.1, OpenID Connect Discovery section 4): the well-known part is taken
// out wherever it stands.
func issuerOf(typed string) string {
	if !strings.Contains(typed, "://") && typed != "" {
		typed = "https://" + typed
	}
	u, err := url.Parse(typed)
	if err != nil {
		return typed
	}
	u.RawQuery, u.Fragment = "", ""
	for _, known := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		if before, after, found := strings.Cut(u.Path, known); found {
			u.Path = before + after
		}
	}
	return u.String()
}

func (z *Wizard) found(w http.ResponseWriter, r *http.Request) error {
	server, ok := shelf.Take[oauth.Server](z.shelf, r, false)
	if !ok {
		return gone()
	}
	return z.showFound(w, r, foundPage{Server: server, ID: r.URL.Query().Get("shown"), Name: z.freeName(r, hostName(server.Issuer))})
}

func (z *Wizard) showFound(w http.ResponseWriter, r *http.Request, p foundPage) error {
	for _, m := range p.AuthMethods {
		p.Methods = append(p.Methods, string(m))
	}
	return z.show(w, r, "new-found", p.Faults, p)
}

// hostName makes a name of an address: login.contoso.example is contoso.
func hostName(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "provider"
	}
	parts := strings.Split(u.Hostname(), ".")
	if len(parts) >= 2 && strings.Trim(u.Hostname(), "0123456789.") != "" {
		return draft.Name(parts[len(parts)-2], "provider")
	}
	return draft.Name(strings.ReplaceAll(u.Hostname(), ".", "-"), "provider")
}

// freeName is a name that no provider has.
func (z *Wizard) freeName(r *http.Request, name string) string {
	return free(name, func(name string) bool {
		_, err := z.Catalogue.Provider(r.Context(), name)
		return !missing(err)
	})
}

// takeFound makes a provider of one's own of what was found.
func (z *Wizard) takeFound(w http.ResponseWriter, r *http.Request) error {
	id := r.PostFormValue("shown")
	server, ok := shelf.Get[oauth.Server](z.shelf, r, id, false)
	if !ok {
		return gone()
	}
	p := foundPage{Server: server, ID: id, Name: strings.TrimSpace(r.PostFormValue("name")), BaseURL: strings.TrimSpace(r.PostFormValue("base_url"))}
	base, wrong := draft.BaseURL(p.BaseURL)
	if wrong != "" {
		p.Faults = page.Faults{"base_url": z.Pages.Word("found.base_url_fault")}
		return z.showFound(w, r, p)
	}
	if z.freeName(r, p.Name) != p.Name {
		p.Faults = page.Faults{"name": z.Pages.Word("wizard.taken")}
		return z.showFound(w, r, p)
	}
	if _, err := z.Writer.PutProvider(r.Context(), p.Name, z.ownProvider(server, base)); told(err) {
		p.Faults = page.Faults{"name": page.Sentences(fault.As(err))}
		return z.showFound(w, r, p)
	} else if err != nil {
		return err
	}
	return z.to(w, "/new/provider/"+url.PathEscape(p.Name))
}

// ownProvider describes a server by its issuer: what it says of itself is asked
// for again when it is needed.
func (z *Wizard) ownProvider(server oauth.Server, base string) api.Provider {
	p := api.Provider{API: &api.CallSettings{BaseURL: base}}
	p.Issuer = server.Issuer
	if len(server.ScopesSupported) == 0 {
		return p
	}
	p.Scopes = &api.ScopeRules{Meanings: make(map[string]string)}
	for _, scope := range server.ScopesSupported[:min(len(server.ScopesSupported), maxScopes)] {
		p.Scopes.Meanings[scope] = scope
		if known := "scope." + scope; slices.Contains(catalog.ParseScopes("openid profile email offline_access"), scope) {
			p.Scopes.Meanings[scope] = z.Pages.Word(known)
		}
	}
	if slices.Contains(server.ScopesSupported, "offline_access") {
		p.Scopes.Default = []string{"openid", "offline_access"}
		// OpenID Connect Core section 11: without consent the server leaves it out.
		p.AuthorizationRequest = &oauth.RequestRules{Params: map[string]string{"prompt": "consent"}}
	}
	return p
}

// maxScopes is how many of a server's scopes are offered one by one.
const maxScopes = 60
