package schema

import (
	"encoding"
	"encoding/json"
	"reflect"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// draft is the version of JSON Schema.
const draft = "https://json-schema.org/draft/2020-12/schema"

// object is a JSON Schema.
type object = map[string]any

// Manifest is the schema of a file that apply takes.
func Manifest() ([]byte, error) {
	w := writer{defs: object{}, words: words()}
	root := w.of(reflect.TypeFor[api.Manifest]())
	properties := root["properties"].(object)
	delete(properties, "prune")
	delete(properties, "dry_run")
	w.secrets()
	return w.document(root, "A desired state of Valetkey")
}

// Provider is the schema of a file that holds one bare description.
func Provider() ([]byte, error) {
	w := writer{defs: object{}, words: words()}
	return w.document(w.of(reflect.TypeFor[api.Provider]()), "A provider of Valetkey")
}

// writer writes schemas; each named struct becomes a definition.
type writer struct {
	defs  object
	words map[string]string
}

func (w writer) document(root object, title string) ([]byte, error) {
	root["$schema"], root["title"] = draft, title
	if len(w.defs) > 0 {
		root["$defs"] = w.defs
	}
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

// of is the schema of what is read into a type; a struct is written out.
func (w writer) of(t reflect.Type) object {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[api.Duration]():
		return object{"type": "string", "description": "A time span such as 40s, 5m, 2h or 90d."}
	case reflect.TypeFor[api.StringList](), reflect.TypeFor[api.AuthMethods]():
		return object{"type": []string{"string", "array"}, "items": object{"type": "string"}}
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "description": "A time as 2026-01-31T12:00:00Z."}
	}
	if reads(t) && t.Kind() != reflect.String {
		return object{} // it has forms of its own
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Slice:
		return object{"type": []string{"array", "null"}, "items": w.ref(t.Elem())}
	case reflect.Map:
		return object{"type": []string{"object", "null"}, "additionalProperties": w.ref(t.Elem())}
	case reflect.Struct:
		return w.structure(t)
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Interface:
		return object{}
	default:
		return object{"type": "integer"}
	}
}

// reads reports whether a type reads its own JSON.
func reads(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[json.Unmarshaler]()) || pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func (w writer) structure(t reflect.Type) object {
	properties := object{}
	for _, f := range strictyaml.Fields(t) {
		property := w.ref(f.Type)
		if text := w.words[wordKey(f)]; text != "" {
			property["description"] = text
		}
		properties[f.Name] = property
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

// ref refers to a named struct, so that one within itself ends.
func (w writer) ref(t reflect.Type) object {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.Name() == "" || reads(t) {
		return w.of(t)
	}
	if _, known := w.defs[t.Name()]; !known {
		w.defs[t.Name()] = object{} // first, for it may refer to itself
		w.defs[t.Name()] = w.of(t)
	}
	return object{"$ref": "#/$defs/" + t.Name()}
}

// secrets lets the secrets of clients, and their variables, be written in the
// forms that a manifest has beside plain text.
func (w writer) secrets() {
	text := object{"type": "string"}
	w.defs["Secret"] = object{
		"description": "Text, or where it comes from: {env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]} or {keyring: SERVICE/NAME}.",
		"oneOf": []object{text, {
			"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
			"properties": object{
				"env":     object{"type": "string", "description": "the variable of the environment that holds it"},
				"file":    object{"type": "string", "description": "the file that holds it"},
				"keyring": object{"type": "string", "description": "SERVICE/NAME in the keyring of the system"},
				"command": object{"type": "array", "items": text, "minItems": 1, "description": "the program that prints it, with its arguments"},
			},
		}},
	}
	secret := object{"$ref": "#/$defs/Secret"}
	client := w.defs["ClientSpec"].(object)["properties"].(object)
	for _, f := range strictyaml.Fields(reflect.TypeFor[api.ClientSpec]()) {
		switch f.Type {
		case reflect.TypeFor[*api.Secret]():
			client[f.Name] = object{"$ref": "#/$defs/Secret", "description": w.words[wordKey(f)]}
		case reflect.TypeFor[*[]api.Secret]():
			client[f.Name] = object{"type": "array", "items": secret, "description": w.words[wordKey(f)]}
		}
	}
	client["variables"] = object{"type": "object", "additionalProperties": secret, "description": w.words["ClientSpec.Variables"]}
}
