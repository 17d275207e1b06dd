package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestABodyThatIsWrongIsRefusedAndSaysWhere(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	tests := map[string]struct {
		method, path, body string
		want               string // in detail or hint
	}{
		"empty":                    {"PUT", "/v1/clients/x", "", "no body"},
		"truncated":                {"PUT", "/v1/clients/x", `{"provider":"fa`, "breaks off after 15 bytes"},
		"garbage after it":         {"PUT", "/v1/clients/x", `{"provider":"fake"} x`, "ends at byte 19, and more follows"},
		"a second object":          {"PUT", "/v1/clients/x", `{} {}`, "ends at byte 2"},
		"a comma too many":         {"PUT", "/v1/clients/x", `{"provider":"fake",}`, "wrong at byte 20"},
		"not an object":            {"PUT", "/v1/clients/x", `["fake"]`, "not a JSON object"},
		"null":                     {"PUT", "/v1/clients/x", `null`, "not a JSON object"},
		"a field misspelt":         {"PUT", "/v1/clients/x", `{"clientid":"1"}`, `did you mean "client_id"?`},
		"a field in other case":    {"PUT", "/v1/clients/x", `{"Provider":"fake"}`, `did you mean "provider"?`},
		"a field nobody knows":     {"PUT", "/v1/clients/x", `{"zzzzzzzzzzzz":1}`, "known here: "},
		"a field deep inside":      {"PUT", "/v1/connections/x", `{"client":"app","api":{"token":{"schema":"x"}}}`, `"api.token.schema" is not known`},
		"a field in a map":         {"PUT", "/v1/providers/x", `{"variables":{"tenant":{"lable":"T"}}}`, `"variables.tenant.lable"`},
		"a status that is ours":    {"PUT", "/v1/connections/x", `{"client":"app","state":"active"}`, `"state" cannot be written`},
		"a name in the body":       {"PUT", "/v1/connections/x", `{"client":"app","name":"y"}`, `"name" cannot be written`},
		"a number for text":        {"PUT", "/v1/clients/x", `{"client_id":6731}`, "client_id cannot be a number"},
		"text for a list":          {"PUT", "/v1/connections/x", `{"scopes":"read"}`, "scopes cannot be a string"},
		"a wrong kind deep inside": {"PUT", "/v1/connections/x", `{"api":{"base_url":7}}`, "api.base_url cannot be a number"},
		"a duration misspelt":      {"PUT", "/v1/connections/x", `{"api":{"timeout":"40 s"}}`, "40s, 5m, 1h30m or 90d"},
		"a patch misspelt":         {"PATCH", "/v1/connections/mail", `{"descripton":"x"}`, `did you mean "description"?`},
		"a patch that is a list":   {"PATCH", "/v1/connections/mail", `[]`, "not a JSON object"},
		"an optional body wrong":   {"POST", "/v1/connections/mail/authorize", `{"returnto":"x"}`, `did you mean "return_to"?`},
		"both bodies of a call":    {"POST", "/v1/connections/robot/call", `{"path":"/x","text":"a","body":"YQ=="}`, "not both"},
		"an impossible name":       {"PUT", "/v1/clients/a%20b", `{}`, "cannot be a name"},
		"a name with a slash":      {"GET", "/v1/clients/a%2Fb", ``, "cannot be a name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := s.send(operator, tt.method, tt.path, tt.body).problem(t, http.StatusBadRequest, api.CodeInvalid)
			if !strings.Contains(p.Detail+" "+p.Hint, tt.want) {
				t.Errorf("%q %q, want %q", p.Detail, p.Hint, tt.want)
			}
		})
	}
}

func TestABodyOverTheLimitIsTooLarge(t *testing.T) {
	s := newTestServer(t)
	body := `{"description":"` + strings.Repeat("x", maxBody) + `"}`
	p := s.send(s.key(api.RoleOperator), "PUT", "/v1/clients/x", body).problem(t, http.StatusRequestEntityTooLarge, api.CodeInvalid)
	if !strings.Contains(p.Detail, "1048576 bytes") {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestASecretOfTheWrongKindIsNotShownBack(t *testing.T) {
	s := newTestServer(t)
	reply := s.send(s.key(api.RoleOperator), "PUT", "/v1/clients/x", `{"client_secret":48151623421}`)
	if reply.problem(t, 400, api.CodeInvalid); strings.Contains(reply.body, "48151623421") {
		t.Errorf("the answer repeats the secret: %s", reply.body)
	}
}

func TestAMergePatchFollowsTheExamplesOfItsRFC(t *testing.T) {
	// RFC 7396 appendix A, as far as both sides are objects, in the fields of a spec.
	tests := []struct{ from, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, "map[a:c]"},
		{`{"a":"b"}`, `{"b":"c"}`, "map[a:b b:c]"},
		{`{"a":"b"}`, `{"a":null}`, "map[]"},
		{`{"a":"b","b":"c"}`, `{"a":null}`, "map[b:c]"},
		{`{"a":"b"}`, `{}`, "map[a:b]"},
	}
	for _, tt := range tests {
		spec := api.ConnectionSpec{}
		if err := unmarshal([]byte(`{"tags":`+tt.from+`}`), &spec, nil); err != nil {
			t.Fatal(err)
		}
		if err := patchInto([]byte(`{"tags":`+tt.patch+`}`), &spec, nil); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(spec.Tags); got != tt.want {
			t.Errorf("%s patched with %s: %s, want %s", tt.from, tt.patch, got, tt.want)
		}
	}
}
