package openapi

import (
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// serverVariable stands for the API's address where a description has none.
const serverVariable = "server"

// server gives the base URL and declares its variables.
func (r *reader) server(vars map[string]api.Variable) string {
	if r.version == "2" {
		return r.host(vars)
	}
	servers := r.root.Get("servers").Items()
	if len(servers) == 0 {
		r.note(r.root, "the API's address", "the description has no servers", "set the variable "+serverVariable+" to it")
		return r.unknownHost("", vars)
	}
	for _, further := range servers[1:] {
		r.note(further, "a further server", "a provider has one base URL, and the first is taken", "set api.base_url of the connections that call this one")
	}
	first := servers[0]
	address := strings.TrimSpace(first.Get("url").Text())
	declared := first.Get("variables")
	if name, rest, ok := schemeVariable(address); ok {
		if scheme := declared.At(name, "default").Text(); scheme != "https" {
			r.note(first, "a variable in place of https", "the scheme of a base URL is fixed", "it is https in the draft; change api.base_url where it is not")
		}
		address = "https://" + rest
	}
	address = draft.Placeholders(address, draft.SingleBraces, func(name string) string {
		ours := draft.VariableName(name)
		if ours == "" {
			return "{" + name + "}"
		}
		r.variable(ours, declared.Get(name), vars)
		return "{" + ours + "}"
	})
	if strings.HasPrefix(address, "//") {
		address = "https:" + address
	}
	if !strings.Contains(address, "://") && !strings.HasPrefix(address, "{") {
		r.note(first, "the API's address", "the server's url is relative to where the description was fetched", "set the variable "+serverVariable+" to the part before it")
		return r.unknownHost(address, vars)
	}
	base, wrong := draft.BaseURL(address)
	if wrong != "" {
		r.note(first, "the server's url", wrong, "set api.base_url")
		return r.unknownHost("", vars)
	}
	for name := range vars {
		if !slices.Contains(catalog.Variables(base), name) {
			delete(vars, name) // it stood in the query, which a base URL has not
		}
	}
	return base
}

// schemeVariable finds a variable in place of https: {scheme}://host.
func schemeVariable(address string) (name, rest string, ok bool) {
	before, rest, found := strings.Cut(address, "://")
	if !found || !strings.HasPrefix(before, "{") || !strings.HasSuffix(before, "}") {
		return "", "", false
	}
	return strings.Trim(before, "{}"), rest, true
}

// variable declares a server's variable.
func (r *reader) variable(name string, from draft.Value, vars map[string]api.Variable) {
	v := api.Variable{Label: from.Get("description").Text(), Default: from.Get("default").Text()}
	v.Enum = slices.Compact(slices.Sorted(slices.Values(from.Get("enum").Texts())))
	if v.Default != "" && len(v.Enum) > 0 && !slices.Contains(v.Enum, v.Default) {
		r.note(from, "the list of a variable's values", "its default is not in it", "")
		v.Enum = nil
	}
	vars[name] = v
}

// host is the address of Swagger 2.0: schemes, host and basePath.
func (r *reader) host(vars map[string]api.Variable) string {
	host, path := strings.TrimSpace(r.root.Get("host").Text()), r.root.Get("basePath").Text()
	if host == "" {
		r.note(r.root, "the API's address", "the description has no host", "set the variable "+serverVariable+" to it")
		return r.unknownHost(path, vars)
	}
	scheme := "https"
	if schemes := r.root.Get("schemes").Texts(); len(schemes) > 0 && !slices.Contains(schemes, "https") && slices.Contains(schemes, "http") {
		scheme = "http"
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	base, wrong := draft.BaseURL(scheme + "://" + host + path)
	if wrong != "" {
		r.note(r.root.Get("host"), "the API's host", wrong, "set the variable "+serverVariable+" to its address")
		return r.unknownHost("", vars)
	}
	for _, name := range catalog.Variables(base) {
		vars[name] = api.Variable{Label: name}
	}
	return base
}

// unknownHost is a base URL whose beginning a person must fill in.
func (r *reader) unknownHost(path string, vars map[string]api.Variable) string {
	vars[serverVariable] = api.Variable{Label: "Address of the API, such as https://api.example.com"}
	base := "{" + serverVariable + "}"
	path = strings.Trim(strings.TrimPrefix(path, "."), "/")
	if whole, wrong := draft.BaseURL(base + "/" + path); wrong == "" && path != "" {
		return whole
	}
	return base
}
