package connection

import (
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// The namespaces of the envelopes (SOAP 1.1 section 3, 1.2 part 1 section 5.1).
const (
	soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 = "http://www.w3.org/2003/05/soap-envelope"
)

// maxEnvelope bounds a body that is put into an envelope, in bytes.
const maxEnvelope = 32 << 20

// enveloped puts a body into a SOAP envelope, unless it is one already, and
// names the action where its version has it: in SOAPAction (1.1 section 6.1.1),
// or in the media type (RFC 3902).
func enveloped(content body, f callFlags, header http.Header) (body, error) {
	if content.reader == nil || len(f.form)+len(f.files) > 0 {
		return content, prompt.Usage("give the content of the envelope's Body with -d, or @FILE", "--soap needs a body of XML")
	}
	if closer, ok := content.reader.(io.Closer); ok {
		defer closer.Close()
	}
	text, err := io.ReadAll(io.LimitReader(content.reader, maxEnvelope))
	if err != nil {
		return content, prompt.Unreadable("the body", err)
	}
	start, rest := declaration(string(text))
	charset := ""
	if start == "" { // one that is there says it
		start, charset = `<?xml version="1.0" encoding="utf-8"?>`, "; charset=utf-8"
	}
	namespace, kind := soap11, "text/xml"+charset
	if f.soap12 {
		namespace, kind = soap12, "application/soap+xml"+charset
		if f.soap != "" {
			kind += "; action=" + strconv.Quote(f.soap)
		}
	} else {
		header.Set("SOAPAction", strconv.Quote(f.soap))
	}
	if !isEnvelope(rest) {
		rest = `<soap:Envelope xmlns:soap="` + namespace + `"><soap:Body>` + rest + `</soap:Body></soap:Envelope>`
	}
	return body{reader: strings.NewReader(start + rest), kind: kind}, nil
}

// declaration cuts off what may only stand at the very beginning of a document.
func declaration(text string) (start, rest string) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if end := strings.Index(text, "?>"); strings.HasPrefix(text, "<?xml") && end >= 0 {
		return text[:end+2], text[end+2:]
	}
	return "", text
}

// isEnvelope says whether the outermost element is an Envelope.
func isEnvelope(text string) bool {
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return false
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local == "Envelope"
		}
	}
}
