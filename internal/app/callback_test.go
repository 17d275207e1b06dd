package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestWhoBroughtAnAnswerSeesHowItWentBeforeTheServerEnds(t *testing.T) {
	a := newAnswered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	visit := func(path string) {
		a.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	}
	a.wait(t.Context()) // nobody was here
	visit("/base/oauth/callback")
	given := make(chan struct{})
	go func() {
		a.wait(t.Context())
		close(given)
	}()
	visit("/base/oauth/done/flow")
	visit("/base/oauth/done/flow")
	<-given
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	other := newAnswered(a.next)
	other.brought.Store(true)
	other.wait(gone) // the browser was closed
}
