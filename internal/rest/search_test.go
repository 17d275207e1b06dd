package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestConnectionsAreSearchedByTextProviderAndTags(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	for name, team := range map[string]string{"alpha-mail": "sales", "beta-mail": "sales", "alpha-files": "it"} {
		made := s.send(operator, http.MethodPut, "/v1/connections/"+name, `{"client":"app","tags":{"team":"`+team+`","site":"x"}}`)
		if made.StatusCode != http.StatusCreated {
			t.Fatalf("%d %s", made.StatusCode, made.body)
		}
	}
	for query, want := range map[string]string{
		"search=ALPHA":                   "alpha-files alpha-mail",
		"search=alpha&tag=team=sales":    "alpha-mail",
		"tag=team%3Dsales,site%3Dx":      "alpha-mail beta-mail",
		"tag=team=it":                    "alpha-files",
		"search=nothing":                 "",
		"provider=nobody":                "",
		"search=mail&state=active":       "",
		"provider=fake&tag=team%3Dsales": "alpha-mail beta-mail",
	} {
		var list api.ConnectionList
		answer := s.send(operator, http.MethodGet, "/v1/connections?"+query, "")
		if err := json.Unmarshal([]byte(answer.body), &list); err != nil {
			t.Fatalf("%s: %d %s", query, answer.StatusCode, answer.body)
		}
		var names []string
		for _, c := range list.Connections {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	if answer := s.send(operator, http.MethodGet, "/v1/connections?tag=sales", ""); answer.StatusCode != http.StatusBadRequest || !strings.Contains(answer.body, "KEY=VALUE") {
		t.Errorf("%d %s", answer.StatusCode, answer.body)
	}
}
