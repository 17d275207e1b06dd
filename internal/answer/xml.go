package answer

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// step is one element of a path into XML.
type step struct {
	name      string
	which     int // of several with that name, from 0
	attribute bool
}

// steps reads a path; a number belongs to the name before it, since no name
// of XML begins with a digit.
func steps(path string) (list []step, ok bool) {
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		number, err := strconv.Atoi(part)
		name, attribute := strings.CutPrefix(part, "@")
		_, local, prefixed := strings.Cut(name, ":")
		if !prefixed {
			local = name
		}
		switch {
		case len(list) > 0 && list[len(list)-1].attribute, local == "":
			return nil, false
		case err != nil:
			list = append(list, step{name: local, attribute: attribute})
		case number < 0 || len(list) == 0:
			return nil, false
		default:
			list[len(list)-1].which = number
		}
	}
	return list, true
}

// lookupXML follows a path into the beginning of a document. Prefixes and
// namespaces do not count. An element with elements in it is found with the
// text between them.
func lookupXML(beginning []byte, path string) (string, bool) {
	way, ok := steps(path)
	if !ok {
		return "", false
	}
	decoder := reader(beginning)
	var at xml.StartElement
	for i, next := range way {
		if next.attribute {
			return attribute(at, next.name, i)
		}
		if at, ok = seekElement(decoder, next); !ok {
			return "", false
		}
	}
	return elementText(decoder)
}

// reader reads a document, in UTF-8 where the label of the body said its
// charset, else in what it declares.
func reader(beginning []byte) *xml.Decoder {
	decoder := xml.NewDecoder(bytes.NewReader(beginning))
	decoder.CharsetReader = func(label string, input io.Reader) (io.Reader, error) {
		if utf8.Valid(beginning) {
			return input, nil // what declares another charset was turned already, or is ASCII
		}
		return charset.NewReaderLabel(label, input)
	}
	return decoder
}

// attribute is one of the element that was found last.
func attribute(of xml.StartElement, name string, depth int) (string, bool) {
	if depth == 0 {
		return "", false
	}
	for _, a := range of.Attr {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// seekElement leaves the decoder behind the beginning of an element.
func seekElement(decoder *xml.Decoder, wanted step) (xml.StartElement, bool) {
	left := wanted.which
	for {
		token, err := decoder.Token()
		if err != nil {
			return xml.StartElement{}, false
		}
		switch token := token.(type) {
		case xml.EndElement:
			return xml.StartElement{}, false
		case xml.StartElement:
			if token.Name.Local == wanted.name {
				if left == 0 {
					return token.Copy(), true
				}
				left--
			}
			if decoder.Skip() != nil {
				return xml.StartElement{}, false
			}
		}
	}
}

// elementText is the text of an element up to its end, without that of the
// elements in it.
func elementText(decoder *xml.Decoder) (string, bool) {
	var text strings.Builder
	for {
		token, err := decoder.Token()
		if err != nil {
			return "", false
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			if decoder.Skip() != nil {
				return strings.TrimSpace(text.String()), true // it is there, and breaks off further on
			}
		case xml.EndElement:
			return strings.TrimSpace(text.String()), true
		}
	}
}
