package powerplatform

import (
	"maps"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// policy is one of policyTemplateInstances.
type policy struct {
	at         draft.Value
	parameters draft.Value
	operations []string // that it is for; none for all
}

func (p policy) get(name string) draft.Value {
	return member(p.parameters, "x-ms-apimTemplateParameter."+name)
}

// policies applies what can be said of requests, and notes the rest.
func (w *writer) policies(p *api.Provider) {
	for i, at := range w.properties.Get("policyTemplateInstances").Items() {
		if i == maxPolicies {
			w.note(at, "the policies from here on", "there are too many", "")
			break
		}
		one := policy{at: at, parameters: at.Get("parameters")}
		one.operations = slices.Compact(slices.Sorted(slices.Values(member(one.parameters, "x-ms-apimTemplate-operationName").Texts())))
		if section := member(one.parameters, "x-ms-apimTemplate-policySection").Text(); section != "" && !strings.EqualFold(section, "Request") {
			w.note(at, "a policy for answers", "answers go to the caller as they come", "do it in the caller")
			continue
		}
		switch strings.ToLower(at.Get("templateId").Text()) {
		case "dynamichosturl":
			w.host(p, one)
		case "setheader":
			w.header(p, one)
		case "setqueryparameter":
			w.query(p, one)
		case "routerequesttoendpoint":
			w.route(p, one)
		case "updatenextlink":
			w.pages(p, one)
		default:
			w.note(at, "a policy", "it changes bodies or answers, or is not known", "do it in the caller")
		}
	}
	for _, script := range w.properties.Get("scriptOperations").Items() {
		w.note(script, "an operation with a script", "Valetkey runs no code of connectors", "see what the script changes")
	}
}

// value is a policy's value as a template, noted when it cannot be.
func (w *writer) value(at draft.Value) (string, bool) {
	template, used, ok := expression(at.Text())
	if !ok {
		w.note(at, "a computed value", "only connectionParameters can be carried over", "give it in the call")
		return "", false
	}
	for parameter, fallback := range used {
		if !w.use(parameter, fallback) {
			w.note(at, "a value made of a secret parameter", "variables are not sealed", "give it in the call")
			return "", false
		}
	}
	return template, true
}

// everywhere says whether a policy is for all operations.
func (one policy) everywhere(p *api.Provider) bool {
	if len(one.operations) == 0 {
		return true
	}
	named := make(map[string]bool, len(one.operations))
	for _, name := range one.operations {
		named[name] = true
	}
	for name := range p.Operations {
		if !named[name] {
			return false
		}
	}
	return len(p.Operations) > 0
}

// each changes the operations that a policy names.
func (w *writer) each(p *api.Provider, one policy, change func(*api.Operation)) {
	for _, name := range one.operations {
		op, known := p.Operations[name]
		if !known {
			w.note(one.at, "a policy for an operation", "there is no operation of that name", "")
			continue
		}
		change(&op)
		p.Operations[name] = op
	}
}

func settingsBlock(p *api.Provider) *api.CallSettings {
	if p.API == nil {
		p.API = &api.CallSettings{}
	}
	return p.API
}

// host sets the base URL: a policy replaces scheme and host, and where it has
// a path that too.
func (w *writer) host(p *api.Provider, one policy) {
	at := one.get("urlTemplate")
	if !one.everywhere(p) {
		w.note(at, "a host for some operations", "a provider has one base URL", "make a connection with another api.base_url")
		return
	}
	template, ok := w.value(at)
	if !ok {
		return
	}
	template = strings.TrimRight(template, "/")
	settings := settingsBlock(p)
	if path := pathOf(settings.BaseURL); path != "" && pathOf(template) == "" {
		template += path
	}
	base, wrong := draft.BaseURL(template)
	if wrong != "" {
		w.note(at, "a host", wrong, "set api.base_url")
		return
	}
	settings.BaseURL = base
}

// pathOf is what stands behind the host of a base URL, or behind the variable
// that brings it.
func pathOf(base string) string {
	if strings.HasPrefix(base, "{") {
		_, path, _ := strings.Cut(base, "}")
		return path
	}
	_, rest, _ := strings.Cut(base, "://")
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		return rest[slash:]
	}
	return ""
}

func (w *writer) header(p *api.Provider, one policy) {
	name := strings.TrimSpace(one.get("name").Text())
	template, ok := w.value(one.get("value"))
	switch {
	case !ok:
		return
	case name == "":
		w.note(one.at, "a header", "it has no name", "")
		return
	case strings.EqualFold(name, "Authorization"):
		w.note(one.at, "the header Authorization", "the access token stands there", "set api.token where the API wants it elsewhere")
		return
	}
	w.appended(one)
	name = textproto.CanonicalMIMEHeaderKey(name)
	if len(one.operations) == 0 {
		settings := settingsBlock(p)
		settings.Headers = with(settings.Headers, name, template)
		return
	}
	w.each(p, one, func(op *api.Operation) { op.Headers = with(op.Headers, name, template) })
}

// appended notes a value that comes besides the caller's.
func (w *writer) appended(one policy) {
	if strings.EqualFold(one.get("existsAction").Text(), "append") {
		w.note(one.at, "a value added to the caller's", "a setting is sent once", "give both in the call")
	}
}

func with(into map[string]string, name, value string) map[string]string {
	into = maps.Clone(into)
	if into == nil {
		into = make(map[string]string)
	}
	into[name] = value
	return into
}

func (w *writer) query(p *api.Provider, one policy) {
	name := one.get("name").Text()
	template, ok := w.value(one.get("value"))
	switch {
	case !ok:
		return
	case name == "":
		w.note(one.at, "a query parameter", "it has no name", "")
		return
	}
	w.appended(one)
	if len(one.operations) == 0 {
		settings := settingsBlock(p)
		settings.Query = with(settings.Query, name, template)
		return
	}
	skip := strings.EqualFold(one.get("existsAction").Text(), "skip") && !strings.Contains(template, "{")
	w.each(p, one, func(op *api.Operation) { setQuery(op, name, template, skip) })
}

// setQuery gives one operation a query parameter: a default that the caller
// may replace, or a part of its path.
func setQuery(op *api.Operation, name, template string, skip bool) {
	op.Parameters = maps.Clone(op.Parameters)
	if op.Parameters == nil {
		op.Parameters = make(map[string]api.OperationParameter)
	}
	for key, parameter := range op.Parameters {
		if parameter.In != api.ParameterInQuery || parameter.Name != name && (parameter.Name != "" || key != name) {
			continue
		}
		delete(op.Parameters, key)
		if skip {
			parameter.Default, parameter.Required = template, false
			op.Parameters[key] = parameter
			return
		}
	}
	if skip {
		key := draft.Put(op.Parameters, variable(name), api.OperationParameter{})
		op.Parameters[key] = api.OperationParameter{In: api.ParameterInQuery, Name: name, Default: template}
		return
	}
	sign := "?"
	if strings.Contains(op.Path, "?") {
		sign = "&"
	}
	if !strings.Contains(template, "{") {
		template = url.QueryEscape(template)
	}
	op.Path += sign + url.QueryEscape(name) + "=" + template
}

// route gives operations another path or method.
func (w *writer) route(p *api.Provider, one policy) {
	path, ok := w.value(one.get("newPath"))
	if !ok {
		return
	}
	method := one.get("httpMethod").Text()
	switch {
	case len(one.operations) == 0:
		w.note(one.at, "a path for all operations", "each operation has its own", "set api.base_url, if the path begins it")
		return
	case strings.Contains(path, "://"):
		w.note(one.at, "a route to another host", "an operation stands under the provider's base URL", "make a connection with another api.base_url")
		return
	}
	w.each(p, one, func(op *api.Operation) {
		if path != "" {
			op.Path = "/" + strings.TrimLeft(draft.Placeholders(path, draft.SingleBraces, func(name string) string {
				return "{" + variable(name) + "}"
			}), "/")
		}
		if method != "" && !strings.HasPrefix(method, "@") {
			op.Method = strings.ToUpper(method)
			op.Destructive = op.Method == "DELETE"
		}
	})
}

// pages says where operations find their next page.
func (w *writer) pages(p *api.Provider, one policy) {
	next := one.get("nextLinkPropertyName").Text()
	if next == "" || len(one.operations) == 0 {
		return // @odata.nextLink is looked for anyhow
	}
	pointer := "/" + strings.ReplaceAll(strings.ReplaceAll(next, "~", "~0"), "/", "~1")
	w.each(p, one, func(op *api.Operation) {
		op.Pagination = &api.Pagination{By: api.PagesByURL, Next: pointer}
	})
}
