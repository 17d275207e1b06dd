package strictyaml

import (
	"math"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (d *decoder) scalar(n *yaml.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		text, ok := textOf(n)
		if !ok {
			d.mismatch(n, v.Type())
			return
		}
		v.SetString(text)
	case reflect.Bool:
		if !isScalar(n, tagBool) {
			d.mismatch(n, v.Type())
			return
		}
		v.SetBool(isTrue(n))
	default:
		d.number(n, v)
	}
}

func isScalar(n *yaml.Node, tag string) bool { return n.Kind == yaml.ScalarNode && n.Tag == tag }

// isTrue is the value of a boolean: true, True, TRUE or the like.
func isTrue(n *yaml.Node) bool { return strings.EqualFold(n.Value, "true") }

// textOf is a scalar that is text. What looks like a date is, too.
func textOf(n *yaml.Node) (string, bool) {
	return n.Value, isScalar(n, tagText) || isScalar(n, tagTime) || isScalar(n, tagMerge)
}

// finite reads a number that has a fraction, an exponent or too many digits.
func finite(n *yaml.Node) (float64, bool) {
	if !isScalar(n, tagFloat) {
		return 0, false
	}
	number, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
	return number, err == nil && !math.IsInf(number, 0) && !math.IsNaN(number)
}

func (d *decoder) number(n *yaml.Node, v reflect.Value) {
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
		number, ok := finite(n)
		if !ok {
			var whole int64
			whole, ok = wholeOf(n)
			number = float64(whole)
		}
		if !ok {
			d.mismatch(n, v.Type())
			return
		}
		v.SetFloat(number)
	default:
		d.node(n, "%s cannot be read from a document", v.Type())
	}
}

func wholeOf(n *yaml.Node) (int64, bool) {
	switch value := integer(n).(type) {
	case int64:
		return value, true
	case uint64:
		return int64(value), value <= math.MaxInt64
	}
	return 0, false
}

// integer is a whole number as uint64, or as int64 below zero; else nil.
func integer(n *yaml.Node) any {
	if !isScalar(n, tagInt) {
		return nil
	}
	digits := strings.ReplaceAll(n.Value, "_", "")
	if value, err := strconv.ParseUint(strings.TrimPrefix(digits, "+"), 0, 64); err == nil {
		return value
	}
	if value, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return value
	}
	return nil
}

// loose decodes n as encoding/json would into an any.
func (d *decoder) loose(n *yaml.Node) any {
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
	switch {
	case isScalar(n, tagBool):
		return isTrue(n)
	case integer(n) != nil:
		return integer(n)
	case n.Kind == yaml.SequenceNode:
		items := make([]any, len(n.Content))
		for i, item := range n.Content {
			items[i] = d.loose(item)
		}
		return items
	}
	if number, ok := finite(n); ok {
		return number
	}
	return d.looseMap(n)
}

func (d *decoder) looseMap(n *yaml.Node) any {
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
		items[e.key.Value] = d.loose(e.value)
		if e.merged {
			d.inAlias--
		}
	}
	return items
}

// mismatch reports a value of the wrong kind, with the way to mend it.
func (d *decoder) mismatch(n *yaml.Node, want reflect.Type) {
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

func isBare(n *yaml.Node) bool {
	return isScalar(n, tagInt) || isScalar(n, tagFloat) || isScalar(n, tagBool)
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

func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a map"
	case yaml.ScalarNode:
	default:
		return "something else"
	}
	switch n.Tag {
	case tagText, tagTime, tagMerge:
		return "text"
	case tagInt, tagFloat:
		return "a number"
	case tagBool:
		return "true or false"
	case tagNull:
		return "nothing"
	default:
		return "something else"
	}
}
