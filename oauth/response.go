package oauth

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

const maxBody = 1 << 20 // 1 MiB, after decompression

// Response is an answer read to its end: what a Token is judged from, any
// number of times. Body may hold secrets and redacts itself.
type Response struct {
	Status   int
	Header   http.Header
	Body     Salvage
	Received time.Time // with its monotonic reading, so that a jumping clock does not move expiry
}

// ReadResponse reads an answer to its end and closes it: at most 1 MiB after
// decompression, whatever the encoding is called. A success that breaks off is
// an unknown outcome, for what was asked has been done; a failure that breaks
// off is still that failure. The error is an *Error.
func ReadResponse(resp *http.Response, received time.Time) (Response, error) {
	defer func() { _ = resp.Body.Close() }()
	r := Response{Status: resp.StatusCode, Header: resp.Header, Received: received}
	raw, err := readCapped(resp.Body)
	plain := raw
	if err == nil {
		plain, err = inflate(raw, resp.Header.Get("Content-Encoding"))
	}
	r.Body = plain
	if err == nil || r.Status >= 300 {
		return r, nil
	}
	if errors.Is(err, errTooLarge) {
		return r, &Error{Code: CodeTooLarge, Status: r.Status, Action: ActionConfigure,
			Description: "the answer is larger than 1 MiB; this is no token endpoint"}
	}
	return r, &Error{Code: CodeUnreadable, Status: r.Status, Action: ActionUnknownOutcome,
		Description: "the answer broke off or cannot be decompressed: " + describe(err), Salvage: raw, cause: err}
}

var errTooLarge = errors.New("larger than 1 MiB")

func readCapped(from io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(from, maxBody+1))
	if len(b) > maxBody {
		return b[:maxBody], errTooLarge
	}
	return b, err
}

// inflate goes by the bytes before it goes by the label: gzip is mislabelled in
// both directions by servers behind proxies.
func inflate(raw []byte, encoding string) ([]byte, error) {
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	switch {
	case bytes.HasPrefix(raw, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return raw, err
		}
		return readCapped(z)
	case encoding == "deflate" && !looksPlain(raw):
		if z, err := zlib.NewReader(bytes.NewReader(raw)); err == nil {
			return readCapped(z)
		}
		return readCapped(flate.NewReader(bytes.NewReader(raw)))
	}
	return raw, nil
}

func looksPlain(raw []byte) bool {
	b := trimBody(raw)
	return len(b) > 0 && (b[0] == '{' || b[0] == '<' || bytes.HasPrefix(b, []byte("access_token=")))
}

func trimBody(b []byte) []byte {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	return bytes.Trim(b, " \t\r\n")
}
