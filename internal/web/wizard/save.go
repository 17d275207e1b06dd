package wizard

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
)

// create makes a client, unless one is used again, and a connection: after a
// test as far as one can be made without a person.
func (z *Wizard) create(w http.ResponseWriter, r *http.Request) error {
	provider, err := z.Catalogue.Provider(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	p := setupPage{Mode: modeNew, Provider: provider, Form: z.formOf(r, provider)}
	known, err := z.knownOf(r, p.Form.Client)
	if err != nil {
		return err
	}
	spec, ok := z.judgeForm(&p, known)
	if strings.TrimSpace(p.Form.Name) == "" {
		p.Faults["name"], ok = z.Pages.Word("wizard.needed"), false
	} else if _, err := z.Connections.Connection(r.Context(), p.Form.Name); err == nil {
		p.Faults["name"], ok = z.Pages.Word("wizard.taken"), false
	}
	if !ok {
		return z.showSetup(w, r, p)
	}
	if !p.Form.Insist {
		if err := z.reach(r.Context(), p, known); told(err) {
			p.Failed = page.Sentences(fault.As(err))
			return z.showSetup(w, r, p)
		} else if err != nil {
			return err
		}
	}
	to, err := z.save(r, p, spec)
	if told(err) {
		z.blame(&p, fault.As(err))
		return z.showSetup(w, r, p)
	}
	if err != nil {
		return err
	}
	return z.to(w, to)
}

// judgeForm finds what is wrong with a form before anything is asked or saved.
func (z *Wizard) judgeForm(p *setupPage, known map[string]string) (spec api.ConnectionSpec, ok bool) {
	wrong, warned := judge(z.mistakes(p.Provider), p.Form.value(p.Provider))
	spec, unread := read[api.ConnectionSpec](z, p.Form.table(), p.Form.Settings, p.Form.Rest)
	_, unproven := read[api.ClientSpec](z, clientTable(), p.Form.Proof, "")
	p.Faults = merged(z.needed(*p, known), wrong, unread, prefixed(inClient, unproven))
	if !p.Form.Insist {
		p.Warnings = warned
	}
	return spec, len(p.Faults)+len(p.Warnings) == 0
}

// reach asks whether anybody answers where the token is to come from.
func (z *Wizard) reach(ctx context.Context, p setupPage, known map[string]string) error {
	ofClient := p.Form.variables(p.Provider, true)
	if !p.asksClient() {
		ofClient = known
	}
	resolved, err := catalog.Resolve(p.Provider, catalog.Values{Client: ofClient, Connection: p.Form.variables(p.Provider, false)})
	if err != nil {
		return err
	}
	if endpoint := resolved.Provider.TokenEndpoint; endpoint != "" {
		return z.Network.Reach(ctx, endpoint)
	}
	if issuer := resolved.Provider.Issuer; issuer != "" {
		_, err := z.Network.Find(ctx, issuer)
		return err
	}
	return nil
}

// knownOf are the variables of a client that is used again.
func (z *Wizard) knownOf(r *http.Request, client string) (map[string]string, error) {
	if client == "" {
		return nil, nil
	}
	c, err := z.Catalogue.Client(r.Context(), client)
	return c.Variables, err
}

// save writes what a form says and goes on. What it wrote it takes back when
// the provider refuses it, unless the person insists.
func (z *Wizard) save(r *http.Request, p setupPage, spec api.ConnectionSpec) (to string, err error) {
	ctx, f := r.Context(), p.Form
	made := ""
	defer func() {
		if err != nil {
			_ = z.Writer.DeleteConnection(ctx, f.Name)
			if made != "" {
				_ = z.Writer.DeleteClient(ctx, made)
			}
		}
	}()
	client := f.Client
	if client == "" {
		client = z.freeClient(r, f.Name)
		if _, err := z.Writer.PutClient(ctx, client, z.clientSpec(f, p.Provider)); err != nil {
			return "", err
		}
		made = client
	}
	if _, err := z.Writer.PutConnection(ctx, f.Name, connectionSpec(spec, f, p.Provider, client)); err != nil {
		return "", err
	}
	next := "/new/connection/" + url.PathEscape(f.Name)
	switch way := wayOf(connectionSpec(spec, f, p.Provider, client), p.Provider); {
	case way.Unattended():
		if _, err := z.Grants.Refresh(ctx, f.Name); err != nil && !f.Insist {
			return "", err
		}
		return next, nil
	case way.Supplied():
		return next, nil // the next page asks for what it takes
	}
	begun, err := z.Grants.Begin(ctx, f.Name, api.AuthorizeRequest{ReturnTo: z.PublicURL + next})
	if err != nil && f.Insist {
		return next, nil
	}
	if err != nil {
		return "", err
	}
	return z.atFlow(r, next, begun), nil
}

// clientSpec is the registration that a form tells of. What it tells wrongly
// was refused before.
func (z *Wizard) clientSpec(f form, p api.Provider) api.ClientSpec {
	spec, _ := read[api.ClientSpec](z, clientTable(), f.Proof, "")
	spec.Provider, spec.ClientID, spec.Variables = p.Name, f.ClientID, f.variables(p, true)
	spec.ClientSecretExpiresAt, _ = f.secretExpires()
	spec.ClientSecret, spec.PrivateKey = sealed(f.secrets.Secret), sealed(strings.TrimSpace(f.secrets.Key))
	if next := items(f.secrets.Next); len(next) > 0 {
		spec.ClientSecrets = new([]api.Secret)
		for _, one := range next {
			*spec.ClientSecrets = append(*spec.ClientSecrets, api.Secret(one))
		}
	}
	return spec
}

// sealed is a secret that was typed; nil: what is there stays.
func sealed(typed string) *api.Secret {
	if typed == "" {
		return nil
	}
	secret := api.Secret(typed)
	return &secret
}

// connectionSpec puts a form's settings together. A grant that is the
// provider's own is left to it.
func connectionSpec(spec api.ConnectionSpec, f form, p api.Provider, client string) api.ConnectionSpec {
	spec.Client, spec.Variables, spec.Grant = client, f.variables(p, false), ""
	if f.Grant != grantOf(p) {
		spec.Grant = f.Grant
	}
	spec.Scopes = nil
	for _, scope := range f.scopes(p) {
		if !slices.Contains(rulesFor(p, f.Grant).Required, scope) {
			spec.Scopes = append(spec.Scopes, scope)
		}
	}
	return spec
}

// blame puts what was refused beside the field that it speaks of.
func (z *Wizard) blame(p *setupPage, f *fault.Error) {
	said := page.Sentences(f)
	if p.Faults == nil {
		p.Faults = page.Faults{}
	}
	for name := range p.Provider.Variables {
		if strings.Contains(f.Message, `"`+name+`"`) && f.Code == api.CodeNeedsConfiguration {
			p.Faults[inVariable+name] = said
			return
		}
	}
	if p.asksClient() {
		if field := keyIn(f, clientTable()); field != "" {
			p.Faults[inClient+field] = said
			return
		}
	}
	if field := faulty(f, p.Form.table()); field != "" {
		p.Faults[field] = said
		return
	}
	p.Failed = said
}

// faulty is the field whose words are in a refusal of what was written; "": none
// that is sure.
func faulty(f *fault.Error, t table) string {
	if field := keyIn(f, t); field != "" {
		return field
	}
	for _, source := range []string{"assertion", "subject", "actor"} {
		if strings.HasPrefix(f.Message, source+" of connection") {
			return source + ".connection"
		}
	}
	for field, word := range map[string]string{"name": " name ", fieldSecret: "client secret", fieldKey: "private key", fieldMore: "one scope"} {
		if f.Code == api.CodeInvalid && strings.Contains(f.Message, word) {
			return field
		}
	}
	return ""
}

// keyIn is the field of the key that a refusal names, such as api.retry.max or
// token_file.
func keyIn(f *fault.Error, t table) string {
	if f.Code != api.CodeInvalid && f.Code != api.CodeForbidden && f.Code != api.CodeNeedsConfiguration {
		return ""
	}
	for _, s := range t.all() {
		if strings.Contains(f.Message+" "+f.Hint, s.path) && (strings.ContainsAny(s.path, "._") || strings.HasPrefix(f.Message, s.path)) {
			return s.path
		}
	}
	return ""
}
