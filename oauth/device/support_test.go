package device

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

const canary = "CANARY-3f9a"

func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func request() Request {
	return Request{
		Endpoint: "https://as.example/device", Scopes: []string{"mail", "files"},
		Auth: oauth.ClientAuth{ClientID: "client", Method: oauth.AuthNone},
	}
}

func formOf(t *testing.T, r Request) (*http.Request, url.Values) {
	t.Helper()
	req, err := r.HTTP(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		t.Fatal(err)
	}
	return req, form
}

func failing(t *testing.T, err error, code string, action oauth.Action) *oauth.Error {
	t.Helper()
	var e *oauth.Error
	if !errors.As(err, &e) || e.Code != code || e.Action != action {
		t.Fatalf("got %#v, want %s %s", err, code, action)
	}
	return e
}
