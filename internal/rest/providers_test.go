package rest

import (
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestASearchForProvidersComesInPagesBestMatchFirst(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	for name, tags := range map[string]string{"zebra-a": "", "zebra": "", "a-zoo": `"tags":["zebra"],`} {
		s.send(operator, "PUT", "/v1/providers/"+name, `{`+tags+`"token_endpoint":"https://login.contoso.com/t"}`).into(t, 201, nil)
	}
	var names []string
	for cursor := "begin"; cursor != ""; {
		address := "/v1/providers?search=Zebra&limit=1"
		if cursor != "begin" {
			address += "&cursor=" + cursor
		}
		var list api.ProviderList
		s.send(operator, "GET", address, "").into(t, 200, &list)
		for _, p := range list.Providers {
			names = append(names, p.Name)
		}
		cursor = list.NextCursor
	}
	if want := []string{"zebra", "a-zoo", "zebra-a"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	var list api.ProviderList
	s.send(operator, "GET", "/v1/providers?search=zebra&cursor="+cursor("gone"), "").into(t, 200, &list)
	if len(list.Providers) != 0 || list.NextCursor != "" {
		t.Errorf("behind a name that is gone there is %+v", list)
	}
	s.send(operator, "GET", "/v1/providers?search="+strings.Repeat("x", 201), "").problem(t, 400, api.CodeInvalid)
}

func TestAListOfProvidersHoldsOnesOwnInFullAndSummariesOfTheOthers(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	s.send(operator, "PUT", "/v1/providers/github-own", `{"token_endpoint":"https://login.contoso.com/t"}`).into(t, 201, nil)
	var list api.ProviderList
	s.send(operator, "GET", "/v1/providers?search=github", "").into(t, 200, &list)
	for _, p := range list.Providers {
		if summary := p.TokenEndpoint == ""; summary != p.BuiltIn {
			t.Errorf("%s, built in %v, has the token endpoint %q", p.Name, p.BuiltIn, p.TokenEndpoint)
		}
	}
	if len(list.Providers) < 2 || list.Providers[0].Name != "github" || list.Providers[0].Title == "" {
		t.Errorf("found %+v", list.Providers)
	}
}
