package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzTokenResponse(f *testing.F) {
	for _, seed := range malformed() {
		f.Add(seed.status, seed.body, seed.encoding)
	}
	for _, body := range []string{
		`{"access_token":"a","token_type":"Bearer"}`,                                  // T-03
		`{"access_token":"a","expires_in":0}`, `{"access_token":"a","expires_in":-1}`, // T-04
		`{"access_token":"a","expires_in":" 3600 "}`, `{"access_token":"a","expires_in":1e3}`, // T-05
		`{"access_token":"a","expires_in":[]}`,                          // T-06
		`{"access_token":"a","expires_in":10000000000000}`,              // T-07
		`{"access_token":"a","expires_on":"1795266000"}`,                // T-08
		"access_token=a&scope=x%2Cy&token_type=bearer",                  // T-09
		"\xef\xbb\xbf{\"access_token\":\"a\",\"access_token\":\"b\"}\n", // T-10
		"\xff\xfe{\x00}\x00", "\x1f\x8b\x08\x00",                        // T-11
		`{"access_token":"a\r\nb"}`, // T-16
		"<html>",                    // T-17
		`{"access_token":"a","token_type":"mac"}`,                                     // T-19
		`{"error":"invalid_grant","error_description":"x","error_codes":[70008,"a"]}`, // RFC 6749 §5.2
	} {
		f.Add(200, body, "")
		f.Add(400, body, "gzip")
	}
	f.Add(307, "", "deflate")
	f.Fuzz(func(t *testing.T, status int, body, encoding string) {
		resp := answer(status, body)
		resp.Header = http.Header{"Content-Encoding": {encoding}}
		token, err := ReadTokenResponse(resp, received(), ResponseRules{TokenSets: map[string]string{"x": "/x"}})
		var e *Error
		switch {
		case err == nil && (token.AccessToken == "" || !visible(token.AccessToken)):
			t.Fatalf("accepted the token %q", token.AccessToken)
		case err == nil && (token.ExpiresIn < 0 || token.ExpiresIn > 365*24*time.Hour):
			t.Fatalf("lifetime %v", token.ExpiresIn)
		case err == nil && (status < 200 || status > 299):
			t.Fatalf("accepted status %d", status)
		case err != nil && (!errors.As(err, &e) || e.Action == "" || e.Code == ""):
			t.Fatalf("not classified: %#v", err)
		case err != nil && (len(e.Description) > maxText || !utf8.ValidString(e.Error()) || strings.ContainsAny(e.Error(), "\r\n\x1b")):
			t.Fatalf("not fit to be shown: %q", e.Error())
		}
	})
}

func FuzzAuthorizationResponse(f *testing.F) {
	for _, query := range []string{"code=c&state=s", "error=access_denied&state=s", "code=a&code=b&state=s", "code=a&error=b", "iss=x&iss=y&code=c", "error_description=%0d%0a&error=%1b", "auth_code=c;state=s"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, err := ParseAuthorizationResponse(v, "code", "auth_code")
		if err != nil {
			return
		}
		if (r.Code == "") == (r.Error == "") || !visible(r.Code) || len(v["code"]) > 1 || len(v["state"]) > 1 {
			t.Fatalf("accepted %q", query)
		}
		if strings.ContainsAny(r.ErrorDescription+r.Error+r.ErrorURI, "\r\n\x1b\x00") {
			t.Fatalf("not fit to be shown: %q", r.ErrorDescription)
		}
		if r.Verify("the state of another flow", Server{Issuer: issuer}) == nil && r.State != "the state of another flow" {
			t.Fatal("a foreign state was verified")
		}
	})
}

func FuzzScope(f *testing.F) {
	f.Add("a b  a", " ")
	f.Add("a,b,,A", ",")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, value, separator string) {
		scopes := ParseScope(value, separator)
		again := ParseScope(JoinScope(scopes, ""), "")
		if strings.Join(scopes, "\x00") != strings.Join(again, "\x00") {
			t.Fatalf("%q: %q became %q", value, scopes, again)
		}
	})
}
