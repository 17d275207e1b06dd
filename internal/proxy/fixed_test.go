package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/internal/call"
)

// fixed is an Engine that answers with a text.
type fixed struct{ text string }

func (f fixed) Do(context.Context, string, call.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, ContentLength: int64(len(f.text)),
		Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(strings.NewReader(f.text)),
	}, nil
}
