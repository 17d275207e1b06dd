package introspection_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/introspection"
)

// received is when answers came.
var received = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func introspecting(t *testing.T, handler http.HandlerFunc) (introspection.Answer, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	request := introspection.Request{
		Endpoint: server.URL, Token: "at-s3cret", TokenTypeHint: "access_token",
		Auth: oauth.ClientAuth{ClientID: "id", ClientSecret: "s3cret", Method: oauth.AuthBasic},
	}
	message, err := request.HTTP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(message)
	if err != nil {
		t.Fatal(err)
	}
	return request.Judge(response, received)
}

func TestRFC7662_2_1_TheQuestionIsAnAuthenticatedPOST(t *testing.T) {
	var method, user, body string
	_, err := introspecting(t, func(w http.ResponseWriter, r *http.Request) {
		method = r.Method
		user, _, _ = r.BasicAuth()
		text, _ := io.ReadAll(r.Body)
		body = string(text)
		_, _ = io.WriteString(w, `{"active":true}`)
	})
	if err != nil || method != "POST" || user != "id" || body != "token=at-s3cret&token_type_hint=access_token" {
		t.Fatalf("%s as %q: %q, %v", method, user, body, err)
	}
	if _, err := (introspection.Request{Endpoint: "https://as.example/i"}).HTTP(t.Context()); err == nil {
		t.Error("nothing is asked about")
	}
	if _, err := (introspection.Request{Endpoint: "http://as.example/i", Token: "t"}).HTTP(t.Context()); err == nil {
		t.Error("RFC7662-4: a token travels without TLS")
	}
}

func TestRFC7662_2_2_AnInactiveTokenHasNoReason(t *testing.T) {
	server := received.Add(-3 * time.Hour) // its clock is off
	for body, want := range map[string]introspection.Answer{
		`{"active":false}`:              {},
		`{"active":"true"}`:             {},
		`{"active":true,"scope":"a b"}`: {Active: true, Scope: []string{"a", "b"}},
		fmt.Sprintf(`{"active":true,"exp":%d}`, server.Add(time.Hour).Unix()):  {Active: true, ExpiresAt: received.Add(time.Hour)},
		fmt.Sprintf(`{"active":true,"exp":%d}`, server.Add(-time.Hour).Unix()): {Active: true, ExpiresAt: received},
	} {
		found, err := introspecting(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", server.Format(http.TimeFormat))
			_, _ = io.WriteString(w, body)
		})
		if err != nil || fmt.Sprint(found) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v, %v", body, found, want, err)
		}
	}
}

func TestARefusedIntrospectionTellsNoSecret(t *testing.T) {
	_, err := introspecting(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(401)
		_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"s3cret at-s3cret"}`)
	})
	if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "s3cret") {
		t.Fatalf("%+v", err)
	}
	if shown := fmt.Sprintf("%v %#v", introspection.Request{Endpoint: "https://as.example/i", Token: "s3cret"}, introspection.Request{Token: "s3cret"}); strings.Contains(shown, "s3cret") {
		t.Error(shown)
	}
}
