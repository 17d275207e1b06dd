package strictyaml

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// orderedKeys is a map whose keys keep their order.
type orderedKeys []keyValue

type keyValue struct {
	key   string
	value any
}

// Encode writes v as YAML by its JSON tags: struct keys in the order of the
// fields, map keys sorted, what omitempty drops dropped. Text that would read
// back as something else is quoted, so that [Decode] returns the same value.
func Encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("strictyaml: %v", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	tree, err := ordered(decoder)
	if err != nil {
		return nil, fmt.Errorf("strictyaml: %v", err)
	}
	var w writer
	w.block(tree, 0, false)
	return w.out.Bytes(), nil
}

// ordered reads one JSON value and keeps the order of keys.
func ordered(decoder *json.Decoder) (any, error) {
	t, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return orderedMap(decoder)
		}
		return orderedList(decoder)
	case json.Number:
		return t, nil
	default:
		return t, nil
	}
}

func orderedMap(decoder *json.Decoder) (orderedKeys, error) {
	items := orderedKeys{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := ordered(decoder)
		if err != nil {
			return nil, err
		}
		items = append(items, keyValue{key: fmt.Sprint(key), value: value})
	}
	_, err := decoder.Token()
	return items, err
}

func orderedList(decoder *json.Decoder) ([]any, error) {
	items := []any{}
	for decoder.More() {
		value, err := ordered(decoder)
		if err != nil {
			return nil, err
		}
		items = append(items, value)
	}
	_, err := decoder.Token()
	return items, err
}
