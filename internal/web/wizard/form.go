package wizard

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
	"github.com/valetkey/valetkey/oauth"
)

// form is what a person typed. Its secrets are never rendered.
type form struct {
	Name      string
	Client    string // one that is there; "": a new one
	ClientID  string
	Variables map[string]string
	Scopes    []string // ticked
	More      string   // typed
	Grant     string
	Expires   string            // the day on which the client secret ends, 2027-01-31; "": not known
	Proof     map[string]string // settings of the client
	Settings  map[string]string // of the connection
	Rest      string            // YAML of the connection
	Insist    bool              // save it in spite of warnings and tests
	Kept      string            // the secrets on the shelf
	secrets   secrets
}

// secrets wait on the shelf while a form is put right.
type secrets struct{ Secret, Next, Key string }

// Any says whether there is one.
func (s secrets) Any() bool { return s != secrets{} }

func (z *Wizard) formOf(r *http.Request, p api.Provider) form {
	f := form{
		Name: strings.TrimSpace(r.PostFormValue("name")), Client: r.PostFormValue("client"),
		ClientID: r.PostFormValue(fieldID), More: r.PostFormValue(fieldMore), Rest: r.PostFormValue(fieldRest),
		Grant: r.PostFormValue(fieldGrant), Expires: strings.TrimSpace(r.PostFormValue(fieldExpires)),
		Insist: r.PostFormValue("insist") != "", Kept: r.PostFormValue("kept"),
		Scopes: r.PostForm["scope"], Variables: make(map[string]string), Proof: posted(r, inClient, clientTable()),
		secrets: secrets{Secret: r.PostFormValue(fieldSecret), Next: r.PostFormValue(fieldNext), Key: r.PostFormValue(fieldKey)},
	}
	if !slices.Contains(arrangement.Grants(), oauth.GrantType(f.Grant)) {
		f.Grant = grantOf(p)
	}
	f.Settings = posted(r, "", f.table())
	for name := range p.Variables {
		f.Variables[name] = r.PostFormValue(inVariable + name)
	}
	kept, _ := shelf.Get[secrets](z.shelf, r, f.Kept, false)
	f.secrets.Secret = cmp.Or(f.secrets.Secret, kept.Secret)
	f.secrets.Next = cmp.Or(f.secrets.Next, kept.Next)
	f.secrets.Key = cmp.Or(f.secrets.Key, kept.Key)
	return f
}

// table is the keys of the connection that have a field with this grant.
func (f form) table() table {
	return append(grantTable(arrangement.ShortGrant(f.Grant)), connectionTable()...)
}

// posted is what was typed into the fields of a table. prefix is what their
// names begin with.
func posted(r *http.Request, prefix string, t table) map[string]string {
	typed := make(map[string]string)
	for _, s := range t.all() {
		typed[s.path] = strings.ReplaceAll(r.PostFormValue(prefix+s.path), "\r\n", "\n")
	}
	return typed
}

// keep puts the secrets where the next attempt finds them.
func (z *Wizard) keep(r *http.Request, f *form) {
	if f.secrets.Any() {
		f.Kept = z.shelf.Put(r, f.secrets)
	}
}

// grantOf is a provider's usual grant.
func grantOf(p api.Provider) string { return string(arrangement.GrantOf(api.ConnectionSpec{}, p)) }

// value is what a field holds, for the table of mistakes.
func (f form) value(p api.Provider) func(field string) string {
	return func(field string) string {
		switch field {
		case fieldID:
			return f.ClientID
		case fieldSecret:
			return f.secrets.Secret
		case fieldMore:
			return strings.TrimSpace(strings.ReplaceAll(f.More, "\r\n", "\n"))
		case fieldScopes:
			return strings.Join(f.scopes(p), " ")
		case fieldGrant:
			return f.Grant
		}
		if name, is := strings.CutPrefix(field, inVariable); is {
			return f.Variables[name]
		}
		return f.Settings[field]
	}
}

// scopes are all that are asked for.
func (f form) scopes(p api.Provider) []string {
	return catalog.Resolved{Provider: asksOnly(p)}.Scopes(f.Grant, slices.Concat(f.Scopes, catalog.ParseScopes(f.More)))
}

// asksOnly is a provider without default scopes: here the boxes say what is
// asked for.
func asksOnly(p api.Provider) api.Provider {
	if p.Scopes == nil {
		return p
	}
	rules := *p.Scopes
	rules.Default = nil
	rules.ByGrant = maps.Clone(rules.ByGrant)
	for grant, of := range rules.ByGrant {
		of.Default = nil
		rules.ByGrant[grant] = of
	}
	p.Scopes = &rules
	return p
}

// variables are the values for a client, or for a connection. A secret one that
// is left empty stays.
func (f form) variables(p api.Provider, ofClient bool) map[string]string {
	values := make(map[string]string)
	for name, v := range p.Variables {
		if catalog.Outside(v) || (v.From == api.FromClient) != ofClient {
			continue
		}
		if value := f.Variables[name]; value != "" && value != v.Default {
			values[name] = value
		}
	}
	return values
}

// secretExpires is the end of the day on which the client secret ends, nil where
// none was written; ok: what was written is a day.
func (f form) secretExpires() (at *time.Time, ok bool) {
	if f.Expires == "" {
		return nil, true
	}
	day, err := time.Parse(time.DateOnly, f.Expires)
	if err != nil {
		return nil, false
	}
	return &day, true
}

// needed are the fields that must hold something and do not. What the client
// says already need not be said again.
func (z *Wizard) needed(p setupPage, known map[string]string) page.Faults {
	faults := page.Faults{}
	if _, ok := p.Form.secretExpires(); !ok {
		faults[fieldExpires] = z.Pages.Word("setup.secret_expires_fault")
	}
	if p.asksClient() && strings.TrimSpace(p.Form.ClientID) == "" {
		faults[fieldID] = z.Pages.Word("wizard.needed")
	}
	for name, v := range p.Provider.Variables {
		ofClient := v.From == api.FromClient
		switch {
		case catalog.Outside(v) || v.Optional || v.Default != "" || known[name] != "":
		case ofClient && !p.asksClient() || !ofClient && p.Mode == modeClient:
		case strings.TrimSpace(p.Form.Variables[name]) == "":
			faults[inVariable+name] = z.Pages.Word("wizard.needed")
		}
	}
	return faults
}

// merged are faults of several sorts as one, the first of each field.
func merged(all ...page.Faults) page.Faults {
	one := page.Faults{}
	for _, faults := range all {
		for field, text := range faults {
			if one[field] == "" {
				one[field] = text
			}
		}
	}
	return one
}
