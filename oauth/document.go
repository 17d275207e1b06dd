package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

const maxDepth = 64

var (
	errHTML      = errors.New("it is a web page")
	errEmpty     = errors.New("it is empty")
	errForm      = errors.New("it is neither JSON nor a form")
	errJSON      = errors.New("the JSON is malformed")
	errDeep      = errors.New("the JSON is nested too deeply")
	errDuplicate = errors.New("a member is there twice, with different values")
	errTrailing  = errors.New("there is something behind the JSON")
)

// document reads the body whatever its content type says: the type is wrong
// too often to go by it.
func (r Response) document(format string) (any, error) {
	body := trimBody(r.Body)
	switch {
	case len(body) == 0:
		return nil, errEmpty
	case format == EncodingJSON:
		return parseJSON(body)
	case format == EncodingForm:
		return parseForm(body)
	case body[0] == '{' || body[0] == '[':
		return parseJSON(body)
	case body[0] == '<':
		return nil, errHTML
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

// lookup follows a JSON pointer (RFC 6901). A bare name x means /x; the empty
// pointer is the whole document.
func lookup(doc any, pointer string) (any, bool) {
	if pointer == "" {
		return doc, doc != nil
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		switch node := doc.(type) {
		case map[string]any:
			v, ok := node[step]
			if !ok {
				return nil, false
			}
			doc = v
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(node) {
				return nil, false
			}
			doc = node[i]
		default:
			return nil, false
		}
	}
	return doc, true
}

// text gives the member at pointer if it is a string that is not empty.
func text(doc any, pointer string) string {
	v, _ := lookup(doc, pointer)
	s, _ := v.(string)
	return s
}

func or(pointer, standard string) string {
	if pointer != "" {
		return pointer
	}
	return standard
}
