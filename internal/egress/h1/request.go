package h1

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"

	"golang.org/x/net/http/httpguts"
)

const (
	maxBody    = 32 << 10 // bytes of a request's body that is sent from here
	readerSize = 16 << 10 // bytes
	deskSize   = 64 << 10 // bytes a desk may keep for the next request
)

// desk is the memory of one exchange, used again for others.
type desk struct {
	message []byte // the whole request
	head    int    // where its body begins
	reader  *bufio.Reader
	lines   []byte // the head of the answer, as it comes
}

func newDesk() *desk { return &desk{reader: bufio.NewReaderSize(nil, readerSize)} }

// isUsual says whether a request can be sent from here.
func isUsual(r *http.Request) bool {
	if r.Close || r.Trailer != nil || r.TransferEncoding != nil {
		return false
	}
	return isUsualTarget(r) && isUsualBody(r) && areUsualFields(r.Header) && isUntraced(httptrace.ContextClientTrace(r.Context()))
}

func isUsualTarget(r *http.Request) bool {
	if r.Method != "" && !isToken(r.Method) || r.Method == http.MethodConnect {
		return false
	}
	u := r.URL
	return u != nil && (u.Scheme == "https" || u.Scheme == "http") && u.Opaque == "" && isPlainHost(u.Host) && isPlainHost(hostOf(r))
}

// isUsualBody says whether there is no body, or a small one of known length.
func isUsualBody(r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return r.ContentLength == 0
	}
	return r.ContentLength > 0 && r.ContentLength <= maxBody
}

// areUsualFields leaves what is wrong or needs care to the standard Transport,
// which knows what to say of it.
func areUsualFields(header http.Header) bool {
	for name, values := range header {
		switch name {
		case "Connection", "Proxy-Connection", "Upgrade", "Expect", "Transfer-Encoding", "Trailer":
			return false
		}
		if !isToken(name) || name[0] >= 'a' && name[0] <= 'z' {
			return false
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return false
			}
		}
	}
	return true
}

// isUntraced says whether nobody wants to see more than 1xx answers.
func isUntraced(t *httptrace.ClientTrace) bool {
	return t == nil || !tracesConnecting(t) && !tracesSending(t)
}

func tracesConnecting(t *httptrace.ClientTrace) bool {
	return t.GetConn != nil || t.GotConn != nil || t.PutIdleConn != nil || t.DNSStart != nil || t.DNSDone != nil ||
		t.ConnectStart != nil || t.ConnectDone != nil || t.TLSHandshakeStart != nil || t.TLSHandshakeDone != nil
}

func tracesSending(t *httptrace.ClientTrace) bool {
	return t.GotFirstResponseByte != nil || t.Got100Continue != nil || t.Wait100Continue != nil ||
		t.WroteHeaderField != nil || t.WroteHeaders != nil || t.WroteRequest != nil
}

func hostOf(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

// isPlainHost says whether a host needs no encoding and can break no line.
func isPlainHost(host string) bool {
	for _, c := range []byte(host) {
		if !isLetter(c) && !isDigit(c) && c != '.' && c != '-' && c != '_' && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	return host != "" && host[len(host)-1] != ':'
}

// write puts a usual request on the desk and closes its body.
func (d *desk) write(r *http.Request) error {
	defer closeBody(r)
	b, err := appendHead(d.message[:0], r)
	if err != nil {
		return err
	}
	d.head = len(b)
	if r.ContentLength > 0 {
		b = slices.Grow(b, int(r.ContentLength))[:d.head+int(r.ContentLength)]
		if n, err := io.ReadFull(r.Body, b[d.head:]); err != nil {
			return fmt.Errorf("a body of %d bytes has %d: %w", r.ContentLength, n, err)
		}
		var more [1]byte
		if n, err := r.Body.Read(more[:]); n > 0 {
			return fmt.Errorf("a body of %d bytes has more", r.ContentLength)
		} else if err != nil && err != io.EOF {
			return err
		}
	}
	d.message = b
	return nil
}

// appendHead writes the head of a request (RFC 9112 section 3).
func appendHead(b []byte, r *http.Request) ([]byte, error) {
	method := cmp.Or(r.Method, http.MethodGet)
	target := r.URL.RequestURI()
	for _, c := range []byte(target) {
		if c <= ' ' || c == 0x7f {
			return nil, errors.New("the target of the request holds a space or a control character")
		}
	}
	b = append(append(b, method...), ' ')
	b = append(append(b, target...), " HTTP/1.1\r\n"...)
	b = appendField(b, "Host", hostOf(r))
	if _, ok := r.Header["User-Agent"]; !ok {
		b = appendField(b, "User-Agent", "Go-http-client/1.1")
	}
	if r.ContentLength > 0 || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, r.ContentLength, 10), "\r\n"...)
	}
	for name, values := range r.Header {
		switch name {
		case "Host", "Content-Length":
			continue
		case "User-Agent": // one at the most, and none when it is empty
			if values = values[:min(len(values), 1)]; len(values) == 1 && values[0] == "" {
				continue
			}
		}
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	return append(b, "\r\n"...), nil
}

func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, trim(value)...)
	return append(b, "\r\n"...)
}

// trim takes spaces and tabs from both ends.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// isToken says whether text is a token (RFC 9110 section 5.6.2).
func isToken(text string) bool {
	for _, c := range []byte(text) {
		if isLetter(c) || isDigit(c) || c == '-' {
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

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
