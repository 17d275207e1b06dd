package idtoken

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// §12.2: a refreshed ID token is of the same issuer, subject, audience, party
// and sign-in; a nonce is not demanded.
func TestOIDC_12_2(t *testing.T) {
	before := Claims{Issuer: issuer, Subject: subject, Audience: []string{client, "api"}, AuthorizedParty: client, IssuedAt: now(), AuthTime: now(), Nonce: "n"}
	for rule, change := range map[string]func(*Claims){
		"":                     func(*Claims) {},
		" no nonce":            func(c *Claims) { c.Nonce = "" },
		" no auth_time":        func(c *Claims) { c.AuthTime = time.Time{} },
		" later, for more":     func(c *Claims) { c.IssuedAt, c.Audience = now().Add(1), []string{"x", "api", client} },
		RuleIssuer:             func(c *Claims) { c.Issuer += "/" },
		RuleSubject:            func(c *Claims) { c.Subject = "other" },
		RuleAudience:           func(c *Claims) { c.Audience = []string{client} },
		RuleAzp:                func(c *Claims) { c.AuthorizedParty = "" },
		RuleIssuedAt:           func(c *Claims) { c.IssuedAt = now().Add(-time.Second) },
		RuleAuthTime:           func(c *Claims) { c.AuthTime = now().Add(time.Second) },
		RuleNonce:              func(c *Claims) { c.Nonce = "other" },
		RuleAudience + " none": func(c *Claims) { c.Audience = nil },
	} {
		after := before
		after.Audience = slices.Clone(before.Audience)
		change(&after)
		err := Refreshed(before, after)
		if rule == "" || rule[0] == ' ' {
			if err != nil {
				t.Errorf("%q: %v", rule, err)
			}
			continue
		}
		failing(t, err, strings.Fields(rule)[0], oauth.ActionReauthorize)
	}
}

// §5.7: issuer and subject make the account; never the e-mail address.
func TestOIDC_5_7(t *testing.T) {
	a := Account{Issuer: issuer, Subject: "s", TenantID: "t", ObjectID: "o", Email: "a@example.com"}
	for name, c := range map[string]struct {
		change func(*Account)
		want   bool
	}{
		"itself":                {func(*Account) {}, true},
		"another address":       {func(a *Account) { a.Email, a.Name = "b@example.com", "B" }, true},
		"pairwise subject":      {func(a *Account) { a.Subject = "other" }, true},
		"another issuer":        {func(a *Account) { a.Issuer += "/" }, false},
		"no issuer":             {func(a *Account) { a.Issuer = "" }, false},
		"address alone":         {func(a *Account) { a.Subject, a.ObjectID = "other", "other" }, false},
		"object without tenant": {func(a *Account) { a.Subject, a.TenantID = "other", "" }, false},
		"another tenant":        {func(a *Account) { a.Subject, a.TenantID = "other", "u" }, false},
	} {
		b := a
		c.change(&b)
		if SameAccount(a, b) != c.want || SameAccount(b, a) != c.want {
			t.Errorf("%s: not %v", name, c.want)
		}
	}
	for _, empty := range []Account{{}, {Issuer: issuer}, {Issuer: issuer, TenantID: "t"}, {Issuer: issuer, ObjectID: "o"}, {Subject: "s"}} {
		if SameAccount(empty, empty) {
			t.Errorf("%+v is the same as itself", empty)
		}
	}
}

func TestTheAccountIsMadeOfTheClaims(t *testing.T) {
	got, err := verifier(t).Verify(good(t, claims{"tid": "t", "oid": "o", "email": "a@example.com", "email_verified": "true", "name": "A", "preferred_username": "a"}))
	want := Account{issuer, subject, "t", "o", "a@example.com", true, "A", "a"}
	if err != nil || got.Account() != want || want.Label() != "a" {
		t.Errorf("%+v %v", got.Account(), err)
	}
	bare := Account{Issuer: issuer, Subject: subject}
	if bare.Label() != subject || (Account{}).Label() != "" || (Account{Subject: "s", Name: "A"}).Label() != "A" {
		t.Error(bare.Label())
	}
	more := Account{Subject: subject, Email: "b@example.com", EmailVerified: true, Name: "B", PreferredUsername: "b"}
	if full := bare.With(more); full.Issuer != issuer || full.Email != more.Email || !full.EmailVerified || full.Name != "B" || full.PreferredUsername != "b" {
		t.Errorf("%+v", full)
	}
	if kept := want.With(more); kept != want {
		t.Errorf("what the ID token says was replaced: %+v", kept)
	}
	more.Subject = "other"
	if bare.With(more) != bare {
		t.Error("another's userinfo was taken")
	}
}

// §5.3.2: the subject of userinfo is that of the ID token, or nothing is used.
func TestOIDC_5_3_2(t *testing.T) {
	got, err := ReadUserinfo(answer(200, `{"sub":"`+subject+`","email":"a@example.com","email_verified":true}`, "Content-Type", "application/json"), now(), subject)
	if err != nil || got.Account().Email != "a@example.com" || !got.Account().EmailVerified {
		t.Errorf("%+v %v", got.Account(), err)
	}
	for _, body := range []string{`{"sub":"other"}`, `{"sub":"` + subject + ` "}`, `{"email":"a@example.com"}`} {
		got, err := ReadUserinfo(answer(200, body), now(), subject)
		failing(t, err, RuleSubject, oauth.ActionReauthorize)
		if len(got.Names()) != 0 {
			t.Errorf("%v", got.Names())
		}
	}
	_, err = ReadUserinfo(answer(200, `{"sub":""}`), now(), "")
	failing(t, err, RuleSubject, oauth.ActionReauthorize)
}

func TestAnAnswerThatIsNoUserinfoSaysWhatItIs(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		header []string
		code   string
		action oauth.Action
	}{
		"token refused":  {401, "", []string{"WWW-Authenticate", `Bearer error="invalid_token"`}, oauth.CodeInvalidToken, oauth.ActionRefresh},
		"scope too low":  {403, "", []string{"WWW-Authenticate", `Bearer error="insufficient_scope"`}, "insufficient_scope", oauth.ActionReauthorize},
		"down":           {502, "", nil, oauth.CodeHTTPStatus, oauth.ActionRetry},
		"not there":      {404, "", nil, oauth.CodeHTTPStatus, oauth.ActionConfigure},
		"web page":       {200, "<html>", nil, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"signed":         {200, "a.b.c", []string{"Content-Type", "application/jwt; charset=utf-8"}, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"subject number": {200, `{"sub":5}`, nil, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"broken off":     {200, "\x1f\x8bx", nil, oauth.CodeUnreadable, oauth.ActionRetry},
	} {
		_, err := ReadUserinfo(answer(c.status, c.body, c.header...), now(), subject)
		var e *oauth.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Action != c.action {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

func TestUserinfoIsAskedWithTheTokenInTheHeader(t *testing.T) {
	req, err := UserinfoRequest(context.Background(), "https://as.example/me", "at")
	if err != nil || req.Method != "GET" || req.Header.Get("Authorization") != "Bearer at" || req.URL.RawQuery != "" {
		t.Errorf("%v %v", req, err)
	}
	for _, c := range [][2]string{{"https://as.example/me", ""}, {"https://as.example/me", "a\r\nb"}, {"https://as.example/me", "a b"}, {"http://as.example/me", "at"}, {"", "at"}} {
		if _, err := UserinfoRequest(context.Background(), c[0], c[1]); err == nil || strings.Contains(err.Error(), "a\r") {
			t.Errorf("%q: %v", c, err)
		}
	}
	if _, err := UserinfoRequest(context.Background(), "http://as.internal/me", "at", oauth.AllowInsecure); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

const canary = "CANARY-3f9a"

// Claims print issuer and subject: the rest is about a person.
func TestClaimsDoNotPrintThemselves(t *testing.T) {
	got, err := verifier(t).Verify(good(t, claims{"email": canary, "nested": claims{"x": canary}}))
	if err != nil {
		t.Fatal(err)
	}
	if got.Text("email") != canary || !slices.Contains(got.Names(), "nested") {
		t.Fatal("nothing to hide")
	}
	for _, value := range []any{got, &got, struct{ A any }{got}} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		encoded, err := json.Marshal(value)
		shown := fmt.Sprintf("%v %+v %#v %s %q", value, value, value, value, value) + string(encoded) + log.String()
		if err != nil || strings.Contains(shown, canary) || !strings.Contains(shown, subject) {
			t.Errorf("%v %s", err, shown)
		}
	}
}
