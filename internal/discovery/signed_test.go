package discovery_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/discovery"
	"github.com/valetkey/valetkey/internal/fault"
)

// sign makes a JWT of claims.
func sign(t *testing.T, key *ecdsa.PrivateKey, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := json.Marshal(claims)
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := signed.CompactSerialize()
	return text
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestRFC8414_2_1_SignedMetadataWinsWhereItIsValid(t *testing.T) {
	ours, other := newECKey(t), newECKey(t)
	for name, test := range map[string]struct {
		jwt    func(issuer, endpoint string) string
		noKeys bool
		want   string // the path of the token endpoint; "": it is refused
	}{
		"valid": {jwt: func(issuer, endpoint string) string {
			return sign(t, ours, "k1", map[string]any{"iss": issuer, "issuer": issuer, "token_endpoint": endpoint})
		}, want: "/signed"},
		"with some members only": {jwt: func(issuer, _ string) string {
			return sign(t, ours, "k1", map[string]any{"iss": issuer})
		}, want: "/token"},
		"somebody else's": {jwt: func(_, endpoint string) string {
			return sign(t, other, "k9", map[string]any{"iss": "https://attests.example", "token_endpoint": endpoint})
		}, want: "/token"},
		"with a key that is not published": {jwt: func(issuer, endpoint string) string {
			return sign(t, other, "k9", map[string]any{"iss": issuer, "token_endpoint": endpoint})
		}, want: "/token"},
		"no JWT": {jwt: func(string, string) string { return "signed" }, want: "/token"},
		"the keys cannot be had": {jwt: func(issuer, endpoint string) string {
			return sign(t, ours, "k1", map[string]any{"iss": issuer, "token_endpoint": endpoint})
		}, noKeys: true, want: "/token"},
		"forged in the issuer's name": {jwt: func(issuer, endpoint string) string {
			return sign(t, other, "k1", map[string]any{"iss": issuer, "token_endpoint": endpoint})
		}},
		"of another issuer inside": {jwt: func(issuer, endpoint string) string {
			return sign(t, ours, "k1", map[string]any{"iss": issuer, "issuer": "https://other.example", "token_endpoint": endpoint})
		}},
		"to an address that is not https": {jwt: func(issuer, _ string) string {
			return sign(t, ours, "k1", map[string]any{"iss": issuer, "token_endpoint": "http://as.example/token"})
		}},
		"with a member of another type": {jwt: func(issuer, _ string) string {
			return sign(t, ours, "k1", map[string]any{"iss": issuer, "token_endpoint": 7})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.answer = func(path string) (int, string) {
				switch {
				case path == "/keys" && !test.noKeys:
					set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: ours.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
					return 200, string(set)
				case path == "/.well-known/oauth-authorization-server":
					return 200, strings.TrimSuffix(s.metadata(s.URL), "}") + `,"jwks_uri":"` + s.URL + `/keys","signed_metadata":"` + test.jwt(s.URL, s.URL+"/signed") + `"}`
				}
				return 404, ""
			}
			server, err := discovery.New(http.DefaultClient, time.Now).Find(t.Context(), s.URL)
			if test.want == "" {
				if !fault.Is(err, api.CodeNeedsConfiguration) {
					t.Fatalf("%+v %v", server, err)
				}
				return
			}
			if err != nil || server.TokenEndpoint != s.URL+test.want {
				t.Errorf("%s %v", server.TokenEndpoint, err)
			}
		})
	}
}
