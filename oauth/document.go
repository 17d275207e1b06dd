package oauth

import (
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/oauth/lenient"
)

// document reads the body by the format, or by its looks.
func (r Response) document(format string) (any, error) {
	return lenient.Read(trimBody(r.Body), format)
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
