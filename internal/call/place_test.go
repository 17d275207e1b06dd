package call

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/target"
)

// echo answers with the request as it arrived.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	for name, values := range r.Header {
		w.Header()["Got-"+name] = values
	}
	_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
}

func TestTheTokenStandsWhereTheConnectionSays(t *testing.T) {
	r := newRig(t, "", echo)
	for name, c := range map[string]struct {
		places       []target.Placement
		header, body string // what arrives
	}{
		"header":         {[]target.Placement{{In: api.InHeader, Name: "Authorization", Scheme: "Bearer"}}, "Bearer token-1", "POST /x?b=1 a=1"},
		"no scheme":      {[]target.Placement{{In: api.InHeader, Name: "authorization"}}, "token-1", "POST /x?b=1 a=1"},
		"query":          {[]target.Placement{{In: api.InQuery, Name: "access_token"}}, "", "POST /x?b=1&access_token=token-1 a=1"},
		"body":           {[]target.Placement{{In: api.InBody, Name: "access_token"}}, "", "POST /x?b=1 a=1&access_token=token-1"},
		"query and body": {[]target.Placement{{In: api.InQuery, Name: "k"}, {In: api.InBody, Name: "k"}}, "", "POST /x?b=1&k=token-1 a=1&k=token-1"},
	} {
		r.credentials.target.Token = c.places
		request := withBody("application/x-www-form-urlencoded; charset=utf-8", "a=1")
		request.RawQuery = "b=1"
		response, body := r.do(t, request)
		if got := response.Header.Get("Got-Authorization"); got != c.header || body != c.body {
			t.Errorf("%s: %q %q", name, got, body)
		}
	}
}

func TestRFC6750_2_2_ATokenForAFormBodyNeedsAForm(t *testing.T) {
	r := newRig(t, "", echo)
	r.credentials.target.Token = []target.Placement{{In: api.InBody, Name: "access_token"}}
	for _, request := range []Request{{Path: "/x"}, withBody("application/json", "{}"), withBody("", "a=1")} {
		if _, err := r.Do(t.Context(), "mail", request); !fault.Is(err, api.CodeInvalid) {
			t.Errorf("got %v", err)
		}
	}
	r.credentials.target.Token = append(r.credentials.target.Token, target.Placement{In: api.InHeader, Name: "X-Token"})
	if response, _ := r.do(t, Request{Path: "/x"}); response.Header.Get("Got-X-Token") != "token-1" {
		t.Error("the other place was not used")
	}
}

func TestTheCallersOwnParameterOfTheTokensNameIsReplaced(t *testing.T) {
	for pairs, want := range map[string]string{
		"":                      "t=v%2B1",
		"a=1&a=2&b=%2f+":        "a=1&a=2&b=%2f+&t=v%2B1",
		"t=mine&a=1&%74=mine&t": "a=1&t=v%2B1",
		"T=other&tt=1&&x=":      "T=other&tt=1&x=&t=v%2B1",
		"%zz=1":                 "%zz=1&t=v%2B1",
	} {
		if got := setPair(pairs, "t", "v+1"); got != want {
			t.Errorf("%q gave %q, want %q", pairs, got, want)
		}
	}
}

func TestConfiguredHeadersAndQueryAreSent(t *testing.T) {
	r := newRig(t, "", echo)
	r.credentials.target.Headers = map[string]string{"x-version": "7", "Accept": "application/json"}
	r.credentials.target.Query = map[string]string{"z": "3", "api-version": "2", "m": "&"}
	response, body := r.do(t, Request{Path: "/x?q=1&api-version=9", Header: http.Header{"Accept": {"text/csv"}}})
	if body != "GET /x?q=1&api-version=2&m=%26&z=3 " || response.Header.Get("Got-X-Version") != "7" || response.Header.Get("Got-Accept") != "application/json" {
		t.Errorf("%s %v", body, response.Header)
	}
}

func TestP06_WhatEndsAtTheBrokerIsNotForwarded(t *testing.T) {
	r := newRig(t, "", echo)
	sent := http.Header{
		"Authorization": {"Bearer callers"}, "Cookie": {"a=b"}, "X-Valetkey-Key": {"vk_1"},
		"Proxy-Authorization": {"x"}, "Proxy-Anything": {"x"}, "Connection": {"keep-alive, X-Listed, Accept"},
		"Keep-Alive": {"5"}, "Te": {"gzip, trailers"}, "Upgrade": {"h2c"}, "X-Listed": {"x"}, "Accept": {"listed"},
		"X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Anything": {"x"}, "Forwarded": {"for=x"}, "X-Real-Ip": {"1.2.3.4"},
		"x-valetkey-key": {"lower case"}, "If-Match": {`"e"`}, "Accept-Language": {"de", "en"}, "Range": {"bytes=0-1"},
	}
	response, _ := r.do(t, Request{Path: "/", Header: sent})
	for name := range response.Header {
		if got, ok := strings.CutPrefix(name, "Got-"); ok {
			switch got {
			case "Authorization", "If-Match", "Accept-Language", "Range", "Te", "User-Agent", "Accept-Encoding":
			default:
				t.Errorf("%s arrived: %v", got, response.Header[name])
			}
		}
	}
	if got := response.Header["Got-Accept-Language"]; len(got) != 2 || response.Header.Get("Got-If-Match") != `"e"` {
		t.Errorf("the caller's headers did not all arrive: %v", response.Header)
	}
	if got := response.Header.Get("Got-Te"); got != "trailers" {
		t.Errorf("TE: %s", got)
	}
}

func TestP07_TheTokenCannotBeDeletedByAConnectionHeader(t *testing.T) {
	r := newRig(t, "", echo)
	r.credentials.target.Token = append(r.credentials.target.Token, target.Placement{In: api.InHeader, Name: "X-Api-Key"})
	response, _ := r.do(t, Request{Path: "/", Header: http.Header{
		"Connection": {"Authorization, X-Api-Key", "authorization"}, "X-Api-Key": {"mine"}}})
	if response.Header.Get("Got-Authorization") != "Bearer token-1" || response.Header.Get("Got-X-Api-Key") != "token-1" {
		t.Errorf("%v", response.Header)
	}
}

func TestP09_LineBreaksAreRefusedAndNotShown(t *testing.T) {
	r := newRig(t, "", echo)
	for _, header := range []http.Header{{"X-A": {"a\r\nX-B: s3cret"}}, {"X-A\r\nX-B": {"s3cret"}}, {"X-A": {"a\ns3cret"}}, {"X A": {"s3cret"}}} {
		_, err := r.Do(t.Context(), "mail", Request{Path: "/", Header: header})
		if !fault.Is(err, api.CodeInvalid) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v: %v", header, err)
		}
	}
	r.credentials.target.Headers = map[string]string{"X-Tenant": "a\r\nX-B: s3cret"}
	if _, err := r.Do(t.Context(), "mail", Request{Path: "/"}); !fault.Is(err, api.CodeNeedsConfiguration) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("configured header: %v", err)
	}
	r.credentials.target.Headers = nil
	r.open = func(*broker.Credential) (secret.Text, error) { return secret.NewText("s3cret\r\nX: y"), nil }
	if _, err := r.Do(t.Context(), "mail", Request{Path: "/"}); !fault.Is(err, api.CodeNeedsConfiguration) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("token: %v", err)
	}
	if _, err := r.Do(t.Context(), "mail", Request{Path: "/?a=\r\nb"}); !fault.Is(err, api.CodeInvalid) {
		t.Errorf("query: %v", err)
	}
}

func TestAConnectionWithoutBaseURLCannotBeCalled(t *testing.T) {
	r := newRig(t, "", echo)
	r.credentials.target.BaseURL = nil
	if _, err := r.Do(t.Context(), "mail", Request{Path: "/"}); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("got %v", err)
	}
}
