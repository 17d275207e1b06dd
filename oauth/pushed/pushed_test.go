package pushed_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/pushed"
)

var received = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func params() url.Values {
	return url.Values{"client_id": {"id"}, "response_type": {"code"}, "state": {"st"}, "code_challenge": {"ch"}, "redirect_uri": {"https://vk.example/cb"}}
}

// push sends a request to a server that answers so, and returns what it saw.
func push(t *testing.T, auth oauth.ClientAuth, status int, body string) (pushed.Reference, *http.Request, error) {
	t.Helper()
	var seen *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		seen = r
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	request := pushed.Request{Endpoint: server.URL + "/par", Auth: auth, Params: params()}
	message, err := request.HTTP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(message)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reference, err := request.Judge(response, received)
	return reference, seen, err
}

func TestRFC9126_2_1_ARequestIsPostedAndAuthenticatedLikeATokenRequest(t *testing.T) {
	for _, auth := range []oauth.ClientAuth{
		{ClientID: "id", ClientSecret: "s3cret", Method: oauth.AuthBasic},
		{ClientID: "id", ClientSecret: "s3cret", Method: oauth.AuthPost},
		{ClientID: "id", Assertion: "a.b.c", Method: oauth.AuthPrivateKeyJWT},
		{ClientID: "id", Method: oauth.AuthNone},
	} {
		t.Run(string(auth.Method), func(t *testing.T) {
			_, seen, err := push(t, auth, 201, `{"request_uri":"urn:x","expires_in":60}`)
			if err != nil {
				t.Fatal(err)
			}
			if seen.Method != http.MethodPost || seen.URL.RawQuery != "" {
				t.Fatalf("%s %s", seen.Method, seen.URL)
			}
			want := params()
			switch auth.Method {
			case oauth.AuthPost:
				want.Set("client_secret", "s3cret")
			case oauth.AuthPrivateKeyJWT:
				want.Set("client_assertion", "a.b.c")
				want.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
			}
			if got := seen.PostForm.Encode(); got != want.Encode() {
				t.Fatalf("sent %s\nwant %s", got, want.Encode())
			}
			if _, _, basic := seen.BasicAuth(); basic != (auth.Method == oauth.AuthBasic) {
				t.Fatal("the wrong authentication")
			}
		})
	}
}

func TestRFC9126_2_1_ARequestHoldsNoRequestURI(t *testing.T) {
	request := pushed.Request{Endpoint: "https://as.example/par", Auth: oauth.ClientAuth{ClientID: "id"}, Params: url.Values{"request_uri": {"urn:x"}}}
	if _, err := request.HTTP(t.Context()); err == nil {
		t.Fatal("pushed")
	}
}

func TestRFC9126_2_2_AReferenceLivesAsLongAsItsAnswerSays(t *testing.T) {
	for body, want := range map[string]time.Duration{
		`{"request_uri":"urn:x","expires_in":90}`:    90 * time.Second,
		`{"request_uri":"urn:x","expires_in":5.5}`:   5500 * time.Millisecond,
		`{"request_uri":"urn:x"}`:                    time.Minute,
		`{"request_uri":"urn:x","expires_in":-1}`:    time.Minute,
		`{"request_uri":"urn:x","expires_in":1e300}`: time.Minute,
	} {
		reference, _, err := push(t, oauth.ClientAuth{ClientID: "id"}, 201, body)
		if err != nil || reference.URI != "urn:x" || !reference.ExpiresAt.Equal(received.Add(want)) {
			t.Errorf("%s: %+v %v", body, reference, err)
		}
	}
}

func TestARefusalIsJudgedLikeATokenRequests(t *testing.T) {
	auth := oauth.ClientAuth{ClientID: "id", ClientSecret: "s3cret"}
	for _, test := range []struct {
		status int
		body   string
		code   string
		action oauth.Action
	}{
		{400, `{"error":"invalid_request","error_description":"no scope"}`, "invalid_request", oauth.ActionBug},
		{401, `{"error":"invalid_client","error_description":"s3cret is wrong"}`, "invalid_client", oauth.ActionConfigure},
		{503, `<h1>busy</h1>`, oauth.CodeHTTPStatus, oauth.ActionRetry},
		{200, `<html>log in</html>`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		{201, `{"expires_in":60}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		{201, `{"request_uri":"urn:x\r\ny"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		{201, `{"request_uri":`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
	} {
		_, _, err := push(t, auth, test.status, test.body)
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Code != test.code || refused.Action != test.action {
			t.Errorf("%d %s: %#v", test.status, test.body, err)
			continue
		}
		if strings.Contains(refused.Description, "s3cret") || len(refused.Salvage) > 0 {
			t.Errorf("%d %s: %s, %d bytes kept", test.status, test.body, refused.Description, len(refused.Salvage))
		}
	}
}

func TestRFC9126_4_TheBrowserCarriesTheClientAndTheReferenceOnly(t *testing.T) {
	location, err := pushed.URL("https://as.example/authorize?tenant=a", "id", pushed.Reference{URI: "urn:ietf:params:oauth:request_uri:x&y"})
	if want := "https://as.example/authorize?client_id=id&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax%26y&tenant=a"; err != nil || location != want {
		t.Fatalf("%s %v", location, err)
	}
	if _, err := pushed.URL("not a URL", "id", pushed.Reference{}); err == nil {
		t.Fatal("made")
	}
}

func TestNothingOfARequestIsPrinted(t *testing.T) {
	request := pushed.Request{Endpoint: "https://as.example/par", Auth: oauth.ClientAuth{ClientID: "id", ClientSecret: "s3cret"}, Params: url.Values{"state": {"canary"}}}
	json, _ := request.MarshalJSON()
	for _, text := range []string{fmt.Sprint(request), fmt.Sprintf("%#v", request), fmt.Sprintf("%x", request), string(json), request.LogValue().String()} {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "canary") || !strings.Contains(text, "id") {
			t.Error(text)
		}
	}
}

func FuzzJudge(f *testing.F) {
	for _, seed := range []string{`{"request_uri":"urn:x","expires_in":60}`, `{"error":"invalid_request"}`, "\xff\xfe{", `{"request_uri":1}`} {
		f.Add(201, seed)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		request := pushed.Request{Endpoint: "https://as.example/par", Auth: oauth.ClientAuth{ClientID: "id"}}
		reference, err := request.Judge(&http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, received)
		if err == nil && reference.URI == "" {
			t.Fatal("judged good without a reference")
		}
	})
}
