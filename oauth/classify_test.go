package oauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestEveryRowOfTheClassification(t *testing.T) {
	for _, c := range []struct {
		s    Signal
		want Action
	}{
		{Signal{Code: "invalid_request", Status: 400}, ActionBug},
		{Signal{Code: "invalid_client", Status: 401}, ActionConfigure},
		{Signal{Status: 401}, ActionConfigure},
		{Signal{Code: "incorrect_client_credentials", Status: 200}, ActionConfigure},
		{Signal{Code: "invalid_client_id", Status: 400}, ActionConfigure},
		{Signal{Code: "invalid_grant", Status: 400, Grant: GrantAuthorizationCode}, ActionReauthorize},
		{Signal{Code: "invalid_grant", Status: 400, Grant: GrantRefreshToken}, ActionReauthorize},
		{Signal{Code: "INVALID_GRANT", Status: 403, Grant: GrantRefreshToken}, ActionReauthorize},
		{Signal{Code: "invalid_grant", Status: 400, Grant: GrantJWTBearer}, ActionConfigure},
		{Signal{Code: "invalid_grant", Status: 400, Grant: GrantClientCredentials}, ActionConfigure},
		{Signal{Code: "invalid_grant", Status: 400, Grant: GrantPassword}, ActionReauthorize},
		{Signal{Code: "invalid_grant", Status: 400, Grant: "urn:ietf:params:oauth:grant-type:saml2-bearer"}, ActionConfigure},
		{Signal{Code: "unauthorized_client", Status: 400}, ActionConfigure},
		{Signal{Code: "unsupported_response_type", At: AtAuthorization}, ActionConfigure},
		{Signal{Code: "invalid_resource", Status: 400}, ActionConfigure},
		{Signal{Code: "login_required", At: AtAuthorization}, ActionReauthorize},
		{Signal{Code: "account_selection_required", At: AtAuthorization}, ActionReauthorize},
		{Signal{Code: "internal_failure", Status: 200}, ActionRetry},
		{Signal{Code: "authorization_pending", Status: 400}, ActionRetry},
		{Signal{Code: "expired_token", Status: 400}, ActionReauthorize},
		{Signal{Code: "authorization_declined", Status: 400}, ActionReauthorize},
		{Signal{Code: "interaction_required", Status: 400, Grant: GrantJWTBearer}, ActionReauthorize},
		{Signal{Status: 502}, ActionRetry},
		{Signal{Status: 503}, ActionRetry},
		{Signal{Code: "invalid_grant", Suberror: "protection_policy_required", Grant: GrantRefreshToken}, ActionAdmin},
		{Signal{Code: "invalid_grant", Suberror: "device_authentication_failed", Grant: GrantRefreshToken}, ActionAdmin},
		{Signal{Code: "invalid_grant", Suberror: "token_expired", Grant: GrantJWTBearer}, ActionReauthorize},
		{Signal{Code: "interaction_required", Suberror: "message_only"}, ActionReauthorize},
		{Signal{Code: "unsupported_grant_type", Status: 400}, ActionConfigure},
		{Signal{Code: "invalid_scope", Status: 400}, ActionConfigure},
		{Signal{Code: "invalid_target", Status: 400}, ActionConfigure},
		{Signal{Code: "access_denied", At: AtAuthorization}, ActionReauthorize},
		{Signal{Code: "access_denied", Status: 401}, ActionConfigure},
		{Signal{Code: "interaction_required", Status: 400}, ActionReauthorize},
		{Signal{Code: "consent_required", Status: 400}, ActionReauthorize},
		{Signal{Code: "insufficient_claims", Status: 401, At: AtAPI}, ActionRefresh},
		{Signal{Code: "insufficient_user_authentication", Status: 401, At: AtAPI}, ActionReauthorize},
		{Signal{Code: "invalid_token", Status: 401, At: AtAPI}, ActionRefresh},
		{Signal{Status: 401, At: AtAPI}, ActionRefresh},
		{Signal{Code: "insufficient_scope", Status: 403, At: AtAPI}, ActionReauthorize},
		{Signal{Status: 403, At: AtAPI}, ActionAdmin},
		{Signal{Code: "server_error", Status: 400}, ActionRetry},
		{Signal{Code: "temporarily_unavailable", At: AtAuthorization}, ActionRetry},
		{Signal{Code: "slow_down", Status: 400}, ActionRetry},
		{Signal{Code: "use_dpop_nonce", Status: 400}, ActionRetry},
		{Signal{Code: "invalid_dpop_proof", Status: 400}, ActionBug},
		{Signal{Code: "unmet_authentication_requirements", Status: 400}, ActionAdmin},
		{Signal{Code: "invalid_authorization_details", Status: 400}, ActionConfigure},
		{Signal{Code: "unsupported_token_type", Status: 400, At: AtRevocation}, ActionConfigure},
		{Signal{Status: 408}, ActionRetry},
		{Signal{Status: 429, Code: "its_own_word"}, ActionRetry},
		{Signal{Status: 500}, ActionRetry},
		{Signal{Status: 504}, ActionRetry},
		{Signal{Status: 501}, ActionConfigure},
		{Signal{Status: 404}, ActionConfigure},
		{Signal{Status: 400}, ActionConfigure},
		{Signal{Status: 407}, ActionConfigure},
		{Signal{Code: "invalid_grant", Suberror: "bad_token", Grant: GrantJWTBearer}, ActionReauthorize},
		{Signal{Code: "invalid_grant", Suberror: "client_mismatch", Grant: GrantRefreshToken}, ActionAdmin},
		{Signal{Code: "invalid_grant", Suberror: "not_known", Grant: GrantRefreshToken}, ActionReauthorize},
	} {
		if got := Classify(c.s); got != c.want {
			t.Errorf("%+v: %s, want %s", c.s, got, c.want)
		}
	}
}

func TestOnlyErrorsOfTheRegistrationAreClientWide(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":"invalid_client"}`: true, "": true,
		`{"error":"invalid_grant"}`: false, `{"error":"invalid_scope"}`: false, `{"error":"its_own"}`: false,
	} {
		_, err := ReadTokenResponse(answer(401, body), received(), ResponseRules{Asked: Asked{Grant: GrantRefreshToken}})
		var e *Error
		if !errors.As(err, &e) || e.ClientWide() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

type timeout struct{}

func (timeout) Error() string { return "i/o timeout" }

func TestAFailureOfTransportDependsOnWhatWasSent(t *testing.T) {
	wrap := func(err error) error {
		return &url.Error{Op: "Post", URL: "https://as.example/token?client_secret=hidden", Err: err}
	}
	for name, c := range map[string]struct {
		err    error
		sent   bool
		code   string
		action Action
	}{
		"reset after sending":     {wrap(io.EOF), true, CodeUnknownOutcome, ActionUnknownOutcome},
		"deadline after sending":  {wrap(context.DeadlineExceeded), true, CodeUnknownOutcome, ActionUnknownOutcome},
		"deadline before":         {wrap(context.DeadlineExceeded), false, CodeUnreachable, ActionRetry},
		"refused":                 {wrap(&net.OpError{Op: "dial", Err: timeout{}}), true, CodeUnreachable, ActionRetry},
		"no such host":            {wrap(&net.DNSError{Err: "no such host", Name: "as.example", IsNotFound: true}), false, CodeUnreachable, ActionRetry},
		"read timeout":            {wrap(&net.OpError{Op: "read", Err: timeout{}}), true, CodeUnknownOutcome, ActionUnknownOutcome},
		"unknown authority":       {wrap(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), false, CodeTLSFailure, ActionConfigure},
		"not TLS":                 {wrap(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), false, CodeTLSFailure, ActionConfigure},
		"our certificate refused": {wrap(&net.OpError{Op: "remote error", Err: tls.AlertError(42)}), true, CodeTLSFailure, ActionConfigure},
		"broken off later":        {wrap(&net.OpError{Op: "remote error", Err: tls.AlertError(80)}), true, CodeUnknownOutcome, ActionUnknownOutcome},
		"proxy":                   {wrap(errors.New("Proxy Authentication Required")), false, CodeProxyFailure, ActionConfigure},
		"one of ours":             {fmt.Errorf("call: %w", &Error{Code: "blocked", Action: ActionAdmin}), true, "blocked", ActionAdmin},
	} {
		e := ClassifyTransport(c.err, c.sent)
		if e.Code != c.code || e.Action != c.action || strings.Contains(e.Error(), "hidden") {
			t.Errorf("%s: %s %s %v", name, e.Code, e.Action, e)
		}
		if e.Code != "blocked" && !errors.Is(e, c.err) {
			t.Errorf("%s: the cause is lost", name)
		}
	}
}

// An API's refusal calls for a refresh, a step-up, or nothing about the token.
func TestRFC6750_3_1(t *testing.T) {
	for _, c := range []struct {
		status int
		header string
		action Action // empty: no refusal of the token
	}{
		{401, `Bearer error="invalid_token", error_description="expired"`, ActionRefresh},
		{401, ``, ActionRefresh},
		{401, `Bearer realm="api"`, ActionRefresh},
		{403, `Bearer error="insufficient_scope", scope="files.write"`, ActionReauthorize},
		{400, `Bearer error="invalid_request"`, ActionBug},
		{401, `Bearer error="insufficient_user_authentication", acr_values="mfa", max_age="5"`, ActionReauthorize},
		{403, ``, ""},
		{200, `Bearer error="invalid_token"`, ""},
		{500, ``, ""},
	} {
		e := JudgeAPI(c.status, http.Header{"Www-Authenticate": {c.header}}, received())
		if (e == nil) != (c.action == "") || e != nil && e.Action != c.action {
			t.Errorf("%d %s: %v", c.status, c.header, e)
		}
	}
	e := JudgeAPI(403, http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope", scope="files.write"`}}, received())
	if e.Evidence["scope"] != "files.write" {
		t.Errorf("%v", e.Evidence)
	}
}

// The revocation endpoint is https like every other.
func TestRFC7009_2(t *testing.T) {
	_, err := RevocationRequest{Endpoint: "http://as.example/revoke", Auth: confidential(), Token: "t"}.HTTP(context.Background())
	failing(t, err, CodeInvalidEndpoint, ActionConfigure)
}

// Token, hint and client authentication go to the revocation endpoint.
func TestRFC7009_2_1(t *testing.T) {
	req, err := RevocationRequest{Endpoint: "https://as.example/revoke", Auth: confidential(), Token: "t", TokenTypeHint: "refresh_token"}.HTTP(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(req.Body)
	if id, _, ok := req.BasicAuth(); !ok || id != "client" || string(body) != "token=t&token_type_hint=refresh_token" || req.GetBody != nil {
		t.Errorf("%s %v", body, req.Header)
	}
	req, err = RevocationRequest{Auth: confidential(), Token: "t", Rules: RequestRules{Method: "GET", URL: "https://as.example/api/auth.revoke", Auth: AuthAccessToken}}.HTTP(context.Background())
	if err != nil || req.Header.Get("Authorization") != "Bearer t" || req.URL.RawQuery != "" {
		t.Errorf("by access token: %v %v", req, err)
	}
	req, err = RevocationRequest{Endpoint: "https://as.example/tokens/current", Auth: confidential(), Token: "t", TokenTypeHint: "refresh_token", Rules: RequestRules{Method: "DELETE", Params: map[string]string{"all": "true"}}}.HTTP(context.Background())
	if err != nil || req.ContentLength != 0 || req.Header.Get("Content-Type") != "" || req.URL.RawQuery != "all=true" || req.Header.Get("Authorization") == "" {
		t.Errorf("a DELETE of what its address names: %v %v", req, err)
	}
	req, err = RevocationRequest{Endpoint: "https://as.example/tokens", Auth: confidential(), Token: "t", Rules: RequestRules{Method: "DELETE", Encoding: EncodingForm}}.HTTP(context.Background())
	if err != nil || req.ContentLength == 0 || req.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("a DELETE that is to have a form: %v %v", req, err)
	}
	for _, bad := range []RevocationRequest{
		{Endpoint: "https://as.example/revoke", Auth: confidential()},
		{Endpoint: "https://as.example/revoke", Token: "t\r\n", Rules: RequestRules{Auth: AuthAccessToken}},
	} {
		if _, err := bad.HTTP(context.Background()); err == nil {
			t.Errorf("%v: accepted", bad)
		}
	}
}

// 200 is success for tokens the server never knew, whatever the body.
func TestRFC7009_2_2(t *testing.T) {
	for _, body := range []string{"", "<html>", `{"error":"x"}`} {
		if err := ReadRevocationResponse(answer(200, body), received(), ResponseRules{}); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
	rules := ResponseRules{ErrorWhen: &ErrorWhen{Pointer: "/ok", Equals: false, Error: "/error"}}
	if err := ReadRevocationResponse(answer(200, `{"ok":true}`), received(), rules); err != nil {
		t.Error(err)
	}
	failing(t, ReadRevocationResponse(answer(200, `{"ok":false,"error":"token_revoked"}`), received(), rules), "token_revoked", ActionReauthorize)
}

// After 503 the token lives: try again when the server says.
func TestRFC7009_2_2_1(t *testing.T) {
	e := failing(t, ReadRevocationResponse(answer(503, "", "Retry-After", "30"), received(), ResponseRules{}), CodeHTTPStatus, ActionRetry)
	if e.RetryAfter.Seconds() != 30 {
		t.Errorf("%v", e.RetryAfter)
	}
	failing(t, ReadRevocationResponse(answer(400, `{"error":"unsupported_token_type"}`), received(), ResponseRules{}), "unsupported_token_type", ActionConfigure)
	failing(t, ReadRevocationResponse(answer(302, "", "Location", "https://x.example"), received(), ResponseRules{}), CodeRedirected, ActionConfigure)
}
