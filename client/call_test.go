package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
)

func TestACallKeepsThePathAsWrittenAndAddsTheQuery(t *testing.T) {
	var got string
	c := server(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Method + " " + r.RequestURI })
	for _, test := range []struct {
		request client.CallRequest
		want    string
	}{
		{client.CallRequest{Path: "/me"}, "GET /proxy/mail/me"},
		{client.CallRequest{Path: "me"}, "GET /proxy/mail/me"},
		{client.CallRequest{}, "GET /proxy/mail/"},
		{client.CallRequest{Path: "/a%2Fb//c"}, "GET /proxy/mail/a%2Fb//c"},
		{client.CallRequest{Path: "/me?$top=3", Query: url.Values{"a": {"1", "2"}}}, "GET /proxy/mail/me?$top=3&a=1&a=2"},
		{client.CallRequest{Path: "/me#part", Query: url.Values{"a": {"b c"}}}, "GET /proxy/mail/me?a=b+c"},
		{client.CallRequest{Path: "/x", Body: strings.NewReader("b")}, "POST /proxy/mail/x"},
		{client.CallRequest{Path: "/x", Method: "DELETE"}, "DELETE /proxy/mail/x"},
	} {
		res, err := c.Call(t.Context(), "mail", test.request)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestAWholeURLUnderTheBaseURLIsAPath(t *testing.T) {
	c := described(t)
	for whole, want := range map[string]string{
		"https://eu.api.example/acme/v1/me?a=%2F#top": "/proxy/mail/me?a=%2F",
		"/find?at=https://eu.api.example/":            "/proxy/mail/find?at=https://eu.api.example/",
		"https://evil.example/acme/v1/me":             "",
		"https://eu.api.example/other":                "",
		"ht tp://x/":                                  "",
		"file:///etc/passwd":                          "",
	} {
		res, err := c.Call(t.Context(), "mail", client.CallRequest{Path: whole})
		if want == "" {
			var p *api.Problem
			if !errors.As(err, &p) || p.Code != api.CodeInvalid {
				t.Errorf("%s: %v", whole, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(whole, err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != want {
			t.Errorf("%s went to %s, want %s", whole, body, want)
		}
	}
}

func TestTheKeyHasAHeaderOfItsOwnInACall(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Valetkey-Key") != "vk_test" || r.Header.Get("Authorization") != "" || r.Header.Get("X-Mine") != "1" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	res, err := c.Call(t.Context(), "mail", client.CallRequest{Path: "/", Header: http.Header{"X-Mine": {"1"}}})
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
}

func TestAnAnswerOfTheAPIIsAResponseWhateverItsStatus(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "redirect") {
			http.Redirect(w, r, "/away", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json") // the API's own
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"code":"invalid_request"}`)
	})
	for path, want := range map[string]int{"/redirect": 302, "/conflict": 409} {
		res, err := c.Call(t.Context(), "mail", client.CallRequest{Path: path})
		if err != nil || res.StatusCode != want {
			t.Fatal(path, res, err)
		}
		_ = res.Body.Close()
	}
}

func TestARefusalOfValetkeyIsAnError(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, api.Problem{Status: 409, Code: api.CodeNeedsAuthorization, Title: "A person must", Hint: "valetkey connect mail"})
	})
	_, err := c.Call(t.Context(), "mail", client.CallRequest{Path: "/"})
	var p *api.Problem
	if !errors.As(err, &p) || p.Code != api.CodeNeedsAuthorization || p.Hint != "valetkey connect mail" {
		t.Error(err)
	}
}

// described is a server with one connection, whose key may read nothing else;
// everything under /proxy/ answers the URI it was asked for.
func described(t *testing.T) *client.Client {
	return server(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/connections/mail":
			answer(w, 200, api.Connection{Name: "mail", ConnectionStatus: api.ConnectionStatus{BaseURL: "https://eu.api.example/acme/v1/"}})
		case strings.HasPrefix(r.URL.Path, "/v1/"):
			refuse(w, api.Problem{Status: 403, Code: api.CodeForbidden, Title: "Not allowed"})
		default:
			_, _ = io.WriteString(w, r.RequestURI)
		}
	})
}

func TestTheRoundTripperSendsTheAPIsOwnURLsThroughTheConnection(t *testing.T) {
	h := described(t).HTTPClient("mail")
	for from, want := range map[string]string{
		"https://eu.api.example/acme/v1/me?a=%2F": "/proxy/mail/me?a=%2F",
		"https://eu.api.example/acme/v1":          "/proxy/mail/",
		"https://EU.api.example/acme/v1/a%2Fb":    "/proxy/mail/a%2Fb",
		"/me/messages":                            "/proxy/mail/me/messages",
	} {
		res, err := h.Get(from)
		if err != nil {
			t.Fatal(from, err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != want {
			t.Errorf("%s went to %s, want %s", from, body, want)
		}
	}
}

func TestTheRoundTripperRefusesURLsOfOthers(t *testing.T) {
	h := described(t).HTTPClient("mail")
	for _, other := range []string{
		"https://evil.example/acme/v1/me",
		"http://eu.api.example/acme/v1/me",
		"https://eu.api.example/acme/v10/me",
		"https://eu.api.example/",
	} {
		_, err := h.Post(other, "text/plain", strings.NewReader("x"))
		var p *api.Problem
		if !errors.As(err, &p) || p.Code != api.CodeInvalid {
			t.Errorf("%s: %v", other, err)
		}
	}
}

func TestARoundTripperWithoutABaseURLSaysWhatToSet(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, map[string]any{}) })
	_, err := c.HTTPClient("mail").Get("https://api.example/me")
	var p *api.Problem
	if !errors.As(err, &p) || p.Code != api.CodeNeedsConfiguration || !strings.Contains(p.Hint, "base_url") {
		t.Error(err)
	}
}
