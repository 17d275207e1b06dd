package front

import (
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

const (
	maxBody         = 256 << 10 // bytes
	maxLengthDigits = 6         // of a Content-Length
	version         = "HTTP/1.1"
)

// head is the head of an ordinary request.
type head struct {
	method, target string
	url            *url.URL
	header         http.Header // without Host
	host           string
	length         int64 // of the body in bytes
	close          bool  // the connection ends after the answer
	size           int   // of the head in bytes
}

// parse reads a head with the empty line that ends it (RFC 9112 sections 3, 5).
func parse(text string) (head, verdict) {
	h := head{size: len(text)}
	line, rest := nextLine(text)
	var ok bool
	if h.method, h.target, ok = parseRequestLine(line); !ok {
		return h, unusual
	}
	var err error
	if h.url, err = url.ParseRequestURI(h.target); err != nil || h.url.Host != "" {
		return h, unusual
	}
	if !h.parseFields(rest) || h.host == "" {
		return h, unusual
	}
	return h, ordinary
}

// nextLine cuts a line. A LF alone, and a CR elsewhere, stay in it, where no
// part of a head may have them.
func nextLine(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\r\n")
	return line, rest
}

// parseRequestLine reads the first line (RFC 9112 section 3).
func parseRequestLine(line string) (method, target string, ok bool) {
	method, rest, _ := strings.Cut(line, " ")
	target, proto, _ := strings.Cut(rest, " ")
	if proto != version || !isToken(method) || method == http.MethodConnect {
		return "", "", false
	}
	if target == "" || target[0] != '/' {
		return "", "", false
	}
	for _, c := range []byte(target) {
		if c <= ' ' || c >= 0x7f {
			return "", "", false
		}
	}
	return method, target, true
}

// parseFields reads the lines after the first one.
func (h *head) parseFields(text string) bool {
	count := strings.Count(text, "\n") - 1
	h.header = make(http.Header, count)
	values := make([]string, 0, count) // one allocation for all
	for {
		var line string
		line, text = nextLine(text)
		if line == "" {
			return true
		}
		name, value, ok := parseField(line)
		if !ok || !h.note(name, value) {
			return false
		}
		if name == "Host" {
			continue
		}
		if before, ok := h.header[name]; ok {
			h.header[name] = append(before, value)
			continue
		}
		values = append(values, value)
		h.header[name] = values[len(values)-1 : len(values) : len(values)]
	}
}

// parseField reads a line of a header (RFC 9112 section 5).
func parseField(line string) (name, value string, ok bool) {
	name, value, found := strings.Cut(line, ":")
	if !found || !isToken(name) || !isVisible(value) { // a folded line begins with a space
		return "", "", false
	}
	return textproto.CanonicalMIMEHeaderKey(name), strings.Trim(value, " \t"), true
}

// note looks at a field that says what else is to come, and reports whether the
// request stays ordinary.
func (h *head) note(name, value string) bool {
	switch name {
	case "Host":
		if h.host != "" || !httpguts.ValidHostHeader(value) {
			return false
		}
		h.host = value
		return value != ""
	case "Content-Length":
		_, again := h.header[name]
		var ok bool
		h.length, ok = parseLength(value)
		return ok && !again
	case "Connection":
		_, again := h.header[name]
		h.close = strings.EqualFold(value, "close")
		return !again && (h.close || strings.EqualFold(value, "keep-alive"))
	case "Transfer-Encoding", "Trailer", "Upgrade", "Http2-Settings", "Expect", "Pragma":
		return false
	}
	return true
}

// parseLength reads digits alone.
func parseLength(text string) (int64, bool) {
	if text == "" || len(text) > maxLengthDigits {
		return 0, false
	}
	var n int64
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n <= maxBody
}

// isBeginning says whether whole lines may begin an ordinary head.
func isBeginning(lines string) bool {
	line, rest := nextLine(lines)
	if _, _, ok := parseRequestLine(line); !ok {
		return false
	}
	for rest != "" {
		line, rest = nextLine(rest)
		if _, _, ok := parseField(line); !ok {
			return false
		}
	}
	return true
}

// isVisible says whether text has no control characters but tabs.
func isVisible(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isToken says whether text is a token (RFC 9110 section 5.6.2).
func isToken(text string) bool {
	for _, c := range []byte(text) {
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' {
			continue
		}
		switch c {
		case '!', '#', '$', '%', '&', '\'', '*', '+', '.', '^', '_', '`', '|', '~':
		default:
			return false
		}
	}
	return text != ""
}
