package oauth

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The scope of the answer is the grant, case-sensitively; without one it is
// what was requested.
func TestRFC6749_3_3(t *testing.T) {
	requested := []string{"Mail.Read", "offline_access"}
	for body, want := range map[string][]string{
		`{"access_token":"a","token_type":"bearer","scope":"mail.read Mail.Read"}`:   {"mail.read", "Mail.Read"},
		`{"access_token":"a","token_type":"bearer"}`:                                 requested,
		`{"access_token":"a","token_type":"bearer","scope":""}`:                      requested,
		`{"access_token":"a","token_type":"bearer","scope":null}`:                    requested,
		`{"access_token":"a","token_type":"bearer","scope":["x","y z"]}`:             {"x", "y", "z"},
		`{"access_token":"a","token_type":"bearer","scope":"b  a b"}`:                {"b", "a"},
		`{"access_token":"a","token_type":"bearer","scope":{"unreadable":"object"}}`: requested,
	} {
		if got := mustRead(t, body, ResponseRules{}).Granted(requested); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
	commas := ResponseRules{Asked: Asked{Separator: ","}}
	if got := mustRead(t, `{"access_token":"a","scope":"repo,gist"}`, commas).Scope; !slices.Equal(got, []string{"repo", "gist"}) {
		t.Errorf("with commas: %v", got)
	}
}

// A client credentials answer has no refresh token, and none is missed.
func TestRFC6749_4_4_3(t *testing.T) {
	token := mustRead(t, `{"access_token":"a","token_type":"Bearer","expires_in":60}`, ResponseRules{Asked: Asked{Grant: GrantClientCredentials}})
	if token.RefreshToken != "" || len(token.Warnings) != 0 {
		t.Errorf("%q %v", token.RefreshToken, token.Warnings)
	}
}

// Members that are not known are kept aside and disturb nothing.
func TestRFC6749_5_1_a(t *testing.T) {
	token := mustRead(t, `{"access_token":"a","token_type":"Bearer","team":{"id":"T1","tokens":[1]},"api_domain":"https://api.example"}`, ResponseRules{})
	if id, ok := token.Look("/team/id"); !ok || id != "T1" {
		t.Errorf("team id %q", id)
	}
	if domain, _ := token.Look("api_domain"); domain != "https://api.example" {
		t.Errorf("api domain %q", domain)
	}
	if _, ok := token.Look("/nothing/there"); ok {
		t.Error("found what is not there")
	}
}

// Without expires_in the expiry is not known, and the token is good.
func TestRFC6749_5_1_b(t *testing.T) {
	token := mustRead(t, `{"access_token":"a","token_type":"Bearer"}`, ResponseRules{})
	if token.ExpiryKnown || !token.ExpiresAt.IsZero() {
		t.Errorf("%v %v", token.ExpiryKnown, token.ExpiresAt)
	}
}

// An error document is read on 400 and 401 alike, with any charset.
func TestRFC6749_5_2(t *testing.T) {
	for status, contentType := range map[int]string{400: "application/json;charset=UTF-8", 401: "application/json; charset=utf-8", 403: "text/html"} {
		resp := answer(status, `{"error":"invalid_grant","error_description":"gone","error_uri":"https://as.example/e","trace_id":"t-1","error_codes":[70008,50173]}`, "Content-Type", contentType)
		_, err := ReadTokenResponse(resp, received(), ResponseRules{Asked: Asked{Grant: GrantRefreshToken}})
		e := failing(t, err, "invalid_grant", ActionReauthorize)
		if e.Status != status || e.Description != "gone" || e.URI != "https://as.example/e" || e.Evidence["trace_id"] != "t-1" || !slices.Equal(e.ErrorCodes, []string{"70008", "50173"}) || e.Grant != GrantRefreshToken {
			t.Errorf("%+v", e)
		}
	}
}

// a new refresh token replaces the old; none, an empty one or
// null leaves the old; the same one is the same.
func TestRFC6749_6_a(t *testing.T) {
	old := Token{AccessToken: "old", RefreshToken: "rt-1", Scope: []string{"a"}, ScopeGiven: true, RefreshExpiresAt: received()}
	for body, want := range map[string]string{
		`{"access_token":"n","token_type":"bearer","refresh_token":"rt-2"}`: "rt-2",
		`{"access_token":"n","token_type":"bearer","refresh_token":"rt-1"}`: "rt-1",
		`{"access_token":"n","token_type":"bearer","refresh_token":""}`:     "rt-1",
		`{"access_token":"n","token_type":"bearer","refresh_token":null}`:   "rt-1",
		`{"access_token":"n","token_type":"bearer"}`:                        "rt-1",
	} {
		token := mustRead(t, body, ResponseRules{})
		warned := slices.Contains(token.Warnings, WarnRefreshTokenEmpty)
		if warned != (strings.Contains(body, `""`) || strings.Contains(body, "null")) {
			t.Errorf("%s: warned %v", body, warned)
		}
		next := token.Inherit(old)
		if next.RefreshToken != want || next.AccessToken != "n" || !slices.Equal(next.Scope, []string{"a"}) {
			t.Errorf("%s: %q %v", body, next.RefreshToken, next.Scope)
		}
		if kept := want == "rt-1" && token.RefreshToken == ""; kept == next.RefreshExpiresAt.IsZero() {
			t.Errorf("%s: refresh expiry %v", body, next.RefreshExpiresAt)
		}
	}
}

// T-19: the type of the token is compared without case; one that is not known
// is not used.
func TestRFC6749_7_1(t *testing.T) { TestT19_TokenType(t) }

func TestT19_TokenType(t *testing.T) {
	for typ, warning := range map[string]Warning{`"Bearer"`: "", `"bearer"`: "", `"BEARER"`: "", `""`: WarnTokenTypeMissing, `null`: WarnTokenTypeMissing, `"bot"`: WarnTokenTypeUnusual} {
		token := mustRead(t, `{"access_token":"a","token_type":`+typ+`}`, ResponseRules{})
		if warning == "" && len(token.Warnings) > 0 || warning != "" && !slices.Equal(token.Warnings, []Warning{warning}) {
			t.Errorf("%s: %v", typ, token.Warnings)
		}
	}
	if token := mustRead(t, `{"access_token":"a"}`, ResponseRules{}); !slices.Equal(token.Warnings, []Warning{WarnTokenTypeMissing}) {
		t.Errorf("missing: %v", token.Warnings)
	}
	for _, typ := range []string{"mac", "DPoP", "N_A", "<b>"} {
		_, err := ReadTokenResponse(answer(200, `{"access_token":"a","token_type":"`+typ+`"}`), received(), ResponseRules{})
		failing(t, err, CodeTokenType, ActionConfigure)
	}
	if token := mustRead(t, `{"access_token":"a","token_type":"Zoho"}`, ResponseRules{TokenTypes: []string{"zoho"}}); len(token.Warnings) != 0 {
		t.Errorf("described type: %v", token.Warnings)
	}
}

// T-08 and T-09: JSON and forms are told apart by what they are.
func TestT09_BodyIsSniffed(t *testing.T) {
	for body, contentType := range map[string]string{
		`{"access_token":"a","token_type":"bearer","expires_in":"60"}`:       "text/html",
		"  {\"access_token\":\"a\",\"token_type\":\"bearer\",\"x\":[]}\r\n ": "text/plain",
		`access_token=a&token_type=bearer&scope=x+y`:                         "text/plain",
		`access_token=a&token_type=bearer`:                                   "application/json",
		"access_token=a&token_type=bearer\n":                                 "",
	} {
		token, err := ReadTokenResponse(answer(200, body, "Content-Type", contentType), received(), ResponseRules{})
		if err != nil || token.AccessToken != "a" {
			t.Errorf("%s: %v", body, err)
		}
	}
	_, err := ReadTokenResponse(answer(200, `{"access_token":"a"}`), received(), ResponseRules{Format: "form"})
	failing(t, err, CodeUnreadable, ActionUnknownOutcome)
}

func TestT10_MarksAndDuplicates(t *testing.T) {
	for _, body := range []string{
		"\xef\xbb\xbf{\"access_token\":\"a\",\"token_type\":\"bearer\"}\r\n\r\n",
		`{"access_token":"a","token_type":"bearer","access_token":"a","x":{"y":1},"x":{"y":1}}`,
		"access_token=a&access_token=a&token_type=bearer",
	} {
		if token := mustRead(t, body, ResponseRules{}); token.AccessToken != "a" {
			t.Errorf("%q: %q", body, token.AccessToken)
		}
	}
	for _, body := range []string{
		`{"access_token":"a","access_token":"b"}`,
		"access_token=a&access_token=b",
		`{"access_token":"a"} {"access_token":"b"}`,
	} {
		_, err := ReadTokenResponse(answer(200, body), received(), ResponseRules{})
		if e := failing(t, err, CodeUnreadable, ActionUnknownOutcome); string(e.Salvage) != body {
			t.Errorf("%q: salvaged %q", body, []byte(e.Salvage))
		}
	}
}

// What cannot be read may hold the only copy of a rotated refresh token.
func TestT11_UnreadableSuccessIsSalvaged(t *testing.T) {
	utf16 := "\xff\xfe{\x00\"\x00a\x00\"\x00"
	for _, body := range []string{utf16, `{"data":{"token":"rt-new"}}`, `["rt-new"]`, `{"access_token":`, `{"access_token":7}`, "nothing", strings.Repeat("[", 5000)} {
		_, err := ReadTokenResponse(answer(200, body), received(), ResponseRules{Asked: Asked{Grant: GrantRefreshToken}})
		e := failing(t, err, CodeUnreadable, ActionUnknownOutcome)
		if string(e.Salvage) != body || e.Grant != GrantRefreshToken || strings.Contains(e.Error(), "rt-new") {
			t.Errorf("%q: salvage %q, %v", body, []byte(e.Salvage), e)
		}
	}
	_, err := ReadTokenResponse(answer(200, ""), received(), ResponseRules{})
	failing(t, err, CodeUnreadable, ActionUnknownOutcome)
}

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func deflated(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func TestT11_CompressionIsReadWhateverItIsCalled(t *testing.T) {
	const body = `{"access_token":"a","token_type":"bearer"}`
	for _, c := range []struct{ name, body, encoding string }{
		{"gzip", gzipped(body), "gzip"},
		{"gzip without a label", gzipped(body), ""},
		{"gzip called deflate", gzipped(body), "deflate"},
		{"plain called gzip", body, "gzip"},
		{"plain called deflate", body, "deflate"},
		{"deflate", deflated(body), "deflate"},
		{"raw deflate", deflated(body)[2:], "deflate"},
	} {
		token, err := ReadTokenResponse(answer(200, c.body, "Content-Encoding", c.encoding), received(), ResponseRules{})
		if err != nil || token.AccessToken != "a" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	cut := gzipped(body)[:30]
	_, err := ReadTokenResponse(answer(200, cut), received(), ResponseRules{})
	if e := failing(t, err, CodeUnreadable, ActionUnknownOutcome); string(e.Salvage) != cut {
		t.Errorf("salvage %q", []byte(e.Salvage))
	}
}

// endless never ends; it counts what was taken.
type endless struct{ taken int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.taken += len(p)
	return len(p), nil
}

func TestT12_BodiesAreCapped(t *testing.T) {
	source := &endless{}
	for name, resp := range map[string]*http.Response{
		"endless": {StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(source)},
		"bomb":    answer(200, gzipped(strings.Repeat(" ", 50<<20)), "Content-Encoding", "gzip"),
	} {
		_, err := ReadTokenResponse(resp, received(), ResponseRules{})
		e := failing(t, err, CodeTooLarge, ActionConfigure)
		if len(e.Salvage) > 0 {
			t.Errorf("%s: %d bytes kept", name, len(e.Salvage))
		}
	}
	if source.taken > 2*maxBody {
		t.Errorf("%d bytes were read", source.taken)
	}
	_, err := ReadTokenResponse(&http.Response{StatusCode: 503, Header: http.Header{}, Body: io.NopCloser(&endless{})}, received(), ResponseRules{})
	failing(t, err, CodeHTTPStatus, ActionRetry)
}

// A success that breaks off has happened; a failure that breaks off is still
// that failure.
func TestT13_BrokenBody(t *testing.T) {
	broken := func(status int) *http.Response {
		body := io.MultiReader(strings.NewReader(`{"access_token":"a`), errorReader{})
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body)}
	}
	_, err := ReadTokenResponse(broken(200), received(), ResponseRules{})
	failing(t, err, CodeUnreadable, ActionUnknownOutcome)
	_, err = ReadTokenResponse(broken(502), received(), ResponseRules{})
	failing(t, err, CodeHTTPStatus, ActionRetry)
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

func TestT15_LongTokens(t *testing.T) {
	long := strings.Repeat("x", 16<<10)
	if token := mustRead(t, `{"access_token":"`+long+`","token_type":"bearer"}`, ResponseRules{}); token.AccessToken != long {
		t.Errorf("%d bytes", len(token.AccessToken))
	}
}

func TestT16_TokensThatBreakHeadersAreRefused(t *testing.T) {
	for _, value := range []string{`a\r\nX-Evil: 1`, `a\nb`, "t\u00f6ken", `a\u0000b`, `a\u007fb`} {
		body := `{"access_token":"` + value + `","token_type":"bearer"}`
		_, err := ReadTokenResponse(answer(200, body), received(), ResponseRules{})
		failing(t, err, CodeInvalidResponse, ActionConfigure)
	}
}

func TestT17_WebPages(t *testing.T) {
	const page = "<!doctype html><title>Sign in to the network</title>"
	_, err := ReadTokenResponse(answer(200, page, "Content-Type", "text/html"), received(), ResponseRules{})
	e := failing(t, err, CodeInvalidResponse, ActionConfigure)
	if !strings.Contains(e.Evidence["body"], "Sign in to the network") || len(e.Salvage) > 0 {
		t.Errorf("evidence %v", e.Evidence)
	}
	for _, status := range []int{500, 502, 503, 504, 429, 408} {
		_, err := ReadTokenResponse(answer(status, page, "Retry-After", "7"), received(), ResponseRules{})
		if e := failing(t, err, CodeHTTPStatus, ActionRetry); e.RetryAfter.Seconds() != 7 {
			t.Errorf("%d: %v", status, e.RetryAfter)
		}
	}
	_, err = ReadTokenResponse(answer(404, page), received(), ResponseRules{})
	failing(t, err, CodeHTTPStatus, ActionConfigure)
}

func TestT18_RedirectsAreRefused(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		_, err := ReadTokenResponse(answer(status, `{"access_token":"a"}`, "Location", "https://else.example/token?code=abc"), received(), ResponseRules{})
		e := failing(t, err, CodeRedirected, ActionConfigure)
		if e.Evidence["location_host"] != "else.example" {
			t.Errorf("%d: %v", status, e.Evidence)
		}
	}
}

func TestAnErrorInsideASuccessIsFound(t *testing.T) {
	yes := true
	for _, c := range []struct {
		name, body string
		rules      ResponseRules
		code       string
		action     Action
	}{
		{"RFC form", `{"error":"bad_verification_code","error_description":"x"}`, ResponseRules{}, "bad_verification_code", ActionReauthorize},
		{"ok is false", `{"ok":false,"error":"invalid_refresh_token"}`, ResponseRules{ErrorWhen: &ErrorWhen{Pointer: "/ok", Equals: false, Error: "/error"}}, "invalid_refresh_token", ActionReauthorize},
		{"code is not 0", `{"code":40105,"message":"Access token is incorrect","data":{}}`, ResponseRules{Root: "/data", ErrorWhen: &ErrorWhen{Pointer: "/code", NotEquals: 0, Error: "/message"}}, CodeUnrecognized, ActionConfigure},
		{"errcode is there", `{"errcode":40029,"errmsg":"invalid code"}`, ResponseRules{ErrorWhen: &ErrorWhen{Pointer: "/errcode", Present: &yes, Error: "/errmsg"}}, CodeUnrecognized, ActionConfigure},
		{"an object", `{"error":{"message":"Bad","type":"OAuthException","code":190}}`, ResponseRules{}, "OAuthException", ActionConfigure},
		{"a sentence", `{"error":"Access Denied, too many"}`, ResponseRules{}, CodeUnrecognized, ActionConfigure},
		{"transient", `{"error":"temporarily_unavailable"}`, ResponseRules{}, "temporarily_unavailable", ActionRetry},
		{"a form", `error=incorrect_client_credentials&error_description=x`, ResponseRules{}, "incorrect_client_credentials", ActionConfigure},
	} {
		_, err := ReadTokenResponse(answer(200, c.body), received(), c.rules)
		e := failing(t, err, c.code, c.action)
		if e.Code == CodeUnrecognized && e.Description == "" {
			t.Errorf("%s: nothing is said", c.name)
		}
	}
}

func TestAConditionThatDoesNotHoldLetsTheTokenThrough(t *testing.T) {
	no, yes := false, true
	for name, c := range map[string]struct {
		body string
		when ErrorWhen
	}{
		"equal number":         {`{"code":0,"access_token":"a"}`, ErrorWhen{Pointer: "/code", NotEquals: 0}},
		"equal, as a float":    {`{"code":0.0,"access_token":"a"}`, ErrorWhen{Pointer: "/code", NotEquals: uint64(0)}},
		"equal text":           {`{"result":"0000","access_token":"a"}`, ErrorWhen{Pointer: "/result", Present: &yes, NotEquals: "0000"}},
		"absent":               {`{"access_token":"a"}`, ErrorWhen{Pointer: "/errcode", Present: &yes}},
		"null counts as none":  {`{"errcode":null,"access_token":"a"}`, ErrorWhen{Pointer: "/errcode", Present: &yes}},
		"there, as it must be": {`{"id":1,"access_token":"a"}`, ErrorWhen{Pointer: "/id", Present: &no}},
		"empty error":          {`{"error":"","access_token":"a"}`, ErrorWhen{Pointer: "/x", Present: &yes}},
		"text is not number":   {`{"code":"0000","access_token":"a"}`, ErrorWhen{Pointer: "/code", Equals: 0}},
	} {
		if token := mustRead(t, c.body, ResponseRules{ErrorWhen: &c.when}); token.AccessToken != "a" {
			t.Errorf("%s: %q", name, token.AccessToken)
		}
	}
}

func TestMembersAreFoundWhereTheRulesSay(t *testing.T) {
	rules := ResponseRules{
		Root: "/data", AccessToken: "accessToken", RefreshToken: "/keys/0/refresh~1token", TokenType: "kind", Scope: "/grants",
		ExpiryRules: ExpiryRules{ExpiresIn: &Lifetime{Pointer: "ttl", Unit: "m"}, RefreshExpiresIn: &Lifetime{Pointer: "rttl"}},
	}
	token := mustRead(t, `{"data":{"accessToken":"a","keys":[{"refresh/token":"r"}],"kind":"Bearer","grants":["x"],"ttl":"2","rttl":60}}`, rules)
	if token.AccessToken != "a" || token.RefreshToken != "r" || token.ExpiresIn.Seconds() != 120 || token.Scope[0] != "x" || !token.RefreshExpiresAt.Equal(received().Add(60e9)) {
		t.Errorf("%q %q %v %v %v", token.AccessToken, token.RefreshToken, token.ExpiresIn, token.Scope, token.RefreshExpiresAt)
	}
}

func TestSchemaRow26FurtherTokenSetsAreJudgedOnTheirOwn(t *testing.T) {
	const both = `{"access_token":"bot-token","token_type":"bot","authed_user":{"access_token":"user-token","token_type":"user","expires_in":60},"odd":{"access_token":"x","token_type":"odd"}}`
	rules := ResponseRules{TokenTypes: []string{"user"}, TokenSets: map[string]string{"user": "/authed_user", "none": "/absent", "odd": "/odd"}}
	token := mustRead(t, both, rules)
	if len(token.Sets) != 1 || token.AccessToken != "bot-token" || token.Sets["user"].AccessToken != "user-token" || !token.Sets["user"].ExpiryKnown {
		t.Errorf("%v of %v", token.Sets, token)
	}
	if !slices.Contains(token.Warnings, WarnTokenSetRefused) {
		t.Error("a set of a type that nobody knows was lost without a word")
	}
}

func TestSchemaRow26OneSetMayBeAskedFor(t *testing.T) {
	for name, test := range map[string]struct {
		body  string
		grant GrantType
		want  string
	}{
		"its own place":                     {`{"access_token":"bot","token_type":"bot","u":{"access_token":"user","token_type":"Bearer"}}`, GrantAuthorizationCode, "user"},
		"its own place alone":               {`{"u":{"access_token":"user","token_type":"Bearer"}}`, GrantAuthorizationCode, "user"},
		"at the root of a refresh":          {`{"access_token":"user","token_type":"Bearer"}`, GrantRefreshToken, "user"},
		"never at the root of a first one":  {`{"access_token":"bot","token_type":"Bearer"}`, GrantAuthorizationCode, ""},
		"its own place in a refresh answer": {`{"access_token":"bot","token_type":"bot","u":{"access_token":"user","token_type":"Bearer"}}`, GrantRefreshToken, "user"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := ReadTokenResponse(answer(200, test.body), received(), ResponseRules{
				TokenSets: map[string]string{"user": "/u"}, Asked: Asked{Grant: test.grant, TokenSet: "user"},
			})
			if token.AccessToken != test.want || (err == nil) != (test.want != "") || len(token.Sets) > 0 {
				t.Errorf("%q %v", token.AccessToken, err)
			}
		})
	}
}

func TestKeptMembersMayBeMissing(t *testing.T) {
	token := mustRead(t, `{"result":"0000"}`, ResponseRules{Keep: []string{"access_token", "refresh_token"}, ExpiryRules: ExpiryRules{DefaultExpiresIn: 60}})
	next := token.Inherit(Token{AccessToken: "a", TokenType: "Bearer", RefreshToken: "r"}, "access_token", "refresh_token")
	if next.AccessToken != "a" || next.RefreshToken != "r" || next.ExpiresIn.Seconds() != 60 {
		t.Errorf("%q %q %v", next.AccessToken, next.RefreshToken, next.ExpiresIn)
	}
}

func TestAnErrorBesideATokenIsOnlyAWarning(t *testing.T) {
	token := mustRead(t, `{"access_token":"a","token_type":"bearer","error":"partial"}`, ResponseRules{})
	if !reflect.DeepEqual(token.Warnings, []Warning{WarnErrorIgnored}) {
		t.Errorf("%v", token.Warnings)
	}
}

func TestAProvidersOwnWordsForADeadGrant(t *testing.T) {
	dead := DeadGrant{Status: []int{400, 403}, Error: []string{"GRANT_IS_GONE", ""}}
	for _, c := range []struct {
		status int
		body   string
		want   Action
	}{
		{400, `{"status":"GRANT_IS_GONE","message":"missing or unknown"}`, ActionReauthorize},
		{400, "", ActionReauthorize},
		{401, `{"status":"GRANT_IS_GONE"}`, ActionConfigure},
		{400, `{"error":"invalid_client"}`, ActionConfigure},
	} {
		_, err := ReadTokenResponse(answer(c.status, c.body), received(), ResponseRules{Asked: Asked{Grant: GrantRefreshToken, DeadGrant: dead}})
		var e *Error
		if !errors.As(err, &e) || e.Action != c.want {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
	}
}

func TestAProvidersOwnWayToRefuseTheGrant(t *testing.T) {
	for name, c := range map[string]struct {
		rule   AuthError
		status int
		body   string
		grant  GrantType
		want   Action // "": no refusal of the grant
	}{
		"a value in a 200":        {AuthError{Path: "/meta/code", Values: []string{"auth_expired"}}, 200, `{"meta":{"code":"AUTH_EXPIRED"}}`, GrantRefreshToken, ActionReauthorize},
		"a number":                {AuthError{Path: "code", Values: []string{"4010"}}, 200, `{"code":4010}`, GrantRefreshToken, ActionReauthorize},
		"it is there":             {AuthError{Path: "reauth"}, 200, `{"access_token":"a","reauth":true}`, GrantRefreshToken, ActionReauthorize},
		"a status":                {AuthError{Statuses: []int{401, 403}}, 403, ``, GrantRefreshToken, ActionReauthorize},
		"nobody behind it":        {AuthError{Statuses: []int{403}}, 403, ``, GrantClientCredentials, ActionConfigure},
		"the client, by name":     {AuthError{Statuses: []int{401}}, 401, `{"error":"invalid_client"}`, GrantRefreshToken, ActionConfigure},
		"another value":           {AuthError{Path: "code", Values: []string{"x"}}, 400, `{"code":"y"}`, GrantRefreshToken, ActionConfigure},
		"another status":          {AuthError{Statuses: []int{403}, Path: "code"}, 503, `{"code":"x"}`, GrantRefreshToken, ActionRetry},
		"an object is no value":   {AuthError{Path: "code", Values: []string{"x"}}, 400, `{"code":{}}`, GrantRefreshToken, ActionConfigure},
		"null is nothing":         {AuthError{Path: "code"}, 200, `{"access_token":"a","token_type":"bearer","code":null}`, GrantRefreshToken, ""},
		"a rule that says naught": {AuthError{}, 200, `{"access_token":"a","token_type":"bearer"}`, GrantRefreshToken, ""},
	} {
		_, err := ReadTokenResponse(answer(c.status, c.body), received(), ResponseRules{AuthError: &c.rule, Asked: Asked{Grant: c.grant}})
		var refused *Error
		if !errors.As(err, &refused) {
			refused = &Error{}
		}
		if refused.Action != c.want {
			t.Errorf("%s: %q, want %q (%v)", name, refused.Action, c.want, err)
		}
	}
}
