package call

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"testing"

	"github.com/valetkey/valetkey/internal/broker"
)

// stepping is a broker's side of step-up.
type stepping struct {
	*fakeCredentials
	claims []string // of renewals
	person bool     // renewals with claims need one
	asked  []broker.Challenge
}

func (s *stepping) RenewWith(ctx context.Context, connection string, generation int64, claims string) (*broker.Credential, error) {
	s.claims = append(s.claims, claims)
	if s.person {
		return nil, nil
	}
	return s.Renew(ctx, connection, generation)
}

func (s *stepping) StepUp(_ context.Context, _ string, challenge broker.Challenge) {
	s.asked = append(s.asked, challenge)
}

// demanding is an API that answers with a challenge until the token is the one given.
func demanding(t *testing.T, status int, challenge, token string) (*rig, *stepping) {
	t.Helper()
	r := newRig(t, "/v1", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(status)
		}
	})
	s := &stepping{fakeCredentials: r.credentials}
	r.Engine.credentials = s
	return r, s
}

const nbf = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`

func claimsChallenge() string {
	return `Bearer realm="", error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(nbf)) + `"`
}

func TestClaimsOfAChallengeGoIntoTheRenewalOnce(t *testing.T) {
	r, s := demanding(t, 401, claimsChallenge(), "token-2")
	response, _ := r.do(t, Request{Path: "/me"})
	if response.StatusCode != 200 || !slices.Equal(s.claims, []string{nbf}) || len(s.asked) != 0 {
		t.Errorf("%d, claims %v, asked %v", response.StatusCode, s.claims, s.asked)
	}
}

func TestAChallengeThatNoTokenAnswersIsLeftToAPerson(t *testing.T) {
	for name, person := range map[string]bool{"the provider refuses": true, "the API refuses again": false} {
		r, s := demanding(t, 401, claimsChallenge(), "never")
		s.person = person
		response, _ := r.do(t, Request{Path: "/me", RawQuery: "secret=1"})
		if response.StatusCode != 401 || len(s.claims) != 1 || len(s.asked) != 1 {
			t.Fatalf("%s: %d, claims %v, asked %v", name, response.StatusCode, s.claims, s.asked)
		}
		if got := s.asked[0]; got.Claims != nbf || got.Code != "insufficient_claims" || got.Resource != r.api.URL+"/v1/me" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestRFC9470_3_RFC6750_3_1_StepUpRenewsNothingAndIsPassedOn(t *testing.T) {
	for challenge, check := range map[string]func(c broker.Challenge) bool{
		`Bearer error="insufficient_scope", scope="mail.send mail.move"`: func(c broker.Challenge) bool {
			return slices.Equal(c.Scopes, []string{"mail.send", "mail.move"}) && c.MaxAge == nil
		},
		`Bearer error="insufficient_user_authentication", error_description="sign in again", acr_values="gold", max_age="0"`: func(c broker.Challenge) bool {
			return c.ACRValues == "gold" && c.MaxAge != nil && *c.MaxAge == 0 && c.Description == "sign in again"
		},
	} {
		status := 401
		if challenge[14] == 's' {
			status = 403
		}
		r, s := demanding(t, status, challenge, "never")
		response, _ := r.do(t, Request{Path: "/me"})
		if response.Header.Get("WWW-Authenticate") != challenge || r.credentials.renewals != 0 {
			t.Errorf("%s: %v, %d renewals", challenge, response.Header, r.credentials.renewals)
		}
		if len(s.asked) != 1 || !check(s.asked[0]) {
			t.Errorf("%s: asked %+v", challenge, s.asked)
		}
	}
}

func TestOtherRefusalsAskNobody(t *testing.T) {
	for _, challenge := range []string{`Bearer error="invalid_token"`, `Bearer error="invalid_request"`, `Basic realm="x"`, ``} {
		r, s := demanding(t, 403, challenge, "never")
		if r.do(t, Request{Path: "/me"}); len(s.asked) != 0 {
			t.Errorf("%s: asked %+v", challenge, s.asked)
		}
	}
}

func TestClaimsAreReadInBase64OrAsTheyAre(t *testing.T) {
	r := newRig(t, "", func(http.ResponseWriter, *http.Request) {})
	for text, want := range map[string]string{
		base64.StdEncoding.EncodeToString([]byte(`{"a":1}`)): `{"a":1}`, base64.RawURLEncoding.EncodeToString([]byte(`{"a":"??>"}`)): `{"a":"??>"}`,
		`{\"a\":1}`: `{"a":1}`, "nonsense!": "", "": "",
	} {
		judged := r.challenged(&http.Response{StatusCode: 401, Header: http.Header{"Www-Authenticate": {`Bearer error="insufficient_claims", claims="` + text + `"`}}})
		if got := claimsOf(judged); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if claimsOf(nil) != "" {
		t.Error("claims of nothing")
	}
}
