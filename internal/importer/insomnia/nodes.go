package insomnia

import (
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// node is a workspace, folder or request.
type node struct {
	value  draft.Value
	parent int // index of the node above; -1 for none
	root   string
}

// export is a file in either format.
type export struct {
	nodes        []node
	environments []draft.Value // their data, those of sub-environments last
}

func parse(file draft.File, v draft.Value) (export, error) {
	var e export
	switch kind := v.Get("type").Text(); {
	case v.Get("resources").IsList():
		e.flat(v)
	case strings.HasPrefix(kind, "collection.insomnia.rest/"), strings.HasPrefix(kind, "spec.insomnia.rest/"):
		e.nodes = append(e.nodes, node{value: v, parent: -1, root: v.Get("name").Text()})
		e.tree(v.Get("collection"), 0, v.Get("name").Text())
		e.environment(v.Get("environments"))
	case strings.HasPrefix(kind, "environment.insomnia.rest/"):
		e.environment(v.Get("environments"))
		e.environment(v)
	default:
		return e, fault.New(api.CodeInvalid, "%s is no Insomnia export of format 4 or 5", file.Name).
			WithHint("export it from Insomnia as Insomnia v4 (JSON) or v5 (YAML)")
	}
	return e, nil
}

// flat reads format 4, where a resource names the one above it.
func (e *export) flat(v draft.Value) {
	index, names := make(map[string]int), make(map[string]string)
	for _, r := range v.Get("resources").Items() {
		switch r.Get("_type").Text() {
		case "environment":
			e.environments = append(e.environments, r.Get("data"))
		case "workspace", "request_group", "request", "grpc_request", "websocket_request":
			index[r.Get("_id").Text()] = len(e.nodes)
			names[r.Get("_id").Text()] = r.Get("name").Text()
			e.nodes = append(e.nodes, node{value: r, parent: -1})
			e.environments = append(e.environments, r.Get("environment"))
		}
	}
	for i := range e.nodes {
		if parent, ok := index[e.nodes[i].value.Get("parentId").Text()]; ok && parent != i {
			e.nodes[i].parent = parent
		}
	}
	for i := range e.nodes {
		e.nodes[i].root = e.nodes[e.top(i)].value.Get("name").Text()
	}
}

// maxAbove bounds the walk upwards: parents may name each other in a ring.
const maxAbove = 100

func (e *export) top(i int) int {
	for range maxAbove {
		if e.nodes[i].parent < 0 {
			break
		}
		i = e.nodes[i].parent
	}
	return i
}

// tree reads format 5, where children stand in their folder.
func (e *export) tree(children draft.Value, parent int, root string) {
	for _, child := range children.Items() {
		e.nodes = append(e.nodes, node{value: child, parent: parent, root: root})
		e.environments = append(e.environments, child.Get("environment"))
		e.tree(child.Get("children"), len(e.nodes)-1, root)
	}
}

func (e *export) environment(v draft.Value) {
	if v.IsList() {
		for _, item := range v.Items() {
			e.environment(item)
		}
		return
	}
	e.environments = append(e.environments, v.Get("data"))
	for _, sub := range v.Get("subEnvironments").Items() {
		e.environments = append(e.environments, sub.Get("data"))
	}
}

// authentication is a node's own, or the one of the nearest folder above it
// that has one.
func (e *export) authentication(i int) draft.Value {
	for range maxAbove {
		auth := e.nodes[i].value.Get("authentication")
		if kind := auth.Get("type").Text(); kind != "" {
			return auth
		}
		if e.nodes[i].parent < 0 {
			break
		}
		i = e.nodes[i].parent
	}
	return draft.Value{}
}
