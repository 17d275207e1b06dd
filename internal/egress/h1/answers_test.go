package h1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func wellFormed() map[string]string {
	return map[string]string{
		"length":            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a:  2 \r\n\r\nhello",
		"empty":             "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"no reason":         "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
		"odd status":        "HTTP/1.1 599 It Depends\r\nContent-Length: 0\r\n\r\n",
		"chunked":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
		"chunked, capitals": "HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
		"trailer":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Grpc-Status\r\n\r\n2\r\nhi\r\n0\r\nGrpc-Status: 0\r\nUnannounced: x\r\n\r\n",
		"until close":       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it",
		"HTTP/1.0":          "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"204":               "HTTP/1.1 204 No Content\r\n\r\n",
		"304":               "HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\nContent-Length: 10\r\n\r\n",
		"connection close":  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
		"103 first":         "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"bare LF":           "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
		"many cookies":      "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
		"long line":         "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("l", 40<<10) + "\r\nContent-Length: 2\r\n\r\nok",
		"large body":        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("b", 100000),
		"high bytes":        "HTTP/1.1 200 OK\r\nX-Name: caf\xc3\xa9 \xff\r\nContent-Length: 0\r\n\r\n",
	}
}

func TestAnswersAreReadAsTheStandardTransportReadsThem(t *testing.T) {
	for name, answer := range wellFormed() {
		t.Run(name, func(t *testing.T) {
			h := saying(t, answer)
			for _, method := range []string{"GET", "POST"} {
				plain := standard()
				t.Cleanup(plain.CloseIdleConnections)
				want, err := told(plain, request(t, t.Context(), method, h.url, ""))
				if err != nil {
					t.Fatal(err)
				}
				got, err := told(client(t), request(t, t.Context(), method, h.url, ""))
				if err != nil || got != want {
					t.Errorf("%s: %v\n%.300s\nwant\n%.300s", method, err, got, want)
				}
			}
		})
	}
}

func TestAnswersToHEADHaveNoBody(t *testing.T) {
	for _, head := range []string{"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""} {
		h := saying(t, "HTTP/1.1 200 OK\r\n"+head+"\r\n")
		plain := standard()
		t.Cleanup(plain.CloseIdleConnections)
		want, err := told(plain, request(t, t.Context(), "HEAD", h.url, ""))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := told(client(t), request(t, t.Context(), "HEAD", h.url, "")); err != nil || got != want {
			t.Errorf("%q: %v\n%s\nwant\n%s", head, err, got, want)
		}
	}
}

func TestP08_AnswersThatCanBeReadInTwoWaysAreRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"length beside coding":   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
		"the same length twice":  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
		"a list of lengths":      "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
		"a negative length":      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
		"a signed length":        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
		"a hexadecimal length":   "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
		"an empty length":        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok",
		"a huge length":          "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok",
		"another coding":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two codings":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"coding twice":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"coding in HTTP/1.0":     "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a folded line":          "HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok",
		"a folded first line":    "HTTP/1.1 200 OK\r\n X-A: 1\r\nContent-Length: 2\r\n\r\nok",
		"a space before a colon": "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
		"no colon":               "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\nok",
		"no name":                "HTTP/1.1 200 OK\r\n: 2\r\n\r\nok",
		"a bare CR":              "HTTP/1.1 200 OK\r\nX-A: 1\rContent-Length: 2\r\n\r\nok",
		"a control":              "HTTP/1.1 200 OK\r\nX-A: \x12\r\nContent-Length: 2\r\n\r\nok",
		"a NUL":                  "HTTP/1.1 200 OK\r\nX-A: 1\x00\r\nContent-Length: 2\r\n\r\nok",
		"a CR in the first line": "HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/2 in text":         "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"no status":              "HTTP/1.1\r\nContent-Length: 2\r\n\r\nok",
		"a short status":         "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
		"a long status":          "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
		"a small status":         "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
		"another protocol":       "SSH-2.0-OpenSSH_9.6\r\n\r\n",
		"101 unasked":            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := told(client(t), request(t, t.Context(), "GET", saying(t, answer).url, "")); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestP16_AnswersThatEndTooEarlyAreErrors(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":             "",
		"in the first line":   "HTTP/1.1 20",
		"in the header":       "HTTP/1.1 200 OK\r\nContent-Le",
		"before its end":      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
		"in the body":         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"in a chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"before a last chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"before the trailer":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
		"in the trailer":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: 1\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := told(client(t), request(t, t.Context(), "GET", saying(t, answer).url, "")); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestP10_HeadersOfAnswersAreLimited(t *testing.T) {
	for name, answer := range map[string]string{
		"a long line": "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 70<<10) + "\r\n\r\n",
		"many fields": "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxFields+1) + "\r\n",
		"without end": "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 20<<10),
		"many 1xx":    strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 2000) + ok,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := told(client(t), request(t, t.Context(), "GET", saying(t, answer).url, "")); !errors.Is(err, ErrHeaderTooLarge) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzAnswer holds that no bytes make the reader panic, and that an answer which
// is taken here is read in the same way by the standard library.
func FuzzAnswer(f *testing.F) {
	for _, answer := range wellFormed() {
		if len(answer) < 1000 { // the engine takes long over large ones
			f.Add([]byte(answer))
		}
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		c := New(standard())
		ours, theirs := net.Pipe()
		c.standard.DialContext = nil
		go func() {
			defer theirs.Close()
			if readRequest(bufio.NewReader(theirs)) != nil {
				_, _ = theirs.Write(answer)
			}
		}()
		r := request(t, t.Context(), "GET", "http://h.example/", "")
		d := newDesk()
		if err := d.write(r); err != nil {
			t.Fatal(err)
		}
		response, err := c.exchange(r, newConn(origin{host: "h.example"}, ours), d)
		if err != nil {
			ours.Close()
			return
		}
		got, gotErr := io.ReadAll(response.Body)
		response.Body.Close()
		c.CloseIdleConnections()
		want, err := standardReading(answer, r)
		if err != nil {
			t.Fatalf("taken, and the standard library says %v", err)
		}
		body, wantErr := io.ReadAll(want.Body)
		if response.StatusCode != want.StatusCode || response.ContentLength != want.ContentLength {
			t.Fatalf("%d %d, want %d %d", response.StatusCode, response.ContentLength, want.StatusCode, want.ContentLength)
		}
		if gotErr == nil && (wantErr != nil || !bytes.Equal(got, body)) {
			t.Fatalf("%q, want %q %v", got, body, wantErr)
		}
	})
}

// standardReading reads an answer after those of 1xx before it.
func standardReading(answer []byte, r *http.Request) (*http.Response, error) {
	for reader := bufio.NewReader(bytes.NewReader(answer)); ; {
		response, err := http.ReadResponse(reader, r)
		if err != nil || response.StatusCode >= 200 {
			return response, err
		}
	}
}
