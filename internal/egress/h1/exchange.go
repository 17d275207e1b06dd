package h1

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"

	"github.com/valetkey/valetkey/internal/lifetime"
)

// lastWords is how long an answer is waited for after the host has stopped to
// read the request.
const lastWords = 50 * time.Millisecond

// exchange is an answer with its body, and what both hold on to.
type exchange struct {
	response http.Response
	body     body
}

// exchange sends the request on the desk over a connection and reads the head
// of the answer. On success the answer's body gives connection and desk back;
// on failure the connection is closed and the desk is the caller's.
func (c *Client) exchange(r *http.Request, k *conn, d *desk) (*http.Response, error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		k.abort()
		return nil, err
	}
	watch := lifetime.Over(ctx, k)
	x, err := c.converse(r, k, d)
	if err != nil {
		watch.Stop()
		k.abort()
		return nil, err
	}
	x.body.client, x.body.conn, x.body.desk, x.body.watch, x.body.ctx = c, k, d, watch, ctx
	if x.response.Body == http.NoBody {
		_ = x.body.finish(io.EOF)
	}
	return &x.response, nil
}

// converse writes the request and reads the head of its answer.
func (c *Client) converse(r *http.Request, k *conn, d *desk) (*exchange, error) {
	refused := false
	if n, err := k.net.Write(d.message); err != nil {
		if n == 0 {
			return nil, &silence{cause: err, unsent: true}
		}
		// It may have answered without reading to the end.
		refused = true
		_ = k.raw.SetReadDeadline(time.Now().Add(lastWords))
	}
	d.reader.Reset(k.net)
	if _, err := d.reader.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, &silence{cause: err}
	}
	x := &exchange{}
	x.response.Request, x.response.TLS = r, k.tls
	if err := c.readAnswer(r, d, &x.response); err != nil {
		return nil, err
	}
	if refused {
		x.response.Close = true
		_ = k.raw.SetReadDeadline(time.Time{})
	}
	framed, err := frame(&x.response, r.Method)
	if err != nil {
		return nil, err
	}
	x.response.Close = x.response.Close || refused
	x.body.open(d, &x.response, framed)
	return x, nil
}

// readAnswer reads heads until one is that of the last answer: those of 1xx
// come before it (RFC 9110 section 15.2).
func (c *Client) readAnswer(r *http.Request, d *desk, into *http.Response) error {
	most := int(c.standard.MaxResponseHeaderBytes)
	if most <= 0 {
		most = defaultMaxHeader
	}
	for {
		text, err := d.readHead(most)
		if err != nil {
			return err
		}
		line, rest := nextLine(text)
		if err := parseStatus(line, into); err != nil {
			return err
		}
		if into.Header, err = parseFields(rest); err != nil {
			return err
		}
		if into.StatusCode >= 200 {
			return nil
		}
		if into.StatusCode == http.StatusSwitchingProtocols {
			return malformed("it switched protocols without being asked to")
		}
		most -= len(text)
		if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.Got1xxResponse != nil {
			if err := trace.Got1xxResponse(into.StatusCode, textproto.MIMEHeader(into.Header)); err != nil {
				return err
			}
		}
	}
}
