package trial_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/internal/trial"
	"github.com/valetkey/valetkey/oauth/introspection"
)

// grants are those of one connection.
type grants struct {
	target                 target.Target
	credential, refreshing error
	stuck                  bool // nothing renews it
	refreshed              int
	told                   introspection.Answer
	untold                 error // default: the provider cannot be asked
	ahead                  time.Duration
	clockKnown             bool
}

func (g *grants) ProviderClock(context.Context, string) (time.Duration, bool) {
	return g.ahead, g.clockKnown
}

// errInactive has the provider call the token inactive.
var errInactive = errors.New("inactive")

func (g *grants) Introspect(context.Context, string) (introspection.Answer, error) {
	switch {
	case errors.Is(g.untold, errInactive):
		return introspection.Answer{}, nil
	case g.untold == nil && !g.told.Active:
		return g.told, arrangement.ErrNoIntrospection
	}
	return g.told, g.untold
}

func (g *grants) Credential(context.Context, string) (*broker.Credential, error) {
	return &broker.Credential{Connection: "mail", Target: &g.target}, g.credential
}

func (g *grants) Refresh(context.Context, string) (api.Connection, error) {
	g.refreshed++
	return api.Connection{}, g.refreshing
}

func (g *grants) Connection(context.Context, string) (c api.Connection, err error) {
	c.Renewable = !g.stuck
	return c, nil
}

// calls answers one after the other, and keeps what was sent.
type calls struct {
	answers []string // status and body; "": no answer
	sent    []call.Request
}

func (c *calls) Do(_ context.Context, _ string, r call.Request) (*http.Response, error) {
	next := c.answers[min(len(c.sent), len(c.answers)-1)]
	c.sent = append(c.sent, r)
	if next == "" {
		return nil, fault.New(api.CodeUnreachable, "api.contoso.example: no such host").WithHint("check the name")
	}
	status := map[string]int{"200": 200, "401": 401, "403": 403, "404": 404, "418": 418, "429": 429, "500": 500}[next[:3]]
	body := strings.TrimSpace(next[3:])
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
}

func TestTheFirstLegThatFailsIsTheLastAndSaysWhatToDo(t *testing.T) {
	refused := fault.New(api.CodeNeedsAuthorization, "the grant has ended").WithHint("valetkey connect mail")
	for name, test := range map[string]struct {
		grants  grants
		answers []string
		legs    string // the last one in capitals when it failed
		hint    string // of the last
	}{
		"all is well":                 {grants{}, []string{"200 {}"}, "token request refresh again", ""},
		"no token":                    {grants{credential: refused}, []string{"200 {}"}, "TOKEN", "valetkey connect mail"},
		"the API cannot be reached":   {grants{}, []string{""}, "token REQUEST", "check the name"},
		"the token is not accepted":   {grants{}, []string{"401 {}"}, "token REQUEST", "audience"},
		"the right is missing":        {grants{}, []string{"403 {}"}, "token REQUEST", "scope"},
		"the wrong address":           {grants{}, []string{"404 {}"}, "token REQUEST", "api.base_url"},
		"too much":                    {grants{}, []string{"429 {}"}, "token REQUEST", "later"},
		"the API is down":             {grants{}, []string{"500 {}"}, "token REQUEST", "API itself"},
		"the request is wrong":        {grants{}, []string{"418 {}"}, "token REQUEST", "api.test"},
		"a failure inside a 200":      {grants{}, []string{`200 {"error":"not_in_channel"}`}, "token REQUEST", "invite the app"},
		"another failure in a 200":    {grants{}, []string{`200 {"error":"odd"}`}, "token REQUEST", "valetkey call mail"},
		"the renewal fails":           {grants{refreshing: refused}, []string{"200 {}"}, "token request REFRESH", "valetkey connect mail"},
		"nothing renews it":           {grants{stuck: true}, []string{"200 {}"}, "token request refresh", ""},
		"the new token is refused":    {grants{}, []string{"200 {}", "401 {}"}, "token request refresh AGAIN", "refresh request"},
		"gone after the renewal":      {grants{}, []string{"200 {}", ""}, "token request refresh AGAIN", "check the name"},
		"a hint for the status fails": {grants{}, []string{"200 <Envelope><Body><Fault/></Body></Envelope>"}, "token REQUEST", "valetkey call mail"},
	} {
		t.Run(name, func(t *testing.T) {
			test.grants.target = target.Target{
				BaseURL: &url.URL{Scheme: "https", Host: "api.contoso.example"},
				Test:    &target.Test{Method: "GET", Path: "/me", Rules: api.OutcomeRules{FailPath: "error", ErrorPath: "error"}},
				Answers: target.Answers{Hints: map[string]string{"not_in_channel": "invite the app"}},
			}
			result := trial.Trial{Grants: &test.grants, Calls: &calls{answers: test.answers}, Name: "mail", MayForce: true}.Run(t.Context())
			var legs []string
			for _, leg := range result.Legs {
				if !leg.OK {
					leg.Leg = strings.ToUpper(leg.Leg)
				}
				if leg.Detail == "" {
					t.Errorf("%s says nothing", leg.Leg)
				}
				legs = append(legs, leg.Leg)
			}
			last := result.Legs[len(result.Legs)-1]
			if strings.Join(legs, " ") != test.legs || result.OK() != (test.hint == "") || !strings.Contains(last.Hint, test.hint) {
				t.Errorf("%v, %+v", legs, last)
			}
			if (result.Answer == nil) != (result.Err != nil && last.Leg != trial.Refresh) {
				t.Errorf("answer %v, error %v", result.Answer, result.Err)
			}
		})
	}
}

func TestRFC7662_2_2_WhatTheProviderSaysOfTheTokenIsToldAndNeverFailsTheTest(t *testing.T) {
	ends := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	refused := fault.New(api.CodeNeedsConfiguration, "the provider says access_denied")
	for name, test := range map[string]struct {
		grants grants
		want   string // of the leg; "": there is none
	}{
		"it cannot be asked":       {grants{}, ""},
		"active":                   {grants{told: introspection.Answer{Active: true, ExpiresAt: ends, Scope: []string{"a", "b"}}}, "active until 2026-11-21T12:00:00Z, with the scope a b"},
		"active, and nothing more": {grants{told: introspection.Answer{Active: true}}, "the provider calls the token active"},
		"inactive, or not for us":  {grants{untold: errInactive}, "inactive, or does not tell"},
		"this client may not ask":  {grants{untold: refused}, "left out: the provider does not tell this client about its token: the provider says access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			test.grants.target = target.Target{Test: &target.Test{Method: "GET", Path: "/me"}}
			result := trial.Trial{Grants: &test.grants, Calls: &calls{answers: []string{"200 {}"}}, Name: "mail"}.Run(t.Context())
			if !result.OK() {
				t.Fatalf("%+v", result.Legs)
			}
			leg := result.Legs[1]
			if (leg.Leg == trial.Introspection) != (test.want != "") || leg.Leg == trial.Introspection && !strings.Contains(leg.Detail, test.want) {
				t.Errorf("%+v", leg)
			}
		})
	}
}

func TestWhoMayNotRenewGetsTheFirstTwoLegs(t *testing.T) {
	g := &grants{target: target.Target{Test: &target.Test{Method: "GET", Path: "/me"}}}
	result := trial.Trial{Grants: g, Calls: &calls{answers: []string{"200 {}"}}, Name: "mail"}.Run(t.Context())
	if len(result.Legs) != 2 || !result.OK() || g.refreshed != 0 {
		t.Errorf("%+v, renewed %d times", result.Legs, g.refreshed)
	}
}

func TestWithoutATestRequestTheTokenAloneIsTried(t *testing.T) {
	result := trial.Trial{Grants: &grants{}, Name: "mail", MayForce: true}.Run(t.Context())
	if len(result.Legs) != 2 || result.OK() || !fault.Is(result.Err, api.CodeNeedsConfiguration) {
		t.Errorf("%+v, %v", result.Legs, result.Err)
	}
}

func TestTheTestRequestIsSentAsItIsDescribed(t *testing.T) {
	made, err := target.New("board", api.CallSettings{
		BaseURL: "https://api.contoso.example", Test: &api.TestRequest{
			Path: "/v2/{tenant}", Query: map[string]string{"client": "{client_id}"}, Headers: map[string]string{"x-tenant": "{tenant}"},
			Body: `{"query":"{me{id}}"}`,
		},
	}, map[string]string{"tenant": "a/b", "client_id": "app 1"})
	if err != nil {
		t.Fatal(err)
	}
	c := &calls{answers: []string{"200 {}"}}
	trial.Trial{Grants: &grants{target: *made}, Calls: c, Name: "board"}.Run(t.Context())
	sent := c.sent[0]
	body, _ := io.ReadAll(sent.Body)
	if sent.Method != "POST" || sent.Path != "/v2/a%2Fb" || sent.RawQuery != "client=app+1" || string(body) != `{"query":"{me{id}}"}` ||
		sent.Header.Get("X-Tenant") != "a/b" || sent.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v %s", sent, body)
	}
}

func TestT01_AClockThatIsOffIsWarnedOfAndFailsTheTestWhereItWouldHarm(t *testing.T) {
	refused := fault.New(api.CodeNeedsAuthorization, "the assertion is not valid yet").WithHint("valetkey connect mail")
	for name, test := range map[string]struct {
		grants grants
		want   string // of the last leg
		ok     bool   // of it
		all    bool   // of the test
	}{
		"nothing is known":            {grants{}, "an access token", true, true},
		"they agree":                  {grants{clockKnown: true, ahead: -29 * time.Second}, "agree", true, true},
		"half a minute ahead":         {grants{clockKnown: true, ahead: 31 * time.Second}, "warning: the provider's clock is 31s ahead of ours", true, true},
		"five minutes behind":         {grants{clockKnown: true, ahead: -5 * time.Minute}, "warning: the provider's clock is 5m0s behind ours", true, true},
		"more":                        {grants{clockKnown: true, ahead: -5*time.Minute - time.Second}, "client assertion, is refused", false, false},
		"what failed is told as well": {grants{clockKnown: true, ahead: 10 * time.Minute, refreshing: refused}, "10m0s ahead of ours", false, false},
		"and where no token came":     {grants{clockKnown: true, ahead: 10 * time.Minute, credential: refused}, "10m0s ahead of ours", false, false},
		"and not hidden by a warning": {grants{clockKnown: true, ahead: time.Minute, refreshing: refused}, "warning", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			test.grants.target = target.Target{BaseURL: &url.URL{Scheme: "https", Host: "api.contoso.example"}, Test: &target.Test{Method: "GET", Path: "/me"}}
			test.grants.stuck = test.grants.refreshing == nil
			result := trial.Trial{Grants: &test.grants, Calls: &calls{answers: []string{"200 {}"}}, Name: "mail", MayForce: true}.Run(t.Context())
			last := result.Legs[len(result.Legs)-1]
			if !test.grants.clockKnown {
				last = result.Legs[0]
			}
			if !strings.Contains(last.Detail, test.want) || last.OK != test.ok || result.OK() != test.all {
				t.Errorf("%+v, in all %v", last, result.OK())
			}
			if off := last.Leg == trial.Clock && !strings.Contains(last.Detail, "agree"); off != strings.Contains(last.Hint, "NTP") {
				t.Errorf("the hint is %q", last.Hint)
			}
			if test.grants.credential != nil && !strings.HasPrefix(fault.As(result.Err).Hint, "the provider's clock is 10m0s ahead") {
				t.Errorf("without legs the hint is %q", fault.As(result.Err).Hint)
			}
			if test.grants.refreshing != nil && !errors.Is(result.Err, refused) {
				t.Errorf("what failed first is %v", result.Err)
			}
		})
	}
}
