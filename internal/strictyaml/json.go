package strictyaml

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// parseJSON reads a JSON text into the tree that the same text as YAML gives.
// It reports false where the text is not JSON, nor may be: YAML's flow style
// looks alike, and its parser says better what is wrong.
//
// JSON has its own way because not all of it is YAML (pairs of surrogates in
// escapes, tabs), and because it may stand on one line, however long.
func parseJSON(data []byte) (*yaml.Node, bool) {
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' || !json.Valid(text) {
		return nil, false
	}
	before := data[:len(data)-len(text)]
	r := &jsonReader{text: text, line: 1 + bytes.Count(before, []byte("\n")), column: 1}
	r.column += len(before) - 1 - bytes.LastIndexByte(before, '\n')
	n := r.value(1)
	return n, n != nil
}

// jsonReader walks a text that is known to be valid JSON.
type jsonReader struct {
	text         []byte
	at           int
	line, column int // of text[counted]
	counted      int
}

// here is the node that begins at r.at. Columns are counted from the last node
// on, for a text may be one long line.
func (r *jsonReader) here() *yaml.Node {
	r.column += utf8.RuneCount(r.text[r.counted:r.at])
	r.counted = r.at
	return &yaml.Node{Line: r.line, Column: r.column}
}

// space skips white space and counts lines.
func (r *jsonReader) space() {
	for ; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case '\n':
			r.line++
			r.column, r.counted = 1, r.at+1
		case ' ', '\t', '\r':
		default:
			return
		}
	}
}

// value reads the next value. Below the limit of nesting, which the caller
// refuses, it makes an empty one, so that its own stack is bounded.
func (r *jsonReader) value(level int) *yaml.Node {
	r.space()
	n := r.here()
	switch r.text[r.at] {
	case '{', '[':
		r.container(n, level)
	case '"':
		n.Kind, n.Tag, n.Style = yaml.ScalarNode, tagText, yaml.DoubleQuotedStyle
		n.Value = r.quoted()
	default:
		n.Kind = yaml.ScalarNode
		n.Value = r.word()
		n.Tag = jsonTag(n.Value)
	}
	return n
}

func (r *jsonReader) container(n *yaml.Node, level int) {
	n.Style = yaml.FlowStyle
	closes := byte(']')
	n.Kind = yaml.SequenceNode
	if r.text[r.at] == '{' {
		n.Kind, closes = yaml.MappingNode, '}'
	}
	if level > maxNesting+1 {
		r.at = len(r.text) // refused for its depth: the rest does not matter
		return
	}
	r.at++
	for r.space(); r.at < len(r.text) && r.text[r.at] != closes; r.space() {
		if c := r.text[r.at]; c == ',' || c == ':' {
			r.at++
			continue
		}
		n.Content = append(n.Content, r.value(level+1))
	}
	r.at++
}

// quoted reads a string.
func (r *jsonReader) quoted() (text string) {
	start := r.at
	for r.at++; r.text[r.at] != '"'; r.at++ {
		if r.text[r.at] == '\\' {
			r.at++
		}
	}
	r.at++
	_ = json.Unmarshal(r.text[start:r.at], &text) // it is valid
	return text
}

// word reads a number, true, false or null.
func (r *jsonReader) word() string {
	start := r.at
	for r.at < len(r.text) && !bytes.ContainsRune([]byte(" \t\r\n,:]}"), rune(r.text[r.at])) {
		r.at++
	}
	return string(r.text[start:r.at])
}

func jsonTag(word string) string {
	switch word {
	case "true", "false":
		return tagBool
	case "null":
		return tagNull
	}
	if _, err := strconv.ParseInt(word, 10, 64); err == nil {
		return tagInt
	}
	if _, err := strconv.ParseUint(word, 10, 64); err == nil {
		return tagInt
	}
	return tagFloat
}
