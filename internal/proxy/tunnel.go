package proxy

import (
	"bufio"
	"io"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// tunnel joins the caller with an API that switched protocols, as for a
// WebSocket (RFC 6455 section 4). When one side has said all, the other may
// finish what it says, for a while.
func (h *Handler) tunnel(w http.ResponseWriter, r *http.Request, response *http.Response) {
	upstream, ok := response.Body.(io.ReadWriteCloser)
	if !ok || upgrade(r) == "" {
		h.fail(w, r, fault.New(api.CodeUnreachable, "the API switched protocols without being asked to"))
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		h.fail(w, r, fault.Wrap(err, api.CodeInvalid, "protocols can be switched over HTTP/1.1 only"))
		return
	}
	defer conn.Close()
	if err := writeSwitch(buffered.Writer, response); err != nil {
		return
	}
	ended := make(chan bool, 2)
	go pipe(upstream, buffered.Reader, ended)
	go pipe(conn, upstream, ended)
	left := 1
	if halved := <-ended; halved {
		last := time.NewTimer(lastWords)
		defer last.Stop()
		select {
		case <-ended:
			left = 0
		case <-last.C:
		}
	}
	upstream.Close()
	conn.Close()
	for range left {
		<-ended
	}
}

// lastWords is how long one side of a switched protocol may go on after the
// other has ended.
const lastWords = 10 * time.Second

// pipe copies one way until either end is closed, and then ends that way alone
// where it can be: it reports whether it could.
func pipe(to io.Writer, from io.Reader, ended chan<- bool) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	ended <- err == nil && ok && half.CloseWrite() == nil
}

// writeSwitch writes the 101 answer with the fields that belong to it.
func writeSwitch(w *bufio.Writer, response *http.Response) error {
	header := make(http.Header, len(response.Header)+2)
	copyHeader(header, response.Header)
	header.Set("Connection", "Upgrade")
	header.Set("Upgrade", response.Header.Get("Upgrade"))
	head := http.Response{StatusCode: response.StatusCode, ProtoMajor: 1, ProtoMinor: 1, Header: header}
	if err := head.Write(w); err != nil {
		return err
	}
	return w.Flush()
}
