package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
)

// Prefix begins the path of every request for this package.
const Prefix = "/proxy/"

const bufferSize = 32 << 10 // bytes

// Engine calls APIs; *call.Engine does.
type Engine interface {
	Do(ctx context.Context, connection string, r call.Request) (*http.Response, error)
}

// ErrorWriter answers a request that could not be passed on.
type ErrorWriter func(w http.ResponseWriter, r *http.Request, err error)

// Handler passes requests on to APIs.
type Handler struct {
	engine  Engine
	fail    ErrorWriter
	buffers sync.Pool
	noStore []string // shared by the answers that say it: nothing changes a value in its place
}

// New makes a Handler. Its requests must be authorized already, and no
// [http.ServeMux] may stand before it.
func New(engine Engine, fail ErrorWriter) *Handler {
	return &Handler{engine: engine, fail: fail, noStore: []string{"no-store"}, buffers: sync.Pool{New: func() any { return new([bufferSize]byte) }}}
}

// Target is where a request wants to go.
type Target struct {
	Connection string
	Path       string // under the base URL, as the caller encoded it; "" or with a leading slash
	RawQuery   string
}

// Split takes a request's raw path apart. It reports false when the path is
// not one for this package or names no connection.
func Split(r *http.Request) (Target, bool) {
	raw := r.RequestURI
	if raw == "" { // a request that came in memory
		raw = r.URL.RequestURI()
	}
	rest, ok := strings.CutPrefix(raw, Prefix)
	if !ok {
		return Target{}, false
	}
	rest, query, _ := strings.Cut(rest, "?")
	name, path := rest, ""
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		name, path = rest[:slash], rest[slash:]
	}
	name, err := url.PathUnescape(name)
	return Target{Connection: name, Path: path, RawQuery: query}, err == nil && name != ""
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, ok := Split(r)
	if !ok {
		h.fail(w, r, fault.New(api.CodeNotFound, "the path names no connection").WithHint("write it as %s{connection}/{path}", Prefix))
		return
	}
	request := call.Request{
		Method: r.Method, Path: target.Path, RawQuery: target.RawQuery,
		Header: r.Header, ContentLength: r.ContentLength, Trailer: r.Trailer,
		Upgrade: upgrade(r),
	}
	if r.ContentLength != 0 && r.Body != http.NoBody {
		request.Body = r.Body
		// An API may answer while it still reads. HTTP/2 can do so anyway, and
		// without it the worst is a slower answer, so the error is no concern.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	first := &hints{w: w}
	response, err := h.engine.Do(first.watch(r.Context()), target.Connection, request)
	first.end()
	if err != nil {
		h.fail(w, r, err)
		return
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSwitchingProtocols {
		h.tunnel(w, r, response)
		return
	}
	h.answer(w, response)
}

// upgrade returns the protocol that the caller asks to switch to.
func upgrade(r *http.Request) string {
	if !httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade") {
		return ""
	}
	return r.Header.Get("Upgrade")
}

// answer copies an API's answer to the caller.
func (h *Handler) answer(w http.ResponseWriter, response *http.Response) {
	header := w.Header()
	copyHeader(header, response.Header)
	h.keepPrivate(header)
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // the standard server would guess one
	}
	for name := range response.Trailer {
		if isForTrailer(name) {
			header.Add("Trailer", name)
		}
	}
	w.WriteHeader(response.StatusCode)
	out := output{w: w, live: response.ContentLength < 0}
	if len(response.Trailer) > 0 || out.live {
		out.flush() // the caller sees the header of a stream before its first byte
	}
	buffer := h.buffers.Get().(*[bufferSize]byte)
	err := out.copy(response.Body, buffer[:])
	h.buffers.Put(buffer)
	if err != nil {
		// Nothing but a broken connection tells the caller that this is not all.
		panic(http.ErrAbortHandler)
	}
	for name, values := range response.Trailer {
		if isForTrailer(name) {
			header[http.TrailerPrefix+name] = values
		}
	}
}

// keepPrivate keeps shared caches from an answer, which is for one connection's
// callers (RFC 9111 section 3.5): the API takes a cache that allows it to be the
// caller's own. What the API says of private caches stays, and all of it where
// the connection's settings want it so.
func (h *Handler) keepPrivate(header http.Header) {
	if _, kept := header[call.HeaderCaching]; kept {
		return
	}
	fields := header["Cache-Control"]
	if len(fields) == 0 {
		header["Cache-Control"] = h.noStore
		return
	}
	for _, field := range fields {
		for directive := range strings.SplitSeq(field, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(directive), "=")
			if strings.EqualFold(name, "private") || strings.EqualFold(name, "no-store") {
				return
			}
		}
	}
	header["Cache-Control"] = h.noStore
}

// output is the way to the caller.
type output struct {
	w    http.ResponseWriter
	live bool // flush after each write: a stream without a known end
}

// copy is io.CopyBuffer with a flush. io.CopyBuffer itself would let the
// response writer read from the body with a buffer of its own.
func (o output) copy(body io.Reader, buffer []byte) error {
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			if _, err := o.w.Write(buffer[:n]); err != nil {
				return err
			}
			if o.live {
				o.flush()
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (o output) flush() { _ = http.NewResponseController(o.w).Flush() }

// copyHeader passes on the fields of an answer but those of one network
// connection (RFC 9110 section 7.6.1). The values are shared, not copied.
func copyHeader(to, from http.Header) {
	for name, values := range from {
		if !isHop(name) {
			to[name] = values
		}
	}
	for _, field := range from["Connection"] {
		for name := range strings.SplitSeq(field, ",") {
			name = textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name))
			if !strings.HasPrefix(name, call.HeaderPrefix) {
				delete(to, name)
			}
		}
	}
}

func isForTrailer(name string) bool {
	return !isHop(name) && name != "Set-Cookie" && !strings.HasPrefix(name, call.HeaderPrefix)
}

// isHop says whether a field, by its canonical name, ends here.
func isHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Alt-Svc":
		return true
	}
	return false
}
