package operation

import (
	"bytes"
	"encoding/json"
	"mime"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// pointed follows a JSON pointer (RFC 6901; a bare name x means /x). The bytes
// come back as they stand in the document; a null is not found.
func pointed(document []byte, pointer string) (json.RawMessage, bool) {
	at := json.RawMessage(document)
	if pointer == "" {
		return at, true
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		var object map[string]json.RawMessage
		if json.Unmarshal(at, &object) == nil {
			at = object[step]
		} else {
			var list []json.RawMessage
			index, err := strconv.Atoi(step)
			if json.Unmarshal(at, &list) != nil || err != nil || index < 0 || index >= len(list) {
				return nil, false
			}
			at = list[index]
		}
		if len(at) == 0 || bytes.Equal(at, []byte("null")) {
			return nil, false
		}
	}
	return at, true
}

// pointedText is a scalar at a pointer as text; nothing when there is none.
func pointedText(document []byte, pointer string) string {
	raw, found := pointed(document, pointer)
	if !found {
		return ""
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return ""
	}
	text, _ := textOf(value)
	return text
}

// items are the members of the list in an answer. Without a pointer a list is
// its members, and anything else is one item.
func items(name string, body []byte, pointer string) ([]json.RawMessage, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	at, found := pointed(body, pointer)
	if !found {
		return nil, nil // an empty list that the API leaves out
	}
	if at = bytes.TrimSpace(at); at[0] != '[' {
		if pointer == "" {
			return []json.RawMessage{at}, nil
		}
		return nil, fault.New(api.CodeUpstream, "the answer of the operation %s has no list at %s", name, pointer).
			WithHint("correct items of the operation; valetkey call shows what the API answers")
	}
	var list []json.RawMessage
	if err := json.Unmarshal(at, &list); err != nil {
		return nil, fault.Wrap(err, api.CodeUpstream, "the answer of the operation %s is not whole", name)
	}
	return list, nil
}

// isJSON tells an answer in JSON by its media type, or by its beginning where
// the API calls it nothing or text.
func isJSON(contentType string, body []byte) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err == nil && (kind == mediaJSON || strings.HasSuffix(kind, "+json") || kind == "text/json") {
		return true
	}
	start := bytes.TrimSpace(body)
	untold := err != nil || kind == "text/plain" || kind == "application/octet-stream"
	return len(start) == 0 || untold && (start[0] == '{' || start[0] == '[') && json.Valid(start)
}
