package celigo

import (
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// Read reads connections and iClients as one draft. The name, if any, is the
// name of what comes of them. The error has [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	r := reader{draft: &d, builder: form.NewBuilder(&d), name: name, clients: make(map[string]draft.Value)}
	var connections []draft.Value
	for _, file := range files {
		v, err := d.Parse(file)
		if err != nil {
			return d, err
		}
		list := v.Items()
		if v.IsMap() {
			list = []draft.Value{v}
		}
		for _, item := range list {
			switch {
			case item.Get("http").IsMap(), item.Get("type").Text() != "" && item.Get("name").Exists():
				connections = append(connections, item)
			case item.Get("oauth2").IsMap(), item.Get("provider").Text() != "":
				r.clients[item.Get("_id").Text()] = item
				r.order = append(r.order, item.Get("_id").Text())
			default:
				return d, fault.New(api.CodeInvalid, "%s is no connection or iClient of integrator.io", file.Name).
					WithHint("take it from the API: GET /v1/connections/ID and GET /v1/iClients/ID")
			}
		}
	}
	for _, c := range connections {
		r.connection(c)
	}
	r.alone()
	return d, nil
}

type reader struct {
	draft   *draft.Draft
	builder *form.Builder
	name    string
	clients map[string]draft.Value // iClients by id
	order   []string
	used    []string
}

func (r *reader) note(v draft.Value, what, why, do string) {
	r.draft.Add(draft.Note{Where: v.Where(), What: what, Why: why, Do: do})
}

func (r *reader) connection(c draft.Value) {
	http := c.Get("http")
	switch kind := http.At("auth", "type").Text(); {
	case !http.IsMap():
		r.note(c, "a connection that is not http", "Valetkey keeps OAuth 2.0 connections only", "")
		return
	case kind == "oauth" || http.At("auth", "oauth").IsMap() && kind == "":
	case kind == "token" && http.At("auth", "token", "refreshRelativeURI").Exists():
		r.note(c, "a token connection with a refresh request of its own", "it is not OAuth 2.0 by its type", "describe the provider with refresh_request: docs/providers.md")
		return
	default:
		r.note(c, "a connection whose authentication is not OAuth 2.0", "Valetkey keeps OAuth 2.0 connections only", "")
		return
	}
	client := r.clients[http.Get("_iClientId").Text()]
	if id := http.Get("_iClientId").Text(); id != "" && !client.Exists() {
		r.note(http.Get("_iClientId"), "the iClient", "the input does not have it", "import it together with the connection: GET /v1/iClients/ID")
	} else if id != "" {
		r.used = append(r.used, id)
	}
	f := form.Form{Name: c.Get("name").Text(), Where: c.Where(), Apart: true}
	if r.name != "" {
		f.Name = r.name
	}
	r.settings(&f, client.Get("oauth2"))
	r.settings(&f, http.At("auth", "oauth"))
	f.API = r.calls(http)
	r.fields(&f, http)
	r.outer(c)
	r.builder.Add(f)
}

// alone makes what can be made of iClients that no connection of the input uses.
func (r *reader) alone() {
	used := " " + strings.Join(r.used, " ") + " "
	for _, id := range r.order {
		if strings.Contains(used, " "+id+" ") {
			continue
		}
		c := r.clients[id]
		f := form.Form{Name: c.Get("name").Text(), Where: c.Where()}
		if f.Name == "" {
			f.Name = c.Get("provider").Text()
		}
		if !c.Get("oauth2").IsMap() {
			r.note(c, "an iClient of a provider that Celigo has built in", "its addresses stand in Celigo's code, not in the document", "choose the provider in the catalogue: valetkey providers")
			continue
		}
		r.settings(&f, c.Get("oauth2"))
		r.builder.Add(f)
	}
}

// fields gives the variables of the provider the values that the connection
// has in its unencrypted fields.
func (r *reader) fields(f *form.Form, http draft.Value) {
	values := make(map[string]string)
	for _, key := range http.Get("unencrypted").Keys() {
		values[draft.VariableName(key)] = http.At("unencrypted", key).Text()
	}
	f.Given = values
	if secret := http.Get("encrypted"); secret.Exists() && secret.Text() != "" || len(secret.Keys()) > 0 {
		r.note(secret, "the encrypted fields", "Celigo masks them", "set them as variables of the client by hand, where the provider uses them")
	}
}

// outer notes what belongs to the connection and has no counterpart.
func (r *reader) outer(c draft.Value) {
	if c.Get("_agentId").Text() != "" {
		r.note(c.Get("_agentId"), "the agent", "an on-premise connection goes through it", "see whether the API can be reached from Valetkey's network")
	}
	if c.Get("_borrowConcurrencyFromConnectionId").Text() != "" {
		r.note(c.Get("_borrowConcurrencyFromConnectionId"), "concurrency borrowed from another connection", "names differ here", "set api.rate_limit.shared_with of both connections to the same name")
	}
	if c.At("microServices").IsMap() || c.Get("settingsForm").IsMap() || c.Get("preSave").IsMap() {
		r.note(c, "settings of Celigo's own forms", "they have no counterpart", "")
	}
}
