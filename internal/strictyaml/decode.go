package strictyaml

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
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
	open    map[*yaml.Node]bool // what has an anchor and is being decoded
	inAlias int                 // depth of aliases being decoded
	spent   int                 // nodes decoded by way of aliases
	fields  map[reflect.Type]structure
}

// value decodes n into v, which stands under key.
func (d *decoder) value(n *yaml.Node, v reflect.Value, key string) {
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
		d.structured(n, v)
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
func (d *decoder) afford(n *yaml.Node) bool {
	if d.inAlias == 0 {
		return true
	}
	d.spent++
	if d.spent == maxAliasNodes {
		d.node(n, "the aliases of this document expand to more than %d values", maxAliasNodes)
	}
	return d.spent < maxAliasNodes
}

// resolve follows an alias to the node that holds the value. It returns nil
// after reporting what cannot be resolved.
func (d *decoder) resolve(n *yaml.Node) (*yaml.Node, func()) {
	target, through := n, 0
	if n.Kind == yaml.AliasNode {
		// Known only once its value is complete: an alias inside its own
		// anchor would never end.
		if target = n.Alias; target == nil || d.open[target] {
			d.node(n, "alias *%s has no anchor &%s before it", n.Value, n.Value)
			return nil, func() {}
		}
		through = 1
	}
	if target.Style&yaml.TaggedStyle != 0 {
		d.node(target, "tags such as !!str are not supported; put text in quotes instead")
		return nil, func() {}
	}
	if target.Anchor == "" {
		return target, func() {}
	}
	d.inAlias += through
	d.open[target] = true
	return target, func() { d.inAlias -= through; delete(d.open, target) }
}

// The tags that the parser gives to what has none.
const (
	tagText  = "!!str"
	tagBool  = "!!bool"
	tagNull  = "!!null"
	tagInt   = "!!int"
	tagFloat = "!!float"
	tagMerge = "!!merge"
	tagTime  = "!!timestamp"
)

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == tagNull }

// null is fine where Go has a nil; elsewhere the value was forgotten.
func (d *decoder) null(n *yaml.Node, v reflect.Value) {
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
func (d *decoder) custom(n *yaml.Node, v reflect.Value, key string) {
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

func (d *decoder) list(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.SequenceNode {
		d.mismatch(n, v.Type())
		return
	}
	items := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		d.value(item, items.Index(i), key)
	}
	v.Set(items)
}
