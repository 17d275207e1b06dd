package call

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

// answer is what a fake API answers to the first token; any other gets 200.
type reply struct {
	status int
	header map[string]string
	body   string
}

func (a reply) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer token-1" {
		_, _ = io.WriteString(w, "welcome")
		return
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func jsonAnswer(status int, body string) reply {
	return reply{status, map[string]string{"Content-Type": "application/json"}, body}
}

func TestP30_RulesOverStatusHeaderAndBodyTellARefusedToken(t *testing.T) {
	slack := api.AnswerRule{Statuses: []int{200}, Path: "/error", Values: api.StringList{"token_expired", "invalid_auth"}}
	for name, test := range map[string]struct {
		rule    api.AnswerRule
		answer  reply
		renewed bool
	}{
		"200 with the value":       {slack, jsonAnswer(200, `{"ok":false,"error":"token_expired"}`), true},
		"200 in other case":        {slack, jsonAnswer(200, `{"error":"Invalid_Auth"}`), true},
		"200 with another value":   {slack, jsonAnswer(200, `{"error":"channel_not_found"}`), false},
		"200 without the member":   {slack, jsonAnswer(200, `{"ok":true}`), false},
		"200 that is no JSON":      {slack, reply{200, map[string]string{"Content-Type": "text/plain"}, "error"}, false},
		"401 not in the list":      {slack, jsonAnswer(401, `{"error":"other"}`), false},
		"any status with the path": {api.AnswerRule{Path: "code", Values: api.StringList{"3200"}}, jsonAnswer(400, `{"code":3200}`), true},
		"401 beside a path":        {api.AnswerRule{Path: "code", Values: api.StringList{"3200"}}, jsonAnswer(401, `{}`), true},
		"listed 401 beside a path": {api.AnswerRule{Statuses: []int{200, 401}, Path: "code"}, jsonAnswer(401, `{}`), true},
		"a member of any value":    {api.AnswerRule{Statuses: []int{400}, Path: "/fault/auth"}, jsonAnswer(400, `{"fault":{"auth":{"x":1}}}`), true},
		"a member that is null":    {api.AnswerRule{Statuses: []int{400}, Path: "/auth"}, jsonAnswer(400, `{"auth":null}`), false},
		"an item of a list":        {api.AnswerRule{Statuses: []int{403}, Path: "/0/errorCode", Values: api.StringList{"INVALID_SESSION_ID"}}, jsonAnswer(403, `[{"message":"m","errorCode":"INVALID_SESSION_ID"}]`), true},
		"a header":                 {api.AnswerRule{Header: "X-Reason", Values: api.StringList{"expired"}}, reply{403, map[string]string{"X-Reason": "Expired"}, ""}, true},
		"a header of other value":  {api.AnswerRule{Header: "X-Reason", Values: api.StringList{"expired"}}, reply{403, map[string]string{"X-Reason": "forbidden"}, ""}, false},
		"JSON called HTML":         {slack, reply{200, map[string]string{"Content-Type": "text/html"}, `{"error":"invalid_auth"}`}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "", test.answer.serve)
			r.credentials.target.AuthError.AnswerRule = test.rule
			response, body := r.do(t, Request{Path: "/"})
			if renewed := r.credentials.renewals == 1; renewed != test.renewed {
				t.Fatalf("renewed: %v; %d %q", renewed, response.StatusCode, body)
			}
			if !test.renewed && (response.StatusCode != test.answer.status || body != test.answer.body) {
				t.Errorf("the caller got %d %q", response.StatusCode, body)
			}
		})
	}
}

func TestAChallengeDecidesBeforeTheStatus(t *testing.T) {
	for challenge, test := range map[string]struct {
		status  int
		renewed bool
	}{
		`Bearer error="invalid_token"`:                                  {403, true},
		`Bearer realm="x"`:                                              {401, true},
		`Basic realm="x"`:                                               {401, true},
		`Bearer error="something_new"`:                                  {401, true},
		`Bearer error="insufficient_scope", scope="mail.write"`:         {401, false},
		`Bearer realm="x", error="insufficient_scope"`:                  {403, false},
		`Bearer error="insufficient_user_authentication", max_age="5"`:  {401, false},
		`DPoP error="use_dpop_nonce"`:                                   {401, false},
		`Bearer error="insufficient_claims", claims="eyJhIjoxfQ"`:       {401, true},
		`Negotiate, Bearer error="invalid_token", realm="insufficient"`: {400, true},
	} {
		t.Run(challenge, func(t *testing.T) {
			r := newRig(t, "", reply{test.status, map[string]string{"WWW-Authenticate": challenge}, "no"}.serve)
			response, body := r.do(t, Request{Path: "/"})
			if renewed := r.credentials.renewals == 1; renewed != test.renewed {
				t.Fatalf("renewed: %v", renewed)
			}
			if !test.renewed && (response.StatusCode != test.status || body != "no" || response.Header.Get("WWW-Authenticate") != challenge) {
				t.Errorf("the caller got %d %v %q", response.StatusCode, response.Header, body)
			}
		})
	}
}

func TestAChallengeOfASuccessSaysNothing(t *testing.T) {
	r := newRig(t, "", reply{200, map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`}, ""}.serve)
	if r.do(t, Request{Path: "/"}); r.credentials.renewals != 0 {
		t.Error("a success renewed the token")
	}
}

func TestALoginPageInsteadOfAnAnswerIsARefusalWhereConfigured(t *testing.T) {
	yes := true
	page := reply{200, map[string]string{"Content-Type": "text/html; charset=utf-8"}, "<html>Sign in</html>"}
	redirect := func(to string) reply { return reply{302, map[string]string{"Location": to}, ""} }
	for name, test := range map[string]struct {
		answer  reply
		accept  string
		rule    *bool
		renewed bool
	}{
		"a page":                      {page, "application/json", &yes, true},
		"a page, anything accepted":   {page, "*/*", &yes, true},
		"a page that was asked for":   {page, "text/html, */*", &yes, false},
		"a page, no rule":             {page, "application/json", nil, false},
		"to the authorization server": {redirect("https://login.example/any?x=1"), "", &yes, true},
		"to another server":           {redirect("https://cdn.example/login"), "", &yes, false},
		"to the API itself":           {redirect("/elsewhere"), "", &yes, false},
		"to the server, no rule":      {redirect("https://login.example/any"), "", nil, false},
		"an error page of a gateway":  {reply{502, page.header, page.body}, "", &yes, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "", test.answer.serve)
			r.credentials.target.AuthError.LoginPage = test.rule
			r.credentials.target.Retry.Mode = api.RetryNone
			r.credentials.target.Logins = []*url.URL{{Scheme: "https", Host: "login.example", Path: "/oauth"}}
			r.do(t, Request{Path: "/", Header: http.Header{"Accept": {test.accept}}})
			if renewed := r.credentials.renewals == 1; renewed != test.renewed {
				t.Errorf("renewed: %v", renewed)
			}
		})
	}
}

func TestARefusalThatTheStatusDoesNotTellIsToldWhenTheNextTokenMeetsItToo(t *testing.T) {
	yes := true
	for status, told := range map[int]bool{200: true, 401: false} {
		r := newRig(t, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
		})
		r.credentials.target.AuthError.LoginPage = &yes
		response, _ := r.do(t, Request{Path: "/"})
		if said := response.Header.Get(HeaderFailure); (said != "") != told || r.credentials.renewals != 1 {
			t.Errorf("%d: told %q, %d renewals", status, said, r.credentials.renewals)
		}
	}
}

func TestOnAServerThatIsBothOnlyItsOwnSignInIsALoginPage(t *testing.T) {
	target := newRig(t, "/api", nil).credentials.target
	login := *target.BaseURL
	login.Path = "/oauth/authorize"
	target.Logins = []*url.URL{&login}
	for location, want := range map[string]bool{
		"/oauth/authorize?client_id=x": true, "/oauth/authorize/device": true,
		"/oauth/authorized": false, "/api/v2": false, "": false, "//%zz": false,
	} {
		if got := leadsToLogin(target, location); got != want {
			t.Errorf("%q: %v", location, got)
		}
	}
}

func TestABodyThatWasLookedIntoReachesTheCallerWhole(t *testing.T) {
	big := `{"error":"none","data":"` + strings.Repeat("x", 3*maxPeek) + `"}`
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = io.WriteString(writer, big)
	writer.Close()
	for name, sent := range map[string]reply{
		"larger than the look": jsonAnswer(200, big),
		"small":                jsonAnswer(200, `{"error":"none"}`),
		"empty":                jsonAnswer(200, ``),
		"compressed":           {200, map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"}, packed.String()},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "", sent.serve)
			r.credentials.target.AuthError.AnswerRule = api.AnswerRule{Statuses: []int{200}, Path: "error", Values: api.StringList{"expired"}}
			response, body := r.do(t, Request{Path: "/"})
			if response.StatusCode != 200 || body != sent.body || r.credentials.renewals != 0 {
				t.Errorf("%d, %d of %d bytes, %d renewals", response.StatusCode, len(body), len(sent.body), r.credentials.renewals)
			}
		})
	}
}

func TestACompressedBodyIsLookedInto(t *testing.T) {
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-1" {
			return
		}
		if got := r.Header.Get("Accept-Encoding"); got != "gzip" {
			t.Errorf("the API was offered %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		writer := gzip.NewWriter(w)
		_, _ = io.WriteString(writer, `{"error":"expired"}`)
		writer.Close()
	})
	r.credentials.target.AuthError.AnswerRule = api.AnswerRule{Path: "error", Values: api.StringList{"expired"}}
	r.do(t, Request{Path: "/", Header: http.Header{"Accept-Encoding": {"br, gzip;q=0.5"}}})
	if r.credentials.renewals != 1 {
		t.Errorf("%d renewals", r.credentials.renewals)
	}
}

func TestOnlyReadableEncodingsAreAskedForWhereBodiesDecide(t *testing.T) {
	for offered, want := range map[string]string{"": "identity", "br": "identity", "gzip;q=0, br": "identity", "deflate, GZIP": "gzip"} {
		header := http.Header{}
		if offered != "" {
			header.Set("Accept-Encoding", offered)
		}
		if readableEncoding(header); header.Get("Accept-Encoding") != want {
			t.Errorf("%q: %q", offered, header.Get("Accept-Encoding"))
		}
	}
}

func TestP17_AStreamOfEventsIsNeverHeldUpByARule(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	r.credentials.target.AuthError.AnswerRule = api.AnswerRule{Path: "error"}
	response, err := r.Do(t.Context(), "mail", Request{Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	first := make([]byte, 9)
	if _, err := io.ReadFull(response.Body, first); err != nil || string(first) != "data: 1\n\n" {
		t.Errorf("%q, %v", first, err)
	}
	close(release)
}
