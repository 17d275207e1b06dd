package remedy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/remedy"
	"github.com/valetkey/valetkey/oauth"
)

var about = remedy.Case{Connection: "mail", Client: "app", RedirectURI: "https://vk.example/oauth/callback", Advice: "add the scope offline_access"}

func TestANumberOfEntraSaysWhatToChangeWhere(t *testing.T) {
	for number, want := range map[string][]string{
		"AADSTS7000215": {"secret is wrong", "valetkey client update app --client-secret-file FILE", "Secret ID"},
		"7000222":       {"expired", "nobody needs to consent again"},
		"50011":         {"not registered", "https://vk.example/oauth/callback"},
		"50194":         {"common", "--var tenant=ID"},
		"65001":         {"consented", "valetkey connect mail"},
	} {
		title, advice := about.Explain(&oauth.Error{Code: "invalid_client", ErrorCodes: []string{"1", number}})
		for _, words := range want {
			if !strings.Contains(title+" / "+advice, words) {
				t.Errorf("%s: %q / %q lacks %q", number, title, advice, words)
			}
		}
	}
}

func TestEveryLineOfTheTableIsWhole(t *testing.T) {
	text, err := os.ReadFile("entra.tsv")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) != 3 || columns[1] == "" || columns[2] == "" {
			t.Errorf("line %d has %d columns", i+1, len(columns))
			continue
		}
		for _, number := range strings.Fields(columns[0]) {
			if seen[number] || strings.Trim(number, "0123456789") != "" {
				t.Errorf("line %d: %q stands twice or is no number", i+1, number)
			}
			seen[number] = true
		}
		rest := strings.NewReplacer("{connection}", "", "{client}", "", "{redirect_uri}", "").Replace(columns[2])
		if strings.ContainsAny(rest, "{}") {
			t.Errorf("line %d has an unknown name in braces: %s", i+1, columns[2])
		}
	}
	if len(seen) < 120 {
		t.Errorf("%d numbers", len(seen))
	}
}

func TestEveryActionHasWordsOfItsOwn(t *testing.T) {
	titles := make(map[string]oauth.Action)
	for _, action := range []oauth.Action{oauth.ActionReauthorize, oauth.ActionAdmin, oauth.ActionUnknownOutcome, oauth.ActionRetry, oauth.ActionConfigure} {
		title, advice := about.Explain(&oauth.Error{Code: "x", Action: action})
		if other, taken := titles[title]; taken || advice == "" {
			t.Errorf("%s and %s: %q / %q", action, other, title, advice)
		}
		titles[title] = action
	}
}

func TestCodesOfTheRFCsAreExplainedByGrant(t *testing.T) {
	for _, test := range []struct {
		err  oauth.Error
		want string
	}{
		{oauth.Error{Code: "invalid_grant", Grant: oauth.GrantAuthorizationCode}, "authorization code"},
		{oauth.Error{Code: "invalid_grant", Grant: oauth.GrantJWTBearer}, "signed assertion"},
		{oauth.Error{Code: "invalid_grant", Grant: oauth.GrantRefreshToken, Action: oauth.ActionReauthorize}, "has ended"},
		{oauth.Error{Code: "invalid_client", Action: oauth.ActionConfigure, Status: 401}, "refuses the client app"},
		{oauth.Error{Code: remedy.CodeNoRefreshToken}, "offline_access"},
		{oauth.Error{Code: "invalid_scope"}, "scope"},
		{oauth.Error{Code: "access_denied"}, "denied"},
		{oauth.Error{Code: "redirect_uri_mismatch"}, "https://vk.example/oauth/callback"},
	} {
		if title, advice := about.Explain(&test.err); !strings.Contains(title+advice, test.want) {
			t.Errorf("%s: %q / %q lacks %q", test.err.Code, title, advice, test.want)
		}
	}
}

func TestARefusedClientIsAdvisedAboutWhatItShowed(t *testing.T) {
	for method, want := range map[oauth.AuthMethod][2]string{
		"":                      {"secret", "--client-secret-file"},
		oauth.AuthBasic:         {"secret", "--client-secret-file"},
		oauth.AuthTLS:           {"certificate", "--certificate-path"},
		oauth.AuthSelfSignedTLS: {"certificate", "valetkey client show app"},
		oauth.AuthPrivateKeyJWT: {"assertion", "--private-key-file"},
		oauth.AuthNone:          {"no secret", "--client-secret-file"},
	} {
		title, advice := about.Explain(&oauth.Error{Code: "invalid_client", Action: oauth.ActionConfigure, Status: 401, Evidence: map[string]string{remedy.AuthMethod: string(method)}})
		if !strings.Contains(title, want[0]) || !strings.Contains(advice, want[1]) {
			t.Errorf("%s: %q / %q", method, title, advice)
		}
		if strings.HasSuffix(string(method), "tls_client_auth") && strings.Contains(advice, "secret") {
			t.Errorf("%s: a certificate is no secret: %q", method, advice)
		}
	}
	title, _ := about.Explain(&oauth.Error{Code: oauth.CodeTLSFailure, Description: "remote error: tls: bad certificate", Action: oauth.ActionConfigure})
	if !strings.Contains(title, "certificate is not accepted") {
		t.Errorf("a handshake that the server breaks off: %q", title)
	}
}

func TestTheDetailHoldsWhatSupportAsksFor(t *testing.T) {
	cause := about.Cause(&oauth.Error{Code: "invalid_grant", Description: "AADSTS70008: expired.", ErrorCodes: []string{"70008"}, Evidence: map[string]string{"correlation_id": "c-1"}})
	if cause.Code != "invalid_grant" || cause.Detail != "AADSTS70008: expired. [70008] correlation_id c-1" || cause.Remedy != "valetkey connect mail" {
		t.Fatalf("%+v", cause)
	}
}
