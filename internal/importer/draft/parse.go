package draft

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// The limits of an input.
const (
	MaxSize  = 50 << 20 // bytes of all files together
	MaxDepth = 200      // levels of maps and lists in one another
)

// CheckSize refuses inputs that are empty or larger than [MaxSize] together.
// The error has [api.CodeInvalid].
func CheckSize(files []File) error {
	total := 0
	for _, f := range files {
		total += len(f.Data)
	}
	switch {
	case total == 0:
		return fault.New(api.CodeInvalid, "there is nothing to import: the input is empty")
	case total > MaxSize:
		return fault.New(api.CodeInvalid, "the input is larger than %d MB", MaxSize>>20).
			WithHint("import it in parts")
	}
	return nil
}

// Parse reads a JSON or YAML file. A key that stands twice in one JSON map is
// noted. The error has [api.CodeInvalid], names the file and quotes no value.
func (d *Draft) Parse(f File) (Value, error) {
	if err := CheckSize([]File{f}); err != nil {
		return Value{}, err
	}
	root := &place{step: f.Name, file: true}
	data := bytes.TrimPrefix(f.Data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return Value{}, fault.New(api.CodeInvalid, "%s is not UTF-8 text", f.Name).
			WithHint("save it as UTF-8")
	}
	if looksLikeJSON(data) {
		raw, err := d.json(data, root)
		if err == nil {
			return Value{raw: raw, at: root}, nil
		}
		if errors.Is(err, errTooDeep) || len(data) > maxFlow {
			return Value{}, notJSON(f.Name, err)
		}
	}
	if err := checkYAML(f.Name, data); err != nil {
		return Value{}, err
	}
	var raw any
	if err := strictyaml.Decode(f.Name, data, &raw); err != nil {
		return Value{}, err
	}
	return Value{raw: numbers(raw), at: root}, nil
}

// maxFlow is how large a text that begins as JSON does, and is none, may be to
// be tried as YAML: real ones are small and written by hand.
const maxFlow = 1 << 20

func looksLikeJSON(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && (data[0] == '{' || data[0] == '[')
}

var errTooDeep = errors.New("nested too deeply")

func notJSON(name string, err error) error {
	if errors.Is(err, errTooDeep) {
		return fault.New(api.CodeInvalid, "%s is nested more than %d levels deep", name, MaxDepth)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fault.Wrap(err, api.CodeInvalid, "%s is not JSON: it breaks off or goes wrong at byte %d", name, syntax.Offset)
	}
	return fault.Wrap(err, api.CodeInvalid, "%s is not JSON", name)
}

// json reads one JSON value and nothing behind it.
func (d *Draft) json(data []byte, root *place) (any, error) {
	r := jsonReader{draft: d, decoder: json.NewDecoder(bytes.NewReader(data))}
	r.decoder.UseNumber()
	before := len(d.Notes)
	raw, err := r.value(root, 0)
	if err == nil {
		if _, more := r.decoder.Token(); more != io.EOF {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		d.forget(before)
	}
	return raw, err
}

// forget takes back the notes made since there were so many.
func (d *Draft) forget(before int) {
	for key, at := range d.noted {
		if at >= before {
			delete(d.noted, key)
		}
	}
	d.Notes = d.Notes[:before]
}

// jsonReader builds a tree token by token: json.Unmarshal would drop a key
// that stands twice without a word.
type jsonReader struct {
	draft   *Draft
	decoder *json.Decoder
}

func (r jsonReader) value(at *place, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, errTooDeep
	}
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return r.mapping(at, depth)
	case json.Delim('['):
		return r.list(at, depth)
	}
	return token, nil
}

func (r jsonReader) mapping(at *place, depth int) (any, error) {
	members := make(map[string]any)
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		member := &place{above: at, step: key}
		value, err := r.value(member, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := members[key]; twice {
			r.draft.Add(Note{Where: Value{at: member}.Where(), What: "a key stands twice in one map", Why: "only the last one counts", Do: "keep one of them"})
		}
		members[key] = value
	}
	_, err := r.decoder.Token()
	return members, err
}

func (r jsonReader) list(at *place, depth int) (any, error) {
	items := []any{}
	for r.decoder.More() {
		item, err := r.value(at, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := r.decoder.Token()
	return items, err
}

// numbers gives the numbers of a YAML tree the type they have in a JSON tree.
func numbers(raw any) any {
	switch raw := raw.(type) {
	case map[string]any:
		for key, value := range raw {
			raw[key] = numbers(value)
		}
		return raw
	case []any:
		for i, value := range raw {
			raw[i] = numbers(value)
		}
		return raw
	case nil, string, bool:
		return raw
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return nil // not a number: .nan and .inf are refused before
	}
	return json.Number(text)
}
