package openapi

import (
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// names gives the parameters of one operation names that templates can use.
type names struct {
	taken map[string]struct{}
	path  map[string]string // by name in the path
}

// of is the name for a parameter; one in the path has the same each time.
func (n *names) of(name, in string) string {
	if in == api.ParameterInPath {
		if ours, again := n.path[name]; again {
			return ours
		}
	}
	ours := draft.VariableName(name)
	if ours == "" {
		ours = "value"
	}
	free := draft.VariableName(draft.Put(n.taken, ours, struct{}{}))
	n.taken[free] = struct{}{}
	if in == api.ParameterInPath {
		if n.path == nil {
			n.path = make(map[string]string)
		}
		n.path[name] = free
	}
	return free
}

// parameters reads the parameters of a path and of its operation, of which
// the operation's win.
func (r *reader) parameters(op *api.Operation, item, at draft.Value, names *names) {
	read := make(map[[2]string]bool)
	for _, list := range []draft.Value{at.Get("parameters"), item.Get("parameters")} {
		for _, p := range r.listed(list) {
			same := [2]string{p.Get("in").Text(), p.Get("name").Text()}
			if !read[same] {
				read[same] = true
				r.parameter(op, p, names)
			}
		}
	}
	for name, ours := range names.path {
		if _, described := op.Parameters[ours]; !described {
			put(op, ours, api.OperationParameter{In: api.ParameterInPath, Name: differs(name, ours), Required: true})
		}
	}
}

func (r *reader) listed(list draft.Value) []draft.Value {
	var found []draft.Value
	for _, item := range list.Items() {
		if !r.afford(list, 1) {
			break
		}
		if p := r.resolve(item); p.IsMap() {
			found = append(found, p)
		}
	}
	return found
}

func (r *reader) parameter(op *api.Operation, at draft.Value, names *names) {
	name, in := at.Get("name").Text(), at.Get("in").Text()
	switch in {
	case "path":
		if _, named := names.path[name]; !named {
			r.note(at, "a parameter of a path", "the path does not name it", "")
			return
		}
	case "query":
	case "header":
		// The description's are ignored, as OpenAPI says: the call sets them.
		if slices.Contains([]string{"authorization", "accept", "content-type"}, strings.ToLower(name)) {
			return
		}
	case "body", "formData":
		return // body.go reads them
	default:
		r.note(at, "a parameter that is not in path, query, header or body", "an operation has no other places", "put cookies into api.headers")
		return
	}
	if name == "" {
		r.note(at, "a parameter", "it has no name", "")
		return
	}
	ours := names.of(name, in)
	p := r.described(at, r.schema(at))
	p.In, p.Name = in, differs(name, ours)
	p.Style = r.style(at, p)
	put(op, ours, p)
}

// schema is where a parameter's type stands: in its schema, in that of its
// content, or in Swagger 2.0 beside its name.
func (r *reader) schema(at draft.Value) draft.Value {
	if r.version == "2" && at.Get("in").Text() != "body" {
		return at
	}
	if schema := at.Get("schema"); schema.IsMap() {
		return r.resolve(schema)
	}
	content := at.Get("content")
	if offered := content.Keys(); len(offered) > 0 {
		return r.resolve(content.Get(offered[0]).Get("schema"))
	}
	return draft.Value{}
}

// described is a parameter without its place.
func (r *reader) described(at, schema draft.Value) api.OperationParameter {
	p := api.OperationParameter{
		Type:        kind(schema.Get("type")),
		Required:    at.Get("required").Bool(),
		Description: prose(at.Get("description")),
		Default:     plain(schema.Get("default")),
		Example:     plain(at.Get("example")),
	}
	if enum, _ := schema.Get("enum").Raw().([]any); p.Type != api.TypeArray && p.Type != api.TypeObject && r.afford(schema, len(enum)) {
		p.Enum = schema.Get("enum").Texts()
	}
	if p.Example == nil {
		p.Example = plain(schema.Get("example"))
	}
	return p
}

// kind is the first type that is not null; text is not said.
func kind(at draft.Value) string {
	for _, name := range at.Texts() {
		switch name {
		case api.TypeInteger, api.TypeNumber, api.TypeBoolean, api.TypeArray, api.TypeObject:
			return name
		}
	}
	return ""
}

// plain is a value where it is no map or list, which are as often mistakes.
func plain(at draft.Value) any {
	if at.IsMap() || at.IsList() {
		return nil
	}
	return at.Raw()
}

// style is how a list is written, where it is not our default for its place.
func (r *reader) style(at draft.Value, p api.OperationParameter) string {
	if p.Type == api.TypeObject {
		r.note(at, "a parameter that is an object", "its members are written in ways of their own", "give it as text, as the API takes it")
	}
	if p.Type != api.TypeArray {
		return ""
	}
	written := at.Get("collectionFormat").Text()
	if r.version == "3" {
		written = at.Get("style").Text()
		repeated := !at.Get("explode").Exists() || at.Get("explode").Bool()
		if (written == "" || written == "form") && (p.In != api.ParameterInQuery || repeated) {
			return ""
		}
	}
	switch written {
	case "multi":
		return api.StyleRepeat
	case "ssv", "spaceDelimited":
		return api.StyleSpace
	case "pipes", "pipeDelimited":
		return api.StylePipe
	case "", "csv", "form", "simple":
		if p.In == api.ParameterInQuery {
			return api.StyleComma
		}
		return ""
	}
	r.note(at, "the style of a list", "an operation cannot write it so", "give the list as text, as the API takes it")
	return ""
}

func differs(name, ours string) string {
	if name == ours {
		return ""
	}
	return name
}

func put(op *api.Operation, name string, p api.OperationParameter) {
	if op.Parameters == nil {
		op.Parameters = make(map[string]api.OperationParameter)
	}
	op.Parameters[name] = p
}
