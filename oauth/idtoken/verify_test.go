package idtoken

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/valetkey/valetkey/oauth"
)

// Every rule of §3.1.3.7 by its item, each with what keeps and what breaks it;
// with a verified signature and with TLS in its place.
func TestOIDC_3_1_3_7(t *testing.T) {
	at := now().Unix()
	for name, c := range map[string]struct {
		change claims
		set    func(*Verifier)
		rule   string // empty: accepted
		action oauth.Action
	}{
		"good":                           {},
		"2 issuer with a slash":          {claims{"iss": issuer + "/"}, nil, RuleIssuer, oauth.ActionConfigure},
		"2 issuer in capitals":           {claims{"iss": strings.ToUpper(issuer)}, nil, RuleIssuer, oauth.ActionConfigure},
		"2 no issuer":                    {claims{"iss": nil}, nil, RuleIssuer, oauth.ActionConfigure},
		"2 no issuer on either side":     {claims{"iss": nil}, func(v *Verifier) { v.Issuer = "" }, RuleIssuer, oauth.ActionConfigure},
		"3 audience is another":          {claims{"aud": "other"}, nil, RuleAudience, oauth.ActionConfigure},
		"3 no audience":                  {claims{"aud": nil}, nil, RuleAudience, oauth.ActionConfigure},
		"3 empty on either side":         {claims{"aud": ""}, func(v *Verifier) { v.ClientID = "" }, RuleAudience, oauth.ActionConfigure},
		"3 audience as a list":           {claims{"aud": []string{client}}, nil, "", ""},
		"3 untrusted beside us":          {claims{"aud": []string{client, "other"}, "azp": client}, nil, RuleAudience, oauth.ActionConfigure},
		"3 trusted beside us":            {claims{"aud": []string{client, "api"}, "azp": client}, trust("api"), "", ""},
		"4 several and no azp":           {claims{"aud": []string{client, "api"}}, trust("api"), RuleAzp, oauth.ActionConfigure},
		"5 azp is us":                    {claims{"azp": client}, nil, "", ""},
		"5 azp is another":               {claims{"azp": "other"}, nil, RuleAzp, oauth.ActionConfigure},
		"9 expired":                      {claims{"exp": at - 61}, nil, RuleExpiry, oauth.ActionReauthorize},
		"9 expired at the leeway":        {claims{"exp": at - 60}, nil, RuleExpiry, oauth.ActionReauthorize},
		"9 expired within the leeway":    {claims{"exp": at - 59}, nil, "", ""},
		"9 no expiry":                    {claims{"exp": nil}, nil, RuleExpiry, oauth.ActionReauthorize},
		"9 expiry 0":                     {claims{"exp": 0}, nil, RuleExpiry, oauth.ActionReauthorize},
		"9 expiry with a fraction":       {claims{"exp": float64(at) + 0.5}, nil, "", ""},
		"10 issued in the future":        {claims{"iat": at + 61}, nil, RuleIssuedAt, oauth.ActionConfigure},
		"10 issued within the leeway":    {claims{"iat": at + 60}, nil, "", ""},
		"10 not issued":                  {claims{"iat": nil}, nil, RuleIssuedAt, oauth.ActionReauthorize},
		"10 not valid yet":               {claims{"nbf": at + 61}, nil, RuleIssuedAt, oauth.ActionConfigure},
		"11 another nonce":               {claims{"nonce": "other"}, nil, RuleNonce, oauth.ActionReauthorize},
		"11 no nonce":                    {claims{"nonce": nil}, nil, RuleNonce, oauth.ActionReauthorize},
		"11 none was sent":               {claims{"nonce": nil}, func(v *Verifier) { v.Nonce = "" }, "", ""},
		"12 acr as requested":            {claims{"acr": "mfa"}, func(v *Verifier) { v.ACR = []string{"mfa"} }, "", ""},
		"12 another acr":                 {claims{"acr": "pwd"}, func(v *Verifier) { v.ACR = []string{"mfa"} }, RuleACR, oauth.ActionReauthorize},
		"13 recent sign-in":              {claims{"auth_time": at - 300}, maxAge, "", ""},
		"13 old sign-in":                 {claims{"auth_time": at - 361}, maxAge, RuleAuthTime, oauth.ActionReauthorize},
		"13 sign-in not told":            {nil, maxAge, RuleAuthTime, oauth.ActionReauthorize},
		"§2 no subject":                  {claims{"sub": nil}, nil, RuleSubject, oauth.ActionReauthorize},
		"§2 subject of 256 bytes":        {claims{"sub": strings.Repeat("s", 256)}, nil, RuleSubject, oauth.ActionReauthorize},
		"wrong type: subject":            {claims{"sub": 5}, nil, RuleFormat, oauth.ActionReauthorize},
		"wrong type: expiry":             {claims{"exp": "soon"}, nil, RuleFormat, oauth.ActionReauthorize},
		"wrong type: expiry beyond time": {claims{"exp": 1e300}, nil, RuleFormat, oauth.ActionReauthorize},
		"wrong type: audience":           {claims{"aud": []any{client, 5}}, nil, RuleFormat, oauth.ActionReauthorize},
	} {
		t.Run(name, func(t *testing.T) {
			v := verifier(t)
			if c.set != nil {
				c.set(&v)
			}
			token := good(t, c.change)
			for _, verify := range []func(string) (Claims, error){v.Verify, v.UnverifiedFromTokenEndpoint} {
				got, err := verify(token)
				if c.rule != "" {
					failing(t, err, c.rule, c.action)
					if len(got.Names()) != 0 || got.Subject != "" {
						t.Errorf("claims of a refused token: %v", got.Names())
					}
					continue
				}
				if err != nil || got.Subject != subject {
					t.Errorf("%v %v", got, err)
				}
			}
		})
	}
}

func trust(audience string) func(*Verifier) {
	return func(v *Verifier) { v.Audiences = []string{audience} }
}

func maxAge(v *Verifier) { v.MaxAge = 5 * time.Minute }

// Item 6: the signature is the issuer's.
func TestOIDC_3_1_3_7_6_Signature(t *testing.T) {
	v := verifier(t)
	for alg, c := range map[Alg]struct {
		private any
		kid     string
	}{RS256: {rsaKey(), "rsa"}, RS512: {rsaKey(), "rsa"}, PS256: {rsaKey(), "rsa"}, PS384: {rsaKey(), "rsa"}, ES256: {ecKey(), "ec"}, EdDSA: {edKey(), "ed"}} {
		token := minted(t, alg, c.private, claimed(nil), "kid", c.kid)
		if got, err := v.Verify(token); err != nil || got.Subject != subject {
			t.Errorf("%s: %v", alg, err)
		}
		if _, err := v.Verify(minted(t, alg, c.private, claimed(nil))); err != nil {
			t.Errorf("%s without a kid: %v", alg, err)
		}
		parts := strings.Split(token, ".")
		other := strings.Split(minted(t, alg, c.private, claimed(claims{"sub": "other"}), "kid", c.kid), ".")
		_, err := v.Verify(parts[0] + "." + other[1] + "." + parts[2])
		failing(t, err, RuleSignature, oauth.ActionReauthorize)
	}
}

// Item 7, RFC 8725 §3.1: only algorithms on the list.
func TestRFC8725_3_1_AlgorithmsOnTheListOnly(t *testing.T) {
	v := verifier(t)
	v.Algs = []Alg{RS256}
	_, err := v.Verify(good(t, nil))
	failing(t, err, RuleAlgorithm, oauth.ActionConfigure)
	v.Algs = nil
	if _, err := v.Verify(minted(t, RS256, rsaKey(), claimed(nil), "kid", "rsa")); err != nil {
		t.Errorf("RS256 is the default: %v", err)
	}
	_, err = v.Verify(good(t, nil))
	failing(t, err, RuleAlgorithm, oauth.ActionConfigure)
}

// RFC 8725 §3.1: a public key is no MAC key, and a key bound to an algorithm
// is used with no other.
func TestRFC8725_3_1_AKeyIsBoundToItsAlgorithm(t *testing.T) {
	v := verifier(t)
	public := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
	confused := minted(t, "HS256", public, claimed(nil), "kid", "rsa")
	_, err := v.Verify(confused)
	failing(t, err, RuleAlgorithm, oauth.ActionConfigure)
	v.Algs = append(v.Algs, "HS256") // even when a caller lists it
	_, err = v.Verify(confused)
	failing(t, err, RuleAlgorithm, oauth.ActionConfigure)
	_, err = v.Verify(minted(t, ES256, ecKey(), claimed(nil), "kid", "rsa"))
	failing(t, err, RuleKey, oauth.ActionConfigure)
	v.Keys = setOf(t, jose.JSONWebKey{Key: rsaKey().Public(), KeyID: "rsa", Algorithm: "PS256"})
	_, err = v.Verify(minted(t, RS256, rsaKey(), claimed(nil), "kid", "rsa"))
	failing(t, err, RuleKey, oauth.ActionConfigure)
	if _, err := v.Verify(minted(t, PS256, rsaKey(), claimed(nil), "kid", "rsa")); err != nil {
		t.Error(err)
	}
}

// RFC 8725 §3.2: none, in whatever spelling and on whatever path, is refused.
func TestRFC8725_3_2_NoneIsNeverAccepted(t *testing.T) {
	v := verifier(t)
	for _, alg := range []string{"none", "None", "nOnE", "NONE", ""} {
		v.Algs = append(v.Algs, Alg(alg))
		token := raw(`{"alg":"`+alg+`"}`, `{"iss":"`+issuer+`"}`, "")
		_, err := v.Verify(token)
		failing(t, err, RuleAlgorithm, oauth.ActionConfigure)
		_, err = v.UnverifiedFromTokenEndpoint(token)
		failing(t, err, RuleAlgorithm, oauth.ActionConfigure)
	}
}

// RFC 8725 §3.8, §3.10: the token does not choose its key.
func TestRFC8725_3_8_AKeyInTheTokenIsNotUsed(t *testing.T) {
	v := verifier(t)
	v.Keys = setOf(t, jose.JSONWebKey{Key: rsaKey().Public(), KeyID: "rsa"})
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: ecKey()}, &jose.SignerOptions{EmbedJWK: true}))
	jws := must(signer.Sign(must(json.Marshal(claimed(nil)))))
	_, err := v.Verify(must(jws.CompactSerialize()))
	var unknown *UnknownKeyError
	if !errors.As(err, &unknown) {
		t.Errorf("%v", err)
	}
}

// RFC 8725 §3.8: a key that the set binds to a tenant's issuer signs for no
// other.
func TestRFC8725_3_8_AKeyOfAnotherIssuerDoesNotCount(t *testing.T) {
	const tid = "9188040d-6c67-4c5b-b112-36a304b66dad"
	jwk := string(must(jose.JSONWebKey{Key: ecKey().Public(), KeyID: "ec"}.MarshalJSON()))
	for bound, accepted := range map[string]bool{
		"https://login.example/{tenantid}/v2.0": true, "https://login.example/" + tid + "/v2.0": true,
		"https://login.example/f8cdef31-a31e-4b4a-93e4-5f571e91255a/v2.0": false,
	} {
		set, err := ParseKeySet([]byte(`{"keys":[` + strings.TrimSuffix(jwk, "}") + `,"issuer":"` + bound + `"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		v := verifier(t)
		v.Issuer, v.TenantTemplate, v.Keys = "https://login.example/{tenantid}/v2.0", true, set
		_, err = v.Verify(good(t, claims{"iss": "https://login.example/" + tid + "/v2.0", "tid": tid}))
		if accepted != (err == nil) {
			t.Errorf("%s: %v", bound, err)
		}
	}
}

// RFC 8725 §3.12: another kind of JWT of the same issuer is no ID token.
func TestRFC8725_3_12(t *testing.T) {
	v := verifier(t)
	for _, typ := range []string{"at+jwt", "application/at+JWT", "logout+jwt", "secevent+jwt", "client-authentication+jwt"} {
		_, err := v.Verify(minted(t, ES256, ecKey(), claimed(nil), "kid", "ec", "typ", typ))
		failing(t, err, RuleType, oauth.ActionReauthorize)
	}
	for _, typ := range []string{"JWT", "jwt", "application/jwt", "id_token+jwt"} {
		if _, err := v.Verify(minted(t, ES256, ecKey(), claimed(nil), "kid", "ec", "typ", typ)); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
	_, err := v.Verify(good(t, claims{"events": claims{"http://schemas.openid.net/event/backchannel-logout": claims{}}}))
	failing(t, err, RuleType, oauth.ActionReauthorize)
}

func TestATokenInNoKnownFormIsRefused(t *testing.T) {
	v, parts := verifier(t), strings.Split(good(t, nil), ".")
	for name, token := range map[string]string{
		"empty": "", "opaque": "abc", "two parts": parts[0] + "." + parts[1], "four parts": strings.Join(parts, ".") + ".x",
		"padding": parts[0] + "=." + parts[1] + "." + parts[2], "line break": parts[0] + ".\n" + parts[1] + "." + parts[2],
		"no JSON": raw("x", "{}", ""), "header twice": raw(`{"alg":"none","alg":"ES256"}`, "{}", ""),
		"claims twice": raw(`{"alg":"ES256"}`, `{"iss":"a","iss":"b"}`, "x"), "list": raw(`{"alg":"ES256"}`, `[]`, "x"),
		"null": raw(`{"alg":"ES256"}`, `null`, "x"), "more": raw(`{"alg":"ES256"}`, `{}{}`, "x"),
		"crit": raw(`{"alg":"ES256","crit":["x"],"x":1}`, `{}`, "x"), "b64": raw(`{"alg":"ES256","b64":false}`, `{}`, "x"),
		"large": strings.Repeat("a", maxToken) + "." + parts[1] + "." + parts[2],
	} {
		_, err := v.Verify(token)
		var e *oauth.Error
		if !errors.As(err, &e) || e.Suberror != RuleFormat {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := v.Verify("a.b.c.d.e")
	failing(t, err, RuleFormat, oauth.ActionConfigure)
	if !strings.Contains(err.Error(), "id_token_encrypted_response_alg") {
		t.Error(err)
	}
}

// A kid that is not known asks for one fetch, by a type of its own.
func TestAnUnknownKeyAsksForTheSetOnceMore(t *testing.T) {
	v := verifier(t)
	_, err := v.Verify(minted(t, ES256, ecKey(), claimed(nil), "kid", "new\x1b[1m"))
	var unknown *UnknownKeyError
	if !errors.As(err, &unknown) || !strings.HasPrefix(unknown.KeyID, `"new?`) {
		t.Fatalf("%v", err)
	}
	failing(t, err, RuleKey, oauth.ActionConfigure)
	v.Keys = setOf(t, jose.JSONWebKey{Key: ecKey().Public(), KeyID: "new\x1b[1m"})
	if _, err := v.Verify(minted(t, ES256, ecKey(), claimed(nil), "kid", "new\x1b[1m")); err != nil {
		t.Errorf("after the fetch: %v", err)
	}
	v.Keys = setOf(t, jose.JSONWebKey{Key: rsaKey().Public()})
	if _, err := v.Verify(minted(t, ES256, ecKey(), claimed(nil))); !errors.As(err, &unknown) || unknown.KeyID != "" {
		t.Errorf("rotated without kids: %v", err)
	}
	v.Keys = KeySet{}
	if _, err := v.Verify(good(t, nil)); !errors.As(err, &unknown) {
		t.Errorf("no keys yet: %v", err)
	}
	for _, bad := range []claims{{"iss": "other"}, {"aud": "other"}, {"nonce": "other"}, {"exp": 1}} {
		if _, err := v.Verify(good(t, bad)); err == nil || errors.As(err, &unknown) {
			t.Errorf("keys would be fetched for %v: %v", bad, err)
		}
	}
}

// §3.1.3.8: at_hash is compared when there is one, with the algorithm's hash.
func TestOIDC_3_1_3_8(t *testing.T) {
	const access = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
	short, long := sha256.Sum256([]byte(access)), sha512.Sum512([]byte(access))
	middle := sha512.Sum384([]byte(access))
	half := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b[:len(b)/2]) }
	if half(short[:]) != "77QmUPtjPfzWtF2AnpK9RQ" { // OIDC Core A.3
		t.Fatal(half(short[:]))
	}
	for alg, c := range map[Alg]struct {
		private any
		hash    string
	}{ES256: {ecKey(), half(short[:])}, RS384: {rsaKey(), half(middle[:])}, PS512: {rsaKey(), half(long[:])}, EdDSA: {edKey(), half(long[:])}} {
		v := verifier(t)
		v.AccessToken = access
		token := minted(t, alg, c.private, claimed(claims{"at_hash": c.hash}))
		if _, err := v.Verify(token); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		v.AccessToken = "another"
		_, err := v.Verify(token)
		failing(t, err, RuleAtHash, oauth.ActionReauthorize)
		if strings.Contains(err.Error(), "another"+" ") || strings.Contains(err.Error(), c.hash) {
			t.Error(err)
		}
		if _, err := v.Verify(minted(t, alg, c.private, claimed(nil))); err != nil {
			t.Errorf("%s without at_hash: %v", alg, err)
		}
	}
	_, err := verifier(t).UnverifiedFromTokenEndpoint(raw(`{"alg":"X"}`, `{"at_hash":"x"}`, ""))
	failing(t, err, RuleIssuer, oauth.ActionConfigure)
}

// §3.1.3.7 item 6: TLS may stand for the signature, and only for it.
func TestOIDC_3_1_3_7_6_TLSStandsForTheSignatureOnly(t *testing.T) {
	v := verifier(t)
	v.Keys, v.Algs = KeySet{}, nil
	parts := strings.Split(good(t, nil), ".")
	forged := parts[0] + "." + parts[1] + ".AAAA"
	if _, err := v.UnverifiedFromTokenEndpoint(forged); err != nil {
		t.Error(err)
	}
	if _, err := v.Verify(forged); err == nil {
		t.Error("Verify takes it too")
	}
}

// The one exception to the exact issuer: {tenantid} is the token's own tid.
func TestOIDD_4_3_TheTenantOfTheTokenFillsTheTemplate(t *testing.T) {
	const template, tid = "https://login.example/{tenantid}/v2.0", "9188040d-6c67-4c5b-b112-36a304b66dad"
	own := "https://login.example/" + tid + "/v2.0"
	for name, c := range map[string]struct {
		change  claims
		off     bool
		tenants []string
		rule    string
	}{
		"own tenant":              {change: claims{"iss": own, "tid": tid}},
		"allowed tenant":          {change: claims{"iss": own, "tid": tid}, tenants: []string{"x", tid}},
		"tenant not allowed":      {change: claims{"iss": own, "tid": tid}, tenants: []string{"x"}, rule: RuleTenant},
		"template not allowed":    {change: claims{"iss": own, "tid": tid}, off: true, rule: RuleIssuer},
		"no tenant":               {change: claims{"iss": own}, rule: RuleTenant},
		"another tenant":          {change: claims{"iss": own, "tid": strings.Replace(tid, "9", "8", 1)}, rule: RuleIssuer},
		"the template itself":     {change: claims{"iss": template, "tid": "{tenantid}"}, rule: RuleTenant},
		"a path for a tenant":     {change: claims{"iss": "https://login.example/x/../y/v2.0", "tid": "x/../y"}, rule: RuleTenant},
		"almost a GUID":           {change: claims{"iss": own, "tid": tid[:35] + "g"}, rule: RuleTenant},
		"a GUID without its dash": {change: claims{"iss": own, "tid": strings.Replace(tid, "-", "0", 1)}, rule: RuleTenant},
	} {
		t.Run(name, func(t *testing.T) {
			v := verifier(t)
			v.Issuer, v.TenantTemplate, v.Tenants = template, !c.off, c.tenants
			got, err := v.Verify(good(t, c.change))
			if c.rule != "" {
				failing(t, err, c.rule, oauth.ActionConfigure)
			} else if err != nil || got.Account().TenantID != tid {
				t.Errorf("%v %v", got, err)
			}
		})
	}
}
