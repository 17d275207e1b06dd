package oauth

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
)

// The redirect URI is absolute, without a fragment, and http on loopback only.
func TestRFC6749_3_1_2(t *testing.T) {
	for uri, ok := range map[string]bool{
		"https://app.example/cb": true, "http://127.0.0.1:8539/oauth/callback": true, "com.example.app:/cb": true,
		"/cb": false, "https://app.example/cb#x": false, "https://app.example/cb#": false, "http://app.example/cb": false, "": false,
	} {
		r := authorization()
		r.RedirectURI = uri
		if _, err := r.URL("https://as.example/authorize"); (err == nil) != ok {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// redirect_uri is always sent, with the other parameters of the request.
func TestRFC6749_3_1_2_3(t *testing.T) {
	q := authorizationQuery(t, authorization(), "https://as.example/authorize")
	for name, want := range map[string]string{
		"redirect_uri": "https://app.example/cb", "response_type": "code", "client_id": "client", "scope": "mail.read offline_access", "state": "state-of-the-flow",
	} {
		if q.Get(name) != want {
			t.Errorf("%s: %q", name, q.Get(name))
		}
	}
}

// No authorization request goes out without state, whatever the description says.
func TestRFC6749_4_1_1(t *testing.T) {
	r := authorization()
	r.State = ""
	_, err := r.URL("https://as.example/authorize")
	failing(t, err, CodeInvalidRequest, ActionBug)
	for _, rules := range []RequestRules{{Omit: []string{"state"}}, {Params: map[string]string{"state": "fixed"}}, {Repeat: map[string][]string{"code_challenge": {"x"}}}, {Omit: []string{"code_challenge"}}} {
		r := authorization()
		r.Rules = rules
		_, err := r.URL("https://as.example/authorize")
		failing(t, err, CodeInvalidRequest, ActionConfigure)
	}
	r = authorization()
	r.Rules.Rename = map[string]string{"state": "st"}
	if q := authorizationQuery(t, r, "https://as.example/authorize"); q.Get("st") != "state-of-the-flow" {
		t.Errorf("renamed: %v", q)
	}
}

// State and verifier come from the entropy given, 256 bits of it, each fresh.
func TestRFC6749_10_12_b(t *testing.T) {
	entropy := bytes.NewReader(append(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)...))
	first, err1 := NewState(entropy)
	second, err2 := NewState(entropy)
	if err1 != nil || err2 != nil || first == second || len(first) != 43 {
		t.Errorf("%q %q %v %v", first, second, err1, err2)
	}
	if _, err := NewState(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a state of too little entropy")
	}
}

// The verifier is 43 to 128 unreserved characters.
func TestRFC7636_4_1(t *testing.T) {
	v, err := NewVerifier(bytes.NewReader(bytes.Repeat([]byte{0xff}, 32)))
	if err != nil || !validVerifier(v) {
		t.Errorf("%q %v", v, err)
	}
	for v, ok := range map[string]bool{
		strings.Repeat("a", 43): true, strings.Repeat("~", 128): true, strings.Repeat("a", 42): false, strings.Repeat("a", 129): false,
		strings.Repeat("a", 42) + "+": false, strings.Repeat("a", 42) + "ü": false,
	} {
		if _, _, err := CodeChallenge("", v); (err == nil) != ok {
			t.Errorf("%q: %v", v, err)
		}
	}
}

// The verifier holds 256 bits of entropy.
func TestRFC7636_7_1(t *testing.T) {
	short := bytes.NewReader(make([]byte, 31))
	_, err := NewVerifier(short)
	failing(t, err, "no_entropy", ActionRetry)
}

// S256 is the base64url of the SHA-256 of the verifier (the RFC's own example).
func TestRFC7636_4_2(t *testing.T) {
	if got := S256Challenge(verifierOfRFC); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Errorf("got %s", got)
	}
}

// plain and none are used only when the description says so.
func TestRFC7636_7_2(t *testing.T) {
	for stated, want := range map[string][2]string{
		"":          {S256Challenge(verifierOfRFC), "S256"},
		MethodS256:  {S256Challenge(verifierOfRFC), "S256"},
		MethodPlain: {verifierOfRFC, "plain"},
		MethodNone:  {"", ""},
	} {
		challenge, method, err := CodeChallenge(stated, verifierOfRFC)
		if err != nil || challenge != want[0] || method != want[1] {
			t.Errorf("%q: %q %q %v", stated, challenge, method, err)
		}
	}
	_, _, err := CodeChallenge("s256", verifierOfRFC)
	failing(t, err, CodeInvalidRequest, ActionConfigure)
}

// The verifier is sent when the code is redeemed.
func TestRFC7636_4_5(t *testing.T) {
	if _, form := built(t, codeRequest()); form.Get("code_verifier") != verifierOfRFC {
		t.Errorf("form %v", form)
	}
}

// PKCE is sent also to a server that does not advertise it.
func TestRFC7636_5(t *testing.T) {
	if (Server{}).SupportsS256() || !(Server{CodeChallengeMethods: []string{"plain", "S256"}}).SupportsS256() {
		t.Error("support is misread")
	}
	q := authorizationQuery(t, authorization(), "https://as.example/authorize")
	if q.Get("code_challenge") != S256Challenge(verifierOfRFC) || q.Get("code_challenge_method") != "S256" {
		t.Errorf("%v", q)
	}
}

func TestAnAuthorizationURLFollowsItsEndpointAndRules(t *testing.T) {
	bare := AuthorizationRequest{ClientID: "c", RedirectURI: "https://app.example/cb", State: "s", Rules: RequestRules{Omit: []string{"redirect_uri", "response_type"}}}
	with := func(change func(*AuthorizationRequest)) AuthorizationRequest {
		r := bare
		change(&r)
		return r
	}
	for _, c := range []struct {
		name, endpoint, want string
		r                    AuthorizationRequest
	}{
		{"a query is kept and not repeated", "https://as.example/a?p=x%2fy&client_id=old", "https://as.example/a?p=x%2fy&client_id=c&state=s", bare},
		{"a fragment stays at the end", "https://as.example/a#redirect", "https://as.example/a?client_id=c&state=s#redirect", bare},
		{"parameters behind the fragment", "https://as.example/#/authorize", "https://as.example/#/authorize?client_id=c&state=s",
			with(func(r *AuthorizationRequest) { r.Rules.Fragment = true })},
		{"joined to those behind the fragment", "https://as.example/#/authorize?p=1", "https://as.example/#/authorize?p=1&client_id=c&state=s",
			with(func(r *AuthorizationRequest) { r.Rules.Fragment = true })},
		{"spaces as %20", "https://as.example/a", "https://as.example/a?client_id=c&scope=x%20y%2Bz&state=s",
			with(func(r *AuthorizationRequest) { r.Scopes = []string{"x", "y+z"} })},
		{"scopes with commas", "https://as.example/a", "https://as.example/a?client_id=c&scope=x%2Cy&state=s",
			with(func(r *AuthorizationRequest) { r.Scopes, r.ScopeSeparator = []string{"x", "y"}, "," })},
		{"renamed, with a parameter of its own", "https://as.example/a", "https://as.example/a?app_id=c&access_type=offline&redirect_uri=RuName&state=s",
			with(func(r *AuthorizationRequest) {
				r.Rules.Rename = map[string]string{"client_id": "app_id"}
				r.Rules.Params = map[string]string{"access_type": "offline", "redirect_uri": "RuName"}
			})},
		{"an address of its own", "", "https://other.example/b?client_id=c&state=s",
			with(func(r *AuthorizationRequest) { r.Rules.URL = "https://other.example/b" })},
	} {
		got, err := c.r.URL(c.endpoint)
		gotURL, wantURL := mustParse(t, got), mustParse(t, c.want)
		if err != nil || got != c.want && (gotURL.Query().Encode() != wantURL.Query().Encode() || gotURL.Fragment != wantURL.Fragment || gotURL.Host != wantURL.Host) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
	}
	_, err := bare.URL("http://as.example/a")
	failing(t, err, CodeInvalidEndpoint, ActionConfigure)
}

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
