package powerplatform

import (
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// writer writes one connector into the draft.
type writer struct {
	draft      *draft.Draft
	name       string
	base       api.Provider // what the definition says
	properties draft.Value

	vars map[string]draft.Value // connection parameters by the name of their variable
	used map[string]string      // variables that templates use, with their defaults
}

// What keeps a small file from describing without end.
const (
	maxSets     = 20
	maxShared   = 2000 // operations that each set gets a copy of
	maxPolicies = 300
)

func (w *writer) note(at draft.Value, what, why, do string) {
	w.draft.Add(draft.Note{Where: at.Where(), What: what, Why: why, Do: do})
}

// connections reads each way to authorize: one, or one for each set of
// connection parameters.
func (w *writer) connections() {
	sets := w.properties.At("connectionParameterSets", "values").Items()
	if len(sets) == 0 {
		w.connection(w.properties.Get("connectionParameters"), w.name)
		return
	}
	for i, set := range sets {
		if i == maxSets {
			w.note(set, "the sets of parameters from here on", "there are too many", "")
			return
		}
		if i == 1 && len(w.base.Operations) > maxShared {
			w.note(set, "the operations", "they are many, and stand with the first set only", "copy those you call")
			w.base.Operations = nil
		}
		w.connection(set.Get("parameters"), w.name+"-"+draft.Name(set.Get("name").Text(), "set"))
	}
}

func (w *writer) connection(parameters draft.Value, name string) {
	w.vars, w.used = make(map[string]draft.Value), make(map[string]string)
	var oauth draft.Value
	for _, key := range parameters.Keys() {
		at := parameters.Get(key)
		switch {
		case !strings.EqualFold(at.Get("type").Text(), "oauthSetting"):
			w.vars[variable(key)] = at
		case oauth.Exists():
			w.note(at, "a second OAuth setting", "a connection has one grant", "make a provider of its own for it")
		default:
			oauth = at
		}
	}
	if !oauth.Exists() {
		w.note(parameters, "the connector's way to authorize", "it is no OAuth: an API key, a user name and password, or nothing", "Valetkey keeps OAuth grants only")
		return
	}
	p := w.copied()
	s := settingsOf(member(oauth, "oAuthSettings"))
	w.identity(&p, s)
	w.policies(&p)
	w.declare(&p)
	p.Provenance = &api.Provenance{Sources: []string{"a connector of Power Platform"}, Verification: api.VerificationUnverified}
	now := draft.Put(w.draft.Providers, name, p)
	w.client(s, now)
}

// copied is the definition's provider, whose maps may be changed.
func (w *writer) copied() api.Provider {
	p := w.base
	p.Variables = maps.Clone(w.base.Variables)
	if p.Variables == nil {
		p.Variables = make(map[string]api.Variable)
	}
	p.Operations = maps.Clone(w.base.Operations)
	if w.base.API != nil {
		settings := *w.base.API
		p.API = &settings
	}
	return p
}

// use records that a template uses a connection parameter. It reports false
// for a secret one.
func (w *writer) use(parameter, value string) bool {
	name := variable(parameter)
	if strings.EqualFold(w.vars[name].Get("type").Text(), "securestring") {
		return false
	}
	if standard(name) == "" && w.used[name] == "" {
		w.used[name] = value
	}
	return true
}

// declare makes variables of the connection parameters that templates use,
// and notes the others.
func (w *writer) declare(p *api.Provider) {
	for name, value := range w.used {
		if _, known := p.Variables[name]; !known {
			p.Variables[name] = described(name, value, w.vars[name])
		}
	}
	for _, found := range catalog.Lint(*p) {
		// A template may have been dropped, or a policy replaced the host.
		if len(found.Path) == 2 && found.Path[0] == "variables" && strings.Contains(found.Message, "used nowhere") {
			delete(p.Variables, found.Path[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.vars)) {
		if _, used := p.Variables[name]; !used {
			w.unused(w.vars[name], name)
		}
	}
}

// unused says why a connection parameter is not in the draft. What belongs to
// the client's registration needs no word.
func (w *writer) unused(at draft.Value, name string) {
	switch small := strings.ToLower(name); {
	case small == "clientid" || small == "clientsecret" || small == "resourceuri" || small == "tenantid":
	case small == "granttype":
		w.note(at, "a choice of grants", "a connection says its grant itself", "set grant: client_credentials on connections without a person")
	case strings.Contains(strings.ToLower(at.Get("type").Text()), "gateway"):
		w.note(at, "an on-premises gateway", "Valetkey has its own way to a closed network", "see valetkey reach")
	case strings.EqualFold(at.Get("type").Text(), "securestring"):
		w.note(at, "a secret parameter", "a connection's secret is its grant; variables are not sealed", "give it in the call, where the API needs it besides the token")
	default:
		w.note(at, "a connection parameter", "no template of the draft uses it", "")
	}
}

// described is a connection parameter as a variable.
func described(name, value string, at draft.Value) api.Variable {
	ui := at.Get("uiDefinition")
	v := api.Variable{Label: ui.Get("displayName").Text(), Default: value}
	if v.Label == "" {
		v.Label = strings.ReplaceAll(name, "_", " ")
	}
	if v.Default == "" {
		v.Default = at.Get("defaultValue").Text()
	}
	constraints := ui.Get("constraints")
	if required := constraints.Get("required"); required.Exists() && !required.Bool() {
		v.Optional = true
	}
	allowed := constraints.Get("allowedValues")
	if !allowed.IsList() {
		allowed = at.Get("allowedValues")
	}
	for _, choice := range allowed.Items() {
		if text := choice.Get("value").Text(); text != "" {
			v.Enum = append(v.Enum, text)
		}
	}
	if v.Default == "" {
		v.Default = constraints.Get("default").Text()
	}
	if len(v.Enum) == 1 {
		v.Default = v.Enum[0]
	}
	if v.Default != "" && len(v.Enum) > 0 && !slices.Contains(v.Enum, v.Default) {
		v.Default = ""
	}
	return v
}

// client makes a client where the file has a real client id.
func (w *writer) client(s settings, provider string) {
	id := strings.TrimSpace(member(s.at, "clientId").Text())
	if redirect := member(s.at, "redirectUrl"); redirect.Exists() {
		w.note(redirect, "the redirect URI", "it is Power Platform's", "register Valetkey's at the provider; valetkey show tells it")
	}
	if !real(id) {
		w.note(member(s.at, "clientId"), "the client id", "it is a placeholder", "register an app at the provider, and a client here")
		return
	}
	name := draft.Put(w.draft.Clients, provider, api.ClientSpec{Provider: provider, ClientID: id})
	w.note(member(s.at, "clientId"), "the client secret of "+name, "connectors are published without it", "set client_secret of the client")
}

// real tells a client id from the words that stand for one.
func real(id string) bool {
	small := strings.ToLower(id)
	if len(id) < 6 || strings.ContainsAny(id, "{}<>[]% $@#\t") {
		return false
	}
	for _, sign := range []string{"your", "client", "dummy", "placeholder", "replace", "xxx", "sample", "example", "change", "insert", "enter", "app_id", "00000000-0000"} {
		if strings.Contains(small, sign) {
			return false
		}
	}
	return true
}
