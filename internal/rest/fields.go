package rest

import (
	"encoding/json"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/rest/reference"
)

// checkFields refuses a field that to does not have, at any depth.
func checkFields(data []byte, to, readBack any) error {
	c := fieldChecker{}
	if readBack != nil {
		c.readBack = slices.Collect(keys(reference.Fields(reflect.TypeOf(readBack), "json")))
	}
	return c.value(data, reflect.TypeOf(to), "")
}

type fieldChecker struct {
	readBack []string // what the outermost object reads back as
}

// value checks JSON that is known to be well formed against a type. A kind that
// does not fit is left to encoding/json, which says so.
func (c fieldChecker) value(data json.RawMessage, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return c.object(data, t, path)
	case reflect.Map:
		return eachIn(data, func(name string, item json.RawMessage) error {
			return c.value(item, t.Elem(), join(path, name))
		})
	case reflect.Slice:
		var items []json.RawMessage
		if json.Unmarshal(data, &items) != nil {
			return nil
		}
		for i, item := range items {
			if err := c.value(item, t.Elem(), path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c fieldChecker) object(data json.RawMessage, t reflect.Type, path string) error {
	known := maps.Collect(reference.Fields(t, "json"))
	return eachIn(data, func(name string, item json.RawMessage) error {
		field, ok := known[name]
		if ok {
			return c.value(item, field.Type, join(path, name))
		}
		if path == "" && slices.Contains(c.readBack, name) {
			return fault.New(api.CodeInvalid, "the field %q cannot be written", name).WithHint("leave it out: Valetkey sets it")
		}
		return unknownName("field", join(path, clip(name)), name, slices.Sorted(maps.Keys(known)))
	})
}

// eachIn walks an object in the order of its names, so that of several
// mistakes the same one is told each time.
func eachIn(data json.RawMessage, do func(string, json.RawMessage) error) error {
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if err := do(name, object[name]); err != nil {
			return err
		}
	}
	return nil
}

// unknownName refuses a name, with the nearest known one where one is near.
func unknownName(kind, shown, name string, known []string) error {
	unknown := fault.New(api.CodeInvalid, "the %s %q is not known", kind, shown)
	nearest, distance := "", 1+max(2, len(name)/3)
	if len(name) <= 64 {
		for _, candidate := range known {
			if d := levenshtein.ComputeDistance(strings.ToLower(name), candidate); d < distance {
				nearest, distance = candidate, d
			}
		}
	}
	switch {
	case nearest != "":
		return unknown.WithHint("did you mean %q?", nearest)
	case len(known) > 0:
		return unknown.WithHint("known here: %s", strings.Join(known, ", "))
	default:
		return unknown
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func keys[K, V any](pairs iter.Seq2[K, V]) iter.Seq[K] {
	return func(yield func(K) bool) {
		for k := range pairs {
			if !yield(k) {
				return
			}
		}
	}
}

func contains(list []string, name string) bool { return slices.Contains(list, name) }

// clip shortens what a caller wrote before it is shown back.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
