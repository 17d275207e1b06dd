package quirk_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/quirk"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// scopeServer refuses every request that names a scope.
type scopeServer struct {
	code string
	seen []url.Values
}

func (s *scopeServer) Do(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	s.seen = append(s.seen, form)
	status, text := 200, `{"access_token":"at","token_type":"Bearer"}`
	if form.Has("scope") || form.Has("scopes") {
		status, text = 400, fmt.Sprintf(`{"error":%q}`, s.code)
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func resolve(t *testing.T, text string) catalog.Resolved {
	t.Helper()
	p, err := catalog.ParseProvider("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := catalog.Resolve(p, catalog.Values{})
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

func TestARenewalWhoseScopeIsRefusedIsSentOnceMoreWithoutIt(t *testing.T) {
	const plain, renamed = "refresh_request: {params: {scope: mail}}", "refresh_request: {params: {scopes: mail}, rename: {scope: scopes}}"
	for name, test := range map[string]struct {
		rules string
		grant oauth.GrantType
		code  string
		sent  int
		works bool
	}{
		"a refresh":                  {plain, oauth.GrantRefreshToken, "invalid_scope", 2, true},
		"under another name":         {renamed, oauth.GrantRefreshToken, "invalid_scope", 2, true},
		"for another reason":         {plain, oauth.GrantRefreshToken, "invalid_grant", 1, false},
		"a first token":              {"token_request: {params: {scope: mail}}", oauth.GrantClientCredentials, "invalid_scope", 1, false},
		"there is none, and no need": {"", oauth.GrantRefreshToken, "invalid_scope", 1, true},
	} {
		t.Run("errors/invalid_scope/"+name, func(t *testing.T) {
			server := &scopeServer{code: test.code}
			_, err := quirk.Exchange{HTTP: server, Now: time.Now}.Token(t.Context(), quirk.Ask{
				Provider: resolve(t, "token_endpoint: https://as.example/token\n"+test.rules),
				Request: oauth.TokenRequest{Endpoint: "https://as.example/token", Grant: test.grant,
					Auth: oauth.ClientAuth{ClientID: "id", ClientSecret: "s", Method: oauth.AuthPost}, Params: url.Values{"refresh_token": {"rt"}}},
				Renewal: test.grant == oauth.GrantRefreshToken,
			})
			if len(server.seen) != test.sent || (err == nil) != test.works {
				t.Fatalf("%d requests, %v", len(server.seen), err)
			}
			if last := server.seen[len(server.seen)-1]; test.works && last.Get("refresh_token") != "rt" {
				t.Errorf("the second request is another one: %v", last)
			}
		})
	}
}

// saying is a server with one answer.
type saying string

func (s saying) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(s))), Request: r}, nil
}

func TestRFC8693_2_2_1_TokensThatAreNoAccessTokensAreTakenOfAnExchangeOnly(t *testing.T) {
	answer := saying(`{"access_token":"saml","token_type":"N_A","issued_token_type":"urn:ietf:params:oauth:token-type:saml2"}`)
	for grant, taken := range map[oauth.GrantType]bool{assertion.GrantTokenExchange: true, oauth.GrantClientCredentials: false} {
		token, err := quirk.Exchange{HTTP: answer, Now: time.Now}.Token(t.Context(), quirk.Ask{
			Provider: resolve(t, "token_endpoint: https://as.example/token"),
			Request:  oauth.TokenRequest{Endpoint: "https://as.example/token", Grant: grant, Auth: oauth.ClientAuth{ClientID: "id", ClientSecret: "s", Method: oauth.AuthPost}},
		})
		if taken != (err == nil) {
			t.Fatalf("%s: %v", grant, err)
		}
		if issued, _ := token.Look("issued_token_type"); taken && !slices.Contains([]string{assertion.TypeSAML2}, issued) {
			t.Errorf("issued_token_type is %q", issued)
		}
	}
}
