package h1

import (
	"math"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// untilClose is the length of a body that ends with its connection.
const untilClose = -1

// framing says how the body of an answer ends (RFC 9112 section 6.3).
type framing struct {
	length  int64 // bytes; untilClose; 0 when there is none
	chunked bool
}

// frame reads how an answer's body ends, and sets the fields of the answer
// that say so to what [http.ReadResponse] would.
func frame(response *http.Response, method string) (framing, error) {
	header := response.Header
	response.Close = isLast(response)
	coded, err := isChunked(response)
	if err != nil {
		return framing{}, err
	}
	length, err := contentLength(header, coded)
	if err != nil {
		return framing{}, err
	}
	switch {
	case method == http.MethodHead:
		response.ContentLength = length
		if coded {
			response.ContentLength = -1
		}
		return framing{}, nil
	case response.StatusCode == http.StatusNoContent || response.StatusCode == http.StatusNotModified:
		response.ContentLength, response.TransferEncoding = 0, nil
		return framing{}, nil
	case coded:
		response.ContentLength = -1
		response.Trailer = announced(header)
		return framing{chunked: true}, nil
	case length < 0:
		response.ContentLength, response.Close = -1, true
		return framing{length: untilClose}, nil
	}
	response.ContentLength = length
	return framing{length: length}, nil
}

// isLast says whether the connection ends after the answer (RFC 9112 section 9.3).
func isLast(response *http.Response) bool {
	connection := response.Header["Connection"]
	if response.ProtoMinor == 0 {
		return httpguts.HeaderValuesContainsToken(connection, "close") || !httpguts.HeaderValuesContainsToken(connection, "keep-alive")
	}
	return len(connection) > 0 && httpguts.HeaderValuesContainsToken(connection, "close")
}

// isChunked takes Transfer-Encoding from the header.
func isChunked(response *http.Response) (bool, error) {
	codings, ok := response.Header["Transfer-Encoding"]
	if !ok {
		return false, nil
	}
	delete(response.Header, "Transfer-Encoding")
	if len(codings) != 1 || !strings.EqualFold(codings[0], "chunked") || response.ProtoMinor == 0 {
		return false, malformed("a Transfer-Encoding that is not chunked")
	}
	response.TransferEncoding = []string{"chunked"}
	return true, nil
}

// contentLength is the length that a header names; -1: none.
func contentLength(header http.Header, coded bool) (int64, error) {
	lengths, ok := header["Content-Length"]
	switch {
	case !ok:
		return -1, nil
	case coded:
		return 0, malformed("Content-Length beside Transfer-Encoding")
	case len(lengths) != 1:
		return 0, malformed("more than one Content-Length")
	case lengths[0] == "":
		return 0, malformed("a Content-Length that is not a number")
	}
	var n int64
	for _, c := range []byte(lengths[0]) {
		if !isDigit(c) || n > (math.MaxInt64-9)/10 {
			return 0, malformed("a Content-Length that is not a number")
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

// announced takes Trailer from the header and gives the names in it.
func announced(header http.Header) http.Header {
	fields, ok := header["Trailer"]
	if !ok {
		return nil
	}
	delete(header, "Trailer")
	trailer := make(http.Header)
	for _, field := range fields {
		for name := range strings.SplitSeq(field, ",") {
			if name = http.CanonicalHeaderKey(trim(name)); name != "" && !isFraming(name) {
				trailer[name] = nil
			}
		}
	}
	if len(trailer) == 0 {
		return nil
	}
	return trailer
}

// isFraming says whether a field, which says where a message ends, has no place
// in a trailer (RFC 9110 section 6.5.1).
func isFraming(name string) bool {
	return name == "Transfer-Encoding" || name == "Content-Length" || name == "Trailer"
}
