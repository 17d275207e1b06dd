package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// lookupJSON follows a JSON pointer (RFC 6901; a bare name x means /x) into the
// beginning of a document and gives the scalar there as text. Of a document
// that breaks off behind the member, all that is needed is there. A null is
// not found; an object or a list is, with empty text.
func lookupJSON(beginning []byte, pointer string) (value string, found bool) {
	decoder := json.NewDecoder(bytes.NewReader(beginning))
	decoder.UseNumber()
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		token, err := decoder.Token()
		if err != nil {
			return "", false
		}
		switch token {
		case json.Delim('{'):
			found = seekMember(decoder, step)
		case json.Delim('['):
			found = seekItem(decoder, step)
		default:
			return "", false
		}
		if !found {
			return "", false
		}
	}
	token, err := decoder.Token()
	if err != nil || token == nil {
		return "", false
	}
	if _, structured := token.(json.Delim); structured {
		return "", true
	}
	return fmt.Sprint(token), true
}

// seekMember leaves the decoder before the value of a member.
func seekMember(decoder *json.Decoder, name string) bool {
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		if token == name {
			return true
		}
		if !skipValue(decoder) {
			return false
		}
	}
	return false
}

// seekItem leaves the decoder before an item of a list.
func seekItem(decoder *json.Decoder, index string) bool {
	left, err := strconv.Atoi(index)
	if err != nil || left < 0 {
		return false
	}
	for ; decoder.More(); left-- {
		if left == 0 {
			return true
		}
		if !skipValue(decoder) {
			return false
		}
	}
	return false
}

// skipValue steps over a value of any depth without recursion.
func skipValue(decoder *json.Decoder) bool {
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return true
		}
	}
}
