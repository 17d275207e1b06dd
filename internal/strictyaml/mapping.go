package strictyaml

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// entry is one key of a map with its value.
type entry struct {
	key    string
	token  *token.Token
	value  ast.Node
	merged bool // came in by a merge key; gives way to what is written here
}

// entries lists a map's keys in order, with merge keys followed and
// duplicates reported. It reports false when n is no map.
func (d *decoder) entries(n ast.Node) ([]entry, bool) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, false
	}
	own := map[string]*token.Token{}
	var all, inherited []entry
	for _, value := range values {
		if value.Key.IsMergeKey() {
			inherited = append(inherited, d.merge(value.Value)...)
			continue
		}
		e, ok := d.entry(value)
		if !ok {
			continue
		}
		if first, twice := own[e.key]; twice {
			d.at(e.token, "key %s stands here a second time; the first is on line %d", shown(e.key), first.Position.Line)
			continue
		}
		own[e.key] = e.token
		all = append(all, e)
	}
	for _, e := range inherited {
		if _, hidden := own[e.key]; !hidden {
			own[e.key] = e.token
			all = append(all, e)
		}
	}
	return all, true
}

// entry reads one key. A key that is no plain word is reported.
func (d *decoder) entry(value *ast.MappingValueNode) (entry, bool) {
	switch key := value.Key.(type) {
	case *ast.StringNode:
		return entry{key: key.Value, token: key.GetToken(), value: value.Value}, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return entry{key: key.GetToken().Value, token: key.GetToken(), value: value.Value}, true
	default:
		d.at(value.Key.GetToken(), "a key must be plain text")
		return entry{}, false
	}
}

// merge lists what a merge key (<<) brings in: a map, or a list of maps of
// which the first to name a key wins.
func (d *decoder) merge(n ast.Node) []entry {
	if !d.afford(n) {
		return nil
	}
	n, leave := d.resolve(n)
	defer leave()
	if n == nil {
		return nil
	}
	if sequence, ok := n.(*ast.SequenceNode); ok {
		var all []entry
		for _, item := range sequence.Values {
			all = append(all, d.merge(item)...)
		}
		return all
	}
	found, ok := d.entries(n)
	if !ok {
		d.node(n, "expected the alias of a map after <<, found %s", kind(n))
	}
	for i := range found {
		found[i].merged = true
	}
	return found
}

// entryValue decodes an entry; what a merge key brought in counts as aliased.
func (d *decoder) entryValue(e entry, v reflect.Value) {
	if e.merged {
		d.inAlias++
		defer func() { d.inAlias-- }()
	}
	d.value(e.value, v, e.key)
}

func (d *decoder) structure(n ast.Node, v reflect.Value) {
	found, ok := d.entries(n)
	if !ok {
		d.mismatch(n, v.Type())
		return
	}
	fields := fieldsOf(v.Type())
	byName := make(map[string]field, len(fields))
	for _, f := range fields {
		byName[f.name] = f
	}
	for _, e := range found {
		f, known := byName[e.key]
		if !known {
			d.at(e.token, "unknown key %s%s", shown(e.key), Suggest(e.key, names(fields)))
			continue
		}
		d.entryValue(e, reach(v, f.index))
	}
}

// reach is [reflect.Value.FieldByIndex] that makes embedded pointers.
func reach(v reflect.Value, index []int) reflect.Value {
	for i, at := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(at)
	}
	return v
}

func (d *decoder) mapping(n ast.Node, v reflect.Value) {
	found, ok := d.entries(n)
	if !ok || v.Type().Key().Kind() != reflect.String {
		d.mismatch(n, v.Type())
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMapWithSize(v.Type(), len(found)))
	}
	for _, e := range found {
		item := reflect.New(v.Type().Elem()).Elem()
		d.entryValue(e, item)
		v.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), item)
	}
}
