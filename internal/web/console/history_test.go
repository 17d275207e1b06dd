package console

import (
	"fmt"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

func TestScopesAreThoseOfTheProviderToo(t *testing.T) {
	var p api.Provider
	p.Scopes = &api.ScopeRules{Required: []string{"offline_access"}, Default: []string{"me"}, Meanings: map[string]string{"mail": "Read mail"}}
	var c api.Connection
	for _, tt := range []struct {
		asked, granted, missing []string
		want                    string
	}{
		{nil, nil, nil, "[{offline_access  asked} {me  asked}]"},
		{[]string{"mail"}, nil, nil, "[{mail Read mail asked} {offline_access  asked}]"},
		{[]string{"mail", "send"}, []string{"mail", "more"}, []string{"send"}, "[{mail Read mail granted} {send  missing} {offline_access  asked} {more  extra}]"},
		{[]string{"openid", "mail"}, []string{"mail", "offline_access"}, nil, "[{openid  granted} {mail Read mail granted} {offline_access  granted}]"},
	} {
		c.Scopes, c.GrantedScopes, c.MissingScopes = tt.asked, tt.granted, tt.missing
		if got := fmt.Sprint(scopesOf(c, p)); got != tt.want {
			t.Errorf("%v, granted %v:\ngot  %s\nwant %s", tt.asked, tt.granted, got, tt.want)
		}
	}
}

func TestAnEventSaysWhatIsWorthReading(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	shown := eventsOf([]api.Event{
		{Kind: "refreshed", Detail: map[string]string{"rotated": "true", "expires_at": at.Format(time.RFC3339), "scope": ""}},
		{Kind: "denied", Detail: map[string]string{"rotated": "false", "code": "access_denied"}},
	})
	if d := shown[0].Detail; len(d) != 2 || !d[0].At.Equal(at) || d[1].Name != "rotated" || d[1].Text != "" || shown[0].Class != "good" {
		t.Errorf("%+v", shown[0])
	}
	if d := shown[1].Detail; len(d) != 1 || d[0].Text != "access_denied" || shown[1].Class != "bad" {
		t.Errorf("%+v", shown[1])
	}
}

func TestTheFirstRequestToTryIsOneThatDoesNoHarm(t *testing.T) {
	for _, tt := range []struct {
		test *api.TestRequest
		want string
	}{
		{nil, "/"},
		{&api.TestRequest{Path: "/me"}, "/me"},
		{&api.TestRequest{Method: "POST", Path: "/query"}, "/"},
		{&api.TestRequest{Path: "/{tenant}/me"}, "/"},
	} {
		var p api.Provider
		p.API = &api.CallSettings{Test: tt.test}
		if got := firstTry(api.Connection{}, p); got.Path != tt.want || got.Method != "GET" {
			t.Errorf("%+v: %+v", tt.test, got)
		}
	}
}
