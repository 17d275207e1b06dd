package tunnel

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// errGone is a tunnel that ended before a stream was open: nothing was sent.
var errGone = errors.New("the tunnel has ended")

// maxRefusal bounds what is read of an agent's reason, in bytes.
const maxRefusal = 512

// session is one tunnel at the server's end.
type session struct {
	agent string
	hello Hello
	since time.Time
	conn  *Conn
	http  *http.ClientConn
}

func newSession(agent string, hello Hello, since time.Time, conn *Conn) (*session, error) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{
		Protocols:          protocols,
		DisableCompression: true,
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}
	client, err := transport.NewClientConn(context.Background(), "http", "agent:80")
	if err != nil {
		return nil, err
	}
	return &session{agent: agent, hello: hello, since: since, conn: conn, http: client}, nil
}

// dial has the agent connect to an address (RFC 9113 section 8.5). The error is
// errGone when the tunnel ended before it said whether it did.
func (s *session) dial(ctx context.Context, to string) (net.Conn, error) {
	body, up := io.Pipe()
	life, drop := context.WithCancel(context.Background()) // the stream outlives whoever dialled
	given := context.AfterFunc(ctx, drop)
	request := (&http.Request{
		Method: http.MethodConnect, URL: &url.URL{Scheme: "http", Host: "agent"}, Host: to,
		Header: http.Header{"User-Agent": {""}}, Body: body, ContentLength: -1,
	}).WithContext(life)
	response, err := s.http.RoundTrip(request)
	if !given() && ctx.Err() != nil {
		if err == nil {
			_ = response.Body.Close()
		}
		drop()
		return nil, context.Cause(ctx)
	}
	switch {
	case err != nil:
		drop()
		return nil, s.failed(to, err)
	case response.StatusCode != http.StatusOK:
		defer drop()
		defer response.Body.Close()
		return nil, s.refused(to, response)
	}
	return newStream(to, up, response.Body, drop, s.lost), nil
}

// failed judges an exchange that brought no answer.
func (s *session) failed(to string, err error) error {
	if s.conn.Cause() == nil && s.http.Err() == nil {
		cause := &net.OpError{Op: "dial", Net: "tcp", Err: err}
		return fault.Wrap(cause, api.CodeUnreachable, "the agent %s opened no way to %s", s.agent, to)
	}
	_ = s.conn.Close() // HTTP/2 may have ended before the connection
	return errGone
}

// refused is why an agent did not connect.
func (s *session) refused(to string, response *http.Response) error {
	if response.StatusCode == http.StatusForbidden {
		return fault.New(api.CodeNeedsConfiguration, "the agent %s lets no requests through to %s", s.agent, to).
			WithHint("start it with --allow %s besides what it allows already; valetkey agent list shows that", to)
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal)) // without it the status says enough
	// As an error of dialling: nothing was sent.
	cause := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused by the agent")}
	return fault.Wrap(cause, api.CodeUnreachable, "%s cannot be reached from the agent %s: %s", to, s.agent, strings.TrimSpace(string(text))).
		WithHint("try it on the agent's machine; the agent's log says the same")
}

// lost is why streams of this tunnel broke; nil while it stands.
func (s *session) lost() error {
	if s.conn.Cause() == nil {
		return nil
	}
	return fault.Wrap(io.ErrUnexpectedEOF, api.CodeUnreachable, "the agent %s was lost before the answer was there", s.agent).
		WithHint("valetkey agent list shows whether it is back")
}
