package call

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxReplay is the largest body, in bytes, that is kept to be sent again.
const maxReplay = 1 << 20

// outgoing is a request with its body, kept in full when it is small.
type outgoing struct {
	Request
	kept     []byte // the whole body, when replayable
	streamed bool   // the body passes through and can be sent only once
	begun    time.Time
	at       *url.URL      // where a redirect led; nil: under the base URL
	away     bool          // at is of another origin, where neither token nor settings go
	packed   bool          // a compressed answer was asked for here, not by the caller
	claims   string        // that another token was asked for with
	attempts int           // requests that were sent
	waited   time.Duration // for limits and between retries
}

// report tells the caller what the call took, where that was more than usual.
func (o *outgoing) report(header http.Header) {
	if o.attempts > 1 {
		header.Set(HeaderAttempts, strconv.Itoa(o.attempts))
	}
	if waited := o.waited.Round(time.Millisecond); waited > 0 {
		header.Set(HeaderWaited, strconv.FormatFloat(waited.Seconds(), 'f', -1, 64))
	}
}

// buffer takes a body of known, small length into memory. A body of unknown
// length streams: it may be an upload without end.
func (o *outgoing) buffer() error {
	if o.Body == nil || o.Body == http.NoBody || (o.ContentLength == 0 && len(o.Trailer) == 0) {
		o.Body, o.ContentLength, o.Trailer = nil, 0, nil
		return nil
	}
	// Who expects a 100 sends nothing before it (RFC 9110 section 10.1.1), and the
	// API is the one to say it.
	expects := strings.EqualFold(o.Header.Get("Expect"), "100-continue")
	if expects || o.ContentLength < 0 || o.ContentLength > maxReplay || len(o.Trailer) > 0 {
		o.streamed = true
		return nil
	}
	o.kept = make([]byte, o.ContentLength)
	if _, err := io.ReadFull(o.Body, o.kept); err != nil {
		return readFault(err)
	}
	return nil
}

// readFault tells of a caller's body that broke off.
func readFault(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return fault.Wrap(err, api.CodeInvalid, "the request body is larger than %d bytes", tooLarge.Limit)
	}
	return fault.Wrap(err, api.CodeInvalid, "the request body ended before its Content-Length")
}

// form returns the form fields of the body, for a token that stands among
// them (RFC 6750 section 2.2), and whether there can be one.
func (o *outgoing) form() *form {
	kind, _, err := mime.ParseMediaType(o.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || o.streamed {
		return nil
	}
	return &form{encoded: string(o.kept)}
}

// form is an application/x-www-form-urlencoded body.
type form struct {
	encoded string
	changed bool
}

// set puts a field in the place of all of its name.
func (f *form) set(name, value string) {
	f.encoded, f.changed = setPair(f.encoded, name, value), true
}

// attach gives a request the body of this attempt. It never sets GetBody, by
// which [http.Transport] would send a body again on its own.
func (o *outgoing) attach(request *http.Request, changed *form) {
	switch {
	case changed != nil && changed.changed:
		request.Body = io.NopCloser(strings.NewReader(changed.encoded))
		request.ContentLength = int64(len(changed.encoded))
	case o.streamed:
		request.Body = io.NopCloser(o.Body)
		request.ContentLength = o.ContentLength
		request.Trailer = forwardableTrailer(o.Trailer)
	case len(o.kept) > 0:
		request.Body = io.NopCloser(bytes.NewReader(o.kept))
		request.ContentLength = int64(len(o.kept))
	}
}

// upload is a body on its way out: it tells the watch of its progress and
// passes on the trailer when it ends.
type upload struct {
	body     io.ReadCloser
	watch    *watch
	from, to http.Header
}

// Read implements [io.Reader].
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.body.Read(p)
	if n > 0 {
		u.watch.progress()
	}
	if err == io.EOF {
		for name := range u.to {
			u.to[name] = u.from[name]
		}
	}
	return n, err
}

// Close implements [io.Closer].
func (u *upload) Close() error { return u.body.Close() }
