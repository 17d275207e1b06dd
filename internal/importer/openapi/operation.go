package openapi

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// methods are the keys of a path that are operations.
func methods() []string {
	return []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}
}

// operations reads the paths.
func (r *reader) operations() map[string]api.Operation {
	paths := r.root.Get("paths")
	found := make(map[string]api.Operation)
	for _, path := range paths.Keys() {
		if strings.HasPrefix(path, "x-") {
			continue
		}
		item := r.resolve(paths.Get(path))
		for _, key := range item.Keys() {
			if slices.Contains(methods(), strings.ToLower(key)) && item.Get(key).IsMap() {
				r.operation(found, path, item, key)
			}
		}
		if servers := item.Get("servers"); servers.IsList() {
			r.note(servers, "servers of a path", "an operation stands under the provider's base URL", "make a connection with another api.base_url")
		}
	}
	return found
}

func (r *reader) operation(into map[string]api.Operation, path string, item draft.Value, key string) {
	at := item.Get(key)
	method := strings.ToUpper(key)
	if !r.afford(item, 1) {
		return
	}
	names := &names{taken: make(map[string]struct{})}
	op := api.Operation{
		Title:       firstLine(at.Get("summary").Text()),
		Description: prose(at.Get("description")),
		Tags:        at.Get("tags").Texts(),
		Method:      method,
		Path:        r.path(path, at, names),
		Destructive: method == "DELETE",
		Scopes:      r.needed(at),
	}
	if docs := at.At("externalDocs", "url").Text(); draft.Address(docs) == "" {
		op.Docs = docs
	}
	r.parameters(&op, item, at, names)
	r.body(&op, at, names)
	if next := at.At("x-ms-pageable", "nextLinkName").Text(); next != "" {
		op.Pagination = &api.Pagination{By: api.PagesByURL, Next: "/" + strings.ReplaceAll(strings.ReplaceAll(next, "~", "~0"), "/", "~1")}
		items := at.At("x-ms-pageable", "itemName").Text()
		if items == "" {
			items = "value"
		}
		op.Items = "/" + items
	}
	if servers := at.Get("servers"); servers.IsList() {
		r.note(servers, "servers of an operation", "an operation stands under the provider's base URL", "make a connection with another api.base_url")
	}
	if callbacks := at.Get("callbacks"); callbacks.IsMap() {
		r.note(callbacks, "callbacks", "Valetkey calls APIs and is not called by them", "")
	}
	draft.Put(into, operationName(at.Get("operationId").Text(), method, path), op)
}

// operationName is the operation's id as a name, or method and path.
func operationName(id, method, path string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, id)
	name = strings.Trim(name, "-._")
	if name == "" {
		return draft.Name(strings.ToLower(method)+" "+path, "operation")
	}
	return name[:min(len(name), 120)]
}

// path rewrites the placeholders of a path, each under the name that its
// parameter has here.
func (r *reader) path(path string, at draft.Value, names *names) string {
	if cut := strings.IndexByte(path, '#'); cut >= 0 {
		r.note(at, "the part of a path behind #", "it is never sent", "")
		path = path[:cut]
	}
	path = draft.Placeholders(path, draft.SingleBraces, func(name string) string {
		return "{" + names.of(name, api.ParameterInPath) + "}"
	})
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path
}

// needed are the scopes of an operation: of the first requirement that an
// OAuth scheme meets.
func (r *reader) needed(at draft.Value) []string {
	security := at.Get("security")
	if !security.IsList() {
		return nil // the description's own, which are the provider's default
	}
	for _, requirement := range security.Items() {
		for _, scheme := range requirement.Keys() {
			if r.schemes[scheme] {
				return requirement.Get(scheme).Texts()
			}
		}
	}
	return nil
}

// maxProse is how many bytes of a description are kept: the rest is on the
// vendor's page.
const maxProse = 1000

// prose is text for people, cut at its length.
func prose(at draft.Value) string {
	text := strings.TrimSpace(at.Text())
	if len(text) <= maxProse {
		return text
	}
	end := maxProse
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}
