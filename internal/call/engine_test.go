package call

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
)

func TestTheAnswerComesUntouchedButForCookies(t *testing.T) {
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=1")
		w.Header().Set("ETag", `"7"`)
		w.Header().Set("Content-Encoding", "br")
		w.Header().Set(HeaderAttempts, "99")
		w.Header().Set(HeaderRetryable, "true")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "body")
	})
	response, body := r.do(t, Request{Path: "/"})
	if response.StatusCode != http.StatusTeapot || body != "body" || response.Header.Get("ETag") != `"7"` || response.Header.Get("Content-Encoding") != "br" {
		t.Errorf("%d %q %v", response.StatusCode, body, response.Header)
	}
	for _, name := range []string{"Set-Cookie", HeaderAttempts, HeaderRetryable} {
		if response.Header.Get(name) != "" {
			t.Errorf("%s came through", name)
		}
	}
}

func TestP04_ARedirectIsReturnedNotFollowed(t *testing.T) {
	calls := 0
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
		calls++
		w.Header().Set("Location", "https://evil.example/%2e%2e?x")
		w.WriteHeader(http.StatusFound)
	})
	response, _ := r.do(t, Request{Path: "/"})
	if response.StatusCode != 302 || calls != 1 || response.Header.Get("Location") != "https://evil.example/%2e%2e?x" {
		t.Errorf("%d %v after %d calls", response.StatusCode, response.Header, calls)
	}
}

func TestP11_TheTransportNeverRepeatsABodyOnItsOwn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	received := make(chan string, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveThenDrop(conn, received)
		}
	}()
	base, _ := url.Parse("http://" + listener.Addr().String())
	r := newRig(t, "", nil)
	r.credentials.target.BaseURL = base
	r.credentials.target.Retry.Mode = api.RetryNone
	r.do(t, Request{Path: "/first"})
	request := withBody("text/plain", "pay")
	request.Header["Idempotency-Key"] = []string{"k"}
	if _, err := r.Do(t.Context(), "mail", request); err == nil {
		t.Error("a dropped request succeeded")
	}
	if got := []string{<-received, <-received}; got[0] != "GET /first" || got[1] != "POST /x" || len(received) != 0 {
		t.Errorf("the API saw %v and %d more", got, len(received))
	}
}

// serveThenDrop answers the first request of a connection and drops it in the
// middle of the second, which the standard transport takes for repeatable.
func serveThenDrop(conn net.Conn, received chan<- string) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for first := true; ; first = false {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		received <- request.Method + " " + request.RequestURI
		if !first || request.Method == "POST" {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func overFake(transport http.RoundTripper, timeout time.Duration) *Engine {
	credentials := &fakeCredentials{generation: 1, target: &target.Target{
		BaseURL: &url.URL{Scheme: "https", Host: "api.example"}, Timeout: timeout,
		Token: []target.Placement{{In: api.InQuery, Name: "access_token"}},
	}}
	return New(credentials, transport, Options{Open: openFake})
}

func TestTheTimeoutEndsACallWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := overFake(roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), 7*time.Second)
		start := time.Now()
		_, err := engine.Do(t.Context(), "mail", Request{Path: "/"})
		if !fault.Is(err, api.CodeUnreachable) || !strings.Contains(err.Error(), "api.example: no answer within 7s") || time.Since(start) != 7*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

// slowly gives a byte each 5 seconds.
type slowly struct{ left int }

func (s *slowly) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(5 * time.Second) // of the bubble's clock
	s.left--
	return copy(p, "x"), nil
}

func TestP14_AStreamThatMovesHasNoTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := overFake(roundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil || len(body) != 100 || r.Context().Err() != nil {
				t.Errorf("upload: %d bytes, %v, %v", len(body), err, r.Context().Err())
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(&slowly{left: 100})}, nil
		}), 7*time.Second)
		response, err := engine.Do(t.Context(), "mail", Request{Method: "PUT", Path: "/", Body: &slowly{left: 100}, ContentLength: -1})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if len(body) != 100 || err != nil || response.Body.Close() != nil {
			t.Errorf("download: %d bytes, %v", len(body), err)
		}
	})
}

func TestP15_AnAbortReachesTheAPI(t *testing.T) {
	aborted := make(chan struct{})
	started := make(chan struct{})
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
		close(aborted)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	if _, err := r.Do(ctx, "mail", Request{Path: "/"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-aborted
}

func TestP15_ClosingAStreamEndsItAtTheAPI(t *testing.T) {
	ended := make(chan struct{})
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "data")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(ended)
	})
	response, err := r.Do(t.Context(), "mail", Request{Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	<-ended
}

func TestErrorsOfATransportNeverShowTheToken(t *testing.T) {
	engine := overFake(roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("failed")}
	}), 0)
	_, err := engine.Do(t.Context(), "mail", Request{Path: "/"})
	if !fault.Is(err, api.CodeUnreachable) || strings.Contains(err.Error(), "token-1") {
		t.Errorf("got %v", err)
	}
}

func TestABodyThatEndsEarlyIsNotSent(t *testing.T) {
	r := newRig(t, "", func(http.ResponseWriter, *http.Request) { t.Error("the API was called") })
	_, err := r.Do(t.Context(), "mail", Request{Method: "POST", Path: "/", Body: strings.NewReader("ab"), ContentLength: 3})
	if !fault.Is(err, api.CodeInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestP19_TrailersArePassedOnButNotCredentials(t *testing.T) {
	got := make(chan http.Header, 1)
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r.Trailer
	})
	r.do(t, Request{Method: "POST", Path: "/", Body: bytes.NewReader([]byte("abc")), ContentLength: -1,
		Trailer: http.Header{"X-Sum": {"9"}, "Authorization": {"Bearer mine"}}})
	if trailer := <-got; trailer.Get("X-Sum") != "9" || len(trailer) != 1 {
		t.Errorf("got %v", trailer)
	}
}
