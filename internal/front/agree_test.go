package front

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fixedDate is the time in answers of [echo], so that a second that ends between
// two servers changes nothing.
const fixedDate = "Sat, 21 Nov 2026 08:00:00 GMT"

// echo answers with all that a handler sees of its request, in the way that the
// first part of the path names.
func echo(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Date", fixedDate)
	way, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var body []byte
	var failed error
	switch way {
	case "unread":
	case "part":
		body = make([]byte, 3)
		var n int
		n, failed = io.ReadFull(r.Body, body)
		body = body[:n]
	case "shut":
		failed = r.Body.Close()
	case "duplex":
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.WriteString(w, "before ")
		_ = http.NewResponseController(w).Flush()
		body, failed = io.ReadAll(r.Body)
	default:
		body, failed = io.ReadAll(r.Body)
	}
	seen, err := json.Marshal(map[string]any{
		"method": r.Method, "target": r.RequestURI, "url": r.URL.String(), "path": r.URL.Path, "query": r.URL.RawQuery, "host": r.Host,
		"proto": fmt.Sprint(r.Proto, r.ProtoMajor, r.ProtoMinor), "header": r.Header, "length": r.ContentLength,
		"coding": r.TransferEncoding, "trailer": r.Trailer, "close": r.Close, "remote": r.RemoteAddr,
		"body": string(body), "failed": fmt.Sprint(failed), "none": r.Body == http.NoBody,
	})
	if err != nil {
		panic(err)
	}
	if answer, ok := ways()[way]; ok {
		answer(w, seen)
		return
	}
	_, _ = w.Write(seen)
}

// ways are how a handler may answer.
func ways() map[string]func(w http.ResponseWriter, seen []byte) {
	status := func(code int, fields ...string) func(http.ResponseWriter, []byte) {
		return func(w http.ResponseWriter, seen []byte) {
			for i := 0; i < len(fields); i += 2 {
				w.Header().Add(fields[i], fields[i+1])
			}
			w.WriteHeader(code)
			_, _ = w.Write(seen)
		}
	}
	return map[string]func(http.ResponseWriter, []byte){
		"204":      status(204, "Content-Length", "7", "Content-Type", "a/b"),
		"304":      status(304, "Content-Length", "7", "Content-Type", "a/b", "Etag", `"x"`),
		"404":      status(404),
		"599":      status(599),
		"close":    status(200, "Connection", "close"),
		"fields":   status(200, "X-A", "1", "X-A", " 2 ", "X-B", "one\r\ntwo\nthree", "bad name", "x", "X-Empty", "", "Connection", "X-A", "Content-Type", "text/x"),
		"encoded":  status(200, "Content-Encoding", "gzip"),
		"short":    status(200, "Content-Length", "100000"),
		"long":     status(200, "Content-Length", "3"),
		"announce": status(200, "Trailer", "X-T, x-u", "X-T", "early"),
		"length": func(w http.ResponseWriter, seen []byte) {
			w.Header().Set("Content-Length", strconv.Itoa(len(seen)))
			_, _ = w.Write(seen[:1])
			_, _ = w.Write(nil)
			_, _ = w.Write(seen[1:])
		},
		"flush": func(w http.ResponseWriter, seen []byte) {
			_, _ = w.Write(seen[:2])
			w.(http.Flusher).Flush()
			w.Header().Set("X-Late", "no")
			_, _ = w.Write(seen[2:])
		},
		"flushed": func(w http.ResponseWriter, _ []byte) { w.(http.Flusher).Flush() },
		"nothing": func(http.ResponseWriter, []byte) {},
		"untyped": func(w http.ResponseWriter, seen []byte) {
			w.Header()["Content-Type"] = nil
			_, _ = w.Write(seen)
		},
		"large": func(w http.ResponseWriter, seen []byte) {
			for range 40 {
				_, _ = w.Write([]byte(strings.Repeat("l", 1000)))
			}
			_, _ = w.Write([]byte(strings.Repeat("L", 70000)))
			_, _ = w.Write(seen)
		},
		"exact": func(w http.ResponseWriter, _ []byte) { _, _ = w.Write([]byte(strings.Repeat("e", pendingSize))) },
		"more":  func(w http.ResponseWriter, _ []byte) { _, _ = w.Write([]byte(strings.Repeat("m", pendingSize+1))) },
		"trailer": func(w http.ResponseWriter, seen []byte) {
			w.Header().Set("Trailer", "X-Sum")
			_, _ = w.Write(seen)
			w.(http.Flusher).Flush()
			w.Header().Set("X-Sum", "42")
			w.Header().Set(http.TrailerPrefix+"X-Sudden", "yes")
		},
		"hints": func(w http.ResponseWriter, seen []byte) {
			w.Header().Set("Link", "</a>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("X-After", "hint")
			w.WriteHeader(http.StatusAccepted)
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write(seen)
		},
		"panic": func(http.ResponseWriter, []byte) { panic("at the disco") },
		"abort": func(http.ResponseWriter, []byte) { panic(http.ErrAbortHandler) },
	}
}

// told is what a caller understands of the bytes that it got: each answer, and
// what is left over.
func told(text, request string) string {
	var b strings.Builder
	reader := bufio.NewReader(strings.NewReader(text))
	methods := methodsOf(request)
	for i := 0; ; {
		if _, err := reader.Peek(1); err != nil {
			return b.String()
		}
		method := "GET"
		if i < len(methods) {
			method = methods[i]
		}
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			rest, _ := io.ReadAll(reader)
			fmt.Fprintf(&b, "%v, %q\n", err, rest)
			return b.String()
		}
		body, err := io.ReadAll(response.Body)
		if at := response.Header["Date"]; len(at) == 1 && at[0] != fixedDate {
			response.Header["Date"] = []string{"the server's own"}
		}
		fmt.Fprintf(&b, "%s %d %v %v\n", response.Status, response.ContentLength, response.TransferEncoding, response.Close)
		for _, name := range slices.Sorted(maps.Keys(response.Header)) {
			fmt.Fprintf(&b, "%s: %q\n", name, response.Header[name])
		}
		fmt.Fprintf(&b, "%q %v %v\n\n", body, err, response.Trailer)
		if response.StatusCode >= 200 {
			i++
		}
	}
}

// methodsOf guesses the methods of the requests, to know which answers have no
// body: those whose path is not for HEAD alone.
func methodsOf(text string) (methods []string) {
	reader := bufio.NewReader(strings.NewReader(text))
	for {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return methods
		}
		methods = append(methods, r.Method)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return methods
		}
	}
}

// cut takes text apart at points that the bytes name.
func cut(text string, points []byte) (pieces []string) {
	for _, point := range points {
		n := int(point) + 1
		if n >= len(text) {
			break
		}
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	if text == "" {
		return pieces
	}
	return append(pieces, text)
}

// agree fails the test unless both servers answer the same to a text in pieces.
func agree(t *testing.T, here, there *place, text string, points []byte) {
	t.Helper()
	pieces := cut(text, points)
	got, want := told(here.say(pieces...), text), told(there.say(pieces...), text)
	if got != want {
		t.Errorf("to %q in %d pieces\n%.3000s\nwant\n%.3000s", text, len(pieces), got, want)
	}
}

func TestEveryWayToAnswerIsThatOfTheStandardServer(t *testing.T) {
	here, there := serveFront(t, echo), serveStandard(t, echo)
	for _, way := range append(slices.Sorted(maps.Keys(ways())), "", "unread", "part", "shut", "duplex") {
		for _, method := range []string{"GET", "HEAD", "POST", "ODD"} {
			for _, body := range []string{"", "Content-Length: 5\r\n\r\nhello"} {
				request := method + " /" + way + "/x?a=b&c HTTP/1.1\r\nHost: h.example\r\nX-Y: z\r\n" + body
				if body == "" {
					request += "\r\n"
				}
				t.Run(fmt.Sprint(way, method, len(body)), func(t *testing.T) {
					agree(t, here, there, request, nil)
					agree(t, here, there, request+request+"GET / HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n"+request, nil)
				})
			}
		}
	}
}

func TestP08_RequestsThatCanBeReadInTwoWaysAreLeftToTheStandardServer(t *testing.T) {
	here, there := serveFront(t, echo), serveStandard(t, echo)
	for name, text := range shapes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the standard server lingers after some
			agree(t, here, there, text, nil)
			agree(t, here, there, text+text, nil)
			agree(t, here, there, plain+text+plain, nil)
			agree(t, here, there, posted+text+plain, nil)
			agree(t, here, there, text+plain, []byte{10, 20, 30, 2, 0, 0, 5})
		})
	}
}

func TestP10_AHeadBeyondAllLimitsIsRefusedAlike(t *testing.T) {
	t.Parallel() // the standard server lingers
	here, there := serveFront(t, echo), serveStandard(t, echo)
	agree(t, here, there, "GET / HTTP/1.1\r\nHost: h\r\nX: "+strings.Repeat("x", 100<<10)+"\r\n\r\n"+plain, nil)
}

const (
	plain  = "GET /p HTTP/1.1\r\nHost: h\r\n\r\n"
	posted = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
)

// FuzzFrontAgreesWithNetHTTP holds the server to the standard one: whatever
// bytes come, in whatever pieces, both give the same answers.
func FuzzFrontAgreesWithNetHTTP(f *testing.F) {
	here, there := serveFront(f, echo), serveStandard(f, echo)
	for _, text := range shapes() {
		if len(text) < 4000 { // the engine takes long over large ones
			f.Add(text, []byte{})
			f.Add(plain+text+plain, []byte{7, 30})
			f.Add(posted+text, []byte{60, 1, 1, 1})
		}
	}
	for way := range ways() {
		f.Add("GET /"+way+" HTTP/1.1\r\nHost: h\r\n\r\n"+plain, []byte{})
	}
	f.Fuzz(func(t *testing.T, text string, points []byte) {
		if isPrefaceLate(text) {
			t.Skip("a used connection never becomes one of HTTP/2 here")
		}
		agree(t, here, there, text, points)
	})
}

func isPrefaceLate(text string) bool { return strings.Contains(text, "PRI ") }
