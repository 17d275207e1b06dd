package oauth

import (
	"context"
	"slices"
	"strings"
	"testing"
)

const document = `{"issuer":"https://as.example/tenant","authorization_endpoint":"https://as.example/authorize","token_endpoint":"https://as.example/token","unknown":{"x":1}`

// The well-known part goes between host and path; MCP-2: three places, in order.
func TestRFC8414_3_a(t *testing.T) {
	got, err := MetadataURLs(issuer)
	want := []string{
		"https://as.example/.well-known/oauth-authorization-server/tenant",
		"https://as.example/.well-known/openid-configuration/tenant",
		"https://as.example/tenant/.well-known/openid-configuration",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
	if got, err = MetadataURLs("https://as.example"); err != nil || len(got) != 2 {
		t.Errorf("without a path: %v %v", got, err)
	}
}

// A slash at the end of the path is taken off first; the request is a GET.
func TestRFC8414_3_1(t *testing.T) {
	got, err := MetadataURLs("https://as.example/a%2Fb/")
	if err != nil || got[0] != "https://as.example/.well-known/oauth-authorization-server/a%2Fb" {
		t.Errorf("%v %v", got, err)
	}
	if got, _ = MetadataURLs("https://as.example/"); len(got) != 2 {
		t.Errorf("a bare slash is no path: %v", got)
	}
	req, err := MetadataRequest(context.Background(), got[0])
	if err != nil || req.Method != "GET" || req.Header.Get("Accept") != "application/json" {
		t.Errorf("%v %v", req, err)
	}
	for _, bad := range []string{"http://as.example", "https://as.example?x=1", "https://as.example#x", "as.example", ""} {
		if _, err := MetadataURLs(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if _, err := MetadataURLs("http://as.internal", AllowInsecure); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

// The issuer in the document is the one asked for, code point by code point.
func TestRFC8414_3_3(t *testing.T) {
	if _, err := ParseMetadata(issuer, []byte(document+"}")); err != nil {
		t.Error(err)
	}
	for _, asked := range []string{"https://as.example/tenant/", "https://AS.example/tenant", "https://as.example:443/tenant", "https://as.example", ""} {
		_, err := ParseMetadata(asked, []byte(document+"}"))
		failing(t, err, CodeIssuerMismatch, ActionConfigure)
	}
	_, err := ParseMetadata("", []byte(`{"token_endpoint":"https://as.example/token"}`))
	failing(t, err, CodeIssuerMismatch, ActionConfigure)
}

// What is absent has the RFC's default: Basic, and no PKCE.
func TestRFC8414_2(t *testing.T) {
	s, err := ParseMetadata(issuer, []byte(document+"}"))
	if err != nil || !slices.Equal(s.AuthMethods, []AuthMethod{AuthBasic}) || s.SupportsS256() || s.IssParameterSupported || s.TokenEndpoint != "https://as.example/token" {
		t.Errorf("%+v %v", s, err)
	}
	s, err = ParseMetadata(issuer, []byte("\xef\xbb\xbf"+document+`,"token_endpoint_auth_methods_supported":["none"],"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true,"refresh_endpoint":"https://evil.example"}`))
	if err != nil || !slices.Equal(s.AuthMethods, []AuthMethod{AuthNone}) || !s.SupportsS256() || !s.IssParameterSupported || s.RefreshURL() != "https://as.example/token" {
		t.Errorf("%+v %v", s, err)
	}
}

// The one exception: {tenantid} stands for a segment, and only when allowed.
func TestOIDD_4_3(t *testing.T) {
	const body = `{"issuer":"https://login.example/{tenantid}/v2.0","token_endpoint":"https://login.example/token"}`
	_, err := ParseMetadata("https://login.example/common/v2.0", []byte(body))
	failing(t, err, CodeIssuerMismatch, ActionConfigure)
	s, err := ParseMetadata("https://login.example/common/v2.0", []byte(body), AllowIssuerTemplate)
	if err != nil {
		t.Fatal(err)
	}
	for iss, ok := range map[string]bool{"https://login.example/72f988bf-86f1/v2.0": true, "https://login.example/a/b/v2.0": false, "https://evil.example/a/v2.0": false, "https://login.example//v2.0": false} {
		r := AuthorizationResponse{Code: "c", State: "s", Issuer: iss}
		if err := r.Verify("s", s); (err == nil) != ok {
			t.Errorf("%s: %v", iss, err)
		}
	}
	_, err = ParseMetadata("https://login.example/a/b/v2.0", []byte(body), AllowIssuerTemplate)
	failing(t, err, CodeIssuerMismatch, ActionConfigure)
	_, err = ParseMetadata("https://evil/v2.0", []byte(`{"issuer":"https://{tenantid}/v2.0","token_endpoint":"https://x.example"}`), AllowIssuerTemplate)
	failing(t, err, CodeIssuerMismatch, ActionConfigure)
}

func TestMetadataThatCannotBeUsedIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"no token endpoint":    `{"issuer":"https://as.example/tenant"}`,
		"http endpoint":        strings.Replace(document, "https://as.example/token", "http://as.example/token", 1) + "}",
		"issuer twice":         `{"issuer":"https://evil.example",` + document[1:] + "}",
		"wrong type":           document + `,"scopes_supported":7}`,
		"a page":               "<html>",
		"script as revocation": document + `,"revocation_endpoint":"javascript:x"}`,
	} {
		if _, err := ParseMetadata(issuer, []byte(body)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestMetadataIsReadFromAnAnswer(t *testing.T) {
	if s, err := ReadMetadata(answer(200, document+"}"), issuer, received()); err != nil || s.Issuer != issuer {
		t.Errorf("%v %v", s, err)
	}
	_, err := ReadMetadata(answer(404, ""), issuer, received())
	failing(t, err, CodeHTTPStatus, ActionConfigure)
	_, err = ReadMetadata(answer(503, "", "Retry-After", "5"), issuer, received())
	if e := failing(t, err, CodeHTTPStatus, ActionRetry); e.RetryAfter.Seconds() != 5 {
		t.Errorf("%v", e.RetryAfter)
	}
}
