package challenge

import (
	"net/http"
	"strings"
	"testing"
)

// Several challenges are read from one header and from many.
func TestRFC6750_3(t *testing.T) {
	h := http.Header{}
	h.Add("WWW-Authenticate", `Negotiate, Basic realm="a, b", Bearer realm="x \"y\"", error="invalid_token" , scope="a b", error="second"`)
	h.Add("WWW-Authenticate", `DPoP algs="ES256 PS256",error=use_dpop_nonce`)
	h.Add("WWW-Authenticate", `Negotiate YII/+~==`)
	cs := Parse(h)
	if len(cs) != 5 {
		t.Fatalf("%d challenges: %+v", len(cs), cs)
	}
	bearer, ok := Bearer(cs)
	if !ok || bearer.Params["realm"] != `x "y"` || bearer.Params["error"] != "invalid_token" || bearer.Params["scope"] != "a b" {
		t.Errorf("%+v", bearer)
	}
	if cs[1].Params["realm"] != "a, b" || cs[3].Params["error"] != "use_dpop_nonce" || cs[4].Token68 != "YII/+~==" {
		t.Errorf("%+v", cs)
	}
}

func TestChallengesThatAreMalformedAreReadAsFarAsTheyGo(t *testing.T) {
	for header, want := range map[string]string{
		`Bearer error="invalid_token`:         "invalid_token",
		`bearer error=invalid_token;x`:        "invalid_token;x",
		`Bearer error = "invalid_token"`:      "invalid_token",
		`Bearer , , error="invalid_token",`:   "invalid_token",
		`Bearer Basic realm="error=x"`:        "",
		`"Bearer error=x", Bearer error="y"`:  "y",
		`Bearer =, error="z"`:                 "z",
		`Bearer error="a\`:                    "a\\",
		"Bearer\terror=\"tab\"":               "tab",
		`Basic realm="x" Bearer error="late"`: "late",
		`Bearer`:                              "",
		`,,, =`:                               "",
	} {
		c, _ := Bearer(Parse(http.Header{"Www-Authenticate": {header}}))
		if c.Params["error"] != want {
			t.Errorf("%s: %q, want %q", header, c.Params["error"], want)
		}
	}
}

func FuzzChallenges(f *testing.F) {
	f.Add("Bearer " + strings.Repeat("a=b,", 10_000))      // T-14
	f.Add(`Bearer error="x` + strings.Repeat("y", 64<<10)) // T-14
	for _, header := range []string{`Bearer error="invalid_token", error="insufficient_scope"`, "Bearer error=\"a\r\nb\"", "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"", `Bearer error="invalid_token", Basic realm="x"`, `Negotiate YII==`, `Bearer "`, `=,"\`, `a b c=d,e="f\"`, "Bearer \x00=\xff"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		cs := Parse(http.Header{"Www-Authenticate": {header, header}})
		if len(cs) > maxChallenges {
			t.Fatalf("%d challenges", len(cs))
		}
		for _, c := range cs {
			if !IsToken(c.Scheme) || c.Params == nil && c.Token68 == "" {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func TestATokenHoldsNoSeparatorAndIsNotEmpty(t *testing.T) {
	for text, want := range map[string]bool{
		"Bearer": true, "X-Api_Key!": true, "": false, "a b": false, "a:b": false, `a"b`: false, "a\r": false, "ä": false,
	} {
		if IsToken(text) != want {
			t.Errorf("%q is a token: %v, want %v", text, !want, want)
		}
	}
}
