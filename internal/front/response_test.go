package front

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writes counts the writes of a connection.
type writes struct {
	*script
	mu    sync.Mutex
	sizes []int
	fails bool
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sizes = append(w.sizes, len(p))
	if w.fails {
		return 0, net.ErrClosed
	}
	return w.script.Write(p)
}

func TestAnAnswerThatFitsLeavesInOneWrite(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"no length": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") },
		"a length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10240")
			_, _ = w.Write(make([]byte, 10000))
			_, _ = w.Write(make([]byte, 240))
		},
		"pieces": func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				_, _ = w.Write(make([]byte, 100))
			}
		},
		"nothing": func(http.ResponseWriter, *http.Request) {},
	} {
		p := serveFront(t, answer)
		conn := &writes{script: newScript(plain)}
		p.callers.next <- conn
		if conn.answered(); len(conn.sizes) != 1 {
			t.Errorf("%s: writes of %v bytes", name, conn.sizes)
		}
	}
}

func TestALargeAnswerArrivesWhole(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	address, _ := network(t, func(w http.ResponseWriter, r *http.Request) {
		for rest := body; len(rest) > 0; {
			n := min(len(rest), 33_333)
			if _, err := w.Write(rest[:n]); err != nil {
				t.Error(err)
			}
			rest = rest[n:]
		}
	})
	_, reader := line(t, address, plain)
	if _, got := answered(t, reader); got != string(body) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestAWriteAfterTheHandlerReachesNobody(t *testing.T) {
	var kept []http.ResponseWriter
	p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path)
		for _, late := range kept {
			if n, err := late.Write([]byte("late")); n != 0 || err == nil {
				t.Errorf("%d bytes were taken", n)
			}
			late.WriteHeader(http.StatusTeapot)
			if http.NewResponseController(late).Flush() == nil {
				t.Error("it was flushed")
			}
			late.Header().Set("X-Late", "x")
		}
		kept = append(kept, w)
	})
	if got := p.say(plain + plain + plain); strings.Contains(strings.ToLower(got), "late") || strings.Count(got, "200 OK") != 3 || strings.Contains(got, "418") {
		t.Errorf("%q", got)
	}
}

func TestP16_AnAnswerThatIsBrokenOffNeverLooksWhole(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
		},
		"chunks": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
		},
		"nothing yet": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "half") },
	} {
		p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
			answer(w, r)
			panic(http.ErrAbortHandler)
		})
		got := p.say(plain + plain)
		if strings.Contains(got, "\r\n0\r\n") || strings.Count(got, "half") > 1 || strings.Contains(got, "Content-Length: 4") {
			t.Errorf("%s: %q", name, got)
		}
		if said := p.log.String(); said != "" {
			t.Errorf("%s: it is logged: %s", name, said)
		}
	}
}

func TestAPanicIsLoggedWithItsStackAndEndsTheConnectionAlone(t *testing.T) {
	p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/p" {
			panic("at the disco")
		}
	})
	if got := p.say(plain + plain); got != "" {
		t.Errorf("%q", got)
	}
	if said := p.log.String(); !strings.HasPrefix(said, "http: panic serving 192.0.2.2:4711: at the disco\n") || !strings.Contains(said, "response_test.go") {
		t.Errorf("%s", said)
	}
	if got := p.say("GET /other HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") {
		t.Errorf("%q", got)
	}
}

// mad is a connection that panics when it is written to.
type mad struct{ *script }

func (mad) Write([]byte) (int, error) { panic("mad") }

func TestAPanicOfTheServerItselfEndsTheConnectionAlone(t *testing.T) {
	p := serveFront(t, echo)
	conn := mad{newScript(plain)}
	p.callers.next <- conn
	conn.answered()
	if got := p.say(plain); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.Contains(p.log.String(), "panic serving 192.0.2.2:4711: mad") {
		t.Errorf("%q, %s", got, p.log)
	}
}

func TestAnAnswerThatNobodyTakesEndsItsRequest(t *testing.T) {
	p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("flushing: %v", err)
		}
		if _, err := io.WriteString(w, "more"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writing: %v", err)
		}
		if r.Context().Err() == nil {
			t.Error("the request goes on")
		}
	})
	conn := &writes{script: newScript(plain + plain), fails: true}
	p.callers.next <- conn
	if conn.answered(); len(conn.sizes) != 1 {
		t.Errorf("it was tried %d times", len(conn.sizes))
	}
}

func TestWhatAHandlerDoesWrongIsLogged(t *testing.T) {
	p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "many")
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusNotFound)
		w.WriteHeader(http.StatusEarlyHints)
	})
	got := p.say(plain)
	if said := p.log.String(); !containsAll(said, `invalid Content-Length of "many"`, "superfluous WriteHeader with 404 after 200", "superfluous WriteHeader with 103") {
		t.Error(said)
	}
	if strings.Contains(got, "many") || strings.Contains(got, "404") || strings.Contains(got, "103") {
		t.Errorf("%q", got)
	}
}

func TestAnAnswerSaysItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveFront(t, func(_ http.ResponseWriter, r *http.Request) {
			time.Sleep(1500 * time.Millisecond) // of the bubble's clock, which begins with the year 2000
		})
		got := p.say(plain + plain)
		if !containsAll(got, "Date: Sat, 01 Jan 2000 00:00:01 GMT\r\n", "Date: Sat, 01 Jan 2000 00:00:03 GMT\r\n") {
			t.Errorf("%q", got)
		}
	})
}

func TestABodyThatNobodyReadsIsNotWaitedForWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveFront(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "no") })
		here, there := net.Pipe()
		p.callers.next <- seen{there}
		go func() { _, _ = io.WriteString(here, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome") }()
		begun := time.Now()
		got, err := io.ReadAll(here)
		if took := time.Since(begun); took > skimTime+time.Second || err != nil {
			t.Errorf("%s, %v", took, err)
		}
		if text := string(got); !strings.HasPrefix(text, "HTTP/1.1 200 OK\r\n") || !strings.Contains(text, "Connection: close\r\n") {
			t.Errorf("%q", text)
		}
	})
}

func TestAReaderThatAHandlerLeavesBehindEndsWithTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := make(chan error)
		p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			go func() {
				_, err := io.ReadAll(r.Body)
				read <- err
			}()
			time.Sleep(time.Second) // of the bubble's clock: the reader waits now
		})
		here, there := net.Pipe()
		p.callers.next <- seen{there}
		go func() { _, _ = io.WriteString(here, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome") }()
		if got, err := io.ReadAll(here); !strings.HasPrefix(string(got), "HTTP/1.1 200 OK\r\n") || err != nil {
			t.Errorf("%q %v", got, err)
		}
		if err := <-read; err == nil {
			t.Error("half a body was read without an error")
		}
	})
}

func TestABodyHasNoTimeLimitWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveFront(t, echo)
		here, there := net.Pipe()
		p.callers.next <- seen{there}
		go func() {
			_, _ = io.WriteString(here, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\n")
			for _, c := range []byte("hello") {
				time.Sleep(time.Hour) // of the bubble's clock
				_, _ = here.Write([]byte{c})
			}
		}()
		if got, err := io.ReadAll(here); !strings.Contains(string(got), `"body":"hello"`) || err != nil {
			t.Errorf("%q %v", got, err)
		}
	})
}

func TestDeadlinesOfAHandlerEndWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(w)
			if r.ContentLength > 0 {
				_ = control.SetReadDeadline(time.Now().Add(time.Second))
				if _, err := io.ReadAll(r.Body); err == nil {
					t.Error("the body came in time")
				}
				return
			}
			if err := errors.Join(control.SetReadDeadline(time.Now()), control.SetWriteDeadline(time.Now().Add(time.Second))); err != nil {
				t.Error(err)
			}
		})
		here, there := net.Pipe()
		p.callers.next <- seen{there}
		go func() {
			_, _ = io.WriteString(here, plain)
			time.Sleep(time.Minute) // of the bubble's clock
			_, _ = io.WriteString(here, plain)
			_, _ = io.WriteString(here, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
		}()
		if got, err := io.ReadAll(here); strings.Count(string(got), "200 OK") != 3 || err != nil {
			t.Errorf("%q %v", got, err)
		}
	})
}

func TestABodyIsReadAsHandlersExpect(t *testing.T) {
	p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
		if n, err := r.Body.Read(nil); n != 0 || err != nil {
			t.Errorf("reading nothing: %d %v", n, err)
		}
		two := make([]byte, 2)
		if _, err := io.ReadFull(r.Body, two); err != nil || string(two) != "he" {
			t.Errorf("%q %v", two, err)
		}
		if rest, err := io.ReadAll(r.Body); string(rest) != "llo" || err != nil {
			t.Errorf("%q %v", rest, err)
		}
		if n, err := r.Body.Read(two); n != 0 || err != io.EOF {
			t.Errorf("after the end: %d %v", n, err)
		}
		r.Body.Close()
		if _, err := r.Body.Read(two); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("after Close: %v", err)
		}
	})
	p.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nh", "el", "lo")
}

func TestAnUploadOfSeveralPartsLeavesNoFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p := serveFront(t, func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(0); err != nil {
			t.Error(err)
		}
	})
	file := strings.Repeat("x", 200<<10)
	body := "--b\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n" + file + "\r\n--b--\r\n"
	p.say(fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	if left, err := os.ReadDir(os.TempDir()); len(left) > 0 || err != nil {
		t.Errorf("%v %v", left, err)
	}
}
