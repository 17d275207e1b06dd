package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestAThingIsMadeReadChangedAndDeletedByName(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	var c api.Client
	made := s.send(operator, "PUT", "/v1/clients/second", `{"provider":"fake","client_id":"7","client_secret":"`+clientSecret+`"}`)
	made.into(t, http.StatusCreated, &c)
	if made.Header.Get("Location") != "/v1/clients/second" || c.ClientSecret != api.Mask || c.Name != "second" {
		t.Errorf("made %+v at %q", c, made.Header.Get("Location"))
	}
	s.send(operator, "PUT", "/v1/clients/second", `{"provider":"fake","client_id":"8","client_secret":"••••"}`).into(t, 200, &c)
	if c.ClientID != "8" || c.ClientSecret != api.Mask {
		t.Errorf("after the second PUT: %+v", c)
	}
	var conn api.Connection
	s.send(operator, "PUT", "/v1/connections/files", `{"client":"second","scopes":["a","b"],"tags":{"team":"x"}}`).into(t, 201, &conn)
	conn = api.Connection{}
	s.send(operator, "PATCH", "/v1/connections/files", `{"description":"night run","tags":{"team":null,"env":"prod"},"scopes":["c"]}`).into(t, 200, &conn)
	if conn.Description != "night run" || conn.Client != "second" || fmt.Sprint(conn.Scopes, conn.Tags) != "[c] map[env:prod]" {
		t.Errorf("after the PATCH: %+v", conn)
	}
	s.send(operator, "DELETE", "/v1/clients/second", "").problem(t, 409, api.CodeConflict)
	s.send(operator, "DELETE", "/v1/connections/files", "").into(t, 204, nil)
	s.send(operator, "GET", "/v1/connections/files", "").problem(t, 404, api.CodeNotFound)
	s.send(operator, "DELETE", "/v1/clients/second", "").into(t, 204, nil)
	s.send(operator, "GET", "/v1/clients/second", "").problem(t, 404, api.CodeNotFound)
}

func TestAPatchOfAClientLeavesItsSecretUnlessItRemovesIt(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	var c api.Client
	s.send(operator, "PATCH", "/v1/clients/app", `{"client_id":"other"}`).into(t, 200, &c)
	if c.ClientID != "other" || c.ClientSecret != api.Mask {
		t.Errorf("a patch of the id left %+v", c)
	}
	s.send(operator, "GET", "/v1/connections/robot/token", "").into(t, 200, nil) // the secret still works
	s.send(operator, "PATCH", "/v1/clients/app", `{"client_secret":null}`).into(t, 200, &c)
	s.send(operator, "GET", "/v1/clients/app", "").into(t, 200, &c)
	var after api.Client
	s.send(operator, "GET", "/v1/clients/app", "").into(t, 200, &after)
	if after.ClientSecret != "" {
		t.Errorf("null left the secret in place: %+v", after)
	}
}

func TestAProviderOfOnesOwnIsWrittenAndABuiltInOneIsNot(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	own := `{"authorization_endpoint":"https://login.example.com/a","token_endpoint":"https://login.example.com/t"}`
	var p api.Provider
	s.send(operator, "PUT", "/v1/providers/contoso", own).into(t, 201, &p)
	if p.Name != "contoso" || p.TokenEndpoint != "https://login.example.com/t" {
		t.Errorf("read back %+v", p)
	}
	s.send(operator, "PUT", "/v1/providers/contoso", `{"name":"other"}`).problem(t, 400, api.CodeInvalid)
	s.send(operator, "PUT", "/v1/providers/github", own).problem(t, 409, api.CodeConflict)
	s.send(operator, "DELETE", "/v1/providers/github", "").problem(t, 409, api.CodeConflict)
	s.send(operator, "DELETE", "/v1/providers/contoso", "").into(t, 204, nil)
	s.send(operator, "GET", "/v1/providers/contoso", "").problem(t, 404, api.CodeNotFound)
}

func TestAListComesInPagesWithoutGapsOrRepeats(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	for i := range 5 {
		s.send(operator, "PUT", fmt.Sprintf("/v1/connections/c%d", i), `{"client":"app"}`).into(t, 201, nil)
	}
	limited := s.key(api.RoleViewer, "c0", "c3", "robot")
	tests := []struct{ key, query, want string }{
		{operator, "limit=2", "c0 c1 c2 c3 c4 mail robot"},
		{operator, "limit=7", "c0 c1 c2 c3 c4 mail robot"},
		{operator, "limit=3&client=app&state=new", "c0 c1 c2 c3 c4 mail robot"},
		{operator, "client=nobody", ""},
		{operator, "state=active", ""},
		{limited, "limit=1", "c0 c3 robot"},
		{limited, "", "c0 c3 robot"},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			var names []string
			for cursor, pages := "", 0; ; pages++ {
				var list api.ConnectionList
				s.send(tt.key, "GET", "/v1/connections?"+tt.query+cursor, "").into(t, 200, &list)
				for _, c := range list.Connections {
					names = append(names, c.Name)
				}
				if list.NextCursor == "" || pages > 10 {
					break
				}
				cursor = "&cursor=" + list.NextCursor
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	for _, noun := range []string{"providers", "clients", "keys"} {
		var list map[string]any
		s.send(operator, "GET", "/v1/"+noun+"?limit=1", "").into(t, 200, &list)
		if items, ok := list[noun].([]any); !ok || len(items) != 1 {
			t.Errorf("%s: a page of one is %v", noun, list[noun])
		}
	}
}

func TestAnEmptyListIsAListAndNotNull(t *testing.T) {
	s := newTestServer(t)
	reply := s.send(s.key(api.RoleOperator), "GET", "/v1/connections?client=nobody", "")
	if reply.into(t, 200, nil); strings.TrimSpace(reply.body) != `{"connections":[]}` {
		t.Errorf("got %s", reply.body)
	}
}

func TestAQueryThatWouldDoNothingIsRefused(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	for query, want := range map[string]string{
		"limt=5":          `did you mean "limit"?`,
		"limit=0":         "",
		"limit=1001":      "",
		"limit=ten":       "",
		"limit=1&limit=2": "",
		"cursor=%21%21":   "next_cursor",
		"state=broken":    "needs_authorization",
	} {
		p := s.send(operator, "GET", "/v1/connections?"+query, "").problem(t, 400, api.CodeInvalid)
		if !strings.Contains(p.Hint, want) {
			t.Errorf("%s: hint %q, want %q in it", query, p.Hint, want)
		}
	}
}

func TestEventsComeNewestFirstInPages(t *testing.T) {
	s := newTestServer(t)
	viewer := s.key(api.RoleViewer)
	s.authorize("mail")
	s.authorize("mail")
	var first, second api.EventList
	s.send(viewer, "GET", "/v1/connections/mail/events?limit=1", "").into(t, 200, &first)
	s.send(viewer, "GET", "/v1/connections/mail/events?limit=1&cursor="+first.NextCursor, "").into(t, 200, &second)
	if len(first.Events) != 1 || len(second.Events) != 1 || first.Events[0].ID <= second.Events[0].ID {
		t.Errorf("pages %+v and %+v", first, second)
	}
	s.send(viewer, "GET", "/v1/connections/mail/events?cursor=eA", "").problem(t, 400, api.CodeInvalid)
}

func TestAKeyIsMadeShownOnceAndRevoked(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	var made api.NewKey
	s.send(operator, "POST", "/v1/keys", `{"name":"night","role":"proxy","connections":["robot"]}`).into(t, 201, &made)
	if !strings.HasPrefix(string(made.Secret), "vk_") || made.Role != api.RoleProxy {
		t.Errorf("made %+v", made)
	}
	list := s.send(operator, "GET", "/v1/keys", "")
	if strings.Contains(list.body, string(made.Secret)) || !strings.Contains(list.body, made.Prefix) {
		t.Errorf("the list shows a key or not its prefix: %s", list.body)
	}
	s.send(string(made.Secret), "GET", "/v1/connections/robot", "").into(t, 200, nil)
	s.send(operator, "POST", "/v1/keys", `{"name":"night"}`).problem(t, 409, api.CodeConflict)
	s.send(operator, "DELETE", "/v1/keys/night", "").into(t, 204, nil)
	s.send(string(made.Secret), "GET", "/v1/connections/robot", "").problem(t, 401, api.CodeUnauthenticated)
	s.send(operator, "DELETE", "/v1/keys/night", "").problem(t, 404, api.CodeNotFound)
}
