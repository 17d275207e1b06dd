package strictyaml

import (
	"reflect"
	"slices"
	"strings"
)

// field is a struct field under the name it has in JSON.
type field struct {
	name  string
	index []int
}

// fieldsOf lists a struct's fields as encoding/json sees them: embedded
// structs flattened, in order, a shallow field hiding a deeper one.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	depth := map[string]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Tag.Get("json") == "-" || hiddenBehindName(t, f.Index) {
			continue
		}
		if f.Anonymous && name == "" && plainStruct(f.Type) {
			continue // its fields are visited on their own
		}
		if name == "" {
			name = f.Name
		}
		if seen, ok := depth[name]; ok && seen <= len(f.Index) {
			continue
		}
		depth[name] = len(f.Index)
		fields = slices.DeleteFunc(fields, func(other field) bool { return other.name == name })
		fields = append(fields, field{name: name, index: f.Index})
	}
	return fields
}

// hiddenBehindName says whether a promoted field belongs to an embedded
// struct that JSON treats as a value of its own (it has a name in its tag).
func hiddenBehindName(t reflect.Type, index []int) bool {
	for i := 1; i < len(index); i++ {
		outer := t.FieldByIndex(index[:i])
		name, _, _ := strings.Cut(outer.Tag.Get("json"), ",")
		if name != "" || !plainStruct(outer.Type) {
			return true
		}
	}
	return false
}

func plainStruct(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

func names(fields []field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.name
	}
	return all
}

// Field is a key that [Decode] knows of a struct, and what it is read into.
type Field struct {
	Name  string
	Type  reflect.Type
	Owner reflect.Type // the struct that declares it: an embedded one, or the struct itself
	Go    string       // its name there
}

// Fields lists the keys of a struct, in the order of its fields.
func Fields(t reflect.Type) []Field {
	var all []Field
	for _, f := range fieldsOf(t) {
		owner := t
		if len(f.index) > 1 {
			owner = t.FieldByIndex(f.index[:len(f.index)-1]).Type
		}
		if owner.Kind() == reflect.Pointer {
			owner = owner.Elem()
		}
		declared := t.FieldByIndex(f.index)
		all = append(all, Field{Name: f.name, Type: declared.Type, Owner: owner, Go: declared.Name})
	}
	return all
}
