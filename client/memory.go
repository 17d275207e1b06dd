package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
)

// memoryTransport runs a handler for each request, in a goroutine of its own.
// RoundTrip returns when the handler writes its header; the body then streams
// through a pipe while the handler goes on. Trailers and hijacking are not
// carried.
type memoryTransport struct {
	handler http.Handler
}

// RoundTrip implements [http.RoundTripper].
func (t *memoryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	reader, pipe := io.Pipe()
	w := &memoryWriter{
		header:  http.Header{},
		pipe:    pipe,
		started: make(chan struct{}),
		failed:  make(chan error, 1),
	}
	go t.serve(w, serverRequest(ctx, req))
	select {
	case <-w.started:
		res := w.response
		res.Body = &memoryBody{PipeReader: reader, cancel: cancel}
		res.Request = req
		return res, nil
	case err := <-w.failed:
		cancel()
		return nil, err
	case <-ctx.Done():
		cancel()
		_ = reader.CloseWithError(ctx.Err())
		return nil, ctx.Err()
	}
}

// serve runs the handler to its end and turns a panic into a broken body, as
// an HTTP server does.
func (t *memoryTransport) serve(w *memoryWriter, req *http.Request) {
	defer func() {
		cause := recover()
		_ = req.Body.Close()
		if cause == nil {
			w.WriteHeader(http.StatusOK)
			_ = w.pipe.Close()
			return
		}
		err := fmt.Errorf("the handler stopped: %v", cause)
		if broken, ok := cause.(error); ok && errors.Is(broken, http.ErrAbortHandler) {
			err = io.ErrUnexpectedEOF
		}
		w.failed <- err
		_ = w.pipe.CloseWithError(err)
	}()
	t.handler.ServeHTTP(w, req)
}

// serverRequest is req as a server would see it.
func serverRequest(ctx context.Context, req *http.Request) *http.Request {
	in := req.Clone(ctx)
	in.RequestURI = req.URL.RequestURI()
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	in.RemoteAddr = "127.0.0.1:0"
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	switch {
	case in.Body == nil:
		in.Body = http.NoBody
	case in.Body != http.NoBody && in.ContentLength == 0:
		in.ContentLength = -1 // to a client 0 is not known, to a server none
	}
	return in
}

// memoryWriter is the handler's side of one exchange.
type memoryWriter struct {
	header   http.Header
	pipe     *io.PipeWriter
	once     sync.Once
	response *http.Response // set before started closes
	started  chan struct{}
	failed   chan error
}

// Header implements [http.ResponseWriter].
func (w *memoryWriter) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]; informational answers are dropped.
func (w *memoryWriter) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.once.Do(func() {
		w.response = &http.Response{
			Status:        fmt.Sprintf("%d %s", status, http.StatusText(status)),
			StatusCode:    status,
			Proto:         "HTTP/1.1",
			ProtoMajor:    1,
			ProtoMinor:    1,
			Header:        w.header.Clone(),
			ContentLength: -1,
		}
		maps.DeleteFunc(w.response.Header, func(_ string, values []string) bool { return len(values) == 0 })
		close(w.started)
	})
}

// Write implements [http.ResponseWriter]. It blocks until the caller reads.
func (w *memoryWriter) Write(p []byte) (int, error) {
	if _, set := w.header["Content-Type"]; !set {
		w.header.Set("Content-Type", http.DetectContentType(p))
	}
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(p)
}

// Flush implements [http.Flusher]: a pipe holds nothing back.
func (w *memoryWriter) Flush() { w.WriteHeader(http.StatusOK) }

// EnableFullDuplex lets [http.ResponseController] know that the request body
// may be read while the answer is written.
func (w *memoryWriter) EnableFullDuplex() error { return nil }

// memoryBody ends the handler's context when the caller is done with the answer.
type memoryBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

// Close implements [io.Closer].
func (b *memoryBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}
