package call

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
)

// headerError is on an answer that comes from Valetkey itself instead of the API.
const headerError = "Valetkey-Error"

// longestPause bounds how long one answer of an API may hold back all calls.
const longestPause = time.Hour

// isLimit says whether an answer means that the API was asked too much.
func isLimit(target *target.Target, response *http.Response) bool {
	return picks(target.RateLimit.AnswerRule, response, target.MediaTypes, []int{http.StatusTooManyRequests}, http.StatusTooManyRequests)
}

// limited keeps calls within what the API takes: each waits in line for a
// place, and gives it back when its answer has been read.
func (e *Engine) limited(once step) step {
	return func(ctx context.Context, credential *broker.Credential, o *outgoing) (*http.Response, error) {
		target := credential.Target
		b := e.budgets.of(credential)
		waited, err := b.enter(ctx, lastStart(ctx, target.Retry, o.begun))
		o.waited += waited
		if full := (*refusal)(nil); asRefusal(err, &full) {
			return full.answer(credential.Connection), nil
		}
		if err != nil {
			return nil, err
		}
		o.attempts++
		response, err := once(ctx, credential, o)
		if err != nil {
			b.leave()
			return nil, err
		}
		if isLimit(target, response) {
			where := hints{header: cmp.Or(target.RateLimit.RetryAfterHeader, target.Retry.Header), bodyPath: target.Retry.BodyPath, media: target.MediaTypes, limited: true}
			hint, hinted := where.find(response, e.now())
			b.struck(hint, hinted)
		} else {
			b.passed()
		}
		holdUntilRead(response, b.leave)
		return response, nil
	}
}

// holdUntilRead gives a place back when the answer has been read, or at once
// when it is a stream without an end in sight, which APIs do not count.
func holdUntilRead(response *http.Response, leave func()) {
	if response.StatusCode == http.StatusSwitchingProtocols || response.Body == http.NoBody || isEndless(response.Header.Get("Content-Type")) {
		leave()
		return
	}
	response.Body = &held{ReadCloser: response.Body, leave: leave}
}

// isEndless knows the types of streams that may go on for ever.
func isEndless(contentType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch strings.TrimSpace(kind) {
	case "text/event-stream", "application/x-ndjson", "application/ndjson", "application/stream+json",
		"application/json-seq", "multipart/x-mixed-replace":
		return true
	}
	return strings.HasPrefix(kind, "application/grpc")
}

// held is a body that keeps a place until it ends.
type held struct {
	io.ReadCloser
	once  sync.Once
	leave func()
}

// Read implements [io.Reader].
func (h *held) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	if err != nil {
		h.once.Do(h.leave)
	}
	return n, err
}

// Close implements [io.Closer].
func (h *held) Close() error {
	defer h.once.Do(h.leave)
	return h.ReadCloser.Close()
}

// refusal says that a call would have to wait for too long.
type refusal struct {
	after time.Duration // when to try again
	why   string
}

// Error implements error.
func (r *refusal) Error() string { return r.why }

func asRefusal(err error, into **refusal) bool {
	found, ok := err.(*refusal) //nolint:errorlint // made and read in this file alone
	*into = found
	return ok
}

// answer is a 429 of our own, with a problem document (RFC 9457) that says so.
func (r *refusal) answer(connection string) *http.Response {
	after := seconds(max(r.after, time.Second))
	body, _ := json.Marshal(api.Problem{ // a struct of texts always can be
		Title: fault.Title(api.CodeRateLimited), Status: http.StatusTooManyRequests, Code: api.CodeRateLimited,
		Detail: "the call through " + connection + " was not sent: " + r.why + "; it may be sent in " + after + "s",
		Hint:   "what the connection may send is set in api.rate_limit, how long a call may wait in api.retry.max_wait",
	})
	return &http.Response{
		Status: "429 Too Many Requests", StatusCode: http.StatusTooManyRequests,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Content-Type": {"application/problem+json"}, headerError: {string(api.CodeRateLimited)},
			"Retry-After": {after}, "Cache-Control": {"no-store"},
		},
		Body: io.NopCloser(strings.NewReader(string(body))), ContentLength: int64(len(body)),
	}
}
