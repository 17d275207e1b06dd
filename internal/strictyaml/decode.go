package strictyaml

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Decode reads one YAML or JSON document into the value that into points to.
// An empty document leaves it as it is. The error is a *[fault.Error] with
// [api.CodeInvalid] that lists every problem found; into may then be filled
// in part.
func Decode(filename string, data []byte, into any) error {
	doc, err := Parse(filename, data)
	if err != nil {
		return err
	}
	return doc.Decode(into)
}

// decoder fills Go values from a tree and collects what is wrong.
type decoder struct {
	problems
	anchors map[string]ast.Node
	inAlias int // depth of aliases being decoded
	spent   int // nodes decoded by way of aliases
}

// value decodes n into v, which stands under key.
func (d *decoder) value(n ast.Node, v reflect.Value, key string) {
	if !d.afford(n) {
		return
	}
	n, leave := d.resolve(n)
	defer leave()
	if n == nil {
		return
	}
	if isNull(n) {
		d.null(n, v)
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem(), key)
		return
	}
	if v.CanAddr() && unmarshals(v.Addr()) {
		d.custom(n, v, key)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map:
		d.mapping(n, v)
	case reflect.Slice:
		d.list(n, v, key)
	case reflect.Interface:
		if loose := d.loose(n); loose != nil {
			v.Set(reflect.ValueOf(loose))
		}
	default:
		d.scalar(n, v)
	}
}

// afford spends the budget that keeps nested aliases from growing without end.
func (d *decoder) afford(n ast.Node) bool {
	if d.inAlias == 0 {
		return true
	}
	d.spent++
	if d.spent == maxAliasNodes {
		d.node(n, "the aliases of this document expand to more than %d values", maxAliasNodes)
	}
	return d.spent < maxAliasNodes
}

// resolve follows anchors and aliases to the node that holds the value. It
// returns nil after reporting what cannot be resolved.
func (d *decoder) resolve(n ast.Node) (ast.Node, func()) {
	switch n := n.(type) {
	case *ast.AnchorNode:
		name := anchorName(n.Name)
		// Known only once its value is complete: an alias inside its own
		// anchor would never end.
		delete(d.anchors, name)
		inner, leave := d.resolve(n.Value)
		return inner, func() { leave(); d.anchors[name] = n.Value }
	case *ast.AliasNode:
		name := anchorName(n.Value)
		target, ok := d.anchors[name]
		if !ok {
			d.node(n, "alias *%s has no anchor &%s before it", name, name)
			return nil, func() {}
		}
		d.inAlias++
		inner, leave := d.resolve(target)
		return inner, func() { leave(); d.inAlias-- }
	case *ast.TagNode:
		d.node(n, "tags such as !!str are not supported; put text in quotes instead")
		return nil, func() {}
	default:
		return n, func() {}
	}
}

func anchorName(n ast.Node) string {
	if n == nil || n.GetToken() == nil {
		return ""
	}
	return n.GetToken().Value
}

func isNull(n ast.Node) bool { return n.Type() == ast.NullType }

// null is fine where Go has a nil; elsewhere the value was forgotten.
func (d *decoder) null(n ast.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		v.SetZero()
	default:
		d.node(n, "expected %s, found nothing", expected(v.Type()))
	}
}

func unmarshals(pointer reflect.Value) bool {
	switch pointer.Interface().(type) {
	case json.Unmarshaler, encoding.TextUnmarshaler:
		return true
	}
	return false
}

// custom hands the value to the type's own UnmarshalJSON.
func (d *decoder) custom(n ast.Node, v reflect.Value, key string) {
	before := len(d.found)
	loose := d.loose(n)
	if len(d.found) > before {
		return
	}
	text, err := json.Marshal(loose)
	if err != nil {
		d.node(n, "expected %s", expected(v.Type()))
		return
	}
	if err := json.Unmarshal(text, v.Addr().Interface()); err != nil {
		if secretive(key) {
			d.node(n, "the value of %s is not valid", shown(key))
			return
		}
		d.node(n, "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

func (d *decoder) list(n ast.Node, v reflect.Value, key string) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		d.mismatch(n, v.Type())
		return
	}
	items := reflect.MakeSlice(v.Type(), len(sequence.Values), len(sequence.Values))
	for i, item := range sequence.Values {
		d.value(item, items.Index(i), key)
	}
	v.Set(items)
}
