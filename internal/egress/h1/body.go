package h1

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"

	"github.com/valetkey/valetkey/internal/lifetime"
)

// body is the body of an answer as it is read. At its end the connection goes
// back to the pool; closed before that, it is dropped.
type body struct {
	response *http.Response
	chunks   io.Reader // nil: not chunked
	left     int64     // bytes, when not chunked; untilClose
	client   *Client
	conn     *conn
	desk     *desk
	watch    lifetime.Watch // over the context
	ctx      context.Context
	ended    atomic.Bool // by an end, an error or a Close, whichever is first
	result   error       // what ended it; the reader's alone
}

// open prepares the body of an answer and puts it in the answer's place.
func (b *body) open(d *desk, response *http.Response, f framing) {
	b.response, b.left, b.desk = response, f.length, d
	if f.chunked {
		b.chunks = httputil.NewChunkedReader(d.reader)
	}
	response.Body = b
	if !f.chunked && f.length == 0 {
		response.Body = http.NoBody
	}
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	if b.ended.Load() {
		if b.result == nil {
			return 0, ErrBodyClosed
		}
		return 0, b.result
	}
	n, err := b.next(p)
	if err != nil {
		err = b.finish(err)
	}
	return n, err
}

func (b *body) next(p []byte) (int, error) {
	switch {
	case b.chunks != nil:
		n, err := b.chunks.Read(p)
		if errors.Is(err, io.EOF) {
			err = b.readTrailer()
		}
		return n, err
	case b.left == untilClose:
		return b.desk.reader.Read(p)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.desk.reader.Read(p)
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// readTrailer reads what follows the last chunk. It returns io.EOF when that is
// in order.
func (b *body) readTrailer() error {
	text, err := b.desk.readHead(maxTrailer)
	if err != nil {
		return err
	}
	if text != "\r\n" && !strings.HasSuffix(text, "\r\n\r\n") {
		return malformed("a trailer without an end") // a bare LF would do after a header alone
	}
	fields, err := parseFields(text)
	if err != nil {
		return err
	}
	for name, values := range fields {
		if isFraming(name) {
			continue
		}
		if b.response.Trailer == nil {
			b.response.Trailer = make(http.Header, len(fields))
		}
		b.response.Trailer[name] = values
	}
	return io.EOF
}

// finish ends the body: with io.EOF well, with another error badly. Only the
// reader calls it, so the desk is free afterwards.
func (b *body) finish(err error) error {
	if !b.ended.CompareAndSwap(false, true) {
		return ErrBodyClosed // while this read went on
	}
	stopped := b.watch.Stop()
	switch {
	case !errors.Is(err, io.EOF):
		b.conn.abort()
		if b.ctx.Err() != nil {
			err = lifetime.Cause(b.ctx)
		}
	case stopped && !b.response.Close && b.desk.reader.Buffered() == 0:
		b.client.pool.put(b.conn)
	default:
		b.conn.abort()
	}
	b.result = err
	b.client.giveBack(b.desk)
	return err
}

// Close implements [io.Closer]. It may be called while a Read goes on, which
// then fails.
func (b *body) Close() error {
	if b.ended.CompareAndSwap(false, true) {
		b.watch.Stop()
		b.conn.abort()
	}
	return nil
}

// giveBack keeps a desk for the next exchange, unless it has grown large.
func (c *Client) giveBack(d *desk) {
	if cap(d.message) > deskSize || cap(d.lines) > deskSize {
		return
	}
	d.reader.Reset(nil)
	c.desks.Put(d)
}
