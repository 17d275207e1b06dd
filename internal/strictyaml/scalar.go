package strictyaml

import (
	"math"
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

func (d *decoder) scalar(n ast.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		text, ok := textOf(n)
		if !ok {
			d.mismatch(n, v.Type())
			return
		}
		v.SetString(text)
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			d.mismatch(n, v.Type())
			return
		}
		v.SetBool(b.Value)
	default:
		d.number(n, v)
	}
}

func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

func (d *decoder) number(n ast.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		whole, ok := wholeOf(n)
		if !ok {
			d.mismatch(n, v.Type())
		} else if v.OverflowInt(whole) {
			d.node(n, "the number is too large")
		} else {
			v.SetInt(whole)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		whole, ok := wholeOf(n)
		if !ok {
			d.mismatch(n, v.Type())
		} else if whole < 0 || v.OverflowUint(uint64(whole)) {
			d.node(n, "the number is out of range")
		} else {
			v.SetUint(uint64(whole))
		}
	case reflect.Float32, reflect.Float64:
		switch n := n.(type) {
		case *ast.FloatNode:
			v.SetFloat(n.Value)
		default:
			whole, ok := wholeOf(n)
			if !ok {
				d.mismatch(n, v.Type())
				return
			}
			v.SetFloat(float64(whole))
		}
	default:
		d.node(n, "%s cannot be read from a document", v.Type())
	}
}

func wholeOf(n ast.Node) (int64, bool) {
	integer, ok := n.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	switch value := integer.Value.(type) {
	case int64:
		return value, true
	case uint64:
		return int64(value), value <= math.MaxInt64
	}
	return 0, false
}

// loose decodes n as encoding/json would into an any.
func (d *decoder) loose(n ast.Node) any {
	if !d.afford(n) {
		return nil
	}
	n, leave := d.resolve(n)
	defer leave()
	if n == nil || isNull(n) {
		return nil
	}
	if text, ok := textOf(n); ok {
		return text
	}
	switch n := n.(type) {
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.FloatNode:
		return n.Value
	case *ast.SequenceNode:
		items := make([]any, len(n.Values))
		for i, item := range n.Values {
			items[i] = d.loose(item)
		}
		return items
	}
	return d.looseMap(n)
}

func (d *decoder) looseMap(n ast.Node) any {
	found, ok := d.entries(n)
	if !ok {
		d.node(n, "%s has no place here", kind(n))
		return nil
	}
	items := make(map[string]any, len(found))
	for _, e := range found {
		if e.merged {
			d.inAlias++
		}
		items[e.key] = d.loose(e.value)
		if e.merged {
			d.inAlias--
		}
	}
	return items
}

// mismatch reports a value of the wrong kind, with the way to mend it.
func (d *decoder) mismatch(n ast.Node, want reflect.Type) {
	hint := ""
	if want.Kind() == reflect.String && isBare(n) {
		hint = "; put it in quotes"
	}
	if want.Kind() == reflect.Slice {
		if _, ok := textOf(n); ok {
			hint = "; write it as [one, two] or one line each after a dash"
		}
	}
	d.node(n, "expected %s, found %s%s", expected(want), kind(n), hint)
}

func isBare(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return true
	}
	return false
}

func expected(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "a map of keys and values"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map"
	default:
		return "something else"
	}
}
