package call

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// BenchmarkDo is one call without a network.
func BenchmarkDo(b *testing.B) {
	e := overFake(roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: 1, Body: io.NopCloser(strings.NewReader("x"))}, nil
	}), time.Minute)
	b.ReportAllocs()
	for b.Loop() {
		response, err := e.Do(b.Context(), "mail", Request{Path: "/"})
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}
