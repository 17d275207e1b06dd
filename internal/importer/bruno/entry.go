package bruno

import (
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// entry is a collection, a folder or a request.
type entry struct {
	where string
	dir   string // what it stands for passes down to what is in it
	node  bool   // a collection or folder, which has no request
	name  string
	auth  auth
	form.Request
}

// auth is an authentication.
type auth struct {
	mode   string // oauth2, inherit, none, …
	where  string
	values map[string]string            // of oauth2, by their .bru names
	extra  map[string]map[string]string // such as access_token_req:body, by .bru names
}

func (a *auth) put(group, name, value string) {
	if a.extra == nil {
		a.extra = make(map[string]map[string]string)
	}
	if a.extra[group] == nil {
		a.extra[group] = make(map[string]string)
	}
	a.extra[group][name] = value
}

// readBru reads a .bru file that is no environment.
func (r *reader) readBru(file draft.File, dir, base string) {
	e := entry{where: file.Name, dir: dir, node: base == "collection.bru" || base == "folder.bru"}
	e.Headers = make(map[string]string)
	for _, b := range blocks(string(file.Data)) {
		where := file.Name + ": line " + strconv.Itoa(b.line)
		switch extra, isExtra := strings.CutPrefix(b.name, "auth:oauth2:additional_params:"); {
		case isExtra:
			for _, p := range b.pairs() {
				e.auth.put(extra, p.name, p.value)
			}
		case b.name == "auth:oauth2":
			e.auth.where, e.auth.values = where, table(b.pairs())
		case strings.HasPrefix(b.name, "script"), b.name == "tests":
			r.draft.Add(draft.Note{Where: where, What: "a script", Why: "scripts are not carried over"})
		default:
			r.bruBlock(&e, b)
		}
	}
	if e.name == "" {
		e.name = draft.Stem(base)
	}
	r.entries = append(r.entries, e)
}

func table(pairs []pair) map[string]string {
	values := make(map[string]string, len(pairs))
	for _, p := range pairs {
		values[p.name] = p.value
	}
	return values
}

// bruBlock reads a block of a request, folder or collection.
func (r *reader) bruBlock(e *entry, b block) {
	switch b.name {
	case "meta":
		e.name = table(b.pairs())["name"]
	case "auth":
		e.auth.mode = table(b.pairs())["mode"]
	case "headers":
		e.Headers = table(b.pairs())
	case "vars:pre-request":
		r.variables(table(b.pairs()), e.where)
	case "get", "post", "put", "patch", "delete", "head", "options":
		values := table(b.pairs())
		e.Method, e.URL = strings.ToUpper(b.name), values["url"]
		e.auth.mode = first(e.auth.mode, values["auth"], "inherit")
	case "body:form-urlencoded", "body:multipart-form":
		e.Fields = table(b.pairs())
		if b.name == "body:multipart-form" {
			e.MediaType = "multipart/form-data"
		}
	case "body:json", "body":
		e.Body = b.text()
	case "body:xml", "body:text", "body:sparql":
		e.Body, e.MediaType = b.text(), map[string]string{"body:xml": "application/xml", "body:text": "text/plain", "body:sparql": "application/sparql-query"}[b.name]
	case "docs":
		e.Description = b.text()
	}
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
