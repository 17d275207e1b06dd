package oauth

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func parse(t *testing.T, query string, codeNames ...string) AuthorizationResponse {
	t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseAuthorizationResponse(v, codeNames...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return r
}

// Parameters that are not known are ignored, but kept for the description.
func TestRFC6749_4_1_2_b(t *testing.T) {
	r := parse(t, "code=c&state=s&realmId=7&realmId=8&session_state=x&access_token=leak")
	if r.Code != "c" || r.Params.Get("realmId") != "7" || r.Params.Has("access_token") || r.Params.Has("code") {
		t.Errorf("%q %v", r.Code, r.Params)
	}
}

// Each error code of the RFC calls for its action; the state comes with it.
func TestRFC6749_4_1_2_1(t *testing.T) {
	for code, action := range map[string]Action{
		"invalid_request": ActionBug, "unauthorized_client": ActionConfigure, "access_denied": ActionReauthorize, "unsupported_response_type": ActionConfigure,
		"invalid_scope": ActionConfigure, "server_error": ActionRetry, "temporarily_unavailable": ActionRetry, "interaction_required": ActionReauthorize,
	} {
		r := parse(t, "state=s&error="+code+"&error_description=why&error_uri=https://as.example/e")
		if err := r.Verify("s", Server{}); err != nil {
			t.Fatal(err)
		}
		e := failing(t, r.Failure(), code, action)
		if e.Description != "why" || e.URI != "https://as.example/e" {
			t.Errorf("%+v", e)
		}
	}
	if err := parse(t, "code=c&state=s").Failure(); err != nil {
		t.Errorf("a code is no failure: %v", err)
	}
}

// the state must be there and be ours.
func TestRFC6749_10_12_a(t *testing.T) {
	for query, expected := range map[string]string{"code=c&state=other": "s", "code=c": "s", "error=access_denied": "s", "code=c&state=": "", "code=c&state=ss": "s"} {
		e := failing(t, parse(t, query).Verify(expected, Server{}), CodeStateMismatch, ActionReauthorize)
		if strings.Contains(e.Error(), "access_denied") {
			t.Errorf("the foreign text is shown: %v", e)
		}
	}
}

// Received text is printable, on one line and bounded before anyone sees it.
func TestRFC6749_10_14(t *testing.T) {
	text := "a\r\nb\x1b[31mc\u202ed" + strings.Repeat("é ", 1000)
	r := parse(t, url.Values{"state": {"s"}, "error": {"x\r\ny"}, "error_description": {text}, "error_uri": {"javascript:alert(1)"}, "shop": {"a\nb"}}.Encode())
	if r.Error != CodeUnrecognized || r.ErrorURI != "" || r.Params.Get("shop") != "a b" {
		t.Errorf("%q %q %q", r.Error, r.ErrorURI, r.Params.Get("shop"))
	}
	if len(r.ErrorDescription) > 512 || strings.ContainsAny(r.ErrorDescription, "\r\n\x1b\u202e") || !strings.HasPrefix(r.ErrorDescription, "a b [31mc d") {
		t.Errorf("%d bytes: %.40q", len(r.ErrorDescription), r.ErrorDescription)
	}
}

var promised = Server{Issuer: issuer, IssParameterSupported: true}

// The issuer is form-decoded and compared code point by code point.
func TestRFC9207_2_4_a(t *testing.T) {
	if err := parse(t, "code=c&state=s&iss=https%3A%2F%2Fas.example%2Ftenant").Verify("s", promised); err != nil {
		t.Error(err)
	}
	for _, other := range []string{issuer + "/", "https://AS.example/tenant", "https://as.example:443/tenant", "https://evil.example", "https://as.example/%74enant"} {
		query := url.Values{"code": {"c"}, "state": {"s"}, "iss": {other}}.Encode()
		failing(t, parse(t, query).Verify("s", promised), CodeIssuerMismatch, ActionReauthorize)
	}
}

// A server that promised iss and did not send it is not believed.
func TestRFC9207_2_4_b(t *testing.T) {
	for _, query := range []string{"code=c&state=s", "error=access_denied&state=s", "code=c&state=s&iss="} {
		failing(t, parse(t, query).Verify("s", promised), CodeIssuerMismatch, ActionReauthorize)
	}
	if err := parse(t, "code=c&state=s").Verify("s", Server{Issuer: issuer}); err != nil {
		t.Errorf("not promised: %v", err)
	}
}

// an error response is checked like any other, and its words are not
// shown when it fails.
func TestRFC9207_2_4_c(t *testing.T) {
	query := url.Values{"error": {"access_denied"}, "error_description": {"call 555-1234"}, "state": {"s"}, "iss": {"https://evil.example"}}.Encode()
	e := failing(t, parse(t, query).Verify("s", promised), CodeIssuerMismatch, ActionReauthorize)
	if strings.Contains(e.Error(), "555") || strings.Contains(e.Error(), "evil") {
		t.Errorf("shown: %v", e)
	}
}

// An issuer that was not promised is compared all the same.
func TestRFC9207_2_4_d(t *testing.T) {
	r := parse(t, "code=c&state=s&iss=https://evil.example")
	failing(t, r.Verify("s", Server{Issuer: issuer}), CodeIssuerMismatch, ActionReauthorize)
	if err := r.Verify("s", Server{}); err != nil {
		t.Errorf("no issuer is known: %v", err)
	}
}

// Several issuers in one response are refused.
func TestRFC9207_4(t *testing.T) {
	_, err := ParseAuthorizationResponse(url.Values{"code": {"c"}, "state": {"s"}, "iss": {issuer, "https://evil.example"}})
	failing(t, err, CodeDuplicate, ActionReauthorize)
}

func TestA12_CodeAndErrorTogether(t *testing.T) {
	_, err := ParseAuthorizationResponse(url.Values{"code": {"c"}, "error": {"access_denied"}, "state": {"s"}})
	failing(t, err, CodeInvalidResponse, ActionReauthorize)
}

func TestA13_Duplicates(t *testing.T) {
	for _, name := range []string{"code", "state", "error", "error_description"} {
		v := url.Values{"state": {"s"}, "code": {"c"}}
		v[name] = []string{"x", "x"}
		_, err := ParseAuthorizationResponse(v)
		failing(t, err, CodeDuplicate, ActionReauthorize)
	}
}

func TestACallbackThatIsNoneIsRefused(t *testing.T) {
	for name, v := range map[string]url.Values{
		"nothing":               {},
		"neither":               {"state": {"s"}},
		"line break in code":    {"code": {"a\r\nb"}, "state": {"s"}},
		"non-ASCII in state":    {"code": {"a"}, "state": {"ü"}},
		"more than 16 KiB":      {"code": {strings.Repeat("a", 17<<10)}, "state": {"s"}},
		"code of another's":     {"auth_code": {"a"}, "state": {"s"}},
		"two code names, twice": {"auth_code": {"a", "b"}, "state": {"s"}},
	} {
		var e *Error
		if _, err := ParseAuthorizationResponse(v); !errors.As(err, &e) {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTheCodeMayHaveAnotherName(t *testing.T) {
	if r := parse(t, "auth_code=c&state=s", "auth_code", "code"); r.Code != "c" || r.Params.Has("auth_code") {
		t.Errorf("%q %v", r.Code, r.Params)
	}
	if r := parse(t, "admin_consent=True&state=s", NoCode); r.Code != "" || r.Params.Get("admin_consent") != "True" {
		t.Errorf("consent only: %v", r.Params)
	}
}
