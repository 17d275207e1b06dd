package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/client"
)

func TestBodiesStreamBothWaysInMemory(t *testing.T) {
	c := client.NewForHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Each byte goes back as it comes: this ends only if neither side is buffered.
		w.WriteHeader(http.StatusAccepted)
		_ = http.NewResponseController(w).Flush()
		buffer := make([]byte, 1)
		for {
			n, err := r.Body.Read(buffer)
			_, _ = w.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}))
	reader, writer := io.Pipe()
	res, err := c.Call(t.Context(), "x", client.CallRequest{Path: "/echo", Body: reader})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Error("status:", res.StatusCode)
	}
	got := make([]byte, 1)
	for _, want := range []byte("ping") {
		if _, err := writer.Write([]byte{want}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(res.Body, got); err != nil || got[0] != want {
			t.Fatalf("%q %v", got, err)
		}
	}
	_ = writer.Close()
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) != 0 {
		t.Error(rest, err)
	}
}

func TestABodyOfUnknownLengthIsOneInMemoryToo(t *testing.T) {
	for name, test := range map[string]struct {
		body   io.Reader
		length int64
		want   int64
	}{
		"unknown": {io.MultiReader(strings.NewReader("abc")), 0, -1}, "told": {io.MultiReader(strings.NewReader("abc")), 3, 3},
		"text": {strings.NewReader("abc"), 0, 3}, "none": {nil, 0, 0}, "empty": {http.NoBody, 0, 0},
	} {
		c := client.NewForHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			if r.ContentLength != test.want || len(text) != 3 && test.want != 0 {
				t.Errorf("%s: the length is %d, want %d; %q came", name, r.ContentLength, test.want, text)
			}
		}))
		res, err := c.Call(t.Context(), "x", client.CallRequest{Method: "POST", Path: "/echo", Body: test.body, ContentLength: test.length})
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
}

func TestAHandlerThatWritesNothingAnswers200(t *testing.T) {
	c := client.NewForHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAnAbortedAnswerIsNotTakenForAWholeOne(t *testing.T) {
	c := client.NewForHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	}))
	res, err := c.Call(t.Context(), "x", client.CallRequest{Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestAPanicBeforeTheHeaderIsAnError(t *testing.T) {
	c := client.NewForHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
	if _, err := c.Version(t.Context()); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Error(err)
	}
}

func TestClosingTheAnswerEndsTheHandler(t *testing.T) {
	ended := make(chan error, 1)
	c := client.NewForHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		ended <- r.Context().Err()
	}))
	res, err := c.Call(t.Context(), "x", client.CallRequest{Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAWaitingCallerLeavesWithItsContext(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	c := client.NewForHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-leave
	}))
	defer close(leave)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	if _, err := c.Version(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTheHandlerSeesTheRequestAsAServerWould(t *testing.T) {
	var uri, host, remote string
	var typed []string
	c := client.NewForHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uri, host, remote = r.RequestURI, r.Host, r.RemoteAddr
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "<html>")
	}))
	res, err := c.Call(t.Context(), "x", client.CallRequest{Path: "/a%2Fb?q=%20"})
	if err != nil {
		t.Fatal(err)
	}
	typed = res.Header["Content-Type"]
	_ = res.Body.Close()
	if uri != "/proxy/x/a%2Fb?q=%20" || host == "" || remote == "" {
		t.Error(uri, host, remote)
	}
	if typed != nil {
		t.Error("a content type was made up:", typed)
	}
}
