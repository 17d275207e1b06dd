package h1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"
)

const (
	defaultMaxHeader = 1 << 20 // bytes
	maxFields        = 1000
	maxTrailer       = 64 << 10 // bytes
)

// readHead reads the lines up to the first empty one, at most so many bytes.
func (d *desk) readHead(most int) (string, error) {
	d.lines = d.lines[:0]
	begin := 0 // of the line that is being read
	for {
		part, err := d.reader.ReadSlice('\n')
		d.lines = append(d.lines, part...)
		switch {
		case len(d.lines) > most:
			return "", ErrHeaderTooLarge
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		}
		if line := d.lines[begin:]; len(line) == 1 || len(line) == 2 && line[0] == '\r' {
			return string(d.lines), nil
		}
		begin = len(d.lines)
	}
}

// nextLine cuts a line from text, without what ends it (RFC 9112 section 2.2).
func nextLine(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

// parseStatus reads a status line (RFC 9112 section 4).
func parseStatus(line string, into *http.Response) error {
	version, rest, _ := strings.Cut(line, " ")
	switch version {
	case "HTTP/1.1":
		into.ProtoMinor = 1
	case "HTTP/1.0":
		into.ProtoMinor = 0
	default:
		return malformed("the first line is not that of HTTP/1.1")
	}
	into.Proto, into.ProtoMajor = version, 1
	into.Status = strings.TrimLeft(rest, " ")
	code, _, _ := strings.Cut(into.Status, " ")
	if len(code) != 3 || !isDigit(code[0]) || !isDigit(code[1]) || !isDigit(code[2]) || code[0] == '0' {
		return malformed("the status is not a number of three digits")
	}
	into.StatusCode = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	if strings.ContainsAny(into.Status, "\r\x00") {
		return malformed("a control character in the first line")
	}
	return nil
}

// parseFields reads the fields of a header or a trailer, which an empty line ends.
func parseFields(text string) (http.Header, error) {
	count := strings.Count(text, "\n") - 1
	if count > maxFields {
		return nil, fmt.Errorf("%w: more than %d fields", ErrHeaderTooLarge, maxFields)
	}
	header := make(http.Header, count)
	values := make([]string, 0, count) // one allocation for all
	for {
		var line string
		line, text = nextLine(text)
		if line == "" {
			return header, nil
		}
		name, value, found := strings.Cut(line, ":")
		if !found || !isToken(name) { // a folded line begins with a space
			return nil, malformed("a line of the header is not a name, a colon and a value")
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, malformed("a control character in the header")
		}
		name, value = textproto.CanonicalMIMEHeaderKey(name), trim(value)
		if before, ok := header[name]; ok {
			header[name] = append(before, value)
			continue
		}
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
}
