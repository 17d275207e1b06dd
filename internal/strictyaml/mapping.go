package strictyaml

import (
	"reflect"

	"go.yaml.in/yaml/v4"
)

// entry is one key of a map with its value.
type entry struct {
	key    *yaml.Node
	value  *yaml.Node
	merged bool // came in by a merge key; gives way to what is written here
}

// entries lists a map's keys in order, with merge keys followed and
// duplicates reported. It reports false when n is no map.
func (d *decoder) entries(n *yaml.Node) ([]entry, bool) {
	if n.Kind != yaml.MappingNode {
		return nil, false
	}
	own := make(map[string]*yaml.Node, len(n.Content)/2)
	all := make([]entry, 0, len(n.Content)/2)
	var inherited []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.Tag == tagMerge {
			inherited = append(inherited, d.merge(value)...)
			continue
		}
		if key.Kind != yaml.ScalarNode || key.Style&yaml.TaggedStyle != 0 {
			d.node(key, "a key must be plain text")
			continue
		}
		if first, twice := own[key.Value]; twice {
			d.node(key, "key %s stands here a second time; the first is on line %d", shown(key.Value), first.Line)
			continue
		}
		own[key.Value] = key
		all = append(all, entry{key: key, value: value})
	}
	for _, e := range inherited {
		if _, hidden := own[e.key.Value]; !hidden {
			own[e.key.Value] = e.key
			all = append(all, e)
		}
	}
	return all, true
}

// merge lists what a merge key (<<) brings in: a map, or a list of maps of
// which the first to name a key wins.
func (d *decoder) merge(n *yaml.Node) []entry {
	if !d.afford(n) {
		return nil
	}
	n, leave := d.resolve(n)
	defer leave()
	if n == nil {
		return nil
	}
	if n.Kind == yaml.SequenceNode {
		var all []entry
		for _, item := range n.Content {
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
	d.value(e.value, v, e.key.Value)
}

// structure is what a struct's keys are.
type structure struct {
	byName map[string]field
	names  []string
}

// known lists a struct's keys, once for each type.
func (d *decoder) known(t reflect.Type) structure {
	known, seen := d.fields[t]
	if seen {
		return known
	}
	fields := fieldsOf(t)
	known = structure{byName: make(map[string]field, len(fields)), names: names(fields)}
	for _, f := range fields {
		known.byName[f.name] = f
	}
	d.fields[t] = known
	return known
}

func (d *decoder) structured(n *yaml.Node, v reflect.Value) {
	found, ok := d.entries(n)
	if !ok {
		d.mismatch(n, v.Type())
		return
	}
	known := d.known(v.Type())
	for _, e := range found {
		f, ok := known.byName[e.key.Value]
		if !ok {
			d.node(e.key, "unknown key %s%s", shown(e.key.Value), Suggest(e.key.Value, known.names))
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

func (d *decoder) mapping(n *yaml.Node, v reflect.Value) {
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
		v.SetMapIndex(reflect.ValueOf(e.key.Value).Convert(v.Type().Key()), item)
	}
}
