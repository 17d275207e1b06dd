package rest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/intake"
)

func TestP10_WhatIsTooLargeIsRefusedByItsLimitBeforeAnybodyIsAsked(t *testing.T) {
	handler := New(Config{})
	for name, c := range map[string]struct {
		target, header string
		status         int
		limit          string
	}{
		"100 KB of URL":      {"/proxy/mail/" + strings.Repeat("a", 100<<10), "", http.StatusRequestURITooLong, "32768"},
		"a long query":       {"/v1/connections?q=" + strings.Repeat("a", 100<<10), "", http.StatusRequestURITooLong, "32768"},
		"10,000 parameters":  {"/proxy/mail/?" + strings.Repeat("a&", 10_000), "", http.StatusRequestURITooLong, "4096"},
		"1 MB in one field":  {"/readyz", strings.Repeat("a", 1_000_000), http.StatusRequestHeaderFieldsTooLarge, "65536"},
		"a field that fits":  {"/readyz", strings.Repeat("a", 60<<10), http.StatusOK, ""},
		"a query that fits":  {"/readyz?" + strings.Repeat("a=1&", 4095), "", http.StatusBadRequest, "not known"},
		"a URL that is long": {"/readyz?" + strings.Repeat("a", 30<<10), "", http.StatusBadRequest, "not known"},
	} {
		request := httptest.NewRequest(http.MethodGet, c.target, nil)
		request.Header.Set("X-Long", c.header)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.limit) || c.status > 400 && answer.Header().Get("Connection") != "close" {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
}

func TestP10_RefusingManyKeepsMemoryFlat(t *testing.T) {
	handler := New(Config{})
	request := httptest.NewRequest(http.MethodGet, "/proxy/mail/?"+strings.Repeat("a&", 10_000), nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const rounds = 200
	for range rounds {
		handler.ServeHTTP(httptest.NewRecorder(), request)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / rounds; each > 16<<10 {
		t.Errorf("%d bytes for each refusal of a query of 20 kB", each)
	}
}

func TestP21_OneRequestTooManyIsAnsweredAndTheOthersGoOn(t *testing.T) {
	s := newTestServer(t)
	full := newServer(s.config)
	for range intake.MaxAtOnce {
		s.must(full.calling.Enter("script"))
	}
	for name, want := range map[string]int{"script": http.StatusTooManyRequests, "other": http.StatusOK} {
		key, err := s.keys.Create(t.Context(), api.KeySpec{Name: name, Connections: []string{"robot"}})
		s.must(err)
		request := httptest.NewRequest(http.MethodGet, "/proxy/robot/items", nil)
		request.Header.Set("Authorization", fmt.Sprintf("Bearer %s", string(key.Secret)))
		answer := httptest.NewRecorder()
		full.dispatch(answer, request)
		if answer.Code != want || want == http.StatusTooManyRequests && answer.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
}
