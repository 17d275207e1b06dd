package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	verifierOfRFC = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 Appendix B
	issuer        = "https://as.example/tenant"
)

func received() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// answer is a response as it comes from the wire; header is name, value, ...
func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func mustRead(t *testing.T, body string, rules ResponseRules) Token {
	t.Helper()
	token, err := ReadTokenResponse(answer(200, body), received(), rules)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return token
}

// failing asserts code and action of an error and gives it back.
func failing(t *testing.T, err error, code string, action Action) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error with code %s", err, code)
	}
	if e.Code != code || e.Action != action {
		t.Fatalf("got code %q action %q (%v), want %q %q", e.Code, e.Action, e, code, action)
	}
	return e
}

func confidential() ClientAuth {
	return ClientAuth{ClientID: "client", ClientSecret: "s3cret", Method: AuthBasic}
}

func codeRequest() TokenRequest {
	return TokenRequest{
		Endpoint: "https://as.example/token",
		Auth:     confidential(),
		Grant:    GrantAuthorizationCode,
		Params:   CodeParams("the-code", "https://app.example/cb", verifierOfRFC),
	}
}

// built builds a request and gives it with its parameters, from body or query.
func built(t *testing.T, r TokenRequest) (*http.Request, url.Values) {
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

func authorization() AuthorizationRequest {
	return AuthorizationRequest{
		ClientID: "client", RedirectURI: "https://app.example/cb", State: "state-of-the-flow",
		Scopes: []string{"mail.read", "offline_access"}, CodeChallenge: S256Challenge(verifierOfRFC), CodeChallengeMethod: MethodS256,
	}
}

func authorizationQuery(t *testing.T, r AuthorizationRequest, endpoint string) url.Values {
	t.Helper()
	location, err := r.URL(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
