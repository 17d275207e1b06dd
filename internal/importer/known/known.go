package known

import (
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// Recognise puts the providers of the catalogue, which are handed in with all
// they say, in the place of those in the draft that are the same.
func Recognise(d *draft.Draft, providers []api.Provider) {
	if len(d.Providers) == 0 {
		return
	}
	entries := make([]entry, 0, len(providers))
	for _, p := range providers {
		if e := newEntry(p); len(e.token) > 0 {
			entries = append(entries, e)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Providers)) {
		own := d.Providers[name]
		if found, values, ok := best(entries, own); ok {
			adopt(d, name, own, found.provider, values)
		}
	}
}

// best is the entry that a provider is: of several with the same endpoints
// the one whose API it calls, then the one whose name stands in the endpoint, as
// microsoft goes before outlook, then the one with the shortest name.
func best(entries []entry, own api.Provider) (entry, map[string]string, bool) {
	var found entry
	var values map[string]string
	rank := -1
	for _, e := range entries {
		read, ok := e.match(own)
		if !ok {
			continue
		}
		here := 0
		if sameAPI(e.provider, own) {
			here = 2
		}
		if strings.Contains(draft.Host(own.TokenEndpoint), e.provider.Name) {
			here++
		}
		if here > rank || here == rank && len(e.provider.Name) < len(found.provider.Name) {
			found, values, rank = e, read, here
		}
	}
	return found, values, rank >= 0
}

func sameAPI(a, b api.Provider) bool {
	return a.API != nil && b.API != nil && a.API.BaseURL != "" && b.API.BaseURL != "" &&
		strings.EqualFold(draft.Host(a.API.BaseURL), draft.Host(b.API.BaseURL))
}

// adopt makes the clients of one provider clients of another, and moves what
// the first knows besides to them and their connections.
func adopt(d *draft.Draft, name string, own, of api.Provider, values map[string]string) {
	where := "the provider " + name
	d.Add(draft.Note{Where: where, What: "a provider of the catalogue", Why: "its endpoints are those of " + of.Name, Do: "nothing; valetkey providers " + of.Name + " shows what is used"})
	differences(d, where, own, of)
	for client, spec := range d.Clients {
		if spec.Provider != name {
			continue
		}
		spec.Provider = of.Name
		spec.Variables = joined(declared(spec.Variables, of), values)
		d.Clients[client] = spec
		for connection, c := range d.Connections {
			if c.Client == client {
				settled := settle(d, where, c, own, of)
				if d.Tokens[connection].RefreshToken != "" {
					settled.Grant = c.Grant // a refresh token came from the provider's usual grant
				}
				d.Connections[connection] = settled
			}
		}
	}
	delete(d.Providers, name)
}

// settle writes into a connection what its provider said before.
func settle(d *draft.Draft, where string, c api.ConnectionSpec, own, of api.Provider) api.ConnectionSpec {
	c.Variables = declared(c.Variables, of)
	if len(c.Scopes) == 0 && own.Scopes != nil {
		c.Scopes = own.Scopes.Default
	}
	grant := of.Grant
	if grant == "" {
		grant = "authorization_code"
	}
	if c.Grant == "" && own.Grant != grant {
		c.Grant = own.Grant
	}
	c.API = calls(c.API, own, of)
	if len(own.Operations) > 0 && catalog.CheckOperations(own.Operations, of.Variables) == nil {
		c.Operations = own.Operations
	} else if len(own.Operations) > 0 {
		d.Add(draft.Note{Where: where, What: "its operations", Why: "they use variables that " + of.Name + " does not have", Do: "write them by hand"})
	}
	return c
}

// calls is the api block of a connection: what it and its provider said, less
// what the catalogue says too.
func calls(said *api.CallSettings, own, of api.Provider) *api.CallSettings {
	settings := api.CallSettings{}
	if own.API != nil {
		settings = *own.API
	}
	if said != nil {
		settings = settings.Merge(*said)
	}
	if base := settings.BaseURL; of.API != nil && (base == of.API.BaseURL || strings.HasPrefix(of.API.BaseURL, base+"/") && len(own.Operations) == 0) {
		settings.BaseURL = ""
	}
	if !usable(settings, of) || empty(settings) {
		return nil
	}
	return &settings
}

// usable says whether all variables in a block are the provider's.
func usable(s api.CallSettings, of api.Provider) bool {
	texts := []string{s.BaseURL}
	texts = slices.AppendSeq(texts, maps.Values(s.Headers))
	texts = slices.AppendSeq(texts, maps.Values(s.Query))
	for _, text := range texts {
		for _, name := range catalog.Variables(text) {
			if _, ok := of.Variables[name]; !ok {
				return false
			}
		}
	}
	return true
}

func empty(s api.CallSettings) bool {
	return s.BaseURL == "" && s.Token == nil && len(s.Headers) == 0 && len(s.Query) == 0 && s.AuthError == nil && s.RateLimit == nil && s.Test == nil && s.Retry == nil
}

func declared(values map[string]string, of api.Provider) map[string]string {
	kept := make(map[string]string)
	for name, value := range values {
		if _, ok := of.Variables[name]; ok {
			kept[name] = value
		}
	}
	return joined(kept, nil)
}

// joined is both maps in one, or nil.
func joined(a, b map[string]string) map[string]string {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := maps.Clone(a)
	if all == nil {
		all = make(map[string]string)
	}
	maps.Copy(all, b)
	return all
}
