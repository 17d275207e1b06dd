package answer

import (
	"bytes"
	"io"
	"mime"
	"net/url"
	"strings"

	"golang.org/x/net/html/charset"
)

// format is how a document is written.
type format int

const (
	unknown format = iota
	inJSON
	inXML
	asForm
	asText
)

// The names that settings may use in place of whole media types.
const (
	JSON = "json"
	XML  = "xml"
	SOAP = "soap" // SOAP 1.1: XML in an envelope, whose faults are errors
	Form = "form"
	Text = "text"
)

// MediaType is the media type that a name of the settings stands for; a whole
// media type stands for itself.
func MediaType(name string) string {
	switch name {
	case JSON:
		return "application/json"
	case XML:
		return "application/xml"
	case SOAP:
		return "text/xml; charset=utf-8"
	case Form:
		return "application/x-www-form-urlencoded"
	case Text:
		return "text/plain; charset=utf-8"
	}
	return name
}

// Known says whether settings may name a media type so.
func Known(name string) bool {
	kind, _, err := mime.ParseMediaType(MediaType(name))
	return err == nil && strings.Contains(kind, "/")
}

// Document is the beginning of a body in UTF-8.
type Document struct {
	format format
	text   []byte
}

// Read takes a body for what its label says, or its first character where the
// label says nothing of use. The text is then UTF-8, whatever it was: by the
// label's charset (RFC 9110 section 8.3.2), a byte order mark, or what an XML
// declaration says (RFC 7303 section 3).
func Read(label string, body []byte) Document {
	kind, params, err := mime.ParseMediaType(label)
	if err != nil {
		kind, params = "", nil
	}
	d := Document{format: formatOf(kind), text: body}
	if d.format == unknown {
		d.format = sniff(body)
	}
	d.text = inUTF8(body, params["charset"])
	return d
}

// formatOf reads a media type. Text and HTML say little: many APIs call JSON so.
func formatOf(kind string) format {
	switch {
	case kind == "application/json", kind == "text/json", strings.HasSuffix(kind, "+json"):
		return inJSON
	case kind == "application/xml", kind == "text/xml", strings.HasSuffix(kind, "+xml") && kind != "application/xhtml+xml":
		return inXML
	case kind == "application/x-www-form-urlencoded":
		return asForm
	}
	return unknown
}

// sniff tells XML from JSON by the first character that is no white space.
func sniff(body []byte) format {
	start := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(start) == 0:
		return asText
	case start[0] == '<':
		return inXML
	case start[0] == '{', start[0] == '[':
		return inJSON
	}
	return asText
}

// inUTF8 turns a text into UTF-8. A charset that is not known changes nothing.
func inUTF8(body []byte, name string) []byte {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return body[3:]
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		name, body = "utf-16le", body[2:]
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		name, body = "utf-16be", body[2:]
	case name == "" || strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "us-ascii"):
		return body
	}
	reader, err := charset.NewReaderLabel(name, bytes.NewReader(body))
	if err != nil {
		return body
	}
	// A beginning may end in the middle of a character, so an error there is no matter.
	text, _ := io.ReadAll(reader)
	return text
}

// Lookup gives the text at a path; an element or object that holds others is
// found with empty text. In JSON a path is a pointer (RFC 6901), and a bare name
// x means /x. In XML it names elements from the outermost, without prefixes:
// /Envelope/Body/Fault/faultstring; a number behind a name is which of several,
// from 0, and @name at the end an attribute. In a form it is the field's name.
func (d Document) Lookup(path string) (text string, found bool) {
	switch d.format {
	case inJSON:
		return lookupJSON(d.text, path)
	case inXML:
		return lookupXML(d.text, path)
	case asForm:
		return lookupForm(d.text, path)
	}
	return "", false
}

func lookupForm(body []byte, path string) (string, bool) {
	fields, _ := url.ParseQuery(strings.TrimSpace(string(body))) // what can be read of it
	values, found := fields[strings.TrimPrefix(path, "/")]
	if !found || len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// Text is the document as text for people.
func (d Document) Text() string { return string(d.text) }
