package front

import (
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// begin writes the status line and the fields of the handler as they stand,
// but for those that depend on the body.
func (w *response) begin() {
	if allowsBody(w.status) {
		w.length = w.declared()
	}
	w.output = appendStatus(w.output, w.status)
	w.sortNames()
	for _, name := range w.names {
		values := w.header[name]
		switch name {
		case "Content-Length", "Transfer-Encoding":
			continue
		case "Connection":
			w.connection = values
			w.last = w.last || len(values) > 0 && values[0] == "close"
			continue
		case "Content-Type":
			if w.typed = true; w.status == http.StatusNotModified {
				continue
			}
		case "Content-Encoding":
			w.coded = len(values) > 0 && values[0] != ""
		case "Date":
			w.dated = true
		case "Trailer":
			w.announce(values)
		}
		if strings.HasPrefix(name, http.TrailerPrefix) {
			w.uncounted = true
			continue
		}
		w.output = appendFields(w.output, name, values)
	}
}

// declared is the length that the handler says.
func (w *response) declared() int64 {
	values := w.header["Content-Length"]
	if len(values) == 0 || values[0] == "" {
		return unknown
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || n < 0 {
		w.conn.server.logf("http: invalid Content-Length of %q", values[0])
		w.uncounted = true
		return unknown
	}
	return n
}

// announce notes the fields that will follow the body (RFC 9110 section 6.6.2).
func (w *response) announce(values []string) {
	w.uncounted = true
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			name = textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name))
			if name != "" && httpguts.ValidTrailerHeader(name) {
				w.trailers = append(w.trailers, name)
			}
		}
	}
}

// appendTrailers writes what follows the body.
func (w *response) appendTrailers(b []byte) []byte {
	for name, values := range w.header {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			b = appendFields(b, name, values)
		}
	}
	for _, name := range w.trailers {
		b = appendFields(b, name, w.header[name])
	}
	return b
}

// inform sends what is said before the answer (RFC 9110 section 15.2).
func (w *response) inform(status int) {
	w.output = appendStatus(w.output, status)
	w.sortNames()
	for _, name := range w.names {
		if name != "Content-Length" && name != "Transfer-Encoding" {
			w.output = appendFields(w.output, name, w.header[name])
		}
	}
	w.output = append(w.output, "\r\n"...)
	w.flush()
}

// sortNames puts the names of the fields in order, for people who read them.
func (w *response) sortNames() {
	w.names = w.names[:0]
	for name := range w.header {
		w.names = append(w.names, name)
	}
	slices.Sort(w.names)
}

func appendStatus(b []byte, status int) []byte {
	b = strconv.AppendInt(append(b, "HTTP/1.1 "...), int64(status), 10)
	text := http.StatusText(status)
	if text == "" {
		text = "status code " + strconv.Itoa(status)
	}
	return append(append(append(b, ' '), text...), "\r\n"...)
}

// appendFields leaves out what cannot be the name of a field, as the standard
// server does.
func appendFields(b []byte, name string, values []string) []byte {
	if len(values) == 0 || !isToken(name) {
		return b
	}
	for _, value := range values {
		b = appendField(b, name, value)
	}
	return b
}

// appendField writes a field. A line break in the value would begin another
// one, so it becomes a space.
func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	begin := len(b)
	b = append(b, textproto.TrimString(value)...)
	for i, c := range b[begin:] {
		if c == '\r' || c == '\n' {
			b[begin+i] = ' '
		}
	}
	return append(b, "\r\n"...)
}

// saysClose says whether a Connection field ends the connection.
func saysClose(values []string) bool {
	return httpguts.HeaderValuesContainsToken(values, "close")
}
