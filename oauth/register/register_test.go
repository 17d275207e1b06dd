package register_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/register"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

func TestRFC7591_2_b_KeysAreGivenOnce(t *testing.T) {
	twice := register.Metadata{Keys: register.Keys{JWKS: json.RawMessage(`{"keys":[]}`), JWKSURI: "https://vk.example/jwks"}}
	if _, err := (register.Request{Endpoint: "https://as.example/register", Metadata: twice}).HTTP(t.Context()); err == nil {
		t.Error("registered")
	}
	managed := register.Registration{ClientID: "c", ClientURI: "https://as.example/c", AccessToken: "rat"}
	if _, err := managed.Update(t.Context(), twice); err == nil {
		t.Error("changed")
	}
}

func TestRFC7591_5_RegistrationTravelsOverTLS(t *testing.T) {
	if _, err := (register.Request{Endpoint: "http://as.example/register"}).HTTP(t.Context()); err == nil {
		t.Error("registered in clear")
	}
	managed := register.Registration{ClientID: "c", ClientURI: "http://as.example/c", AccessToken: "rat"}
	if _, err := managed.Read(t.Context()); err == nil {
		t.Error("read in clear")
	}
}

func TestMetadataIsOneFlatObjectBothWays(t *testing.T) {
	text := `{"client_name":"A","client_uri":"https://a.example","contacts":["x"],"dpop_bound_access_tokens":true,"jwks":{"keys":[]},"redirect_uris":["https://a.example/cb"]}`
	var m register.Metadata
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	if m.ClientName != "A" || !m.DPoPBoundAccessTokens || !reflect.DeepEqual(m.Further, map[string]any{"contacts": []any{"x"}}) {
		t.Errorf("read as %+v", m)
	}
	again, err := json.Marshal(m)
	if err != nil || string(again) != text {
		t.Errorf("%s %v", again, err)
	}
}

func TestRFC7592_2_2_b_MetadataHoldsNothingThatTheServerAloneSays(t *testing.T) {
	var m register.Metadata
	if err := json.Unmarshal([]byte(`{"client_id":"c","client_secret":"s","registration_access_token":"r","registration_client_uri":"u","client_id_issued_at":1,"client_secret_expires_at":0,"tos_uri":null,"jwks":null}`), &m); err != nil || m.Further != nil || m.JWKS != nil {
		t.Errorf("%v %v", m.Further, err)
	}
	m.Further = map[string]any{"client_secret": "s", "registration_access_token": "r", "policy_uri": "https://p"}
	if text, err := json.Marshal(m); err != nil || string(text) != `{"policy_uri":"https://p"}` {
		t.Errorf("%s %v", text, err)
	}
}

func TestARegistrationIsReadAsItWasWritten(t *testing.T) {
	r, err := register.Judge(answer(201, `{"client_id":"c","client_secret":"s","client_secret_expires_at":1800000000,"registration_client_uri":"https://as.example/c?x=%20","registration_access_token":"rat","client_name":"A","extra":1}`), now)
	if err != nil || r.SecretExpiresAt.Unix() != 1800000000 || !r.Managed() {
		t.Fatalf("%+v %v", r.Metadata, err)
	}
	text, err := r.Text()
	if err != nil {
		t.Fatal(err)
	}
	again, err := register.Parse(text)
	if err != nil || !reflect.DeepEqual(r, again) {
		t.Errorf("%s is read as another", text)
	}
}

func TestRFC7592_7_TheNewestSecretAndTokenCount(t *testing.T) {
	old := register.Registration{ClientID: "c", ClientSecret: "s-1", SecretExpiresAt: now, ClientURI: "u", AccessToken: "rat-1"}
	if got := old.After(register.Registration{ClientID: "c"}); got.ClientSecret != "s-1" || got.AccessToken != "rat-1" || got.ClientURI != "u" || !got.SecretExpiresAt.Equal(now) {
		t.Error("what an answer does not repeat is gone")
	}
	if got := old.After(register.Registration{ClientID: "c", ClientSecret: "s-2", AccessToken: "rat-2"}); got.ClientSecret != "s-2" || got.AccessToken != "rat-2" || !got.SecretExpiresAt.IsZero() {
		t.Error("what an answer brings does not count")
	}
}

func TestARefusalIsJudgedAndShowsNoSecret(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		code   string
		action oauth.Action
	}{
		{400, `{"error":"invalid_redirect_uri","error_description":"canary is bad"}`, register.CodeInvalidRedirectURI, oauth.ActionConfigure},
		{401, ``, oauth.CodeHTTPStatus, oauth.ActionConfigure},
		{403, `<h1>no</h1>`, oauth.CodeHTTPStatus, oauth.ActionConfigure},
		{503, `busy`, oauth.CodeHTTPStatus, oauth.ActionRetry},
		{201, `{"client_name":"no id"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		{200, `<html>`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
	} {
		_, err := register.Judge(answer(test.status, test.body), now, "canary")
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Code != test.code || refused.Action != test.action || strings.Contains(refused.Description, "canary") || len(refused.Salvage) > 0 {
			t.Errorf("%d %s: %#v", test.status, test.body, err)
		}
	}
}

func TestRFC7592_2_3_WhatIsGoneIsDeleted(t *testing.T) {
	for status, gone := range map[int]bool{204: true, 200: true, 404: true, 410: true, 401: false, 403: false, 405: false, 500: false} {
		if err := register.JudgeDeletion(answer(status, ""), now); (err == nil) != gone {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestATokenThatWouldBreakAHeaderIsNotSent(t *testing.T) {
	if _, err := (register.Request{Endpoint: "https://as.example/register", InitialAccessToken: "a\r\nb"}).HTTP(t.Context()); err == nil || strings.Contains(err.Error(), "\r") {
		t.Errorf("%v", err)
	}
	if _, err := (register.Registration{ClientID: "c"}).Read(t.Context()); err == nil {
		t.Error("a registration without an address was read")
	}
}

func TestNothingOfARegistrationIsPrinted(t *testing.T) {
	r := register.Registration{ClientID: "c", ClientSecret: "canary", AccessToken: "canary"}
	shown, _ := json.Marshal(r)
	for _, print := range []string{fmt.Sprint(r), fmt.Sprintf("%#v", r), fmt.Sprintf("%x", r), string(shown), r.LogValue().String()} {
		if strings.Contains(print, "canary") {
			t.Error(print)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"client_id":"c"}`, `{"client_id":"c","client_secret_expires_at":"x"}`, `{"client_id":"c","jwks":1}`, "\xff{"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := register.Parse(text)
		if err == nil && r.ClientID == "" {
			t.Fatal("read without a client_id")
		}
	})
}
