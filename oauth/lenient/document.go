package lenient

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
)

// The formats of a document.
const (
	JSON = "json"
	Form = "form"
)

// maxDepth bounds the nesting: a document needs a handful.
const maxDepth = 64

// What can be wrong with a document.
var (
	// ErrPage is a web page where a document should be.
	ErrPage      = errors.New("it is a web page")
	errEmpty     = errors.New("it is empty")
	errForm      = errors.New("it is neither JSON nor a form")
	errJSON      = errors.New("the JSON is malformed")
	errDeep      = errors.New("the JSON is nested too deeply")
	errDuplicate = errors.New("a member is there twice, with different values")
	errTrailing  = errors.New("there is something behind the JSON")
)

// Read parses a body whatever its content type says: the type is wrong too
// often to go by it. With a format it is read as that only. The error is safe to
// show.
func Read(body []byte, format string) (any, error) {
	switch {
	case len(body) == 0:
		return nil, errEmpty
	case format == JSON:
		return parseJSON(body)
	case format == Form:
		return parseForm(body)
	case body[0] == '{' || body[0] == '[':
		return parseJSON(body)
	case body[0] == '<':
		return nil, ErrPage
	}
	return parseForm(body)
}

func parseForm(body []byte) (any, error) {
	if !bytes.ContainsRune(body, '=') || bytes.ContainsAny(body, "\r\n\x00<") {
		return nil, errForm
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errForm
	}
	object := make(map[string]any, len(values))
	for name, all := range values {
		for _, v := range all[1:] {
			if v != all[0] {
				return nil, errDuplicate
			}
		}
		object[name] = all[0]
	}
	return object, nil
}

// parseJSON is encoding/json but for what it lets pass: a member that is there
// twice is accepted only with equal values, member names are case-sensitive,
// numbers keep their text.
func parseJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := jsonValue(d, 0)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(body[d.InputOffset():])) > 0 {
		return nil, errTrailing
	}
	return v, nil
}

func jsonValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	t, err := d.Token()
	if err != nil {
		return nil, errJSON
	}
	switch t {
	case json.Delim('{'):
		return jsonObject(d, depth)
	case json.Delim('['):
		return jsonArray(d, depth)
	}
	return t, nil
}

func jsonObject(d *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errJSON
		}
		v, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		if old, twice := object[name]; twice && !reflect.DeepEqual(old, v) {
			return nil, errDuplicate
		}
		object[name] = v
	}
	if _, err := d.Token(); err != nil {
		return nil, errJSON
	}
	return object, nil
}

func jsonArray(d *json.Decoder, depth int) (any, error) {
	array := []any{}
	for d.More() {
		v, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	if _, err := d.Token(); err != nil {
		return nil, errJSON
	}
	return array, nil
}
