package bruno

import (
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
)

// readTree reads a collection, folder, request or environment as YAML or JSON,
// with all that stands in it. It says whether it was one.
func (r *reader) readTree(v draft.Value, dir string) bool {
	info, http := v.Get("info"), v.Get("http")
	switch {
	case v.Get("request").Get("url").Text() != "": // an item of a JSON export
		r.treeRequest(v, v.Get("request"), dir, v.Get("name").Text())
		return true
	case http.IsMap():
		r.treeRequest(v, http, dir, info.Get("name").Text())
		return true
	case v.Get("variables").IsList() && !info.IsMap() && !v.Get("items").Exists():
		r.environment(v)
		return true
	case info.IsMap(), v.Get("opencollection").Exists(), v.Get("items").IsList(), v.Get("root").IsMap():
	default:
		return false
	}
	name := first(info.Get("name").Text(), v.Get("name").Text())
	root := v.Get("request")
	if inner := v.At("root", "request"); inner.IsMap() {
		root = inner
	}
	r.entries = append(r.entries, entry{where: v.Where(), dir: dir, node: true, name: name, auth: treeAuth(root.Get("auth"))})
	r.variables(namedValues(root.Get("variables")), v.Where())
	r.variables(namedValues(root.At("vars", "req")), v.Where())
	for _, list := range []draft.Value{v.Get("environments"), v.At("config", "environments")} {
		for _, environment := range list.Items() {
			r.environment(environment)
		}
	}
	for _, item := range v.Get("items").Items() {
		below := dir
		if item.Get("items").Exists() || item.At("info", "type").Text() == "folder" {
			below = strings.TrimPrefix(dir+"/"+item.Where(), "/")
		}
		if !r.readTree(item, below) {
			r.draft.Add(draft.Note{Where: item.Where(), What: "an item that is no HTTP request", Why: "only HTTP is carried over"})
		}
	}
	return true
}

func (r *reader) environment(v draft.Value) {
	r.variables(namedValues(v.Get("variables")), v.Where())
}

// treeRequest reads one request.
func (r *reader) treeRequest(v, request draft.Value, dir, name string) {
	e := entry{where: v.Where(), dir: dir, name: name, auth: treeAuth(request.Get("auth"))}
	e.auth.mode = first(e.auth.mode, "inherit")
	e.Method, e.URL = strings.ToUpper(request.Get("method").Text()), request.Get("url").Text()
	e.Headers = namedValues(request.Get("headers"))
	body := request.Get("body")
	switch kind := first(body.Get("type").Text(), body.Get("mode").Text()); kind {
	case "form-urlencoded", "formUrlEncoded", "multipart-form", "multipartForm":
		e.Fields = namedValues(body.Get("data"))
		if len(e.Fields) == 0 {
			e.Fields = namedValues(body.Get(kind))
		}
		if strings.HasPrefix(kind, "multipart") {
			e.MediaType = "multipart/form-data"
		}
	case "json", "text", "xml":
		e.Body = first(body.Get("data").Text(), body.Get(kind).Text())
		e.MediaType = map[string]string{"xml": "application/xml", "text": "text/plain"}[kind]
	}
	e.Description = first(v.Get("docs").Text(), request.Get("docs").Text())
	r.entries = append(r.entries, e)
}

// namedValues reads a list of {name, value}, or a map. Those switched off, and
// secrets, whose value the file does not have, do not count.
func namedValues(v draft.Value) map[string]string {
	values := make(map[string]string)
	for _, item := range v.Items() {
		value := first(item.Get("value").Text(), item.At("value", "data").Text(), item.Get("default").Text())
		if name := item.Get("name").Text(); name != "" && !item.Get("disabled").Bool() && item.Get("enabled").Text() != "false" {
			values[name] = value
		}
	}
	for _, key := range v.Keys() {
		if text := v.Get(key).Text(); text != "" {
			values[key] = text
		}
	}
	return values
}

// names are the members of an oauth2 block as YAML and JSON call them, and
// what .bru calls them.
func names() map[string]string {
	return map[string]string{
		"grantType": "grant_type", "flow": "grant_type", "authorizationUrl": "authorization_url", "accessTokenUrl": "access_token_url",
		"refreshTokenUrl": "refresh_token_url", "callbackUrl": "callback_url", "clientId": "client_id", "clientSecret": "client_secret",
		"scope": "scope", "state": "state", "username": "username", "password": "password", "credentialsPlacement": "credentials_placement",
		"tokenPlacement": "token_placement", "tokenHeaderPrefix": "token_header_prefix", "tokenQueryKey": "token_query_key", "tokenSource": "token_source",
	}
}

func treeAuth(v draft.Value) auth {
	a := auth{mode: first(v.Get("mode").Text(), v.Get("type").Text(), v.Text()), where: v.Where()}
	o := v
	if inner := v.Get("oauth2"); inner.IsMap() {
		o = inner
	}
	if a.mode != "oauth2" {
		return a
	}
	a.values = make(map[string]string)
	for theirs, ours := range names() {
		if text := o.Get(theirs).Text(); text != "" {
			a.values[ours] = text
		}
	}
	credentials := o.Get("credentials")
	for theirs, ours := range map[string]string{"clientId": "client_id", "clientSecret": "client_secret", "placement": "credentials_placement"} {
		a.values[ours] = first(a.values[ours], credentials.Get(theirs).Text())
	}
	owner := o.Get("resourceOwner")
	a.values["username"] = first(a.values["username"], owner.Get("username").Text())
	if pkce := o.Get("pkce"); pkce.Bool() || pkce.IsMap() && !pkce.Get("disabled").Bool() {
		a.values["pkce"] = first(pkce.Get("method").Text(), "true")
	}
	placement := o.At("tokenConfig", "placement")
	if key := placement.Get("query").Text(); key != "" {
		a.values["token_placement"], a.values["token_query_key"] = "url", key
	}
	if header := placement.Get("header"); header.Exists() {
		a.values["token_placement"], a.values["token_header_prefix"] = "header", header.Text()
	}
	a.additional(o.Get("additionalParameters"))
	return a
}

// additional reads further parameters: by request, each with its place.
func (a *auth) additional(v draft.Value) {
	for theirs, ours := range map[string]string{
		"authorization": "auth_req", "token": "access_token_req", "refresh": "refresh_token_req",
		"authorizationRequest": "auth_req", "accessTokenRequest": "access_token_req", "refreshTokenRequest": "refresh_token_req",
	} {
		for _, item := range v.Get(theirs).Items() {
			name := item.Get("name").Text()
			if name == "" || item.Get("enabled").Text() == "false" || item.Get("disabled").Bool() {
				continue
			}
			place := map[string]string{"headers": "headers", "header": "headers", "body": "body"}[first(item.Get("sendIn").Text(), item.Get("placement").Text())]
			a.put(ours+":"+first(place, "queryparams"), name, item.Get("value").Text())
		}
	}
}
