package assertion

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

func formOf(t *testing.T, r oauth.TokenRequest) url.Values {
	t.Helper()
	req, err := r.HTTP(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(must(io.ReadAll(req.Body))))
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// A service account's grant: scope inside, an hour at most, exactly one JWT.
func TestRFC7523_2_1(t *testing.T) {
	key := parsed(t, pkcs8(rsaKey())).WithID("k1")
	grant := Grant{
		Issuer: "robot@project.example", Subject: "user@example.com", Audience: "https://as.example/token",
		Scopes: []string{"mail", "files"}, Lifetime: time.Hour,
	}
	jwt, err := grant.Sign(key, now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	header, claims := opened(t, jwt, key, RS256)
	if header["kid"] != "k1" || claims["iss"] != grant.Issuer || claims["sub"] != grant.Subject || claims["aud"] != grant.Audience ||
		claims["scope"] != "mail files" || claims["exp"].(float64)-claims["iat"].(float64) != 3600 {
		t.Errorf("%v %v", header, claims)
	}
	params, err := BearerParams(jwt, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	form := formOf(t, oauth.TokenRequest{Endpoint: grant.Audience, Grant: oauth.GrantJWTBearer, Params: params})
	if form.Get("assertion") != jwt || len(form["assertion"]) != 1 || form.Has("scope") || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		t.Errorf("%v", form)
	}
	for _, bad := range []string{"", "a", "a.b", "a.b.c a.b.c", ".b.c", "a.b.c.d", "a.b.ç"} {
		_, err := BearerParams(bad, nil, "")
		failing(t, err, oauth.CodeInvalidRequest, "one JWT")
	}
}

// The subject is the issuer, another, or left out by name; never by accident.
func TestRFC7521_5_2_SubjectOfAGrant(t *testing.T) {
	key := parsed(t, pkcs8(edKey()))
	for name, c := range map[string]struct {
		claims map[string]any
		want   any
	}{
		"default":  {nil, "robot"},
		"override": {map[string]any{"sub": "user"}, "user"},
		"nil":      {map[string]any{"sub": nil}, nil},
		"empty":    {map[string]any{"sub": ""}, nil},
	} {
		jwt, err := Grant{Issuer: "robot", Audience: audience, Claims: c.claims}.Sign(key, now(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, claims := opened(t, jwt, key, EdDSA); claims["sub"] != c.want {
			t.Errorf("%s: %v", name, claims)
		}
	}
	_, err := Grant{Audience: audience}.Sign(key, now(), rand.Reader)
	failing(t, err, oauth.CodeInvalidRequest, "issuer")
}

func exchange() Exchange {
	return Exchange{SubjectToken: "held", SubjectTokenType: TypeAccessToken}
}

// RFC 8693 §2.1: what is required, and what comes only together.
func TestRFC8693_2_1(t *testing.T) {
	e := exchange()
	e.ActorToken, e.ActorTokenType, e.RequestedTokenType = "actor", TypeJWT, TypeIDToken
	e.Resources, e.Audiences, e.Scopes = []string{"https://a.example", "urn:b"}, []string{"x", "y"}, []string{"s", "t"}
	params, err := e.Params()
	if err != nil {
		t.Fatal(err)
	}
	form := formOf(t, oauth.TokenRequest{Endpoint: "https://as.example/token", Grant: GrantTokenExchange, Params: params})
	want := "actor_token=actor&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&audience=x&audience=y" +
		"&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token" +
		"&resource=https%3A%2F%2Fa.example&resource=urn%3Ab&scope=s+t&subject_token=held&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
	if form.Encode() != want {
		t.Errorf("%s", form.Encode())
	}
	for part, change := range map[string]func(*Exchange){
		"no subject_token to":        func(e *Exchange) { e.SubjectToken = "" },
		"no subject_token_type":      func(e *Exchange) { e.SubjectTokenType = "" },
		"no actor_token_type":        func(e *Exchange) { e.ActorToken = "x" },
		"no actor_token;":            func(e *Exchange) { e.ActorTokenType = TypeJWT },
		"resource \"/relative\"":     func(e *Exchange) { e.Resources = []string{"/relative"} },
		"resource \"https://a.b#\"":  func(e *Exchange) { e.Resources = []string{"https://a.b#"} },
		"resource \"https://a.b#c\"": func(e *Exchange) { e.Resources = []string{"https://ok", "https://a.b#c"} },
	} {
		e := exchange()
		change(&e)
		_, err := e.Params()
		failing(t, err, oauth.CodeInvalidRequest, part)
	}
}

func TestOnBehalfOfSaysSo(t *testing.T) {
	params, err := OnBehalfOfParams("a.b.c", []string{"s", "offline_access"}, "")
	if err != nil || params.Encode() != "assertion=a.b.c&requested_token_use=on_behalf_of&scope=s+offline_access" {
		t.Errorf("%v %v", params, err)
	}
	_, err = OnBehalfOfParams("opaque", nil, "")
	failing(t, err, oauth.CodeInvalidRequest, "one JWT")
}

// RFC 7522 §2.1: one assertion in base64url, unpadded and unbroken.
func TestRFC7522_2_1(t *testing.T) {
	xml := `<saml:Assertion ID="_1">` + strings.Repeat("ÿ?>", 20) + "</saml:Assertion>"
	want := base64.RawURLEncoding.EncodeToString([]byte(xml))
	for _, given := range []string{xml, " " + xml + "\n", want, base64.URLEncoding.EncodeToString([]byte(xml)), want[:40] + "\r\n" + want[40:]} {
		params, err := SAMLBearerParams(given, []string{"s"}, "")
		if err != nil || params.Get("assertion") != want || params.Get("scope") != "s" {
			t.Errorf("%v %v", params, err)
		}
	}
	_, err := SAMLBearerParams(base64.StdEncoding.EncodeToString([]byte(xml)), nil, "")
	failing(t, err, oauth.CodeInvalidRequest, "base64url is needed")
	for _, bad := range []string{"", "a.b.c", base64.RawURLEncoding.EncodeToString([]byte("no xml"))} {
		_, err := SAMLBearerParams(bad, nil, "")
		failing(t, err, oauth.CodeInvalidRequest, "not XML")
	}
}

const canary = "CANARY-3f9a"

// Whatever way a key is printed, no key material comes out.
func TestNothingPrintsAKey(t *testing.T) {
	private := rsaKey()
	for name, c := range map[string]struct {
		value  any
		secret string
	}{
		"secret":         {SecretKey(canary), canary},
		"secret pointer": {ptr(SecretKey(canary)), canary},
		"private key":    {parsed(t, pkcs8(private)), private.D.String()[:24]},
		"hex":            {parsed(t, pkcs8(private)), private.D.Text(16)[:24]},
		"exchange":       {Exchange{SubjectToken: canary, ActorToken: canary}, canary},
		"inside another": {struct{ A, B any }{SecretKey(canary), Exchange{SubjectToken: canary}}, canary},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown := fmt.Sprintf(verb, c.value)
			if strings.Contains(shown, c.secret) || strings.Contains(shown, fmt.Sprintf("%x", c.secret)) || strings.Contains(shown, "67 65 78 65 82 89") {
				t.Errorf("%s with %s: %s", name, verb, shown)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", c.value)
		encoded, err := json.Marshal(c.value)
		if err != nil || strings.Contains(string(encoded)+log.String(), c.secret) {
			t.Errorf("%s: %v %s %s", name, err, encoded, log.String())
		}
	}
	key := parsed(t, append(pkcs8(private), certificate(private, "x", now())...)).WithID("k1")
	if got := key.String(); got != `an RSA key of 2048 bits, kid "k1", certificate until 2026-11-21` {
		t.Error(got)
	}
}

func ptr[T any](v T) *T { return &v }
