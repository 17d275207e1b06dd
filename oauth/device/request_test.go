package device

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// The request is a form with client_id and scope, and no grant_type.
func TestRFC8628_3_1(t *testing.T) {
	r := request()
	r.Params = url.Values{"resource": {"https://api.example"}}
	req, form := formOf(t, r)
	if req.Method != "POST" || req.URL.String() != "https://as.example/device" || req.Header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
		form.Encode() != "client_id=client&resource=https%3A%2F%2Fapi.example&scope=mail+files" {
		t.Errorf("%s %s %v", req.Method, req.URL, form)
	}
	if len(r.Params) != 1 {
		t.Errorf("the caller's parameters were changed: %v", r.Params)
	}
	r.Auth, r.Separator = oauth.ClientAuth{ClientID: "client", ClientSecret: "secret"}, ","
	req, form = formOf(t, r)
	if id, secret, ok := req.BasicAuth(); !ok || id != "client" || secret != "secret" || form.Get("scope") != "mail,files" {
		t.Errorf("%v %v", req.Header, form)
	}
	r.Rules.Rename = map[string]string{"scope": "scopes"}
	if _, form = formOf(t, r); !form.Has("scopes") || form.Has("grant_type") || len(r.Rules.Omit) != 0 {
		t.Errorf("%v %v", form, r.Rules)
	}
	r.Auth = oauth.ClientAuth{}
	_, err := r.HTTP(context.Background())
	failing(t, err, oauth.CodeInvalidClientKey, oauth.ActionConfigure)
	r = request()
	r.Endpoint = "http://as.example/device"
	_, err = r.HTTP(context.Background())
	failing(t, err, oauth.CodeInvalidEndpoint, oauth.ActionConfigure)
}

const whole = `{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://as.example/d","verification_uri_complete":"https://as.example/d?c=WDJB-MJHT","expires_in":1800,"interval":7}`

func TestRFC8628_3_2(t *testing.T) {
	standard := Authorization{
		DeviceCode: "d", UserCode: "WDJB-MJHT", VerificationURI: "https://as.example/d",
		ExpiresAt: now().Add(1800 * time.Second), Interval: 5 * time.Second,
	}
	with := func(change func(*Authorization)) Authorization { a := standard; change(&a); return a }
	const start = `{"device_code":"d","user_code":"WDJB-MJHT",`
	for name, c := range map[string]struct {
		body string
		want Authorization
	}{
		"whole": {whole, with(func(a *Authorization) {
			a.Interval, a.VerificationURIComplete = 7*time.Second, "https://as.example/d?c=WDJB-MJHT"
		})},
		"no interval is 5 s":      {start + `"verification_uri":"https://as.example/d","expires_in":1800}`, standard},
		"interval 0 is 5 s":       {start + `"verification_uri":"https://as.example/d","expires_in":1800,"interval":0}`, standard},
		"interval is no number":   {start + `"verification_uri":"https://as.example/d","expires_in":1800,"interval":"NaN"}`, standard},
		"interval under a second": {start + `"verification_uri":"https://as.example/d","expires_in":1800,"interval":0.01}`, with(func(a *Authorization) { a.Interval = time.Second })},
		"numbers as text":         {start + `"verification_uri":"https://as.example/d","expires_in":"1800","interval":"5"}`, standard},
		"verification_url":        {start + `"verification_url":"https://as.example/d","expires_in":1800.0}`, standard},
		"no expires_in":           {start + `"verification_uri":"https://as.example/d"}`, with(func(a *Authorization) { a.ExpiresAt = now().Add(10 * time.Minute) })},
		"expires_in without end":  {start + `"verification_uri":"https://as.example/d","expires_in":1e300}`, with(func(a *Authorization) { a.ExpiresAt = now().Add(24 * time.Hour) })},
		"complete is no address":  {start + `"verification_uri":"https://as.example/d","verification_uri_complete":"javascript:alert(1)","expires_in":1800}`, standard},
		"with a BOM":              {"\xef\xbb\xbf" + start + `"verification_uri":"https://as.example/d","expires_in":1800}`, standard},
	} {
		got, err := request().Judge(answer(200, c.body), now(), oauth.ResponseRules{})
		if err != nil || got != c.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestAnAnswerThatIsNoAuthorizationSaysWhatItIs(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		code   string
		action oauth.Action
	}{
		"error":               {400, `{"error":"invalid_scope"}`, "invalid_scope", oauth.ActionConfigure},
		"client":              {401, `{"error":"invalid_client"}`, "invalid_client", oauth.ActionConfigure},
		"error in a 200":      {200, `{"error":"device_flow_disabled"}`, "device_flow_disabled", oauth.ActionConfigure},
		"down":                {503, "", oauth.CodeHTTPStatus, oauth.ActionRetry},
		"redirect":            {302, "", oauth.CodeRedirected, oauth.ActionConfigure},
		"web page":            {200, "<html>", oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"empty":               {200, "", oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"a token":             {200, `{"access_token":"a","token_type":"Bearer"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"no user_code":        {200, `{"device_code":"d","verification_uri":"https://as.example"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"user_code escapes":   {200, `{"device_code":"d","user_code":"\u001b[2J","verification_uri":"https://as.example"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"user_code long":      {200, `{"device_code":"d","user_code":"` + strings.Repeat("x", 65) + `","verification_uri":"https://as.example"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"no verification_uri": {200, `{"device_code":"d","user_code":"u"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"a script":            {200, `{"device_code":"d","user_code":"u","verification_uri":"javascript:alert(1)"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"in clear":            {200, `{"device_code":"d","user_code":"u","verification_uri":"http://as.example"}`, oauth.CodeInvalidResponse, oauth.ActionConfigure},
		"too large":           {200, strings.Repeat(" ", 2<<20), oauth.CodeTooLarge, oauth.ActionConfigure},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := request().Judge(answer(c.status, c.body), now(), oauth.ResponseRules{})
			failing(t, err, c.code, c.action)
		})
	}
	r := request()
	r.AllowInsecure = true
	if _, err := r.Judge(answer(200, strings.ReplaceAll(whole, "https:", "http:")), now(), oauth.ResponseRules{}); err != nil {
		t.Errorf("allowed: %v", err)
	}
	_, err := request().Judge(answer(200, "\x1f\x8bbroken"), now(), oauth.ResponseRules{})
	if e := failing(t, err, oauth.CodeUnreadable, oauth.ActionRetry); e.Salvage != nil {
		t.Error("there is nothing to salvage")
	}
}

// Whatever way a value is printed, no secret comes out.
func TestNothingPrintsASecret(t *testing.T) {
	r := request()
	r.Auth.ClientSecret, r.Params = canary, url.Values{"client_assertion": {canary}}
	_, err := r.Judge(answer(400, `{"error":"x","error_description":"`+canary+`"}`), now(), oauth.ResponseRules{})
	var e *oauth.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	for name, value := range map[string]any{
		"request": r, "authorization": Authorization{DeviceCode: canary, UserCode: "u"}, "pointer": &Authorization{DeviceCode: canary},
		"error": e, "inside another": struct{ A, B any }{r, Authorization{DeviceCode: canary}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if shown := fmt.Sprintf(verb, value); strings.Contains(shown, canary) || strings.Contains(shown, fmt.Sprintf("%x", canary)) {
				t.Errorf("%s with %s: %s", name, verb, shown)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		encoded, err := json.Marshal(value)
		if err != nil || strings.Contains(string(encoded)+log.String(), canary) {
			t.Errorf("%s: %v %s %s", name, err, encoded, log.String())
		}
	}
}

func FuzzReadAuthorization(f *testing.F) {
	f.Add(200, whole)
	f.Add(200, `{"device_code":"d","user_code":"u","verification_url":"https://[::1]:8/%zz","interval":-1e9,"expires_in":"1e999"}`)
	f.Add(400, `{"error":"slow_down"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		a, err := request().Judge(answer(status, body), now(), oauth.ResponseRules{})
		if err != nil {
			var e *oauth.Error
			if !errors.As(err, &e) || e.Action == "" || strings.ContainsAny(err.Error(), "\r\n\x1b") {
				t.Fatalf("%#v", err)
			}
			return
		}
		if a.DeviceCode == "" || a.Interval < time.Second || !a.ExpiresAt.After(now()) || oauth.CheckEndpoint(a.VerificationURI) != nil || strings.ContainsAny(a.String(), "\r\n\x1b") {
			t.Fatalf("%q: %+v", body, a)
		}
	})
}
