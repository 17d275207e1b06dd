package wizard

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

// editConnection shows a connection's settings in the fields that made it.
func (z *Wizard) editConnection(w http.ResponseWriter, r *http.Request) error {
	c, provider, err := z.connectionOf(r)
	if err != nil {
		return err
	}
	f := form{Name: c.Name, Client: c.Client, Grant: string(arrangement.GrantOf(c.ConnectionSpec, provider)), Scopes: c.Scopes, Variables: make(map[string]string)}
	if f.Settings, f.Rest, err = f.table().texts(c.ConnectionSpec, connectionApart()...); err != nil {
		return err
	}
	if len(f.Scopes) == 0 {
		f.Scopes = defaultScopes(provider, f.Grant)
	}
	for name, v := range provider.Variables {
		f.Variables[name] = cmp.Or(c.Variables[name], v.Default)
	}
	return z.showSetup(w, r, setupPage{Mode: modeConnection, Name: c.Name, Provider: provider, Form: f})
}

func (z *Wizard) connectionOf(r *http.Request) (api.Connection, api.Provider, error) {
	c, err := z.Connections.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return api.Connection{}, api.Provider{}, err
	}
	client, err := z.Catalogue.Client(r.Context(), c.Client)
	if err != nil {
		return api.Connection{}, api.Provider{}, err
	}
	provider, err := z.Catalogue.Provider(r.Context(), client.Provider)
	return c, provider, err
}

func (z *Wizard) changeConnection(w http.ResponseWriter, r *http.Request) error {
	c, provider, err := z.connectionOf(r)
	if err != nil {
		return err
	}
	p := setupPage{Mode: modeConnection, Name: c.Name, Provider: provider, Form: z.formOf(r, provider)}
	p.Form.Name, p.Form.Client = c.Name, c.Client
	known, err := z.knownOf(r, c.Client)
	if err != nil {
		return err
	}
	settled := make(map[string]string) // what need not be typed
	maps.Copy(settled, known)
	maps.Copy(settled, catalog.Consented(provider, c.Captured))
	spec, ok := z.judgeForm(&p, settled)
	if !ok {
		return z.showSetup(w, r, p)
	}
	_, err = z.Writer.PutConnection(r.Context(), c.Name, connectionSpec(spec, p.Form, provider, c.Client))
	if told(err) {
		z.blame(&p, fault.As(err))
		return z.showSetup(w, r, p)
	}
	if err != nil {
		return err
	}
	return z.to(w, "/connections/"+url.PathEscape(c.Name)+"?done=saved")
}

// editClient shows a registration. Its secrets are not shown: what is left
// empty stays.
func (z *Wizard) editClient(w http.ResponseWriter, r *http.Request) error {
	c, err := z.Catalogue.Client(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	provider, err := z.Catalogue.Provider(r.Context(), c.Provider)
	if err != nil {
		return err
	}
	f := form{Name: c.Name, ClientID: c.ClientID, Grant: grantOf(provider), Variables: make(map[string]string)}
	if f.Proof, _, err = clientTable().texts(c); err != nil {
		return err
	}
	for name, v := range provider.Variables {
		f.Variables[name] = cmp.Or(c.Variables[name], v.Default)
		if f.Variables[name] == api.Mask {
			f.Variables[name] = ""
		}
	}
	if at := c.ClientSecretExpiresAt; at != nil {
		f.Expires = at.UTC().Format(time.DateOnly)
	}
	p := setupPage{Mode: modeClient, Name: c.Name, Provider: provider, Form: f}
	p.Secret = secretOf(c)
	return z.showSetup(w, r, p)
}

// secretOf says which secret a client has.
func secretOf(c api.Client) string {
	switch {
	case c.PrivateKey != "":
		return "key"
	case c.ClientSecret != "":
		return "secret"
	}
	return ""
}

func (z *Wizard) changeClient(w http.ResponseWriter, r *http.Request) error {
	c, err := z.Catalogue.Client(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	provider, err := z.Catalogue.Provider(r.Context(), c.Provider)
	if err != nil {
		return err
	}
	p := setupPage{Mode: modeClient, Name: c.Name, Provider: provider, Form: z.formOf(r, provider)}
	p.Form.Name, p.Secret = c.Name, secretOf(c)
	if _, ok := z.judgeForm(&p, c.Variables); !ok {
		return z.showSetup(w, r, p)
	}
	spec, err := written(c, z.clientSpec(p.Form, provider))
	if err == nil {
		_, err = z.Writer.PutClient(r.Context(), c.Name, spec)
	}
	if told(err) {
		z.blame(&p, fault.As(err))
		return z.showSetup(w, r, p)
	}
	if err != nil {
		return err
	}
	return z.to(w, "/clients?done=saved#"+url.QueryEscape(c.Name))
}

// written is a client as it is, with what the form says on top. Secrets are
// left out where the form says nothing of them, so they stay.
func written(c api.Client, typed api.ClientSpec) (api.ClientSpec, error) {
	var spec api.ClientSpec
	tree, err := treeOf(c)
	if err != nil {
		return spec, err
	}
	for _, masked := range []string{fieldSecret, fieldNext, fieldKey} {
		delete(tree, masked)
	}
	written, err := treeOf(typed)
	if err != nil {
		return spec, err
	}
	for _, s := range clientTable().all() { // an empty field takes its key away
		path := strings.Split(s.path, ".")
		if remove(tree, path); find(written, path) != nil {
			put(tree, path, find(written, path))
		}
	}
	if spec, err = grown[api.ClientSpec](tree); err != nil {
		return spec, err
	}
	spec.ClientID = typed.ClientID
	if spec.ClientSecretExpiresAt == nil || typed.ClientSecretExpiresAt == nil || spec.ClientSecretExpiresAt.UTC().Format(time.DateOnly) != typed.ClientSecretExpiresAt.Format(time.DateOnly) {
		spec.ClientSecretExpiresAt = typed.ClientSecretExpiresAt // the day is another; else the hour stays
	}
	spec.ClientSecret, spec.ClientSecrets, spec.PrivateKey = typed.ClientSecret, typed.ClientSecrets, typed.PrivateKey
	merged := maps.Clone(spec.Variables)
	if merged == nil {
		merged = make(map[string]string)
	}
	maps.Copy(merged, typed.Variables)
	spec.Variables = merged
	return spec, nil
}
